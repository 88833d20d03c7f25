use closure_contract::{Channel, ConsultationId, JobId};
use closure_store::{Debt, DeliveryState, EarlierWord, LetterDeed, NewClaim, StateCount, Store};

use crate::support::{
    TestDatabase, accepted, claim, claim_granted, dead, new_job, run, settle, settled, settlement,
};

#[test]
fn a_consultations_story_tells_its_jobs_in_order_and_shows_no_bytes() {
    run(async |database| {
        let store = database.store();
        let consultation = ConsultationId::try_from("c-77".to_owned()).expect("a short id");
        let (first, second) = (new_job(), new_job());
        for job in [first, second] {
            let secret = bytes::Bytes::from("+84 912 345 678 secret");
            let named = NewClaim { consultation_id: consultation.clone(), body: secret, ..claim(job) };
            let (lease, attempt) = claim_granted(&store, named).await;
            settle(&store, settlement(lease, attempt, dead())).await;
        }
        let stories = store.consultation_history(&consultation).await.expect("the database answers");
        assert_eq!(stories.iter().map(|story| story.job_id).collect::<Vec<_>>(), [first, second]);
        assert_eq!(stories[0].dead_letters.len(), 1);
        let told = serde_json::to_string(&stories).expect("a story can be told as JSON");
        assert!(!told.contains("secret") && !told.contains("912 345"), "{told}");
        assert!(told.contains("\"state\":\"dead\""), "{told}");
    });
}

#[test]
fn a_consultations_summary_lists_the_newest_revision_first_and_says_whether_there_are_more() {
    run(async |database| {
        let store = database.store();
        let consultation = ConsultationId::try_from("c-78".to_owned()).expect("a short id");
        let mut jobs = Vec::new();
        for revision in 1..=51 {
            let job = new_job();
            let named = NewClaim { consultation_id: consultation.clone(), revision, ..claim(job) };
            let (lease, attempt) = claim_granted(&store, named).await;
            settle(&store, settlement(lease, attempt, dead())).await;
            jobs.insert(0, job);
        }
        let summary = store.consultation_summary(&consultation).await.expect("the database answers");
        assert!(summary.has_more, "there are 51");
        assert_eq!(summary.jobs.iter().map(|job| job.job_id).collect::<Vec<_>>(), jobs[..50]);
        assert_eq!((summary.jobs[0].revision, summary.jobs[0].state), (51, DeliveryState::Dead));
        assert_eq!((summary.jobs[0].words, summary.jobs[0].told), (1, false), "nobody has told its end yet");
        let one = store.job_summary(jobs[0]).await.expect("the database answers");
        assert_eq!(one.as_ref(), summary.jobs.first());
        assert_eq!(store.job_summary(new_job()).await, Ok(None));
    });
}

#[test]
fn deliveries_are_counted_by_channel_and_state() {
    run(async |database| {
        let store = database.store();
        settled(&store, dead()).await;
        settled(&store, accepted("a", 1)).await;
        settled(&store, accepted("b", 1)).await;
        let count = |state, count| StateCount { channel: Channel::Sms, state, count };
        let counts = store.counts_by_state().await.expect("the database answers");
        assert_eq!(counts, [count(DeliveryState::Accepted, 2), count(DeliveryState::Dead, 1)]);
    });
}

#[test]
fn nothing_personal_is_in_what_debug_shows() {
    run(async |database| {
        let store = database.store();
        let secret = NewClaim { body: bytes::Bytes::from("+84 912 345 678"), ..claim(new_job()) };
        let mut shown = format!("{secret:?}");
        let (lease, attempt) = claim_granted(&store, secret.clone()).await;
        let (snapshot, _) = settle(&store, settlement(lease, attempt, dead())).await;
        shown += &format!("{snapshot:?} {:?}", store.claim(secret).await);
        let letters = store.dead_letters(Default::default()).await.expect("the database answers");
        let letter = store.dead_letter(letters[0].id).await.expect("the database answers");
        let replay = store.begin_replay(letters[0].id, LetterDeed::of("kim", "again"), None).await;
        shown += &format!("{letter:?} {replay:?}");
        assert!(!shown.contains("912 345") && !shown.contains("57, 49, 50"), "{shown}");
    });
}

/// Each is another word about the job: it ends otherwise than the one before.
async fn speaks(database: &TestDatabase, job: JobId, words: std::ops::RangeInclusive<u32>) {
    for word in words {
        let state = if word % 2 == 0 { "delivered" } else { "unknown" };
        database.execute(&format!("UPDATE delivery SET state = '{state}' WHERE job_id = '{job}'")).await;
    }
}

async fn earlier(store: &Store, job: JobId) -> Vec<EarlierWord> {
    store.job_summary(job).await.expect("the database answers").expect("it is known").earlier
}

#[test]
fn of_more_than_fifty_earlier_words_the_latest_fifty_are_told_in_their_order() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 0)).await.job_id;
        speaks(database, job, 1..=51).await;
        let told = earlier(&store, job).await;
        assert_eq!(told.iter().map(|word| word.word).collect::<Vec<_>>(), (1..=50).collect::<Vec<_>>());
        speaks(database, job, 52..=52).await;
        assert_eq!(database.count("SELECT count(*) FROM earlier_word").await, 51, "all of them are kept");
        let told = earlier(&store, job).await;
        assert_eq!(told.iter().map(|word| word.word).collect::<Vec<_>>(), (2..=51).collect::<Vec<_>>());
        let ends = [told[0].state, told[49].state];
        assert_eq!(ends, [DeliveryState::Delivered, DeliveryState::Unknown]);
    });
}

#[test]
fn an_earlier_word_says_whether_the_broker_had_confirmed_it_before_the_next_took_its_place() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 0)).await.job_id;
        speaks(database, job, 1..=2).await;
        let second = store.snapshot(job).await.expect("the database answers").expect("it is known");
        store.paid(&[Debt::of(&second)]).await.expect("the database answers");
        speaks(database, job, 3..=4).await;
        let told: Vec<(u32, bool)> =
            earlier(&store, job).await.iter().map(|word| (word.word, word.told)).collect();
        assert_eq!(told, [(1, false), (2, true), (3, false)]);
    });
}

#[test]
fn whoever_deletes_a_job_deletes_its_earlier_words_and_those_of_no_other() {
    run(async |database| {
        let store = database.store();
        let mut jobs = Vec::new();
        for reference in ["one", "other"] {
            let job = settled(&store, accepted(reference, 0)).await.job_id;
            speaks(database, job, 1..=3).await;
            jobs.push(job);
        }
        assert_eq!(database.count("SELECT count(*) FROM earlier_word").await, 4);
        database.execute(&format!("DELETE FROM delivery WHERE job_id = '{}'", jobs[0])).await;
        assert_eq!(database.count("SELECT count(*) FROM earlier_word").await, 2);
        assert_eq!(earlier(&store, jobs[1]).await.len(), 2);
        assert_eq!(store.job_summary(jobs[0]).await, Ok(None));
    });
}
