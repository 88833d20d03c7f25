//! The REST interface.

use std::{collections::HashMap, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State},
    http::{Method, StatusCode, header},
    middleware::{self, Next},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{
    behaviour::{AgentBehaviour, PostBehaviour},
    originate::{self, OriginateBody},
    sim_api,
    switchboard::{Channel, Switchboard},
};
use crate::http::Breaker;

/// A request has at most this many bytes.
const REQUEST_BYTES_MAX: usize = 64 * 1024;

type Board = State<Arc<Switchboard>>;

/// What the interface refuses with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AriError {
    BadRequest(&'static str),
    Unauthorized,
    Forbidden,
    NotFound(&'static str),
    Conflict,
    AllocationFailed,
    Unavailable,
}

impl IntoResponse for AriError {
    fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::BadRequest(message) => (StatusCode::BAD_REQUEST, json!({ "message": message })),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, json!({ "message": "Authentication required" })),
            Self::Forbidden => (StatusCode::FORBIDDEN, json!({ "message": "Write access denied" })),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, json!({ "message": message })),
            Self::Conflict => {
                (StatusCode::CONFLICT, json!({ "message": "Channel with given unique ID already exists" }))
            }
            Self::AllocationFailed => {
                (StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": "Allocation failed" }))
            }
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, json!({ "message": "Unavailable" })),
        };
        match self {
            Self::Unauthorized => {
                let realm = [(header::WWW_AUTHENTICATE, "Basic realm=\"Asterisk REST Interface\"")];
                (status, realm, Json(body)).into_response()
            }
            Self::BadRequest(_)
            | Self::Forbidden
            | Self::NotFound(_)
            | Self::Conflict
            | Self::AllocationFailed
            | Self::Unavailable => (status, Json(body)).into_response(),
        }
    }
}

pub(super) fn routes(board: Arc<Switchboard>) -> Router {
    let interface = Router::new()
        .route("/ari/endpoints/{technology}", get(endpoints))
        .route("/ari/endpoints/PJSIP/{extension}", get(endpoint))
        .route(
            "/ari/endpoints/{technology}/{extension}",
            get(|| async { AriError::NotFound("Endpoint not found") }),
        )
        .route("/ari/asterisk/modules/{module}", get(module))
        .route("/ari/channels", get(channels).post(originate))
        .route("/ari/channels/{id}", get(channel).post(originate_by_path).delete(hang_up))
        .route("/ari/asterisk/info", get(info))
        .fallback(|| async { AriError::NotFound("Resource not found") })
        .layer(middleware::from_fn_with_state(Arc::clone(&board), check_access));
    Router::new()
        .merge(sim_api::routes())
        .merge(interface)
        .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
        .with_state(board)
}

async fn check_access(State(board): Board, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/ari/") {
        // Whatever else is asked of Asterisk's web server gets a page for people, whoever asks.
        let page =
            Html("<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>");
        return (StatusCode::NOT_FOUND, page).into_response();
    }
    let writes = request.method() != Method::GET;
    let settings = &board.settings;
    match credentials(&request) {
        Some((username, password)) if password == settings.password => {
            if username == settings.username {
                next.run(request).await
            } else if username != settings.read_only_username {
                AriError::Unauthorized.into_response()
            } else if writes {
                AriError::Forbidden.into_response()
            } else {
                next.run(request).await
            }
        }
        Some(_) | None => AriError::Unauthorized.into_response(),
    }
}

fn credentials(request: &Request) -> Option<(String, String)> {
    let text = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (username, password) = decoded.split_once(':')?;
    Some((username.to_owned(), password.to_owned()))
}

async fn endpoint(State(board): Board, Path(extension): Path<String>) -> Result<Json<Value>, AriError> {
    board.count_look();
    // A slow answer tells what was so when it was asked for.
    let answer = endpoint_json(&board, &extension);
    if board.agent(&extension) == AgentBehaviour::SlowToSay {
        tokio::time::sleep(Duration::from_millis(board.settings.stall_ms)).await;
    }
    answer.map(Json).ok_or(AriError::NotFound("Endpoint not found"))
}

/// What the phone is doing, if there is one.
fn endpoint_json(board: &Switchboard, extension: &str) -> Option<Value> {
    let mut channel_ids = board.channels_of_agent(extension);
    let state = match board.agent(extension) {
        AgentBehaviour::Unknown => return None,
        AgentBehaviour::Offline => "offline",
        AgentBehaviour::OnAnotherCall => {
            channel_ids.push("another-call".to_owned());
            "online"
        }
        AgentBehaviour::Answers
        | AgentBehaviour::SlowToSay
        | AgentBehaviour::Busy
        | AgentBehaviour::NoAnswer
        | AgentBehaviour::Rejects => "online",
    };
    Some(json!({
        "technology": "PJSIP",
        "resource": extension,
        "state": state,
        "channel_ids": channel_ids,
    }))
}

async fn endpoints(State(board): Board, Path(technology): Path<String>) -> Response {
    if technology != "PJSIP" {
        let message = format!("No Endpoints found - invalid tech {technology}");
        return (StatusCode::NOT_FOUND, Json(json!({ "message": message }))).into_response();
    }
    let phones = (1_000..2_000).chain(board.settings.more_phones());
    let phones = phones.filter_map(|number: u32| endpoint_json(&board, &number.to_string()));
    Json(phones.collect::<Vec<_>>()).into_response()
}

