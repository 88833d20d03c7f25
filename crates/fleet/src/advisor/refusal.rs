//! Why a question was not answered, in one form.

use std::time::Duration;

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use closure_contract::topology::JOB_BYTES_MAX;
use serde_json::json;

/// A refusal of the door itself; what is wrong with a job has the contract's own codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    problem: &'static str,
    /// When to come again, in whole seconds.
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// Says neither whether there was a token nor what is wrong with it.
    pub(super) const UNAUTHORIZED: Self =
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "send Authorization: Bearer with the token");
    pub(super) const NO_SUCH_PATH: Self =
        Self::new(StatusCode::NOT_FOUND, "not_found", "the paths are /v1/explain and /v1/validate");
    pub(super) const WRONG_METHOD: Self =
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "send the job with POST");
    pub(super) const TIMED_OUT: Self = Self::new(
        StatusCode::REQUEST_TIMEOUT,
        "timeout",
        "the whole request took longer than it may; send it again at once",
    );
    pub(super) const CUT_OFF: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "body_cut_off",
        "the body could not be read to its end; send it again",
    );
    pub(super) const TOO_LARGE: Self =
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", const_str_of_limit());
    pub(super) const WRONG_MEDIA_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the job as content-type application/json",
    );

    pub(super) const NO_DATABASE: Self = Self {
        retry_after_s: Some(1),
        ..Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "database_away",
            "what is known beside the job cannot be read now; ask again in a moment",
        )
    };

    const fn new(status: StatusCode, code: &'static str, problem: &'static str) -> Self {
        Self { status, code, problem, retry_after_s: None }
    }

    /// Its stable code.
    pub(super) fn code(self) -> &'static str {
        self.code
    }

    /// Too many questions of one token, or of all.
    pub(super) fn rate_limited(wait: Duration) -> Self {
        Self {
            retry_after_s: Some(whole_seconds(wait)),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "too many requests a second; wait as Retry-After says, and ask after a pause in typing",
            )
        }
    }

    /// Too many questions at once.
    pub(super) fn overloaded() -> Self {
        Self {
            retry_after_s: Some(1),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "too many requests are in hand; wait as Retry-After says",
            )
        }
    }
}

const fn const_str_of_limit() -> &'static str {
    const { assert!(JOB_BYTES_MAX == 64 * 1024, "the sentence names the limit") };
    "a message has at most 65536 bytes; shorten its texts, and ask again"
}

fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": { "code": self.code, "problem": self.problem } }));
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
