//! What the configuration has for one gateway: its keys, and how its parts are made from them.

use std::{fmt::Display, str::FromStr};

use closure_contract::SmsProvider;
use closure_providers::{Addresses, ConfigError, HttpSettings, ReceiptDoor, ReceiptPull, SmsGateway};

use crate::config::{
    keys::{Key, optional, optional_secret, secret},
    sections::plain_http,
    source::Source,
};

/// One gateway's part of the configuration; its file holds it.
pub struct Section {
    /// Its own keys below `sms.<gateway>`, of which `base_url` is always one.
    pub own_keys: &'static [Key],
    /// The default of its `month_quota`, and what that is.
    pub month_quota: (&'static str, &'static str),
    /// What its door is opened by, and the second one of it for a rotation.
    pub secrets: [&'static str; 2],
    pub adapter: OverHttp<SmsGateway>,
    pub door: fn(&mut Keys<'_, '_>, &[String]) -> Result<ReceiptDoor, ConfigError>,
    /// Nothing for a gateway that answers no question for receipts.
    pub pull: Option<OverHttp<ReceiptPull>>,
}

/// Makes what speaks to the gateway's API.
type OverHttp<T> = fn(&mut Keys<'_, '_>, HttpSettings) -> Result<T, ConfigError>;

/// The quota of an account that has none unless its owner says so.
pub const NO_QUOTA: (&str, &str) =
    ("0", "text messages that the account may send in a month, by the calendar of Korea; 0 for no quota");

/// The keys that every gateway has below `sms.<gateway>`, besides its `month_quota`.
const RATES: [Key; 2] = [
    optional(
        "rate_per_s",
        "0",
        "requests a second of the account, over all workers together; 0 for no limit of ours",
    ),
    optional(
        "country_rates_per_s",
        "",
        "requests a second to single countries, over all workers together, such as 84=2,86=5; empty for none",
    ),
];
const RECEIPT_DUE: Key = optional(
    "receipt_due_ms",
    "",
    "milliseconds after which silence about a text counts, by kind (overseas, sms, lms) and country, such as sms=93600000,84=7200000; what is not named has the gateway's own (81 hours for NHN Cloud's LMS), or receipt_due_ms of the rulebook",
);
const TIMEOUTS: [Key; 3] = [
    optional("connect_timeout_ms", "3000", "milliseconds for reaching the gateway"),
    optional("read_timeout_ms", "8000", "milliseconds that the gateway may be silent while it answers"),
    optional("total_timeout_ms", "10000", "milliseconds for one whole request to the gateway"),
];

/// The keys of a gateway below `sms`, in the order of the documentation.
pub fn sms_keys(gateway: SmsProvider) -> impl Iterator<Item = Key> {
    let Section { own_keys, month_quota: (quota, meaning), .. } = Section::of(gateway);
    let quota = optional("month_quota", quota, meaning);
    let keys = own_keys.iter().cloned().chain(RATES).chain([quota, RECEIPT_DUE]).chain(TIMEOUTS);
    keys.map(move |key| Key { name: below(gateway, &key.name).into(), ..key })
}

/// The keys of a gateway below `intake`.
pub fn intake_keys(gateway: SmsProvider) -> [Key; 2] {
    let [meaning, meaning_of_next] = Section::of(gateway).secrets;
    let [name, name_of_next] = secret_names(gateway).map(Into::into);
    [Key { name, ..secret("", meaning) }, Key { name: name_of_next, ..optional_secret("", meaning_of_next) }]
}

fn below(gateway: SmsProvider, key: &str) -> String {
    format!("sms.{gateway}.{key}")
}

fn secret_names(gateway: SmsProvider) -> [String; 2] {
    [format!("intake.{gateway}_secret"), format!("intake.{gateway}_secret_next")]
}

/// The configuration as the parts of one gateway see it: their keys are those below `sms.<gateway>`.
pub struct Keys<'s, 'a> {
    source: &'s mut Source<'a>,
    gateway: SmsProvider,
}

impl<'s, 'a> Keys<'s, 'a> {
    pub fn of(source: &'s mut Source<'a>, gateway: SmsProvider) -> Self {
        Self { source, gateway }
    }

    pub fn require<T: FromStr<Err: Display> + Default>(&mut self, key: &str) -> T {
        self.source.require(&below(self.gateway, key))
    }

    pub fn value<T: FromStr<Err: Display> + Default>(&mut self, key: &str) -> T {
        self.source.value(&below(self.gateway, key))
    }

    pub fn maybe<T: FromStr<Err: Display> + Default>(&mut self, key: &str) -> Option<T> {
        self.source.maybe(&below(self.gateway, key))
    }

    /// Records what is wrong with the value of a key.
    pub fn refuse(&mut self, key: &str, problem: &str) {
        self.source.refuse(format!("`{}`: {problem}", below(self.gateway, key)));
    }

    /// How the gateway's API is reached, with answers of at most so many bytes.
    pub fn http(&mut self, body_bytes_max: usize) -> HttpSettings {
        HttpSettings {
            base_url: self.require("base_url"),
            plain_http: plain_http(self.source),
            addresses: addresses(self.source),
            connect_timeout_ms: self.value("connect_timeout_ms"),
            read_timeout_ms: self.value("read_timeout_ms"),
            total_timeout_ms: self.value("total_timeout_ms"),
            body_bytes_max,
        }
    }

    /// One live secret of the door, or two while it is being changed.
    pub fn secrets(&mut self) -> Vec<String> {
        let [current, next] = secret_names(self.gateway);
        let mut secrets = vec![self.source.require(&current)];
        secrets.extend(self.source.maybe(&next));
        secrets
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
