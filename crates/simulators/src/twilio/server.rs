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
    extract::{ConnectInfo, Path, Query, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post, put},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Client, redirect::Policy};
use serde::Deserialize;
use serde_json::json;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{TwilioBehaviour, TwilioSimSettings, callbacks::follow, message::TwilioSms};
use crate::{
    http::Breaker,
    lock::locked,
    nhn::tls_without_roots,
    rules::{Rule, Rules},
};

/// So many messages are remembered; the newest stay.
const MESSAGES_MAX: usize = 200_000;
const PAGE_SIZE_DEFAULT: usize = 50;
const PAGE_SIZE_MAX: usize = 1_000;

/// Everything that the gateway knows.
pub(super) struct TwilioState {
    pub(super) settings: TwilioSimSettings,
    pub(super) client: Client,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    send_requests: AtomicU64,
    list_requests: AtomicU64,
    /// Tries to bring a callback that nobody took.
    pub(super) callback_tries_failed: AtomicU64,
    /// Callbacks that nobody took, however often they were tried.
    pub(super) callbacks_forgotten: AtomicU64,
    pub(super) webhook_url: Mutex<Option<String>>,
    pub(super) rules: Mutex<Rules<TwilioBehaviour>>,
    pub(super) taken: Mutex<VecDeque<TwilioSms>>,
}

impl TwilioState {
    pub(super) fn new(
        settings: TwilioSimSettings,
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
            callback_tries_failed: AtomicU64::new(0),
            callbacks_forgotten: AtomicU64::new(0),
            webhook_url: Mutex::new(settings.webhook_url.clone()),
            settings,
            rules: Mutex::new(Rules::new()),
            taken: Mutex::new(VecDeque::new()),
        })
    }

    pub(super) fn send_requests(&self) -> u64 {
        self.send_requests.load(Ordering::Acquire)
    }

    pub(super) fn list_requests(&self) -> u64 {
        self.list_requests.load(Ordering::Acquire)
    }

    /// Where a callback for this address really goes: the query stays.
    pub(super) fn destination(&self, address: &str) -> String {
        match (&*locked(&self.webhook_url), address.split_once('?')) {
            (None, _) => address.to_owned(),
            (Some(url), None) => url.clone(),
            (Some(url), Some((_, query))) => format!("{url}?{query}"),
        }
    }

    fn is_allowed(&self, account_sid: &str, headers: &HeaderMap) -> bool {
        let pair = format!("{}:{}", self.settings.account_sid, self.settings.auth_token);
        let expected = format!("Basic {}", STANDARD.encode(pair));
        account_sid == self.settings.account_sid
            && headers.get(header::AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes())
    }

    fn take(&self, sms: TwilioSms) {
        let mut taken = locked(&self.taken);
        if taken.len() >= MESSAGES_MAX {
            taken.pop_front();
        }
        taken.push_back(sms);
    }
}

pub(super) fn routes(state: Arc<TwilioState>) -> Router {
    Router::new()
        .route("/2010-04-01/Accounts/{account_sid}/Messages.json", post(send).get(list))
        .route("/2010-04-01/Accounts/{account_sid}/Messages/{file}", get(single))
        .route("/_sim/health", get(|| async { "ok" }))
        .route("/_sim/messages", get(messages))
        .route("/_sim/rules", put(set_rules).post(add_rule))
        .with_state(state)
}

async fn send(
    State(state): State<Arc<TwilioState>>,
    Path(account_sid): Path<String>,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    state.send_requests.fetch_add(1, Ordering::AcqRel);
    if !state.is_allowed(&account_sid, &headers) {
        return refusal(StatusCode::UNAUTHORIZED, 20_003);
    }
    let Some(sms) = TwilioSms::read(&body, OffsetDateTime::now_utc()) else {
        return refusal(StatusCode::BAD_REQUEST, 21_604);
    };
    let digits = sms.to.trim_start_matches('+');
    let behaviour = locked(&state.rules).choose(digits).unwrap_or(TwilioBehaviour::Delivered);
    answer(&state, sms, behaviour, &breaker).await
}

async fn answer(
    state: &Arc<TwilioState>,
    mut sms: TwilioSms,
    behaviour: TwilioBehaviour,
    breaker: &Breaker,
) -> Response {
    use TwilioBehaviour as B;
    let created = (StatusCode::CREATED, Json(sms.resource(&state.settings.account_sid)));
    match behaviour {
        B::Delivered
        | B::Undelivered
        | B::Failed
        | B::SentOnly
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
        B::AnswerLost => {
            accept(state, sms, behaviour);
            broken(breaker)
        }
        B::AnswerLostAndUnlisted => {
            sms.sent_at = None;
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
            refusal(StatusCode::INTERNAL_SERVER_ERROR, 20_500)
        }
        B::ServerError => refusal(StatusCode::INTERNAL_SERVER_ERROR, 20_500),
        B::TooManyRequests => {
            let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, 20_429);
            response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
            response
        }
        B::OutOfCredit => refusal(StatusCode::FORBIDDEN, 20_005),
        B::RefusedRecipient => refusal(StatusCode::BAD_REQUEST, 21_211),
    }
}

