//! Where messages go: retry steps, dead queues, unroutable jobs.

use closure_broker::{Death, Redelivered};
use closure_contract::{
    AttemptNumber, Channel,
    topology::{DELIVERY_LIMIT, DelayStep, FALLBACK, JOBS, RECEIPTS, WorkQueue},
};

use crate::support::{eventually, in_vhost, message, messages};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delay_leads_home_to_its_own_channel_whatever_key_and_headers_a_message_has() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        for channel in Channel::ALL {
            let step = DelayStep::Seconds1.exchange(channel);
            for key in ["sms", "email", "dial", "zzz", ""] {
                vhost
                    .publish(step, key, r#""headers":{"CC":["dial"],"BCC":["sms"],"x-closure-attempt":2}"#)
                    .await;
            }
            let mut consumer = vhost.consumer(WorkQueue::Jobs(channel).name(), 10);
            for _ in 0..5 {
                let home = consumer.next().await;
                assert_eq!(home.message.routing_key, channel.as_str());
                assert_eq!(home.message.attempt, AttemptNumber(2));
                assert!(home.message.is_our_copy());
                home.settler.ack();
            }
            consumer.end().await;
        }
        for queue in WorkQueue::ALL {
            assert_eq!(vhost.depth(queue.name()).await, 0, "{}", queue.name());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fallback_workers_exchange_leads_to_the_email_queue_whatever_the_key() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        for key in ["sms", "email", "dial", "zzz"] {
            vhost.publish(FALLBACK, key, r#""headers":{"CC":["dial"]}"#).await;
        }
        let mut consumer = vhost.consumer("closure.email", 10);
        for _ in 0..4 {
            consumer.next().await.settler.ack();
        }
        consumer.end().await;
        for queue in WorkQueue::ALL {
            assert_eq!(vhost.depth(queue.name()).await, 0, "{}", queue.name());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_dies_under_a_key_that_no_dead_queue_has_is_kept_where_a_person_sees_it() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        vhost.publish(FALLBACK, "zzz", "").await;
        let mut consumer = vhost.consumer("closure.email", 10);
        consumer.next().await.settler.reject();
        let mut undertaker = vhost.consumer("closure.unroutable", 10);
        let dead = undertaker.next().await;
        assert_eq!(dead.message.death.as_ref().map(|death| death.queue.as_str()), Some("closure.email"));
        dead.settler.ack();
        consumer.end().await;
        undertaker.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_of_a_message_that_was_not_waiting_here_are_not_believed() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let headers = r#""x-closure-attempt":7,"x-closure-generation":9,"traceparent":"TRACE""#;
        vhost.publish(JOBS, "sms", &format!(r#""headers":{{{}}}"#, headers.replace("TRACE", trace))).await;
        let long = "a".repeat(300);
        vhost.publish(JOBS, "sms", &format!(r#""headers":{{{}}}"#, headers.replace("TRACE", &long))).await;
        let mut consumer = vhost.consumer("closure.sms", 10);
        for expected in [Some(trace.to_owned()), None] {
            let first = consumer.next().await;
            assert_eq!(first.message.attempt, AttemptNumber::FIRST);
            assert!(!first.message.is_our_copy());
            assert_eq!(first.message.traceparent, expected);
            first.settler.ack();
        }
        consumer.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rejected_message_reaches_the_dead_queue_and_says_where_it_died() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        let out = message(JOBS, "email");
        assert_eq!(publisher.part.publish(vec![out.clone()]).await, Ok(()));
        let mut consumer = vhost.consumer("closure.email", 10);
        consumer.next().await.settler.reject();
        let mut undertaker = vhost.consumer("closure.email.dead", 10);
        let dead = undertaker.next().await;
        assert_eq!(dead.message.message_id, Some(out.message_id));
        let death = Death { reason: "rejected".to_owned(), queue: "closure.email".to_owned(), count: 1 };
        assert_eq!(dead.message.death, Some(death));
        dead.settler.ack();
        consumer.end().await;
        undertaker.end().await;
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_workers_give_back_again_and_again_dies_of_its_delivery_limit() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        assert_eq!(publisher.part.publish(messages(1, RECEIPTS, "receipt")).await, Ok(()));
        let mut consumer = vhost.consumer("closure.receipts", 10);
        let mut undertaker = vhost.consumer("closure.receipts.dead", 10);
        for turn in 0..=DELIVERY_LIMIT {
            let again = consumer.next().await;
            let expected = if turn == 0 { Redelivered::No } else { Redelivered::Maybe };
            assert_eq!(again.message.redelivered, expected);
            again.settler.release();
        }
        let dead = undertaker.next().await;
        let death = dead.message.death.clone().expect("the broker says why");
        assert_eq!((death.reason.as_str(), death.queue.as_str()), ("delivery_limit", "closure.receipts"));
        dead.settler.ack();
        consumer.end().await;
        undertaker.end().await;
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_queue_gives_nothing_up_however_often_it_is_given_back() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        assert_eq!(publisher.part.publish(messages(1, JOBS, "nowhere")).await, Ok(()));
        let mut consumer = vhost.consumer("closure.unroutable", 10);
        for _ in 0..3 * DELIVERY_LIMIT {
            consumer.next().await.settler.release();
        }
        consumer.next().await.settler.ack();
        consumer.end().await;
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_come_to_where_a_person_sees_them_while_the_dead_queue_is_missing() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        vhost.api.delete(&format!("/api/queues/{}/closure.sms.dead", vhost.name)).await;
        assert_eq!(publisher.part.publish(messages(5, JOBS, "sms")).await, Ok(()));
        let mut consumer = vhost.consumer("closure.sms", 10);
        for _ in 0..5 {
            consumer.next().await.settler.reject();
        }
        let mut undertaker = vhost.consumer("closure.unroutable", 10);
        for _ in 0..5 {
            let dead = undertaker.next().await;
            assert_eq!(dead.message.death.as_ref().map(|death| death.queue.as_str()), Some("closure.sms"));
            dead.settler.ack();
        }
        consumer.end().await;
        undertaker.end().await;
        publisher.end().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_stay_in_their_queue_while_their_exchange_is_missing() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        vhost.api.delete(&format!("/api/exchanges/{}/closure.dead", vhost.name)).await;
        assert_eq!(publisher.part.publish(messages(5, JOBS, "sms")).await, Ok(()));
        let mut consumer = vhost.consumer("closure.sms", 10);
        for _ in 0..5 {
            consumer.next().await.settler.reject();
        }
        eventually("the broker keeps them on their way to the dead queue", async || {
            let path = format!("/api/queues/{}/closure.sms", vhost.name);
            vhost.api.get(&path).await["messages_dlx"] == 5
        })
        .await;
        consumer.end().await;
        publisher.end().await;
    })
    .await;
}
