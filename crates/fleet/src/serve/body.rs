//! A request's body, read within its size and its time.

use axum::body::{Body, Bytes};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::BODY_MAX;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyProblem {
    /// It has more bytes than it may have.
    #[error("the body is too large; send smaller batches")]
    TooLarge,
    /// Its end did not come in time.
    #[error("the body took longer than it may; send it at once")]
    TooSlow,
    /// The connection ended within it.
    #[error("the body could not be read to its end; send it again")]
    CutOff,
}

/// Reads a body of at most `bytes_max` bytes, in at most five seconds.
pub(crate) async fn read_body(body: Body, bytes_max: usize) -> Result<Bytes, BodyProblem> {
    let read = tokio::time::timeout(BODY_MAX, Limited::new(body, bytes_max).collect());
    match read.await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(problem)) if problem.is::<LengthLimitError>() => Err(BodyProblem::TooLarge),
        Ok(Err(_cut_off)) => Err(BodyProblem::CutOff),
        Err(_elapsed) => Err(BodyProblem::TooSlow),
    }
}
