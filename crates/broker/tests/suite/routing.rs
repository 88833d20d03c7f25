//! Where messages go: retry steps, dead queues, unroutable jobs.

use closure_broker::{Death, Redelivered};
use closure_contract::{
    AttemptNumber,
    topology::{DELIVERY_LIMIT, DelayStep, JOBS, RECEIPTS, WorkQueue},
};

use crate::support::{eventually, in_vhost, message, messages};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delay_step_sends_each_message_home_by_its_own_key() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        let keys = WorkQueue::ALL.map(WorkQueue::routing_key);
        let step = DelayStep::Seconds1.exchange();
        let mut out = keys.map(|key| message(step, key));
        for message in &mut out {
            message.attempt = AttemptNumber(2);
        }
        assert_eq!(publisher.part.publish(out.to_vec()).await, Ok(()));
        for (queue, sent) in WorkQueue::ALL.into_iter().zip(out) {
            let mut consumer = vhost.consumer(queue.name(), 10);
            let home = consumer.next().await;
            assert_eq!(home.message.message_id, Some(sent.message_id));
            assert_eq!(home.message.attempt, AttemptNumber(2));
            assert_eq!(home.message.routing_key, queue.routing_key());
            home.settler.ack();
            consumer.end().await;
        }
        publisher.end().await;
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
async fn dead_letters_stay_in_their_queue_while_the_dead_queue_is_missing() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        vhost.api.delete(&format!("/api/queues/{}/closure.sms.dead", vhost.name)).await;
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
