//! Deliveries and letters are found by an anchor, page by page, and counted; those of earlier releases after they were read
//! once more.

use bytes::Bytes;
use closure_contract::{
    Channel, ConsultationId, FailureCode, JobId, Provider, Timestamp,
    facts::{PersonalData, jobs::JobFacts, recipients::Recipient},
};
use closure_store::{
    BackfillOf, CountBy, Counting, DeliveryState, FoundPage, HashKeyNumber, NewClaim, NewDeadLetter,
    Planning, ReadRow, Search, SearchAnchor, Store, StoreSettings,
};
use serde_json::json;
use time::macros::{date, datetime};

use crate::{
    finding::{FIRST, SECOND, facts, store_with},
    support::{
        TestDatabase, accepted, claim, claim_granted, dead, in_doubt, new_job, run, settle, settlement,
    },
};

fn phone(digits: &str) -> SearchAnchor {
    SearchAnchor::Recipient(Recipient::Phone(PersonalData(digits.to_owned())))
}

async fn claimed(store: &Store, found_by: JobFacts) -> JobId {
    let job = new_job();
    claim_granted(store, NewClaim { found_by, ..claim(job) }).await;
    job
}

async fn find(store: &Store, search: Search) -> FoundPage {
    store.find(&search).await.expect("the database answers")
}

fn jobs(page: &FoundPage) -> Vec<JobId> {
    page.deliveries.iter().map(|found| found.job_id).collect()
}

#[test]
fn a_customer_is_found_by_each_anchor_and_by_the_key_of_any_time() {
    run(async |database| {
        let old = store_with(database, FIRST);
        old.register_hash_keys().await.expect("the first");
        let first = claimed(&old, facts("84912345678", 84, "kim")).await;
        let new = store_with(database, &format!("{FIRST},{SECOND}"));
        new.register_hash_keys().await.expect("a rotation");
        let second = claimed(&new, facts("84912345678", 84, "lee")).await;
        let other = claimed(&new, facts("84900005678", 84, "kim")).await;
        let mine = [second, first];
        assert_eq!(jobs(&find(&new, Search::from(phone("84912345678"))).await), mine, "the latest first");
        let by_tail = find(&new, Search::from(SearchAnchor::Tail("5678".to_owned()))).await;
        assert_eq!(jobs(&by_tail), [other, second, first]);
        let of_kim = Search { agent_id: Some("kim".to_owned()), ..Search::from(SearchAnchor::Country(84)) };
        assert_eq!(jobs(&find(&new, of_kim).await), [other, first]);
        let consultation = ConsultationId::try_from(format!("consultation-{first}")).expect("a short id");
        let by_consultation = find(&new, Search::from(SearchAnchor::Consultation(consultation))).await;
        assert_eq!(jobs(&by_consultation), [first]);
        let shown = &by_consultation.deliveries[0];
        assert_eq!((shown.country_code, shown.recipient_tail.as_deref()), (Some(84), Some("5678")));
        assert_eq!(shown.template.as_deref(), Some("vn-answer-by-email/1"));
        // Whoever has the new key alone is told what it cannot see.
        let page = find(&store_with(database, SECOND), Search::from(phone("84912345678"))).await;
        assert_eq!((jobs(&page), page.lost_keys), (vec![second], vec![HashKeyNumber(1)]));
    });
}

#[test]
fn what_is_in_doubt_is_found_without_any_other_anchor() {
    run(async |database| {
        let store = store_with(database, FIRST);
        claimed(&store, facts("84912345678", 84, "kim")).await;
        let job = new_job();
        let asked = NewClaim { found_by: facts("819012345678", 81, "lee"), ..claim(job) };
        let (lease, attempt) = claim_granted(&store, asked).await;
        settle(&store, settlement(lease, attempt, in_doubt(0))).await;
        let page = find(&store, Search::from(SearchAnchor::InDoubt)).await;
        assert_eq!(jobs(&page), [job]);
        assert!(page.deliveries[0].doubt_since.is_some());
        let of_kim = Search { agent_id: Some("kim".to_owned()), ..Search::from(SearchAnchor::InDoubt) };
        assert!(jobs(&find(&store, of_kim).await).is_empty());
    });
}

