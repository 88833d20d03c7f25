//! Whose number it is (R1, R15, R16, R17).

use closure_contract::Evidence;
use closure_store::{DeadLetterState, DeliveryState};
use closure_tests::harness::{
    jobs::TEXT,
    kride::{journey, walk},
};

#[test]
fn a_number_with_its_country_code_gets_the_text() {
    journey(async |fleet| {
        let ended = walk(fleet, "delivered").await;
        let sms = ended.text();
        assert_eq!((sms.text.as_str(), sms.send_no.as_str()), (TEXT, "0234518120"));
        let outcome = ended.outcome("sms.delivered");
        assert_eq!(outcome.evidence, Evidence::Handset);
        assert_eq!((outcome.attempts, outcome.generation.0, outcome.code), (1, 1, None));
        assert_eq!((outcome.fallback_job_id, outcome.fallback_of), (None, None));
        let story = ended.story();
        assert_eq!(story.state, DeliveryState::Delivered);
        assert_eq!(story.tries.len(), 1);
        assert_eq!(Some(story.tries[0].client_ref.to_string()), sms.recipient_grouping_key);
        assert!(!story.receipts.is_empty(), "the receipt is on record");
        assert!(ended.fallback.is_none(), "no email was made");
    });
}

#[test]
fn a_separated_number_is_read_with_its_trunk_zero_and_its_full_width_digits() {
    journey(async |fleet| {
        let ended = walk(fleet, "board-separated").await;
        assert_eq!(ended.text().country_code, "81");
    });
}

#[test]
fn bare_digits_with_a_country_hint_that_agrees_are_sent() {
    journey(async |fleet| {
        walk(fleet, "country-hint").await.text();
    });
}

#[test]
fn bare_digits_with_two_readings_wait_for_a_person_and_nothing_is_sent() {
    journey(async |fleet| {
        let ended = walk(fleet, "ambiguous-number").await;
        assert_eq!(ended.letter().summary.state, DeadLetterState::Open);
        assert_eq!(ended.story().state, DeliveryState::Dead);
        assert_eq!(ended.outcome("sms.dead").attempts, 0);
        assert!(ended.story().tries.is_empty(), "no provider was tried");
        assert!(ended.fallback.is_none(), "a held job makes no email");
    });
}

#[test]
fn a_korean_number_in_an_overseas_job_waits_for_a_person() {
    journey(async |fleet| {
        let ended = walk(fleet, "scope-mismatch").await;
        let outcome = ended.outcome("sms.dead");
        assert!(outcome.detail.is_some(), "the CRM is told why");
    });
}

#[test]
fn a_domestic_text_goes_out_as_before() {
    journey(async |fleet| {
        let ended = walk(fleet, "domestic").await;
        assert_eq!(ended.text().text, "안녕하세요. K.ride 고객센터입니다.");
    });
}
