//! Consuming against a real broker.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use closure_broker::{ConsumerHealth, ConsumerSettings, Incoming, Redelivered};
use closure_contract::topology::JOBS;
use lapin::{
    Connection, ConnectionProperties,
    options::{BasicConsumeOptions, BasicQosOptions},
    types::FieldTable,
};

use crate::support::{Vhost, eventually, in_vhost, messages, proxy::Proxy};

/// Publishes so many SMS jobs and returns their ids.
async fn publish(vhost: &Vhost, count: usize) -> BTreeSet<String> {
    let publisher = vhost.publisher().await;
    let out = messages(count, JOBS, "sms");
    let ids = out.iter().map(|message| message.message_id.clone()).collect();
    assert_eq!(publisher.part.publish(out).await, Ok(()));
    publisher.end().await;
    ids
}

fn id(incoming: &Incoming) -> String {
    incoming.message.message_id.clone().expect("the message has an id")
}

/// Where messages can be after a test: ready, in somebody's hands, or dead.
async fn remaining(vhost: &Vhost) -> (u32, u32) {
    (vhost.depth("closure.sms").await, vhost.depth("closure.sms.dead").await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_in_any_order_reach_the_broker_exactly_as_given() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let sent = publish(&vhost, 600).await;
        let mut consumer = vhost.consumer("closure.sms", 60);
        let (mut acked, mut rejected, mut seen) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        let mut hand = Vec::new();
        let mut turn = 0_usize;
        while acked.len() + rejected.len() < sent.len() {
            hand.push(consumer.next().await);
            // The first of each hand stays behind, so that acks in order and stragglers both occur.
            while hand.len() >= 40
                || (acked.len() + rejected.len() + hand.len() == sent.len() && !hand.is_empty())
            {
                turn += 1;
                let incoming = hand.swap_remove((turn * 7) % hand.len());
                let id = id(&incoming);
                let times = seen.entry(id.clone()).and_modify(|times| *times += 1).or_insert(1);
                match (turn % 5, *times) {
                    (0, 1) => {
                        incoming.settler.release();
                        break;
                    }
                    (1, _) => {
                        incoming.settler.reject();
                        rejected.insert(id);
                    }
                    _ => {
                        incoming.settler.ack();
                        acked.insert(id);
                    }
                }
            }
        }
        let monitor = consumer.monitor.clone();
        consumer.end().await;
        assert_eq!((monitor.settlements_lost(), monitor.rebuilds()), (0, 0));
        assert!(acked.is_disjoint(&rejected));
        assert_eq!(acked.union(&rejected).cloned().collect::<BTreeSet<String>>(), sent);
        let dead = u32::try_from(rejected.len()).expect("it is small");
        eventually("the rejected ones are dead and nothing else is left", async || {
            remaining(&vhost).await == (0, dead)
        })
        .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_message_does_not_hold_back_the_acks_behind_it() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        publish(&vhost, 100).await;
        // Only if acks behind the slow one are written can more than ten messages come through.
        let mut consumer = vhost.consumer("closure.sms", 10);
        let slow = consumer.next().await;
        for _ in 1..100 {
            consumer.next().await.settler.ack();
        }
        slow.settler.ack();
        consumer.end().await;
        assert_eq!(remaining(&vhost).await, (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_operator_closed_the_connection_the_old_settlers_are_unusable_and_the_consumer_is_back() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let sent = publish(&vhost, 20).await;
        let mut consumer = vhost.consumer("closure.sms", 20);
        let mut old = Vec::new();
        while old.len() < 10 {
            old.push(consumer.next().await);
        }
        assert!(old.iter().all(|incoming| incoming.settler.is_usable()));
        vhost.close_connection_eventually("consume").await;
        eventually("the old settlers are unusable", async || {
            old.iter().all(|incoming| !incoming.settler.is_usable())
        })
        .await;
        for incoming in old {
            incoming.settler.ack();
        }
        let monitor = consumer.monitor.clone();
        eventually("the ten answers count as lost", async || monitor.settlements_lost() == 10).await;
        let mut again = BTreeSet::new();
        while again.len() < sent.len() {
            let incoming = consumer.next().await;
            // What waited from before the loss comes out as well, and must not be worked on.
            if incoming.settler.is_usable() {
                assert_eq!(incoming.message.redelivered, Redelivered::Maybe);
                again.insert(id(&incoming));
                incoming.settler.ack();
            }
        }
        assert_eq!(again, sent);
        assert_eq!(consumer.monitor.rebuilds(), 1);
        assert_eq!(consumer.monitor.health(), ConsumerHealth::Consuming);
        consumer.end().await;
        assert_eq!(remaining(&vhost).await, (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_broker_closed_the_channel_alone_the_consumer_is_back() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        publish(&vhost, 5).await;
        let proxy = Proxy::start(vhost.broker_address()).await;
        let mut settings = vhost.settings();
        settings.uri = vhost.uri_at(proxy.port);
        let mut consumer = vhost.consumer_with(settings, "closure.sms", 5);
        let mut old = Vec::new();
        while old.len() < 5 {
            old.push(consumer.next().await);
        }
        // The second channel of the connection consumes; the first one looks at the queue.
        proxy.close_channel(2).await;
        eventually("the old settlers are unusable", async || {
            old.iter().all(|incoming| !incoming.settler.is_usable())
        })
        .await;
        drop(old);
        for _ in 0..5 {
            let incoming = consumer.next().await;
            assert!(incoming.settler.is_usable());
            incoming.settler.ack();
        }
        assert_eq!(consumer.monitor.rebuilds(), 1);
        consumer.end().await;
        assert_eq!(remaining(&vhost).await, (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_hand_that_nobody_answers_makes_the_consumer_stuck_and_is_then_delivered_again() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        publish(&vhost, 3).await;
        let settings = vhost.consumer_settings("closure.sms", 2);
        let mut consumer = vhost.start(ConsumerSettings { in_hand_max_ms: 500, ..settings });
        let held = consumer.next().await;
        // The others move past it, so that the connection is not silent.
        for _ in 0..2 {
            consumer.next().await.settler.ack();
        }
        eventually(
            "the consumer is stuck",
            async || matches!(consumer.monitor.health(), ConsumerHealth::Stuck { for_ms } if for_ms >= 500),
        )
        .await;
        let again = consumer.next().await;
        assert_eq!((id(&again), again.message.redelivered), (id(&held), Redelivered::Maybe));
        assert!(!held.settler.is_usable(), "whoever held it may begin nothing more");
        again.settler.ack();
        consumer.becomes(ConsumerHealth::Consuming).await;
        assert_eq!(consumer.monitor.rebuilds(), 1);
        consumer.end().await;
        assert_eq!(remaining(&vhost).await, (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_queue_was_deleted_and_declared_again_the_consumer_is_back() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let mut consumer = vhost.consumer("closure.sms", 5);
        consumer.becomes(ConsumerHealth::Consuming).await;
        vhost.api.delete(&format!("/api/queues/{}/closure.sms", vhost.name)).await;
        consumer.becomes(ConsumerHealth::Disconnected).await;
        let vhost = vhost.with_topology().await;
        publish(&vhost, 3).await;
        for _ in 0..3 {
            consumer.next().await.settler.ack();
        }
        consumer.end().await;
        assert_eq!(remaining(&vhost).await, (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_starts_before_its_queue_waits_for_it() {
    in_vhost(|vhost| async move {
        let mut consumer = vhost.consumer("closure.sms", 5);
        let vhost = vhost.with_topology().await;
        publish(&vhost, 1).await;
        consumer.next().await.settler.ack();
        consumer.end().await;
        assert_eq!(remaining(&vhost).await, (0, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_stop_what_was_delivered_still_comes_out_and_can_be_answered() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        publish(&vhost, 30).await;
        let mut consumer = vhost.consumer("closure.sms", 10);
        let first = consumer.next().await;
        eventually("the prefetch is full", async || vhost.depth("closure.sms").await == 20).await;
        consumer.stop.cancel();
        consumer.becomes(ConsumerHealth::Draining).await;
        let mut delivered = 1;
        while let Some(incoming) = consumer.deliveries.recv().await {
            delivered += 1;
            incoming.settler.ack();
        }
        assert_eq!(delivered, 10);
        first.settler.ack();
        consumer.becomes(ConsumerHealth::Stopped).await;
        assert_eq!(consumer.monitor.settlements_lost(), 0);
        assert_eq!(remaining(&vhost).await, (20, 0));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_deliveries_gives_untouched_ones_back_and_keeps_those_in_hand() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        publish(&vhost, 30).await;
        let mut consumer = vhost.consumer("closure.sms", 10);
        let (first, second) = (consumer.next().await, consumer.next().await);
        let monitor = consumer.monitor.clone();
        drop(consumer);
        first.settler.ack();
        assert!(second.settler.is_usable());
        second.settler.ack();
        eventually("the consumer ends", async || monitor.health() == ConsumerHealth::Stopped).await;
        eventually("the other messages are ready again", async || remaining(&vhost).await == (28, 0)).await;
        assert_eq!(monitor.settlements_lost(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hard_shutdown_writes_what_was_answered_and_gives_back_what_is_in_hand() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        publish(&vhost, 30).await;
        let mut consumer = vhost.consumer("closure.sms", 10);
        let mut held = Vec::new();
        for turn in 0..10 {
            let incoming = consumer.next().await;
            if turn % 2 == 0 { held.push(incoming) } else { incoming.settler.ack() }
        }
        let monitor = consumer.monitor.clone();
        consumer.end().await;
        assert!(held.iter().all(|incoming| !incoming.settler.is_usable()));
        eventually("the others are ready again", async || remaining(&vhost).await == (25, 0)).await;
        assert_eq!(monitor.settlements_lost(), 0);
        drop(held);
        assert_eq!(monitor.settlements_lost(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn never_more_than_the_prefetch_is_in_hand() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        publish(&vhost, 50).await;
        let mut consumer = vhost.consumer("closure.sms", 7);
        let hand = [consumer.next().await, consumer.next().await];
        eventually("the prefetch is full", async || vhost.depth("closure.sms").await == 43).await;
        drop(hand);
        consumer.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_gets_nothing_although_messages_are_ready_is_rebuilt() {
    in_vhost(|vhost| async move {
        // A queue with a single active consumer, which is somebody else, delivers nothing to us.
        let single = r#"{"x-queue-type":"quorum","x-single-active-consumer":true}"#;
        vhost.queue("closure.sms", single, "", "").await;
        let other =
            Connection::connect(&vhost.uri(), ConnectionProperties::default()).await.expect("it connects");
        let channel = other.create_channel().await.expect("it opens a channel");
        channel.basic_qos(1, BasicQosOptions::default()).await.expect("it limits itself");
        let options = BasicConsumeOptions::default();
        let held =
            channel.basic_consume("closure.sms".into(), "other".into(), options, FieldTable::default());
        let held = held.await.expect("it consumes");
        let vhost = vhost.with_bindings().await;
        publish(&vhost, 3).await;
        let mut settings = vhost.consumer_settings("closure.sms", 5);
        settings.watchdog_ms = 300;
        let mut consumer = vhost.start(settings);
        eventually("the watchdog rebuilds", async || consumer.monitor.rebuilds() >= 2).await;
        drop(held);
        other.close(200, "OK".into()).await.expect("it closes");
        for _ in 0..3 {
            let incoming = consumer.next().await;
            incoming.settler.ack();
        }
        consumer.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_consumer_is_left_alone_by_its_watchdog() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let mut settings = vhost.consumer_settings("closure.sms", 2);
        settings.watchdog_ms = 50;
        let mut consumer = vhost.start(settings);
        publish(&vhost, 4).await;
        // A full hand is not a stall either, however long it lasts.
        let hand = [consumer.next().await, consumer.next().await];
        tokio::time::timeout(Duration::from_millis(500), consumer.deliveries.recv())
            .await
            .expect_err("no room");
        assert!(hand.iter().all(|incoming| incoming.settler.is_usable()));
        assert_eq!(consumer.monitor.rebuilds(), 0);
        drop(hand);
        consumer.end().await;
    })
    .await;
}