async fn module(Path(module): Path<String>) -> Result<Json<Value>, AriError> {
    match module.as_str() {
        "cel_pgsql.so" => Ok(Json(json!({ "name": module, "status": "Running" }))),
        _ => Err(AriError::NotFound("Module could not be found in running modules")),
    }
}

async fn channels(State(board): Board) -> Json<Vec<Value>> {
    Json(board.channels().iter().map(channel_json).collect())
}

async fn channel(State(board): Board, Path(id): Path<String>) -> Result<Json<Value>, AriError> {
    let channel = board.channel(&id).ok_or(AriError::NotFound("Channel not found"))?;
    Ok(Json(channel_json(&channel)))
}

async fn hang_up(State(board): Board, Path(id): Path<String>) -> Result<StatusCode, AriError> {
    let channel = board.channel(&id).ok_or(AriError::NotFound("Channel not found"))?;
    channel.hang_up.cancel();
    Ok(StatusCode::NO_CONTENT)
}

async fn info() -> Json<Value> {
    Json(json!({
        "build": { "os": "Linux", "kernel": "simulated", "machine": "simulated", "options": "", "date": "", "user": "" },
        "system": { "version": "22.10.1-simulated", "entity_id": "00:00:00:00:00:00" },
        "config": { "name": "simulated", "default_language": "en", "setid": { "user": "", "group": "" } },
        "status": {},
    }))
}

async fn originate(
    State(board): Board,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let read = OriginateBody::read(&query, &body, None);
    answer(board, breaker, read).await
}

async fn originate_by_path(
    State(board): Board,
    ConnectInfo(breaker): ConnectInfo<Breaker>,
    Path(id): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    body: Bytes,
) -> Response {
    let read = OriginateBody::read(&query, &body, Some(id));
    answer(board, breaker, read).await
}

async fn answer(
    board: Arc<Switchboard>,
    breaker: Breaker,
    read: Result<OriginateBody, AriError>,
) -> Response {
    let body = match read.and_then(|body| originate::check(&body).map(|()| body)) {
        Ok(body) => body,
        Err(error) => {
            board.count_request();
            return error.into_response();
        }
    };
    if let Some(check) = body.check_call() {
        return check.answer(&board).into_response();
    }
    board.count_request();
    // A caller that goes away does not take the call with it, so the call is placed in a task of its own.
    let behaviour = board.post(body.dialled());
    let placing = board.tasks.clone().spawn(place(board, body, behaviour));
    let Ok(answered) = placing.await else { return AriError::AllocationFailed.into_response() };
    match (behaviour, answered) {
        (PostBehaviour::RequestLost | PostBehaviour::AnswerLost | PostBehaviour::Crash, _) => {
            breaker.break_connection();
            StatusCode::OK.into_response()
        }
        (PostBehaviour::ServerErrorPlaced, Ok(_)) => {
            (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "message": "Internal error" }))).into_response()
        }
        (
            PostBehaviour::Prompt
            | PostBehaviour::Stall
            | PostBehaviour::Unavailable
            | PostBehaviour::ShuttingDown,
            Ok(channel),
        ) => Json(channel_json(&channel)).into_response(),
        (
            PostBehaviour::Prompt
            | PostBehaviour::Stall
            | PostBehaviour::Unavailable
            | PostBehaviour::ShuttingDown
            | PostBehaviour::ServerErrorPlaced,
            Err(error),
        ) => error.into_response(),
    }
}

async fn place(
    board: Arc<Switchboard>,
    body: OriginateBody,
    behaviour: PostBehaviour,
) -> Result<Channel, AriError> {
    match behaviour {
        PostBehaviour::RequestLost | PostBehaviour::Unavailable => Err(AriError::Unavailable),
        PostBehaviour::ShuttingDown => Err(AriError::AllocationFailed),
        PostBehaviour::Stall => {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(board.settings.stall_ms)) => {}
                () = board.stop.cancelled() => return Err(AriError::Unavailable),
            }
            originate::place(&board, &body)
        }
        PostBehaviour::Crash => {
            let placed = originate::place(&board, &body);
            board.crash();
            placed
        }
        PostBehaviour::Prompt | PostBehaviour::AnswerLost | PostBehaviour::ServerErrorPlaced => {
            originate::place(&board, &body)
        }
    }
}

fn channel_json(channel: &Channel) -> Value {
    json!({
        "id": channel.id,
        "name": channel.name,
        "state": channel.state.word(),
        "protocol_id": channel.id,
        "caller": { "name": "", "number": channel.agent_extension },
        "connected": { "name": "", "number": "" },
        "accountcode": "",
        "dialplan": {
            "context": channel.context,
            "exten": channel.extension,
            "priority": 1,
            "app_name": channel.application,
            "app_data": "",
        },
        "creationtime": channel.created_at.format(&Rfc3339).expect("a time of this century has an RFC 3339 form"),
        "language": "en",
    })
}
