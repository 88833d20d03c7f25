//! Every key of the configuration, once: its name, its default, and what it means.

use std::{borrow::Cow, sync::LazyLock};

use closure_contract::SmsProvider;

use super::gateways::{intake_keys, sms_keys};

/// One key of the configuration.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key in the file, such as `broker.uri`; the environment variable is made from it.
    pub name: Cow<'static, str>,
    /// The value when nothing is set; without one the key is required by the roles that use it.
    pub default: Option<&'static str>,
    /// Whether the value is secret, so that it may come from a file and is never shown.
    pub secrecy: Secrecy,
    /// What it means, with its unit.
    pub meaning: &'static str,
}

/// Whether a value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    Open,
    /// It may not; `…_FILE` names a file that holds it.
    Secret,
}

pub const fn required(name: &'static str, meaning: &'static str) -> Key {
    Key { name: Cow::Borrowed(name), default: None, secrecy: Secrecy::Open, meaning }
}

pub const fn secret(name: &'static str, meaning: &'static str) -> Key {
    Key { name: Cow::Borrowed(name), default: None, secrecy: Secrecy::Secret, meaning }
}

pub const fn optional_secret(name: &'static str, meaning: &'static str) -> Key {
    Key { name: Cow::Borrowed(name), default: Some(""), secrecy: Secrecy::Secret, meaning }
}

pub const fn optional(name: &'static str, default: &'static str, meaning: &'static str) -> Key {
    Key { name: Cow::Borrowed(name), default: Some(default), secrecy: Secrecy::Open, meaning }
}

/// Every key there is, in the order of the documentation.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let gateways = || SmsProvider::ALL.iter().copied();
    let mut keys = SHARED.to_vec();
    keys.extend(gateways().flat_map(sms_keys));
    keys.extend_from_slice(MAIL_CALLS_INTAKE);
    keys.extend(gateways().flat_map(intake_keys));
    keys.extend_from_slice(REST);
    keys
});

const SHARED: &[Key] = &[
    secret(
        "broker.uri",
        "RabbitMQ's address with user and password: amqps://user:password@host:5671/vhost; several nodes of a cluster with commas, a:5671,b:5671",
    ),
    optional(
        "broker.tls_ca",
        "",
        "path of a PEM file with the authority of an amqps:// broker, besides the public ones",
    ),
    optional("broker.heartbeat_s", "10", "seconds between heartbeats; a dead peer is noticed after two"),
    optional("broker.connect_timeout_ms", "5000", "milliseconds for opening a connection"),
    optional("broker.confirm_timeout_ms", "8000", "milliseconds to wait for the broker's confirm"),
    optional(
        "broker.backoff_max_ms",
        "10000",
        "milliseconds, the longest pause between two tries to connect",
    ),
    secret(
        "database.url",
        "PostgreSQL's address: postgres://user:password@host:5432/database; a primary and its standbys are host1:5432,host2:5432",
    ),
    optional(
        "database.tls_ca",
        "",
        "path of a PEM file with the authority that signs the database's certificate; empty for the public ones",
    ),
    optional("database.pool_size", "4", "connections of one process; batches need few"),
    optional(
        "network.plain_text",
        "loopback",
        "where a provider, the mail server, the broker or the database may be reached without TLS: loopback, or trusted for a private network",
    ),
    optional(
        "network.gateway_addresses",
        "public",
        "where the SMS gateways' hosts may be: public, or any, which includes this machine and private networks",
    ),
    optional(
        "network.dns_servers",
        "system",
        "whom fleet doctor asks for the records of our mail: system, off, or addresses such as 10.0.0.2,10.0.0.3:5353",
    ),
    optional_secret(
        "recipients.hash_keys",
        "what hashes recipients, so that they are found and written down nowhere: NUMBER:HEX, such as 1: and what openssl rand -hex 32 prints, one key a line; the highest number hashes, each is looked up by; empty: nobody is found by a number or an address",
    ),
    optional("rulebook", "", "path of a TOML file with the rules' settings"),
    optional(
        "templates.refresh_ms",
        "1000",
        "milliseconds between two looks for changed templates; an approval is looked at again before each send",
    ),
    optional(
        "worker.concurrency",
        "500",
        "messages in hand of one process and role; --concurrency overrides it",
    ),
    optional(
        "worker.lease_ms",
        "20000",
        "milliseconds after which another worker takes over the job of one that was killed; at least twice the longest request to a gateway or the PBX",
    ),
    optional(
        "worker.postponed_alarm_ms",
        "900000",
        "milliseconds after which somebody is told of jobs that are put off for failures that cost no try",
    ),
    optional(
        "worker.postponed_alone_max_ms",
        "21600000",
        "milliseconds after which such a job becomes a dead letter if others come through meanwhile",
    ),
    optional(
        "worker.postponed_max_ms",
        "259200000",
        "milliseconds after which it becomes a dead letter although every other job fails alike; longer than a weekend",
    ),
    optional(
        "worker.grace_ms",
        "25000",
        "milliseconds that a stopping worker may finish its messages in hand",
    ),
    optional(
        "sms.ladder",
        "",
        "delays before the next try of a text message, such as 5s,30s,2m; empty for the shipped ladder",
    ),
    optional("email.ladder", "", "delays before the next try of an email; empty for the shipped ladder"),
    optional(
        "dial.ladder",
        "",
        "delays before the next try of a call that rang nobody's phone; empty for the shipped ladder",
    ),
    optional(
        "sms.gateways",
        "nhn",
        "the connected SMS gateways, the preferred one first, such as nhn,infobip,twilio,sinch; each needs its own keys below",
    ),
    optional(
        "sms.inquire_before_due_ms",
        "1800000",
        "milliseconds before a receipt is overdue, or half of the time that it has if that is less, from which on the gateway is asked what became of the text; 0 asks nobody",
    ),
    optional("sms.inquire_ms", "10000", "milliseconds between two looks for texts to ask about"),
];

