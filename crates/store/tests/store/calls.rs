use closure_contract::{
    Channel, ClientRef, FailureCode, Generation, Provider, Timestamp, facts::calls::CallEventKind,
};
use closure_store::{
    AttemptUse, Claim, DeliveryState, Ending, FinalState, Grant, Lease, NewCall, NewClaim, Placing, Snapshot,
    Store, StoreError,
};
use serde_json::json;
use time::macros::datetime;

use crate::support::{claim, claim_granted, final_state, in_doubt, new_job, run, settle, settlement};

/// A call of which nobody knows whether it was placed keeps its agent for so long.
const DOUBT_HOLDS_MS: u64 = 60_000;

fn dial() -> NewClaim {
    NewClaim {
        channel: Channel::Dial,
        kind: "closure.dial/1".to_owned(),
        provider: Provider::Asterisk,
        ..claim(new_job())
    }
}

async fn begin(store: &Store, lease: Lease, extension: &str) -> Placing {
    let call = NewCall {
        lease,
        extension: extension.to_owned(),
        record: Some(json!({ "customer_contact": "84912345678", "talk_seconds": null })),
        fresh_until: Some(Timestamp(datetime!(2026-11-01 09:00 UTC))),
        doubt_holds_ms: DOUBT_HOLDS_MS,
    };
    store.begin_call(call).await.expect("the database answers")
}

async fn placed_call(store: &Store, extension: &str) -> Snapshot {
    let (lease, attempt) = claim_granted(store, dial()).await;
    assert_eq!(begin(store, lease, extension).await, Placing::Begun);
    let taken = Ending::Accepted { provider_ref: None, receipt_due_in_ms: None, reported_sender: None };
    settle(store, settlement(lease, attempt, taken)).await.0
}

fn answered() -> Ending {
    final_state(FinalState::Delivered, None, AttemptUse::Spent)
}

#[test]
fn a_call_that_is_up_is_watched_by_one_process_at_a_time_and_adopted_after_its_death() {
    run(async |database| {
        let store = database.store();
        let job = placed_call(&store, "1001").await.job_id;
        let calls = store.open_calls(60_000, 10).await.expect("the database answers");
        assert_eq!(calls.len(), 1);
        assert_eq!((calls[0].job_id, calls[0].generation), (job, Generation::FIRST));
        let first = closure_contract::AttemptNumber::FIRST;
        assert_eq!(calls[0].client_ref, ClientRef::of_call(job, Generation::FIRST, first));
        assert_eq!(store.open_calls(60_000, 10).await, Ok(vec![]), "another process watches it");
        database.execute("UPDATE delivery SET look_at = look_at - interval '1 hour'").await;
        assert_eq!(store.open_calls(60_000, 10).await.map(|calls| calls.len()), Ok(1));
    });
}

#[test]
fn a_call_ends_once() {
    run(async |database| {
        let store = database.store();
        let job = placed_call(&store, "1001").await.job_id;
        let conclude = |ending: Ending| {
            let call_end = json!({ "talk_seconds": 61 });
            store.conclude(job, Generation::FIRST, DeliveryState::Accepted, ending, call_end)
        };
        let ended = conclude(answered()).await.expect("the database answers").expect("it was up");
        assert_eq!(
            (ended.state, ended.call),
            (
                DeliveryState::Delivered,
                Some(json!({ "customer_contact": "84912345678", "talk_seconds": 61 }))
            ),
            "its end joins the record that was kept when it was placed"
        );
        let again = final_state(FinalState::Unknown, Some(FailureCode::CallInDoubt), AttemptUse::Spent);
        assert_eq!(conclude(again).await, Ok(None), "somebody else ended it");
        assert_eq!(store.open_calls(60_000, 10).await, Ok(vec![]));
        assert_eq!(database.count("SELECT count(*) FROM owed").await, 1);
        let refused =
            conclude(Ending::Accepted { provider_ref: None, receipt_due_in_ms: None, reported_sender: None })
                .await;
        assert!(matches!(refused, Err(StoreError::Settings(_))), "{refused:?}");
    });
}

