use std::time::Duration;

use closure_contract::{
    Evidence, FailureCode, Generation, JobId, Outcome, OutcomeName, Provider, facts::jobs::JobFacts,
};
use closure_store::{
    AttemptUse, BounceEffect, Bounced, Debt, DeliveryFacts, DeliveryState, DeliveryUpdate, FinalState,
    LetterDeed, NewBounce, NewClaim, NewFallback, Snapshot, Store,
};
use serde_json::json;

use crate::support::{
    TestDatabase, accepted, claim, claim_granted, dead, final_state, new_job, run, settle, settled,
    settlement,
};

/// A minute is more than any sweep waits.
const AGE: &str =
    "UPDATE owed SET since = since - interval '1 minute', looked_at = looked_at - interval '1 minute'";

fn verdict(
    state: DeliveryState,
    fallback: NewFallback,
) -> impl Fn(&DeliveryFacts) -> Option<(DeliveryUpdate, ())> + Send + Sync {
    move |_| {
        Some((
            DeliveryUpdate {
                state,
                code: (state != DeliveryState::Delivered).then_some(FailureCode::NoReceipt),
                detail: None,
                evidence: Evidence::None,
                rules: json!([]).into(),
                fallback: fallback.clone(),
            },
            (),
        ))
    }
}

fn email_of(sms: JobId) -> NewFallback {
    NewFallback::Email {
        job_id: sms.fallback_email(),
        body: "email".into(),
        consultation_id: "c-1".to_owned().try_into().expect("a short id"),
        revision: 1,
        kind: "closure.email/1".to_owned(),
        found_by: JobFacts::default(),
    }
}

async fn judged(store: &Store, job: JobId, state: DeliveryState) -> Snapshot {
    let evaluated = store.evaluate(job, verdict(state, NewFallback::None)).await;
    evaluated.expect("the database answers").expect("a verdict").after
}

async fn debts(database: &TestDatabase) -> i64 {
    database.count("SELECT count(*) FROM owed").await
}

#[test]
fn a_debt_is_remembered_until_it_is_paid_and_handed_out_to_one_process() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 0)).await.job_id;
        assert_eq!(debts(database).await, 0, "nobody is told that the gateway took it");
        let told = judged(&store, job, DeliveryState::Unknown).await;
        assert_eq!(store.owed(30_000, 10).await, Ok(vec![]), "whoever owes it may still pay");
        judged(&store, job, DeliveryState::Unknown).await;
        database.execute(AGE).await;
        assert_eq!(store.long_owed(30_000).await.map(|owed| owed.map(|owed| owed.count)), Ok(Some(1)));
        assert_eq!(store.owed(30_000, 10).await, Ok(vec![job]));
        assert_eq!(store.owed(30_000, 10).await, Ok(vec![]), "it is handed out to one process");
        assert!(store.long_owed(30_000).await.is_ok_and(|owed| owed.is_some()), "and stands all the same");
        store.paid(&[Debt::of(&told)]).await.expect("the database answers");
        assert_eq!(debts(database).await, 0);
        judged(&store, job, DeliveryState::Unknown).await;
        assert_eq!(debts(database).await, 0, "another look at the same end owes nothing new");
    });
}

#[test]
fn a_payment_that_is_refused_is_made_again_without_a_word_being_told_twice() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 0)).await.job_id;
        judged(&store, job, DeliveryState::Delivered).await;
        assert_eq!(debts(database).await, 1);
        database
            .execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     RAISE EXCEPTION 'not now' USING ERRCODE = '57P03';
                 END $$;
                 CREATE TRIGGER refuse BEFORE DELETE ON owed FOR EACH ROW EXECUTE FUNCTION refuse()",
            )
            .await;
        store.pay_later(vec![Debt::of(&snapshot(&store, job).await)]);
        assert!(store.pay_what_waits().await.is_err(), "the first try is refused");
        database.execute("DROP TRIGGER refuse ON owed").await;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while debts(database).await > 0 {
            assert!(tokio::time::Instant::now() < deadline, "nobody pays it");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
}

