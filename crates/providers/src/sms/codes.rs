//! A gateway's documented codes as data: what each means, and what it becomes in our words.

use closure_contract::{Evidence, FailureCode, ReceiptStatus};

/// One documented table of a gateway.
#[derive(Debug, Clone, Copy)]
pub struct CodeTable {
    /// Where they are met, as a short title.
    pub what: &'static str,
    /// The document that they were read in.
    pub source: &'static str,
    /// Every documented code, once.
    pub rows: &'static [CodeRow],
}

/// One documented code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeRow {
    /// The code as the gateway writes it.
    pub code: &'static str,
    /// What it means, for people.
    pub meaning: &'static str,
    /// What it becomes.
    pub reading: CodeReading,
}

/// What a code becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeReading {
    /// The gateway has the message.
    Taken,
    /// The gateway did not take it, or nobody can tell; class and fault are `policy`'s to say.
    Failure(FailureCode),
    /// A word about a message that the gateway took; `why` names the cause of a bad one.
    Word {
        /// What became of it.
        status: ReceiptStatus,
        /// What a `delivered` is worth at most.
        evidence: Evidence,
        /// Why it did not arrive, where the code says so; its fault is the word's fault.
        why: Option<FailureCode>,
    },
}

impl CodeTable {
    /// What a code becomes; nothing for one that is not documented.
    pub fn reading(&self, code: &str) -> Option<CodeReading> {
        self.rows.iter().find(|row| row.code == code).map(|row| row.reading)
    }

    /// Why a message did not arrive, where this code says so.
    pub(crate) fn why(&self, code: Option<&str>) -> Option<FailureCode> {
        match self.reading(code?)? {
            CodeReading::Word { why, .. } => why,
            CodeReading::Failure(code) => Some(code),
            CodeReading::Taken => None,
        }
    }

    /// The same where the message came to a bad end; beside a good word, or before the last one, a code is a remark.
    pub(crate) fn why_ended(&self, status: ReceiptStatus, code: Option<&str>) -> Option<FailureCode> {
        match status {
            ReceiptStatus::Undelivered | ReceiptStatus::Expired | ReceiptStatus::Unknown => self.why(code),
            ReceiptStatus::Delivered | ReceiptStatus::InTransit => None,
        }
    }
}

/// A row of a refusal.
pub(crate) const fn refused(code: &'static str, meaning: &'static str, ours: FailureCode) -> CodeRow {
    CodeRow { code, meaning, reading: CodeReading::Failure(ours) }
}

/// A row of a message that is on its way or has arrived.
pub(crate) const fn said(
    code: &'static str,
    meaning: &'static str,
    status: ReceiptStatus,
    evidence: Evidence,
) -> CodeRow {
    CodeRow { code, meaning, reading: CodeReading::Word { status, evidence, why: None } }
}

/// A row of a message that did not arrive, or of which nobody knows.
pub(crate) const fn lost(
    code: &'static str,
    meaning: &'static str,
    status: ReceiptStatus,
    why: FailureCode,
) -> CodeRow {
    CodeRow { code, meaning, reading: CodeReading::Word { status, evidence: Evidence::None, why: Some(why) } }
}

/// A row of a message that did not arrive.
pub(crate) const fn undelivered(code: &'static str, meaning: &'static str, why: FailureCode) -> CodeRow {
    lost(code, meaning, ReceiptStatus::Undelivered, why)
}

#[cfg(test)]
mod tests {
    use super::super::{infobip, twilio};

    #[test]
    fn what_two_gateways_say_of_their_guard_against_fraud_is_one_word() {
        for (infobip, twilio) in [("608", "30453"), ("608", "30450"), ("609", "30454")] {
            let blocked = infobip::errors::USER_ERRORS.reading(infobip);
            assert!(blocked.is_some(), "{infobip} is documented");
            assert_eq!(blocked, twilio::statuses::ERRORS.reading(twilio), "{infobip} and {twilio}");
        }
    }
}
