//! A virtual host for each test, and waiting for conditions.

pub(crate) mod api;
pub(crate) mod proxy;

use std::{
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use closure_broker::{
    BrokerSettings, Consumer, ConsumerHealth, ConsumerMonitor, ConsumerSettings, Incoming, OutMessage,
    Publisher, PublisherHealth, topology,
};
use closure_contract::{AttemptNumber, Generation};
use futures::FutureExt;
use tokio::sync::mpsc;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use api::Api;

/// Every wait for a condition ends after this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One test's part of the broker.
#[derive(Clone)]
pub(crate) struct Vhost {
    pub(crate) name: String,
    pub(crate) api: Arc<Api>,
    amqp: String,
}

/// Runs a test in a virtual host of its own, which is deleted at the end whatever happened.
pub(crate) async fn in_vhost<T: Future<Output = ()>>(test: impl FnOnce(Vhost) -> T) {
    let amqp = setting("CLOSURE_TEST_AMQP");
    let api = Arc::new(Api::new(&setting("CLOSURE_TEST_RABBIT_API")));
    let vhost = Vhost { name: format!("test-{}", Uuid::new_v4()), api, amqp };
    vhost.api.put(&format!("/api/vhosts/{}", vhost.name), "{}").await;
    let outcome = AssertUnwindSafe(test(vhost.clone())).catch_unwind().await;
    vhost.api.delete(&format!("/api/vhosts/{}", vhost.name)).await;
    if let Err(failure) = outcome {
        resume_unwind(failure);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the address of the test's broker is not the fleet's configuration"
)]
fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set; run: cargo xtask test"))
}

impl Vhost {
    /// Settings with short pauses, so that tests of recovery are quick.
    pub(crate) fn settings(&self) -> BrokerSettings {
        let mut settings = BrokerSettings::new(self.uri(), format!("fleet {}", self.name));
        settings.backoff_max_ms = 500;
        settings
    }

    /// The broker's address with this virtual host.
    pub(crate) fn uri(&self) -> String {
        format!("{}/{}", self.amqp.trim_end_matches('/'), self.name)
    }

    /// Declares the whole topology.
    pub(crate) async fn with_topology(self) -> Self {
        topology::apply(&self.settings()).await.expect("the topology is applied");
        self
    }

    /// The broker's `host:port`.
    pub(crate) fn broker_address(&self) -> String {
        let (_, address) =
            self.amqp.trim_end_matches('/').rsplit_once('@').expect("the address names a user");
        address.to_owned()
    }

    /// This virtual host's address through a proxy on a local port.
    pub(crate) fn uri_at(&self, port: u16) -> String {
        self.uri().replace(&self.broker_address(), &format!("127.0.0.1:{port}"))
    }

    /// Starts a publisher and waits until it is connected.
    pub(crate) async fn publisher(&self) -> Running<Publisher> {
        self.publisher_with(self.settings()).await
    }

    /// Starts a publisher with settings of one's own and waits until it is connected.
    pub(crate) async fn publisher_with(&self, settings: BrokerSettings) -> Running<Publisher> {
        let (shutdown, tracker) = tokens();
        let publisher = Publisher::start(settings, shutdown.clone(), &tracker);
        eventually("the publisher is connected", async || publisher.health() == PublisherHealth::Connected)
            .await;
        Running { part: publisher, shutdown, tracker }
    }

    /// Settings of a consumer, with a watchdog that does not interfere.
    pub(crate) fn consumer_settings(&self, queue: &'static str, prefetch: u16) -> ConsumerSettings {
        ConsumerSettings {
            broker: self.settings(),
            queue,
            prefetch,
            watchdog_ms: 60_000,
            in_hand_max_ms: 600_000,
        }
    }

    /// Starts a consumer.
    pub(crate) fn consumer(&self, queue: &'static str, prefetch: u16) -> RunningConsumer {
        self.start(self.consumer_settings(queue, prefetch))
    }

    /// Starts a consumer that reaches the broker in its own way.
    pub(crate) fn consumer_with(
        &self,
        broker: BrokerSettings,
        queue: &'static str,
        prefetch: u16,
    ) -> RunningConsumer {
        self.start(ConsumerSettings { broker, ..self.consumer_settings(queue, prefetch) })
    }

    /// Starts a consumer with settings of one's own.
    pub(crate) fn start(&self, settings: ConsumerSettings) -> RunningConsumer {
        let ((shutdown, tracker), stop) = (tokens(), CancellationToken::new());
        let consumer = Consumer::start(settings, stop.clone(), shutdown.clone(), &tracker);
        let monitor = consumer.monitor();
        RunningConsumer { deliveries: consumer.deliveries, monitor, stop, shutdown, tracker }
    }