#[test]
fn filters_narrow_what_an_anchor_found() {
    run(async |database| {
        let store = store_with(database, FIRST);
        let job = new_job();
        let asked = NewClaim { found_by: facts("84912345678", 84, "kim"), ..claim(job) };
        let (lease, attempt) = claim_granted(&store, asked).await;
        settle(&store, settlement(lease, attempt, dead())).await;
        claimed(&store, facts("84912345678", 84, "kim")).await;
        let all = Search::from(phone("84912345678"));
        let narrowed = [
            Search { state: Some(DeliveryState::Dead), ..all.clone() },
            Search { code: Some(FailureCode::ProviderAuth), ..all.clone() },
        ];
        for search in narrowed {
            assert_eq!(jobs(&find(&store, search.clone()).await), [job], "{search:?}");
        }
        for (search, count) in [
            (Search { channel: Some(Channel::Sms), ..all.clone() }, 2),
            (Search { channel: Some(Channel::Dial), ..all.clone() }, 0),
            (Search { country_code: Some(84), tail: Some("5678".to_owned()), ..all.clone() }, 2),
            (Search { country_code: Some(81), ..all.clone() }, 0),
            (Search { tail: Some("0000".to_owned()), ..all.clone() }, 0),
            (Search { template: Some("vn-answer-by-email".to_owned()), ..all.clone() }, 2),
            (Search { template: Some("vn-answer-by-email/1".to_owned()), ..all.clone() }, 2),
            (Search { template: Some("vn-answer".to_owned()), ..all.clone() }, 0),
            (Search { since: Some(Timestamp(datetime!(2026-01-01 00:00 UTC))), ..all.clone() }, 2),
            (Search { until: Some(Timestamp(datetime!(2020-01-01 00:00 UTC))), ..all.clone() }, 0),
            (Search { since: Some(Timestamp(datetime!(9000-01-01 00:00 UTC))), ..all }, 0),
        ] {
            assert_eq!(find(&store, search.clone()).await.deliveries.len(), count, "{search:?}");
        }
    });
}

#[test]
fn pages_follow_each_other_without_a_gap_or_a_repeat_whatever_comes_in_between() {
    run(async |database| {
        let store = store_with(database, FIRST);
        let mut wanted = Vec::new();
        for _ in 0..7 {
            wanted.push(claimed(&store, facts("84912345678", 84, "kim")).await);
        }
        // Three of one moment: the job's own id parts them.
        database.execute("UPDATE delivery SET created_at = (SELECT min(created_at) FROM delivery)").await;
        for anchor in [phone("84912345678"), SearchAnchor::Tail("5678".to_owned()), SearchAnchor::Country(84)]
        {
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = find(&store, Search { limit: 3, after, ..Search::from(anchor.clone()) }).await;
                seen.extend(jobs(&page));
                claimed(&store, facts("84912345678", 84, "kim")).await;
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let mut once: Vec<JobId> = seen.iter().copied().filter(|job| wanted.contains(job)).collect();
            once.sort();
            wanted.sort();
            assert_eq!(once, wanted, "each once");
        }
    });
}

#[test]
fn the_letter_of_a_job_that_no_worker_had_in_hand_is_found_beside_the_deliveries() {
    run(async |database| {
        let store = store_with(database, FIRST);
        let consultation = ConsultationId::try_from("C-1".to_owned()).expect("a short id");
        let letter = NewDeadLetter {
            queue: "closure.sms".to_owned(),
            routing_key: "sms".to_owned(),
            code: FailureCode::CrashLoop,
            detail: "20 deliveries".to_owned(),
            body: Bytes::from("{}"),
            headers: json!({}),
            job_id: Some(new_job()),
            about_job: None,
            message_id: None,
            consultation_id: Some(consultation.clone()),
            found_by: facts("84912345678", 84, "kim"),
        };
        let id = store.record_dead_letter(letter).await.expect("the database answers").id;
        for anchor in [
            phone("84912345678"),
            SearchAnchor::Tail("5678".to_owned()),
            SearchAnchor::Consultation(consultation),
            SearchAnchor::Country(84),
        ] {
            let page = find(&store, Search::from(anchor.clone())).await;
            let found: Vec<_> = page.letters.iter().map(|letter| letter.id).collect();
            assert_eq!((page.deliveries.len(), found), (0, vec![id]), "{anchor:?}");
        }
        let elsewhere = find(&store, Search::from(phone("819012345678"))).await;
        assert!(elsewhere.letters.is_empty());
    });
}

/// Claims as a release of before did it, which knew nothing of finding.
async fn of_before(database: &TestDatabase, count: usize) -> Vec<JobId> {
    let store = store_with(database, "");
    let mut jobs = Vec::new();
    for _ in 0..count {
        jobs.push(claimed(&store, JobFacts::default()).await);
    }
    database.execute("DELETE FROM backfill").await;
    jobs
}

