//! Asking a gateway for its receipts, for where a webhook cannot reach the intake.

use std::future::Future;

use closure_contract::Timestamp;

use super::doors::Opened;
use crate::sender::{SendFailure, Sender};

/// Whether a gateway has more to say at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// A full batch came, so that another may be waiting.
    AtOnce,
    /// Everything was said.
    Later,
}

/// What a gateway does that can be asked for receipts.
pub(crate) trait Pull: Sender {
    /// What was said since then; a gateway that gives each receipt out once has it no longer.
    fn pull(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<(Opened, More), SendFailure>> + Send;

    /// What a process may have taken and lost when it died, as far as the gateway still shows it.
    fn recall(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> impl Future<Output = Result<Opened, SendFailure>> + Send;
}
