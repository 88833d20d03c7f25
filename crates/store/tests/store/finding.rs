//! What deliveries and letters are found by.

use bytes::Bytes;
use closure_contract::{
    AttemptNumber, ConsultationId, FailureCode, Generation,
    facts::{PersonalData, jobs::JobFacts, recipients::Recipient},
};
use closure_store::{
    HashKeyNumber, HashKeys, LetterDeed, NewClaim, NewDeadLetter, NewPostponement, Store, StoreError,
    StoreSettings,
};
use serde_json::json;

use crate::support::{TestDatabase, claim, claim_granted, dead, in_doubt, new_job, run, settle, settlement};

pub(crate) const FIRST: &str = "1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
pub(crate) const SECOND: &str = "2:ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A store with these keys.
pub(crate) fn store_with(database: &TestDatabase, keys: &str) -> Store {
    let hash_keys: HashKeys = keys.parse().expect("the test's own keys");
    Store::new(StoreSettings { hash_keys, ..database.settings() }).expect("the test's settings are valid")
}

/// What a text message to this number is found by.
pub(crate) fn facts(digits: &str, country_code: u16, agent: &str) -> JobFacts {
    JobFacts {
        recipient: Some(Recipient::Phone(PersonalData(digits.to_owned()))),
        tail: Some(digits[digits.len() - 4..].to_owned()),
        country_code: Some(country_code),
        agent_id: Some(agent.to_owned()),
        template: Some("vn-answer-by-email/1".to_owned()),
    }
}

/// The columns of the only row of a table.
async fn row(database: &TestDatabase, table: &str) -> String {
    let sql = format!(
        "SELECT concat_ws(' ', length(recipient_hash), hash_key, recipient_tail, country_code, agent_id, template) FROM {table}"
    );
    database.client().await.query_one(&sql, &[]).await.expect("one row").get(0)
}

#[test]
fn a_delivery_is_written_with_what_it_is_found_by_once_and_without_the_number() {
    run(async |database| {
        let store = store_with(database, FIRST);
        let job = new_job();
        let first = NewClaim { lease_ms: 0, found_by: facts("84912345678", 84, "kim"), ..claim(job) };
        claim_granted(&store, first).await;
        let wanted = "32 1 5678 84 kim vn-answer-by-email/1";
        assert_eq!(row(database, "delivery").await, wanted);
        let other = NewClaim { found_by: facts("819012345678", 81, "lee"), ..claim(job) };
        store.claim(other).await.expect("the database answers");
        assert_eq!(row(database, "delivery").await, wanted, "the first claim's stay");
        let clear = "SELECT count(*) FROM delivery WHERE to_jsonb(delivery) - 'body' - 'job_id' - 'consultation_id' \
                     - 'body_hash' - 'recipient_hash' - 'client_ref' - 'lease_token' \
                     #>> '{}' LIKE '%12345678%'";
        assert_eq!(database.count(clear).await, 0, "the number itself stands nowhere");
    });
}

#[test]
fn what_was_written_without_what_it_is_found_by_is_found_from_its_next_claim_on() {
    run(async |database| {
        let (store, job) = (store_with(database, FIRST), new_job());
        let asked = NewClaim { found_by: facts("84912345678", 84, "kim"), ..claim(job) };
        let put_off = NewPostponement {
            job_id: job,
            channel: asked.channel,
            kind: asked.kind.clone(),
            consultation_id: asked.consultation_id.clone(),
            revision: asked.revision,
            generation: Generation::FIRST,
            body: asked.body.clone(),
            source_job_id: None,
            traceparent: None,
            code: FailureCode::FleetCapReached,
            detail: "all are used".to_owned(),
        };
        assert_eq!(store.put_off(put_off).await, Ok(Some(0)));
        assert_eq!(row(database, "delivery").await, "");
        claim_granted(&store, asked).await;
        assert_eq!(row(database, "delivery").await, "32 1 5678 84 kim vn-answer-by-email/1");
    });
}

#[test]
fn what_has_its_owners_rights_finds_its_tables_before_those_of_a_session() {
    run(async |database| {
        let open = "SELECT count(*) FROM pg_proc AS p WHERE p.prosecdef AND p.pronamespace = current_schema()::regnamespace \
                    AND NOT coalesce(array_to_string(p.proconfig, ' ') LIKE '%pg_temp', false)";
        assert_eq!(database.count(open).await, 0);
    });
}

#[test]
fn without_a_key_no_hash_is_written_and_everything_else_is() {
    run(async |database| {
        let store = store_with(database, "");
        assert_eq!(store.register_hash_keys().await, Ok(()), "an installation of before starts");
        claim_granted(&store, NewClaim { found_by: facts("84912345678", 84, "kim"), ..claim(new_job()) })
            .await;
        assert_eq!(row(database, "delivery").await, "5678 84 kim vn-answer-by-email/1");
    });
}

