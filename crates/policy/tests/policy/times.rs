//! B1: not before, and not after.

use closure_contract::{FailureCode, RuleEffect, RuleId, Timestamp};
use closure_policy::explain::Verdict;
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
