//! A message over which the client library itself fails.

use std::collections::BTreeSet;

use closure_broker::ConsumerHealth;
use closure_contract::topology::JOBS;

use crate::support::{eventually, in_vhost, messages, proxy::Proxy};

const QUEUE: &str = "closure.sms";
/// As many as once stood behind such a message; 17 of them died with it.
const GOOD: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_the_client_library_cannot_read_dies_alone_and_those_behind_it_are_delivered() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let publisher = vhost.publisher().await;
        let mut all = messages(1 + GOOD, JOBS, "sms");
        let behind = all.split_off(1);
        let poison = all[0].message_id.clone();
        let good: BTreeSet<String> = behind.iter().map(|message| message.message_id.clone()).collect();
        assert_eq!(publisher.part.publish(all).await, Ok(()));
        assert_eq!(publisher.part.publish(behind).await, Ok(()));
        publisher.end().await;

        let proxy = Proxy::start(vhost.broker_address()).await;
        proxy.garble(&poison);
        let mut settings = vhost.settings();
        settings.uri = vhost.uri_at(proxy.port);
        settings.backoff_max_ms = 50;
        let prefetch = u16::try_from(1 + GOOD).expect("a few");
        let mut consumer = vhost.consumer_with(settings, QUEUE, prefetch);
        let mut delivered = BTreeSet::new();
        while delivered.len() < good.len() {
            let incoming = consumer.next().await;
            delivered.extend(incoming.message.message_id.clone());
            incoming.settler.ack();
        }
        assert_eq!(delivered, good);
        eventually("the one message is in the dead queue", async || {
            (vhost.depth(QUEUE).await, vhost.depth("closure.sms.dead").await) == (0, 1)
        })
        .await;
        consumer.becomes(ConsumerHealth::Consuming).await;
        consumer.end().await;
    })
    .await;
}
