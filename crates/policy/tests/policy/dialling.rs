//! R2, R3, R4: what the PBX dials, and the record of the call.

use closure_contract::{FailureCode, RuleEffect, RuleId, Timestamp};
use closure_policy::explain::{DialPlan, Plan, Verdict};
use serde_json::{Value, json};

use crate::support::{NOW, decide, decided, dial, effects, merge, rulebook_of};

fn plan(over: Value) -> DialPlan {
    match decided(&dial(over)).plan {
        Some(Plan::Dial(plan)) => plan,
        other => panic!("there is no call to place: {other:?}"),
    }
}

fn to(number: &str) -> Value {
    json!({ "to": { "phone": { "number": number } } })
}

fn domestic(number: &str) -> Value {
    json!({ "scope": "domestic", "to": { "phone": { "number": number } } })
}

#[test]
fn overseas_the_outside_line_and_the_access_code_come_before_country_code_and_number() {
    for (number, dialled) in [
        ("+84 912 345 678", "900184912345678"),
        ("+84 0912 345 678", "900184912345678"),
        ("+1 650 253 0000", "900116502530000"),
        ("+86 138 1234 5678", "90018613812345678"),
    ] {
        assert_eq!(plan(to(number)).dial_string, dialled, "{number}");
    }
}

#[test]
fn at_home_the_outside_line_comes_before_the_national_form_with_its_trunk_zero() {
    assert_eq!(plan(domestic("+82 10-1234-5678")).dial_string, "901012345678");
    assert_eq!(plan(domestic("02-3451-8120")).dial_string, "90234518120");
    assert_eq!(plan(domestic("070-4123-4567")).dial_string, "907041234567");
}

#[test]
fn the_record_carries_the_fixed_classes_and_the_whole_number_in_digits() {
    let plan = plan(to("+84 912-345-678"));
    assert_eq!(plan.representative_number_class, "K-RIDE 고객센터");
    assert_eq!(plan.service_class, "K-RIDE");
    assert_eq!(plan.customer_contact, "84912345678");
    assert_eq!(plan.extension, "1001");
}

