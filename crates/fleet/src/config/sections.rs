//! The sections of the configuration as the settings of the parts that use them.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use closure_broker::BrokerSettings;
use closure_contract::topology::DelayStep;
use closure_policy::{
    patience::PatienceRules,
    retry::Ladder,
    rulebook::{CompiledRulebook, Rulebook},
};
use closure_providers::{AriSettings, PlainHttp, Security, SmtpCredentials, SmtpSettings};
use closure_store::{RemotePlaintext, StoreSettings};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use super::{gateways::text_gateways, source::Source};

/// A provider's answer has at most this many bytes.
pub(super) const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// A lease is renewed over the network, and a busy machine must come to it in time.
const LEASE_MS_MIN: u64 = 1_000;

/// How a worker carries one job out.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Messages in hand at once.
    pub concurrency: u16,
    /// How long a claim lasts unless it is renewed.
    pub lease_ms: u64,
    /// How long a stopping worker may finish what it holds.
    pub grace: Duration,
    /// How long jobs may be put off.
    pub patience: PatienceRules,
    /// The delays of text messages.
    pub sms_ladder: Ladder,
    /// The delays of emails.
    pub email_ladder: Ladder,
    /// The delays of calls.
    pub dial_ladder: Ladder,
}

/// How calls are placed and watched.
#[derive(Debug, Clone)]
pub struct DialSettings {
    pub ari: AriSettings,
    /// Between two looks at the calls that are up.
    pub watch_ms: u64,
    /// How long the PBX's record of a call that is gone may take.
    pub evidence_wait_ms: u64,
}

/// The fallback worker's sweep.
#[derive(Debug, Clone, Copy)]
pub struct FallbackSettings {
    /// Between two looks for overdue receipts.
    pub sweep_ms: u64,
}

/// How logs are written.
#[derive(Debug, Clone)]
pub struct LogSettings {
    pub format: LogFormat,
    pub filter: String,
}

/// The form of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    Pretty,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "json" => Ok(Self::Json),
            "pretty" => Ok(Self::Pretty),
            _ => Err("a log format is json, pretty or auto"),
        }
    }
}

/// The broker, under the name that its connections carry.
pub fn broker(source: &mut Source<'_>, role: &str) -> BrokerSettings {
    let settings = BrokerSettings {
        heartbeat_s: source.value("broker.heartbeat_s"),
        connect_timeout_ms: source.value("broker.connect_timeout_ms"),
        confirm_timeout_ms: source.value("broker.confirm_timeout_ms"),
        backoff_max_ms: source.value("broker.backoff_max_ms"),
        tls_ca_pem: pem(source, "broker.tls_ca"),
        ..BrokerSettings::new(source.require::<String>("broker.uri"), format!("fleet {role}"))
    };
    if !settings.uri.is_empty()
        && let Err(problem) = settings.check()
    {
        source.refuse(format!("`broker.uri`: {problem}"));
    }
    match plain_http(source) {
        PlainHttp::LoopbackOnly if settings.is_remote_plain_text() => source.refuse(
            "`broker.uri`: the broker is on another machine and its address says amqp://, so that the password \
             and every customer's data would pass in the clear; write amqps://, or say \
             network.plain_text = \"trusted\" if the network between is"
                .to_owned(),
        ),
        PlainHttp::LoopbackOnly | PlainHttp::TrustedNetwork => {}
    }
    settings
}

pub fn database(source: &mut Source<'_>) -> StoreSettings {
    let settings = StoreSettings {
        url: source.require("database.url"),
        pool_size: source.value("database.pool_size"),
        ca_file: source.maybe("database.tls_ca"),
        remote_plaintext: match plain_http(source) {
            PlainHttp::LoopbackOnly => RemotePlaintext::Refused,
            PlainHttp::TrustedNetwork => RemotePlaintext::Allowed,
        },
        hash_keys: source.value("recipients.hash_keys"),
        ..StoreSettings::default()
    };
    // One that is not set is told as such.
    if !settings.url.is_empty()
        && let Err(problem) = settings.check()
    {
        source.refuse(format!("`database.url`: {problem}"));
    }
    settings
}

/// The rules' settings of a role that sends texts or places calls: it must say to which countries.
///
/// Whoever gets hold of the CRM's way in sells messages to numbers of his own, and he chooses the dearest country.
pub fn sending_rulebook(source: &mut Source<'_>) -> CompiledRulebook {
    let rulebook = rulebook(source);
    if rulebook.rules().numbers.allowed_country_codes.is_empty() {
        source.refuse(
            "rulebook: `numbers.allowed_country_codes` is empty, and no text or call goes abroad without a list; \
             name the country codes of your customers, such as [82, 81, 84], in the file that FLEET_RULEBOOK names \
             (see deploy/rulebook.toml)"
                .to_owned(),
        );
    }
    rulebook
}

