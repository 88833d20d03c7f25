//! Why a question was not answered, in one form: that of RFC 9457.

use std::time::Duration;

use axum::{
    Json,
    http::{
        HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use closure_contract::{Language, topology::JOB_BYTES_MAX};
use schemars::JsonSchema;
use serde::Serialize;

use super::tokens::Right;
use crate::advice::Unreadable;

/// The media type of a problem.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not answered (RFC 9457); its `type` is `about:blank`, which is left out.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    /// The status in words.
    title: String,
    /// The status code of the answer.
    status: u16,
    /// What is wrong and what to do, for people, in the language that was asked for.
    detail: String,
    /// The same for programs, as `fleet explain` prints it.
    error: ProblemError,
}

/// What is wrong, for programs.
#[derive(Debug, Serialize, JsonSchema)]
struct ProblemError {
    /// A stable code.
    code: &'static str,
    /// What is wrong, for people; of a message, what belongs there.
    problem: String,
    /// Of a message: the field that is wrong, such as `to.phone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// Of a message: what to do before it is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
}

impl Problem {
    fn new(status: StatusCode, detail: String, error: ProblemError) -> (StatusCode, Self) {
        let title = status.canonical_reason().unwrap_or_default().to_owned();
        (status, Self { title, status: status.as_u16(), detail, error })
    }

    /// The answer about a body that is no message.
    pub(super) fn of_message(unreadable: Unreadable) -> Response {
        let Unreadable { code, problem, path, remedy } = unreadable;
        let detail = format!("{problem}; {remedy}");
        let error = ProblemError { code: code.as_str(), problem, path, remedy: Some(remedy) };
        answer(Self::new(StatusCode::BAD_REQUEST, detail, error))
    }
}

fn answer((status, problem): (StatusCode, Problem)) -> Response {
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    response
}

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
        "the paths are /v1/explain, /v1/validate, /v1/jobs/{job_id} and /v1/consultations/{consultation_id}",
        "경로는 /v1/explain, /v1/validate, /v1/jobs/{job_id}, /v1/consultations/{consultation_id}입니다",
    );
    pub(super) const WRONG_METHOD: Self = Self::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "send messages with POST, and ask for jobs and consultations with GET",
        "메시지는 POST로 보내고, 작업과 상담은 GET으로 조회하십시오",
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

    pub(super) const MALFORMED_JOB_ID: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "malformed_job_id",
        "a job_id is a UUID such as 8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01; correct the path",
        "job_id는 8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01과 같은 UUID입니다. 경로를 고치십시오",
    );
    pub(super) const MALFORMED_CONSULTATION_ID: Self = Self::new(
        StatusCode::BAD_REQUEST,
        "malformed_consultation_id",
        "a consultation's id has 1 to 128 characters in UTF-8, and no control characters; correct the path",
        "상담 ID는 UTF-8로 된 1~128자이며 제어 문자가 없어야 합니다. 경로를 고치십시오",
    );
    pub(super) const JOB_UNKNOWN: Self = Self::new(
        StatusCode::NOT_FOUND,
        "job_unknown",
        "there is no record of this job yet; it may wait in its queue, for its not_before or for the end of the quiet \
         hours; if you heard an outcome dead of it, it waits in the dead-letter desk; otherwise publish the same bytes again",
        "이 작업의 기록이 아직 없습니다. 큐에서, 또는 not_before나 야간 시간의 끝을 기다리고 있을 수 있습니다. dead 결과를 받았다면 \
         데드레터 데스크에 있고, 그렇지 않으면 같은 바이트를 다시 발행하십시오",
    );
    pub(super) const CONSULTATION_UNKNOWN: Self = Self::new(
        StatusCode::NOT_FOUND,
        "consultation_unknown",
        "no worker has had a job of this consultation in hand yet; check its id, and ask again in a moment where a job \
         may wait in its queue",
        "아직 어느 워커도 이 상담의 작업을 받지 않았습니다. ID를 확인하고, 작업이 큐에서 기다리고 있을 수 있으면 잠시 후 다시 \
         조회하십시오",
    );
    const NOT_THE_RULES: Self = Self::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        "this token may only ask what became of jobs; ask the rules with the token of advisor.token",
        "이 토큰으로는 작업의 처리 상태만 조회할 수 있습니다. 규칙은 advisor.token의 토큰으로 조회하십시오",
    );
    const NOT_THE_JOBS: Self = Self::new(
        StatusCode::FORBIDDEN,
        "forbidden",
        "this token may only ask the rules; ask what became of jobs with the token of advisor.jobs_token, which your \
         operator gives",
        "이 토큰으로는 규칙만 조회할 수 있습니다. 작업의 처리 상태는 운영 담당자가 발급하는 advisor.jobs_token의 토큰으로 \
         조회하십시오",
    );

    pub(super) const NO_DATABASE: Self = Self {
        retry_after_s: Some(1),
        ..Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "database_away",
            "the database cannot be read now; ask again in a moment",
            "지금은 데이터베이스를 읽을 수 없습니다. 잠시 후 다시 조회하십시오",
        )
    };

    /// Asking again helps only after somebody has acted.
    pub(super) const UNREADABLE_RECORD: Self = Self {
        retry_after_s: Some(60),
        ..Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "record_unreadable",
            "this record was written by a newer release, or cannot be read; tell your operator, who brings the advisor to \
             the fleet's release",
            "새 버전이 기록했거나 읽을 수 없는 작업 기록입니다. 운영 담당자에게 알려 advisor를 같은 버전으로 올리십시오",
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

    /// A valid token, without this right.
    pub(super) fn without_right(right: Right) -> Self {
        match right {
            Right::Rules => Self::NOT_THE_RULES,
            Right::Jobs => Self::NOT_THE_JOBS,
        }
    }

    /// Its status, its stable code, and the problem in English, for the description of the door.
    pub(super) fn described(self) -> (StatusCode, &'static str, &'static str) {
        (self.status, self.code, self.problem)
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
        let error = ProblemError { code: self.code, problem: problem.to_owned(), path: None, remedy: None };
        let mut response = answer(Problem::new(self.status, problem.to_owned(), error));
        // RFC 6750 section 3.
        let challenge = match self.status {
            StatusCode::UNAUTHORIZED => Some("Bearer"),
            StatusCode::FORBIDDEN => Some("Bearer error=\"insufficient_scope\""),
            _ => None,
        };
        if let Some(challenge) = challenge {
            response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
