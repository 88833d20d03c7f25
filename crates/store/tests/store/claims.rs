use bytes::Bytes;
use closure_contract::{AttemptNumber, Channel, ClientRef, FailureCode, Generation, JobId, Provider};
use closure_store::{AttemptUse, Claim, DeliveryState, Doubt, Ending, FinalState, Grant, NewClaim, Store};

use crate::support::{
    accepted, claim, claim_granted, final_state, in_doubt, new_job, run, settle, settled, settlement,
};

async fn ask(store: &Store, claim: NewClaim) -> Claim {
    store.claim(claim).await.expect("the database answers")
}

fn second_try(job: JobId) -> NewClaim {
    NewClaim { attempt: AttemptNumber(2), ..claim(job) }
}

fn waiting() -> Ending {
    Ending::Waiting { code: FailureCode::ProviderFault, detail: "500".to_owned() }
}

#[test]
fn a_claim_that_is_asked_again_under_its_own_name_is_granted_as_before_and_leaves_one_attempt() {
    run(async |database| {
        let store = database.store();
        let asked = claim(new_job());
        let (first, attempt) = claim_granted(&store, asked.clone()).await;
        let (again, same) = claim_granted(&store, asked.clone()).await;
        assert_eq!((again, same), (first, attempt), "its answer was lost, and nothing was sent meanwhile");
        assert_eq!(database.count("SELECT count(*) FROM attempt").await, 1);
        let another = store.claim(claim(asked.job_id)).await.expect("the database answers");
        assert!(matches!(another, Claim::Leased { .. }), "{another:?}");
    });
}

#[test]
fn a_new_job_is_granted_and_its_attempt_is_on_record_before_anything_is_sent() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let answer = ask(&store, claim(job)).await;
        let Claim::Granted(Grant { lease, attempt, client_ref, rendered, .. }) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!((lease.job_id, attempt, rendered), (job, AttemptNumber::FIRST, None));
        assert_eq!(client_ref, ClientRef::of(job, Generation::FIRST, attempt));
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(story.state, DeliveryState::Sending);
        assert_eq!(story.tries.len(), 1);
        assert_eq!((story.tries[0].client_ref, story.tries[0].state.as_str()), (client_ref, "sending"));
    });
}

#[test]
fn of_many_claims_of_one_job_exactly_one_is_granted() {
    run(async |database| {
        let (ours, theirs, job) = (database.store(), database.store(), new_job());
        let claims = (0..64).map(|number| {
            let store = if number % 2 == 0 { ours.clone() } else { theirs.clone() };
            tokio::spawn(async move { store.claim(claim(job)).await.expect("the database answers") })
        });
        let answers = futures::future::join_all(claims).await;
        let (mut granted, mut held) = (0, 0);
        for answer in answers {
            match answer.expect("a claim does not panic") {
                Claim::Granted { .. } => granted += 1,
                Claim::Leased { remaining_ms } => {
                    assert!(remaining_ms > 0 && remaining_ms <= 60_000, "{remaining_ms}");
                    held += 1;
                }
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((granted, held), (1, 63));
    });
}

#[test]
fn a_try_whose_lease_is_over_is_reconciled_and_never_sent_blindly() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let first =
            ask(&store, NewClaim { lease_ms: 0, rendered: Some(Bytes::from("mail")), ..claim(job) }).await;
        let Claim::Granted(Grant { lease: old, client_ref: first_ref, .. }) = first else {
            panic!("{first:?}")
        };
        let answer = ask(&store, claim(job)).await;
        let Claim::Reconcile(
            Grant { lease, attempt, client_ref, rendered, .. },
            Doubt { lookups, resends, .. },
        ) = answer
        else {
            panic!("{answer:?}")
        };
        assert_ne!(lease.token, old.token);
        assert_eq!((attempt, client_ref, lookups, resends), (AttemptNumber::FIRST, first_ref, 0, 0));
        assert_eq!(rendered, Some(Bytes::from("mail")));
        assert!(
            matches!(ask(&store, claim(job)).await, Claim::Leased { .. }),
            "the finder holds the lease now"
        );
    });
}

#[test]
fn a_delivery_in_doubt_is_reconciled_by_whichever_message_comes() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, in_doubt(3))).await;
        let answer = ask(&store, second_try(job)).await;
        assert!(
            matches!(
                answer,
                Claim::Reconcile(Grant { attempt: AttemptNumber(1), .. }, Doubt { lookups: 3, .. })
            ),
            "{answer:?}"
        );
    });
}

