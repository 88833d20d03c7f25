//! The door for receipts: verify, put into our words, publish with a confirm, and only then answer 2xx.
//!
//! The intake has no database: whatever it said yes to is in a quorum queue.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Request, State},
    http::{
        HeaderMap, StatusCode, Uri,
        header::{CONTENT_LENGTH, RETRY_AFTER},
    },
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::post,
};
use closure_broker::{OutMessage, Publisher};
use closure_contract::{Receipt, ReceiptMessage, Timestamp};
use closure_providers::{DoorError, DoorRequest, RECEIPT_BODY_BYTES_MAX, ReceiptDoor};
use serde_json::json;
use tokio::net::TcpListener;
use tracing::{info, warn};

use crate::{
    announce,
    health::{self, Health},
    lifecycle::Lifecycle,
};

/// A provider whose receipt we could not take is asked to come again after this many seconds.
const RETRY_AFTER_S: &str = "5";

/// What the intake's handlers share.
#[derive(Clone)]
struct Intake {
    doors: Arc<HashMap<&'static str, ReceiptDoor>>,
    publisher: Publisher,
}

/// Answers receipts at `listen` until the process stops.
///
/// `POST /receipts/{provider}` with the provider's own body; 200 once the broker has confirmed every receipt in it,
/// 401 for a wrong signature, 400 for a body that is none, 404 for an unknown provider, 413 for one that is too
/// large, and 503 with `Retry-After` while the broker cannot take it.
pub async fn serve(
    listen: SocketAddr,
    doors: Vec<ReceiptDoor>,
    publisher: Publisher,
    health: Health,
    lifecycle: &Lifecycle,
) -> std::io::Result<()> {
    let doors = doors.into_iter().map(|door| (door.provider().as_str(), door)).collect();
    let app = Router::new()
        .route("/receipts/{provider}", post(receive))
        .layer(DefaultBodyLimit::max(RECEIPT_BODY_BYTES_MAX))
        .layer(middleware::from_fn(refuse_announced))
        .with_state(Intake { doors: Arc::new(doors), publisher })
        .merge(health::routes(health, lifecycle.clone()));
    let listener = TcpListener::bind(listen).await?;
    info!(address = %listener.local_addr()?, "the intake takes receipts");
    axum::serve(listener, app).with_graceful_shutdown(lifecycle.stop.clone().cancelled_owned()).await
}

/// Refuses a body by its announced length, before a byte of it is read; one that lies is cut off at the limit.
async fn refuse_announced(request: Request, next: Next) -> Response {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match announced {
        Some(bytes) if bytes > RECEIPT_BODY_BYTES_MAX => {
            refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large; send smaller batches")
        }
        Some(_) | None => next.run(request).await,
    }
}

async fn receive(
    State(intake): State<Intake>,
    Path(provider): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(door) = intake.doors.get(provider.as_str()) else {
        return refusal(StatusCode::NOT_FOUND, "no connected provider; the path is /receipts/<provider>");
    };
    let header = |name: &str| headers.get(name).map(|value| value.as_bytes());
    let path_and_query = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = DoorRequest { header: &header, path_and_query, raw_body: &body };
    let opened = match door.open(&request, Timestamp::now()) {
        Ok(opened) => opened,
        Err(DoorError::Forged) => {
            warn!(provider = %door.provider(), "a receipt with a wrong signature was refused");
            return refusal(StatusCode::UNAUTHORIZED, "the signature is missing or wrong");
        }
        Err(DoorError::TooLarge) => return refusal(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
        Err(DoorError::Unreadable(problem)) => {
            warn!(provider = %door.provider(), %problem, "a receipt could not be read");
            return refusal(StatusCode::BAD_REQUEST, "the body is not this provider's receipt");
        }
    };
    if opened.unreadable > 0 {
        warn!(provider = %door.provider(), unreadable = opened.unreadable, "some receipts of a batch could not be read");
    }
    let count = opened.receipts.len();
    let messages = opened.receipts.into_iter().map(message).collect();
    match intake.publisher.publish(messages).await {
        Ok(()) => Json(json!({ "received": count })).into_response(),
        Err(problem) => {
            warn!(%problem, "receipts could not be kept; the provider is asked to come again");
            let mut response =
                refusal(StatusCode::SERVICE_UNAVAILABLE, "the receipts cannot be kept now; send them again");
            response.headers_mut().insert(RETRY_AFTER, axum::http::HeaderValue::from_static(RETRY_AFTER_S));
            response
        }
    }
}

/// A receipt as a message of its queue.
pub(crate) fn message(receipt: Receipt) -> OutMessage {
    let id = format!("receipt:{}:{}", receipt.provider, receipt.receipt_id);
    announce::receipt_message(&ReceiptMessage::Receipt(receipt), id)
}

fn refusal(status: StatusCode, problem: &str) -> Response {
    (status, Json(json!({ "error": problem }))).into_response()
}