#[test]
fn a_payment_does_not_wipe_out_a_newer_debt() {
    run(async |database| {
        let store = database.store();
        let job = settled(&store, accepted("ref", 0)).await.job_id;
        let first = judged(&store, job, DeliveryState::Unknown).await;
        let second = judged(&store, job, DeliveryState::Delivered).await;
        assert_eq!((first.words, second.words), (1, 2));
        store.paid(&[Debt::of(&first)]).await.expect("the database answers");
        assert_eq!(debts(database).await, 1);
        store.paid(&[Debt::of(&second)]).await.expect("the database answers");
        assert_eq!(debts(database).await, 0);
    });
}

#[test]
fn an_email_that_is_made_is_owed_to_the_email_worker_until_it_is_published() {
    run(async |database| {
        let store = database.store();
        let sms = settled(&store, accepted("ref", 0)).await.job_id;
        store
            .evaluate(sms, verdict(DeliveryState::Accepted, email_of(sms)))
            .await
            .expect("the database answers")
            .expect("a verdict");
        database.execute(AGE).await;
        assert_eq!(store.owed(30_000, 10).await, Ok(vec![sms.fallback_email()]));
        let email =
            store.snapshot(sms.fallback_email()).await.expect("the database answers").expect("an email");
        assert_eq!((email.state, email.words), (DeliveryState::Pending, 0));
        store.paid(&[Debt::of(&email)]).await.expect("the database answers");
        assert_eq!(debts(database).await, 0);
    });
}

#[test]
fn what_a_gateway_refused_is_a_word_only_once_it_is_known_whether_an_email_answers() {
    run(async |database| {
        let store = database.store();
        let refused = final_state(FinalState::Refused, Some(FailureCode::NotDelivered), AttemptUse::Spent);
        let snapshot = settled(&store, refused).await;
        assert_eq!((snapshot.unjudged, snapshot.words), (true, 0));
        assert_eq!(debts(database).await, 1, "the decision is owed");
        let after = judged(&store, snapshot.job_id, DeliveryState::Refused).await;
        assert_eq!((after.unjudged, after.words), (false, 1));
    });
}

#[test]
fn a_replay_is_owed_to_the_worker_and_begins_its_own_count_of_words() {
    run(async |database| {
        let store = database.store();
        let died = settled(&store, dead()).await;
        assert_eq!(died.words, 1);
        let letters = store.dead_letters(closure_store::DeadLetterFilter::default()).await;
        let letter = letters.expect("the database answers")[0].id;
        let replay =
            store.begin_replay(letter, LetterDeed::of("kim", "again"), None).await.expect("it is open");
        store.paid(&[Debt::of(&died)]).await.expect("the database answers");
        assert_eq!(
            debts(database).await,
            1,
            "the death was told, and the new edition is still to be published"
        );
        let again = NewClaim { generation: replay.generation, ..claim(died.job_id) };
        let (lease, attempt) = claim_granted(&store, again).await;
        let mut settlement = settlement(lease, attempt, dead());
        settlement.generation = replay.generation;
        let (snapshot, _) = settle(&store, settlement).await;
        assert_eq!((snapshot.generation, snapshot.words), (Generation(2), 1));
    });
}

#[test]
fn a_mail_that_comes_back_is_another_word_than_its_acceptance() {
    run(async |database| {
        let (store, job) = (database.store(), new_job());
        let mail = NewClaim {
            channel: closure_contract::Channel::Email,
            kind: "closure.email/1".to_owned(),
            provider: Provider::Smtp,
            ..claim(job)
        };
        let (lease, attempt) = claim_granted(&store, mail).await;
        let taken = final_state(FinalState::Accepted, None, AttemptUse::Spent);
        let (before, _) = settle(&store, settlement(lease, attempt, taken)).await;
        let bounce = NewBounce {
            job_id: job,
            generation: Generation::FIRST,
            report_id: "r1".to_owned(),
            status: closure_contract::ReceiptStatus::Undelivered,
            provider_code: None,
            occurred_at: None,
            received_at: closure_contract::Timestamp(time::OffsetDateTime::UNIX_EPOCH),
            effect: BounceEffect::Undelivered { detail: "it came back".to_owned(), suppress: None },
        };
        assert_eq!(store.record_bounce(bounce).await, Ok(Bounced::Moved));
        let after = store.snapshot(job).await.expect("it can be read").expect("it is known");
        let ids = [(&before, OutcomeName::Accepted), (&after, OutcomeName::Undelivered)]
            .map(|(snapshot, name)| Outcome::id_of(job, snapshot.generation, snapshot.words, name));
        assert_ne!(ids[0], ids[1]);
        assert_eq!(Outcome::corrected_by(job, after.generation, after.words), Some(ids[0]));
    });
}

