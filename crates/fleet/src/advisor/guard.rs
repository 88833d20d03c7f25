//! Who may ask, how often, and how many at once; decided from the head of a request, before its body is read.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

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

use super::{
    Limits, Tokens,
    language::Asked,
    refusal::Refusal,
    tokens::{Right, Token},
};
use crate::{lifecycle::Lifecycle, repeats::Repeats, serve::Seat, services::Service};

/// The right to be one of the few that are answered at once; it is given back when nobody holds it any more.
#[derive(Clone)]
pub(super) struct Place {
    _permit: Arc<OwnedSemaphorePermit>,
    /// How long the answer is waited for.
    pub(super) limit: Duration,
}

/// Who asks, by the name of the token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caller(pub(super) &'static str);

/// What stands before the handlers.
pub(super) struct Guard {
    tokens: Tokens,
    per_token: Vec<DefaultDirectRateLimiter>,
    per_process: DefaultDirectRateLimiter,
    places: Arc<Semaphore>,
    timeout: Duration,
    /// Who has no token may ask as often as he likes, and gets no log line of his own.
    strangers: Arc<Repeats>,
    /// Who has one may ask in vain as often as he likes too: what was refused, by its code.
    refused: Mutex<BTreeMap<&'static str, Arc<Repeats>>>,
    lifecycle: Lifecycle,
}

impl Guard {
    /// A guard with fresh limits.
    pub(super) fn new(tokens: Tokens, limits: Limits, lifecycle: &Lifecycle) -> Self {
        let per_token =
            tokens.all().iter().map(|_| RateLimiter::direct(Quota::per_second(limits.per_token))).collect();
        Self {
            tokens,
            per_token,
            per_process: RateLimiter::direct(Quota::per_second(limits.per_process)),
            places: Arc::new(Semaphore::new(limits.concurrency_max)),
            timeout: limits.timeout,
            strangers: Repeats::told(lifecycle, |questions| {
                warn!(questions, "questions without a valid token were refused at the door");
            }),
            refused: Mutex::default(),
            lifecycle: lifecycle.clone(),
        }
    }

    /// A refusal becomes a line of the log, together with the others of its code.
    fn tell(&self, refusal: &Refusal) {
        if *refusal == Refusal::UNAUTHORIZED {
            return self.strangers.add();
        }
        let code = refusal.code();
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let told = || {
            Repeats::told(&self.lifecycle, move |questions| {
                warn!(code, questions, "questions were refused at the door");
            })
        };
        refused.entry(code).or_insert_with(told).add();
    }

    /// Looks at the head; what it grants is given back when the answer is made.
    ///
    /// Who has no token uses up no limit, so that a stranger cannot lock the CRM out.
    fn look(&self, right: Right, headers: &HeaderMap) -> Result<(Caller, OwnedSemaphorePermit), Refusal> {
        let (place, token) = self.token(headers).ok_or(Refusal::UNAUTHORIZED)?;
        if token.right != right {
            return Err(Refusal::without_right(right));
        }
        match right {
            Right::Rules if !is_json(headers) => return Err(Refusal::WRONG_MEDIA_TYPE),
            Right::Rules if announced_bytes(headers).is_some_and(|bytes| bytes > JOB_BYTES_MAX) => {
                return Err(Refusal::TOO_LARGE);
            }
            // What became of a job is asked by the path alone.
            Right::Rules | Right::Jobs => {}
        }
        for limiter in self.per_token.get(place).into_iter().chain([&self.per_process]) {
            limiter.check().map_err(|until| {
                Refusal::rate_limited(until.wait_time_from(DefaultClock::default().now()))
            })?;
        }
        let permit = self.places.clone().try_acquire_owned().map_err(|_| Refusal::overloaded())?;
        Ok((Caller(token.name), permit))
    }

    /// What a request waits for when its time is over: a message for its own body, a look at a job for the database alone.
    fn late(&self, right: Right) -> Refusal {
        match right {
            Right::Rules => Refusal::TIMED_OUT,
            Right::Jobs => {
                self.lifecycle.services.ask(Service::Database).failed(&"a question had no answer in time");
                Refusal::NO_DATABASE
            }
        }
    }

    fn token(&self, headers: &HeaderMap) -> Option<(usize, &Token)> {
        let place = self.tokens.find(headers.get(AUTHORIZATION)?.as_bytes())?;
        Some((place, self.tokens.all().get(place)?))
    }
}

/// Lets a request through that has the right, or answers it at once.
pub(super) async fn admit(
    State((guard, right)): State<(Arc<Guard>, Right)>,
    Extension(seat): Extension<Seat>,
    mut request: Request,
    next: Next,
) -> Response {
    let Asked(language) = Asked::of(request.headers());
    let looked = guard.look(right, request.headers());
    let admitted =
        looked.and_then(|admitted| seat.work().map(|()| admitted).map_err(|_| Refusal::overloaded()));
    let (caller, permit) = match admitted {
        Ok(admitted) => admitted,
        Err(refusal) => {
            guard.tell(&refusal);
            return refusal.said(language);
        }
    };
    request.extensions_mut().insert(Place { _permit: Arc::new(permit), limit: guard.timeout });
    request.extensions_mut().insert(caller);
    let answer = tokio::time::timeout(guard.timeout, next.run(request)).await;
    answer.unwrap_or_else(|_| guard.late(right).said(language))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn announced_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
