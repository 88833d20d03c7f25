//! What is wrong with a rulebook, all of it at once.

use std::collections::BTreeSet;

use closure_contract::SmsProvider;

use crate::{
    caps,
    email::{self, address},
    gateway::circuit::CircuitRules,
    number::readings::is_country_code,
    rulebook::{Rulebook, RulebookError, TemplateSource},
    template::{Template, TemplateProblem},
};

/// A receipt is due within a month at most.
const RECEIPT_DUE_MS_MAX: u64 = 31 * 24 * 60 * 60 * 1_000;
/// No gateway carries more overseas than this, in bytes.
const SMS_BYTES_MAX: usize = 4_000;
/// Nobody reads a longer subject.
const SUBJECT_CHARS_MAX: usize = 900;
/// Numbers that are never dialled, whatever the list of short numbers says.
const EMERGENCY_NUMBERS: &[&str] =
    &["000", "110", "111", "112", "113", "117", "118", "119", "122", "911", "999"];

/// Compiles the templates and collects every error.
pub(crate) fn check(rulebook: &Rulebook) -> (Vec<Template>, Vec<RulebookError>) {
    let mut errors = Vec::new();
    let mut refuse = |key, problem: &str| {
        errors.push(RulebookError::Setting { key, problem: problem.to_owned() });
    };
    numbers(rulebook, &mut refuse);
    dial(rulebook, &mut refuse);
    sms(rulebook, &mut refuse);
    mail(rulebook, &mut refuse);
    contacts(rulebook, &mut refuse);
    if rulebook.china.han_min == 0 || !(1..=100).contains(&rulebook.china.han_percent_min) {
        refuse("china", "han_min must be at least 1, and han_percent_min from 1 to 100");
    }
    if rulebook.receipt_due_ms == 0 || rulebook.receipt_due_ms > RECEIPT_DUE_MS_MAX {
        refuse("receipt_due_ms", "must be from 1 to 31 days in milliseconds");
    }
    receipt_evidence(rulebook, &mut refuse);
    let templates = templates(&rulebook.templates, rulebook, &mut errors);
    (templates, errors)
}

