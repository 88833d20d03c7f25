//! Who may ask, how often, and how many at once; decided from the head of a request, before its body is read.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Extension, Request, State},
    http::{
        HeaderMap,
        header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE},
    },
    middleware::Next,
    response::Response,
};
use closure_contract::topology::JOB_BYTES_MAX;
use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

use super::{Limits, Tokens, language::Asked, refusal::Refusal};
use crate::{repeats::Repeats, serve::Seat};

/// The right to be one of the few that are answered at once; it is given back when nobody holds it any more.
#[derive(Clone)]
pub(super) struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
    /// How long the answer is waited for.
    pub(super) limit: Duration,
}

/// What stands before the handlers.
pub(super) struct Guard {
    tokens: Tokens,
    per_token: Vec<DefaultDirectRateLimiter>,
    per_process: DefaultDirectRateLimiter,
    places: Arc<Semaphore>,
    timeout: Duration,
    /// Who has no token may ask as often as he likes, and gets no log line of his own.
    strangers: Arc<Repeats>,
}

impl Guard {
    /// A guard with fresh limits.
    pub(super) fn new(tokens: Tokens, limits: Limits, strangers: Arc<Repeats>) -> Self {
        let per_token =
            (0..tokens.count()).map(|_| RateLimiter::direct(Quota::per_second(limits.per_token))).collect();
        Self {
            tokens,
            per_token,
            per_process: RateLimiter::direct(Quota::per_second(limits.per_process)),
            places: Arc::new(Semaphore::new(limits.concurrency_max)),
            timeout: limits.timeout,
            strangers,
        }
    }

    /// Looks at the head; what it grants is given back when the answer is made.
    ///
    /// Who has no token uses up no limit, so that a stranger cannot lock the CRM out.
    fn look(&self, headers: &HeaderMap) -> Result<OwnedSemaphorePermit, Refusal> {
        let token = headers
            .get(AUTHORIZATION)
            .and_then(|value| self.tokens.find(value.as_bytes()))
            .ok_or(Refusal::UNAUTHORIZED)?;
        if !is_json(headers) {
            return Err(Refusal::WRONG_MEDIA_TYPE);
        }
        if announced_bytes(headers).is_some_and(|bytes| bytes > JOB_BYTES_MAX) {
            return Err(Refusal::TOO_LARGE);
        }
        for limiter in self.per_token.get(token).into_iter().chain([&self.per_process]) {
            limiter.check().map_err(|until| {
                Refusal::rate_limited(until.wait_time_from(DefaultClock::default().now()))
            })?;
        }
        self.places.clone().try_acquire_owned().map_err(|_| Refusal::overloaded())
    }
}

/// Lets a request through, or answers it at once.
pub(super) async fn admit(
    State(guard): State<Arc<Guard>>,
    Extension(seat): Extension<Seat>,
    mut request: Request,
    next: Next,
) -> Response {
    let Asked(language) = Asked::of(request.headers());
    let looked = guard.look(request.headers());
    let place = match looked.and_then(|place| seat.work().map(|()| place).map_err(|_| Refusal::overloaded()))
    {
        Ok(place) => place,
        Err(refusal) => {
            match refusal {
                Refusal::UNAUTHORIZED => guard.strangers.add(),
                refusal => warn!(code = refusal.code(), "a question was refused at the door"),
            }
            return refusal.said(language);
        }
    };
    request.extensions_mut().insert(Place { _permit: Arc::new(place), limit: guard.timeout });
    let answer = tokio::time::timeout(guard.timeout, next.run(request)).await;
    answer.unwrap_or_else(|_| Refusal::TIMED_OUT.said(language))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn announced_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
