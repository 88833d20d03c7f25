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
use closure_contract::{Language, topology::JOB_BYTES_MAX};
use serde_json::json;

/// A refusal of the door itself; what is wrong with a job has the contract's own codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    problem: &'static str,
    korean: &'static str,
    /// When to come again, in whole seconds.
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// Says neither whether there was a token nor what is wrong with it.
    pub(super) const UNAUTHORIZED: Self = Self::new(
        StatusCode::UNAUTHORIZED,
        "unauthorized",
        "send Authorization: Bearer with the token",
        "Authorization: Bearer 헤더에 토큰을 넣어 보내십시오",
    );
    pub(super) const NO_SUCH_PATH: Self = Self::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "the paths are /v1/explain and /v1/validate",
        "경로는 /v1/explain과 /v1/validate입니다",
    );
    pub(super) const WRONG_METHOD: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "send the job with POST",
        "작업을 POST로 보내십시오",
    );
    pub(super) const TIMED_OUT: Self = Self::new(
        StatusCode::REQUEST_TIMEOUT,
        "timeout",
        "the whole request took longer than it may; send it again at once",
        "요청 전체가 제한 시간을 넘었습니다. 한 번에 이어서 다시 보내십시오",
    );
    pub(super) const CUT_OFF: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "body_cut_off",
        "the body could not be read to its end; send it again",
        "본문을 끝까지 읽지 못했습니다. 다시 보내십시오",
    );
    pub(super) const TOO_LARGE: Self = Self::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        "a message has at most 65536 bytes; shorten its texts, and ask again",
        "메시지는 최대 65536바이트입니다. 글을 줄여 다시 보내십시오",
    );
    pub(super) const WRONG_MEDIA_TYPE: Self = Self::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "send the job as content-type application/json",
        "작업을 content-type application/json으로 보내십시오",
    );

    pub(super) const NO_DATABASE: Self = Self {
        retry_after_s: Some(1),
        ..Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "database_away",
            "what is known beside the job cannot be read now; ask again in a moment",
            "작업 외의 사실을 지금 읽을 수 없습니다. 잠시 후 다시 조회하십시오",
        )
    };

    const fn new(
        status: StatusCode,
        code: &'static str,
        problem: &'static str,
        korean: &'static str,
    ) -> Self {
        Self { status, code, problem, korean, retry_after_s: None }
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
                "초당 요청이 너무 많습니다. Retry-After만큼 기다리고, 입력이 멈춘 뒤에 조회하십시오",
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
                "처리 중인 요청이 너무 많습니다. Retry-After만큼 기다리십시오",
            )
        }
    }
}

const _: () =
    assert!(JOB_BYTES_MAX == 64 * 1024, "the sentences about a body that is too large name the limit");

fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl Refusal {
    /// The answer in this language.
    pub(super) fn said(self, language: Language) -> Response {
        let problem = match language {
            Language::English => self.problem,
            Language::Korean => self.korean,
        };
        let body = Json(json!({ "error": { "code": self.code, "problem": problem } }));
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
