use closure_contract::{AttemptNumber, FailureCode, Generation};
use closure_store::{Claim, DeliveryState, Ending, Grant, NewClaim, NewPostponement};

use crate::support::{accepted, claim, claim_granted, new_job, run, settle, settlement};

#[test]
fn a_delivery_remembers_since_when_it_is_put_off_until_a_try_comes_to_another_end() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let put_off = || Ending::GivenBack {
            code: Some(FailureCode::MailServerUnavailable),
            detail: "down".to_owned(),
        };
        let postponed_ms =
            async |claim: NewClaim| match store.claim(claim).await.expect("the database answers") {
                Claim::Granted(Grant { lease, attempt, postponed_ms, .. }) => (lease, attempt, postponed_ms),
                other => panic!("{other:?}"),
            };
        let (lease, attempt, first) = postponed_ms(claim(job)).await;
        assert_eq!(first, 0);
        settle(&store, settlement(lease, attempt, put_off())).await;
        // As if an hour had passed.
        database.execute("UPDATE delivery SET postponed_since = postponed_since - interval '1 hour'").await;
        let [jobs] = &store.postponed(60_000).await.expect("the database answers")[..] else { panic!("one") };
        assert_eq!((jobs.code, jobs.count), (FailureCode::MailServerUnavailable, 1));
        assert_eq!(store.postponed(2 * 3_600_000).await, Ok(vec![]), "not for so long");
        let (lease, attempt, second) = postponed_ms(claim(job)).await;
        settle(&store, settlement(lease, attempt, put_off())).await;
        let (lease, attempt, third) = postponed_ms(claim(job)).await;
        assert!(second >= 3_600_000 && third >= second, "{second} {third}: putting off goes on");
        let waiting = Ending::Waiting { code: FailureCode::MailDeferred, detail: "451".to_owned() };
        settle(&store, settlement(lease, attempt, waiting)).await;
        let (_, _, fourth) = postponed_ms(NewClaim { attempt: AttemptNumber(2), ..claim(job) }).await;
        assert_eq!(fourth, 0, "a try was made");
        assert_eq!(store.postponed(0).await, Ok(vec![]));
    });
}

#[test]
fn a_job_that_nobody_has_claimed_is_put_off_since_the_first_time_and_claimed_all_the_same() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let asked = claim(job);
        let put_off = async |generation| {
            let new = NewPostponement {
                job_id: job,
                channel: asked.channel,
                kind: asked.kind.clone(),
                consultation_id: asked.consultation_id.clone(),
                revision: asked.revision,
                generation,
                body: asked.body.clone(),
                source_job_id: None,
                traceparent: None,
                code: FailureCode::FleetCapReached,
                detail: "all are used".to_owned(),
            };
            store.put_off(new).await.expect("the database answers")
        };
        assert_eq!(put_off(Generation::FIRST).await, Some(0));
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        assert_eq!((story.state, story.code), (DeliveryState::Pending, Some(FailureCode::FleetCapReached)));
        database.execute("UPDATE delivery SET postponed_since = postponed_since - interval '1 hour'").await;
        assert!(put_off(Generation::FIRST).await >= Some(3_600_000));
        assert_eq!(put_off(Generation(2)).await, None, "the claim tells of a generation that nobody made");
        let (lease, attempt) = claim_granted(&store, asked.clone()).await;
        assert!(put_off(Generation::FIRST).await.is_some(), "it is being tried");
        settle(&store, settlement(lease, attempt, accepted("ref-1", 60_000))).await;
        assert_eq!(put_off(Generation::FIRST).await, None, "it has come through");
    });
}
