use closure_contract::{JobId, Provider};
use closure_store::{Claim, Grant, Lease, NewClaim, Renewal, Store};

use crate::support::{accepted, claim, claim_granted, in_doubt, new_job, run, settle, settlement};

/// Longer than any test.
const LONG_MS: u64 = 600_000;

/// A granted lease of so many milliseconds.
async fn granted(store: &Store, job: JobId, lease_ms: u64) -> Lease {
    claim_granted(store, NewClaim { lease_ms, ..claim(job) }).await.0
}

async fn ask(store: &Store, job: JobId) -> Claim {
    store.claim(claim(job)).await.expect("the database answers")
}

async fn renew(store: &Store, leases: &[Lease]) -> Vec<Renewal> {
    store.renew(leases, LONG_MS).await.expect("the database answers")
}

#[test]
fn a_batch_of_leases_lasts_for_its_whole_length_again_whatever_the_order_is() {
    run(async |database| {
        let store = database.store();
        let mut leases = Vec::new();
        for _ in 0..20 {
            leases.push(granted(&store, new_job(), 60_000).await);
        }
        assert_eq!(renew(&store, &leases).await, vec![Renewal::Renewed; 20]);
        for lease in leases {
            let answer = ask(&store, lease.job_id).await;
            let Claim::Leased { remaining_ms } = answer else { panic!("{answer:?}") };
            assert!(remaining_ms > 60_000, "{remaining_ms} ms are left");
        }
        assert_eq!(renew(&store, &[]).await, vec![], "nothing is asked for nothing");
    });
}

#[test]
fn a_lease_that_another_took_over_is_lost_and_theirs_is_not_prolonged() {
    run(async |database| {
        let (store, job, other) = (database.store(), new_job(), new_job());
        let ours = granted(&store, job, 0).await;
        let answer = store.claim(NewClaim { lease_ms: 60_000, ..claim(job) }).await;
        let Ok(Claim::Reconcile { .. }) = answer else { panic!("{answer:?}") };
        let kept = granted(&store, other, 60_000).await;
        let nobodys = Lease { job_id: new_job(), token: ours.token };
        assert_eq!(
            renew(&store, &[ours, kept, nobodys]).await,
            [Renewal::Lost, Renewal::Renewed, Renewal::Lost],
            "each lease is answered for itself, in the order of the question"
        );
        let answer = ask(&store, job).await;
        let Claim::Leased { remaining_ms } = answer else { panic!("{answer:?}") };
        assert!(remaining_ms <= 60_000, "the one who took it over has {remaining_ms} ms, as it asked");
    });
}

#[test]
fn a_lease_that_is_over_is_its_holders_again_where_nobody_took_it_over() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let lease = granted(&store, job, 0).await;
        assert_eq!(renew(&store, &[lease]).await, [Renewal::Renewed]);
        let answer = ask(&store, job).await;
        assert!(matches!(answer, Claim::Leased { .. }), "{answer:?}");
    });
}

#[test]
fn a_lease_is_lost_with_its_settlement_and_renewing_it_changes_nothing() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, in_doubt(1))).await;
        assert_eq!(renew(&store, &[lease]).await, [Renewal::Lost]);
        let answer = ask(&store, job).await;
        let Claim::Reconcile(Grant { lease: finder, .. }, _) = answer else {
            panic!("nobody holds it: {answer:?}")
        };
        assert_eq!(renew(&store, &[finder]).await, [Renewal::Renewed], "who finds out keeps it likewise");
        let resent = store.resend(finder, Provider::Nhn, 0).await.expect("the database answers");
        let (second, _) = resent.expect("the lease is ours");
        assert_eq!(renew(&store, &[finder]).await, [Renewal::Renewed], "and so does who sends again");
        settle(&store, settlement(finder, second, accepted("ref", 1_000))).await;
        let before = database.count("SELECT count(*) FROM delivery WHERE lease_until IS NOT NULL").await;
        assert_eq!((renew(&store, &[finder]).await, before), (vec![Renewal::Lost], 0));
        assert_eq!(database.count("SELECT count(*) FROM delivery WHERE lease_until IS NOT NULL").await, 0);
    });
}

#[test]
fn a_delivery_that_somebody_works_on_keeps_no_other_lease_waiting() {
    run(async |database| {
        let store = database.store();
        let (busy, free) = (new_job(), new_job());
        let leases = [granted(&store, busy, 60_000).await, granted(&store, free, 60_000).await];
        let person = database.client().await;
        let lock = format!("BEGIN; SELECT FROM delivery WHERE job_id = '{busy}' FOR UPDATE");
        person.batch_execute(&lock).await.expect("a lock");
        assert_eq!(renew(&store, &leases).await, [Renewal::Busy, Renewal::Renewed]);
        person.batch_execute("ROLLBACK").await.expect("the lock is gone");
        assert_eq!(renew(&store, &leases).await, [Renewal::Renewed, Renewal::Renewed]);
    });
}
