use closure_contract::{JobId, Provider};
use closure_store::Store;

use crate::support::{accepted, run, settled};

const BEFORE_MS: u64 = 60_000;

async fn unheard(store: &Store) -> Vec<JobId> {
    let texts = store.unheard(BEFORE_MS, Provider::Nhn, 10).await.expect("the database answers");
    texts.into_iter().map(|text| text.job_id).collect()
}

#[test]
fn a_text_is_asked_about_once_when_its_receipt_is_nearly_overdue_and_not_before() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 100_000)).await.job_id;
        assert_eq!(unheard(&store).await, vec![], "there is more than half of its time left");
        database.execute("UPDATE delivery SET accepted_at = accepted_at - interval '60 s', receipt_due_at = receipt_due_at - interval '60 s', look_at = look_at - interval '60 s'").await;
        assert_eq!(unheard(&store).await, vec![job]);
        assert_eq!(unheard(&store).await, vec![], "one process has it");
        database.execute("UPDATE delivery SET inquire_after = inquire_after - interval '1 minute'").await;
        assert_eq!(unheard(&store).await, vec![job], "whoever died with it leaves it to the next");
        store.answered(&[job]).await.expect("the database answers");
        assert_eq!(unheard(&store).await, vec![], "the gateway has answered");
        database.execute("UPDATE delivery SET accepted_at = now() - interval '1 hour', look_at = now() + interval '10 minutes', receipt_due_at = now() + interval '10 minutes', inquire_after = now()").await;
        let early = store.unheard(3_600_000, Provider::Nhn, 10).await.expect("the database answers");
        assert_eq!(early.len(), 1);
        store.answered(&[job]).await.expect("the database answers");
        let again = "UPDATE delivery SET inquire_after = now() WHERE inquire_after = receipt_due_at - interval '2 minutes'";
        database.execute(again).await;
        assert_eq!(unheard(&store).await, vec![], "ten minutes are left");
        let late = store.unheard(3_600_000, Provider::Nhn, 10).await.expect("the database answers");
        assert_eq!(late.len(), 1, "what was on its way is asked about once more, two minutes before");
    });
}

#[test]
fn nobody_is_asked_about_what_is_overdue_heard_of_or_at_another_gateway() {
    run(async |database| {
        let store = database.store();
        settled(&store, accepted("ref", 1_000)).await;
        database.execute("UPDATE delivery SET accepted_at = now() - interval '1 hour'").await;
        let none = store.unheard(BEFORE_MS, Provider::Twilio, 10).await.expect("the database answers");
        assert_eq!(none, vec![]);
        database.execute("UPDATE delivery SET receipt_due_at = now()").await;
        assert_eq!(unheard(&store).await, vec![], "silence counts by now");
        database
            .execute("UPDATE delivery SET receipt_due_at = now() + interval '1 s', state = 'delivered'")
            .await;
        assert_eq!(unheard(&store).await, vec![], "it was heard of");
    });
}
