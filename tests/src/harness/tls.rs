//! An AMQPS listener of the test's broker, and authorities of the test's own.

use std::path::{Path, PathBuf};

use tokio::{process::Command, sync::OnceCell};

use super::{
    compiled::folder,
    environment::{Services, free_port, kept},
    node::rabbitmqctl,
    wait::LONG,
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
        // Java reads no PEM; a person makes the store in the folder of the certificate.
        let mut command = Command::new("bash");
        command.args(["-c", Self::JAVA_STORE]).current_dir(&folder);
        succeeds(command).await;
        Self { folder }
    }

    /// The line of the guides that makes Java's store.
    pub const JAVA_STORE: &'static str = "keytool -importcert -noprompt -alias closure -file ca.pem -keystore ca.p12 \
        -storetype PKCS12 -storepass changeit";
    /// What the guides have Java told of the store in its folder.
    pub const JAVA_OPTIONS: &'static str =
        "-Djavax.net.ssl.trustStore=ca.p12 -Djavax.net.ssl.trustStorePassword=changeit";

    /// The authority's certificate in PEM.
    pub fn pem(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Where the certificate and Java's store lie.
    pub fn folder(&self) -> &Path {
        &self.folder
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
    let output = tokio::time::timeout(LONG, kept(command).output()).await.expect("the tool ends in time");
    let output = output.expect("the tool can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
