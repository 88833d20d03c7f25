use closure_contract::{
    Evidence, FailureCode, Generation, JobId, ReceiptStatus, Timestamp,
    facts::{PersonalData, recipients::Recipient},
};
use closure_store::{
    AttemptUse, BounceEffect, Bounced, DeliveryState, FinalState, ListChange, NewBounce, NewClaim,
    NewSuppression, Store, SuppressionSource,
};
use time::OffsetDateTime;

use crate::support::{claim, claim_granted, final_state, new_job, run, settle, settlement};

fn hard() -> NewSuppression {
    NewSuppression {
        recipient: Recipient::Email(PersonalData("kim@example.com".to_owned())),
        masked: "k***@example.com".to_owned(),
        source: SuppressionSource::HardBounce,
        actor: "the test".to_owned(),
        reason: "5.1.1".to_owned(),
    }
}

fn bounce(job_id: JobId, report_id: &str, effect: BounceEffect) -> NewBounce {
    NewBounce {
        job_id,
        generation: Generation::FIRST,
        report_id: report_id.to_owned(),
        status: ReceiptStatus::Undelivered,
        provider_code: Some("5.1.1".to_owned()),
        occurred_at: None,
        received_at: Timestamp(OffsetDateTime::UNIX_EPOCH),
        effect,
    }
}

fn undelivered(job: JobId, report_id: &str) -> NewBounce {
    let effect = BounceEffect::Undelivered { detail: "it came back".to_owned(), suppress: Some(hard()) };
    bounce(job, report_id, effect)
}

fn email(job: JobId) -> NewClaim {
    NewClaim { channel: closure_contract::Channel::Email, kind: "closure.email/1".to_owned(), ..claim(job) }
}

async fn accepted_mail(store: &Store) -> JobId {
    let job = new_job();
    let (lease, attempt) = claim_granted(store, email(job)).await;
    let taken = final_state(FinalState::Accepted, None, AttemptUse::Spent);
    settle(store, settlement(lease, attempt, taken)).await;
    job
}

#[test]
fn an_accepted_mail_that_comes_back_is_undelivered_once_and_its_recipient_is_listed_in_the_same_commit() {
    run(async |database| {
        let store = database.store();
        let job = accepted_mail(&store).await;
        assert_eq!(store.record_bounce(undelivered(job, "r1")).await, Ok(Bounced::Moved));
        let snapshot = store.snapshot(job).await.expect("it can be read").expect("it is known");
        assert_eq!(snapshot.state, DeliveryState::Undelivered);
        assert_eq!(snapshot.code, Some(FailureCode::MailBounced));
        assert_eq!(
            (snapshot.evidence, snapshot.detail.as_deref()),
            (Evidence::Carrier, Some("it came back"))
        );
        assert_eq!(store.suppress(hard()).await, Ok(ListChange::AsBefore), "it is on the list");
        let owed = "SELECT count(*) FROM owed";
        assert_eq!(database.count(owed).await, 1, "until it was told");
        assert_eq!(store.owed(60_000, 10).await, Ok(vec![job]), "the sweep does not wait for anybody else");
        for report in ["r1", "r2"] {
            assert_eq!(
                store.record_bounce(undelivered(job, report)).await,
                Ok(Bounced::Recorded),
                "{report}"
            );
        }
        assert_eq!(database.count("SELECT count(*) FROM receipt WHERE provider = 'smtp'").await, 2);
        assert_eq!(database.count("SELECT count(*) FROM suppression_action").await, 1);
    });
}

#[test]
fn a_report_that_is_only_recorded_moves_nothing_and_lists_nobody() {
    run(async |database| {
        let store = database.store();
        let job = accepted_mail(&store).await;
        let answer = store.record_bounce(bounce(job, "r1", BounceEffect::Recorded)).await;
        assert_eq!(answer, Ok(Bounced::Recorded));
        assert_eq!(database.count("SELECT count(*) FROM delivery WHERE state = 'accepted'").await, 1);
        assert_eq!(database.count("SELECT count(*) FROM receipt").await, 1);
        assert_eq!(database.count("SELECT count(*) FROM suppression").await, 0);
        assert_eq!(store.record_bounce(undelivered(job, "r2")).await, Ok(Bounced::Moved), "a delay first");
    });
}

#[test]
fn a_report_that_overtakes_the_settlement_is_asked_for_again_and_leaves_no_trace() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, email(job)).await;
        assert_eq!(store.record_bounce(undelivered(job, "r1")).await, Ok(Bounced::NotYet));
        assert_eq!(database.count("SELECT count(*) FROM receipt").await, 0);
        let taken = final_state(FinalState::Accepted, None, AttemptUse::Spent);
        settle(&store, settlement(lease, attempt, taken)).await;
        assert_eq!(store.record_bounce(undelivered(job, "r1")).await, Ok(Bounced::Moved));
    });
}

#[test]
fn a_report_about_an_older_edition_is_only_recorded_and_one_about_nothing_of_ours_is_unknown() {
    run(async |database| {
        let store = database.store();
        let job = accepted_mail(&store).await;
        let newer = NewBounce { generation: Generation(2), ..undelivered(job, "r1") };
        assert_eq!(store.record_bounce(newer).await, Ok(Bounced::Unknown));
        assert_eq!(store.record_bounce(undelivered(new_job(), "r2")).await, Ok(Bounced::Unknown));
        database.execute("UPDATE delivery SET generation = 2").await;
        assert_eq!(store.record_bounce(undelivered(job, "r3")).await, Ok(Bounced::Recorded));
        assert_eq!(database.count("SELECT count(*) FROM suppression").await, 0);
        database.execute("UPDATE delivery SET generation = 1, channel = 'sms'").await;
        assert_eq!(store.record_bounce(undelivered(job, "r4")).await, Ok(Bounced::Unknown));
    });
}

#[test]
fn whoever_reads_reports_learns_whom_a_mail_went_to_whatever_its_body_is() {
    run(async |database| {
        let (store, job) = (database.store(), accepted_mail(&database.store()).await);
        for (body, recipient) in [
            (
                &br#"{"to":{"email":"kim@example.com"},"email":{"text":"a\u0000b"}}"#[..],
                Some("kim@example.com"),
            ),
            ("\u{feff}{\"to\":{\"email\":\"lee@example.com\"}}".as_bytes(), Some("lee@example.com")),
            (br#"{"to":{}}"#, None),
            (br#"{"a":"\\\\u0000\\\u0000","to":{"email":"park@example.com"}}"#, Some("park@example.com")),
            (br#"{"to":{"email":"a\u0000b"}}"#, Some("a\u{fffd}b")),
            (b"no JSON", None),
            (b"\xb0\xed\xb0\xb4", None),
        ] {
            let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
            let update = format!("UPDATE delivery SET body = '\\x{hex}'::bytea WHERE job_id = '{}'", job.0);
            database.execute(&update).await;
            let reported = store.reported_mail(job).await.expect("it answers").expect("it is known");
            assert_eq!(reported.recipient.as_deref(), recipient, "{}", String::from_utf8_lossy(body));
        }
        database.execute("UPDATE delivery SET channel = 'sms'").await;
        let reported = store.reported_mail(job).await.expect("it answers").expect("it is known");
        assert_eq!(reported.recipient, None, "a text message is no mail");
        assert_eq!(store.reported_mail(new_job()).await, Ok(None));
    });
}
