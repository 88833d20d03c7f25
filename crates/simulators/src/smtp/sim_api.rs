//! The mail server's records and switches over HTTP.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{delete, get, put},
};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    behaviour::MailBehaviour,
    mailbox::{KeptMail, MailEnding, SmtpState, TriedRecipient},
    raw::MailPhase,
};
use crate::rules::Rule;

/// One answer tells at most this many messages, the newest.
const MAILS_MAX: usize = 1_000;

pub(super) fn routes(state: Arc<SmtpState>) -> Router {
    Router::new()
        .route("/_sim/health", get(|| async { "ok" }))
        .route("/_sim/mails", get(mails))
        .route("/_sim/taken", get(taken))
        .route("/_sim/tried", get(tried))
        .route("/_sim/rules", put(set_rules).post(add_rule).delete(reset_rules))
        .route("/_sim/replies", delete(own_replies))
        .route("/_sim/replies/{phase}", put(say_at))
        .with_state(state)
}

#[derive(Deserialize)]
struct MailsQuery {
    to: Option<String>,
}

#[derive(Serialize)]
struct MailBody {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    from: String,
    recipients: Vec<String>,
    message_id: Option<String>,
    queue_id: String,
    ending: MailEnding,
    /// The message; bytes that are no UTF-8 are replaced.
    raw: String,
}

impl From<KeptMail> for MailBody {
    fn from(mail: KeptMail) -> Self {
        Self {
            at: mail.at,
            from: mail.from,
            recipients: mail.recipients,
            message_id: mail.message_id,
            queue_id: mail.queue_id,
            ending: mail.ending,
            raw: String::from_utf8_lossy(&mail.raw).into_owned(),
        }
    }
}

async fn mails(State(state): State<Arc<SmtpState>>, Query(query): Query<MailsQuery>) -> Json<Vec<MailBody>> {
    let mut found = match &query.to {
        Some(address) => state.mails_to(address),
        None => state.mails(),
    };
    let surplus = found.len().saturating_sub(MAILS_MAX);
    found.drain(..surplus);
    Json(found.into_iter().map(MailBody::from).collect())
}

/// One recipient of a message that was taken.
#[derive(Serialize)]
struct TakenBody {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    to: String,
}

/// Every recipient of every remembered message, without the messages.
async fn taken(State(state): State<Arc<SmtpState>>) -> Json<Vec<TakenBody>> {
    Json(state.taken().into_iter().map(|(at, to)| TakenBody { at, to }).collect())
}

async fn tried(State(state): State<Arc<SmtpState>>) -> Json<Vec<TriedRecipient>> {
    Json(state.tried())
}

async fn set_rules(
    State(state): State<Arc<SmtpState>>,
    Json(rules): Json<Vec<Rule<MailBehaviour>>>,
) -> StatusCode {
    state.replace_rules(rules);
    StatusCode::NO_CONTENT
}

async fn add_rule(State(state): State<Arc<SmtpState>>, Json(rule): Json<Rule<MailBehaviour>>) -> StatusCode {
    state.add_rule(rule);
    StatusCode::NO_CONTENT
}

async fn reset_rules(State(state): State<Arc<SmtpState>>) -> StatusCode {
    state.replace_rules(Vec::new());
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Times {
    times: Option<u32>,
}

/// The body's bytes are said as they are.
async fn say_at(
    State(state): State<Arc<SmtpState>>,
    Path(phase): Path<MailPhase>,
    Query(Times { times }): Query<Times>,
    bytes: Bytes,
) -> StatusCode {
    state.raw.say(phase, bytes.to_vec(), times);
    StatusCode::NO_CONTENT
}

async fn own_replies(State(state): State<Arc<SmtpState>>) -> StatusCode {
    state.raw.clear();
    StatusCode::NO_CONTENT
}