#[test]
fn a_retry_is_granted_to_the_message_that_asks_for_it_and_the_older_one_hears_that_it_is_scheduled() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let rendered = NewClaim { rendered: Some(Bytes::from("first")), ..claim(job) };
        let (lease, attempt) = claim_granted(&store, rendered).await;
        settle(&store, settlement(lease, attempt, waiting())).await;
        assert_eq!(ask(&store, claim(job)).await, Claim::Scheduled { next: AttemptNumber(2) });
        let again = NewClaim { rendered: Some(Bytes::from("second")), ..second_try(job) };
        let answer = ask(&store, again).await;
        let Claim::Granted(Grant { attempt, client_ref, rendered, .. }) = answer else {
            panic!("{answer:?}")
        };
        assert_eq!((attempt, rendered), (AttemptNumber(2), Some(Bytes::from("first"))));
        assert_eq!(client_ref, ClientRef::of(job, Generation::FIRST, AttemptNumber(2)));
    });
}

#[test]
fn a_job_that_was_settled_answers_with_everything_that_its_outcome_needs() {
    run(async |database| {
        let store = database.store();
        for (ending, state) in [
            (accepted("r", 60_000), DeliveryState::Accepted),
            (
                final_state(FinalState::Expired, Some(FailureCode::Expired), AttemptUse::GivenBack),
                DeliveryState::Expired,
            ),
            (crate::support::dead(), DeliveryState::Dead),
        ] {
            let before = settled(&store, ending).await;
            let answer = ask(&store, claim(before.job_id)).await;
            let Claim::Settled(snapshot) = answer else { panic!("{answer:?}") };
            assert_eq!((snapshot.state, &snapshot.body), (state, &claim(before.job_id).body));
            assert_eq!(*snapshot, before);
        }
    });
}

#[test]
fn other_bytes_under_the_same_job_id_are_a_conflict_whatever_became_of_the_first() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let other = NewClaim { body: Bytes::from("other"), ..claim(job) };
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        assert_eq!(ask(&store, other.clone()).await, Claim::Conflict);
        settle(&store, settlement(lease, attempt, accepted("r", 1))).await;
        assert_eq!(ask(&store, other).await, Claim::Conflict);
        let unmade = NewClaim { generation: Generation(2), ..claim(job) };
        assert_eq!(ask(&store, unmade).await, Claim::Conflict, "no replay made this generation");
    });
}

#[test]
fn a_message_of_an_older_generation_is_stale() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        claim_granted(&store, NewClaim { generation: Generation(2), ..claim(job) }).await;
        assert_eq!(ask(&store, claim(job)).await, Claim::Stale { generation: Generation(2) });
    });
}

#[test]
fn a_second_fallback_of_one_sms_is_a_conflict_and_harms_nobody_in_its_batch() {
    run(async |database| {
        let (store, source) = (database.store(), new_job());
        let email = |job| NewClaim {
            channel: Channel::Email,
            kind: "closure.email/1".to_owned(),
            provider: Provider::Smtp,
            source_job_id: Some(source),
            ..claim(job)
        };
        claim_granted(&store, email(source.fallback_email())).await;
        assert_eq!(ask(&store, email(new_job())).await, Claim::Conflict);
    });
}

#[test]
fn a_given_back_attempt_leaves_no_row_and_its_number_is_claimed_again() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let given_back = || Ending::GivenBack {
            code: Some(FailureCode::ProviderThrottled),
            detail: "breaker open".to_owned(),
        };
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let (snapshot, _) = settle(&store, settlement(lease, attempt, given_back())).await;
        assert_eq!((snapshot.state, snapshot.attempts), (DeliveryState::Pending, 0));
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, waiting())).await;
        let (lease, attempt) = claim_granted(&store, second_try(job)).await;
        let (snapshot, _) = settle(&store, settlement(lease, attempt, given_back())).await;
        assert_eq!((snapshot.state, snapshot.attempts), (DeliveryState::Waiting, 1));
        assert_eq!(claim_granted(&store, second_try(job)).await.1, AttemptNumber(2));
        assert_eq!(database.count("SELECT count(*) FROM attempt").await, 2);
    });
}
