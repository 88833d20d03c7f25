//! Messages that are no jobs: kept for a person, byte by byte.

use std::collections::{BTreeMap, BTreeSet};

use closure_contract::Channel;
use closure_contract::topology::{JOBS, UNROUTABLE, WorkQueue};
use closure_store::DeadLetterState;
use closure_tests::harness::{
    Fleet, Heard, jobs,
    kride::{journey, row, walk},
    raw_amqp::{Properties, RawPublisher, Said, field, long},
};
use serde_json::json;
use uuid::Uuid;

#[test]
fn bytes_that_are_no_json_are_kept_for_a_person() {
    journey(async |fleet| {
        let ended = walk(fleet, "unreadable-bytes").await;
        let letter = ended.letter();
        assert_eq!(
            letter.body,
            row("unreadable-bytes")["publish"][0]["raw"].as_str().expect("raw").as_bytes()
        );
        assert_eq!(letter.summary.queue, WorkQueue::Jobs(Channel::Sms).name());
        assert_eq!(letter.summary.state, DeadLetterState::Open);
        assert!(!letter.summary.detail.is_empty());
    });
}

#[test]
fn a_newer_version_is_parked_and_not_burnt() {
    journey(async |fleet| {
        let ended = walk(fleet, "newer-version").await;
        let raw = row("newer-version")["publish"][0]["raw"].as_str().expect("raw").to_owned();
        assert_eq!(ended.letter().body, raw.as_bytes());
    });
}

#[test]
fn a_field_of_the_wrong_type_is_named() {
    journey(async |fleet| {
        let ended = walk(fleet, "wrong-type").await;
        assert!(ended.letter().summary.detail.contains("job_id"), "{}", ended.letter().summary.detail);
    });
}

#[test]
fn a_body_over_the_limit_is_kept_whole() {
    journey(async |fleet| {
        let ended = walk(fleet, "one-mebibyte").await;
        assert_eq!(ended.letter().body.len(), 1024 * 1024);
    });
}

#[test]
fn a_routing_key_that_leads_nowhere_loses_nothing() {
    journey(async |fleet| {
        let ended = walk(fleet, "unknown-key").await;
        assert_eq!(ended.letter().summary.queue, UNROUTABLE);
        assert_eq!(ended.letter().routing_key, "fax");
    });
}

#[test]
fn a_job_under_another_channels_key_is_kept_and_the_crm_hears_of_it() {
    journey(async |fleet| {
        let job = jobs::email("wrong-queue@example.com");
        fleet.add_canary("wrong-queue@example.com");
        fleet.publish_raw(job.to_string().as_bytes(), "sms").await;
        let heard = fleet.outcomes_of(jobs::id(&job), 1).await;
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].summary(), "sms.dead wrong_queue");
        assert!(fleet.smtp.mails_to("wrong-queue@example.com").is_empty());
        let letters = fleet.letters_with(job.to_string().as_bytes()).await;
        assert_eq!(letters.len(), 1);
        fleet.publish(&job).await;
        let heard = fleet.outcomes_of(jobs::id(&job), 2).await;
        let highest = heard.iter().max_by_key(|heard| heard.outcome.word).expect("two outcomes");
        assert_eq!(highest.summary(), "email.accepted", "what the job itself comes to holds");
    });
}

#[test]
fn one_job_that_a_sender_copies_into_several_wrong_queues_is_told_under_as_many_ids() {
    journey(async |fleet| {
        let job = jobs::email("copied@example.com");
        fleet.add_canary("copied@example.com");
        let key = |name: &[u8]| field(b'S', &long(name));
        let copies = field(b'A', &long(&[key(b"sms"), key(b"dial")].concat()));
        let properties = Properties::default().headers(&[(b"CC", copies)]);
        let mut publisher = RawPublisher::open(&fleet.vhost.uri).await;
        let said = publisher.publish(JOBS, b"email", &properties, job.to_string().as_bytes()).await;
        assert_eq!(said, Said::Confirmed);
        let heard = fleet.outcomes_of(jobs::id(&job), 3).await;
        // The broker copies by the same header what it takes out of the wrong queues, so that each is told again.
        let told: BTreeSet<String> = heard.iter().map(Heard::summary).collect();
        let expected = ["dial.dead wrong_queue", "email.accepted", "sms.dead wrong_queue"];
        assert_eq!(told, BTreeSet::from(expected.map(str::to_owned)));
        let mut by_id: BTreeMap<Uuid, &Heard> = BTreeMap::new();
        for heard in &heard {
            let first = by_id.entry(heard.outcome.outcome_id).or_insert(heard);
            assert_eq!(first.outcome, heard.outcome, "any two outcomes that differ have different ids");
        }
        assert!(by_id.len() >= expected.len(), "{heard:?}");
    });
}

#[test]
fn what_went_nowhere_or_was_no_job_is_told_and_its_letter_is_resolved_when_the_job_itself_ends_well() {
    journey(async |fleet| {
        let nowhere = jobs::email("went-nowhere@example.com");
        let misshapen = jobs::email("misshapen@example.com");
        let mut first = misshapen.clone();
        first["consultation"]["channel"] = json!("IB");
        let (nowhere_bytes, first_bytes) = (nowhere.to_string(), first.to_string());
        let cases = [
            (&nowhere, nowhere_bytes.as_bytes(), "fax", "email.dead unroutable"),
            (&misshapen, first_bytes.as_bytes(), "email", "email.dead wrong_shape"),
        ];
        for (job, bytes, key, told) in cases {
            fleet.add_canary(job["to"]["email"].as_str().expect("it has an address"));
            fleet.publish_raw(bytes, key).await;
            let heard = fleet.outcomes_of(jobs::id(job), 1).await;
            assert_eq!(states_of(fleet, bytes).await, [DeadLetterState::Open]);
            assert_eq!((heard[0].summary().as_str(), heard[0].outcome.word), (told, 0));
            fleet.publish(job).await;
            let heard = fleet.outcomes_of(jobs::id(job), 2).await;
            let highest = heard.iter().max_by_key(|heard| heard.outcome.word).expect("two outcomes");
            assert_eq!((highest.summary().as_str(), highest.outcome.word), ("email.accepted", 1));
            assert_eq!(states_of(fleet, bytes).await, [DeadLetterState::Resolved]);
            let later = [b" ", bytes].concat();
            fleet.publish_raw(&later, key).await;
            fleet.outcomes_of(jobs::id(job), 3).await;
            assert_eq!(states_of(fleet, &later).await, [DeadLetterState::Open], "it may be another answer");
        }
    });
}

async fn states_of(fleet: &Fleet, body: &[u8]) -> Vec<DeadLetterState> {
    fleet.letters_with(body).await.iter().map(|letter| letter.summary.state).collect()
}

#[test]
fn a_receipt_that_nobody_can_read_is_kept_for_a_person() {
    journey(async |fleet| {
        let body = b"{\"kind\":\"closure.receipt/9\"}";
        fleet.publish_receipt(body).await;
        closure_tests::harness::eventually("the letter", closure_tests::harness::LONG, || async {
            let letters = fleet.letters_with(body).await;
            match letters.as_slice() {
                [letter] if letter.summary.queue == WorkQueue::Receipts.name() => Ok(()),
                letters => Err(format!("{} letters", letters.len())),
            }
        })
        .await;
        fleet.queues_are_empty().await;
    });
}
