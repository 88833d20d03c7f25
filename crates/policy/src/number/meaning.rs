//! Which number a job means (R15, R16): parsed, never guessed.
//!
//! Measured: 47 % of valid Chinese mobile numbers written without 86 are also valid +1 numbers, and four in five of
//! Singapore's mobile numbers written after the Korean access code 001 are too.

use closure_contract::{
    Channel, FailureCode, Job, RuleEffect,
    job::{ConsultationChannel, Phone, PhoneForm, Scope},
};

use super::{
    home_forms::Written,
    phone::{CANDIDATES_MAX, KOREA, Number},
    readings,
    typed::{self, Typed},
};
use crate::{
    dial,
    rulebook::{NumberRules, Rulebook},
    words::{
        Sentence,
        numbers::{self, Stated},
    },
};

/// At most this many readings in home form are worked out for a number that has several.
const AT_HOME_MAX: usize = CANDIDATES_MAX - 1;
/// Fewer bare digits than this are no whole number: only the smallest islands have them, and any digits would do.
const BARE_DIGITS_MIN: usize = 8;
/// No subscriber has a number as short as this; emergency services do.
const SHORT_DIGITS_MAX: usize = 4;

/// A job's number as it was read, once for everything that asks about it.
pub struct JobNumber(pub(crate) Read);

/// How a job's number was read.
pub(crate) enum Read {
    /// An email has none.
    None,
    /// A short service number of the configured list (R3).
    ShortService(Number),
    /// As any number is.
    Meant(Meaning),
}

impl JobNumber {
    /// Reads the number of a job.
    pub fn of(job: &Job, rules: &Rulebook) -> Self {
        let rules = &rules.numbers;
        let meant = |phone, scope, channel| {
            Read::Meant(meaning(&Typing { phone, scope, channel, from: job.consultation().channel }, rules))
        };
        Self(match job {
            Job::Email(_) => Read::None,
            Job::Sms(job) => meant(&job.to.phone, job.scope, Channel::Sms),
            Job::Dial(job) => match dial::short_number(&job.to.phone, job.scope, rules) {
                Some(number) => Read::ShortService(number),
                None => meant(&job.to.phone, job.scope, Channel::Dial),
            },
        })
    }

    /// The number of an email: none.
    pub fn none() -> Self {
        Self(Read::None)
    }

    /// The number, where the job has exactly one.
    pub(crate) fn number(&self) -> Option<&Number> {
        match &self.0 {
            Read::ShortService(number) | Read::Meant(Meaning::Number { number, .. }) => Some(number),
            Read::None | Read::Meant(Meaning::Problem { .. }) => None,
        }
    }
}

/// What the typed number means.
pub(crate) enum Meaning {
    /// Exactly this number.
    Number { number: Number, effect: RuleEffect, detail: Sentence },
    /// None, or none for certain.
    Problem { code: FailureCode, detail: Sentence, readings: Vec<Number> },
}

/// A number as it came, with what says how it may be meant.
#[derive(Clone, Copy)]
pub(crate) struct Typing<'a> {
    pub(crate) phone: &'a Phone,
    pub(crate) scope: Scope,
    pub(crate) channel: Channel,
    /// The consultation that it comes from.
    pub(crate) from: ConsultationChannel,
}

/// Reads the number in the form in which it came.
pub(crate) fn meaning(typing: &Typing<'_>, rules: &NumberRules) -> Meaning {
    let Typing { phone, scope, channel, from } = *typing;
    let read = |text| typed::read(text).map_err(|no_number| no_number.problem());
    let meaning = match phone {
        Phone::Separated { country_code, national_number } => match typed::with_area_code(country_code) {
            Some(code) => read(national_number).map(|typed| joined(&code, typed)),
            None => known_country(country_code, Stated::Code)
                .and_then(|code| code.ok_or(numbers::NO_COUNTRY_CODE))
                .and_then(|code| read(national_number).map(|typed| separated(code, typed))),
        },
        Phone::Whole { number, country_hint, form } => read(number).and_then(|typed| {
            let hint = country_hint.as_deref().map_or(Ok(None), |hint| known_country(hint, Stated::Hint))?;
            let is_whole = match form {
                Some(PhoneForm::WithCountryCode) => true,
                None => hint.is_none() && rules.with_country_code.contains(&from),
            };
            let typed = match typed {
                Typed::Bare(digits) if is_whole && !digits.starts_with('0') => Typed::Plus(digits),
                typed => typed,
            };
            Ok(whole(typed, hint, scope, channel, rules))
        }),
    };
    meaning.unwrap_or_else(|detail| problem(FailureCode::InvalidNumber, detail, Vec::new()))
}