/// One walk over a table with batches of three, as the command makes it; `stop_after` cuts it.
async fn walk(store: &Store, of: BackfillOf, stop_after: usize) -> usize {
    let mut after = store
        .backfill_progress(of)
        .await
        .expect("the database answers")
        .filter(|progress| progress.ended_at.is_none())
        .map_or_else(String::new, |progress| progress.done_to);
    let mut written = 0;
    for _ in 0..stop_after {
        let unread = store.unread_rows(of, &after, 3).await.expect("the database answers");
        let Some(end) = unread.end else {
            store.note_backfill(of, &after, 0, true).await.expect("the database answers");
            break;
        };
        let read: Vec<ReadRow> = unread
            .rows
            .into_iter()
            .map(|row| ReadRow { row, found_by: facts("84912345678", 84, "kim"), consultation_id: None })
            .collect();
        let done = store.write_facts(of, &read).await.expect("the database answers").len();
        store.note_backfill(of, &end, done, false).await.expect("the database answers");
        written += done;
        after = end;
    }
    written
}

#[test]
fn rows_of_before_are_read_again_a_few_at_a_time_and_a_cut_walk_goes_on_where_it_was() {
    run(async |database| {
        of_before(database, 8).await;
        let store = store_with(database, FIRST);
        claimed(&store, facts("84912345678", 84, "lee")).await;
        let search = Search::from(phone("84912345678"));
        let page = find(&store, search.clone()).await;
        assert_eq!((page.deliveries.len(), page.is_backfilled), (1, false));
        assert_eq!(walk(&store, BackfillOf::Deliveries, 1).await.min(3), walk_size(database).await);
        let rest = walk(&store, BackfillOf::Deliveries, 100).await;
        let progress =
            store.backfill_progress(BackfillOf::Deliveries).await.expect("answers").expect("begun");
        assert_eq!((progress.done, progress.ended_at.is_some()), (8, true));
        assert!(rest < 8, "what was done was not done again");
        walk(&store, BackfillOf::Letters, 100).await;
        let page = find(&store, search).await;
        assert_eq!((page.deliveries.len(), page.is_backfilled), (9, true));
        let kept = "SELECT count(*) FROM delivery WHERE agent_id = 'lee'";
        assert_eq!(database.count(kept).await, 1, "what was written with the claim stays");
    });
}

/// How many rows were written so far.
async fn walk_size(database: &TestDatabase) -> usize {
    let written = database.count("SELECT count(*) FROM delivery WHERE agent_id = 'kim'").await;
    usize::try_from(written).expect("a count")
}

#[test]
fn a_row_in_a_workers_hand_holds_no_walk_up_and_is_written_when_it_is_free() {
    run(async |database| {
        let job = of_before(database, 2).await[0];
        let store = store_with(database, FIRST);
        let worker = database.client().await;
        worker
            .batch_execute(&format!("BEGIN; UPDATE delivery SET updated_at = now() WHERE job_id = '{job}'"))
            .await
            .expect("the test's own statement");
        let unread = store.unread_rows(BackfillOf::Deliveries, "", 10).await.expect("the database answers");
        let read: Vec<ReadRow> = unread
            .rows
            .into_iter()
            .map(|row| ReadRow { row, found_by: facts("84912345678", 84, "kim"), consultation_id: None })
            .collect();
        assert_eq!(store.write_facts(BackfillOf::Deliveries, &read).await.map(|done| done.len()), Ok(1));
        worker.batch_execute("COMMIT").await.expect("the test's own statement");
        assert_eq!(store.write_facts(BackfillOf::Deliveries, &read).await.map(|done| done.len()), Ok(2));
        // What a person made of the job meanwhile is not written over.
        database
            .execute(&format!("UPDATE delivery SET body = 'x', body_hash = 'x' WHERE job_id = '{job}'"))
            .await;
        assert_eq!(store.write_facts(BackfillOf::Deliveries, &read).await.map(|done| done.len()), Ok(1));
    });
}