#[test]
fn another_key_under_the_number_of_an_earlier_one_is_refused_and_a_lost_one_is_told() {
    run(async |database| {
        store_with(database, FIRST).register_hash_keys().await.expect("the first is known from now on");
        let both = store_with(database, &format!("{FIRST}\n{SECOND}"));
        both.register_hash_keys().await.expect("a rotation");
        assert_eq!(both.hash_keys().await.map(|report| report.lost), Ok(vec![]));
        let other = SECOND.replace("2:", "1:");
        let refused = store_with(database, &other).register_hash_keys().await.expect_err("it is another");
        assert!(matches!(refused, StoreError::Settings(_)), "{refused}");
        assert!(refused.to_string().contains("key 1 is another"), "{refused}");
        let report = store_with(database, SECOND).hash_keys().await.expect("the database answers");
        assert_eq!((report.known, report.lost), (vec![HashKeyNumber(2)], vec![HashKeyNumber(1)]));
    });
}

#[test]
fn a_letter_has_what_its_delivery_is_found_by_and_a_death_of_its_own_what_can_be_read_of_it() {
    run(async |database| {
        let store = store_with(database, FIRST);
        let first = NewClaim { found_by: facts("84912345678", 84, "kim"), ..claim(new_job()) };
        let consultation = first.consultation_id.clone();
        let (lease, attempt) = claim_granted(&store, first).await;
        settle(&store, settlement(lease, attempt, dead())).await;
        assert_eq!(row(database, "dead_letter").await, "32 1 5678 84 kim vn-answer-by-email/1");
        let rest = "SELECT concat_ws(' ', consultation_id, provider, search) FROM dead_letter";
        let rest: String = database.client().await.query_one(rest, &[]).await.expect("one row").get(0);
        assert!(rest.starts_with(&format!("{consultation} nhn ")), "{rest}");
        assert!(rest.contains("provider_auth the account is closed kim"), "{rest}");
        database.execute("DELETE FROM dead_letter").await;
        let strange = NewDeadLetter {
            queue: "closure.sms".to_owned(),
            routing_key: "sms".to_owned(),
            code: FailureCode::CrashLoop,
            detail: "20 deliveries".to_owned(),
            body: Bytes::from("{}"),
            headers: json!({}),
            job_id: Some(new_job()),
            about_job: None,
            message_id: None,
            consultation_id: Some(ConsultationId::try_from("C-1".to_owned()).expect("a short id")),
            found_by: facts("819012345678", 81, "lee"),
        };
        store.record_dead_letter(strange).await.expect("the database answers");
        assert_eq!(row(database, "dead_letter").await, "32 1 5678 81 lee vn-answer-by-email/1");
        let found =
            "SELECT count(*) FROM dead_letter WHERE consultation_id = 'C-1' AND search LIKE '%c-1%lee%'";
        assert_eq!(database.count(found).await, 1);
    });
}

#[test]
fn another_content_is_found_by_what_it_says_itself_and_never_by_what_the_old_one_said() {
    run(async |database| {
        let store = store_with(database, FIRST);
        let job = new_job();
        let first = NewClaim { found_by: facts("84912345678", 84, "kim"), ..claim(job) };
        let (lease, attempt) = claim_granted(&store, first).await;
        settle(&store, settlement(lease, attempt, dead())).await;
        let id = store.dead_letters(closure_store::DeadLetterFilter::default()).await.expect("listed")[0].id;
        let edited = Bytes::from("corrected");
        store
            .begin_replay(id, LetterDeed::of("kim", "number corrected"), Some(edited.clone()))
            .await
            .expect("begun");
        assert_eq!(row(database, "delivery").await, "", "whoever dies here leaves nothing that is wrong");
        store
            .note_facts(job, b"another", &facts("819012345670", 81, "kim"))
            .await
            .expect("the database answers");
        assert_eq!(row(database, "delivery").await, "", "it is not this content");
        let corrected = facts("819012345670", 81, "kim");
        store.note_facts(job, &edited, &corrected).await.expect("the database answers");
        for table in ["delivery", "dead_letter"] {
            assert_eq!(row(database, table).await, "32 1 5670 81 kim vn-answer-by-email/1", "{table}");
        }
        let again = NewClaim { generation: Generation(2), body: edited, ..claim(job) };
        claim_granted(&store, again).await;
        assert_eq!(row(database, "delivery").await, "32 1 5670 81 kim vn-answer-by-email/1");
    });
}

#[test]
fn a_doubt_has_its_beginning_and_no_longer_when_it_is_over() {
    run(async |database| {
        let store = database.store();
        let job = new_job();
        let doubts = "SELECT count(*) FROM delivery WHERE doubt_since IS NOT NULL";
        let (lease, attempt) = claim_granted(&store, NewClaim { lease_ms: 0, ..claim(job) }).await;
        assert_eq!(database.count(doubts).await, 0);
        settle(&store, settlement(lease, attempt, in_doubt(0))).await;
        assert_eq!(database.count(doubts).await, 1);
        let closure_store::Claim::Reconcile(grant, _) =
            store.claim(NewClaim { attempt: AttemptNumber::FIRST, ..claim(job) }).await.expect("answered")
        else {
            panic!("it is in doubt");
        };
        assert_eq!(database.count(doubts).await, 1, "to look into it does not end it");
        settle(&store, settlement(grant.lease, grant.attempt, crate::support::accepted("ref", 60_000))).await;
        assert_eq!(database.count(doubts).await, 0);
    });
}