fn known_country(text: &str, what: Stated) -> Result<Option<u16>, Sentence> {
    let code = typed::country_code(text).map_err(|_| numbers::no_calling_code(what))?;
    match code {
        Some(code) if !readings::is_country_code(code) => Err(numbers::unused_code(what, code)),
        code => Ok(code),
    }
}

/// R16 where the country's field brings an area code, as country pickers give it: `1-684`, `1242`, `44-1481`. Both
/// fields are one whole number, or none: nothing is guessed.
fn joined(code: &str, typed: Typed) -> Meaning {
    let digits = match typed {
        Typed::Plus(digits) => digits,
        Typed::Bare(rest) => match rest.strip_prefix("00") {
            Some(digits) => digits.to_owned(),
            None => format!("{code}{rest}"),
        },
    };
    match readings::international(&digits).filter(|_| digits.starts_with(code)) {
        Some(number) => accept(number, RuleEffect::Flag, numbers::AREA_CODE),
        None if former_mexican(&digits).is_some() => unreadable(&digits),
        None => not_valid(numbers::AREA_CODE_INVALID),
    }
}

/// R16: country code and rest apart.
fn separated(country_code: u16, typed: Typed) -> Meaning {
    let rest = match typed {
        Typed::Plus(digits) => return repeated(country_code, &digits),
        Typed::Bare(digits) => digits,
    };
    if let Some(digits) = rest.strip_prefix("00") {
        return repeated(country_code, digits);
    }
    let readings = of_stated_country(country_code, &rest);
    // Tokelau, Niue and Saint Helena have subscribers with four digits.
    if rest.len() <= SHORT_DIGITS_MAX && readings.rest.is_none() {
        return short_number();
    }
    match (readings.rest, readings.whole) {
        (Some(number), Some(whole)) if number.e164 != whole.e164 => {
            problem(FailureCode::AmbiguousNumber, numbers::REPEATED_OR_NOT, vec![number, whole])
        }
        (Some(number), _) if number.e164.digits() == format!("{country_code}{rest}") => {
            accept(number, RuleEffect::Pass, numbers::ONE_NUMBER)
        }
        (Some(number), _) => accept(number, RuleEffect::Change, numbers::TRUNK_ZERO),
        (None, Some(number)) => accept(number, RuleEffect::Flag, numbers::REPEATED_ALONE),
        (None, None) => match readings::international(&rest) {
            _ if country_code == MEXICO && former_mexican(&format!("{country_code}{rest}")).is_some() => {
                unreadable(&format!("{country_code}{rest}"))
            }
            Some(other) => contradiction(country_code, other),
            None => not_valid(numbers::not_valid_in(country_code)),
        },
    }
}

/// Mexico's country code.
const MEXICO: u16 = 52;

/// A Mexican mobile with the 1 after the country code that was dialled until 2019: what it has been since.
fn former_mexican(digits: &str) -> Option<Number> {
    let rest = digits.strip_prefix("521").filter(|rest| rest.len() == 10)?;
    readings::international(&format!("{MEXICO}{rest}"))
}

/// Digits with their country code that are no valid number, with what they may have been before.
fn unreadable(digits: &str) -> Meaning {
    match former_mexican(digits) {
        Some(number) => problem(FailureCode::AmbiguousNumber, numbers::FORMER_MEXICAN, vec![number]),
        None => not_valid(numbers::VALID_NOWHERE),
    }
}

/// Digits read in a country that is known.
struct StatedReadings {
    /// As what follows the country code.
    rest: Option<Number>,
    /// As a whole number that begins with it.
    whole: Option<Number>,
}

