//! The rules that the guide does not have.

use closure_contract::RuleId;

use crate::rules::{Proof, Rule};

const TIMES: &str = "crates/policy/tests/policy/times.rs";
const DIALLING: &str = "crates/policy/tests/policy/dialling.rs";
const NUMBERS: &str = "crates/policy/tests/policy/numbers.rs";

pub(crate) const B1: Rule = Rule {
    reading: "`not_before` postpones a job; after `expires_at` it is over, on every channel, and nobody needs to settle it. A click that is not fresh any more rings nobody's phone.",
    keys: &["dial.click_fresh_s"],
    tests: &[
        Proof {
            file: TIMES,
            test: "a_job_that_comes_too_late_is_expired_on_every_channel_whatever_else_is_wrong_with_it",
        },
        Proof { file: DIALLING, test: "a_click_is_fresh_for_half_a_minute_and_then_rings_nobody" },
        Proof { file: TIMES, test: "a_job_whose_time_has_not_come_is_postponed_to_it" },
    ],
    ..silent(RuleId::B1)
};

pub(crate) const B2: Rule = Rule {
    reading: "A newer revision of a consultation's answer takes the place of an older one that was not sent.",
    ..silent(RuleId::B2)
};

pub(crate) const B3: Rule =
    Rule { reading: "`closure.cancel/1` stops what was not sent for a consultation.", ..silent(RuleId::B3) };

pub(crate) const B4: Rule = Rule {
    reading: "Only the allowed countries may be contacted, and the denied ones never.",
    keys: &["numbers.allowed_country_codes", "numbers.denied_country_codes"],
    tests: &[Proof { file: NUMBERS, test: "countries_may_be_allowed_and_denied_by_configuration" }],
    ..silent(RuleId::B4)
};

pub(crate) const B5: Rule = Rule {
    reading: "A number, a country and the whole fleet are contacted only so often.",
    keys: &["caps.number", "caps.country", "caps.countries", "caps.fleet"],
    ..silent(RuleId::B5)
};

pub(crate) const B6: Rule = Rule {
    reading: "Addresses that bounced and numbers that opted out are not contacted.",
    ..silent(RuleId::B6)
};

pub(crate) const B7: Rule = Rule {
    reading: "In quiet hours by the recipient's clock a text message or a call waits; off by default.",
    ..silent(RuleId::B7)
};

/// A rule on which the guide is silent.
const fn silent(id: RuleId) -> Rule {
    Rule { id, guide_ko: "", guide_en: "", reading: "", keys: &[], tests: &[] }
}
