//! What a job is found by later.

use closure_contract::{
    Job,
    facts::{PersonalData, recipients::Recipient},
};
use closure_policy::{finding, mask};
use serde_json::json;

use crate::support::{decided, dial, email, sms_to};

fn phone(digits: &str) -> Option<Recipient> {
    Some(Recipient::Phone(PersonalData(digits.to_owned())))
}

/// The recipient, the tail and the country of a job.
fn found_by(job: &Job) -> (Option<Recipient>, Option<String>, Option<u16>) {
    let facts = decided(job).found_by;
    assert_eq!(facts.agent_id.as_deref(), Some(agent(job)), "the agent is always known");
    (facts.recipient, facts.tail, facts.country_code)
}

fn agent(job: &Job) -> &str {
    match job {
        Job::Sms(job) => &job.agent.id,
        Job::Email(job) => &job.agent.id,
        Job::Dial(job) => &job.agent.id,
    }
}

#[test]
fn one_number_is_found_by_the_same_digits_however_it_was_typed_and_whatever_carries_it() {
    let wanted = (phone("84912345678"), Some("5678".to_owned()), Some(84));
    for typed in [
        json!({ "number": "+84 912 345 678" }),
        json!({ "country_code": "84", "national_number": "0912-345-678" }),
        json!({ "number": "0084912345678", "country_hint": "84" }),
    ] {
        assert_eq!(found_by(&sms_to(typed.clone())), wanted, "{typed}");
        assert_eq!(found_by(&dial(json!({ "to": { "phone": { "number": "+84912345678" } } }))), wanted);
    }
}

#[test]
fn a_number_that_cannot_be_read_is_found_by_its_last_digits_alone() {
    for (typed, tail) in [
        (json!({ "number": "+999 12345678" }), Some("5678")),
        (json!({ "country_code": "84", "national_number": "９９９９９９ １２３４" }), Some("1234")),
        // What is so short would be told by its tail.
        (json!({ "number": "1234567" }), None),
        (json!({ "number": "nobody" }), None),
    ] {
        let found = found_by(&sms_to(typed.clone()));
        assert_eq!(found, (None, tail.map(str::to_owned), None), "{typed}");
    }
}

#[test]
fn an_address_is_found_as_it_is_compared_and_has_no_tail() {
    let address = |text: &str| Some(Recipient::Email(PersonalData(text.to_owned())));
    let job = email(json!({ "to": { "email": "Customer@Example.com" } }));
    assert_eq!(found_by(&job), (address("customer@example.com"), None, None));
    assert_eq!(found_by(&email(json!({ "to": { "email": null } }))), (None, None, None));
}

#[test]
fn what_is_asked_for_as_a_tail_is_four_digits_and_what_is_shown_is_country_and_tail() {
    assert_eq!(finding::tail("5678").as_deref(), Some("5678"));
    for wrong in ["567", "56789", "567a", "５６７８", ""] {
        assert_eq!(finding::tail(wrong), None, "{wrong}");
    }
    assert_eq!(mask::tail(Some(84), "5678"), "+84 ******5678");
    assert_eq!(mask::tail(None, "5678"), "******5678");
}