fn of_stated_country(country_code: u16, digits: &str) -> StatedReadings {
    let here = |number: &Number| number.country_code == country_code;
    let prefix = country_code.to_string();
    let whole = if digits.starts_with(&prefix) { readings::international(digits) } else { None };
    StatedReadings {
        rest: readings::international(&format!("{prefix}{digits}")).filter(here),
        whole: whole.filter(here),
    }
}

/// R16 where the rest is a whole number by itself.
fn repeated(country_code: u16, digits: &str) -> Meaning {
    match readings::international(digits) {
        Some(number) if number.country_code == country_code => {
            accept(number, RuleEffect::Flag, numbers::REPEATED)
        }
        Some(other) => contradiction(country_code, other),
        None => unreadable(digits),
    }
}

/// R15: the whole number in one text.
fn whole(typed: Typed, hint: Option<u16>, scope: Scope, channel: Channel, rules: &NumberRules) -> Meaning {
    match (typed, hint) {
        (Typed::Plus(digits), _) => match (readings::international(&digits), hint) {
            (Some(number), Some(hint)) if number.country_code != hint => contradiction(hint, number),
            (Some(number), _) => accept(number, RuleEffect::Pass, numbers::HAS_COUNTRY_CODE),
            (None, _) => unreadable(&digits),
        },
        (Typed::Bare(digits), hint) if digits.starts_with("00") => after_zeros(&digits, hint, rules),
        (Typed::Bare(digits), _) if digits.len() <= SHORT_DIGITS_MAX => short_number(),
        (Typed::Bare(digits), Some(hint)) => hinted(&digits, hint),
        (Typed::Bare(digits), None) => bare(&digits, scope, channel, rules),
    }
}

/// `00` is a plus sign in most of the world, and in Korea it may begin a carrier's access code such as 001.
fn after_zeros(digits: &str, hint: Option<u16>, rules: &NumberRules) -> Meaning {
    let plain = readings::international(&digits[2..]);
    let through_carrier = rules
        .access_codes
        .iter()
        .filter_map(|code| digits.strip_prefix(code.as_str()))
        .filter_map(readings::international);
    let mut all: Vec<Number> = plain.iter().cloned().chain(through_carrier).collect();
    readings::sort(&mut all);
    match (plain, hint) {
        (Some(number), Some(hint)) if number.country_code == hint => {
            accept(number, RuleEffect::Pass, numbers::AFTER_ZEROS_HINTED)
        }
        (Some(number), None) if all.len() == 1 => accept(number, RuleEffect::Pass, numbers::AFTER_ZEROS),
        (_, _) if all.is_empty() => unreadable(&digits[2..]),
        (_, Some(hint)) => problem(FailureCode::CountryContradiction, numbers::hint_disagrees(hint), all),
        (_, None) => problem(FailureCode::AmbiguousNumber, numbers::ZEROS_OR_CARRIER, all),
    }
}

/// R15 (c): bare digits and a country that they must agree with.
///
/// Some countries' plans are so wide that a whole number with its country code is a valid local number as well. That
/// second reading counts only if it is how people there write it: with its trunk zero, where there is one.
fn hinted(digits: &str, hint: u16) -> Meaning {
    let readings = of_stated_country(hint, digits);
    match (readings.rest, readings.whole) {
        (Some(rest), Some(whole)) if rest.e164 != whole.e164 && rest.national_digits == digits => {
            let detail = numbers::with_code_or_without(hint);
            problem(FailureCode::AmbiguousNumber, detail, vec![rest, whole])
        }
        (_, Some(number)) => accept(number, RuleEffect::Pass, numbers::BEGINS_WITH_HINT),
        (Some(number), None) => accept(number, RuleEffect::Pass, numbers::OF_HINTED_COUNTRY),
        (None, None) => match readings::international(digits) {
            Some(other) => contradiction(hint, other),
            None if hint == MEXICO && former_mexican(digits).is_some() => unreadable(digits),
            None => not_valid(numbers::not_valid_in(hint)),
        },
    }
}

