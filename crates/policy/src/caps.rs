//! How often a number, its neighbours, an address, a country and the whole fleet may be contacted (B5).
//!
//! Text messages and calls count towards the caps of numbers, because each costs money; an email costs nothing and
//! counts towards those of its address alone.

use closure_contract::{Channel, FailureCode, Job, RuleEffect, RuleId};
use serde::{Deserialize, Serialize};

use crate::{
    email::address,
    findings::Findings,
    preconditions::{Preconditions, Used},
    words::words,
};

/// A window is a week long at most.
pub(crate) const WINDOW_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;

/// The caps; each counts in fixed windows by the database's clock.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CapRules {
    /// For one number; what goes beyond waits for a person.
    pub number: Cap,
    /// For one number in a longer window.
    pub number_day: Cap,
    /// For all numbers that differ in their last three digits alone; what goes beyond waits for a person.
    pub prefix: Cap,
    /// For the same in a longer window.
    pub prefix_day: Cap,
    /// For the emails to one address; what goes beyond waits for a person.
    pub address: Cap,
    /// For one address in a longer window.
    pub address_day: Cap,
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
    /// Numbers that differ in their last three digits alone.
    Prefix,
    /// One email address.
    Address,
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
    /// Customers do not live in rows, and whoever pumps messages to numbers that he owns has a row of them.
    /// Countries and the fleet are capped where money would be lost before anybody looks; set them by your traffic.
    fn default() -> Self {
        let hourly = |count| Cap { count, window_ms: 60 * 60 * 1_000 };
        let daily = |count| Cap { count, window_ms: 24 * 60 * 60 * 1_000 };
        Self {
            number: hourly(5),
            number_day: daily(15),
            prefix: hourly(20),
            prefix_day: daily(60),
            address: hourly(5),
            address_day: daily(15),
            country: hourly(500),
            countries: Vec::new(),
            fleet: hourly(2_000),
        }
    }
}

/// Whom a contact reaches, as far as the caps care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reached {
    /// A number in this country.
    Number {
        /// Its country code.
        country_code: u16,
    },
    /// An email address.
    Address,
    /// Nobody that can be told yet.
    Nobody,
}

impl Reached {
    /// Whom a job reaches: one number, or the address of an email.
    pub(crate) fn of(job: &Job, country_code: Option<u16>) -> Self {
        match (job, country_code) {
            (Job::Sms(_) | Job::Dial(_), Some(country_code)) => Self::Number { country_code },
            (Job::Email(job), _) if job.to.email.as_deref().and_then(address::compared).is_some() => {
                Self::Address
            }
            (Job::Email(_), _) | (Job::Sms(_) | Job::Dial(_), None) => Self::Nobody,
        }
    }
}

/// The caps that a contact counts towards.
pub(crate) fn limits(reached: Reached, rules: &CapRules) -> Vec<Limit> {
    let caps = match reached {
        Reached::Nobody => Vec::new(),
        Reached::Address => {
            vec![(CapKind::Address, rules.address), (CapKind::Address, rules.address_day)]
        }
        Reached::Number { country_code } => {
            let own = rules.countries.iter().find(|own| own.country_code == country_code);
            let country = own.map_or(rules.country, |own| Cap { count: own.count, window_ms: own.window_ms });
            vec![
                (CapKind::Number, rules.number),
                (CapKind::Number, rules.number_day),
                (CapKind::Prefix, rules.prefix),
                (CapKind::Prefix, rules.prefix_day),
                (CapKind::Country, country),
                (CapKind::Fleet, rules.fleet),
            ]
        }
    };
    let mut limits: Vec<Limit> = Vec::with_capacity(caps.len());
    for (cap, Cap { count, window_ms }) in caps.into_iter().filter(|(_, cap)| cap.count > 0) {
        // Two caps over the same window are one counter, which a contact must raise once.
        match limits.iter_mut().find(|limit| limit.cap == cap && limit.window_ms == window_ms) {
            Some(limit) => limit.count = limit.count.min(count),
            None => limits.push(Limit { cap, count, window_ms }),
        }
    }
    limits
}

/// Holds what is used against the limits.
pub(crate) fn check(channel: Channel, limits: &[Limit], standing: &Preconditions, findings: &mut Findings) {
    for limit in limits {
        let of_limit = |used: &&Used| used.cap == limit.cap && used.window_ms == limit.window_ms;
        let Some(used) = standing.used.iter().find(of_limit) else { continue };
        if used.count < limit.count {
            let (what, korean, count, max) =
                (limit.cap.of_what(), limit.cap.of_what_in_korean(), used.count, limit.count);
            let detail = words!("{count} of {max} {what}", "{korean}: {max}건 중 {count}건 사용");
            findings.note(RuleId::B5, RuleEffect::Pass, detail);
        } else {
            reached(channel, *limit, *used, findings);
        }
    }
}

/// The cap of a recipient is a person's to lift. The other caps let go by themselves, but a call that rings when the agent no
/// longer waits for it is worse than none.
fn reached(channel: Channel, limit: Limit, used: Used, findings: &mut Findings) {
    let (code, until) = (limit.cap.code(), used.until);
    let (what, korean, max) = (limit.cap.of_what(), limit.cap.of_what_in_korean(), limit.count);
    let detail = words!(
        "all {max} {what} are used until {until}",
        "{korean}: {until}까지의 한도 {max}건을 모두 사용했습니다"
    );
    match (limit.cap, channel) {
        (CapKind::Country | CapKind::Fleet, Channel::Sms | Channel::Email) => {
            findings.postpone(RuleId::B5, until, Some(code), detail);
        }
        (CapKind::Number | CapKind::Prefix | CapKind::Address, _)
        | (CapKind::Country | CapKind::Fleet, Channel::Dial) => {
            findings.refuse(RuleId::B5, code, detail);
        }
    }
}

impl CapKind {
    fn code(self) -> FailureCode {
        match self {
            Self::Number => FailureCode::NumberCapReached,
            Self::Prefix => FailureCode::PrefixCapReached,
            Self::Address => FailureCode::AddressCapReached,
            Self::Country => FailureCode::CountryCapReached,
            Self::Fleet => FailureCode::FleetCapReached,
        }
    }

    fn of_what(self) -> &'static str {
        match self {
            Self::Number => "contacts with this number",
            Self::Prefix => "contacts with the numbers that differ from this one in their last three digits",
            Self::Address => "emails to this address",
            Self::Country => "contacts with this country",
            Self::Fleet => "contacts of the whole fleet",
        }
    }

    fn of_what_in_korean(self) -> &'static str {
        match self {
            Self::Number => "이 번호에 대한 연락",
            Self::Prefix => "이 번호와 마지막 세 자리만 다른 번호들에 대한 연락",
            Self::Address => "이 주소로 보낸 이메일",
            Self::Country => "이 국가에 대한 연락",
            Self::Fleet => "전체 연락",
        }
    }
}
