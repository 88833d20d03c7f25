//! Why a job ends, or waits.

use closure_contract::FailureCode;

/// A code, and words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    pub code: FailureCode,
    pub detail: String,
}

impl Why {
    /// The code's own words.
    pub fn of(code: FailureCode) -> Self {
        Self { code, detail: code.what().to_owned() }
    }

    /// The code's own words, and what to do about it.
    pub fn with_remedy(code: FailureCode) -> Self {
        Self { code, detail: format!("{}; {}", code.what(), code.remedy()) }
    }
}
