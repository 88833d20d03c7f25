//! The gateway's routes and what it remembers.

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
    body::Bytes,
    extract::{ConnectInfo, Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post, put},
};
use reqwest::{Client, redirect::Policy};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    SinchBehaviour, SinchSimSettings,
    batch::{Refused, SinchSms},
    callbacks::follow,
};
use crate::{
    http::Breaker,
    lock::locked,
    nhn::tls_without_roots,
    rules::{Rule, Rules},
};

/// So many messages are remembered; the newest stay.
const MESSAGES_MAX: usize = 200_000;
/// So many bodies of requests are remembered; the newest stay.
const BODIES_MAX: usize = 1_000;
const PAGE_SIZE_DEFAULT: usize = 30;
const PAGE_SIZE_MAX: usize = 100;
/// Without a beginning the list shows the last day.
const LISTED_BY_DEFAULT: time::Duration = time::Duration::hours(24);

/// Everything that the gateway knows.
pub(super) struct SinchState {
    pub(super) settings: SinchSimSettings,
    pub(super) client: Client,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    pub(super) send_requests: AtomicU64,
    pub(super) list_requests: AtomicU64,
    pub(super) webhook_url: Mutex<Option<String>>,
    pub(super) rules: Mutex<Rules<SinchBehaviour>>,
    pub(super) taken: Mutex<VecDeque<SinchSms>>,
    pub(super) bodies: Mutex<VecDeque<String>>,
}

impl SinchState {
    pub(super) fn new(
        settings: SinchSimSettings,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls_without_roots()?)
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(io::Error::other)?;
        Ok(Self {
            client,
            tasks,
            stop,
            send_requests: AtomicU64::new(0),
            list_requests: AtomicU64::new(0),
            webhook_url: Mutex::new(settings.webhook_url.clone()),
            settings,
            rules: Mutex::new(Rules::new()),
            taken: Mutex::new(VecDeque::new()),
            bodies: Mutex::new(VecDeque::new()),
        })
    }

    fn is_allowed(&self, plan: &str, headers: &HeaderMap) -> bool {
        let expected = format!("Bearer {}", self.settings.api_token);
        plan == self.settings.service_plan_id
            && headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes())
    }
}

fn keep<T>(kept: &mut VecDeque<T>, one: T, max: usize) {
    if kept.len() >= max {
        kept.pop_front();
    }
    kept.push_back(one);
}

pub(super) fn routes(state: Arc<SinchState>) -> Router {
    Router::new()
        .route("/xms/v1/{plan}/batches", post(send).get(list))
        .route("/xms/v1/{plan}/batches/{id}/delivery_report", get(report))
        .route("/_sim/health", get(|| async { "ok" }))
        .route("/_sim/messages", get(messages))
        .route("/_sim/rules", put(set_rules).post(add_rule))
        .with_state(state)
}

async fn send(
    State(state): State<Arc<SinchState>>,
    Path(plan): Path<String>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    state.send_requests.fetch_add(1, Ordering::AcqRel);
    if !state.is_allowed(&plan, &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    keep(&mut locked(&state.bodies), String::from_utf8_lossy(&body).into_owned(), BODIES_MAX);
    let sms = match SinchSms::read(&body, OffsetDateTime::now_utc()) {
        Ok(sms) => sms,
        Err(Refused::Json) => return refusal(StatusCode::BAD_REQUEST, "syntax_invalid_json"),
        Err(Refused::Format) => return refusal(StatusCode::BAD_REQUEST, "syntax_invalid_parameter_format"),
        Err(Refused::Constraint) => return refusal(StatusCode::BAD_REQUEST, "syntax_constraint_violation"),
    };
    let behaviour = locked(&state.rules).choose(&sms.to).unwrap_or(SinchBehaviour::Delivered);
    answer(&state, sms, behaviour, &breaker).await
}

async fn answer(
    state: &Arc<SinchState>,
    mut sms: SinchSms,
    behaviour: SinchBehaviour,
    breaker: &Breaker,
) -> Response {
    use SinchBehaviour as B;
    let created = (StatusCode::CREATED, Json(sms.resource()));
    match behaviour {
        B::Delivered
        | B::Failed
        | B::Aborted
        | B::Expired
        | B::Unknown
        | B::Silent
        | B::OutOfOrder
        | B::ForgedThenDelivered => {
            accept(state, sms, behaviour);
            created.into_response()
        }
        B::SlowAnswer => {
            accept(state, sms, behaviour);
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(state.settings.slow_ms)) => {}
                () = state.stop.cancelled() => {}
            }
            created.into_response()
        }
        B::AnswerLost | B::AnswerLostAndLateInTheList => {
            sms.hidden_looks = u32::from(behaviour == B::AnswerLostAndLateInTheList);
            accept(state, sms, behaviour);
            broken(breaker)
        }
        B::RequestLost => broken(breaker),
        B::GarbageAnswer => {
            accept(state, sms, behaviour);
            Html("<!doctype html><title>Gateway</title><p>Please try again later.").into_response()
        }
        B::ServerErrorAccepted => {
            accept(state, sms, behaviour);
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        B::ServerError => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        B::TooManyRequests => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], "").into_response()
        }
        B::OutOfCredit => refusal(StatusCode::FORBIDDEN, "blocked_account"),
    }
}

