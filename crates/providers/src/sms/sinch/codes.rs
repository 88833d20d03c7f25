//! Sinch's documented codes of a refused request in our words.
//!
//! Source: Sinch's page "HTTP Status Codes for the SMS REST API"; the last two stand in its repository of documents alone.

use closure_contract::FailureCode;

use crate::sms::codes::{CodeReading, CodeTable, refused};

/// Why a request is refused.
///
/// None of them names the field that is wrong, so that none is held against the recipient or the text.
pub(crate) const REFUSALS: CodeTable = CodeTable {
    what: "Code of a refused request",
    source: "Sinch, HTTP Status Codes for the SMS REST API",
    rows: &[
        refused("syntax_invalid_json", "the request is no JSON of this kind", FailureCode::RequestRefused),
        refused(
            "syntax_invalid_parameter_format",
            "the form of a value is wrong, such as a number's",
            FailureCode::RequestRefused,
        ),
        refused(
            "syntax_constraint_violation",
            "a value breaks a limit, or a required one is missing",
            FailureCode::RequestRefused,
        ),
        refused("unknown_group", "a group of recipients does not exist", FailureCode::RequestRefused),
        refused("unknown_campaign", "the campaign is not the sender's", FailureCode::SenderRejected),
        refused(
            "missing_callback_url",
            "receipts are asked for, and no address for them is known",
            FailureCode::RequestRefused,
        ),
        refused(
            "illegal_number_type",
            "a number of this kind may not be used in the region",
            FailureCode::SenderRejected,
        ),
        refused(
            "blocked_account",
            "the account is blocked, perhaps for want of credit",
            FailureCode::ProviderAuth,
        ),
    ],
};

/// Our code for one of Sinch's; nothing for one that is not documented.
pub(crate) fn classify(code: &str) -> Option<FailureCode> {
    match REFUSALS.reading(code)? {
        CodeReading::Failure(ours) => Some(ours),
        CodeReading::Taken | CodeReading::Word { .. } => None,
    }
}