/// What stands behind the keys of the gateways that send.
const MAIL_CALLS_INTAKE: &[Key] = &[
    required("email.host", "the mail server's host name"),
    optional("email.port", "587", "the mail server's port"),
    optional(
        "email.security",
        "starttls",
        "starttls, tls, or plain (plain on loopback, or where network.plain_text says trusted)",
    ),
    optional("email.username", "", "the mail server's user; empty for none"),
    optional_secret("email.password", "the mail server's password"),
    optional("email.hello_name", "localhost", "the name that we give in EHLO"),
    optional("email.message_id_domain", "mcrm.kakaomobility.com", "the domain of the Message-ID"),
    optional(
        "email.tls_ca",
        "",
        "path of a PEM file with the mail server's own authority, besides the public ones",
    ),
    optional("email.connect_timeout_ms", "5000", "milliseconds for reaching the mail server"),
    optional("email.command_timeout_ms", "30000", "milliseconds for the reply to one SMTP command"),
    optional("email.data_timeout_ms", "120000", "milliseconds for the reply after the final dot"),
    optional("email.connections_max", "10", "connections to the mail server at once"),
    optional(
        "email.mails_per_connection_max",
        "100",
        "mails over one connection, one after the other; 1 for a connection of its own for each mail",
    ),
    optional(
        "email.idle_ms",
        "30000",
        "milliseconds that a connection waits for its next mail; less than the mail server's own limit",
    ),
    optional(
        "email.dkim_domain",
        "",
        "the domain that signs our mail (DKIM), the From address's own or one above it",
    ),
    optional("email.dkim_selector", "", "the selector under which the domain publishes the key"),
    optional_secret(
        "email.dkim_key",
        "the private key of the signatures: RSA or Ed25519, in PEM; empty to sign nothing",
    ),
    optional("email.dkim_second_selector", "", "the selector of email.dkim_second_key"),
    optional_secret(
        "email.dkim_second_key",
        "a second key that signs as well: Ed25519 beside RSA, because many receivers know RSA alone; empty for none",
    ),
    optional(
        "bounces.domain",
        "",
        "the domain of our envelope senders, where mails that come back are delivered; empty: they go to the From address, unread",
    ),
    optional_secret(
        "bounces.secret",
        "what makes our envelope senders ours: at least 32 characters, the same for the roles email and bounces",
    ),
    optional_secret("bounces.secret_next", "a second secret that is accepted and not used, for a rotation"),
    required(
        "bounces.maildir",
        "path of the maildir to which the mail server delivers what comes to bounces.domain",
    ),
    optional("bounces.look_ms", "2000", "milliseconds between two looks into the maildir"),
    required("dial.ari.base_url", "the PBX's ARI, such as https://pbx:8089"),
    required("dial.ari.username", "the ARI user"),
    secret("dial.ari.password", "the ARI user's password"),
    optional(
        "dial.ari.tls_ca",
        "",
        "path of a PEM file with the authority of the PBX's own certificate, besides the public ones",
    ),
    optional("dial.ari.context", "closure-dial", "the dialplan context that calls the customer"),
    optional("dial.ari.caller_id", "0234518120", "the line that the trunk shows to the customer"),
    optional("dial.ari.technology", "PJSIP", "the channel technology of the agents' phones"),
    optional(
        "dial.ari.outside_line",
        "9",
        "the digits that reach an outside line; every dial string begins with them",
    ),
    optional("dial.ari.connect_timeout_ms", "2000", "milliseconds for reaching the PBX"),
    optional("dial.ari.total_timeout_ms", "5000", "milliseconds for one whole request to the PBX"),
    optional(
        "dial.ari.ring_timeout_s",
        "25",
        "seconds that the agent's phone rings; the customer's rings for CLOSURE_RING_S of the dialplan",
    ),
    optional("dial.watch_ms", "1000", "milliseconds between two looks at the calls that are up"),
    optional(
        "dial.evidence_wait_ms",
        "10000",
        "milliseconds to wait for the PBX's record of a call, from when its channel was first missed",
    ),
    optional("intake.listen", "0.0.0.0:8081", "where the intake listens for receipts"),
    optional(
        "intake.poll_ms",
        "0",
        "milliseconds between two questions for receipts to the gateways that answer them, whose own keys the intake then needs; 0 for none",
    ),
];

