use closure_contract::{Channel, ClientRef, FailureCode, Generation, Provider, Timestamp};
use closure_store::{AttemptUse, DeliveryState, Ending, FinalState, NewClaim, Snapshot, Store, StoreError};
use serde_json::json;
use time::macros::datetime;

use crate::support::{claim, claim_granted, final_state, new_job, run, settle, settlement};

async fn placed_call(store: &Store) -> Snapshot {
    let dial = NewClaim {
        channel: Channel::Dial,
        kind: "closure.dial/1".to_owned(),
        provider: Provider::Asterisk,
        ..claim(new_job())
    };
    let (lease, attempt) = claim_granted(store, dial).await;
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
        let job = placed_call(&store).await.job_id;
        let calls = store.open_calls(60_000, 10).await.expect("the database answers");
        assert_eq!(calls.len(), 1);
        assert_eq!((calls[0].job_id, calls[0].generation), (job, Generation::FIRST));
        let first = closure_contract::AttemptNumber::FIRST;
        assert_eq!(calls[0].client_ref, ClientRef::of(job, Generation::FIRST, first));
        assert_eq!(store.open_calls(60_000, 10).await, Ok(vec![]), "another process watches it");
        database.execute("UPDATE delivery SET look_at = look_at - interval '1 hour'").await;
        assert_eq!(store.open_calls(60_000, 10).await.map(|calls| calls.len()), Ok(1));
    });
}

#[test]
fn a_call_ends_once() {
    run(async |database| {
        let store = database.store();
        let job = placed_call(&store).await.job_id;
        let conclude = |ending: Ending| {
            let record = Some(json!({ "talk_seconds": 61 }));
            store.conclude(job, Generation::FIRST, DeliveryState::Accepted, ending, record)
        };
        let ended = conclude(answered()).await.expect("the database answers").expect("it was up");
        assert_eq!(
            (ended.state, ended.call),
            (DeliveryState::Delivered, Some(json!({ "talk_seconds": 61 })))
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
        assert_eq!((events[0].event_type.as_str(), events[0].unique_id.as_str()), ("CHAN_START", "a"));
        assert_eq!(events[1].event_time, Timestamp(datetime!(2026-11-01 09:00:04.25 UTC)));
        assert_eq!(
            (events[1].linked_id.as_str(), events[1].extra.as_deref()),
            (channel.as_str(), Some("{}"))
        );
        assert_eq!(store.call_events("another").await, Ok(vec![]));
    });
}
