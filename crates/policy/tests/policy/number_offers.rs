//! R15: what is offered for a number that is held.

use closure_policy::explain::Verdict;
use serde_json::json;

use crate::support::{decided, sms_to};

#[test]
fn a_mexican_mobile_with_its_former_1_is_offered_without_it_and_nobody_else_is() {
    for phone in [
        json!({ "country_code": "52", "national_number": "1 55 1234 5678" }),
        json!({ "number": "+52 1 55 1234 5678" }),
        json!({ "number": "0052 1 55 1234 5678" }),
        json!({ "number": "52 1 55 1234 5678" }),
        json!({ "number": "52 1 55 1234 5678", "country_hint": "52" }),
        json!({ "number": "0052 1 55 1234 5678", "country_hint": "52" }),
        json!({ "number": "5215512345678", "form": "with_country_code" }),
        json!({ "country_code": "52", "national_number": "+52 1 55 1234 5678" }),
        json!({ "country_code": "52", "national_number": "0052 1 55 1234 5678" }),
        json!({ "country_code": "+52-1", "national_number": "55 1234 5678" }),
    ] {
        let decision = decided(&sms_to(phone.clone()));
        let offered: Vec<String> = decision
            .phone
            .into_iter()
            .flat_map(|phone| phone.candidates)
            .map(|one| one.e164.plus())
            .collect();
        assert_eq!(
            (decision.verdict, offered),
            (Verdict::NeedsPerson, vec!["+525512345678".to_owned()]),
            "{phone}"
        );
    }
}

#[test]
fn a_mistyped_number_is_never_taken_as_another_countrys_home_form() {
    let held = |number| decided(&sms_to(json!({ "number": number }))).verdict == Verdict::NeedsPerson;
    assert!(["81703400904", "6689026661", "65999313165"].into_iter().all(held));
}