/// What the CRM would be told: everything of an outcome but its id.
fn content(snapshot: &Snapshot) -> String {
    let Snapshot { state, code, detail, evidence, rules, attempts, ended_at, fallback_job_id, call, .. } =
        snapshot;
    format!(
        "{state} {code:?} {detail:?} {evidence:?} {rules:?} {attempts} {ended_at:?} {fallback_job_id:?} {call:?}"
    )
}

/// What is kept of the words that gave way.
const KEPT: &str =
    "SELECT concat_ws(' ', generation, word, state, evidence, told, floor(extract(epoch FROM at)))
    FROM earlier_word ORDER BY job_id, generation, word";

fn is_word(snapshot: &Snapshot) -> bool {
    snapshot.state.has_ended(snapshot.channel) && snapshot.held_since.is_none() && !snapshot.unjudged
}

/// Every state after every state, with every other column that is told changed as well or not: two words are the same
/// if and only if their numbers are, and each new one is owed.
#[test]
fn any_two_words_that_differ_have_different_numbers_and_a_repeat_has_the_same_number_and_content() {
    run(async |database| {
        // One session for some thousand cases.
        let (store, person) = (database.store(), database.client().await);
        let change_row = async |sql: &str| person.batch_execute(sql).await.expect("the test's own statement");
        let changes = [
            "rules = rules",
            "failure_code = 'not_delivered'",
            "evidence = 'handset'",
            "fallback_job_id = gen_random_uuid()",
            "held_since = now()",
            "unjudged = true",
            "rules = '[{\"id\":\"R14f\"}]', detail = 'another', ended_at = now() + interval '1 hour'",
        ];
        for channel in ["sms", "email", "dial"] {
            let job = settled(&store, accepted("ref", 0)).await.job_id;
            for (first, from) in DeliveryState::ALL.into_iter().enumerate() {
                for (second, to) in DeliveryState::ALL.into_iter().enumerate() {
                    // Each change alone where the state stays, and by turns where it changes, which is a word already.
                    let some = if first == second {
                        changes.to_vec()
                    } else {
                        vec![changes[(first + second) % changes.len()]]
                    };
                    for change in some {
                        change_row(&format!(
                                "UPDATE delivery SET channel = '{channel}', state = '{from}', failure_code = NULL,
                                     detail = NULL, rules = '[]', evidence = 'none', held_since = NULL,
                                     unjudged = false, fallback_job_id = NULL, words = 0, ended_at = now();
                                 DELETE FROM owed; DELETE FROM earlier_word"
                            ))
                            .await;
                        let before = snapshot(&store, job).await;
                        change_row(&format!("UPDATE delivery SET state = '{to}', {change}")).await;
                        let after = snapshot(&store, job).await;
                        let case = format!("{channel}: {from} to {to} with {change}");
                        if is_word(&before) && is_word(&after) {
                            let (same_number, same_content) =
                                (before.words == after.words, content(&before) == content(&after));
                            assert_eq!(same_number, same_content, "{case}");
                        }
                        if is_word(&after) && after.words > before.words {
                            let owed = format!("SELECT count(*) FROM owed WHERE word = {}", after.words);
                            assert_eq!(database.count(&owed).await, 1, "{case}");
                        }
                        let goes = is_word(&before) && (before.words != after.words || !is_word(&after));
                        let rows = person.query(KEPT, &[]).await.expect("the test's own statement");
                        let kept: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
                        let ended_at = before.ended_at.expect("the case has set it").0.unix_timestamp();
                        let word = format!("1 {} {from} none t {ended_at}", before.words.max(1));
                        let expected = if goes { vec![word] } else { Vec::new() };
                        assert_eq!(kept, expected, "{case}: what was told before");
                        if is_word(&after) && !is_word(&before) {
                            assert!(after.words > before.words, "{case}: its word is a new one");
                        }
                    }
                }
            }
            database.execute("DELETE FROM delivery").await;
        }
    });
}

async fn snapshot(store: &Store, job: JobId) -> Snapshot {
    store.snapshot(job).await.expect("the database answers").expect("a delivery")
}
