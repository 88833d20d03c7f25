//! The times of a job: not before, and not after (B1).

use closure_contract::{Facts, FailureCode, Job, RuleEffect, RuleId, Timestamp};

use crate::{findings::Findings, words::words};

/// No job waits for longer: a later time is a mistake, such as the largest one that a program can write.
const WAIT_DAYS_MAX: i64 = 366;
const DAY_S: i64 = 24 * 60 * 60;

/// B1: an answer that comes too late is none, whatever else there is to say about it, and one that would come too late
/// whenever it is sent waits for a person who knows what was meant.
pub(crate) fn check(job: &Job, now: Timestamp, findings: &mut Findings) {
    let (not_before, expires_at) = (job.not_before(), job.expires_at());
    match (not_before, expires_at) {
        (_, Some(expires_at)) if expires_at <= now => {
            let detail =
                words!("it was too late from {expires_at} on", "보낼 시한({expires_at})이 지났습니다");
            let facts = Facts { expires_at: Some(expires_at), ..Facts::default() };
            findings.refuse_with(RuleId::B1, FailureCode::Expired, detail, facts);
        }
        (Some(not_before), Some(expires_at)) if not_before >= expires_at => {
            let detail = words!(
                "not_before {not_before} is not earlier than expires_at {expires_at}",
                "not_before({not_before})가 expires_at({expires_at})보다 이르지 않습니다"
            );
            let facts =
                Facts { not_before: Some(not_before), expires_at: Some(expires_at), ..Facts::default() };
            findings.refuse_with(RuleId::B1, FailureCode::NeverInTime, detail, facts);
        }
        (_, Some(expires_at)) => {
            let detail = words!("in time until {expires_at}", "시한({expires_at}) 전입니다");
            findings.note(RuleId::B1, RuleEffect::Pass, detail);
        }
        (_, None) => {}
    }
    if not_before.is_some_and(|not_before| (not_before.0 - now.0).whole_seconds() > WAIT_DAYS_MAX * DAY_S) {
        let detail = words!(
            "not_before is more than {WAIT_DAYS_MAX} days away",
            "not_before가 {WAIT_DAYS_MAX}일보다 멉니다"
        );
        let facts = Facts { not_before, ..Facts::default() };
        findings.refuse_with(RuleId::B1, FailureCode::NotBeforeTooFar, detail, facts);
    }
}

/// B1: puts a job off whose time has not come.
pub(crate) fn postpone(job: &Job, now: Timestamp, findings: &mut Findings) {
    if let Some(until) = job.not_before().filter(|not_before| *not_before > now) {
        let detail = words!("not before {until}", "{until} 전에는 발송하지 않습니다");
        findings.postpone(RuleId::B1, until, None, detail, Facts::default());
    }
}
