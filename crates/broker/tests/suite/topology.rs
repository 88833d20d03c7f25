//! The topology against a real broker.

use closure_broker::{
    BrokerError, TopologyError,
    topology::{self, Object, Problem},
};
use closure_contract::topology as contract;

use crate::support::{eventually, in_vhost};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn applying_the_topology_twice_is_the_same_as_applying_it_once() {
    in_vhost(|vhost| async move {
        let settings = vhost.settings();
        let first = topology::apply(&settings).await.expect("the topology is applied");
        assert_eq!(first.queues, contract::queues().len());
        assert_eq!(topology::apply(&settings).await, Ok(first));
        assert_eq!(topology::check(&settings).await, Ok(()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_check_names_every_difference_at_once_with_its_remedy_and_changes_nothing() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let name = &vhost.name;
        vhost.api.delete(&format!("/api/queues/{name}/closure.sms")).await;
        vhost.queue("closure.sms", r#"{"x-queue-type":"quorum","x-delivery-limit":5}"#, "", "").await;
        vhost.api.delete(&format!("/api/queues/{name}/closure.dial")).await;
        vhost.api.delete(&format!("/api/exchanges/{name}/closure.dead")).await;
        vhost.api.put(&format!("/api/exchanges/{name}/closure.dead"), r#"{"type":"topic"}"#).await;
        for _ in 0..2 {
            let error = topology::check(&vhost.settings()).await.expect_err("the topology differs");
            let shown = error.to_string();
            let TopologyError::Differs { differences } = error else { panic!("{shown}") };
            let objects: Vec<&Object> = differences.iter().map(|difference| &difference.object).collect();
            assert_eq!(
                objects,
                [
                    &Object::Exchange("closure.dead".to_owned()),
                    &Object::Queue("closure.sms".to_owned()),
                    &Object::Queue("closure.dial".to_owned()),
                ],
                "{shown}"
            );
            assert_eq!(differences[2].problem, Problem::Missing);
            assert!(shown.contains("'x-d"), "the argument is named: {shown}");
            assert!(shown.contains("run: fleet topology apply"), "{shown}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_argument_of_a_queue_is_compared() {
    in_vhost(|vhost| async move {
        let whole = r#""x-queue-type":"quorum","x-overflow":"reject-publish","x-dead-letter-exchange":"closure.dead","x-dead-letter-strategy":"at-least-once","x-delivery-limit":20"#;
        topology::apply(&vhost.settings()).await.expect("the topology is applied");
        let remake = async |arguments: String| {
            vhost.api.delete(&format!("/api/queues/{}/closure.sms", vhost.name)).await;
            vhost.queue("closure.sms", &format!("{{{arguments}}}"), "", "").await;
            topology::check(&vhost.settings()).await
        };
        assert_eq!(remake(whole.to_owned()).await, Ok(()));
        for (argument, is, other) in [
            ("x-overflow", r#""x-overflow":"reject-publish""#, r#""x-overflow":"drop-head""#),
            ("x-dead-letter-exchange", r#""x-dead-letter-exchange":"closure.dead""#, r#""x-dead-letter-exchange":"closure.home""#),
            ("x-dead-letter-strategy", r#""x-dead-letter-strategy":"at-least-once""#, r#""x-dead-letter-strategy":"at-most-once""#),
            ("x-delivery-limit", r#""x-delivery-limit":20"#, r#""x-delivery-limit":21"#),
        ] {
            let shown = remake(whole.replace(is, other)).await.expect_err(other).to_string();
            assert!(shown.contains(&format!("'{argument}'")), "{shown}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_misses_its_queue_is_told_to_apply_the_topology() {
    in_vhost(|vhost| async move {
        let settings = vhost.settings();
        let error = topology::verify_passively(&settings, &["closure.sms", "closure.email"])
            .await
            .expect_err("there are no queues yet");
        let shown = error.to_string();
        assert!(shown.contains("closure.sms") && shown.contains("closure.email"), "{shown}");
        assert!(shown.contains("run: fleet topology apply"), "{shown}");
        let vhost = vhost.with_topology().await;
        assert_eq!(topology::verify_passively(&vhost.settings(), &["closure.sms"]).await, Ok(()));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tls_address_never_speaks_plain_text() {
    in_vhost(|vhost| async move {
        let mut settings = vhost.settings();
        settings.uri = settings.uri.replace("amqp://", "amqps://");
        let error =
            topology::verify_passively(&settings, &[]).await.expect_err("the broker's port has no TLS");
        assert!(
            matches!(
                error,
                TopologyError::Broker(BrokerError::Unreachable { .. } | BrokerError::TimedOut { .. })
            ),
            "{error}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_login_or_virtual_host_is_for_a_person_and_the_password_is_not_shown() {
    in_vhost(|vhost| async move {
        let (scheme, rest) =
            vhost.uri().split_once("://").map(|(s, r)| (s.to_owned(), r.to_owned())).expect("a URI");
        let (_, place) = rest.rsplit_once('@').expect("the address names a user");
        for uri in [format!("{scheme}://guest:hunter2@{place}"), format!("{}-missing", vhost.uri())] {
            let mut settings = vhost.settings();
            settings.uri = uri;
            let error = topology::verify_passively(&settings, &[]).await.expect_err("access is refused");
            assert!(matches!(error, TopologyError::Broker(BrokerError::AccessRefused { .. })), "{error}");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    })
    .await;
}

/// The queue of an earlier release's delay, which sends a message home by its own key.
const FORMER_DELAY: &str = r#"{"x-queue-type":"quorum","x-overflow":"reject-publish","x-dead-letter-exchange":"closure.home","x-dead-letter-strategy":"at-least-once","x-delivery-limit":2147483647,"x-message-ttl":1000}"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_of_an_earlier_release_is_moved_over_without_losing_what_waits_in_its_delays() {
    in_vhost(|vhost| async move {
        let (api, name) = (vhost.api.clone(), vhost.name.clone());
        let own = async |exchange: &str, kind: &str| {
            api.put(
                &format!("/api/exchanges/{name}/{exchange}"),
                &format!(r#"{{"type":"{kind}","durable":true}}"#),
            )
            .await;
        };
        own("closure.home", "direct").await;
        own("closure.dead", "direct").await;
        own("closure.retry.1s", "fanout").await;
        vhost.queue("closure.retry.1s", FORMER_DELAY, "closure.retry.1s", "").await;
        // One key that leads home, and more than a step can hold of another that led nowhere.
        for _ in 0..40 {
            vhost.publish("closure.retry.1s", "zzz", r#""headers":{"CC":["yyy"]}"#).await;
        }
        vhost.publish("closure.retry.1s", "sms", "").await;
        let stuck =
            async || api.get(&format!("/api/queues/{name}/closure.retry.1s")).await["messages_dlx"] == 41;
        eventually("the step stands still for everybody", stuck).await;
        let vhost = vhost.with_topology().await;
        assert_eq!(topology::check(&vhost.settings()).await, Ok(()));
        assert_eq!(topology::former_queues(&vhost.settings()).await, Ok(vec![("closure.retry.1s", 0)]));
        // An earlier release's worker goes on as it was, beside one of this release.
        vhost.publish("closure.retry.1s", "sms", "").await;
        vhost.publish("closure.retry.sms.1s", "sms", "").await;
        let mut home = vhost.consumer("closure.sms", 10);
        let mut lost = vhost.consumer("closure.unroutable", 50);
        for _ in 0..3 {
            home.next().await.settler.ack();
        }
        for _ in 0..40 {
            lost.next().await.settler.ack();
        }
        home.end().await;
        lost.end().await;
        assert_eq!(vhost.depth("closure.retry.1s").await, 0);
    })
    .await;
}
