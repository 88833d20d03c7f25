//! Several nodes in one setting, against one real broker and addresses that are none.

use closure_broker::{PublisherHealth, topology};
use closure_contract::topology::JOBS;
use tokio::net::TcpListener;

use crate::support::{Vhost, eventually, in_vhost, messages, proxy::Proxy};

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("a listener has an address").port();
    (listener, port)
}

/// The broker's address with other hosts in it.
fn uri_of(vhost: &Vhost, hosts: &str) -> String {
    vhost.uri().replace(&vhost.broker_address(), hosts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_away_or_says_nothing_is_passed_by() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let (_silent, silent_port) = listener().await;
        let (gone, gone_port) = listener().await;
        drop(gone);
        let away = format!("127.0.0.1:{gone_port},127.0.0.1:{silent_port}");
        // New settings begin at any of the addresses.
        for _start in 0..4 {
            let mut settings = vhost.settings();
            settings.connect_timeout_ms = 500;
            settings.uri = uri_of(&vhost, &format!("{away},{}", vhost.broker_address()));
            assert_eq!(topology::verify_passively(&settings, &["closure.sms"]).await, Ok(()));
        }
        let mut settings = vhost.settings();
        settings.connect_timeout_ms = 500;
        settings.uri = uri_of(&vhost, &away);
        let error = topology::verify_passively(&settings, &[]).await.expect_err("no node answers");
        let shown = error.to_string();
        assert!(
            shown.contains(&gone_port.to_string()) && shown.contains(&silent_port.to_string()),
            "{shown}"
        );
        assert!(!shown.contains("guest"), "{shown}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_whose_node_falls_silent_goes_on_at_another() {
    in_vhost(|vhost| async move {
        let vhost = vhost.with_topology().await;
        let (one, other) =
            (Proxy::start(vhost.broker_address()).await, Proxy::start(vhost.broker_address()).await);
        let mut settings = vhost.settings();
        settings.uri = uri_of(&vhost, &format!("127.0.0.1:{},127.0.0.1:{}", one.port, other.port));
        settings.connect_timeout_ms = 500;
        settings.confirm_timeout_ms = 1_000;
        let publisher = vhost.publisher_with(settings).await;
        let (used, unused) = if one.open_connections() > 0 { (&one, &other) } else { (&other, &one) };
        used.freeze();
        eventually("a publish goes through the other node", async || {
            publisher.part.publish(messages(1, JOBS, "sms")).await.is_ok()
        })
        .await;
        assert_eq!(publisher.part.health(), PublisherHealth::Connected);
        assert!(unused.open_connections() > 0, "the other node has the connection");
        publisher.end().await;
    })
    .await;
}
