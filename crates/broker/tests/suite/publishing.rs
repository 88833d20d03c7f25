//! Publishing against a real broker.

use std::{collections::BTreeSet, time::Duration};

use closure_broker::{Mailbox, PublishError, Publisher, PublisherHealth};
use closure_contract::topology::{JOBS, OUTCOMES, RECEIPTS};
use futures::future::join_all;
use tokio::task::JoinSet;

use crate::support::{PATIENCE, eventually, in_vhost, message, messages, proxy::Proxy};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_confirm_is_swapped_however_many_tasks_publish() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let full = r#"{"x-queue-type":"quorum","x-max-length":1,"x-overflow":"reject-publish"}"#;
        vhost.queue("full", full, OUTCOMES, "full").await;
        vhost.queue("open", r#"{"x-queue-type":"quorum"}"#, OUTCOMES, "open").await;
        let publisher = vhost.publisher().await;
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let publisher = publisher.part.clone();
            tasks.spawn(async move {
                let mut confirmed = BTreeSet::new();
                for turn in 0..250 {
                    let key = if turn % 2 == 0 { "full" } else { "open" };
                    let out = message(OUTCOMES, key);
                    let id = (key, out.message_id.clone());
                    match publisher.publish(vec![out]).await {
                        Ok(()) => drop(confirmed.insert(id)),
                        Err(PublishError::Refused { message_ids }) => assert_eq!(message_ids, [id.1]),
                        Err(error) => panic!("{error}"),
                    }
                }
                confirmed
            });
        }
        let confirmed: BTreeSet<(&str, String)> = tasks.join_all().await.into_iter().flatten().collect();
        for key in ["full", "open"] {
            let ids = confirmed.iter().filter(|(queue, _)| *queue == key).map(|(_, id)| id.clone());
            assert_eq!(stored(&vhost, key).await, ids.collect::<BTreeSet<String>>(), "queue {key}");
        }
        assert_eq!(confirmed.iter().filter(|(key, _)| *key == "open").count(), 1_000);
        publisher.end().await;
    })
    .await;
}

