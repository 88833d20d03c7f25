//! What lies outside the building: the gateway, the mail server and the PBX, each a simulator of its own.

use std::path::Path;
use std::process::Command;

use crate::bench::stage::process::Process;
use crate::bench::stage::{Ports, at, local};
use crate::deployment::Deployment;
use crate::error::{Result, failed};
use crate::http;
use crate::interrupt::Interrupt;
use crate::services::Services;

/// The gateway's name of us; nothing outside this machine knows it.
pub const APP_KEY: &str = "bench-app-key";
/// Our user of the PBX.
pub const ARI_USER: &str = "closure";
/// The gateway and the mail server remember at most so many messages: more than the rounds of one run send.
const MESSAGES_MAX: &str = "4000000";

/// Whether the gateway makes receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipts {
    /// At once.
    On,
    /// Never.
    Off,
}

/// The simulators.
pub struct Outside {
    /// The gateway's address.
    pub gateway_url: String,
    /// The address of the mail server's records.
    pub mail_url: String,
    /// The PBX's address.
    pub pbx_url: String,
    processes: [Process; 3],
}

impl Outside {
    /// Starts all of them.
    pub fn start(
        simulators: &Path,
        gateway_ms: u64,
        deployment: &Deployment,
        ports: &Ports,
        services: &Services,
        logs: &Path,
        interrupt: &Interrupt,
    ) -> Result<Outside> {
        let command = |words: &[&str]| {
            let mut command = Command::new(simulators);
            command.args(words);
            command
        };
        let webhook = format!("{}/receipts/nhn", at(ports.intake));
        let latency = gateway_ms.to_string();
        let mut gateway = command(&["nhn", "--listen", &local(ports.gateway), "--app-key", APP_KEY]);
        gateway.args(["--secret-key", &deployment.secret("nhn_secret_key")?, "--webhook-url", &webhook]);
        gateway.args(["--webhook-secret", &deployment.secret("nhn_webhook_secret")?]);
        gateway.args(["--receipt-delay-ms", "0", "--latency-ms", &latency, "--messages-max", MESSAGES_MAX]);
        let mut mail = command(&["smtp", "--listen", &local(ports.smtp), "--mails-max", MESSAGES_MAX]);
        mail.args(["--http-listen", &local(ports.mail_records)]);
        let mut pbx = command(&["pbx", "--listen", &local(ports.pbx), "--username", ARI_USER]);
        pbx.args(["--password", &deployment.secret("ari_password")?, "--agent-answer-ms", "10"]);
        pbx.args(["--customer-answer-ms", "10", "--talk-ms", "10"]);
        pbx.env("SIMULATORS_CEL_DATABASE_URL", deployment.secret("database_url_pbx")?);
        let start = |name, command: &mut Command| Process::start(name, command, services, logs);
        let outside = Outside {
            gateway_url: at(ports.gateway),
            mail_url: at(ports.mail_records),
            pbx_url: at(ports.pbx),
            processes: [start("gateway", &mut gateway)?, start("mail", &mut mail)?, start("pbx", &mut pbx)?],
        };
        let urls = [&outside.gateway_url, &outside.mail_url, &outside.pbx_url];
        for (process, url) in outside.processes.iter().zip(urls) {
            process.wait_until_ready(url, "/_sim/health", interrupt)?;
        }
        Ok(outside)
    }

    /// The simulators' processes.
    pub fn processes(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter()
    }

    /// Switches the gateway's receipts.
    pub fn set_receipts(&self, receipts: Receipts) -> Result<()> {
        let word = match receipts {
            Receipts::On => "on",
            Receipts::Off => "off",
        };
        tell(&self.gateway_url, "/_sim/receipts", &format!(r#"{{"receipts":"{word}"}}"#))
    }

    /// Treats every recipient of the gateway so; without a name each as its digits say.
    pub fn gateway_behaves(&self, behaviour: Option<&str>) -> Result<()> {
        tell(&self.gateway_url, "/_sim/rules", &rules(behaviour))
    }

    /// Treats every recipient of the mail server so; without a name each as its address says.
    pub fn mail_behaves(&self, behaviour: Option<&str>) -> Result<()> {
        tell(&self.mail_url, "/_sim/rules", &rules(behaviour))
    }
}

fn rules(behaviour: Option<&str>) -> String {
    match behaviour {
        Some(name) => format!(r#"[{{"match":{{"suffix":""}},"behaviour":"{name}"}}]"#),
        None => "[]".to_owned(),
    }
}

fn tell(url: &str, path: &str, body: &str) -> Result<()> {
    let answer = http::request("PUT", url, path, Some(body))?;
    if answer.status == 204 { Ok(()) } else { failed(format!("{path} answered {}", answer.status)) }
}
