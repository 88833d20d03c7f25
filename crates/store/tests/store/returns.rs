//! Jobs on their way back to their work queue.

use bytes::Bytes;
use closure_contract::Generation;
use closure_store::{JobReturn, Returning};

use crate::support::run;

const TIMES_MAX: u32 = 2;

fn job(body: &'static str) -> JobReturn {
    JobReturn {
        queue: "closure.sms".to_owned(),
        generation: Generation(3),
        body: Bytes::from_static(body.as_bytes()),
    }
}

#[test]
fn a_job_is_given_back_so_often_and_not_once_more() {
    run(async |database| {
        let store = database.store();
        for _ in 0..TIMES_MAX {
            assert_eq!(store.plan_return(&job("a"), TIMES_MAX).await, Ok(Returning::Planned));
            // The dead worker's process died before its ack: the same wish once more.
            assert_eq!(store.plan_return(&job("a"), TIMES_MAX).await, Ok(Returning::Planned));
            assert_eq!(store.due_returns("closure.sms", 10).await, Ok(vec![job("a")]));
            store.returned(&job("a")).await.expect("the database answers");
            assert_eq!(store.due_returns("closure.sms", 10).await, Ok(Vec::new()));
        }
        assert_eq!(store.plan_return(&job("a"), TIMES_MAX).await, Ok(Returning::TooOften));
        assert_eq!(store.due_returns("closure.sms", 10).await, Ok(Vec::new()));
        assert_eq!(store.plan_return(&job("b"), TIMES_MAX).await, Ok(Returning::Planned));
        assert_eq!(store.due_returns("closure.email", 10).await, Ok(Vec::new()), "each channel has its own");
    });
}

#[test]
fn a_wish_forgets_a_few_old_counts_and_waits_for_none_that_another_process_holds() {
    run(async |database| {
        let store = database.store();
        database
            .execute(
                "INSERT INTO job_return (fingerprint, queue, generation, times, updated_at)
                 SELECT sha256(n::text::bytea), 'closure.sms', 1, 1, now() - interval '8 days' - n * interval '1 minute'
                 FROM generate_series(1, 50) AS n",
            )
            .await;
        let another = database.client().await;
        let hold = "BEGIN; SELECT FROM job_return ORDER BY updated_at LIMIT 5 FOR UPDATE";
        another.batch_execute(hold).await.expect("the database answers");
        assert_eq!(store.plan_return(&job("a"), TIMES_MAX).await, Ok(Returning::Planned));
        let old = "SELECT count(*) FROM job_return WHERE body IS NULL";
        assert_eq!(database.count(old).await, 30, "twenty at a time");
        another.batch_execute("ROLLBACK").await.expect("the database answers");
        for wish in ["b", "c"] {
            assert_eq!(store.plan_return(&job(wish), TIMES_MAX).await, Ok(Returning::Planned));
        }
        assert_eq!(database.count(old).await, 0);
    });
}
