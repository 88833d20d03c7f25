//! The gateway's routes, what it remembers, and the reports that it posts.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::{ConnectInfo, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post, put},
};
use reqwest::{Client, redirect::Policy};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{InfobipBehaviour, InfobipSimSettings, InfobipSms};
use crate::{
    http::Breaker,
    lock::locked,
    nhn::tls_without_roots,
    rules::{Rule, Rules},
};

/// So many messages are remembered; the newest stay.
const MESSAGES_MAX: usize = 200_000;
/// A report is offered so often, this far apart.
const REPORT_TRIES_MAX: u32 = 100;
const REPORT_RETRY: Duration = Duration::from_millis(300);
/// So many reports are given out together where nobody says how many.
const REPORTS_DEFAULT: usize = 50;
/// A page of the logs has so many rows where nobody says how many, and at most a thousand.
const LOG_ROWS_DEFAULT: usize = 50;
const LOG_ROWS_MAX: usize = 1_000;
const REPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// A message with what the logs tell of it.
pub(super) struct Kept {
    pub(super) sms: InfobipSms,
    status: Status,
    /// So many looks at the logs do not find it yet.
    hidden_looks: u32,
}

/// A status as the documents list it.
#[derive(Clone, Copy)]
struct Status {
    group: u8,
    group_name: &'static str,
    id: u8,
    name: &'static str,
}

const ACCEPTED: Status = Status { group: 1, group_name: "PENDING", id: 26, name: "PENDING_ACCEPTED" };
const OPERATOR: Status = Status { group: 3, group_name: "DELIVERED", id: 2, name: "DELIVERED_TO_OPERATOR" };
const HANDSET: Status = Status { group: 3, group_name: "DELIVERED", id: 5, name: "DELIVERED_TO_HANDSET" };
const UNDELIVERED: Status =
    Status { group: 2, group_name: "UNDELIVERABLE", id: 9, name: "UNDELIVERABLE_NOT_DELIVERED" };
const NO_CREDIT: Status =
    Status { group: 5, group_name: "REJECTED", id: 12, name: "REJECTED_NOT_ENOUGH_CREDITS" };
const REFUSED_BY_NETWORK: Status =
    Status { group: 5, group_name: "REJECTED", id: 6, name: "REJECTED_NETWORK" };
const DUPLICATE: Status =
    Status { group: 5, group_name: "REJECTED", id: 23, name: "REJECTED_DUPLICATE_MESSAGE_ID" };

impl Status {
    fn json(self) -> Value {
        json!({ "groupId": self.group, "groupName": self.group_name, "id": self.id, "name": self.name,
            "description": self.name })
    }
}

/// Everything that the gateway knows.
pub(super) struct InfobipState {
    settings: InfobipSimSettings,
    client: Client,
    tasks: TaskTracker,
    stop: CancellationToken,
    send_requests: AtomicU64,
    pub(super) webhook_url: Mutex<Option<String>>,
    pub(super) rules: Mutex<Rules<InfobipBehaviour>>,
    pub(super) taken: Mutex<VecDeque<Kept>>,
    /// Reports that no webhook takes; each is given out once.
    unpushed: Mutex<VecDeque<Value>>,
}

impl InfobipState {
    pub(super) fn new(
        settings: InfobipSimSettings,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls_without_roots()?)
            .redirect(Policy::none())
            .no_proxy()
            .timeout(REPORT_TIMEOUT)
            .build()
            .map_err(io::Error::other)?;
        Ok(Self {
            client,
            tasks,
            stop,
            send_requests: AtomicU64::new(0),
            webhook_url: Mutex::new(settings.webhook_url.clone()),
            settings,
            rules: Mutex::new(Rules::new()),
            taken: Mutex::new(VecDeque::new()),
            unpushed: Mutex::new(VecDeque::new()),
        })
    }

    pub(super) fn send_requests(&self) -> u64 {
        self.send_requests.load(Ordering::Acquire)
    }

    /// How many reports wait to be asked for.
    pub(super) fn unpushed(&self) -> usize {
        locked(&self.unpushed).len()
    }

    /// Gives reports out, each once.
    pub(super) fn take_unpushed(&self, limit: usize) -> Vec<Value> {
        let mut unpushed = locked(&self.unpushed);
        let count = limit.min(unpushed.len());
        unpushed.drain(..count).collect()
    }

    fn is_allowed(&self, headers: &HeaderMap) -> bool {
        let expected = format!("App {}", self.settings.api_key);
        headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes())
    }

    /// The sender that reports and logs name.
    fn shown<'a>(&'a self, sms: &'a InfobipSms) -> &'a str {
        self.settings.shown_sender.as_deref().unwrap_or(&sms.sender)
    }

    /// Keeps a message that goes nowhere.
    fn keep_refused(&self, sms: InfobipSms) {
        let id = sms.message_id.clone();
        self.take(sms, 0);
        if let Some(kept) = locked(&self.taken).iter_mut().find(|kept| kept.sms.message_id == id) {
            kept.status = REFUSED_BY_NETWORK;
        }
    }

    /// Keeps a message once for its id; a repeat changes nothing but the count.
    fn take(&self, sms: InfobipSms, hidden_looks: u32) -> Status {
        let mut taken = locked(&self.taken);
        if let Some(known) = taken.iter_mut().find(|kept| kept.sms.message_id == sms.message_id) {
            known.sms.requests += 1;
            return DUPLICATE;
        }
        if taken.len() >= MESSAGES_MAX {
            taken.pop_front();
        }
        taken.push_back(Kept { sms, status: ACCEPTED, hidden_looks });
        ACCEPTED
    }
}

