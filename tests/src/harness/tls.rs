//! An AMQPS listener of the test's broker, and authorities of the test's own.

use std::path::{Path, PathBuf};

use tokio::{process::Command, sync::OnceCell};

use super::{
    compiled::folder,
    environment::{Services, free_port, kept},
    node::rabbitmqctl,
};

/// An authority that one has made, and a certificate of its for `localhost`.
pub struct Authority {
    folder: PathBuf,
}

impl Authority {
    /// Makes it as the deployment's own script does.
    async fn make(name: &str) -> Self {
        let folder = folder(&format!("tls-{name}"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("compose/certificate.sh");
        let mut command = Command::new("bash");
        command.arg(script).arg(&folder);
        succeeds(command).await;
        // Java reads no PEM.
        let mut command = Command::new("keytool");
        command.args(["-importcert", "-noprompt", "-alias", name, "-storetype", "PKCS12"]);
        command.args(["-storepass", Self::STORE_PASSWORD, "-file"]).arg(folder.join("ca.pem"));
        command.arg("-keystore").arg(folder.join("ca.p12"));
        succeeds(command).await;
        Self { folder }
    }

    /// What opens the store for Java; there is nothing secret in it.
    pub const STORE_PASSWORD: &'static str = "changeit";

    /// The authority's certificate in PEM.
    pub fn pem(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The same in a store for Java.
    pub fn store(&self) -> PathBuf {
        self.folder.join("ca.p12")
    }
}

/// The broker of this test run, spoken to over TLS.
pub struct Amqps {
    /// Who vouches for the broker.
    pub right: Authority,
    /// Who vouches for another one of the same name.
    pub wrong: Authority,
    port: u16,
}

static AMQPS: OnceCell<Amqps> = OnceCell::const_new();

impl Amqps {
    /// The listener, which is made once for each test binary and ends with the broker.
    pub async fn of(services: &Services) -> &'static Self {
        AMQPS
            .get_or_init(async || {
                let (right, wrong) = (Authority::make("right").await, Authority::make("wrong").await);
                let port = free_port();
                let file = |name: &str| right.folder.join(name).display().to_string();
                // The options of deploy/rabbitmq/tls.conf.
                let start = format!(
                    "rabbit_networking:start_ssl_listener({{\"127.0.0.1\", {port}}}, [{{certfile, \"{}\"}}, \
                     {{keyfile, \"{}\"}}, {{versions, ['tlsv1.3', 'tlsv1.2']}}, {{verify, verify_none}}, \
                     {{fail_if_no_peer_cert, false}}], 2).",
                    file("server.pem"),
                    file("server.key"),
                );
                rabbitmqctl(services, &["eval", &start]).await;
                Self { right, wrong, port }
            })
            .await
    }

    /// The address of a vhost there, for the broker's default user; the certificate is for the host `localhost`.
    pub fn uri(&self, host: &str, vhost: &str) -> String {
        format!("amqps://guest:guest@{host}:{}/{vhost}", self.port)
    }
}

async fn succeeds(command: Command) {
    let output = kept(command).output().await.expect("the tool can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
