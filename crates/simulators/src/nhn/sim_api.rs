//! What the gateway itself does not have: its records and its switches over HTTP.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::StatusCode,
    routing::{get, put},
};
use serde::Deserialize;

use super::{
    behaviour::SmsBehaviour,
    courier,
    messages::{DlrStatus, SentSms},
    state::{Credit, NhnState, ReceiptSwitch},
};
use crate::rules::Rule;

/// One answer tells at most this many messages, the newest.
const MESSAGES_MAX: usize = 10_000;

pub(super) fn routes() -> Router<Arc<NhnState>> {
    Router::new()
        .route("/_sim/health", get(|| async { "ok" }))
        .route("/_sim/messages", get(messages))
        .route("/_sim/rules", put(set_rules).post(add_rule).delete(reset_rules))
        .route("/_sim/webhook", put(set_webhook))
        .route("/_sim/receipts", put(set_receipts).post(say))
        .route("/_sim/credit", put(set_credit))
        .route("/_sim/pending", get(pending))
}

#[derive(Deserialize)]
struct MessagesQuery {
    to: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    url: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptsBody {
    receipts: ReceiptSwitch,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CreditBody {
    credit: Credit,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SayBody {
    request_id: String,
    recipient_seq: u32,
    status: DlrStatus,
}

async fn messages(
    State(state): State<Arc<NhnState>>,
    Query(query): Query<MessagesQuery>,
) -> Json<Vec<SentSms>> {
    let mut found = match &query.to {
        Some(digits) => state.sent_to(digits),
        None => state.sent(),
    };
    let surplus = found.len().saturating_sub(MESSAGES_MAX);
    found.drain(..surplus);
    Json(found)
}

async fn set_rules(
    State(state): State<Arc<NhnState>>,
    Json(rules): Json<Vec<Rule<SmsBehaviour>>>,
) -> StatusCode {
    state.replace_rules(rules);
    StatusCode::NO_CONTENT
}

async fn add_rule(State(state): State<Arc<NhnState>>, Json(rule): Json<Rule<SmsBehaviour>>) -> StatusCode {
    state.add_rule(rule);
    StatusCode::NO_CONTENT
}

async fn reset_rules(State(state): State<Arc<NhnState>>) -> StatusCode {
    state.replace_rules(Vec::new());
    StatusCode::NO_CONTENT
}

async fn set_webhook(State(state): State<Arc<NhnState>>, Json(body): Json<WebhookBody>) -> StatusCode {
    state.set_webhook(body.url);
    StatusCode::NO_CONTENT
}

async fn set_receipts(State(state): State<Arc<NhnState>>, Json(body): Json<ReceiptsBody>) -> StatusCode {
    state.set_receipts(body.receipts);
    StatusCode::NO_CONTENT
}

async fn set_credit(State(state): State<Arc<NhnState>>, Json(body): Json<CreditBody>) -> StatusCode {
    state.set_credit(body.credit);
    StatusCode::NO_CONTENT
}

async fn say(State(state): State<Arc<NhnState>>, Json(body): Json<SayBody>) -> StatusCode {
    if courier::say(&state, &body.request_id, body.recipient_seq, body.status) {
        StatusCode::ACCEPTED
    } else {
        StatusCode::NOT_FOUND
    }
}

async fn pending(State(state): State<Arc<NhnState>>) -> Json<usize> {
    Json(state.courier.pending())
}
