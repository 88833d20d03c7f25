//! The sender that was asked for and the one that a gateway reports (R11, R12), beside each other.

use closure_contract::{Evidence, Generation, JobId, Receipt, ReceiptStatus};
use closure_store::{
    DeliveryFacts, DeliveryState, DeliveryUpdate, Ending, LetterDeed, NewClaim, NewFallback, Snapshot, Store,
};
use serde_json::json;

use crate::support::{accepted, claim, claim_granted, dead, new_job, receipt, run, settle, settlement};

const ASKED: &str = "+82234518120";

fn judged(state: DeliveryState) -> impl Fn(&DeliveryFacts) -> Option<(DeliveryUpdate, ())> + Send + Sync {
    move |_| {
        let (evidence, rules, fallback) = (Evidence::None, json!([]).into(), NewFallback::None);
        Some((DeliveryUpdate { state, code: None, detail: None, evidence, rules, fallback }, ()))
    }
}

/// Records the gateway's word with its sender, and judges it as such.
async fn heard(store: &Store, job: JobId, id: &str, sender: Option<&str>, state: DeliveryState) -> Snapshot {
    let said = Receipt {
        provider_ref: Some("ref".to_owned()),
        reported_sender: sender.map(str::to_owned),
        ..receipt(id, ReceiptStatus::Delivered)
    };
    store.record_receipt(&said).await.expect("the database answers");
    store.evaluate(job, judged(state)).await.expect("the database answers").expect("a verdict").after
}

fn senders(snapshot: &Snapshot) -> (Option<&str>, Option<&str>) {
    (snapshot.sender_asked.as_deref(), snapshot.sender_reported.as_deref())
}

#[test]
fn the_sender_that_a_receipt_names_stands_beside_the_one_asked_for_and_a_told_word_keeps_it() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let (taken, _) = settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
        assert_eq!(senders(&taken), (Some(ASKED), None));
        let on_its_way = heard(&store, job, "a", Some("KRIDE"), DeliveryState::Accepted).await;
        assert_eq!(senders(&on_its_way), (Some(ASKED), Some("KRIDE")), "nothing is told yet");
        let told = heard(&store, job, "b", Some("1069123456"), DeliveryState::Delivered).await;
        assert_eq!(senders(&told), (Some(ASKED), Some("1069123456")), "the latest one");
        assert_eq!(told.words, 1);
        let later = heard(&store, job, "c", Some("NHNcorp"), DeliveryState::Delivered).await;
        assert_eq!((senders(&later), later.words), (senders(&told), 1), "the same word says the same");
        let nameless = heard(&store, job, "d", None, DeliveryState::Delivered).await;
        assert_eq!((senders(&nameless), nameless.words), (senders(&told), 1));
        let story = store.job_history(job).await.expect("the database answers").expect("a delivery");
        let named: Vec<_> = story.receipts.iter().map(|said| said.reported_sender.as_deref()).collect();
        assert_eq!(named, [Some("KRIDE"), Some("1069123456"), Some("NHNcorp"), None]);
        let shown = (story.sender_asked.as_deref(), story.sender_reported.as_deref());
        assert_eq!(shown, (Some(ASKED), Some("1069123456")));
    });
}

#[test]
fn a_look_up_names_the_sender_in_the_settlement_that_follows_from_it() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        let reported_sender = Some("KRIDE".to_owned());
        let found = Ending::Accepted {
            provider_ref: Some("ref".to_owned()),
            receipt_due_in_ms: None,
            reported_sender,
        };
        let (taken, _) = settle(&store, settlement(lease, attempt, found)).await;
        assert_eq!(senders(&taken), (Some(ASKED), Some("KRIDE")));
        let told = heard(&store, job, "a", None, DeliveryState::Delivered).await;
        assert_eq!(senders(&told), (Some(ASKED), Some("KRIDE")), "a receipt without one takes nothing away");
    });
}

#[test]
fn a_new_generation_has_had_no_sender_until_its_own_is_asked_for() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let (lease, attempt) = claim_granted(&store, claim(job)).await;
        settle(&store, settlement(lease, attempt, dead())).await;
        let letters = store.dead_letters(Default::default()).await.expect("the database answers");
        let replay = store
            .begin_replay(letters[0].id, LetterDeed::of("kim", "again"), None)
            .await
            .expect("it is open");
        let before = store.snapshot(job).await.expect("the database answers").expect("a delivery");
        assert_eq!((before.generation, senders(&before)), (Generation(2), (None, None)));
        let other = Some("KRIDE".to_owned());
        let again = NewClaim { generation: replay.generation, sender_asked: other, ..claim(job) };
        claim_granted(&store, again).await;
        let after = store.snapshot(job).await.expect("the database answers").expect("a delivery");
        assert_eq!(senders(&after), (Some("KRIDE"), None));
    });
}
