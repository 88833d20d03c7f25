//! A fourth SMS gateway: Sinch's SMS API as its OpenAPI document describes batches, delivery reports and callbacks.

mod batch;
mod callbacks;
mod server;

use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    http::HttpServer,
    lock::locked,
    rules::{Rule, Target},
};

pub use batch::SinchSms;
use server::SinchState;

/// How the gateway is set up.
#[derive(Clone)]
pub struct SinchSimSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The service plan in every path.
    pub service_plan_id: String,
    /// The token expected in `Authorization: Bearer …`.
    pub api_token: String,
    /// What its callbacks are signed with.
    pub webhook_secret: String,
    /// Where callbacks really go; without it, where each request says.
    pub webhook_url: Option<String>,
    /// How long each callback takes, in milliseconds.
    pub callback_delay_ms: u64,
    /// How long a slow answer takes, in milliseconds.
    pub slow_ms: u64,
}

impl Default for SinchSimSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            service_plan_id: "simulated-service-plan".to_owned(),
            api_token: "simulated-api-token".to_owned(),
            webhook_secret: "simulated-webhook-secret".to_owned(),
            webhook_url: None,
            callback_delay_ms: 50,
            slow_ms: 3_000,
        }
    }
}

impl fmt::Debug for SinchSimSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinchSimSettings").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// How a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinchBehaviour {
    /// Accepted; the callbacks say queued, dispatched and delivered.
    Delivered,
    /// Accepted; the callbacks say dispatched and failed with code 153.
    Failed,
    /// Accepted; the only callback says aborted with code 413: the account is blocked.
    Aborted,
    /// Accepted; the only callback says expired.
    Expired,
    /// Accepted; the only callback says unknown.
    Unknown,
    /// Accepted, and never a callback.
    Silent,
    /// Accepted; the callbacks say delivered and afterwards dispatched.
    OutOfOrder,
    /// Accepted; a failure with a wrong signature comes first, and a good word of delivery afterwards.
    ForgedThenDelivered,
    /// Accepted, and the connection breaks before the answer; delivered.
    AnswerLost,
    /// Accepted, and the connection breaks; the list knows nothing of it at the first look.
    AnswerLostAndLateInTheList,
    /// Nothing is accepted, and the connection breaks.
    RequestLost,
    /// Accepted, and answered after `slow_ms`; delivered.
    SlowAnswer,
    /// Accepted, and the answer is an HTML page; delivered.
    GarbageAnswer,
    /// Accepted, although the answer is status 500; delivered.
    ServerErrorAccepted,
    /// Status 500; nothing is accepted.
    ServerError,
    /// Status 429 with `Retry-After: 1`.
    TooManyRequests,
    /// Status 403 with code `blocked_account`.
    OutOfCredit,
}

/// A running gateway.
pub struct SinchSimulator {
    server: HttpServer,
    state: Arc<SinchState>,
    tasks: TaskTracker,
    /// A simulator that is merely dropped stops too, without waiting for the end.
    stop: DropGuard,
}

impl SinchSimulator {
    /// Starts the gateway.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is taken or the HTTP client for callbacks cannot be made.
    pub async fn start(settings: SinchSimSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let state = Arc::new(SinchState::new(settings, tasks.clone(), stop.clone())?);
        let server = HttpServer::start(listener, server::routes(Arc::clone(&state)), stop.clone())?;
        Ok(Self { server, state, tasks, stop: stop.drop_guard() })
    }

    /// The gateway's address without a path.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Brings callbacks here from now on, also those that are being retried.
    pub fn set_webhook(&self, url: impl Into<String>) {
        *locked(&self.state.webhook_url) = Some(url.into());
    }

    /// Treats this recipient so from now on; digits with country code.
    pub fn behave(&self, digits: &str, behaviour: SinchBehaviour) {
        self.add_rule(Rule { target: Target::Exact(digits.to_owned()), behaviour, times: None });
    }

    /// Treats the next requests for this recipient so; digits with country code.
    pub fn behave_times(&self, digits: &str, behaviour: SinchBehaviour, times: u32) {
        self.add_rule(Rule { target: Target::Exact(digits.to_owned()), behaviour, times: Some(times) });
    }

    /// Adds a rule; the newest that matches wins.
    pub fn add_rule(&self, rule: Rule<SinchBehaviour>) {
        locked(&self.state.rules).add(rule);
    }

    /// The messages that the gateway took for these digits, which is what the customer would get.
    pub fn accepted_to(&self, digits: &str) -> Vec<SinchSms> {
        locked(&self.state.taken).iter().filter(|sms| sms.to == digits).cloned().collect()
    }

    /// The bodies of the requests to send, as they came; the newest stay.
    pub fn request_bodies(&self) -> Vec<String> {
        locked(&self.state.bodies).iter().cloned().collect()
    }

    /// How many requests to send came, refused and lost ones included.
    pub fn send_requests(&self) -> u64 {
        self.state.send_requests.load(Ordering::Acquire)
    }

    /// How many lists were asked for.
    pub fn list_requests(&self) -> u64 {
        self.state.list_requests.load(Ordering::Acquire)
    }

    /// Stops the gateway; callbacks on their way are lost.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.server.stop().await;
        self.tasks.wait().await;
    }
}
