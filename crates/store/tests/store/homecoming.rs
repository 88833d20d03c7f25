use closure_contract::{AttemptNumber, FailureCode, Generation};
use closure_store::{Ending, NewClaim};

use crate::support::{accepted, claim, claim_granted, new_job, run, settle, settlement};

const WAITING: &str = "SELECT count(*) FROM delayed";

#[test]
fn a_job_that_waits_is_missed_once_it_is_overdue_and_no_more_when_it_is_claimed_or_settled() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        store.note_delay(job, Generation::FIRST, 0).await.expect("the database answers");
        assert_eq!(database.count(WAITING).await, 0, "it is in a worker's hand");
        let waiting = Ending::Waiting { code: FailureCode::MailDeferred, detail: "451".to_owned() };
        settle(&store, settlement(lease, attempt, waiting)).await;
        store.note_delay(job, Generation::FIRST, 60_000).await.expect("the database answers");
        assert_eq!(store.not_home(0).await, Ok(vec![]), "it is not due");
        database.execute("UPDATE delayed SET due_at = now() - interval '1 minute'").await;
        assert_eq!(store.not_home(30_000).await, Ok(vec![]), "somebody had it in hand since");
        database.execute("UPDATE delivery SET updated_at = now() - interval '1 hour'").await;
        let [missed] = &store.not_home(30_000).await.expect("the database answers")[..] else {
            panic!("one")
        };
        assert_eq!(missed.count, 1);
        assert_eq!(store.not_home(120_000).await, Ok(vec![]), "not for so long");
        let (lease, attempt) =
            claim_granted(&store, NewClaim { attempt: AttemptNumber(2), ..claim(job) }).await;
        assert_eq!(store.not_home(30_000).await, Ok(vec![]), "it came home");
        settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        assert_eq!(database.count(WAITING).await, 0, "a settlement takes it out");
    });
}

#[test]
fn what_ended_by_another_way_than_a_settlement_is_missed_by_nobody_and_forgotten() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let in_doubt =
            Ending::InDoubt { code: FailureCode::AnswerLost, detail: "lost".to_owned(), lookups: 0 };
        settle(&store, settlement(lease, attempt, in_doubt)).await;
        store.note_delay(job, Generation::FIRST, 0).await.expect("the database answers");
        store.forget_delays().await.expect("the database answers");
        assert_eq!(database.count(WAITING).await, 1, "it still waits");
        database.execute("UPDATE delivery SET state = 'delivered'").await;
        assert_eq!(store.not_home(0).await, Ok(vec![]));
        store.forget_delays().await.expect("the database answers");
        assert_eq!(database.count(WAITING).await, 0);
    });
}
