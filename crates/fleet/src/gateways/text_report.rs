//! What a text message says of the gateway that was tried with it.

use closure_contract::{JobId, Provider, Timestamp};
use closure_policy::fallback::Signals;

/// Read by [`GatewayHealth`](super::health::GatewayHealth) and by
/// [`FallbackHolds`](super::fallback_hold::FallbackHolds), once the judgement that it comes from is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextReport {
    pub job: JobId,
    pub provider: Provider,
    /// When the gateway was given the text.
    pub tried_at: Option<Timestamp>,
    pub signals: Signals,
}
