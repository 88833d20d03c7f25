//! The door for receipts: verify, put into our words, publish with a confirm, and only then answer 2xx.
//!
//! The intake has no database: whatever it said yes to is in a quorum queue.

use std::{collections::HashMap, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Extension, Path, Request, State},
    http::{
        HeaderValue, StatusCode,
        header::{CONNECTION, CONTENT_LENGTH, RETRY_AFTER},
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::post,
};
use closure_broker::{MESSAGES_PER_CALL_MAX, OutMessage, PublishError, Publisher, PublisherHealth};
use closure_contract::{Receipt, ReceiptMessage, Timestamp};
use closure_providers::{
    DoorError, DoorRequest, HeadProof, Notice, Opened, RECEIPT_BODY_BYTES_MAX, ReceiptDoor,
};
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::{debug, error, info, warn};

use crate::{
    announce,
    health::{self, Health},
    lifecycle::Lifecycle,
    repeats::Repeats,
    serve::{self, BodyProblem, Door, Seat, read_body},
};

/// A provider whose receipt we could not take is asked to come again after this many seconds.
const RETRY_AFTER_S: &str = "5";
/// The bodies of senders that proved themselves have at most so many bytes together, what becomes of them included;
/// those of strangers have `Door::unproven_max` times the size of a single receipt's.
const PROVEN_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Between two tries to keep the receipts of a gateway that forgets them soon.
const KEEP_AGAIN: Duration = Duration::from_millis(100);
/// A body waits so long for others to be done.
const ROOM_WAIT: Duration = Duration::from_secs(5);

/// What the intake's handlers share.
#[derive(Clone)]
struct Intake {
    doors: Arc<HashMap<&'static str, Guarded>>,
    publisher: Publisher,
    /// A permit for each byte.
    room: Arc<Semaphore>,
}

/// A gateway's door, and how often somebody else knocked.
struct Guarded {
    door: ReceiptDoor,
    forged: Arc<Repeats>,
}

/// Answers receipts at `listen` until the process stops.
///
/// `POST /receipts/{provider}` with the provider's own body; 200 once the broker has confirmed every receipt in it,
/// 401 for a wrong signature, 400 for a body that is none, 404 for an unknown provider, 408 for a body that takes too
/// long, 413 for one that is too large, and 503 with `Retry-After` while the broker cannot take it.
/// A gateway that forgets its receipts after a few tries has its answer while it still waits for one, and until then the
/// broker is tried again and again.
pub async fn serve(
    listen: SocketAddr,
    doors: Vec<ReceiptDoor>,
    publisher: Publisher,
    health: Health,
    lifecycle: &Lifecycle,
) -> std::io::Result<()> {
    let doors = doors.into_iter().map(|door| (door.provider().as_str(), guarded(door, lifecycle))).collect();
    let room = Arc::new(Semaphore::new(PROVEN_BODY_BYTES_MAX));
    let app = Router::new()
        .route("/receipts/{provider}", post(receive))
        .with_state(Intake { doors: Arc::new(doors), publisher, room })
        .merge(health::routes(health, lifecycle.clone()));
    let (listener, address) = serve::bind(listen).await?;
    info!(%address, "the intake takes receipts");
    serve::serve(listener, app, Door::public("intake"), lifecycle.stop.clone(), lifecycle).await;
    Ok(())
}

/// Anybody may knock as often as he likes, so that a wrong signature has no line of its own.
fn guarded(door: ReceiptDoor, lifecycle: &Lifecycle) -> Guarded {
    let provider = door.provider();
    let forged = Repeats::told(lifecycle, move |refused| {
        warn!(%provider, refused, "a receipt with a wrong signature was refused");
    });
    Guarded { door, forged }
}

async fn receive(
    State(intake): State<Intake>,
    Path(provider): Path<String>,
    Extension(seat): Extension<Seat>,
    request: Request,
) -> Response {
    let Some(guarded) = intake.doors.get(provider.as_str()) else {
        return refusal(StatusCode::NOT_FOUND, "no connected provider; the path is /receipts/<provider>");
    };
    match within(guarded.door.answer_max(), intake.take(guarded, &seat, request)).await {
        Ok(count) => Json(json!({ "received": count })).into_response(),
        Err(refused) => refused.into_response(),
    }
}

/// What comes of it before the gateway stops to wait for an answer; what was published meanwhile changes nothing when it
/// comes again.
async fn within<T>(
    answer_max: Option<Duration>,
    taking: impl Future<Output = Result<T, Refused>>,
) -> Result<T, Refused> {
    match answer_max {
        Some(answer_max) => tokio::time::timeout(answer_max, taking).await.unwrap_or(Err(Refused::Later)),
        None => taking.await,
    }
}

/// Why receipts were not taken.
enum Refused {
    Forged,
    Unreadable,
    Body(BodyProblem),
    /// There is no room, or the broker cannot take them.
    Later,
}

