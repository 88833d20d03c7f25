//! What the demo's processes are told: one file for all of them, with short waits and the stand-ins' addresses.

use std::path::Path;

use crate::demo::stage::Ports;
use crate::deployment::Deployment;

/// The gateway's name of us; nothing outside this machine knows it.
pub const APP_KEY: &str = "demo-app-key";
/// Our user of the PBX.
pub const ARI_USER: &str = "closure";
/// The rules' settings of the demo: the shipped ones, with short waits.
pub const RULEBOOK: &str = "tests/scenario/rulebook.toml";

/// `fleet.toml`; the waits are short, so that a person need not wait for an hour's retry.
pub fn toml(root: &Path, deployment: &Deployment, ports: &Ports) -> String {
    let Ports { gateway, smtp, pbx, intake, advisor, .. } = ports;
    let file = |name: &str| deployment.file(name).display().to_string();
    format!(
        r#"rulebook = '{rulebook}'

[network]
gateway_addresses = "any"
dns_servers = "off"

[worker]
lease_ms = 10000

[sms]
ladder = "1s,1s,5s"
nhn.base_url = "http://127.0.0.1:{gateway}"
nhn.app_key = "{APP_KEY}"
nhn.secret_key_file = '{secret_key}'
nhn.connect_timeout_ms = 1000
nhn.total_timeout_ms = 3000

[email]
ladder = "1s,5s"
host = "127.0.0.1"
port = {smtp}
security = "plain"

[dial.ari]
base_url = "http://127.0.0.1:{pbx}"
username = "{ARI_USER}"
password_file = '{ari_password}'

[intake]
listen = "127.0.0.1:{intake}"
nhn_secret_file = '{webhook_secret}'

[advisor]
listen = "127.0.0.1:{advisor}"
token_file = '{token}'
jobs_token_file = '{jobs_token}'

[fallback]
sweep_ms = 500

[log]
format = "pretty"
"#,
        rulebook = root.join(RULEBOOK).display(),
        secret_key = file("nhn_secret_key"),
        ari_password = file("ari_password"),
        webhook_secret = file("nhn_webhook_secret"),
        token = file("advisor_token"),
        jobs_token = file("advisor_jobs_token"),
    )
}
