//! What NHN Cloud's receipts say, in our words.
//!
//! Source: `error-code.md` of NHN (repository TOAST-DOCS/SMS, commit 4af1fe8).

use closure_contract::{Evidence, FailureCode, ReceiptStatus};

use crate::sms::codes::{CodeReading, CodeTable, lost, said};

/// Results of the transfer to the handset.
pub(crate) const RECEIVING: CodeTable = CodeTable {
    what: "Result of receiving",
    source: "TOAST-DOCS/SMS error-code.md, Result Code of Receiving",
    rows: &[
        said(
            "1000",
            "received; overseas, handed to the carrier",
            ReceiptStatus::Delivered,
            Evidence::Handset,
        ),
        lost("1001", "server Busy", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost(
            "1002",
            "receiving number format error",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost("1003", "reply-to number format error", ReceiptStatus::Undelivered, FailureCode::SenderRejected),
        lost("1019", "its validity ended", ReceiptStatus::Expired, FailureCode::ReceiptExpired),
        lost(
            "2000",
            "no result within 25 hours, or 80 of an LMS",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        lost(
            "2001",
            "delivery failed (mobile network)",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost(
            "2002",
            "delivery failed (mobile network -> device)",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost("2003", "device power off", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("2004", "device message buffer full", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("2005", "grey area", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("2006", "message deleted", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("2007", "temporary device issue", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("3000", "unavailable to transfer", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("3001", "no subscriber available", ReceiptStatus::Undelivered, FailureCode::RecipientRejected),
        lost(
            "3002",
            "adult authentication failed",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "3003",
            "recipient number format error or missing (unavailable number)",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "3004",
            "temporary service suspension on device",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost(
            "3005",
            "device call processing status, Not reach to the device",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost("3006", "incoming call denied", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost(
            "3007",
            "device unavailable to receive callback URL",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost("3008", "other device issues", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("3009", "message format error", ReceiptStatus::Undelivered, FailureCode::ContentRejected),
        lost("3010", "device not supporting MMS", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("3011", "server error", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost("3012", "spam", ReceiptStatus::Undelivered, FailureCode::ContentRejected),
        lost("3013", "service rejected", ReceiptStatus::Undelivered, FailureCode::RecipientRejected),
        lost("3014", "others", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("3015", "no transfer route available", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost(
            "3016",
            "size restriction failed for attached file",
            ReceiptStatus::Undelivered,
            FailureCode::ContentRejected,
        ),
        lost(
            "3017",
            "the sender number is refused as forged",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "3018",
            "the sender number belongs to a person who forbids its use",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "3019",
            "the sender number is blocked for all customers",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost("4001", "signature format error", ReceiptStatus::Undelivered, FailureCode::SenderRejected),
        lost("4002", "error in sender number", ReceiptStatus::Undelivered, FailureCode::SenderRejected),
        lost("4003", "error in recipient number", ReceiptStatus::Undelivered, FailureCode::RecipientRejected),
        lost("4004", "temporary device issue", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("4005", "no subscriber available", ReceiptStatus::Undelivered, FailureCode::RecipientRejected),
        lost("4006", "failure due to receiver error", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost(
            "4007",
            "failure due to telecom provider",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderFault,
        ),
        lost("4008", "spam", ReceiptStatus::Undelivered, FailureCode::ContentRejected),
        lost("4009", "temporary network error", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost(
            "4010",
            "failure due to abnormal transfer pattern",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderAuth,
        ),
        lost("E900", "other sending errors", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost(
            "E911",
            "no attached file extension available",
            ReceiptStatus::Undelivered,
            FailureCode::ContentRejected,
        ),
        lost("E913", "attached file size is 0", ReceiptStatus::Undelivered, FailureCode::ContentRejected),
        lost(
            "E915",
            "the same message again within an hour",
            ReceiptStatus::Undelivered,
            FailureCode::ContentRejected,
        ),
        lost(
            "E919",
            "resending is not allowed while sending is restricted",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderFault,
        ),
        lost("E999", "other errors", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
    ],
};

/// The carriers' receipts from overseas.
pub(crate) const DLR_STATUSES: CodeTable = CodeTable {
    what: "Status of a delivery receipt from overseas",
    source: "TOAST-DOCS/SMS error-code.md, DLR status code",
    rows: &[
        said("DELIVERED", "it was delivered", ReceiptStatus::Delivered, Evidence::Handset),
        said("ACCEPTED", "taken for delivery", ReceiptStatus::InTransit, Evidence::Gateway),
        said("BUFFERED", "kept for a later delivery", ReceiptStatus::InTransit, Evidence::Carrier),
        lost(
            "EXPIRED",
            "its validity ended at the carrier",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        lost("FAILED", "it was not delivered", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("REJECTED", "the carrier refuses it", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("UNKNOWN", "nothing useful is known", ReceiptStatus::Unknown, FailureCode::NoReceipt),
    ],
};

/// Why a carrier overseas did not deliver; the status decides, the error explains.
pub(crate) const DLR_ERRORS: CodeTable = CodeTable {
    what: "Error of a delivery receipt from overseas",
    source: "TOAST-DOCS/SMS error-code.md, DLR error code",
    rows: &[
        said("0", "delivered", ReceiptStatus::Delivered, Evidence::Handset),
        lost("1", "no reason is known", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("2", "the handset is away for now", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost(
            "3",
            "the number is no longer in use",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost("4", "the subscriber is barred", ReceiptStatus::Undelivered, FailureCode::RecipientRejected),
        lost(
            "5",
            "the number was ported and is not found",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost("6", "the carrier's spam filter", ReceiptStatus::Undelivered, FailureCode::ContentRejected),
        lost("7", "the handset is busy", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("8", "an error of the network", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost(
            "9",
            "the subscriber wants no such messages",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost("11", "the gateway has no route", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost("12", "no route to the number", ReceiptStatus::Undelivered, FailureCode::RecipientRejected),
        lost(
            "13",
            "the subscriber's age forbids it",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost("14", "the carrier bars the number", ReceiptStatus::Undelivered, FailureCode::RecipientRejected),
        lost(
            "16",
            "the quota of the gateway is used up",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderQuota,
        ),
        lost("20", "refused as traffic pumping", ReceiptStatus::Undelivered, FailureCode::ProviderAuth),
        lost("21", "too many numbers of one range", ReceiptStatus::Undelivered, FailureCode::ProviderAuth),
        lost("22", "a burst of traffic", ReceiptStatus::Undelivered, FailureCode::ProviderAuth),
        lost(
            "39",
            "the sender is not allowed in the United States",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost("51", "the sender is filtered", ReceiptStatus::Undelivered, FailureCode::SenderRejected),
        lost("53", "no consent on file", ReceiptStatus::Undelivered, FailureCode::RecipientRejected),
        lost("54", "the country's rules forbid it", ReceiptStatus::Undelivered, FailureCode::SenderRejected),
        lost("99", "an error of the route", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost("1000", "another error", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
    ],
};

/// What a failed transfer means by its result code; without a known one it did not arrive.
pub(crate) fn failed_status(result_code: Option<&str>) -> ReceiptStatus {
    match result_code.and_then(|code| RECEIVING.reading(code)) {
        Some(CodeReading::Word { status: ReceiptStatus::Expired, .. }) => ReceiptStatus::Expired,
        Some(CodeReading::Word { .. } | CodeReading::Failure(_) | CodeReading::Taken) | None => {
            ReceiptStatus::Undelivered
        }
    }
}