pub(super) fn routes(state: Arc<InfobipState>) -> Router {
    Router::new()
        .route("/sms/3/messages", post(send))
        .route("/sms/3/logs", get(logs))
        .route("/sms/3/reports", get(reports))
        .route("/_sim/health", get(|| async { "ok" }))
        .route("/_sim/rules", put(set_rules).post(add_rule))
        .with_state(state)
}

#[derive(Deserialize)]
struct SendBody {
    messages: Vec<MessageBody>,
}

#[derive(Deserialize)]
struct MessageBody {
    sender: String,
    destinations: Vec<DestinationBody>,
    content: ContentBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DestinationBody {
    to: String,
    message_id: String,
}

#[derive(Deserialize)]
struct ContentBody {
    text: String,
}

async fn send(
    State(state): State<Arc<InfobipState>>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response {
    state.send_requests.fetch_add(1, Ordering::AcqRel);
    if !state.is_allowed(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "E401");
    }
    let read: Option<SendBody> = serde_json::from_slice(&body).ok();
    let Some(mut message) = read.and_then(|mut body| body.messages.pop()) else {
        return refusal(StatusCode::BAD_REQUEST, "E400");
    };
    let Some(destination) = message.destinations.pop() else {
        return refusal(StatusCode::BAD_REQUEST, "E400");
    };
    let DestinationBody { to, message_id } = destination;
    let behaviour = locked(&state.rules).choose(&to).unwrap_or(InfobipBehaviour::Delivered);
    let sms = InfobipSms { message_id, to, sender: message.sender, text: message.content.text, requests: 1 };
    answer(&state, sms, behaviour, &breaker)
}

fn answer(
    state: &Arc<InfobipState>,
    sms: InfobipSms,
    behaviour: InfobipBehaviour,
    breaker: &Breaker,
) -> Response {
    use InfobipBehaviour::{
        AnswerLost, AnswerLostAndLateInTheLogs, CreditGoneLater, Delivered, GarbageAnswer, NotDelivered,
        OperatorOnly, OutOfCredit, RefusedInTheLogs, RequestLost, ServerErrorAccepted, TooManyRequests,
    };
    let report = match behaviour {
        NotDelivered => UNDELIVERED,
        CreditGoneLater => NO_CREDIT,
        OperatorOnly => OPERATOR,
        Delivered | AnswerLost | AnswerLostAndLateInTheLogs | GarbageAnswer | ServerErrorAccepted => HANDSET,
        RefusedInTheLogs => {
            state.keep_refused(sms);
            breaker.break_connection();
            return StatusCode::OK.into_response();
        }
        RequestLost => {
            breaker.break_connection();
            return StatusCode::OK.into_response();
        }
        OutOfCredit => return said(&sms.message_id, &sms.to, NO_CREDIT),
        TooManyRequests => {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], "").into_response();
        }
    };
    let hidden_looks = u32::from(behaviour == AnswerLostAndLateInTheLogs);
    let (id, to, sender) = (sms.message_id.clone(), sms.to.clone(), state.shown(&sms).to_owned());
    let status = state.take(sms, hidden_looks);
    if status.id == ACCEPTED.id {
        follow(state, (&id, &to, &sender), report);
    }
    match behaviour {
        AnswerLost | AnswerLostAndLateInTheLogs => {
            breaker.break_connection();
            StatusCode::OK.into_response()
        }
        GarbageAnswer => Html("<!doctype html><title>Gateway</title>").into_response(),
        ServerErrorAccepted => refusal(StatusCode::INTERNAL_SERVER_ERROR, "E500"),
        Delivered | NotDelivered | CreditGoneLater | OperatorOnly | OutOfCredit | RequestLost
        | RefusedInTheLogs | TooManyRequests => said(&id, &to, status),
    }
}

