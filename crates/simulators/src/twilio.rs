//! A third SMS gateway: Twilio's Messages resource as its OpenAPI document of 2010-04-01 describes it.

mod callbacks;
mod message;
mod overrides;
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

pub use message::TwilioSms;
use server::TwilioState;

/// How the gateway is set up.
#[derive(Clone)]
pub struct TwilioSimSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The account in every path.
    pub account_sid: String,
    /// The account's auth token: the password of requests, and the key of the signatures.
    pub auth_token: String,
    /// Where callbacks really go; their address in the request is what is signed, as behind a reverse proxy.
    pub webhook_url: Option<String>,
    /// How long each callback takes, in milliseconds.
    pub callback_delay_ms: u64,
    /// How long a slow answer takes, in milliseconds.
    pub slow_ms: u64,
}

impl Default for TwilioSimSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            account_sid: "AC00000000000000000000000000000000".to_owned(),
            auth_token: "simulated-auth-token".to_owned(),
            webhook_url: None,
            callback_delay_ms: 50,
            slow_ms: 3_000,
        }
    }
}

impl fmt::Debug for TwilioSimSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioSimSettings").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// How a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TwilioBehaviour {
    /// Accepted; the callbacks say sent and delivered.
    Delivered,
    /// Accepted; the callbacks say sent and undelivered with error 30003.
    Undelivered,
    /// Accepted; the only callback says failed with error 30007.
    Failed,
    /// Accepted; the last callback says sent, because the carrier sends no receipt.
    SentOnly,
    /// Accepted, and never a callback.
    Silent,
    /// Accepted; the callbacks say delivered and afterwards sent.
    OutOfOrder,
    /// Accepted; a failure with a wrong signature comes first, and a good word of delivery afterwards.
    ForgedThenDelivered,
    /// Accepted, and the connection breaks before the answer; delivered.
    AnswerLost,
    /// Accepted, and the connection breaks; it waits in the queue, where the list does not show it, and says nothing.
    AnswerLostAndUnlisted,
    /// Nothing is accepted, and the connection breaks.
    RequestLost,
    /// Accepted, and answered after `slow_ms`; delivered.
    SlowAnswer,
    /// Accepted, and the answer is an HTML page; delivered.
    GarbageAnswer,
    /// Accepted, although the answer is status 500 with error 20500; delivered.
    ServerErrorAccepted,
    /// Status 500 with error 20500; nothing is accepted.
    ServerError,
    /// Status 429 with error 20429 and `Retry-After: 1`.
    TooManyRequests,
    /// Status 403 with error 20005: the account was suspended for want of credit.
    OutOfCredit,
    /// Status 400 with error 21211.
    RefusedRecipient,
}

/// A running gateway.
pub struct TwilioSimulator {
    server: HttpServer,
    state: Arc<TwilioState>,
    tasks: TaskTracker,
    /// A simulator that is merely dropped stops too, without waiting for the end.
    stop: DropGuard,
}

impl TwilioSimulator {
    /// Starts the gateway.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is taken or the HTTP client for callbacks cannot be made.
    pub async fn start(settings: TwilioSimSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let state = Arc::new(TwilioState::new(settings, tasks.clone(), stop.clone())?);
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
    pub fn behave(&self, digits: &str, behaviour: TwilioBehaviour) {
        self.add_rule(Rule { target: Target::Exact(digits.to_owned()), behaviour, times: None });
    }

    /// Treats the next requests for this recipient so; digits with country code.
    pub fn behave_times(&self, digits: &str, behaviour: TwilioBehaviour, times: u32) {
        self.add_rule(Rule { target: Target::Exact(digits.to_owned()), behaviour, times: Some(times) });
    }

    /// Adds a rule; the newest that matches wins.
    pub fn add_rule(&self, rule: Rule<TwilioBehaviour>) {
        locked(&self.state.rules).add(rule);
    }

    /// Knows nothing any more of what it took for these digits, as after a change of accounts.
    pub fn forget(&self, digits: &str) {
        let number = format!("+{digits}");
        locked(&self.state.taken).retain(|sms| sms.to != number);
    }

    /// The messages that the gateway took for these digits, which is what the customer would get.
    pub fn accepted_to(&self, digits: &str) -> Vec<TwilioSms> {
        let number = format!("+{digits}");
        let taken = locked(&self.state.taken);
        taken.iter().filter(|sms| sms.to == number).cloned().collect()
    }

    /// How many requests to send came, refused and lost ones included.
    pub fn send_requests(&self) -> u64 {
        self.state.send_requests()
    }

    /// How many lists were asked for.
    pub fn list_requests(&self) -> u64 {
        self.state.list_requests()
    }

    /// How many tries to bring a callback came to nothing.
    pub fn callback_tries_failed(&self) -> u64 {
        self.state.callback_tries_failed.load(Ordering::Acquire)
    }

    /// How many callbacks nobody took in the tries that their address asks for.
    pub fn callbacks_forgotten(&self) -> u64 {
        self.state.callbacks_forgotten.load(Ordering::Acquire)
    }

    /// Stops the gateway; callbacks on their way are lost.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.server.stop().await;
        self.tasks.wait().await;
    }
}
