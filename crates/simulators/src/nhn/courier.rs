//! Carries receipts to the webhook, and tries again until they are taken.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, redirect::Policy};
use time::OffsetDateTime;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    NhnSimSettings,
    answers::{self, SIGNATURE_HEADER},
    messages::{DlrStatus, Key, MessageStatus, SentSms},
    script::{Statement, Step, script, statements},
    state::NhnState,
};
use crate::lock::locked;

/// So many messages at most wait for their receipts; those of further ones are never made.
const PENDING_MAX: usize = 200_000;
/// So many receipts at most are posted at a time.
const POSTS_MAX: usize = 64;
/// How long the webhook has for its answer.
const POST_TIMEOUT_MS: u64 = 5_000;

/// Posts receipts.
pub(super) struct Courier {
    client: Client,
    posts: Semaphore,
    pending: AtomicUsize,
}

impl Courier {
    pub(super) fn new(settings: &NhnSimSettings) -> io::Result<Self> {
        if settings.webhook_tries_max == 0 {
            return Err(io::Error::other("webhook_tries_max is 0; a receipt needs at least one try"));
        }
        let client = Client::builder()
            .tls_backend_preconfigured(tls_without_roots()?)
            .redirect(Policy::none())
            .no_proxy()
            .timeout(Duration::from_millis(POST_TIMEOUT_MS))
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { client, posts: Semaphore::new(POSTS_MAX), pending: AtomicUsize::new(0) })
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }
}

/// The webhook is plain HTTP; reqwest wants a TLS configuration nevertheless, and a process-wide one is not
/// this library's to install.
pub(crate) fn tls_without_roots() -> io::Result<rustls::ClientConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(config)
}

/// Lets the receipts of a message follow in their own time.
pub(super) fn follow(state: &Arc<NhnState>, number: u64) {
    let Some(steps) = script_of(state, number) else { return };
    spawn(state, number, steps);
}

/// Brings every receipt of a message, one after the other, and returns when they were taken.
pub(super) async fn bring_now(state: &Arc<NhnState>, number: u64) {
    let Some(steps) = script_of(state, number) else { return };
    bring(state, number, &steps).await;
}

/// Makes a receipt out of turn.
pub(super) fn say(state: &Arc<NhnState>, request_id: &str, recipient_seq: u32, status: DlrStatus) -> bool {
    let found = {
        let messages = locked(&state.messages);
        let key = Key::Request(request_id.to_owned());
        messages.numbers(&key).find_map(|number| {
            let message = messages.get(number)?;
            (message.recipient_seq == recipient_seq).then(|| (number, message.is_domestic()))
        })
    };
    let Some((number, domestic)) = found else { return false };
    spawn(state, number, statements(status, domestic, 0));
    true
}

fn script_of(state: &NhnState, number: u64) -> Option<Vec<Step>> {
    let messages = locked(&state.messages);
    let message = messages.get(number).filter(|message| message.was_accepted())?;
    Some(script(message.behaviour, message.is_domestic(), state.pace()))
}

fn spawn(state: &Arc<NhnState>, number: u64, steps: Vec<Step>) {
    if steps.is_empty() {
        return;
    }
    if state.courier.pending() >= PENDING_MAX {
        tracing::warn!(pending_max = PENDING_MAX, "too many receipts are pending; this one is never made");
        return;
    }
    state.courier.pending.fetch_add(1, Ordering::AcqRel);
    let state = Arc::clone(state);
    let stop = state.stop.clone();
    state.tasks.clone().spawn(async move {
        tokio::select! {
            () = bring(&state, number, &steps) => {}
            () = stop.cancelled() => {}
        }
        state.courier.pending.fetch_sub(1, Ordering::AcqRel);
    });
}

async fn bring(state: &Arc<NhnState>, number: u64, steps: &[Step]) {
    let hook_base = Uuid::new_v4().simple().to_string();
    for step in steps {
        tokio::time::sleep(Duration::from_millis(step.after_ms)).await;
        let Some(message) = apply(state, number, step.statement) else { return };
        let hook_id = format!("{}{:02}", hook_base.get(..23).unwrap_or_default(), step.identity);
        let body = answers::webhook(state, &message, step.statement, &hook_id);
        post(state, &body, step.statement).await;
    }
}

/// Notes what the receipt says, as the look-up will tell it, and answers the message.
fn apply(state: &NhnState, number: u64, statement: Statement) -> Option<SentSms> {
    let mut messages = locked(&state.messages);
    let message = messages.get_mut(number)?;
    message.progress.receipt_at.get_or_insert_with(OffsetDateTime::now_utc);
    match statement {
        Statement::Dlr(dlr) => message.progress.dlr = Some(dlr),
        Statement::Result(status, code) => {
            message.progress.status = status;
            message.progress.result_code = Some(code);
            message.progress.result_at = Some(OffsetDateTime::now_utc());
        }
        Statement::EmptyDlr | Statement::Forged => {}
    }
    Some(message.clone())
}

async fn post(state: &NhnState, body: &[u8], statement: Statement) {
    let forged = matches!(statement, Statement::Forged);
    let signature = if forged { "not-the-signature" } else { state.settings.webhook_secret.as_str() };
    // A forger does not come again when the door stays shut.
    let tries_max = if forged { 1 } else { state.settings.webhook_tries_max };
    for try_number in 1..=tries_max {
        let Some(url) = state.webhook_url() else { return };
        if offer(state, &url, signature, body).await {
            return;
        }
        if try_number < tries_max {
            tokio::time::sleep(Duration::from_millis(state.settings.webhook_retry_ms)).await;
        }
    }
    if !forged {
        tracing::warn!(tries_max, "the webhook did not take a receipt; it is lost");
    }
}

async fn offer(state: &NhnState, url: &str, signature: &str, body: &[u8]) -> bool {
    let Ok(_permit) = state.courier.posts.acquire().await else { return false };
    let request = state
        .courier
        .client
        .post(url)
        .header("Content-Type", "application/json;charset=UTF-8")
        .header(SIGNATURE_HEADER, signature)
        .body(body.to_vec());
    match request.send().await {
        Ok(answer) => answer.status().is_success(),
        Err(_) => false,
    }
}

/// What a forged receipt claims.
pub(super) const FORGED_CLAIM: (MessageStatus, &str) = (MessageStatus::Failed, "4005");
