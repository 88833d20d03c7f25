//! Too early, too late, and twice.

use closure_contract::FailureCode;
use closure_store::DeliveryState;
use closure_tests::harness::{
    jobs::TEXT,
    kride::{journey, row, walk},
};

#[test]
fn a_job_that_is_too_late_is_not_sent_and_no_email_either() {
    journey(async |fleet| {
        let ended = walk(fleet, "too-late").await;
        assert_eq!(ended.story().state, DeliveryState::Expired);
        assert!(ended.story().tries.is_empty());
        assert!(ended.fallback.is_none());
    });
}

#[test]
fn a_job_that_is_too_early_waits_in_the_broker_and_is_sent_then() {
    journey(async |fleet| {
        let begin = closure_contract::Timestamp::now().0;
        let ended = walk(fleet, "not-before").await;
        let waited = ended.text().at - begin;
        assert!(waited.whole_milliseconds() >= 2_900, "it was sent after {waited}");
        assert_eq!(ended.outcome("sms.delivered").attempts, 1);
    });
}

#[test]
fn the_same_job_twice_is_sent_once_and_told_once() {
    journey(async |fleet| {
        let ended = walk(fleet, "duplicate-job").await;
        assert_eq!(ended.story().tries.len(), 1);
    });
}

#[test]
fn a_job_id_used_again_with_other_content_changes_nothing_and_is_kept_for_a_person() {
    journey(async |fleet| {
        let ended = walk(fleet, "job-id-reused").await;
        assert_eq!(ended.text().text, TEXT, "the first content stands");
        let letter = ended.letter();
        let second = row("job-id-reused")["publish"][1]["job"].to_string();
        assert_eq!(letter.body, second.as_bytes(), "the other content is kept byte by byte");
        assert_eq!(ended.outcome("sms.refused").code, Some(FailureCode::JobIdConflict));
        assert_ne!(
            ended.outcome("sms.refused").outcome_id,
            ended.outcome("sms.delivered").outcome_id,
            "they are two different statements"
        );
    });
}
