//! The SMS gateways: which of them are connected, how they are reached, and the doors for their receipts.

use std::{net::SocketAddr, time::Duration};

use closure_contract::Provider;
use closure_providers::{
    Addresses, Capabilities, ConfigError, InfobipReceipts, InfobipSettings, InfobipSms, NhnReceipts,
    NhnSettings, NhnSms, ReceiptDoor, ReceiptPull, SmsGateway, TwilioReceipts, TwilioSettings, TwilioSms,
};

use super::{
    sections::{ANSWER_BYTES_MAX, address, plain_http},
    source::Source,
};

/// A batch of receipts that was asked for has at most this many bytes.
const PULLED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The doors for receipts.
pub struct IntakeSettings {
    pub listen: SocketAddr,
    /// One door for each connected gateway, with one or two live secrets.
    pub doors: Vec<ReceiptDoor>,
    /// The gateways that are asked for receipts as well, if any.
    pub polls: Option<PollSettings>,
}

/// How gateways are asked for receipts.
pub struct PollSettings {
    /// Those of the connected ones that can be asked.
    pub sources: Vec<ReceiptPull>,
    pub pause: Duration,
}

/// The connected gateways, the preferred one first; only their own keys are asked for.
///
/// Where an error was recorded a gateway may be missing.
pub fn sms(source: &mut Source<'_>) -> Vec<SmsGateway> {
    let connected = connected(source);
    connected
        .into_iter()
        .filter_map(|provider| {
            let made = gateway(source, provider);
            kept(source, "sms", provider, made)
        })
        .collect()
}

/// The doors of the connected gateways.
pub fn intake(source: &mut Source<'_>) -> IntakeSettings {
    let listen = source.value::<String>("intake.listen");
    let listen = address(source, "intake.listen", &listen);
    let connected = connected(source);
    let polls = polls(source, &connected);
    let doors = connected
        .into_iter()
        .filter_map(|provider| {
            let made = door(source, provider);
            kept(source, "intake", provider, made)
        })
        .collect();
    IntakeSettings { listen, doors, polls }
}

/// The gateways that are asked; their keys are needed only where they are.
fn polls(source: &mut Source<'_>, connected: &[Provider]) -> Option<PollSettings> {
    let pause_ms: u64 = source.value("intake.poll_ms");
    if pause_ms == 0 {
        return None;
    }
    let sources = connected
        .iter()
        .filter_map(|provider| {
            let made = pull(source, *provider);
            kept(source, "intake", *provider, made)
        })
        .collect();
    Some(PollSettings { sources, pause: Duration::from_millis(pause_ms) })
}

/// The question to one gateway; nothing for one that answers none.
fn pull(source: &mut Source<'_>, provider: Provider) -> Option<Result<ReceiptPull, ConfigError>> {
    let body_bytes_max = PULLED_BYTES_MAX;
    match provider {
        Provider::Nhn => {
            Some(NhnSms::new(NhnSettings { body_bytes_max, ..nhn(source) }).map(ReceiptPull::Nhn))
        }
        Provider::Infobip => {
            let settings = InfobipSettings { body_bytes_max, ..infobip(source) };
            Some(InfobipSms::new(settings).map(ReceiptPull::Infobip))
        }
        Provider::Twilio | Provider::Smtp | Provider::Asterisk => None,
    }
}

/// The names of `sms.gateways`, each once.
pub(super) fn connected(source: &mut Source<'_>) -> Vec<Provider> {
    let text = source.value::<String>("sms.gateways");
    let mut connected = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match Capabilities::ALL.iter().find(|known| known.provider.as_str() == name) {
            Some(known) if connected.contains(&known.provider) => {
                source.refuse(format!("`sms.gateways`: {name} is named twice"));
            }
            Some(known) => connected.push(known.provider),
            None => source.refuse(format!("`sms.gateways`: `{name}` is no SMS gateway; say {}", known())),
        }
    }
    if connected.is_empty() {
        source.refuse(format!("`sms.gateways` names no gateway; say {}", known()));
    }
    connected
}

fn known() -> String {
    let names: Vec<&str> = Capabilities::ALL.iter().map(|known| known.provider.as_str()).collect();
    names.join(" or ")
}

/// The adapter of one gateway; nothing for a provider that carries no text messages.
fn gateway(source: &mut Source<'_>, provider: Provider) -> Option<Result<SmsGateway, ConfigError>> {
    match provider {
        Provider::Nhn => Some(NhnSms::new(nhn(source)).map(SmsGateway::Nhn)),
        Provider::Infobip => Some(InfobipSms::new(infobip(source)).map(SmsGateway::Infobip)),
        Provider::Twilio => Some(TwilioSms::new(twilio(source)).map(SmsGateway::Twilio)),
        Provider::Smtp | Provider::Asterisk => None,
    }
}