#[test]
fn a_letter_of_before_takes_what_its_delivery_is_found_by_and_an_old_key_gives_way_to_a_new_one() {
    run(async |database| {
        let store = store_with(database, FIRST);
        let asked = NewClaim { found_by: facts("84912345678", 84, "kim"), ..claim(new_job()) };
        let (lease, attempt) = claim_granted(&store, asked).await;
        settle(&store, settlement(lease, attempt, dead())).await;
        let bare = "ALTER TABLE dead_letter DISABLE TRIGGER letter_is_found;
                    UPDATE dead_letter SET consultation_id = NULL, recipient_hash = NULL, hash_key = NULL,
                        recipient_tail = NULL, country_code = NULL, agent_id = NULL, search = NULL;
                    ALTER TABLE dead_letter ENABLE TRIGGER letter_is_found;
                    DELETE FROM backfill";
        database.execute(bare).await;
        let both = store_with(database, &format!("{FIRST},{SECOND}"));
        assert_eq!(walk(&both, BackfillOf::Deliveries, 100).await, 1, "it was hashed by the old key");
        assert_eq!(walk(&both, BackfillOf::Letters, 100).await, 1);
        let whole = "SELECT count(*) FROM dead_letter AS l JOIN delivery AS d USING (job_id)
                     WHERE l.recipient_hash = d.recipient_hash AND l.hash_key = 2 AND d.hash_key = 2
                         AND l.consultation_id = d.consultation_id AND l.agent_id = 'kim' AND l.search LIKE '%kim%'";
        assert_eq!(database.count(whole).await, 1);
        let old_alone = store_with(database, FIRST);
        database.execute("DELETE FROM backfill").await;
        assert_eq!(walk(&old_alone, BackfillOf::Deliveries, 100).await, 0, "what a newer key hashed stays");
        assert_eq!(database.count(whole).await, 1);
        let new_alone = store_with(database, SECOND);
        assert_eq!(find(&new_alone, Search::from(phone("84912345678"))).await.deliveries.len(), 1);
    });
}

#[test]
fn what_was_sent_is_counted_by_what_it_is_told_apart_by_and_days_end_at_midnight_of_their_zone() {
    run(async |database| {
        let settings = StoreSettings { planning: Planning::Free, ..database.settings() };
        let (store, counter) = (store_with(database, FIRST), Store::new(settings).expect("valid settings"));
        let mut all = Vec::new();
        for agent in ["kim", "kim", "lee"] {
            let job = new_job();
            let asked = NewClaim { found_by: facts("84912345678", 84, agent), ..claim(job) };
            let (lease, attempt) = claim_granted(&store, asked).await;
            settle(&store, settlement(lease, attempt, accepted("ref", 60_000))).await;
            all.push(job);
        }
        let late = format!(
            "UPDATE delivery SET created_at = '2026-11-29 14:59:59+00' WHERE job_id = '{}';
             UPDATE delivery SET created_at = '2026-11-29 15:00:00+00' WHERE job_id <> '{}'",
            all[0], all[0]
        );
        database.execute(&late).await;
        let midnight =
            async |day| counter.midnight("Asia/Seoul", day).await.expect("answers").expect("a zone");
        assert_eq!(midnight(date!(2026 - 11 - 30)).await, Timestamp(datetime!(2026-11-29 15:00 UTC)));
        assert_eq!(counter.midnight("Mars/Olympus", date!(2026 - 11 - 30)).await, Ok(None));
        let counting = Counting {
            since: midnight(date!(2026 - 11 - 29)).await,
            until: midnight(date!(2026 - 12 - 01)).await,
            time_zone: "Asia/Seoul".to_owned(),
            by: vec![CountBy::Day, CountBy::Country, CountBy::Agent, CountBy::Gateway, CountBy::State],
            channel: None,
            country_code: None,
            agent_id: None,
        };
        let (rows, has_more) = counter.count_deliveries(&counting).await.expect("the database answers");
        let told: Vec<_> =
            rows.iter().map(|row| (row.day.as_deref(), row.agent_id.as_deref(), row.count)).collect();
        assert_eq!(
            told,
            [
                (Some("2026-11-29"), Some("kim"), 1),
                (Some("2026-11-30"), Some("kim"), 1),
                (Some("2026-11-30"), Some("lee"), 1),
            ]
        );
        assert!(!has_more);
        assert_eq!(
            (rows[0].channel, rows[0].country_code, rows[0].provider, rows[0].state),
            (Channel::Sms, Some(84), Some(Provider::Nhn), Some(DeliveryState::Accepted))
        );
        let (rows, _) = counter
            .count_deliveries(&Counting { by: vec![CountBy::Agent], ..counting.clone() })
            .await
            .expect("the database answers");
        let told: Vec<_> = rows.iter().map(|row| (row.agent_id.as_deref(), row.count)).collect();
        assert_eq!(told, [(Some("kim"), 2), (Some("lee"), 1)]);
        let until = midnight(date!(2026 - 11 - 30)).await;
        let (rows, _) = counter
            .count_deliveries(&Counting { by: vec![], until, ..counting })
            .await
            .expect("the database answers");
        assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [1], "of the first day");
    });
}
