//! A second SMS gateway: Infobip SMS v3 as its OpenAPI document describes sending, logs and delivery reports.

mod server;

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

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

use server::InfobipState;

/// Between two looks for reports that are on their way.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// How the gateway is set up.
#[derive(Clone)]
pub struct InfobipSimSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The key expected in `Authorization: App …`.
    pub api_key: String,
    /// Where reports go; without it they wait to be asked for.
    pub webhook_url: Option<String>,
    /// The basic authentication of its reports.
    pub webhook_user: String,
    /// The password that goes with it.
    pub webhook_password: String,
    /// How long a report takes, in milliseconds.
    pub report_delay_ms: u64,
    /// The sender that reports and logs name in place of the one asked for, as networks abroad change it.
    pub shown_sender: Option<String>,
}

impl Default for InfobipSimSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            api_key: "simulated-api-key".to_owned(),
            webhook_url: None,
            webhook_user: "closure".to_owned(),
            webhook_password: "simulated-webhook-secret".to_owned(),
            report_delay_ms: 50,
            shown_sender: None,
        }
    }
}

impl fmt::Debug for InfobipSimSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfobipSimSettings").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// How a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InfobipBehaviour {
    /// Accepted; the report says delivered to the handset.
    Delivered,
    /// Accepted; the report says not delivered.
    NotDelivered,
    /// Accepted; the report says that the account had no credit for it.
    CreditGoneLater,
    /// Accepted; the only report says delivered to the operator, which is not the last word.
    OperatorOnly,
    /// Accepted, and the connection breaks before the answer.
    AnswerLost,
    /// Nothing is accepted, and the connection breaks.
    RequestLost,
    /// Accepted, and the answer is an HTML page.
    GarbageAnswer,
    /// Accepted, although the answer is status 500.
    ServerErrorAccepted,
    /// Accepted, and the connection breaks; the logs know nothing of it at the first look.
    AnswerLostAndLateInTheLogs,
    /// Kept, and the connection breaks; the logs say that the network refused it, and no report comes.
    RefusedInTheLogs,
    /// An answer of status 200 whose message is refused for want of credit.
    OutOfCredit,
    /// Status 429 with `Retry-After: 1`.
    TooManyRequests,
}

/// A message that the gateway took.
#[derive(Clone, PartialEq, Eq)]
pub struct InfobipSms {
    /// The id that came with it.
    pub message_id: String,
    /// The recipient's digits.
    pub to: String,
    /// The sender that was asked for.
    pub sender: String,
    /// The text.
    pub text: String,
    /// How often a request with its id came, this one included.
    pub requests: u32,
}

impl fmt::Debug for InfobipSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfobipSms").field("requests", &self.requests).finish_non_exhaustive()
    }
}

/// A running gateway.
pub struct InfobipSimulator {
    server: HttpServer,
    state: Arc<InfobipState>,
    tasks: TaskTracker,
    /// A simulator that is merely dropped stops too, without waiting for the end.
    stop: DropGuard,
}

impl InfobipSimulator {
    /// Starts the gateway.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is taken or the HTTP client for reports cannot be made.
    pub async fn start(settings: InfobipSimSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let state = Arc::new(InfobipState::new(settings, tasks.clone(), stop.clone())?);
        let server = HttpServer::start(listener, server::routes(Arc::clone(&state)), stop.clone())?;
        Ok(Self { server, state, tasks, stop: stop.drop_guard() })
    }

    /// The gateway's address without a path.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Sends reports here from now on, also those that are being retried.
    pub fn set_webhook(&self, url: impl Into<String>) {
        *locked(&self.state.webhook_url) = Some(url.into());
    }

    /// Treats this recipient so from now on; digits with country code.
    pub fn behave(&self, digits: &str, behaviour: InfobipBehaviour) {
        self.add_rule(Rule { target: Target::Exact(digits.to_owned()), behaviour, times: None });
    }

    /// Treats the next requests for this recipient so; digits with country code.
    pub fn behave_times(&self, digits: &str, behaviour: InfobipBehaviour, times: u32) {
        self.add_rule(Rule { target: Target::Exact(digits.to_owned()), behaviour, times: Some(times) });
    }

    /// Adds a rule; the newest that matches wins.
    pub fn add_rule(&self, rule: Rule<InfobipBehaviour>) {
        locked(&self.state.rules).add(rule);
    }

    /// The messages that the gateway took for these digits, which is what the customer would get.
    pub fn accepted_to(&self, digits: &str) -> Vec<InfobipSms> {
        let taken = locked(&self.state.taken);
        taken.iter().map(|kept| &kept.sms).filter(|sms| sms.to == digits).cloned().collect()
    }

    /// Takes so many reports away once they are there, as somebody does who asks for them.
    pub async fn take_reports(&self, count: usize) {
        while self.state.unpushed() < count {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.state.take_unpushed(count);
    }

    /// How many requests to send came, refused and lost ones included.
    pub fn send_requests(&self) -> u64 {
        self.state.send_requests()
    }

    /// Stops the gateway; reports on their way are lost.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.server.stop().await;
        self.tasks.wait().await;
    }
}
