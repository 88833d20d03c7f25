//! The gateway's HTTP interface: who may call it, and how a request to send is answered.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde_json::Value;

use super::{
    answers,
    behaviour::{AnswerPlan, SmsBehaviour},
    codes::ResultCode,
    courier, look_up,
    messages::SmsAnswer,
    request::{Limits, SendRequest, SmsKind},
    sim_api,
    state::{Accepted, Choice, NhnState, ReceiptSwitch, recipient_code},
};
use crate::{http::Breaker, speed::Speeding};

/// A request has at most this many bytes: a thousand recipients and a long text.
const REQUEST_BYTES_MAX: usize = 2 * 1024 * 1024;

pub(super) fn routes(state: Arc<NhnState>) -> Router {
    Router::new()
        .route("/sms/v3.0/appKeys/{app_key}/sender/sms", post(send_short).get(look_up::list))
        .route("/sms/v3.0/appKeys/{app_key}/sender/mms", post(send_long).get(look_up::list))
        .route("/sms/v3.0/appKeys/{app_key}/sender/sms/{request_id}", get(look_up::single))
        .route("/sms/v3.0/appKeys/{app_key}/sender/mms/{request_id}", get(look_up::single))
        .route("/sms/v3.0/appKeys/{app_key}/message-results", get(look_up::results))
        .merge(sim_api::routes())
        .fallback(|| async { Json(answers::refusal(ResultCode::NO_SUCH_API)) })
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(state)
}

/// Refuses callers without the right keys.
///
/// The documents name no code for a wrong secret key, so it gets the one for a wrong app key.
pub(super) fn check_access(state: &NhnState, app_key: &str, headers: &HeaderMap) -> Result<(), ResultCode> {
    let secret = headers.get("X-Secret-Key").map(|value| value.as_bytes());
    if app_key != state.settings.app_key || secret != Some(state.settings.secret_key.as_bytes()) {
        return Err(ResultCode::INVALID_APP_KEY);
    }
    Ok(())
}

async fn send_short(
    state: State<Arc<NhnState>>,
    app_key: Path<String>,
    breaker: ConnectInfo<Breaker>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    send(SmsKind::Short, &state, &app_key, breaker.0, &headers, &body).await
}

async fn send_long(
    state: State<Arc<NhnState>>,
    app_key: Path<String>,
    breaker: ConnectInfo<Breaker>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    send(SmsKind::Long, &state, &app_key, breaker.0, &headers, &body).await
}

async fn send(
    kind: SmsKind,
    state: &Arc<NhnState>,
    app_key: &str,
    breaker: Breaker,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    state.count_request();
    if state.speed.request() == Speeding::Yes {
        return too_many_requests();
    }
    if state.settings.latency_ms > 0 {
        pause(state, state.settings.latency_ms).await;
    }
    match read(kind, state, app_key, headers, body) {
        Ok(request) => carry_out(state, &request, &breaker).await,
        Err(code) => Json(answers::refusal(code)).into_response(),
    }
}

fn read(
    kind: SmsKind,
    state: &NhnState,
    app_key: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<SendRequest, ResultCode> {
    check_access(state, app_key, headers)?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !content_type.is_some_and(|text| text.to_ascii_lowercase().starts_with("application/json")) {
        return Err(ResultCode::CONTENT_TYPE);
    }
    let limits = Limits {
        sender_numbers: &state.settings.sender_numbers,
        overseas_gsm_septets_max: state.settings.overseas_gsm_septets_max,
        overseas_ucs2_units_max: state.settings.overseas_ucs2_units_max,
    };
    SendRequest::read(body, kind, &limits)
}

fn too_many_requests() -> Response {
    (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], "").into_response()
}

async fn carry_out(state: &Arc<NhnState>, request: &SendRequest, breaker: &Breaker) -> Response {
    if request.verdict != ResultCode::SUCCESS {
        let choices = unspent_choices(request);
        state.refuse(request, &choices, SmsAnswer::Refused(request.verdict.number));
        return Json(answers::refusal(request.verdict)).into_response();
    }
    let choices: Vec<Choice> =
        request.recipients.iter().map(|recipient| state.choose(&recipient.digits)).collect();
    // A request has one answer: the first recipient who wants a special one decides.
    let plan = choices
        .iter()
        .map(|choice| choice.plan)
        .find(|plan| *plan != AnswerPlan::Prompt)
        .unwrap_or(AnswerPlan::Prompt);
    answer(state, request, &choices, plan, breaker).await
}