/// What stands behind the keys of the gateways' doors.
const REST: &[Key] = &[
    optional(
        "webhooks.url",
        "",
        "where the role webhooks posts outcomes, such as https://crm.example.com/closure; `fleet topology apply` leads them to it where this is set, and to nobody where it is empty",
    ),
    secret("webhooks.secret", "what signs them, as the CRM has it: whsec_ and the base64 of 24 to 64 bytes"),
    optional_secret("webhooks.secret_next", "a second secret that signs as well, for a rotation"),
    optional(
        "webhooks.tls_ca",
        "",
        "path of a PEM file with the authority of the CRM's certificate, besides the public ones",
    ),
    optional("webhooks.connect_timeout_ms", "3000", "milliseconds for reaching the CRM"),
    optional("webhooks.total_timeout_ms", "10000", "milliseconds for one whole request to the CRM"),
    optional(
        "webhooks.in_hand_max_ms",
        "480000",
        "milliseconds after which outcomes that wait in hand are given back, to come again in order; well below the broker's consumer_timeout",
    ),
    optional("webhooks.connections_max", "8", "requests to the CRM under way at once, each of another job"),
    optional("advisor.listen", "0.0.0.0:8082", "where `fleet advisor` answers the CRM"),
    secret(
        "advisor.token",
        "the bearer token that asks the advisor about the rules: 32 to 256 characters of visible ASCII",
    ),
    optional_secret("advisor.token_next", "a second live bearer token, for a rotation"),
    optional_secret(
        "advisor.jobs_token",
        "the bearer token that asks the advisor what became of jobs; needs database.url; empty: nobody may ask that",
    ),
    optional_secret("advisor.jobs_token_next", "a second live one of these, for a rotation"),
    optional(
        "advisor.requests_per_s_per_token",
        "50",
        "requests a second of one bearer token; as many may come at once",
    ),
    optional(
        "advisor.requests_per_s",
        "80",
        "requests a second of the whole process; as many may come at once",
    ),
    optional("advisor.concurrency_max", "64", "requests in hand at once; more are asked to come again"),
    optional("advisor.timeout_ms", "2000", "milliseconds for one whole request, its body included"),
    optional("fallback.sweep_ms", "1000", "milliseconds between two looks for overdue receipts"),
    optional(
        "dead.undo_ms",
        "600000",
        "milliseconds in which fleet dead undo takes back that a letter was given up before the CRM hears of it; 0 tells it at once",
    ),
    optional("health.listen", "", "where this process answers /livez and /readyz; empty for nowhere"),
    optional("log.format", "auto", "json, pretty, or auto: pretty on a terminal"),
    optional("log.filter", "info", "what is logged, such as info or closure_broker=debug,info"),
];

/// The environment variable of a key: `broker.uri` is `FLEET_BROKER_URI`.
pub fn variable(key: &str) -> String {
    format!("FLEET_{}", key.replace('.', "_").to_uppercase())
}
