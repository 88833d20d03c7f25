//! The door for the CRM's questions: what would happen to this job, asked while its agent still types, and what became
//! of that one.
//!
//! It answers and does nothing else: it knows no broker, keeps nothing, and logs nothing of what it was asked but which
//! token asked for which job.

mod answering;
mod guard;
mod jobs;
mod language;
pub mod openapi;
mod refusal;
mod tokens;

use std::{net::SocketAddr, num::NonZeroU32, sync::Arc, time::Duration};

use axum::{
    Extension, Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, rejection::BytesRejection},
    http::StatusCode,
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use closure_contract::{FailureCode, JobId, Language, Timestamp, topology::JOB_BYTES_MAX};
use closure_policy::explain::{Decision, Verdict};
use closure_store::StoreError;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::runtime::Handle;
use tracing::info;

use crate::{
    advice::{Advice, Cancelling, Decided, would_be_sent},
    health,
    lifecycle::Lifecycle,
    serve::{self, Door},
};
use answering::Answerer;
pub use answering::Answering;
use guard::{Guard, Place};
use language::Asked;
use refusal::{Problem, Refusal};
pub use tokens::{BadToken, ConfiguredToken, Right, Tokens};
use uuid::Uuid;

/// What one caller, and all of them together, may ask for.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Requests a second of one token.
    pub per_token: NonZeroU32,
    /// Requests a second of the process.
    pub per_process: NonZeroU32,
    /// Requests in hand at once.
    pub concurrency_max: usize,
    /// One whole request, its body included.
    pub timeout: Duration,
}

/// What `/v1/validate` says of a job.
#[derive(Serialize, JsonSchema)]
struct Validity {
    /// The job.
    job_id: JobId,
    /// Whether it would be sent, now or when its time comes.
    valid: bool,
    /// What happens to it.
    verdict: Verdict,
    /// The code of the first rule that refuses it, or of the one that puts it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<FailureCode>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What to do about it, before it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

/// What `/v1/validate` says of a cancellation.
#[derive(Serialize, JsonSchema)]
struct CancelValidity {
    /// The cancellation.
    cancel_id: Uuid,
    /// Always true.
    valid: bool,
    /// Always `cancel`.
    #[schemars(extend("const" = "cancel"))]
    verdict: &'static str,
    /// What it would do, for people.
    detail: String,
}

/// Answers questions at `listen` until the process stops.
///
/// `POST /v1/explain` and `POST /v1/validate` take a job or a cancellation as it would be published,
/// `GET /v1/jobs/{job_id}` and `GET /v1/consultations/{consultation_id}` answer what became of those that were; each
/// half needs a token of its own. [`openapi::document`] describes all of it. Whatever is said for people is said in
/// English, or in Korean to whoever prefers that by `Accept-Language`.
pub async fn serve(
    listen: SocketAddr,
    tokens: Tokens,
    limits: Limits,
    answering: Answering,
    lifecycle: &Lifecycle,
) -> std::io::Result<()> {
    let guard = Arc::new(Guard::new(tokens, limits, lifecycle));
    let handing_on = middleware::from_fn_with_state(answering.clone(), answering::hand_on);
    let admitting = |right| middleware::from_fn_with_state((Arc::clone(&guard), right), guard::admit);
    let rules = Router::new()
        .route("/v1/explain", post(explain))
        .route("/v1/validate", post(validate))
        .route_layer(handing_on.clone())
        .route_layer(admitting(Right::Rules));
    let jobs = Router::new()
        .route("/v1/jobs/{job_id}", get(jobs::job))
        .route("/v1/consultations/{consultation_id}", get(jobs::consultation))
        .route_layer(handing_on)
        .route_layer(admitting(Right::Jobs));
    let app = rules
        .merge(jobs)
        .layer(DefaultBodyLimit::max(JOB_BYTES_MAX))
        .method_not_allowed_fallback(wrong_method)
        .fallback(no_such_path)
        .layer(middleware::from_fn(language::label))
        .merge(health::routes(answering.health, lifecycle.clone()));
    let (listener, address) = serve::bind(listen).await?;
    info!(%address, "the advisor answers questions");
    serve::serve(listener, app, Door::public("advisor"), lifecycle.stop.clone(), lifecycle).await;
    Ok(())
}

// Closures in their place make the compiler go round in a circle, where it optimises.
async fn wrong_method(Asked(language): Asked) -> Response {
    Refusal::WRONG_METHOD.said(language)
}

async fn no_such_path(Asked(language): Asked) -> Response {
    Refusal::NO_SUCH_PATH.said(language)
}

async fn explain(
    Extension(answerer): Extension<Answerer>,
    Extension(place): Extension<Place>,
    Asked(language): Asked,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match advise(answerer, place, language, body).await {
        Ok(advice @ (Advice::Decided(_) | Advice::Cancels(_))) => Json(advice).into_response(),
        Ok(Advice::NoJob { error }) => Problem::of_message(error),
        Err(refusal) => refusal.said(language),
    }
}

async fn validate(
    Extension(answerer): Extension<Answerer>,
    Extension(place): Extension<Place>,
    Asked(language): Asked,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match advise(answerer, place, language, body).await {
        Ok(Advice::Decided(decided)) => {
            let Decided { decision, .. } = *decided;
            Json(Validity::of(decision, language)).into_response()
        }
        Ok(Advice::Cancels(Cancelling { cancel_id, verdict, detail, .. })) => {
            Json(CancelValidity { cancel_id, valid: true, verdict, detail }).into_response()
        }
        Ok(Advice::NoJob { error }) => Problem::of_message(error),
        Err(refusal) => refusal.said(language),
    }
}

/// Asks the rules on a thread of its own: over an odd text they may think for a while, and neither the limit of this
/// question nor anybody else's waits for that. The place is taken until they have answered, whoever still listens.
async fn advise(
    answerer: Answerer,
    place: Place,
    language: Language,
    body: Result<Bytes, BytesRejection>,
) -> Result<Advice, Refusal> {
    let body = match body {
        Ok(body) => body,
        Err(problem) if problem.status() == StatusCode::PAYLOAD_TOO_LARGE => return Err(Refusal::TOO_LARGE),
        Err(_) => return Err(Refusal::CUT_OFF),
    };
    let runtime = Handle::current();
    let engine = answerer.engine.clone();
    let asked = tokio::task::spawn_blocking(move || {
        let asking = Advice::about_in(language, &body, &engine, Timestamp::now());
        // Whoever waits for the database waits in vain once the question is over, and gives its place back.
        runtime.block_on(tokio::time::timeout(place.limit, asking))
    });
    let answer = asked.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    answer
        .unwrap_or_else(|_late| Err(StoreError::Unavailable("it did not answer in time".to_owned())))
        .map_err(|problem| jobs::unanswered(&answerer, &problem))
}

impl Validity {
    /// Of a decision whose words are in this language.
    fn of(decision: Decision, language: Language) -> Self {
        Self {
            job_id: decision.job_id,
            valid: would_be_sent(decision.verdict),
            verdict: decision.verdict,
            code: decision.code,
            detail: decision.detail,
            remedy: decision.code.map(|code| code.remedy_of_draft_in(language)),
        }
    }
}