    /// Declares the topology around a queue that is different on purpose.
    pub(crate) async fn with_bindings(self) -> Self {
        topology::apply(&self.settings()).await.expect_err("one queue is different on purpose");
        self
    }

    /// Declares a quorum queue with arguments in JSON and binds it.
    pub(crate) async fn queue(&self, queue: &str, arguments: &str, exchange: &str, key: &str) {
        let vhost = &self.name;
        let body = format!(r#"{{"durable":true,"arguments":{arguments}}}"#);
        self.api.put(&format!("/api/queues/{vhost}/{queue}"), &body).await;
        if !exchange.is_empty() {
            let body = format!(r#"{{"routing_key":"{key}"}}"#);
            self.api.post(&format!("/api/bindings/{vhost}/e/{exchange}/q/{queue}"), &body).await;
        }
    }

    /// Publishes an empty object with properties in JSON, as a program in another language might.
    pub(crate) async fn publish(&self, exchange: &str, key: &str, properties: &str) {
        let body = format!(
            r#"{{"properties":{{{properties}}},"routing_key":"{key}","payload":"{{}}","payload_encoding":"string"}}"#
        );
        let answer = self.api.post(&format!("/api/exchanges/{}/{exchange}/publish", self.name), &body).await;
        assert!(answer.contains(r#""routed":true"#), "{exchange} {key}: {answer}");
    }

    /// Closes every connection whose name ends so; returns how many there were.
    pub(crate) async fn close_connections(&self, role: &str) -> usize {
        let open = self.api.get(&format!("/api/vhosts/{}/connections", self.name)).await;
        let open = open.as_array().cloned().unwrap_or_default();
        let mut closed = 0;
        for connection in &open {
            let name = connection["client_properties"]["connection_name"].as_str().unwrap_or_default();
            if name.ends_with(role) {
                let id = api::escaped(connection["name"].as_str().expect("a connection has a name"));
                self.api.delete(&format!("/api/connections/{id}")).await;
                closed += 1;
            }
        }
        closed
    }

    /// Waits until the broker sees a connection of this role, and closes it.
    pub(crate) async fn close_connection_eventually(&self, role: &str) {
        eventually("the broker lists the connection", async || self.close_connections(role).await > 0).await;
    }

    /// How many messages wait in a queue.
    pub(crate) async fn depth(&self, queue: &str) -> u32 {
        topology::depth(&self.settings(), queue).await.expect("the queue exists")
    }
}

/// A part with its tokens.
pub(crate) struct Running<T> {
    pub(crate) part: T,
    pub(crate) shutdown: CancellationToken,
    pub(crate) tracker: TaskTracker,
}

impl<T> Running<T> {
    /// Shuts the part down and waits for its tasks.
    pub(crate) async fn end(self) -> T {
        self.shutdown.cancel();
        self.tracker.close();
        tokio::time::timeout(PATIENCE, self.tracker.wait()).await.expect("the tasks end after a shutdown");
        self.part
    }
}

/// A consumer with its tokens.
pub(crate) struct RunningConsumer {
    pub(crate) deliveries: mpsc::Receiver<Incoming>,
    pub(crate) monitor: ConsumerMonitor,
    pub(crate) stop: CancellationToken,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl RunningConsumer {
    /// The next message.
    pub(crate) async fn next(&mut self) -> Incoming {
        let next = tokio::time::timeout(PATIENCE, self.deliveries.recv()).await;
        next.expect("a message comes").expect("the consumer goes on")
    }

    /// Waits until the consumer does this.
    pub(crate) async fn becomes(&self, health: ConsumerHealth) {
        eventually(&format!("the consumer is {health:?}"), async || self.monitor.health() == health).await;
    }

    /// Shuts the consumer down and waits for its task.
    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        self.tracker.close();
        tokio::time::timeout(PATIENCE, self.tracker.wait()).await.expect("the task ends after a shutdown");
    }
}

/// A token to shut down with, and a tracker.
pub(crate) fn tokens() -> (CancellationToken, TaskTracker) {
    (CancellationToken::new(), TaskTracker::new())
}

/// Waits until a condition holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "this did not become true: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A message with an id of its own.
pub(crate) fn message(exchange: &'static str, routing_key: &str) -> OutMessage {
    OutMessage {
        exchange,
        routing_key: routing_key.to_owned(),
        message_id: Uuid::new_v4().to_string(),
        kind: "closure.sms/1".to_owned(),
        attempt: AttemptNumber::FIRST,
        generation: Generation::FIRST,
        traceparent: None,
        body: Bytes::from_static(b"{}"),
    }
}

/// So many messages.
pub(crate) fn messages(count: usize, exchange: &'static str, routing_key: &str) -> Vec<OutMessage> {
    (0..count).map(|_| message(exchange, routing_key)).collect()
}