fn said(message_id: &str, to: &str, status: Status) -> Response {
    Json(json!({ "bulkId": message_id, "messages": [{ "messageId": message_id, "status": status.json(),
        "destination": to, "details": { "messageCount": 1 } }] }))
    .into_response()
}

fn refusal(status: StatusCode, code: &str) -> Response {
    let body = json!({ "errorCode": code, "description": "refused", "action": "", "violations": [], "resources": [] });
    (status, Json(body)).into_response()
}

/// Lets the report of a message follow; it is offered until it is taken.
fn follow(state: &Arc<InfobipState>, (message_id, to, sender): (&str, &str, &str), status: Status) {
    let report = json!({ "results": [{ "bulkId": message_id, "messageId": message_id, "to": to,
        "sender": sender, "doneAt": "2026-07-01T20:00:05.250+0900", "messageCount": 1, "status": status.json(),
        "error": { "groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "permanent": false },
        "callbackData": message_id }] });
    let (state, id) = (Arc::clone(state), message_id.to_owned());
    let stop = state.stop.clone();
    state.tasks.clone().spawn(async move {
        tokio::select! {
            () = bring(&state, &id, status, &report) => {}
            () = stop.cancelled() => {}
        }
    });
}

async fn bring(state: &InfobipState, id: &str, status: Status, report: &Value) {
    tokio::time::sleep(Duration::from_millis(state.settings.report_delay_ms)).await;
    if let Some(kept) = locked(&state.taken).iter_mut().find(|kept| kept.sms.message_id == id) {
        kept.status = status;
    }
    for _ in 0..REPORT_TRIES_MAX {
        let Some(url) = locked(&state.webhook_url).clone() else {
            let results = report["results"].as_array().cloned().unwrap_or_default();
            locked(&state.unpushed).extend(results);
            return;
        };
        let request = state
            .client
            .post(url)
            .json(report)
            .basic_auth(&state.settings.webhook_user, Some(&state.settings.webhook_password));
        if request.send().await.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(REPORT_RETRY).await;
    }
}

#[derive(Deserialize)]
struct ReportsQuery {
    limit: Option<usize>,
}

async fn reports(
    State(state): State<Arc<InfobipState>>,
    Query(query): Query<ReportsQuery>,
    headers: HeaderMap,
) -> Response {
    if !state.is_allowed(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "E401");
    }
    let results = state.take_unpushed(query.limit.unwrap_or(REPORTS_DEFAULT));
    Json(json!({ "results": results })).into_response()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogsQuery {
    message_id: Option<String>,
    limit: Option<usize>,
    use_cursor: Option<bool>,
    /// Where the page begins, as the page before it said.
    cursor: Option<usize>,
}

async fn logs(
    State(state): State<Arc<InfobipState>>,
    Query(query): Query<LogsQuery>,
    headers: HeaderMap,
) -> Response {
    if !state.is_allowed(&headers) {
        return refusal(StatusCode::UNAUTHORIZED, "E401");
    }
    let mut results = Vec::new();
    let mut taken = locked(&state.taken);
    let asked = |kept: &&mut Kept| query.message_id.as_ref().is_none_or(|id| kept.sms.message_id == *id);
    for kept in taken.iter_mut().filter(asked) {
        if kept.hidden_looks > 0 {
            kept.hidden_looks -= 1;
        } else {
            results.push(json!({ "messageId": kept.sms.message_id, "destination": kept.sms.to, "sender": state.shown(&kept.sms),
                "status": kept.status.json(), "messageCount": 1 }));
        }
    }
    let (start, limit) =
        (query.cursor.unwrap_or(0), query.limit.unwrap_or(LOG_ROWS_DEFAULT).min(LOG_ROWS_MAX));
    let next = start.saturating_add(limit);
    let cursor = (results.len() > next).then(|| next.to_string());
    let page: Vec<Value> = results.into_iter().skip(start).take(limit).collect();
    let mut answer = json!({ "results": page });
    if query.use_cursor == Some(true) {
        answer["cursor"] = json!({ "limit": limit, "nextCursor": cursor });
    }
    Json(answer).into_response()
}

async fn set_rules(
    State(state): State<Arc<InfobipState>>,
    Json(rules): Json<Vec<Rule<InfobipBehaviour>>>,
) -> StatusCode {
    locked(&state.rules).replace(rules);
    StatusCode::NO_CONTENT
}

async fn add_rule(
    State(state): State<Arc<InfobipState>>,
    Json(rule): Json<Rule<InfobipBehaviour>>,
) -> StatusCode {
    locked(&state.rules).add(rule);
    StatusCode::NO_CONTENT
}
