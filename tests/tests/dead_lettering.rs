//! A message that stops the broker's own dead-lettering; a binary of its own, because nothing else may run meanwhile.
//!
//! Brokers before 4.0 take some headers and cannot forward their message once it dies: `BCC` twice, which AMQP forbids,
//! and an `x-death` of anything but deaths. The part of the node that forwards the dead of all quorum queues then ends,
//! and jobs that wait for their next try stay where they are (`docs/runbook.md`, "Nothing leaves the delays any more").

use std::time::Duration;

use closure_broker::{BrokerSettings, topology};
use closure_contract::topology::JOBS;
use closure_tests::harness::{
    LONG, Services, Vhost, eventually, rabbitmqctl,
    raw_amqp::{Properties, Property, RawPublisher, Said, field, long},
    restart_the_broker, run,
};

const WAITING: &str = "closure.retry.email.1s";

async fn publish(vhost: &Vhost, exchange: &str, key: &[u8], properties: &Properties) {
    let mut publisher = RawPublisher::open(&vhost.uri).await;
    assert_eq!(publisher.publish(exchange, key, properties, b"{}").await, Said::Confirmed);
}

async fn depth(owner: &BrokerSettings, queue: &str) -> u32 {
    topology::depth(owner, queue).await.expect("the queue is there")
}

async fn come(owner: &BrokerSettings, queue: &str, count: u32) {
    eventually(&format!("{count} in {queue}"), LONG, || async {
        let ready = depth(owner, queue).await;
        if ready == count { Ok(()) } else { Err(format!("{ready} ready")) }
    })
    .await;
}

#[test]
fn a_message_with_headers_that_the_broker_cannot_forward_dies_alone_or_the_way_out_of_the_runbook_helps() {
    run(async {
        let copies = field(b'A', &long(&field(b'S', &long(b"zzz"))));
        let no_deaths = field(b'A', &long(&field(b'b', &[1])));
        for headers in
            [vec![(&b"BCC"[..], copies), (b"BCC", field(b'V', b""))], vec![(&b"x-death"[..], no_deaths)]]
        {
            dies_alone(&Properties::default().headers(&headers)).await;
        }
    });
}

/// The message runs out in its queue, and a job that waits for its next try comes home behind it.
async fn dies_alone(odd: &Properties) {
    let services = Services::from_environment();
    let vhost = Vhost::create(&services, &format!("odd-{}", uuid::Uuid::new_v4().simple())).await;
    let owner = BrokerSettings::new(vhost.uri.clone(), "odd");
    topology::apply(&owner).await.expect("the topology is applied");
    publish(&vhost, JOBS, b"sms", &odd.clone().text(Property::Expiration, b"100")).await;
    if services.rabbit_major().await >= 4 {
        come(&owner, "closure.sms.dead", 1).await;
        publish(&vhost, WAITING, b"email", &Properties::default()).await;
    } else {
        tokio::time::sleep(Duration::from_secs(1)).await;
        publish(&vhost, WAITING, b"email", &Properties::default()).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert_eq!(depth(&owner, "closure.email").await, 0, "nothing comes home from the delays any more");
        rabbitmqctl(&services, &["--vhost", &vhost.name, "delete_queue", "closure.sms"]).await;
        restart_the_broker(&services).await;
        topology::apply(&owner).await.expect("the topology is applied again");
    }
    // The vhost stays: an earlier broker forwards nothing any more, too, where one is deleted that has just begun.
    come(&owner, "closure.email", 1).await;
}