/// The ids of the messages in a queue, which is left as it is.
async fn stored(vhost: &crate::support::Vhost, queue: &str) -> BTreeSet<String> {
    let path = format!("/api/queues/{}/{queue}/get", vhost.name);
    let ask = r#"{"count":100000,"ackmode":"ack_requeue_true","encoding":"auto"}"#;
    let listed: serde_json::Value =
        serde_json::from_str(&vhost.api.post(&path, ask).await).expect("the answer is JSON");
    let listed = listed.as_array().expect("the answer is a list");
    let id = |message: &serde_json::Value| message["properties"]["message_id"].as_str().map(str::to_owned);
    listed.iter().filter_map(id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_no_queue_takes_is_named_and_fails_its_own_call_only() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        for _ in 0..40 {
            let publishes = (0..20).map(async |turn| {
                let key = if turn == 7 { "nowhere" } else { "receipt" };
                let out = message(RECEIPTS, key);
                (key, out.message_id.clone(), publisher.part.publish(vec![out]).await)
            });
            for (key, id, outcome) in join_all(publishes).await {
                let expected = match key {
                    "nowhere" => Err(PublishError::Returned { message_ids: vec![id] }),
                    _ => Ok(()),
                };
                assert_eq!(outcome, expected);
            }
        }
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_without_a_listener_is_published_all_the_same() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        assert_eq!(publisher.part.publish(messages(3, OUTCOMES, "sms.accepted")).await, Ok(()));
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_published_is_refused_before_anything_is_sent() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        for exchange in ["", "closure.dead", "closure.home"] {
            let together = vec![message(JOBS, "sms"), message(exchange, "closure.sms")];
            let outcome = publisher.part.publish(together).await;
            assert!(matches!(outcome, Err(PublishError::Invalid { .. })), "{outcome:?}");
        }
        assert_eq!(vhost.depth("closure.sms").await, 0);
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_comes_back_after_the_operator_closed_its_connection() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        assert_eq!(publisher.part.publish(messages(1, JOBS, "sms")).await, Ok(()));
        vhost.close_connection_eventually("publish").await;
        // A call waits for the connection; one that was under way when it broke is unknown and is made again.
        eventually("a publish succeeds again", async || {
            publisher.part.publish(messages(1, JOBS, "sms")).await.is_ok()
        })
        .await;
        assert_eq!(publisher.part.health(), PublisherHealth::Connected);
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_comes_back_after_it_published_to_an_exchange_that_did_not_exist() {
    in_vhost(|vhost| async move {
        let publisher = vhost.publisher().await;
        let outcome = publisher.part.publish(messages(1, JOBS, "sms")).await;
        assert_eq!(outcome, Err(PublishError::Lost));
        let vhost = vhost.with_topology().await;
        eventually("a publish succeeds", async || {
            publisher.part.publish(messages(1, JOBS, "sms")).await.is_ok()
        })
        .await;
        assert_eq!(vhost.depth("closure.sms").await, 1);
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publish_whose_confirm_never_comes_is_an_error_and_the_next_one_goes_through_a_new_connection() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let proxy = Proxy::start(vhost.broker_address()).await;
        let mut settings = vhost.settings();
        settings.uri = vhost.uri_at(proxy.port);
        settings.confirm_timeout_ms = 1_000;
        let publisher = vhost.publisher_with(settings).await;
        proxy.swallow_confirms(true);
        let outcome = publisher.part.publish(messages(1, JOBS, "sms")).await;
        assert!(matches!(outcome, Err(PublishError::Unavailable { .. } | PublishError::Lost)), "{outcome:?}");
        eventually("the message arrived although nobody knows", async || {
            vhost.depth("closure.sms").await == 1
        })
        .await;
        proxy.swallow_confirms(false);
        eventually("a publish succeeds again", async || {
            publisher.part.publish(messages(1, JOBS, "email")).await.is_ok()
        })
        .await;
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_accepts_and_says_nothing_makes_a_publish_fail_in_time() {
    in_vhost(|vhost| async move {
        let proxy = Proxy::start(vhost.broker_address()).await;
        proxy.freeze();
        let mut settings = vhost.settings();
        settings.uri = vhost.uri_at(proxy.port);
        settings.connect_timeout_ms = 200;
        settings.confirm_timeout_ms = 1_000;
        let (shutdown, tracker) = crate::support::tokens();
        let publisher = Publisher::start(settings, shutdown.clone(), &tracker);
        let outcome = publisher.publish(messages(1, JOBS, "sms")).await;
        assert_eq!(outcome, Err(PublishError::Unavailable { waited_ms: 1_000 }));
        assert_eq!(publisher.health(), PublisherHealth::Disconnected);
        eventually("given-up connections are cut", async || proxy.open_connections() <= 1).await;
        shutdown.cancel();
        tokio::time::timeout(PATIENCE, publisher.closed()).await.expect("the publisher ends");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_blocked_publisher_says_so_and_goes_on_when_the_alarm_is_over() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let proxy = Proxy::start(vhost.broker_address()).await;
        let mut settings = vhost.settings();
        settings.uri = vhost.uri_at(proxy.port);
        settings.confirm_timeout_ms = 2_000;
        let publisher = vhost.publisher_with(settings).await;
        for confirms_are_missing in [false, true] {
            // With confirms missing, a batch is in flight when the alarm comes, and is given up during it.
            proxy.swallow_confirms(confirms_are_missing);
            let in_flight = publisher.part.publish(messages(1, JOBS, "sms"));
            let (outcome, ()) = tokio::join!(in_flight, async {
                eventually("the message is in its queue", async || vhost.depth("closure.sms").await > 0)
                    .await;
                proxy.block().await;
            });
            assert_eq!(outcome.is_ok(), !confirms_are_missing);
            eventually("it is blocked", async || publisher.part.health() == PublisherHealth::Blocked).await;
            let outcome = publisher.part.publish(messages(1, JOBS, "email")).await;
            assert_eq!(outcome, Err(PublishError::Unavailable { waited_ms: 2_000 }));
            assert_eq!(vhost.depth("closure.email").await, 0);
            proxy.swallow_confirms(false);
            proxy.unblock().await;
            eventually("a publish succeeds again", async || {
                publisher.part.publish(messages(1, JOBS, "dial")).await.is_ok()
            })
            .await;
            vhost.api.delete(&format!("/api/queues/{}/closure.sms/contents", vhost.name)).await;
        }
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shutdown_flushes_what_was_taken_and_refuses_the_rest() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        let mut calls = JoinSet::new();
        for _ in 0..200 {
            let publisher = publisher.part.clone();
            calls.spawn(async move { publisher.publish(messages(5, JOBS, "sms")).await });
        }
        let shutdown = publisher.shutdown.clone();
        let first = calls.join_next().await.expect("there are calls").expect("a call does not panic");
        shutdown.cancel();
        let mut outcomes = calls.join_all().await;
        outcomes.push(first);
        publisher.part.closed().await;
        let succeeded = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert!(succeeded > 0);
        assert!(
            outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(PublishError::Stopped))),
            "{outcomes:?}"
        );
        assert_eq!(vhost.depth("closure.sms").await, u32::try_from(5 * succeeded).expect("it is small"));
        assert_eq!(publisher.part.publish(messages(1, JOBS, "sms")).await, Err(PublishError::Stopped));
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_hears_the_outcomes_of_its_key_with_everything_that_was_published() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        let mut ear = Mailbox::open(&vhost.settings(), "sms.*").await.expect("the mailbox opens");
        let mut durable =
            Mailbox::open_durable(&vhost.settings(), "crm.outcomes", "#").await.expect("the mailbox opens");
        let mut out = message(OUTCOMES, "sms.accepted");
        out.attempt = closure_contract::AttemptNumber(4);
        out.generation = closure_contract::Generation(2);
        out.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
        let sent = [message(OUTCOMES, "email.accepted"), out.clone()];
        assert_eq!(publisher.part.publish(sent.to_vec()).await, Ok(()));
        let heard = ear.next(PATIENCE).await.expect("the mailbox works").expect("an outcome comes");
        assert_eq!(heard.message_id, Some(out.message_id));
        assert_eq!((heard.kind, heard.body), (Some(out.kind), out.body));
        // Only what the broker itself sends home proves that an attempt was counted by us.
        assert_eq!(
            (heard.attempt, heard.generation),
            (closure_contract::AttemptNumber::FIRST, out.generation)
        );
        assert_eq!((heard.traceparent, heard.routing_key), (out.traceparent, out.routing_key));
        assert_eq!(heard.death, None);
        assert_eq!(ear.next(Duration::ZERO).await, Ok(None));
        for _ in 0..2 {
            assert!(durable.next(PATIENCE).await.expect("the mailbox works").is_some());
        }
        ear.close().await;
        durable.close().await;
        publisher.end().await;
    })
    .await;
}
