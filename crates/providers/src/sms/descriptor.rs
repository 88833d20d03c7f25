//! What is known of a gateway without asking it; each gateway's folder has one descriptor.

use std::time::Duration;

use closure_contract::SmsProvider;

use super::{
    capabilities::Capabilities,
    codes::CodeTable,
    doors::{HeadProof, RECEIPT_BODY_BYTES_MAX},
};

/// The facts about one gateway.
#[derive(Debug, Clone, Copy)]
pub struct Descriptor {
    /// Whose facts these are.
    pub gateway: SmsProvider,
    /// What it can do.
    pub capabilities: Capabilities,
    /// Its documented codes.
    pub code_tables: &'static [CodeTable],
    /// How it brings its receipts.
    pub door: DoorFacts,
}

/// How a gateway brings its receipts.
#[derive(Debug, Clone, Copy)]
pub struct DoorFacts {
    /// What the head of a request says of its sender.
    pub head_proof: HeadProof,
    /// How many bytes a body may have.
    pub body_bytes_max: usize,
    /// How long an answer may take where the gateway waits no longer, and forgets for good what it tried in vain.
    pub answer_max: Option<Duration>,
}

impl DoorFacts {
    /// Batches of a gateway that brings its secret in the head, and tries again until it is answered.
    pub(crate) const BATCHES: Self =
        Self { head_proof: HeadProof::Whole, body_bytes_max: RECEIPT_BODY_BYTES_MAX, answer_max: None };
}
