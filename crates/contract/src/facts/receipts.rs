//! What a provider has said about a message, as far as it decides anything.

use crate::{
    failure::FailureCode,
    ids::Timestamp,
    provider::Provider,
    receipt::{Evidence, ReceiptStatus},
};

/// One receipt on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptFact {
    /// Who says it.
    pub provider: Provider,
    /// What the provider says.
    pub status: ReceiptStatus,
    /// What its `delivered` is worth.
    pub evidence: Evidence,
    /// Why it did not arrive, where the provider's code says so.
    pub code: Option<FailureCode>,
    /// When it happened, by the provider's clock.
    pub occurred_at: Option<Timestamp>,
    /// When the intake received it.
    pub received_at: Timestamp,
}