fn numbers(rulebook: &Rulebook, refuse: &mut impl FnMut(&'static str, &str)) {
    let rules = &rulebook.numbers;
    let lists = [
        ("numbers.allowed_country_codes", &rules.allowed_country_codes),
        ("numbers.denied_country_codes", &rules.denied_country_codes),
        ("numbers.plausible_country_codes", &rules.plausible_country_codes),
    ];
    for (key, list) in lists {
        if list.iter().any(|code| !is_country_code(*code) && !is_shared_code(*code)) {
            refuse(
                key,
                "has a number that is no country calling code; write codes such as 84, without a plus",
            );
        }
    }
    if rules.access_codes.iter().any(|code| !digits(code, 3..=6) || !code.starts_with("00")) {
        refuse("numbers.access_codes", "must be 3 to 6 digits that begin with 00, such as 001");
    }
    if rules.short_numbers.iter().any(|number| !digits(number, 3..=8)) {
        refuse("numbers.short_numbers", "must be 3 to 8 digits each, without separators, such as 15881234");
    }
    if rules.short_numbers.iter().any(|number| EMERGENCY_NUMBERS.contains(&number.as_str())) {
        refuse("numbers.short_numbers", "names an emergency number; those are never dialled");
    }
}

/// World-wide codes that the metadata may not know any more, and that are denied all the same.
fn is_shared_code(code: u16) -> bool {
    matches!(code, 800..=899 | 970..=999)
}

fn dial(rulebook: &Rulebook, refuse: &mut impl FnMut(&'static str, &str)) {
    let rules = &rulebook.dial;
    if !digits(&rules.overseas_prefix, 1..=10) {
        refuse("dial.overseas_prefix", "must be 1 to 10 digits, such as 9001; only digits may reach the PBX");
    }
    if !digits(&rules.domestic_prefix, 1..=10) {
        refuse("dial.domestic_prefix", "must be 1 to 10 digits, such as 9; only digits may reach the PBX");
    }
    if rules.pause.is_some() && !rules.overseas_prefix.starts_with(&rules.domestic_prefix) {
        refuse(
            "dial.pause",
            "needs an overseas_prefix that begins with the domestic_prefix, the outside line",
        );
    }
}

fn sms(rulebook: &Rulebook, refuse: &mut impl FnMut(&'static str, &str)) {
    let rules = &rulebook.sms;
    if !rules.sender.strip_prefix('+').is_some_and(|number| digits(number, 8..=15)) {
        refuse("sms.sender", "must be a number with plus and country code, such as +82234518120");
    }
    if rules.senders.iter().any(|own| !is_country_code(own.country_code) || !is_sender(&own.sender)) {
        refuse(
            "sms.senders",
            "needs a country code and either +number or a name of 3 to 11 ASCII letters and digits",
        );
    }
    let countries: BTreeSet<u16> = rules.senders.iter().map(|own| own.country_code).collect();
    if countries.len() < rules.senders.len() {
        refuse("sms.senders", "names a country twice");
    }
    if rules.max_bytes == 0 || rules.max_bytes > SMS_BYTES_MAX {
        refuse("sms.max_bytes", "must be from 1 to 4000");
    }
    for route in &rules.routes {
        let weights = route.gateways.iter().map(|gateway| u64::from(gateway.weight));
        if weights.sum::<u64>() == 0 {
            refuse("sms.routes", "each route needs a gateway with a weight above 0");
        }
    }
    circuit("sms.circuit", rules.circuit, refuse);
    let hold = &rules.fallback_hold;
    if hold.margin_percent == 0 || hold.margin_percent > 100 {
        refuse("sms.fallback_hold.margin_percent", "must be from 1 to 100");
    }
    if hold.usual_percent > 100 {
        refuse("sms.fallback_hold.usual_percent", "must not be above 100");
    }
    if hold.recovered_min == 0 {
        refuse("sms.fallback_hold.recovered_min", "must be at least 1");
    }
    if hold.recent_half_life_ms == 0 || hold.usual_half_life_ms < hold.recent_half_life_ms {
        refuse(
            "sms.fallback_hold.usual_half_life_ms",
            "must not be below recent_half_life_ms, which must be at least 1",
        );
    }
    if rules.near_limit_bytes > rules.max_bytes {
        refuse("sms.near_limit_bytes", "must not be above max_bytes");
    }
    if rules.template_variables_max == 0 {
        refuse("sms.template_variables_max", "must be at least 1; carriers allow 3");
    }
    if rules.domestic_sms_bytes > rules.domestic_max_bytes {
        refuse("sms.domestic_sms_bytes", "must not be above domestic_max_bytes");
    }
    let subject_bytes = crate::sms::segments::korean_bytes(&rules.domestic_subject);
    if rules.domestic_subject.trim().is_empty() || subject_bytes > rules.domestic_subject_bytes_max {
        refuse("sms.domestic_subject", "must not be empty, nor longer than domestic_subject_bytes_max");
    }
}

fn mail(rulebook: &Rulebook, refuse: &mut impl FnMut(&'static str, &str)) {
    let rules = &rulebook.email;
    let from_name = rules.from_name.as_str();
    if from_name.trim().is_empty() || from_name.contains("=?") || from_name.chars().any(char::is_control) {
        refuse("email.from_name", "must be one line that is not empty, without `=?`");
    }
    if address::address(&rules.from_address).is_none() {
        refuse("email.from_address", "must be an email address");
    }
    circuit("email.circuit", rules.circuit, refuse);
    if rules.subject_chars_max == 0 || rules.subject_chars_max > SUBJECT_CHARS_MAX {
        refuse("email.subject_chars_max", "must be from 1 to 900");
    }
    if email::check_overseas_subject(&rules.default_subject, rules.subject_chars_max).is_err() {
        refuse(
            "email.default_subject",
            "must be printable ASCII with a letter, no longer than subject_chars_max",
        );
    }
    if email::check_domestic_subject(&rules.default_subject_domestic, rules.subject_chars_max).is_err() {
        refuse(
            "email.default_subject_domestic",
            "must be one line, not empty, no longer than subject_chars_max",
        );
    }
}

fn receipt_evidence(rulebook: &Rulebook, refuse: &mut impl FnMut(&'static str, &str)) {
    let mut seen = Vec::new();
    for entry in &rulebook.receipt_evidence {
        if !is_country_code(entry.country_code) {
            refuse("receipt_evidence", "needs a country calling code such as 84, without a plus");
        }
        if entry.provider.is_some_and(|provider| provider.sms().is_none()) {
            let choices = SmsProvider::choices();
            refuse("receipt_evidence", &format!("needs a gateway for text messages as provider: {choices}"));
        }
        if seen.contains(&(entry.country_code, entry.provider)) {
            refuse("receipt_evidence", "names a country twice for the same gateway");
        }
        seen.push((entry.country_code, entry.provider));
    }
}

/// A provider that is well again must be found so within an hour.
fn circuit(key: &'static str, rules: CircuitRules, refuse: &mut impl FnMut(&'static str, &str)) {
    const PROBE_AFTER_MS_MAX: u64 = 3_600_000;
    if rules.failures_to_open == 0 {
        refuse(key, "needs failures_to_open of at least 1");
    }
    if rules.probe_after_ms > rules.probe_after_ms_max || rules.probe_after_ms_max > PROBE_AFTER_MS_MAX {
        refuse(
            key,
            "needs a probe_after_ms that is not above probe_after_ms_max, and that at most an hour in milliseconds",
        );
    }
}

fn contacts(rulebook: &Rulebook, refuse: &mut impl FnMut(&'static str, &str)) {
    let rules = &rulebook.caps;
    let window = |window_ms| (1..=caps::WINDOW_MS_MAX).contains(&window_ms);
    for (key, cap) in [
        ("caps.number", rules.number),
        ("caps.number_day", rules.number_day),
        ("caps.prefix", rules.prefix),
        ("caps.prefix_day", rules.prefix_day),
        ("caps.address", rules.address),
        ("caps.address_day", rules.address_day),
        ("caps.country", rules.country),
        ("caps.fleet", rules.fleet),
    ] {
        if !window(cap.window_ms) {
            refuse(key, "needs a window_ms from 1 to 7 days in milliseconds; count = 0 switches a cap off");
        }
    }
    if rules.countries.iter().any(|own| !is_country_code(own.country_code) || !window(own.window_ms)) {
        refuse("caps.countries", "needs a country code and a window_ms from 1 to 7 days in milliseconds");
    }
    let countries: BTreeSet<u16> = rules.countries.iter().map(|own| own.country_code).collect();
    if countries.len() < rules.countries.len() {
        refuse("caps.countries", "names a country twice");
    }
}

/// Compiles the templates that are sound under these rules and collects what is wrong with the others.
pub(crate) fn templates(
    sources: &[TemplateSource],
    rulebook: &Rulebook,
    errors: &mut Vec<RulebookError>,
) -> Vec<Template> {
    let mut seen = BTreeSet::new();
    let mut compiled = Vec::new();
    for source in sources {
        let (name, version) = (source.name.clone(), source.version);
        let mut refuse = |problem| {
            errors.push(RulebookError::Template { name: name.clone(), version, problem });
        };
        if !seen.insert((source.name.clone(), version)) {
            refuse(TemplateProblem::Duplicate);
        }
        match Template::compile(source, rulebook) {
            Ok(template) => compiled.push(template),
            Err(problems) => problems.into_iter().for_each(refuse),
        }
    }
    compiled
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_sender(text: &str) -> bool {
    match text.strip_prefix('+') {
        Some(number) => digits(number, 8..=15),
        None => (3..=11).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()),
    }
}
