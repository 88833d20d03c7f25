//! What Infobip says of a message, in our words: a status, its group, and the error that explains it.

use closure_contract::{Evidence, FailureCode, ReceiptStatus};

use super::{
    codes::{GROUPS, STATUSES},
    errors::{OPERATOR_ERRORS, USER_ERRORS},
    handset_errors::HANDSET_ERRORS,
    wire::{MessageError, Status},
};
use crate::mask::code_text;
use crate::sms::codes::{CodeReading, CodeRow, CodeTable};

/// Every table of errors; no code stands in two of them.
const ERRORS: [&CodeTable; 3] = [&USER_ERRORS, &OPERATOR_ERRORS, &HANDSET_ERRORS];

/// What is said of a message.
pub(crate) struct Said {
    pub(crate) status: ReceiptStatus,
    pub(crate) evidence: Evidence,
    /// Why it did not arrive, where that is said.
    pub(crate) why: Option<FailureCode>,
    /// The status and its error in the gateway's own codes.
    pub(crate) code: Option<String>,
}

/// What a status becomes: by its number, or by its group where the number is not known here.
pub(crate) fn reading(status: &Status) -> Option<CodeReading> {
    let by_number = status.id.and_then(|id| STATUSES.reading(&id.to_string()));
    by_number.or_else(|| group(status).map(|row| row.reading))
}

/// The group of a status, by its name or by its number.
fn group(status: &Status) -> Option<&'static CodeRow> {
    let by_name =
        status.group_name.as_deref().and_then(|name| GROUPS.rows.iter().find(|row| row.code == name));
    by_name.or_else(|| GROUPS.rows.get(usize::try_from(status.group_id?).ok()?))
}

/// The status in the gateway's own words: its number, or its group where it has none.
pub(crate) fn status_code(status: &Status) -> Option<String> {
    match status.id {
        Some(id) => Some(id.to_string()),
        None => group(status).map(|row| row.code.to_owned()),
    }
}

/// What a status says of a message, with its error; nothing where it names neither a number nor a known group.
///
/// The status decides what became of the message, and the error explains a bad end.
/// A status of a later release that is in no known group decides nothing.
pub(crate) fn said(status: &Status, error: Option<&MessageError>) -> Option<Said> {
    let named = status_code(status)?;
    let error = error.and_then(|error| error.id).filter(|id| *id != 0);
    let (status, evidence, why) = match reading(status) {
        Some(CodeReading::Word { status, evidence, why }) => {
            (status, evidence, why.map(|why| cause(why, error)))
        }
        // A refused repeat says nothing of the message itself.
        Some(CodeReading::Taken | CodeReading::Failure(_)) | None => {
            (ReceiptStatus::InTransit, Evidence::None, None)
        }
    };
    let code = match error {
        Some(error) => code_text(&format!("{named}-{error}")),
        None => code_text(&named),
    };
    Some(Said { status, evidence, why, code })
}

/// The cause of a bad end: the error's, unless it says no more than that the message did not arrive.
fn cause(of_status: FailureCode, error: Option<i64>) -> FailureCode {
    let error = error.map(|error| error.to_string());
    let of_error = ERRORS.iter().find_map(|table| table.why(error.as_deref()));
    of_error.filter(|why| *why != FailureCode::NotDelivered).unwrap_or(of_status)
}
