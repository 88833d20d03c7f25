//! What each gateway can do, as facts: the caller picks the way out of a doubt by them and not by a name.

use closure_contract::{Evidence, facts::recovery::Recovery};

/// What a gateway can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What becomes of our own reference.
    pub client_reference: ClientReference,
    /// What it can do about a message whose answer was lost.
    pub recovery: Recovery,
    /// How receipts come.
    pub receipts: ReceiptTransport,
    /// The most that its `delivered` is worth.
    pub evidence: ReceiptEvidence,
    /// Country codes to which it promises to carry one-time codes alone.
    pub one_time_codes_only: &'static [u16],
}

/// What becomes of our own reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientReference {
    /// It is the message's id at the gateway too.
    Identity,
    /// The gateway stores it and echoes it.
    Echoed,
    /// The gateway takes none; it travels in the address to which the message's receipts are sent.
    InReceiptAddress,
}

/// How receipts come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptTransport {
    /// The gateway posts them to the intake.
    Pushed,
    /// The gateway posts them, and can be asked for them as well.
    PushedAndPolled,
}

/// The most that a gateway's `delivered` is worth, by country (R14f); the rulebook may say less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptEvidence {
    /// Where no row says otherwise.
    pub elsewhere: Evidence,
    /// Country codes in which it is worth less, by the gateway's own documents.
    pub weaker: &'static [(u16, Evidence)],
}

impl ReceiptEvidence {
    /// The most that a `delivered` is worth in a country.
    pub fn in_country(&self, country_code: u16) -> Evidence {
        let own = self.weaker.iter().find(|(code, _)| *code == country_code);
        own.map_or(self.elsewhere, |(_, evidence)| *evidence)
    }
}
