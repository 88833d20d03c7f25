//! The SMS gateway: NHN Cloud SMS v3.0 as its public documents describe it.

mod answers;
mod behaviour;
mod codes;
mod courier;
mod look_up;
mod messages;
mod request;
mod script;
mod server;
mod sim_api;
mod state;

use std::{fmt, io, net::SocketAddr, sync::Arc};

use tokio::net::TcpListener;
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use crate::{
    http::HttpServer,
    rules::{Rule, Target},
};

pub use behaviour::SmsBehaviour;
pub(crate) use courier::tls_without_roots;
pub use messages::{DlrStatus, MessageStatus, SentSms, SmsAnswer, SmsProgress};
pub use state::{Credit, ReceiptSwitch};

use state::NhnState;

/// How the gateway is set up.
#[derive(Clone)]
pub struct NhnSimSettings {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The app key, which is part of every path.
    pub app_key: String,
    /// The secret key, expected in `X-Secret-Key`.
    pub secret_key: String,
    /// The registered sender numbers; others are refused.
    pub sender_numbers: Vec<String>,
    /// Where receipts go; without it they are only kept for the look-up.
    pub webhook_url: Option<String>,
    /// The value of `X-Toast-Webhook-Signature`.
    pub webhook_secret: String,
    /// Whether receipts are made at all; off is the quick way for benches.
    pub receipts: ReceiptSwitch,
    /// Whether messages of the behaviour `out_of_credit` are refused.
    pub credit: Credit,
    /// How long a receipt takes, in milliseconds.
    pub receipt_delay_ms: u64,
    /// How long a late receipt takes, in milliseconds.
    pub late_ms: u64,
    /// How long a slow answer takes, in milliseconds.
    pub slow_ms: u64,
    /// How long every answer takes, in milliseconds.
    pub latency_ms: u64,
    /// How often a receipt is offered to the webhook.
    pub webhook_tries_max: u32,
    /// How long the courier waits between two tries, in milliseconds.
    pub webhook_retry_ms: u64,
    /// How many requests to send may come within a second; further ones get status 429. Without it, any number.
    pub requests_per_s_max: Option<u32>,
    /// How many messages are remembered.
    pub messages_max: usize,
    /// The longest text for overseas that GSM 03.38 can write, in its septets: five parts.
    pub overseas_gsm_septets_max: usize,
    /// The longest one that it cannot, in 16-bit units: five parts.
    pub overseas_ucs2_units_max: usize,
}

impl Default for NhnSimSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            app_key: "simulated-app-key".to_owned(),
            secret_key: "simulated-secret-key".to_owned(),
            sender_numbers: vec!["0234518120".to_owned()],
            webhook_url: None,
            webhook_secret: "simulated-webhook-secret".to_owned(),
            receipts: ReceiptSwitch::On,
            credit: Credit::UsedUp,
            receipt_delay_ms: 50,
            late_ms: 5_000,
            slow_ms: 3_000,
            latency_ms: 0,
            webhook_tries_max: 30,
            webhook_retry_ms: 1_000,
            requests_per_s_max: None,
            messages_max: 200_000,
            overseas_gsm_septets_max: 765,
            overseas_ucs2_units_max: 335,
        }
    }
}

impl fmt::Debug for NhnSimSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NhnSimSettings").field("listen", &self.listen).finish_non_exhaustive()
    }
}

/// A running gateway.
pub struct NhnSimulator {
    server: HttpServer,
    state: Arc<NhnState>,
    tasks: TaskTracker,
    /// A simulator that is merely dropped stops too, without waiting for the end.
    stop: DropGuard,
}

impl NhnSimulator {
    /// Starts the gateway.
    ///
    /// # Errors
    ///
    /// Returns an error if the address is taken or the HTTP client for receipts cannot be made.
    pub async fn start(settings: NhnSimSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let courier = courier::Courier::new(&settings)?;
        let base_url = crate::http::base_url_of(listener.local_addr()?);
        let state = Arc::new(NhnState::new(settings, base_url, courier, tasks.clone(), stop.clone()));
        let server = HttpServer::start(listener, server::routes(Arc::clone(&state)), stop.clone())?;
        Ok(Self { server, state, tasks, stop: stop.drop_guard() })
    }

    /// The gateway's address without a path.
    pub fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Sends receipts here from now on, also those that are being retried.
    pub fn set_webhook(&self, url: impl Into<String>) {
        self.state.set_webhook(Some(url.into()));
    }

    /// Turns receipts on or off for messages that come from now on.
    pub fn set_receipts(&self, receipts: ReceiptSwitch) {
        self.state.set_receipts(receipts);
    }

    /// Uses up or tops up the credit that the behaviour `out_of_credit` looks at.
    pub fn set_credit(&self, credit: Credit) {
        self.state.set_credit(credit);
    }

    /// Treats this recipient so from now on; digits with country code.
    pub fn behave(&self, digits: &str, behaviour: SmsBehaviour) {
        self.add_rule(Rule { target: Target::Exact(digits.to_owned()), behaviour, times: None });
    }

    /// Treats the next messages to this recipient so; digits with country code.
    pub fn behave_times(&self, digits: &str, behaviour: SmsBehaviour, times: u32) {
        self.add_rule(Rule { target: Target::Exact(digits.to_owned()), behaviour, times: Some(times) });
    }

    /// Treats every recipient so from now on.
    pub fn behave_all(&self, behaviour: SmsBehaviour) {
        self.add_rule(Rule { target: Target::Suffix(String::new()), behaviour, times: None });
    }

    /// Adds a rule; the newest that matches wins.
    pub fn add_rule(&self, rule: Rule<SmsBehaviour>) {
        self.state.add_rule(rule);
    }

    /// Takes back every rule; the built-in table of suffixes remains.
    pub fn clear_rules(&self) {
        self.state.replace_rules(Vec::new());
    }

    /// Every message seen, also those refused or lost, oldest first.
    pub fn sent(&self) -> Vec<SentSms> {
        self.state.sent()
    }

    /// Every message seen for these digits, oldest first.
    pub fn sent_to(&self, digits: &str) -> Vec<SentSms> {
        self.state.sent_to(digits)
    }

    /// Those messages for these digits that the gateway took, which is what the customer would get.
    pub fn accepted_to(&self, digits: &str) -> Vec<SentSms> {
        self.sent_to(digits).into_iter().filter(SentSms::was_accepted).collect()
    }

    /// How many requests came, refused ones and look-ups included.
    pub fn requests(&self) -> u64 {
        self.state.requests()
    }

    /// The most requests to send that came within any second.
    pub fn busiest_second(&self) -> usize {
        self.state.speed.busiest_second()
    }

    /// How many requests to send were refused because they came too fast.
    pub fn refused_for_speed(&self) -> u64 {
        self.state.speed.refused()
    }

    /// Says at once, by a receipt, what became of an accepted message, whatever was said before.
    ///
    /// Answers false if no such message is known.
    pub fn say(&self, request_id: &str, recipient_seq: u32, status: DlrStatus) -> bool {
        courier::say(&self.state, request_id, recipient_seq, status)
    }

    /// How many receipts are still on their way.
    pub fn receipts_pending(&self) -> usize {
        self.state.courier.pending()
    }

    /// Stops the gateway; receipts on their way are lost.
    pub async fn stop(self) {
        drop(self.stop);
        self.tasks.close();
        self.server.stop().await;
        self.tasks.wait().await;
    }
}