async fn answer(
    state: &Arc<NhnState>,
    request: &SendRequest,
    choices: &[Choice],
    plan: AnswerPlan,
    breaker: &Breaker,
) -> Response {
    match plan {
        AnswerPlan::Prompt => take(state, request, choices, SmsAnswer::Accepted).into_response(),
        AnswerPlan::Slow => {
            let json = take(state, request, choices, SmsAnswer::Accepted);
            pause(state, state.settings.slow_ms).await;
            json.into_response()
        }
        AnswerPlan::AfterReceipt => after_receipt(state, request, choices).await.into_response(),
        AnswerPlan::Lost => {
            drop(take(state, request, choices, SmsAnswer::AcceptedUnsaid));
            breaker.break_connection();
            StatusCode::OK.into_response()
        }
        AnswerPlan::RequestLost => {
            state.refuse(request, choices, SmsAnswer::Lost);
            breaker.break_connection();
            StatusCode::OK.into_response()
        }
        AnswerPlan::Garbage => {
            drop(take(state, request, choices, SmsAnswer::AcceptedUnsaid));
            Html("<!doctype html><title>Gateway</title><p>Please try again later.").into_response()
        }
        AnswerPlan::ServerError => {
            state.refuse(request, choices, SmsAnswer::Status(500));
            server_error()
        }
        AnswerPlan::ServerErrorAccepted => {
            drop(take(state, request, choices, SmsAnswer::AcceptedUnsaid));
            server_error()
        }
        AnswerPlan::TooManyRequests => {
            state.refuse(request, choices, SmsAnswer::Status(429));
            too_many_requests()
        }
        AnswerPlan::Refused(code) => {
            state.refuse(request, choices, SmsAnswer::Refused(code.number));
            Json(answers::refusal(code)).into_response()
        }
    }
}

/// Takes a request, lets its receipts follow, and makes its proper answer.
fn take(state: &Arc<NhnState>, request: &SendRequest, choices: &[Choice], answer: SmsAnswer) -> Json<Value> {
    let accepted = state.accept(request, choices, answer);
    if state.receipts() == ReceiptSwitch::On {
        for number in &accepted.numbers {
            courier::follow(state, *number);
        }
    }
    acceptance(request, choices, &accepted)
}

async fn after_receipt(state: &Arc<NhnState>, request: &SendRequest, choices: &[Choice]) -> Json<Value> {
    let accepted = state.accept(request, choices, SmsAnswer::Accepted);
    for number in &accepted.numbers {
        tokio::select! {
            () = courier::bring_now(state, *number) => {}
            () = state.stop.cancelled() => {}
        }
    }
    acceptance(request, choices, &accepted)
}

fn acceptance(request: &SendRequest, choices: &[Choice], accepted: &Accepted) -> Json<Value> {
    let results = (1..)
        .zip(request.recipients.iter().zip(choices))
        .map(|(seq, (recipient, choice))| {
            let code = ResultCode::of(recipient_code(recipient, choice));
            answers::send_result(&recipient.recipient_no, code, seq, recipient.grouping_key.as_deref())
        })
        .collect();
    Json(answers::acceptance(&accepted.request_id, request.sender_grouping_key.as_deref(), results))
}

/// Stand-ins for a request that the checks refuse, which uses up no rule.
fn unspent_choices(request: &SendRequest) -> Vec<Choice> {
    let choice =
        |digits: &str| Choice { behaviour: SmsBehaviour::by_suffix(digits), plan: AnswerPlan::Prompt };
    request.recipients.iter().map(|recipient| choice(&recipient.digits)).collect()
}

fn server_error() -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, Json(answers::refusal(ResultCode::SYSTEM_ERROR))).into_response()
}

async fn pause(state: &NhnState, wait_ms: u64) {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_millis(wait_ms)) => {}
        () = state.stop.cancelled() => {}
    }
}
