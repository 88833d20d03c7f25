//! The rules that the guide does not have.

use closure_contract::RuleId;

use super::{Proof, Rule};

const TIMES: &str = "crates/policy/tests/policy/times.rs";
const DIALLING: &str = "crates/policy/tests/policy/dialling.rs";
const REVISIONS: &str = "tests/tests/journeys/revisions.rs";
const CANCELS: &str = "tests/tests/journeys/cancels.rs";
const CAPS: &str = "tests/tests/journeys/caps.rs";
const BOUNCES: &str = "tests/tests/journeys/bounces.rs";
const POSTFIX: &str = "tests/tests/journeys/postfix.rs";
const SUPPRESSION: &str = "tests/tests/journeys/suppression.rs";
const QUIET: &str = "crates/policy/tests/policy/quiet.rs";
const NUMBERS: &str = "crates/policy/tests/policy/numbers.rs";

pub(crate) const B1: Rule = Rule {
    reading: "`not_before` postpones a job; after `expires_at` it is over, on every channel, and nobody needs to settle it. A job that could only be sent when it is too late, or not within 366 days, waits for a person. A click that is not fresh any more, or lies more than a minute in the future, rings nobody's phone.",
    keys: &["dial.click_fresh_s"],
    tests: &[
        Proof {
            file: TIMES,
            test: "a_job_that_comes_too_late_is_expired_on_every_channel_whatever_else_is_wrong_with_it",
        },
        Proof { file: DIALLING, test: "a_click_is_fresh_for_half_a_minute_and_then_rings_nobody" },
        Proof { file: TIMES, test: "a_job_whose_time_has_not_come_is_postponed_to_it" },
        Proof {
            file: TIMES,
            test: "a_job_that_may_not_be_sent_before_it_is_too_late_waits_for_a_person_on_every_channel",
        },
        Proof { file: TIMES, test: "no_job_waits_for_longer_than_a_year" },
        Proof {
            file: DIALLING,
            test: "a_click_in_the_future_rings_nobody_beyond_what_two_clocks_may_differ",
        },
    ],
    ..silent(RuleId::B1)
};

pub(crate) const B2: Rule = Rule {
    reading: "A newer revision of a consultation's answer takes the place of an older one that was not sent.",
    tests: &[
        Proof {
            file: REVISIONS,
            test: "an_older_answer_that_waits_for_its_time_is_superseded_by_a_newer_one",
        },
        Proof { file: REVISIONS, test: "revisions_that_come_in_the_wrong_order_end_alike" },
        Proof { file: REVISIONS, test: "a_text_that_waits_for_its_next_try_gives_way_to_a_newer_email" },
    ],
    ..silent(RuleId::B2)
};

pub(crate) const B3: Rule = Rule {
    reading: "`closure.cancel/1` stops what was not sent for a consultation.",
    tests: &[
        Proof {
            file: CANCELS,
            test: "what_is_cancelled_before_it_comes_is_never_sent_on_any_channel_and_the_crm_hears_it_once",
        },
        Proof { file: CANCELS, test: "a_cancellation_between_the_claim_and_the_send_stops_the_send" },
        Proof {
            file: CANCELS,
            test: "a_text_that_the_gateway_has_is_not_called_back_but_no_email_answers_for_it_any_more",
        },
    ],
    ..silent(RuleId::B3)
};

pub(crate) const B4: Rule = Rule {
    reading: "Only the allowed countries may be contacted, and the denied ones never.",
    keys: &["numbers.allowed_country_codes", "numbers.denied_country_codes"],
    tests: &[Proof { file: NUMBERS, test: "countries_may_be_allowed_and_denied_by_configuration" }],
    ..silent(RuleId::B4)
};

pub(crate) const B5: Rule = Rule {
    reading: "A number, a country and the whole fleet are contacted only so often.",
    keys: &[
        "caps.number",
        "caps.number_day",
        "caps.prefix",
        "caps.prefix_day",
        "caps.address",
        "caps.address_day",
        "caps.country",
        "caps.countries",
        "caps.fleet",
    ],
    tests: &[
        Proof {
            file: CAPS,
            test: "a_number_that_was_contacted_often_enough_waits_for_a_person_and_so_does_a_replay",
        },
        Proof { file: CAPS, test: "many_at_once_to_one_number_are_counted_one_by_one" },
        Proof {
            file: CAPS,
            test: "what_goes_beyond_a_countrys_or_the_fleets_cap_waits_for_the_next_window_and_nobody_has_to_settle_it",
        },
    ],
    ..silent(RuleId::B5)
};

pub(crate) const B6: Rule = Rule {
    reading: "Addresses that bounced, addresses whose owners complained and numbers that opted out are not contacted.",
    tests: &[
        Proof {
            file: SUPPRESSION,
            test: "a_suppressed_number_gets_no_text_and_no_call_and_an_email_answers",
        },
        Proof { file: SUPPRESSION, test: "a_suppressed_address_waits_for_a_person_who_can_give_another_one" },
        Proof {
            file: POSTFIX,
            test: "a_recipient_whom_the_next_mail_server_does_not_know_is_told_of_once_and_not_written_to_again",
        },
        Proof {
            file: BOUNCES,
            test: "who_complains_of_a_mail_is_not_written_to_again_and_the_mail_stays_one_that_arrived",
        },
    ],
    ..silent(RuleId::B6)
};

pub(crate) const B7: Rule = Rule {
    reading: "In quiet hours by the recipient's clock a text message waits for the day and a call is refused; a country of several zones is quiet while any of them is. Off by default.",
    keys: &["quiet_hours.channels", "quiet_hours.from", "quiet_hours.until"],
    tests: &[
        Proof { file: QUIET, test: "a_text_waits_for_the_morning_where_the_customer_is" },
        Proof { file: QUIET, test: "a_country_of_several_zones_is_quiet_while_any_of_them_is" },
        Proof { file: QUIET, test: "a_call_at_night_is_refused_because_its_agent_will_not_wait" },
    ],
    ..silent(RuleId::B7)
};

/// A rule on which the guide is silent.
const fn silent(id: RuleId) -> Rule {
    Rule { id, guide_ko: "", guide_en: "", reading: "", keys: &[], tests: &[] }
}
