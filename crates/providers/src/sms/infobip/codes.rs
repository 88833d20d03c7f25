//! Infobip's documented status codes in our words.
//!
//! Source: Infobip's page "Response status and error codes", general status codes, as of July 2026.
//! The same codes stand in the answer to a request, in its logs and in its reports.

use closure_contract::{Evidence, FailureCode, ReceiptStatus};

use crate::sms::codes::{CodeReading, CodeRow, CodeTable, lost, said, undelivered};

/// Every general status.
///
/// A status of a good name may be an intermediate one: 2 says that the operator has it, and no more.
pub(crate) const STATUSES: CodeTable = CodeTable {
    what: "Status of a message",
    source: "Infobip, Response status and error codes, General status codes",
    rows: &[
        said(
            "3",
            "PENDING_WAITING_DELIVERY: waiting for the operator's report",
            ReceiptStatus::InTransit,
            Evidence::Gateway,
        ),
        said("7", "PENDING_ENROUTE: handed to the operator", ReceiptStatus::InTransit, Evidence::Carrier),
        said("26", "PENDING_ACCEPTED: taken by the gateway", ReceiptStatus::InTransit, Evidence::Gateway),
        undelivered(
            "4",
            "UNDELIVERABLE_REJECTED_OPERATOR: the operator refuses it",
            FailureCode::NotDelivered,
        ),
        undelivered("9", "UNDELIVERABLE_NOT_DELIVERED: it did not arrive", FailureCode::NotDelivered),
        undelivered("31", "UNDELIVERABLE_NOT_SENT: it was not sent", FailureCode::NotDelivered),
        undelivered("96", "NO_ANSWER: of calls", FailureCode::NotDelivered),
        undelivered("97", "BUSY: of calls", FailureCode::NotDelivered),
        undelivered("98", "CANCELLED: of calls", FailureCode::NotDelivered),
        said(
            "2",
            "DELIVERED_TO_OPERATOR: with the operator, and not the last word",
            ReceiptStatus::InTransit,
            Evidence::Carrier,
        ),
        said("5", "DELIVERED_TO_HANDSET: it arrived", ReceiptStatus::Delivered, Evidence::Handset),
        lost(
            "15",
            "EXPIRED_EXPIRED: its validity ended",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        lost(
            "29",
            "EXPIRED_DLR_UNKNOWN: its validity ended, and nobody knows more",
            ReceiptStatus::Unknown,
            FailureCode::NoReceipt,
        ),
        undelivered("87", "SIGNALS_BLOCKED: blocked by the fraud filter", FailureCode::RecipientRejected),
        undelivered(
            "6",
            "REJECTED_NETWORK: the recipient's network is not covered",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "8",
            "REJECTED_PREFIX_MISSING: the number's prefix or length is wrong",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "10",
            "REJECTED_DND: the recipient wants no such messages",
            FailureCode::RecipientRejected,
        ),
        undelivered("11", "REJECTED_SOURCE: the sender is not registered", FailureCode::SenderRejected),
        undelivered(
            "12",
            "REJECTED_NOT_ENOUGH_CREDITS: the account has no credit",
            FailureCode::ProviderQuota,
        ),
        undelivered("13", "REJECTED_SENDER: the sender is on our block list", FailureCode::SenderRejected),
        undelivered(
            "14",
            "REJECTED_DESTINATION_BLOCKLISTED: the recipient is on a block list",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "17",
            "REJECTED_PREPAID_PACKAGE_EXPIRED: the credit is too old",
            FailureCode::ProviderQuota,
        ),
        undelivered(
            "18",
            "REJECTED_DESTINATION_NOT_REGISTERED: the account is for tests",
            FailureCode::ProviderAuth,
        ),
        undelivered(
            "19",
            "REJECTED_ROUTE_NOT_AVAILABLE: the account has no route",
            FailureCode::ProviderCountryBlocked,
        ),
        undelivered(
            "20",
            "REJECTED_FLOODING_FILTER: too many to one number within an hour",
            FailureCode::ProviderThrottled,
        ),
        undelivered("21", "REJECTED_SYSTEM_ERROR: a fault of the gateway", FailureCode::ProviderFault),
        CodeRow {
            code: "23",
            meaning: "REJECTED_DUPLICATE_MESSAGE_ID: the gateway has a message of this id",
            reading: CodeReading::Taken,
        },
        undelivered(
            "24",
            "REJECTED_INVALID_UDH: the form of a binary message is wrong",
            FailureCode::RequestRefused,
        ),
        undelivered(
            "25",
            "REJECTED_MESSAGE_TOO_LONG: over 25 parts or 4000 bytes",
            FailureCode::ContentRejected,
        ),
        undelivered("51", "MISSING_TO: there is no recipient", FailureCode::RequestRefused),
        undelivered("52", "REJECTED_DESTINATION: the number is not valid", FailureCode::RecipientRejected),
        undelivered("99", "REJECTED: of calls", FailureCode::NotDelivered),
        undelivered(
            "100",
            "UNDELIVERABLE_REJECTED_PLATFORM: malformed, or the service is away",
            FailureCode::ProviderFault,
        ),
    ],
};

/// Every group of statuses, in the order of its number.
///
/// They are read where a status has no number, or one of a later release.
/// A group of a good name holds intermediate statuses too, so that it is worth no more than the weakest of them.
pub(crate) const GROUPS: CodeTable = CodeTable {
    what: "Group of a status",
    source: "Infobip, Response status and error codes, General status codes",
    rows: &[
        said("ACCEPTED", "taken by the gateway", ReceiptStatus::InTransit, Evidence::Gateway),
        said("PENDING", "on its way", ReceiptStatus::InTransit, Evidence::Gateway),
        undelivered("UNDELIVERABLE", "it did not arrive", FailureCode::NotDelivered),
        said("DELIVERED", "with the operator at least", ReceiptStatus::InTransit, Evidence::Carrier),
        lost("EXPIRED", "its validity ended", ReceiptStatus::Expired, FailureCode::ReceiptExpired),
        undelivered("REJECTED", "the gateway refuses it", FailureCode::NotDelivered),
    ],
};
