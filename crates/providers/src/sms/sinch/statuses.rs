//! What Sinch says of a message, in our words.
//!
//! Source: Sinch's page "Delivery reports", its statuses and its own codes; the codes of the carriers stand in
//! `carrier_errors`.

use closure_contract::{Evidence, FailureCode, ReceiptStatus};

use super::carrier_errors::CARRIER_ERRORS;
use crate::sms::codes::{CodeReading, CodeTable, lost, said, undelivered};

/// Every status of a message.
///
/// `Unknown` means that no receipt of a carrier came, so that `Delivered` is a carrier's word; whether a handset stands
/// behind it is not said.
pub(crate) const STATUSES: CodeTable = CodeTable {
    what: "Status of a message",
    source: "Sinch, Delivery reports, Delivery report statuses",
    rows: &[
        said("Queued", "waiting to be sent", ReceiptStatus::InTransit, Evidence::Gateway),
        said(
            "Dispatched",
            "with the carrier's centre, and not the last word",
            ReceiptStatus::InTransit,
            Evidence::Carrier,
        ),
        said("Delivered", "it arrived", ReceiptStatus::Delivered, Evidence::Carrier),
        undelivered("Aborted", "given up before it reached a carrier's centre", FailureCode::NotDelivered),
        undelivered(
            "Cancelled",
            "taken back before it reached a carrier's centre",
            FailureCode::NotDelivered,
        ),
        undelivered("Rejected", "the carrier's centre refuses it", FailureCode::NotDelivered),
        undelivered(
            "Deleted",
            "a carrier's centre took it away: no such number, or the recipient opted out",
            FailureCode::NotDelivered,
        ),
        undelivered("Failed", "it did not arrive", FailureCode::NotDelivered),
        lost("Expired", "its validity ended", ReceiptStatus::Expired, FailureCode::ReceiptExpired),
        lost(
            "Unknown",
            "with the carrier's centre, and no receipt that can be read came",
            ReceiptStatus::Unknown,
            FailureCode::NoReceipt,
        ),
    ],
};

/// Sinch's own codes, which refine a bad status.
pub(crate) const ERRORS: CodeTable = CodeTable {
    what: "Error of a message",
    source: "Sinch, Delivery reports, Delivery report error codes",
    rows: &[
        said("400", "waiting to be sent", ReceiptStatus::InTransit, Evidence::Gateway),
        said("401", "with the carrier's centre", ReceiptStatus::InTransit, Evidence::Carrier),
        undelivered("402", "there is no route for it", FailureCode::ProviderCountryBlocked),
        undelivered("403", "an error inside the gateway", FailureCode::ProviderFault),
        undelivered("404", "it did not arrive, and might another time", FailureCode::NotDelivered),
        undelivered("405", "a placeholder in the text has no value", FailureCode::ContentRejected),
        lost(
            "406",
            "its validity ended before it was sent",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        undelivered("407", "it was taken back", FailureCode::NotDelivered),
        undelivered("408", "the carrier's centre refuses it", FailureCode::NotDelivered),
        undelivered("410", "there is no sender for this recipient", FailureCode::SenderRejected),
        undelivered("411", "the text has more parts than it may have", FailureCode::ContentRejected),
        undelivered("412", "the account may not send to this region", FailureCode::ProviderCountryBlocked),
        undelivered("413", "the account is blocked, perhaps for want of credit", FailureCode::ProviderAuth),
        undelivered("414", "of MMS: the media cannot be fetched", FailureCode::RequestRefused),
        undelivered("415", "of MMS: the network refuses it", FailureCode::NotDelivered),
        undelivered("416", "of MMS: the network does not carry it", FailureCode::NotDelivered),
        undelivered("417", "of MMS: the network or the phone cannot be reached", FailureCode::NotDelivered),
        undelivered("418", "of MMS: the phone does not understand it", FailureCode::NotDelivered),
    ],
};

/// What is said of a message.
pub(crate) struct Said {
    pub(crate) status: ReceiptStatus,
    pub(crate) evidence: Evidence,
    pub(crate) why: Option<FailureCode>,
    /// The status and the code, as the gateway writes them.
    pub(crate) named: Option<String>,
}

/// What a status and its code say; a status of a later release decides nothing.
///
/// The pages write `Delivered`, and the official clients also list `DELIVERED`, so that its letters' case means nothing.
/// The code refines a bad status, and is a remark beside a good one.
pub(crate) fn said_of(status: &str, code: i64) -> Said {
    let code = code.to_string();
    let named = crate::mask::code_text(&format!("{status}-{code}"));
    let known = STATUSES.rows.iter().find(|row| row.code.eq_ignore_ascii_case(status));
    let Some(CodeReading::Word { status, evidence, why }) = known.map(|row| row.reading) else {
        return Said { status: ReceiptStatus::InTransit, evidence: Evidence::None, why: None, named };
    };
    let refined = ERRORS.reading(&code).or_else(|| CARRIER_ERRORS.reading(&code));
    match (why, refined) {
        (Some(_), Some(CodeReading::Word { status, evidence, why: Some(why) })) => {
            Said { status, evidence, why: Some(why), named }
        }
        (_, _) => Said { status, evidence, why, named },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_of_the_gateway_and_of_a_carrier_at_once() {
        for row in ERRORS.rows {
            assert_eq!(CARRIER_ERRORS.reading(row.code), None, "{}", row.code);
        }
    }

    #[test]
    fn a_code_refines_a_bad_status_and_takes_nothing_from_a_good_one() {
        use ReceiptStatus::{Delivered, Expired, InTransit, Undelivered, Unknown};
        for (status, code, expected, why) in [
            ("Delivered", 0, Delivered, None),
            ("DELIVERED", 0, Delivered, None),
            ("Delivered", 150, Delivered, None),
            ("Failed", 0, Undelivered, Some(FailureCode::NotDelivered)),
            ("Failed", 150, Undelivered, Some(FailureCode::RecipientRejected)),
            ("Failed", 999_999, Undelivered, Some(FailureCode::NotDelivered)),
            ("Aborted", 406, Expired, Some(FailureCode::ReceiptExpired)),
            ("Aborted", 413, Undelivered, Some(FailureCode::ProviderAuth)),
            ("Aborted", 401, Undelivered, Some(FailureCode::NotDelivered)),
            ("Expired", -1, Expired, Some(FailureCode::ReceiptExpired)),
            ("Unknown", 0, Unknown, Some(FailureCode::NoReceipt)),
            ("Teleported", 150, InTransit, None),
        ] {
            let said = said_of(status, code);
            assert_eq!((said.status, said.why), (expected, why), "{status} {code}");
        }
    }
}