/// The door of one gateway.
fn door(source: &mut Source<'_>, provider: Provider) -> Option<Result<ReceiptDoor, ConfigError>> {
    match provider {
        Provider::Nhn => {
            let secrets = secrets(source, "intake.nhn_secret", "intake.nhn_secret_next");
            Some(NhnReceipts::new(&secrets).map(ReceiptDoor::Nhn))
        }
        Provider::Infobip => {
            let secrets = secrets(source, "intake.infobip_secret", "intake.infobip_secret_next");
            Some(InfobipReceipts::new(&secrets).map(ReceiptDoor::Infobip))
        }
        Provider::Twilio => {
            let secrets = secrets(source, "intake.twilio_secret", "intake.twilio_secret_next");
            // What is signed is the address that the SMS worker gives with each message, so that there is one key.
            let receipt_url: String = source.require("sms.twilio.receipt_url");
            let account_sid = source.require("sms.twilio.account_sid");
            Some(TwilioReceipts::new(&secrets, &receipt_url, account_sid).map(ReceiptDoor::Twilio))
        }
        Provider::Smtp | Provider::Asterisk => None,
    }
}

/// One live secret, or two while it is being changed.
fn secrets(source: &mut Source<'_>, current: &'static str, next: &'static str) -> Vec<String> {
    let mut secrets = vec![source.require(current)];
    secrets.extend(source.maybe(next));
    secrets
}

fn kept<T>(
    source: &mut Source<'_>,
    section: &str,
    provider: Provider,
    made: Option<Result<T, ConfigError>>,
) -> Option<T> {
    match made? {
        Ok(made) => Some(made),
        Err(problem) => {
            source.refuse(format!("`{section}`, {provider}: {problem}"));
            None
        }
    }
}

/// Where the gateways' hosts may be.
fn addresses(source: &mut Source<'_>) -> Addresses {
    match source.value::<String>("network.gateway_addresses").as_str() {
        "public" => Addresses::Public,
        "any" => Addresses::Any,
        _ => {
            source.refuse(
                "`network.gateway_addresses`: say public, or any if a gateway is reached through a private network"
                    .to_owned(),
            );
            Addresses::Public
        }
    }
}

fn nhn(source: &mut Source<'_>) -> NhnSettings {
    NhnSettings {
        base_url: source.require("sms.nhn.base_url"),
        app_key: source.require("sms.nhn.app_key"),
        secret_key: source.require("sms.nhn.secret_key"),
        plain_http: plain_http(source),
        addresses: addresses(source),
        connect_timeout_ms: source.value("sms.nhn.connect_timeout_ms"),
        read_timeout_ms: source.value("sms.nhn.read_timeout_ms"),
        total_timeout_ms: source.value("sms.nhn.total_timeout_ms"),
        body_bytes_max: ANSWER_BYTES_MAX,
    }
}

fn infobip(source: &mut Source<'_>) -> InfobipSettings {
    InfobipSettings {
        base_url: source.require("sms.infobip.base_url"),
        api_key: source.require("sms.infobip.api_key"),
        receipt_url: source.maybe("sms.infobip.receipt_url"),
        validity_minutes: source.value("sms.infobip.validity_minutes"),
        plain_http: plain_http(source),
        addresses: addresses(source),
        connect_timeout_ms: source.value("sms.infobip.connect_timeout_ms"),
        read_timeout_ms: source.value("sms.infobip.read_timeout_ms"),
        total_timeout_ms: source.value("sms.infobip.total_timeout_ms"),
        body_bytes_max: ANSWER_BYTES_MAX,
    }
}

fn twilio(source: &mut Source<'_>) -> TwilioSettings {
    TwilioSettings {
        base_url: source.value("sms.twilio.base_url"),
        account_sid: source.require("sms.twilio.account_sid"),
        key_sid: source.maybe("sms.twilio.key_sid"),
        secret: source.require("sms.twilio.secret"),
        messaging_service_sid: source.maybe("sms.twilio.messaging_service_sid"),
        receipt_url: source.require("sms.twilio.receipt_url"),
        validity_s: source.value("sms.twilio.validity_s"),
        plain_http: plain_http(source),
        addresses: addresses(source),
        connect_timeout_ms: source.value("sms.twilio.connect_timeout_ms"),
        read_timeout_ms: source.value("sms.twilio.read_timeout_ms"),
        total_timeout_ms: source.value("sms.twilio.total_timeout_ms"),
        body_bytes_max: ANSWER_BYTES_MAX,
    }
}
