//! The SMS gateways: which of them are connected, how they are reached, and the doors for their receipts.

mod infobip;
mod nhn;
mod section;
mod sinch;
mod twilio;

use std::{net::SocketAddr, time::Duration};

use closure_contract::{SmsProvider, facts::texts::TextGateway};
use closure_providers::{ConfigError, Descriptor, ReceiptDoor, ReceiptPull, SmsGateway};

use super::{
    sections::{ANSWER_BYTES_MAX, address},
    source::Source,
};
use section::Section;
pub(super) use section::{Keys, intake_keys, sms_keys};

impl Section {
    /// The part of a gateway.
    pub fn of(gateway: SmsProvider) -> &'static Self {
        match gateway {
            SmsProvider::Nhn => &nhn::SECTION,
            SmsProvider::Infobip => &infobip::SECTION,
            SmsProvider::Twilio => &twilio::SECTION,
            SmsProvider::Sinch => &sinch::SECTION,
        }
    }
}

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
    let made = |source: &mut Source<'_>, gateway| {
        let mut keys = Keys::of(source, gateway);
        let http = keys.http(ANSWER_BYTES_MAX);
        let made = (Section::of(gateway).adapter)(&mut keys, http);
        kept(source, "sms", gateway, made)
    };
    connected(source).into_iter().filter_map(|gateway| made(source, gateway)).collect()
}

/// The doors of the connected gateways.
pub fn intake(source: &mut Source<'_>) -> IntakeSettings {
    let listen = source.value::<String>("intake.listen");
    let listen = address(source, "intake.listen", &listen);
    let connected = connected(source);
    let polls = polls(source, &connected);
    let door = |source: &mut Source<'_>, gateway| {
        let mut keys = Keys::of(source, gateway);
        let secrets = keys.secrets();
        let made = (Section::of(gateway).door)(&mut keys, &secrets);
        kept(source, "intake", gateway, made)
    };
    let doors = connected.into_iter().filter_map(|gateway| door(source, gateway)).collect();
    IntakeSettings { listen, doors, polls }
}

/// The gateways that are asked; their keys are needed only where they are.
fn polls(source: &mut Source<'_>, connected: &[SmsProvider]) -> Option<PollSettings> {
    let pause_ms: u64 = source.value("intake.poll_ms");
    if pause_ms == 0 {
        return None;
    }
    let pull = |source: &mut Source<'_>, gateway| {
        let pull = Section::of(gateway).pull?;
        let mut keys = Keys::of(source, gateway);
        let http = keys.http(PULLED_BYTES_MAX);
        let made = pull(&mut keys, http);
        kept(source, "intake", gateway, made)
    };
    let sources = connected.iter().filter_map(|gateway| pull(source, *gateway)).collect();
    Some(PollSettings { sources, pause: Duration::from_millis(pause_ms) })
}

/// What the connected gateways take of a text, the preferred one first.
pub(super) fn text_gateways(source: &mut Source<'_>) -> Vec<TextGateway> {
    let facts = |gateway: SmsProvider| TextGateway {
        gateway: gateway.provider(),
        limits: Descriptor::of(gateway).capabilities.text_limits,
    };
    connected(source).into_iter().map(facts).collect()
}

/// The names of `sms.gateways`, each once.
pub(super) fn connected(source: &mut Source<'_>) -> Vec<SmsProvider> {
    let text = source.value::<String>("sms.gateways");
    let choices = SmsProvider::choices();
    let mut connected = Vec::new();
    for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match SmsProvider::named(name) {
            Some(gateway) if connected.contains(&gateway) => {
                source.refuse(format!("`sms.gateways`: {name} is named twice"));
            }
            Some(gateway) => connected.push(gateway),
            None => source.refuse(format!("`sms.gateways`: `{name}` is no SMS gateway; say {choices}")),
        }
    }
    if connected.is_empty() {
        source.refuse(format!("`sms.gateways` names no gateway; say {choices}"));
    }
    connected
}

/// What was made; what is wrong with its settings is recorded.
fn kept<T>(
    source: &mut Source<'_>,
    section: &str,
    gateway: SmsProvider,
    made: Result<T, ConfigError>,
) -> Option<T> {
    match made {
        Ok(made) => Some(made),
        Err(problem) => {
            source.refuse(format!("`{section}`, {gateway}: {problem}"));
            None
        }
    }
}