fn accept(state: &Arc<TwilioState>, sms: TwilioSms, behaviour: TwilioBehaviour) {
    follow(state, &sms, behaviour);
    state.take(sms);
}

fn broken(breaker: &Breaker) -> Response {
    breaker.break_connection();
    StatusCode::OK.into_response()
}

fn refusal(status: StatusCode, code: u32) -> Response {
    let body = json!({ "code": code, "message": "refused", "status": status.as_u16(),
        "more_info": format!("https://www.twilio.com/docs/errors/{code}") });
    (status, Json(body)).into_response()
}

/// What a list is asked for.
#[derive(Default)]
struct ListQuery {
    to: Option<String>,
    sent_from: Option<OffsetDateTime>,
    page: usize,
    page_size: Option<usize>,
}

impl ListQuery {
    /// The fields as they are documented; one that cannot be read is refused.
    fn read(query: &str) -> Option<Self> {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "To" => read.to = Some(value.into_owned()),
                "DateSent>" => read.sent_from = Some(OffsetDateTime::parse(&value, &Rfc3339).ok()?),
                "Page" => read.page = value.parse().ok()?,
                "PageSize" => read.page_size = Some(value.parse().ok()?),
                _ => {}
            }
        }
        Some(read)
    }

    fn matches(&self, sms: &TwilioSms) -> bool {
        let Some(sent_at) = sms.sent_at else { return false };
        self.to.as_ref().is_none_or(|to| *to == sms.to) && self.sent_from.is_none_or(|from| sent_at >= from)
    }
}

async fn list(
    State(state): State<Arc<TwilioState>>,
    Path(account_sid): Path<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
) -> Response {
    state.list_requests.fetch_add(1, Ordering::AcqRel);
    if !state.is_allowed(&account_sid, &headers) {
        return refusal(StatusCode::UNAUTHORIZED, 20_003);
    }
    let raw = raw.unwrap_or_default();
    let Some(query) = ListQuery::read(&raw) else { return refusal(StatusCode::BAD_REQUEST, 20_422) };
    let size = query.page_size.unwrap_or(PAGE_SIZE_DEFAULT).clamp(1, PAGE_SIZE_MAX);
    let taken = locked(&state.taken);
    let found: Vec<&TwilioSms> = taken.iter().rev().filter(|sms| query.matches(sms)).collect();
    let start = query.page.saturating_mul(size);
    let page: Vec<_> = found.iter().skip(start).take(size).map(|sms| sms.resource(&account_sid)).collect();
    let path = format!("/2010-04-01/Accounts/{account_sid}/Messages.json");
    let rest = raw.split('&').filter(|field| !field.starts_with("Page=")).collect::<Vec<_>>().join("&");
    let uri = |page: usize| format!("{path}?{rest}&Page={page}");
    let has_more = found.len() > start + page.len();
    Json(json!({
        "messages": page,
        "start": start,
        "end": (start + page.len()).saturating_sub(1),
        "page": query.page,
        "page_size": size,
        "uri": uri(query.page),
        "first_page_uri": uri(0),
        "previous_page_uri": query.page.checked_sub(1).map(uri),
        "next_page_uri": has_more.then(|| uri(query.page + 1)),
    }))
    .into_response()
}

/// One message by its SID, listed or not.
async fn single(
    State(state): State<Arc<TwilioState>>,
    Path((account_sid, file)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    if !state.is_allowed(&account_sid, &headers) {
        return refusal(StatusCode::UNAUTHORIZED, 20_003);
    }
    let sid = file.strip_suffix(".json").unwrap_or_default();
    let taken = locked(&state.taken);
    match taken.iter().find(|sms| sms.sid == sid) {
        Some(sms) => Json(sms.resource(&account_sid)).into_response(),
        None => refusal(StatusCode::NOT_FOUND, 20_404),
    }
}

#[derive(Deserialize)]
struct MessagesQuery {
    to: Option<String>,
}

async fn messages(
    State(state): State<Arc<TwilioState>>,
    Query(query): Query<MessagesQuery>,
) -> Json<Vec<TwilioSms>> {
    let taken = locked(&state.taken);
    let asked = |sms: &&TwilioSms| query.to.as_ref().is_none_or(|to| sms.to.trim_start_matches('+') == to);
    Json(taken.iter().filter(asked).cloned().collect())
}

async fn set_rules(
    State(state): State<Arc<TwilioState>>,
    Json(rules): Json<Vec<Rule<TwilioBehaviour>>>,
) -> StatusCode {
    locked(&state.rules).replace(rules);
    StatusCode::NO_CONTENT
}

async fn add_rule(
    State(state): State<Arc<TwilioState>>,
    Json(rule): Json<Rule<TwilioBehaviour>>,
) -> StatusCode {
    locked(&state.rules).add(rule);
    StatusCode::NO_CONTENT
}