/// The rules' settings over the connected gateways; templates stand in the register of the database alone.
pub fn rulebook(source: &mut Source<'_>) -> CompiledRulebook {
    let rulebook = match source.maybe::<String>("rulebook") {
        None => Rulebook::default(),
        Some(path) => {
            let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
            // The rules hold no secret, so that the line may be shown.
            match read.and_then(|text| toml::from_str(&text).map_err(|error| error.to_string())) {
                Ok(Rulebook { templates, .. }) if !templates.is_empty() => {
                    source.refuse(format!(
                        "rulebook {path}: templates stand in the database; \
                         `fleet template import {path}`, then take [[templates]] out of the file"
                    ));
                    Rulebook::default()
                }
                Ok(rulebook) => rulebook,
                Err(problem) => {
                    source.refuse(format!("rulebook {path}: {problem}; see deploy/rulebook.toml"));
                    Rulebook::default()
                }
            }
        }
    };
    let rulebook = rulebook.compile().unwrap_or_else(|errors| {
        for error in errors {
            source.refuse(format!("rulebook: {error}"));
        }
        Rulebook::default().compile().expect("the rulebook's own defaults are valid")
    });
    // What the gateways take decides whether a text is sent, for whoever decides.
    rulebook.over_gateways(text_gateways(source))
}

/// How long the templates that are known may be older than those of the register.
pub fn templates_refresh(source: &mut Source<'_>) -> Duration {
    Duration::from_millis(source.value("templates.refresh_ms"))
}

/// The database, where one is named.
pub fn maybe_database(source: &mut Source<'_>) -> Option<StoreSettings> {
    source.maybe::<String>("database.url").map(|_url| database(source))
}

/// How jobs are carried out; `concurrency` from the command line wins.
pub fn worker(source: &mut Source<'_>, concurrency: Option<u16>) -> WorkerSettings {
    let concurrency = concurrency.unwrap_or_else(|| source.value("worker.concurrency"));
    if concurrency == 0 {
        source
            .refuse("`worker.concurrency`: at least 1; with 0 nothing is ever taken from a queue".to_owned());
    }
    WorkerSettings {
        concurrency,
        lease_ms: lease_ms(source),
        grace: Duration::from_millis(source.value("worker.grace_ms")),
        patience: patience(source),
        sms_ladder: ladder(source, "sms.ladder", Ladder::sms()),
        email_ladder: ladder(source, "email.ladder", Ladder::email()),
        dial_ladder: ladder(source, "dial.ladder", Ladder::dial()),
    }
}

/// How long a claim lasts unless it is renewed.
fn lease_ms(source: &mut Source<'_>) -> u64 {
    let lease_ms = source.value("worker.lease_ms");
    if lease_ms < LEASE_MS_MIN {
        source.refuse(format!(
            "`worker.lease_ms`: at least {LEASE_MS_MIN}, so that a lease can be renewed in time"
        ));
    }
    lease_ms
}

/// How long jobs may be put off for failures that cost no try.
pub fn patience(source: &mut Source<'_>) -> PatienceRules {
    PatienceRules {
        alarm_ms: source.value("worker.postponed_alarm_ms"),
        alone_max_ms: source.value("worker.postponed_alone_max_ms"),
        everyone_max_ms: source.value("worker.postponed_max_ms"),
    }
}

pub fn email(source: &mut Source<'_>) -> SmtpSettings {
    let security = match source.value::<String>("email.security").as_str() {
        "starttls" => Security::StartTls,
        "tls" => Security::ImplicitTls,
        "plain" => match plain_http(source) {
            PlainHttp::LoopbackOnly => Security::PlainLoopback,
            PlainHttp::TrustedNetwork => Security::PlainTrusted,
        },
        _ => {
            source.refuse(
                "`email.security`: say starttls, tls, or plain (on loopback or a trusted network alone)"
                    .to_owned(),
            );
            Security::StartTls
        }
    };
    let credentials = source.maybe::<String>("email.username").map(|username| SmtpCredentials {
        username,
        password: source.maybe("email.password").unwrap_or_default(),
    });
    SmtpSettings {
        host: source.require("email.host"),
        port: source.value("email.port"),
        security,
        extra_roots_pem: pem(source, "email.tls_ca"),
        credentials,
        hello_name: source.value("email.hello_name"),
        connect_timeout_ms: source.value("email.connect_timeout_ms"),
        command_timeout_ms: source.value("email.command_timeout_ms"),
        data_timeout_ms: source.value("email.data_timeout_ms"),
        concurrency_max: source.value("email.connections_max"),
        mails_per_connection_max: source.value("email.mails_per_connection_max"),
        idle_ms: source.value("email.idle_ms"),
    }
}

