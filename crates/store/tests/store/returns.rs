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
