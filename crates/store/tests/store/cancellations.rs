use closure_contract::{Cancel, ConsultationId};
use closure_store::{CANCELLED_JOBS_MAX, CancelledJobs, DeliveryState};
use serde_json::json;
use uuid::Uuid;

use crate::support::{TestDatabase, run};

/// Takes back what was said in a consultation up to a revision.
async fn cancelled(database: &TestDatabase, consultation: &str, revision: u32) -> CancelledJobs {
    let cancel = json!({
        "kind": "closure.cancel/1",
        "cancel_id": Uuid::new_v4(),
        "consultation": { "id": consultation, "revision": revision },
        "agent": { "id": "a-1" },
    });
    let cancel = Cancel::decode(cancel.to_string().as_bytes()).expect("a cancellation");
    let store = database.store();
    store.cancel(&cancel).await.expect("the database answers");
    store.cancelled_jobs(&cancel).await.expect("the database answers")
}

async fn deliveries(database: &TestDatabase, consultation: &ConsultationId, revision: usize, count: usize) {
    database
        .execute(&format!(
            "INSERT INTO delivery
                 (job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash)
             SELECT gen_random_uuid(), 'sms', 'closure.sms/1', '{consultation}', {revision}, 1, 'waiting', 'b', 'h'
             FROM generate_series(1, {count})"
        ))
        .await;
}

fn consultation(id: &str) -> ConsultationId {
    ConsultationId::try_from(id.to_owned()).expect("a short id")
}

#[test]
fn a_cancellation_names_the_jobs_of_its_consultation_up_to_its_revision_and_no_others() {
    run(async |database| {
        assert_eq!(cancelled(database, "C-1", 2).await.jobs, [], "none is known yet");
        for (id, revision) in [("C-1", 1), ("C-1", 2), ("C-1", 3), ("C-2", 1)] {
            deliveries(database, &consultation(id), revision, 1).await;
        }
        let known = cancelled(database, "C-1", 2).await;
        let revisions: Vec<u32> = known.jobs.iter().map(|job| job.revision).collect();
        assert_eq!((revisions, known.complete), (vec![2, 1], true));
        assert!(known.jobs.iter().all(|job| job.state == Some(DeliveryState::Waiting)), "{known:?}");
    });
}

#[test]
fn of_more_jobs_than_are_listed_the_newest_revisions_are_and_that_there_are_more_is_said() {
    run(async |database| {
        let id = consultation("C-1");
        deliveries(database, &id, 2, CANCELLED_JOBS_MAX - 1).await;
        deliveries(database, &id, 1, 1).await;
        assert!(cancelled(database, "C-1", 2).await.complete, "as many as are listed");
        deliveries(database, &id, 1, 1).await;
        let known = cancelled(database, "C-1", 2).await;
        let newest = known.jobs.iter().filter(|job| job.revision == 2).count();
        assert_eq!((known.jobs.len(), newest), (CANCELLED_JOBS_MAX, CANCELLED_JOBS_MAX - 1));
        assert!(!known.complete);
    });
}
