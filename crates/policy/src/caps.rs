//! How often a number, a country and the whole fleet may be contacted (B5).
//!
//! Text messages and calls count; an email costs nothing and is bounded by the closure that it answers.

use closure_contract::{Channel, FailureCode, RuleEffect, RuleId};
use serde::{Deserialize, Serialize};

use crate::{
    findings::{Findings, Postponement},
    standing::{Standing, Used},
};

/// A window is a week long at most.
pub(crate) const WINDOW_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;

/// The caps; each counts text messages and calls in fixed windows by the database's clock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CapRules {
    /// For one number; what goes beyond waits for a person.
    pub number: Cap,
    /// For one country; what goes beyond waits for the next window.
    pub country: Cap,
    /// For countries with a cap of their own.
    pub countries: Vec<CountryCap>,
    /// For everything together; what goes beyond waits for the next window.
    pub fleet: Cap,
}

/// At most so many in a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// How many; 0 for no cap.
    pub count: u32,
    /// The window's length in milliseconds.
    pub window_ms: u64,
}

/// The cap of one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CountryCap {
    /// The country.
    pub country_code: u16,
    /// How many; 0 for no cap.
    pub count: u32,
    /// The window's length in milliseconds.
    pub window_ms: u64,
}

/// What a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CapKind {
    /// One number.
    Number,
    /// One country.
    Country,
    /// Everything.
    Fleet,
}

/// A cap that a job counts towards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Which.
    pub cap: CapKind,
    /// At most so many.
    pub count: u32,
    /// In windows of this length, in milliseconds.
    pub window_ms: u64,
}

impl Default for CapRules {
    /// Five an hour to one number: a customer is answered once, and again when an agent corrects the answer; gateways
    /// themselves refuse the sixth equal text within an hour, and every one after the first to China counts against us.
    /// Countries and the fleet have no cap until somebody knows their traffic.
    fn default() -> Self {
        let hourly = |count| Cap { count, window_ms: 60 * 60 * 1_000 };
        Self { number: hourly(5), country: hourly(0), countries: Vec::new(), fleet: hourly(0) }
    }
}

/// The caps that a contact with a country counts towards; what goes to no number counts towards none.
pub(crate) fn limits(country_code: Option<u16>, rules: &CapRules) -> Vec<Limit> {
    let Some(country_code) = country_code else { return Vec::new() };
    let own = rules.countries.iter().find(|own| own.country_code == country_code);
    let country = own.map_or(rules.country, |own| Cap { count: own.count, window_ms: own.window_ms });
    [(CapKind::Number, rules.number), (CapKind::Country, country), (CapKind::Fleet, rules.fleet)]
        .into_iter()
        .filter(|(_, cap)| cap.count > 0)
        .map(|(kind, cap)| Limit { cap: kind, count: cap.count, window_ms: cap.window_ms })
        .collect()
}

/// Holds what is used against the limits.
pub(crate) fn check(channel: Channel, limits: &[Limit], standing: &Standing, findings: &mut Findings) {
    for limit in limits {
        let Some(used) = standing.used.iter().find(|used| used.cap == limit.cap) else { continue };
        if used.count < limit.count {
            let detail = format!("{} of {} {}", used.count, limit.count, limit.cap.of_what());
            findings.note(RuleId::B5, RuleEffect::Pass, detail);
        } else {
            reached(channel, *limit, *used, findings);
        }
    }
}

/// A number's cap is a person's to lift. The other caps let go by themselves, but a call that rings when the agent no
/// longer waits for it is worse than none.
fn reached(channel: Channel, limit: Limit, used: Used, findings: &mut Findings) {
    let (code, until) = (limit.cap.code(), used.until);
    let detail = format!("all {} {} are used until {until}", limit.count, limit.cap.of_what());
    match (limit.cap, channel) {
        (CapKind::Country | CapKind::Fleet, Channel::Sms | Channel::Email) => {
            findings.postpone(RuleId::B5, Postponement { until, code: Some(code), detail });
        }
        (CapKind::Number, _) | (CapKind::Country | CapKind::Fleet, Channel::Dial) => {
            findings.refuse(RuleId::B5, code, detail);
        }
    }
}

impl CapKind {
    fn code(self) -> FailureCode {
        match self {
            Self::Number => FailureCode::NumberCapReached,
            Self::Country => FailureCode::CountryCapReached,
            Self::Fleet => FailureCode::FleetCapReached,
        }
    }

    fn of_what(self) -> &'static str {
        match self {
            Self::Number => "contacts with this number",
            Self::Country => "contacts with this country",
            Self::Fleet => "contacts of the whole fleet",
        }
    }
}
