use closure_contract::{
    FailureCode, Generation, JobId,
    facts::{
        PersonalData,
        caps::{CapKey, CapLimit},
    },
};
use closure_store::{CapGrant, Contact, Store, StoreError, Tried};

use crate::support::{accepted, claim, claim_granted, new_job, run, settle, settlement};

const FAILED: FailureCode = FailureCode::ProviderUnavailable;

/// In the order of the caps, which is not that of the counters' names.
fn limits(number: &str, count: u32) -> Vec<CapLimit> {
    let keys = [
        CapKey::Number(PersonalData(number.to_owned())),
        CapKey::Prefix(PersonalData("8490".to_owned())),
        CapKey::Country(84),
        CapKey::Fleet,
    ];
    keys.into_iter().map(|key| CapLimit { key, count, window_ms: 604_800_000 }).collect()
}

async fn tried(store: &Store) -> Tried {
    let (lease, attempt) = claim_granted(store, claim(new_job())).await;
    Tried { job_id: lease.job_id, generation: Generation::FIRST, attempt }
}

async fn counted(store: &Store, job_id: JobId, limits: Vec<CapLimit>) -> Result<Contact, StoreError> {
    match store.count_contact(job_id, limits).await? {
        CapGrant::Granted(contact) => Ok(contact),
        CapGrant::Reached(used) => panic!("{used:?}"),
    }
}

async fn counted_and_given_back(store: Store, number: String) -> Result<(), StoreError> {
    for _ in 0..40 {
        let tried = tried(&store).await;
        let contact = counted(&store, tried.job_id, limits(&number, 1_000_000)).await?;
        store.give_back(tried, FAILED, &contact).await?;
    }
    Ok(())
}

#[test]
fn contacts_that_are_counted_and_given_back_at_the_same_time_wait_for_nobody_in_a_circle() {
    run(async |database| {
        let tasks: Vec<_> = (0..8)
            .map(|worker| {
                tokio::spawn(counted_and_given_back(database.store(), format!("8490123450{worker}")))
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.expect("no task panics"), Ok(()));
        }
        let left = database.store().count_contact(new_job(), limits("84901234500", 1)).await;
        assert!(matches!(left, Ok(CapGrant::Granted(_))), "each of them was given back: {left:?}");
    });
}

#[test]
fn a_contact_whose_return_lost_its_answer_is_given_back_once_and_none_is_while_its_try_is_in_doubt_or_done() {
    run(async |database| {
        let store = database.store();
        let (number, used) = ("84901234567", "84901234568");
        for _ in 0..2 {
            counted(&store, new_job(), limits(number, 3)).await.expect("the database answers");
        }
        let failed = tried(&store).await;
        let contact = counted(&store, failed.job_id, limits(number, 3)).await.expect("the database answers");
        for _ in 0..3 {
            store.give_back(failed, FAILED, &contact).await.expect("the database answers");
        }
        counted(&store, new_job(), limits(number, 3)).await.expect("the database answers");
        let fourth = store.count_contact(new_job(), limits(number, 3)).await.expect("the database answers");
        assert!(matches!(fourth, CapGrant::Reached(_)), "three are on their way: {fourth:?}");

        let (lease, attempt) = claim_granted(&store, claim(new_job())).await;
        let done = Tried { job_id: lease.job_id, generation: Generation::FIRST, attempt };
        let contact = counted(&store, done.job_id, limits(used, 4)).await.expect("the database answers");
        settle(&store, settlement(lease, attempt, accepted("ref", 1_000))).await;
        store.give_back(done, FAILED, &contact).await.expect("the database answers");
        let more = store.count_contact(new_job(), limits(used, 1)).await.expect("the database answers");
        assert!(matches!(more, CapGrant::Reached(_)), "what was sent counts: {more:?}");
    });
}