/// The domain of the Message-ID.
pub fn message_id_domain(source: &mut Source<'_>) -> String {
    source.value("email.message_id_domain")
}

pub fn dial(source: &mut Source<'_>) -> DialSettings {
    DialSettings {
        ari: AriSettings {
            base_url: source.require("dial.ari.base_url"),
            username: source.require("dial.ari.username"),
            password: source.require("dial.ari.password"),
            context: source.value("dial.ari.context"),
            trunk_caller_id: source.value("dial.ari.caller_id"),
            ring_timeout_s: source.value("dial.ari.ring_timeout_s"),
            plain_http: plain_http(source),
            extra_roots_pem: pem(source, "dial.ari.tls_ca"),
            technology: source.value("dial.ari.technology"),
            outside_line: source.value("dial.ari.outside_line"),
            connect_timeout_ms: source.value("dial.ari.connect_timeout_ms"),
            total_timeout_ms: source.value("dial.ari.total_timeout_ms"),
            body_bytes_max: ANSWER_BYTES_MAX,
        },
        watch_ms: source.value("dial.watch_ms"),
        evidence_wait_ms: source.value("dial.evidence_wait_ms"),
    }
}

/// The fallback worker's sweep.
pub fn fallback(source: &mut Source<'_>) -> FallbackSettings {
    FallbackSettings { sweep_ms: source.value("fallback.sweep_ms") }
}

/// How long a letter that was given up can be taken back before the CRM hears of it.
pub fn undo_ms(source: &mut Source<'_>) -> u64 {
    source.value("dead.undo_ms")
}

/// Where the process answers for its health, if anywhere.
pub fn health(source: &mut Source<'_>) -> Option<SocketAddr> {
    source.maybe::<String>("health.listen").map(|listen| address(source, "health.listen", &listen))
}

pub fn log(source: &mut Source<'_>) -> LogSettings {
    let filter: String = source.value("log.filter");
    // A word alone that is no level names a target, so that a misspelt level would make the log all but silent.
    let unknown = |part: &&str| {
        let is_a_rule = part.contains(['=', '[']) || part.contains("::") || part.starts_with("closure_");
        !part.is_empty() && !is_a_rule && part.parse::<LevelFilter>().is_err()
    };
    if let Some(word) = filter.split(',').map(str::trim).find(unknown) {
        source.refuse(format!(
            "`log.filter`: `{word}` is no level; write off, error, warn, info, debug or trace, or {word}=info for one part of \
             the program"
        ));
    }
    if let Err(problem) = EnvFilter::try_new(&filter) {
        source
            .refuse(format!("`log.filter` = `{filter}`: {problem}; write such as info,closure_fleet=debug"));
    }
    LogSettings { format: source.value("log.format"), filter }
}

pub(super) fn address(source: &mut Source<'_>, name: &str, text: &str) -> SocketAddr {
    text.parse().unwrap_or_else(|_| {
        source.refuse(format!("`{name}` = `{text}`: write an address and a port, such as 0.0.0.0:8081"));
        SocketAddr::from(([127, 0, 0, 1], 0))
    })
}

/// Where plain HTTP may go to providers.
pub(super) fn plain_http(source: &mut Source<'_>) -> PlainHttp {
    match source.value::<String>("network.plain_text").as_str() {
        "loopback" => PlainHttp::LoopbackOnly,
        "trusted" => PlainHttp::TrustedNetwork,
        _ => {
            source.refuse(
                "`network.plain_text`: say loopback, or trusted if the network between is".to_owned(),
            );
            PlainHttp::LoopbackOnly
        }
    }
}

/// The text of a certificate file, where one is named.
pub(super) fn pem(source: &mut Source<'_>, name: &'static str) -> Option<String> {
    let path = source.maybe::<String>(name)?;
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(problem) => {
            source.refuse(format!("`{name}`: cannot read {path}: {problem}"));
            None
        }
    }
}

/// The ladder of a channel; the shipped ones stand with the other decisions, in policy.
fn ladder(source: &mut Source<'_>, name: &'static str, shipped: Ladder) -> Ladder {
    let Some(text) = source.maybe::<String>(name) else { return shipped };
    let steps: Result<Vec<DelayStep>, _> = text.split(',').map(|step| step.trim().parse()).collect();
    match steps {
        Ok(steps) => Ladder { steps },
        Err(error) => {
            source.refuse(format!("`{name}`: {error}"));
            shipped
        }
    }
}