/// Bare digits: good only as a whole number, and only if no plausible country writes a number so at home, with its trunk
/// zero or without.
///
/// A reading in home form is never the one that is taken: of the mobiles of all countries two in 248 are right by it,
/// and a number with a digit missing is a valid home form of some other country in one of ten cases. A reading that the
/// job cannot use, such as a fixed line for a text message, is none, and nor is one abroad where the agent chose domestic.
fn bare(digits: &str, scope: Scope, channel: Channel, rules: &NumberRules) -> Meaning {
    if scope == Scope::Domestic
        && let Meaning::Number { number, .. } = hinted(digits, KOREA)
    {
        return accept(number, RuleEffect::Pass, numbers::DOMESTIC_DIGITS);
    }
    if (scope, channel) == (Scope::Domestic, Channel::Dial)
        && let Some(number) = dial::of_a_korean_class(digits)
    {
        return accept(number, RuleEffect::Flag, numbers::DOMESTIC_CLASS);
    }
    let whole = readings::international(digits).filter(|_| digits.len() >= BARE_DIGITS_MIN);
    let mut others = match scope {
        Scope::Domestic => Vec::new(),
        Scope::Overseas => at_home(digits, Written::AtHome, channel, rules),
    };
    // Without its zero a number counts only against digits that would else be taken.
    if scope == Scope::Overseas && whole.is_some() && others.is_empty() {
        others = at_home(digits, Written::WithoutItsZero, channel, rules);
    }
    match (whole, others.is_empty()) {
        (Some(number), true) if number.e164.digits() != digits => {
            problem(FailureCode::AmbiguousNumber, numbers::DIGIT_TOO_MANY, vec![number])
        }
        (Some(number), true) => accept(number, RuleEffect::Flag, numbers::NOTHING_ELSE),
        (None, true) => unreadable(digits),
        (whole, false) => {
            let is_all = others.len() < AT_HOME_MAX;
            let mut all = others;
            all.extend(whole);
            readings::sort(&mut all);
            problem(FailureCode::AmbiguousNumber, numbers::several_readings(all.len(), is_all), all)
        }
    }
}

/// The readings in home form that the job can use, the countries that may be contacted first; no more than a person
/// looks at, because each of them costs as much as a number with a plus.
///
/// Korea's are among them in an overseas job: nobody can be sent to by them, and they may be what was meant.
fn at_home(digits: &str, written: Written, channel: Channel, rules: &NumberRules) -> Vec<Number> {
    let plausible =
        |code| rules.plausible_country_codes.is_empty() || rules.plausible_country_codes.contains(&code);
    let preferred = |code| rules.allowed_country_codes.contains(&code);
    let usable = |number: &Number| match (written, channel) {
        (Written::AtHome, Channel::Sms) => number.takes(channel, rules) || number.country_code == KOREA,
        (Written::AtHome, Channel::Dial | Channel::Email) => true,
        // Fixed lines without their zero would leave three whole numbers of forty countries for a call.
        (Written::WithoutItsZero, _) => number.kind.takes(Channel::Sms),
    };
    let mut found: Vec<Number> = Vec::new();
    let first = readings::at_home(digits, written, move |code| plausible(code) && preferred(code));
    let then = readings::at_home(digits, written, move |code| plausible(code) && !preferred(code));
    for number in first.chain(then).filter(usable) {
        // A country may write one number in two ways.
        if found.len() < AT_HOME_MAX && found.iter().all(|known| known.e164 != number.e164) {
            found.push(number);
        }
        if found.len() == AT_HOME_MAX {
            break;
        }
    }
    found
}

fn accept(number: Number, effect: RuleEffect, detail: Sentence) -> Meaning {
    Meaning::Number { number, effect, detail }
}

fn problem(code: FailureCode, detail: Sentence, readings: Vec<Number>) -> Meaning {
    Meaning::Problem { code, detail, readings }
}

fn not_valid(detail: Sentence) -> Meaning {
    problem(FailureCode::InvalidNumber, detail, Vec::new())
}

fn short_number() -> Meaning {
    problem(FailureCode::NumberNotAllowed, numbers::SHORT_NUMBER, Vec::new())
}

fn contradiction(stated: u16, other: Number) -> Meaning {
    let detail = numbers::contradiction(stated, other.country_code);
    problem(FailureCode::CountryContradiction, detail, vec![other])
}
