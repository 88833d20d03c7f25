//! What every gateway's adapter says alike about an answer that is none.

use closure_contract::FailureCode;

use crate::{http::NoAnswer, sender::SendFailure};

/// The failure of a request without a whole answer: only one that was never connected was surely not sent.
pub(crate) fn lost(service: &str, no_answer: NoAnswer) -> SendFailure {
    let code = match no_answer {
        NoAnswer::NotSent | NoAnswer::Distrusted(_) => FailureCode::ProviderUnavailable,
        NoAnswer::Unbuildable => FailureCode::RequestRefused,
        NoAnswer::TimedOut | NoAnswer::Broken => FailureCode::AnswerLost,
        NoAnswer::TooLarge => FailureCode::AnswerUnreadable,
    };
    SendFailure::new(code, &format!("{service}: {}", no_answer.what()))
}

/// Any status but 2xx, where the body says nothing that is known: 4xx is a refusal, everything else may have been
/// carried out.
pub(crate) fn by_status(service: &str, status: u16) -> SendFailure {
    let code = match status {
        401 | 403 => FailureCode::ProviderAuth,
        408 | 500..=599 => FailureCode::AnswerLost,
        425 => FailureCode::ProviderFault,
        429 => FailureCode::ProviderThrottled,
        400..=499 => FailureCode::RequestRefused,
        _ => FailureCode::AnswerUnreadable,
    };
    SendFailure::new(code, &format!("{service} answered HTTP {status}")).with_provider_code(status)
}

/// A 2xx that is not the documented success: it may have been carried out.
pub(crate) fn unreadable(detail: &str) -> SendFailure {
    SendFailure::new(FailureCode::AnswerUnreadable, detail)
}
