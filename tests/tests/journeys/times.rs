//! Too early, too late, and twice.

use closure_contract::{Channel, FailureCode, topology::DelayStep};
use closure_store::DeliveryState;
use closure_tests::harness::{
    Fleet, FleetOptions, LONG, eventually,
    jobs::{self, TEXT},
    kride::{journey, row, walk},
    run,
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
        assert_eq!(ended.outcome("sms.refused").word, 0, "the first one's own word holds");
        assert_ne!(
            ended.outcome("sms.refused").outcome_id,
            ended.outcome("sms.delivered").outcome_id,
            "they are two different statements"
        );
    });
}

#[test]
fn a_text_at_night_waits_in_the_broker_and_costs_no_try_and_no_email() {
    run(async {
        let now = closure_contract::Timestamp::now().0.to_offset(time::macros::offset!(+8));
        let clock = |at: time::OffsetDateTime| format!("{:02}:{:02}", at.hour(), at.minute());
        let rules = format!(
            "[quiet_hours]\nchannels = [\"sms\"]\nfrom = \"{}\"\nuntil = \"{}\"\n",
            clock(now - time::Duration::hours(1)),
            clock(now + time::Duration::hours(3))
        );
        let fleet = Fleet::start(FleetOptions::together("quiet-hours").rules(&rules)).await;
        let job = jobs::sms("+85251231001", "quiet@example.com");
        let id = fleet.publish(&job).await;
        eventually("the text to wait in the broker", LONG, || async {
            match fleet.depth(DelayStep::Hours1.exchange(Channel::Sms)).await {
                1 => Ok(()),
                other => Err(format!("{other} messages wait for an hour")),
            }
        })
        .await;
        let file = fleet.file("night.json", job.to_string().as_bytes());
        let answer = fleet.cli(&["--json", "explain", &file]).await.with_code(0).json();
        assert_eq!((&answer["verdict"], &answer["code"]), (&"postpone".into(), &"quiet_hours".into()));
        assert!(fleet.sms.sent_to("85251231001").is_empty() && fleet.smtp.mails().is_empty());
        assert!(fleet.story(id).await.is_none(), "nothing was claimed for it");
        assert!(fleet.outcomes.of(id).is_empty() && fleet.letters().await.is_empty());
        // The text waits for its morning, so that not every queue is empty in the end.
        for process in ["workers", "intake"] {
            fleet.stop_process(process).await;
        }
        fleet.nothing_personal_is_logged();
    });
}