#[test]
fn an_agent_has_one_call_until_it_ends() {
    run(async |database| {
        let store = database.store();
        let (first, attempt) = claim_granted(&store, dial()).await;
        let (second, _) = claim_granted(&store, dial()).await;
        let (other, _) = claim_granted(&store, dial()).await;
        assert_eq!(begin(&store, first, "1001").await, Placing::Begun);
        assert_eq!(begin(&store, first, "1001").await, Placing::Begun, "the answer may have been lost");
        assert_eq!(begin(&store, second, "1001").await, Placing::AgentOnCall);
        assert_eq!(begin(&store, other, "1002").await, Placing::Begun, "of another agent");
        let has_another = async |lease: Lease| {
            let other = store.agents_other_call("1001", lease.job_id, DOUBT_HOLDS_MS).await;
            other.expect("the database answers").is_some()
        };
        assert_eq!((has_another(first).await, has_another(second).await), (false, true));
        let ended = final_state(FinalState::Undelivered, Some(FailureCode::AgentOffline), AttemptUse::Spent);
        settle(&store, settlement(first, attempt, ended)).await;
        assert!(!has_another(second).await);
        assert_eq!(begin(&store, second, "1001").await, Placing::Begun);
    });
}

#[test]
fn of_many_calls_of_one_agent_that_are_placed_at_once_one_begins() {
    run(async |database| {
        let stores = [database.store(), database.store()];
        for round in 0..20 {
            let mut leases = Vec::new();
            for store in stores.iter().cycle().take(6) {
                leases.push((store, claim_granted(store, dial()).await.0));
            }
            let extension = (1_001 + round).to_string();
            let all = leases.iter().map(|(store, lease)| begin(store, *lease, &extension));
            let placings = futures::future::join_all(all).await;
            assert_eq!(
                placings.iter().filter(|placing| **placing == Placing::Begun).count(),
                1,
                "{placings:?}"
            );
        }
        assert_eq!(database.count("SELECT count(*) FROM delivery WHERE handed_over").await, 20);
    });
}

#[test]
fn a_call_in_doubt_keeps_its_agent_for_a_while_and_one_that_is_up_until_its_end() {
    run(async |database| {
        let store = database.store();
        let (doubted, attempt) = claim_granted(&store, dial()).await;
        assert_eq!(begin(&store, doubted, "1001").await, Placing::Begun);
        settle(&store, settlement(doubted, attempt, in_doubt(0))).await;
        placed_call(&store, "1002").await;
        for (extension, placing) in [("1001", Placing::AgentOnCall), ("1002", Placing::AgentOnCall)] {
            let (lease, _) = claim_granted(&store, dial()).await;
            assert_eq!(begin(&store, lease, extension).await, placing, "{extension}");
        }
        database.execute("UPDATE agent_call SET since = since - interval '1 hour'").await;
        for (extension, placing) in [("1001", Placing::Begun), ("1002", Placing::AgentOnCall)] {
            let (lease, _) = claim_granted(&store, dial()).await;
            assert_eq!(begin(&store, lease, extension).await, placing, "{extension}");
        }
    });
}

#[test]
fn a_claim_of_a_call_that_never_reached_the_request_is_granted_again_and_one_that_did_is_a_doubt() {
    run(async |database| {
        let store = database.store();
        for handed_over in [false, true] {
            let asked = dial();
            let (lease, attempt) = claim_granted(&store, asked.clone()).await;
            if handed_over {
                assert_eq!(begin(&store, lease, "1001").await, Placing::Begun);
            }
            database.execute("UPDATE delivery SET lease_until = now() - interval '1 second'").await;
            let again = NewClaim { token: uuid::Uuid::new_v4(), ..asked };
            let (found, name) = match store.claim(again).await.expect("the database answers") {
                Claim::Granted(Grant { attempt, client_ref, .. }) => ((attempt, client_ref), "granted"),
                Claim::Reconcile(Grant { attempt, client_ref, .. }, _) => ((attempt, client_ref), "in doubt"),
                other => panic!("{other:?}"),
            };
            assert_eq!(found, (attempt, ClientRef::of_call(lease.job_id, Generation::FIRST, attempt)));
            assert_eq!(name, if handed_over { "in doubt" } else { "granted" });
            assert_eq!(
                begin(&store, lease, "1009").await,
                Placing::LeaseLost,
                "who stood still rings nobody"
            );
            assert_eq!(database.count("SELECT count(*) FROM attempt WHERE state = 'sending'").await, 1);
            database.execute("DELETE FROM attempt").await;
        }
    });
}