#[test]
fn prefixes_and_a_pause_are_configuration() {
    let rulebook = rulebook_of(r#"dial = { overseas_prefix = "8002", domestic_prefix = "8", pause = "w" }"#);
    let dialled = |over| decide(&dial(over), &rulebook, NOW).dial_string;
    assert_eq!(dialled(to("+84912345678")).as_deref(), Some("8w00284912345678"));
    assert_eq!(dialled(domestic("01012345678")).as_deref(), Some("8w01012345678"));
}

#[test]
fn a_short_service_number_is_dialled_only_from_the_list() {
    let listed = rulebook_of(r#"numbers.short_numbers = ["114"]"#);
    let decision = decide(&dial(domestic("114")), &listed, NOW);
    assert_eq!(decision.dial_string.as_deref(), Some("9114"));
    assert_eq!(decision.verdict, Verdict::Send);
    let unlisted = decided(&dial(domestic("114")));
    assert_eq!(
        (unlisted.verdict, unlisted.code),
        (Verdict::NeedsPerson, Some(FailureCode::NumberNotAllowed))
    );
}

#[test]
fn each_class_of_korean_numbers_has_its_setting() {
    for (number, dialled, setting) in [
        ("050712345678", "9050712345678", "korean_safety_numbers"),
        ("080-123-4567", "90801234567", "korean_toll_free_numbers"),
        ("1588-1234", "915881234", "korean_representative_numbers"),
        // The metadata of numbers has none of these, and the network dials them.
        ("08012345678", "908012345678", "korean_toll_free_numbers"),
        ("1811-7000", "918117000", "korean_representative_numbers"),
        ("1551-1234", "915511234", "korean_representative_numbers"),
    ] {
        let decision = decided(&dial(domestic(number)));
        assert_eq!(decision.dial_string.as_deref(), Some(dialled), "{number}: {:?}", decision.detail);
        let refused = rulebook_of(&format!("numbers.{setting} = \"refuse\""));
        let decision = decide(&dial(domestic(number)), &refused, NOW);
        assert_eq!(
            (decision.verdict, decision.code, decision.dial_string),
            (Verdict::NeedsPerson, Some(FailureCode::NumberNotAllowed), None),
            "{number}"
        );
    }
    let premium = rulebook_of("numbers.korean_premium_numbers = \"allow\"");
    let decision = decide(&dial(domestic("060-700-1234")), &premium, NOW);
    assert_eq!(decision.dial_string.as_deref(), Some("90607001234"));
}

#[test]
fn nothing_that_a_rule_forbids_is_shown_as_a_dial_string() {
    let decision = decided(&dial(to("+870773123456")));
    assert_eq!((decision.verdict, decision.dial_string), (Verdict::NeedsPerson, None));
}

#[test]
fn emergency_and_premium_numbers_are_refused() {
    for number in ["119", "112", "02-112", "060-123-4567", "060-1234-5678", "+82 60-123-4567"] {
        let decision = decided(&dial(domestic(number)));
        assert_eq!((decision.verdict, decision.plan), (Verdict::NeedsPerson, None), "{number}");
    }
    assert_eq!(decided(&dial(domestic("119"))).code, Some(FailureCode::NumberNotAllowed));
    assert_eq!(decided(&dial(to("+449098790000"))).code, Some(FailureCode::NumberNotAllowed));
}

#[test]
fn a_fixed_line_may_be_called() {
    assert_eq!(plan(to("+81 3-1234-5678")).dial_string, "900181312345678");
}

#[test]
fn a_wrong_scope_dials_nothing() {
    for over in [to("+821012345678"), domestic("+84912345678")] {
        let decision = decided(&dial(over));
        assert_eq!(
            (decision.verdict, decision.code),
            (Verdict::NeedsPerson, Some(FailureCode::ScopeMismatch))
        );
        assert_eq!(decision.dial_string, None);
        assert_eq!(effects(&decision, RuleId::R1), [RuleEffect::Hold]);
    }
}

#[test]
fn only_digits_reach_the_pbx() {
    for extension in ["1", "12345678901", "1001&PJSIP/1002", "", "１００１"] {
        let decision = decided(&dial(json!({ "agent": { "extension": extension } })));
        assert_eq!(
            (decision.verdict, decision.code),
            (Verdict::NeedsPerson, Some(FailureCode::WrongShape)),
            "{extension}"
        );
    }
    for number in ["9111&PJSIP/1002", "9111;x", "84912345678#", "*86"] {
        assert_eq!(decided(&dial(to(number))).code, Some(FailureCode::InvalidNumber), "{number}");
    }
}

#[test]
fn a_click_is_fresh_for_half_a_minute_and_then_rings_nobody() {
    let clicked = |seconds: i64, over: Value| {
        let mut job = json!({ "clicked_at": Timestamp(NOW.0 - time::Duration::seconds(seconds)) });
        merge(&mut job, over);
        decided(&dial(job))
    };
    for (age_s, fresh) in [(-5, true), (0, true), (29, true), (30, false), (3_600, false)] {
        let decision = clicked(age_s, json!({}));
        let expected =
            if fresh { (Verdict::Send, None) } else { (Verdict::Reject, Some(FailureCode::StaleClick)) };
        assert_eq!((decision.verdict, decision.code), expected, "{age_s} s");
        assert_eq!(decision.plan.is_some(), fresh, "{age_s} s");
    }
    let for_later = clicked(600, json!({ "not_before": Timestamp(NOW.0 - time::Duration::seconds(10)) }));
    assert_eq!(for_later.verdict, Verdict::Send, "a call for later is as fresh as its time");
    let patient = rulebook_of("dial.click_fresh_s = 7200");
    let old = json!({ "clicked_at": Timestamp(NOW.0 - time::Duration::seconds(3_600)) });
    assert_eq!(decide(&dial(old), &patient, NOW).verdict, Verdict::Send);
}

#[test]
fn a_call_carries_the_moment_from_which_it_may_ring_nobody_any_more() {
    let clicked_at = Timestamp(NOW.0 - time::Duration::seconds(20));
    let fresh_until = |over| plan(over).fresh_until;
    assert_eq!(fresh_until(json!({})), None, "without a click nobody knows");
    assert_eq!(fresh_until(json!({ "clicked_at": clicked_at })), Some(clicked_at.later_by_s(30)));
    let not_before = Timestamp(NOW.0 - time::Duration::seconds(5));
    let for_later = json!({ "clicked_at": clicked_at, "not_before": not_before });
    assert_eq!(fresh_until(for_later), Some(not_before.later_by_s(30)));
    let (soon, late) = (NOW.later_by_s(5), NOW.later_by_s(3_600));
    assert_eq!(fresh_until(json!({ "expires_at": late })), Some(late), "too late from then on");
    for (expires_at, until) in [(soon, soon), (late, clicked_at.later_by_s(30))] {
        let both = json!({ "clicked_at": clicked_at, "expires_at": expires_at });
        assert_eq!(fresh_until(both), Some(until), "whichever comes first");
    }
}

#[test]
fn a_click_in_the_future_rings_nobody_beyond_what_two_clocks_may_differ() {
    for (ahead_s, rings) in [(60, true), (61, false), (9 * 3_600, false)] {
        let clicked_at = Timestamp(NOW.0 + time::Duration::seconds(ahead_s));
        let decision = decided(&dial(json!({ "clicked_at": clicked_at })));
        let expected =
            if rings { (Verdict::Send, None) } else { (Verdict::Reject, Some(FailureCode::ClickInFuture)) };
        assert_eq!((decision.verdict, decision.code), expected, "{ahead_s} s");
    }
}
