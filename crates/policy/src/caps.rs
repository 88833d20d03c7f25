//! How often a number, its neighbours, an address, a country and the whole fleet may be contacted (B5).
//!
//! Text messages and calls count towards the caps of numbers, because each costs money; an email costs nothing and
//! counts towards those of its address alone.

use closure_contract::{
    Channel, Facts, FailureCode, Job, RuleEffect, RuleId, Timestamp,
    facts::{
        PersonalData,
        caps::{CapKey, CapLimit, CapWindow},
    },
};
use serde::{Deserialize, Serialize};

use crate::{email::address, findings::Findings, number::phone::Number, words::words};

/// A window is a week long at most.
pub(crate) const WINDOW_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1_000;
/// Numbers that differ in their last digits alone, in so many, are neighbours.
const NEIGHBOUR_DIGITS: usize = 3;

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

/// The caps that a contact counts towards: those of the number that a text message or a call reaches, or those of an email's
/// address; none where it cannot be told yet whom it reaches.
pub(crate) fn limits(job: &Job, number: Option<&Number>, rules: &CapRules) -> Vec<CapLimit> {
    let caps = match job {
        Job::Sms(_) | Job::Dial(_) => number.map(|number| of_number(number, rules)),
        Job::Email(job) => job.to.email.as_deref().and_then(address::compared).map(|address| {
            let key = CapKey::Address(PersonalData(address));
            vec![(key.clone(), rules.address), (key, rules.address_day)]
        }),
    };
    let mut limits: Vec<CapLimit> = Vec::new();
    for (key, Cap { count, window_ms }) in caps.into_iter().flatten().filter(|(_, cap)| cap.count > 0) {
        // Two caps over the same window are one counter, which a contact must raise once.
        match limits.iter_mut().find(|limit| limit.key == key && limit.window_ms == window_ms) {
            Some(limit) => limit.count = limit.count.min(count),
            None => limits.push(CapLimit { key, count, window_ms }),
        }
    }
    limits
}

fn of_number(number: &Number, rules: &CapRules) -> Vec<(CapKey, Cap)> {
    let (digits, country_code) = (number.e164.digits(), number.country_code);
    let own = rules.countries.iter().find(|own| own.country_code == country_code);
    let country = own.map_or(rules.country, |own| Cap { count: own.count, window_ms: own.window_ms });
    let whole = CapKey::Number(PersonalData(digits.to_owned()));
    let mut caps = vec![(whole.clone(), rules.number), (whole, rules.number_day)];
    let beginning = digits.len().checked_sub(NEIGHBOUR_DIGITS).and_then(|length| digits.get(..length));
    if let Some(beginning) = beginning {
        let prefix = CapKey::Prefix(PersonalData(beginning.to_owned()));
        caps.extend([(prefix.clone(), rules.prefix), (prefix, rules.prefix_day)]);
    }
    caps.extend([(CapKey::Country(country_code), country), (CapKey::Fleet, rules.fleet)]);
    caps
}

/// Holds what is used against the limits.
pub(crate) fn check(channel: Channel, limits: &[CapLimit], used: &[CapWindow], findings: &mut Findings) {
    for limit in limits {
        let of_limit = |used: &&CapWindow| used.key == limit.key && used.window_ms == limit.window_ms;
        let Some(used) = used.iter().find(of_limit) else { continue };
        if used.count < limit.count {
            let ((what, korean), count, max) = (of_what(&limit.key), used.count, limit.count);
            let detail = words!("{count} of {max} {what}", "{korean}: {max}건 중 {count}건 사용");
            findings.note(RuleId::B5, RuleEffect::Pass, detail);
        } else {
            reached(channel, limit, used.until, findings);
        }
    }
}

/// The cap of a recipient is a person's to lift. The other caps let go by themselves, but a call that rings when the agent no
/// longer waits for it is worse than none.
fn reached(channel: Channel, limit: &CapLimit, until: Timestamp, findings: &mut Findings) {
    let (code, (what, korean), max) = (code(&limit.key), of_what(&limit.key), limit.count);
    let detail = words!(
        "all {max} {what} are used until {until}",
        "{korean}: {until}까지의 한도 {max}건을 모두 사용했습니다"
    );
    let country_code = match &limit.key {
        CapKey::Country(country_code) => Some(*country_code),
        CapKey::Number(_) | CapKey::Prefix(_) | CapKey::Address(_) | CapKey::Fleet => None,
    };
    let contacts_max = Some(u64::from(max));
    let facts = Facts { contacts_max, until: Some(until), country_code, ..Facts::default() };
    match (&limit.key, channel) {
        (CapKey::Country(_) | CapKey::Fleet, Channel::Sms | Channel::Email) => {
            findings.postpone(RuleId::B5, until, Some(code), detail, facts);
        }
        (CapKey::Number(_) | CapKey::Prefix(_) | CapKey::Address(_), _)
        | (CapKey::Country(_) | CapKey::Fleet, Channel::Dial) => {
            findings.refuse_with(RuleId::B5, code, detail, facts);
        }
    }
}

fn code(key: &CapKey) -> FailureCode {
    match key {
        CapKey::Number(_) => FailureCode::NumberCapReached,
        CapKey::Prefix(_) => FailureCode::PrefixCapReached,
        CapKey::Address(_) => FailureCode::AddressCapReached,
        CapKey::Country(_) => FailureCode::CountryCapReached,
        CapKey::Fleet => FailureCode::FleetCapReached,
    }
}

/// What a cap counts, in English and in Korean.
fn of_what(key: &CapKey) -> (&'static str, &'static str) {
    match key {
        CapKey::Number(_) => ("contacts with this number", "이 번호에 대한 연락"),
        CapKey::Prefix(_) => (
            "contacts with the numbers that differ from this one in their last three digits",
            "이 번호와 마지막 세 자리만 다른 번호들에 대한 연락",
        ),
        CapKey::Address(_) => ("emails to this address", "이 주소로 보낸 이메일"),
        CapKey::Country(_) => ("contacts with this country", "이 국가에 대한 연락"),
        CapKey::Fleet => ("contacts of the whole fleet", "전체 연락"),
    }
}