#[test]
fn an_attempt_that_another_release_named_keeps_its_name_until_it_ends() {
    run(async |database| {
        let (store, asked) = (database.store(), dial());
        let (lease, _) = claim_granted(&store, asked.clone()).await;
        let named = ClientRef(uuid::Uuid::new_v4());
        for table in ["delivery", "attempt"] {
            database.execute(&format!("UPDATE {table} SET client_ref = '{named}'")).await;
        }
        database.execute("UPDATE delivery SET lease_until = now() - interval '1 second'").await;
        let again = NewClaim { token: uuid::Uuid::new_v4(), ..asked };
        let found = match store.claim(again).await.expect("the database answers") {
            Claim::Granted(Grant { client_ref, .. }) => client_ref,
            other => panic!("{other:?}"),
        };
        assert_eq!(found, named, "the same attempt");
        let standing = format!(
            "UPDATE delivery SET state = 'accepted', look_at = now() - interval '1 second' WHERE job_id = '{}'",
            lease.job_id
        );
        database.execute(&standing).await;
        let open = store.open_calls(1_000, 10).await.expect("the database answers");
        assert_eq!(open.iter().map(|call| call.client_ref).collect::<Vec<_>>(), [named]);
    });
}

#[test]
fn a_call_that_is_tried_again_says_nothing_of_the_request_before() {
    run(async |database| {
        let store = database.store();
        let (lease, attempt) = claim_granted(&store, dial()).await;
        assert_eq!(begin(&store, lease, "1001").await, Placing::Begun);
        let waiting =
            Ending::Waiting { code: FailureCode::PbxUnavailable, detail: "it was not reached".to_owned() };
        settle(&store, settlement(lease, attempt, waiting)).await;
        let unsaid = "SELECT count(*) FROM delivery WHERE handed_over IS NULL";
        assert_eq!(database.count(unsaid).await, 1, "a worker of an older release may try next");
    });
}

#[test]
fn how_long_a_call_has_been_gone_counts_from_the_first_look_that_missed_it() {
    run(async |database| {
        let store = database.store();
        let job = placed_call(&store, "1001").await.job_id;
        let look = async || {
            database.execute("UPDATE delivery SET look_at = now() - interval '1 hour'").await;
            store.open_calls(60_000, 10).await.expect("the database answers").remove(0)
        };
        let first = look().await;
        assert_eq!((first.gone_ms, first.is_stale, first.is_hung_up), (None, true, false));
        store.note_call_presence(job, Generation::FIRST, true).await.expect("the database answers");
        database.execute("UPDATE delivery SET gone_since = gone_since - interval '1 hour'").await;
        store.note_call_presence(job, Generation::FIRST, true).await.expect("the database answers");
        assert!(look().await.gone_ms >= Some(3_600_000), "a later look changes nothing");
        store.note_call_presence(job, Generation::FIRST, false).await.expect("the database answers");
        store.note_hang_up(job, Generation::FIRST).await.expect("the database answers");
        let last = look().await;
        assert_eq!((last.gone_ms, last.is_hung_up), (None, true));
    });
}

#[test]
fn the_pbx_writes_its_record_as_it_always_does_and_we_read_it_in_order() {
    run(async |database| {
        let store = database.store();
        let channel = new_job().to_string();
        // The columns and the form of the time are those of Asterisk's cel_pgsql.
        for (event, second, leg) in [("CHAN_START", 1, "a"), ("ANSWER", 4, "b")] {
            database
                .execute(&format!(
                    "INSERT INTO cel (\"eventtype\",\"eventtime\",\"userdeftype\",\"cid_name\",\"cid_num\",\"cid_ani\",
                     \"cid_rdnis\",\"cid_dnid\",\"exten\",\"context\",\"channame\",\"appname\",\"appdata\",\"amaflags\",
                     \"accountcode\",\"peeraccount\",\"uniqueid\",\"linkedid\",\"userfield\",\"peer\",\"extra\",\"id\")
                     VALUES ('{event}','2026-11-01 09:00:0{second}.250000','','','','','','','','','','','',3,
                     '','','{leg}','{channel}','','','{{}}',DEFAULT)"
                ))
                .await;
        }
        let events = store.call_events(&channel).await.expect("the database answers");
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].kind, events[0].unique_id.as_str()), (CallEventKind::ChanStart, "a"));
        assert_eq!(events[1].at, Timestamp(datetime!(2026-11-01 09:00:04.25 UTC)));
        assert_eq!(
            (events[1].linked_id.as_str(), events[1].extra.as_deref()),
            (channel.as_str(), Some("{}"))
        );
        assert_eq!(store.call_events("another").await, Ok(vec![]));
    });
}