impl Intake {
    /// Takes the receipts of one request; answers how many they were.
    ///
    /// The order is what each step costs us: first the head, then a body of bounded size, and only then its content.
    async fn take(&self, guarded: &Guarded, seat: &Seat, request: Request) -> Result<usize, Refused> {
        let door = &guarded.door;
        let (head, body) = request.into_parts();
        let forged = |_| {
            guarded.forged.add();
            Refused::Forged
        };
        let proof = door.look_at_head(&|name| header(&head, name)).map_err(forged)?;
        let announced = announced_bytes(&head);
        if announced.is_some_and(|bytes| bytes > door.body_bytes_max()) {
            return Err(Refused::Body(BodyProblem::TooLarge));
        }
        let room = match proof {
            HeadProof::Whole => {
                seat.work().map_err(|_crowded| Refused::Later)?;
                Some(self.room(announced.unwrap_or(RECEIPT_BODY_BYTES_MAX)).await?)
            }
            HeadProof::OverTheBody => {
                seat.read_unproven();
                None
            }
        };
        let body = read_body(body, door.body_bytes_max()).await.map_err(Refused::Body)?;
        let opened = match open(door, &head, &body) {
            Ok(opened) => opened,
            Err(DoorError::Forged) => return Err(forged(DoorError::Forged)),
            Err(DoorError::TooLarge) => return Err(Refused::Body(BodyProblem::TooLarge)),
            Err(DoorError::Unreadable(problem)) => {
                warn!(provider = %door.provider(), %problem, "a receipt could not be read");
                return Err(Refused::Unreadable);
            }
        };
        if proof == HeadProof::OverTheBody {
            seat.work().map_err(|_crowded| Refused::Later)?;
        }
        let count = opened.receipts.len();
        self.keep(door, &opened.receipts).await?;
        drop(room);
        Ok(count)
    }

    /// Room for a body of so many bytes, until its receipts are kept.
    async fn room(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Refused> {
        let bytes = u32::try_from(bytes.min(PROVEN_BODY_BYTES_MAX)).unwrap_or(u32::MAX);
        let room = tokio::time::timeout(ROOM_WAIT, Arc::clone(&self.room).acquire_many_owned(bytes)).await;
        room.map_err(|_elapsed| Refused::Later)?.map_err(|_closed| Refused::Later)
    }

    /// Keeps receipts, or says at once that they must come again; where they soon would not, it never gives up by itself.
    async fn keep(&self, door: &ReceiptDoor, receipts: &[Receipt]) -> Result<(), Refused> {
        while !self.is_kept(receipts).await {
            if door.answer_max().is_none() {
                return Err(Refused::Later);
            }
            tokio::time::sleep(KEEP_AGAIN).await;
        }
        Ok(())
    }

    async fn is_kept(&self, receipts: &[Receipt]) -> bool {
        // A publish would wait for its confirm in vain; the provider's own time-out may be shorter than ours.
        if self.publisher.health() != PublisherHealth::Connected {
            return false;
        }
        let published = publish(&self.publisher, receipts).await;
        if let Err(problem) = &published {
            debug!(%problem, "receipts could not be kept; the provider is asked to come again");
        }
        published.is_ok()
    }
}

/// Publishes receipts in parts, as many as one call takes, until all of them are confirmed.
///
/// Where a part fails, those before it are in the queue: the provider brings all of them again, and a receipt that is
/// on record already changes nothing.
async fn publish(publisher: &Publisher, receipts: &[Receipt]) -> Result<(), PublishError> {
    let mut receipts = receipts.iter().cloned().map(message);
    loop {
        let part: Vec<OutMessage> = receipts.by_ref().take(MESSAGES_PER_CALL_MAX).collect();
        if part.is_empty() {
            return Ok(());
        }
        publisher.publish(part).await?;
    }
}

fn open(door: &ReceiptDoor, head: &Parts, body: &Bytes) -> Result<Opened, DoorError> {
    let path_and_query = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let request = DoorRequest { header: &|name| header(head, name), path_and_query, raw_body: body };
    let opened = door.open(&request, Timestamp::now())?;
    let provider = door.provider();
    if opened.unreadable > 0 {
        warn!(%provider, unreadable = opened.unreadable, "some receipts of a batch could not be read");
    }
    for notice in &opened.notices {
        match notice {
            Notice::CountryBlocked { country_code } => {
                error!(%provider, country_code, "a gateway has blocked a country, and no text goes there any more");
            }
        }
    }
    if opened.unknown > 0 {
        warn!(%provider, unknown = opened.unknown, "some receipts have a status that is not understood; they are kept and decide nothing");
    }
    Ok(opened)
}

fn header<'a>(head: &'a Parts, name: &str) -> Option<&'a [u8]> {
    head.headers.get(name).map(HeaderValue::as_bytes)
}

/// The length that a head announces; a body that lies about it is cut off at the limit.
fn announced_bytes(head: &Parts) -> Option<usize> {
    head.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A receipt as a message of its queue.
pub(crate) fn message(receipt: Receipt) -> OutMessage {
    let id = format!("receipt:{}:{}", receipt.provider, receipt.receipt_id);
    announce::receipt_message(&ReceiptMessage::Receipt(receipt), id)
}

impl IntoResponse for Refused {
    /// Whoever is refused has no more to say over this connection: what is left of his body is not read.
    fn into_response(self) -> Response {
        let mut response = match self {
            Self::Forged => refusal(StatusCode::UNAUTHORIZED, "the signature is missing or wrong"),
            Self::Unreadable => refusal(StatusCode::BAD_REQUEST, "the body is not this provider's receipt"),
            Self::Body(problem) => {
                let status = match problem {
                    BodyProblem::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                    BodyProblem::TooSlow => StatusCode::REQUEST_TIMEOUT,
                    BodyProblem::CutOff => StatusCode::BAD_REQUEST,
                };
                refusal(status, &problem.to_string())
            }
            Self::Later => {
                let mut response = refusal(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the receipts cannot be kept now; send them again",
                );
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
                response
            }
        };
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

fn refusal(status: StatusCode, problem: &str) -> Response {
    (status, Json(json!({ "error": problem }))).into_response()
}