fn accept(state: &Arc<SinchState>, sms: SinchSms, behaviour: SinchBehaviour) {
    follow(state, &sms, behaviour);
    keep(&mut locked(&state.taken), sms, MESSAGES_MAX);
}

fn broken(breaker: &Breaker) -> Response {
    breaker.break_connection();
    StatusCode::OK.into_response()
}

fn refusal(status: StatusCode, code: &str) -> Response {
    (status, Json(json!({ "code": code, "text": "refused" }))).into_response()
}

/// What a list is asked for; a field that cannot be read is refused.
#[derive(Deserialize)]
struct ListQuery {
    client_reference: Option<String>,
    start_date: Option<String>,
    #[serde(default)]
    page: usize,
    page_size: Option<usize>,
}

async fn list(
    State(state): State<Arc<SinchState>>,
    Path(plan): Path<String>,
    Query(query): Query<ListQuery>,
    headers: HeaderMap,
) -> Response {
    state.list_requests.fetch_add(1, Ordering::AcqRel);
    if !state.is_allowed(&plan, &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let since = match &query.start_date {
        None => OffsetDateTime::now_utc() - LISTED_BY_DEFAULT,
        Some(text) => match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(since) => since,
            Err(_) => return refusal(StatusCode::BAD_REQUEST, "syntax_invalid_parameter_format"),
        },
    };
    let mut found: Vec<Value> = Vec::new();
    for sms in locked(&state.taken).iter_mut().rev() {
        let is_named = query.client_reference.is_none() || query.client_reference == sms.client_reference;
        if !is_named || sms.created_at < since {
            continue;
        }
        if sms.hidden_looks > 0 {
            sms.hidden_looks -= 1;
            continue;
        }
        found.push(sms.resource());
    }
    let size = query.page_size.unwrap_or(PAGE_SIZE_DEFAULT).clamp(1, PAGE_SIZE_MAX);
    let count = found.len();
    let page: Vec<Value> = found.into_iter().skip(query.page.saturating_mul(size)).take(size).collect();
    Json(json!({ "count": count, "page": query.page, "page_size": page.len(), "batches": page }))
        .into_response()
}

/// The sum of one batch.
async fn report(
    State(state): State<Arc<SinchState>>,
    Path((plan, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !state.is_allowed(&plan, &headers) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match locked(&state.taken).iter().find(|sms| sms.id == id) {
        Some(sms) => Json(sms.summary()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[derive(Deserialize)]
struct MessagesQuery {
    to: Option<String>,
}

async fn messages(
    State(state): State<Arc<SinchState>>,
    Query(query): Query<MessagesQuery>,
) -> Json<Vec<SinchSms>> {
    let taken = locked(&state.taken);
    let asked = |sms: &&SinchSms| query.to.as_ref().is_none_or(|to| sms.to == *to);
    Json(taken.iter().filter(asked).cloned().collect())
}

async fn set_rules(
    State(state): State<Arc<SinchState>>,
    Json(rules): Json<Vec<Rule<SinchBehaviour>>>,
) -> StatusCode {
    locked(&state.rules).replace(rules);
    StatusCode::NO_CONTENT
}

async fn add_rule(
    State(state): State<Arc<SinchState>>,
    Json(rule): Json<Rule<SinchBehaviour>>,
) -> StatusCode {
    locked(&state.rules).add(rule);
    StatusCode::NO_CONTENT
}
