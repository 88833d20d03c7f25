//! B1: not before, and not after.

use closure_contract::{FailureCode, RuleEffect, RuleId, Timestamp};
use closure_policy::explain::{FallbackEmail, Verdict};
use serde_json::json;
use time::macros::datetime;

use crate::support::{decided, dial, effects, email, sms};

const LATER: &str = "2026-11-22T12:00:01Z";

#[test]
fn a_job_that_comes_too_late_is_expired_on_every_channel_whatever_else_is_wrong_with_it() {
    let now = json!({ "expires_at": "2026-11-22T12:00:00Z" });
    for job in [sms(now.clone()), email(now.clone()), dial(now)] {
        let decision = decided(&job);
        assert_eq!((decision.verdict, decision.code), (Verdict::Reject, Some(FailureCode::Expired)));
        assert_eq!(decision.plan, None);
    }
    let wrong = sms(json!({ "expires_at": "2026-01-01T00:00:00Z", "to": { "phone": { "number": "x" } } }));
    assert_eq!(decided(&wrong).code, Some(FailureCode::Expired));
    assert_eq!(decided(&sms(json!({ "expires_at": LATER }))).verdict, Verdict::Send);
}

#[test]
fn a_job_whose_time_has_not_come_is_postponed_to_it() {
    let decision = decided(&sms(json!({ "not_before": LATER })));
    assert_eq!((decision.verdict, decision.code), (Verdict::Postpone, None));
    assert_eq!(decision.postpone_until, Some(Timestamp(datetime!(2026-11-22 12:00:01 UTC))));
    assert_eq!((decision.plan.is_none(), effects(&decision, RuleId::B1)), (true, vec![RuleEffect::Postpone]));
    assert_eq!(decided(&sms(json!({ "not_before": "2026-11-22T12:00:00Z" }))).verdict, Verdict::Send);
}

#[test]
fn a_job_that_the_rules_refuse_is_not_kept_waiting() {
    let decision = decided(&sms(json!({ "not_before": LATER, "sms": { "text": "★" } })));
    assert_eq!((decision.verdict, decision.postpone_until), (Verdict::Reject, None));
}

#[test]
fn a_job_that_may_not_be_sent_before_it_is_too_late_waits_for_a_person_on_every_channel() {
    for (not_before, expires_at) in [
        ("2026-11-22T13:00:00Z", "2026-11-22T12:30:00Z"),
        ("2026-11-22T13:00:00Z", "2026-11-22T13:00:00Z"),
        // The same moment by two clocks.
        ("2026-11-22T13:00:00Z", "2026-11-22T22:00:00+09:00"),
    ] {
        let times = json!({ "not_before": not_before, "expires_at": expires_at });
        for job in [sms(times.clone()), email(times.clone()), dial(times.clone())] {
            let decision = decided(&job);
            assert_eq!(
                (decision.verdict, decision.code),
                (Verdict::NeedsPerson, Some(FailureCode::NeverInTime))
            );
            assert_eq!(effects(&decision, RuleId::B1), [RuleEffect::Hold, RuleEffect::Postpone]);
            assert!(decision.fallback.is_none_or(|facts| facts.email == FallbackEmail::None));
        }
    }
    let times = json!({ "not_before": LATER, "expires_at": "2026-11-22T12:00:02Z" });
    assert_eq!(decided(&sms(times)).verdict, Verdict::Postpone);
}

#[test]
fn no_job_waits_for_longer_than_a_year() {
    let waits = |not_before: &str| {
        let decision = decided(&sms(json!({ "not_before": not_before })));
        (decision.verdict, decision.code)
    };
    assert_eq!(waits("2027-11-23T12:00:00Z"), (Verdict::Postpone, None));
    let too_far = (Verdict::NeedsPerson, Some(FailureCode::NotBeforeTooFar));
    assert_eq!(waits("2027-11-23T12:00:01Z"), too_far);
    assert_eq!(waits("9999-12-31T23:59:59Z"), too_far);
    for told in [FailureCode::NotBeforeTooFar.remedy(), FailureCode::NotBeforeTooFar.remedy_of_draft()] {
        assert!(told.contains("366 days"), "{told}");
    }
}
