//! Infobip's documented status codes in our words.
//!
//! Source: Infobip's page "Response status and error codes", general status codes, as of July 2026.
//! The same codes stand in the answer to a request, in its logs and in its reports.

use closure_contract::{Evidence, FailureCode, Provider, ReceiptStatus};

use super::codes::{CodeReading, CodeRow, CodeTable, lost, said};

/// Every general status.
///
/// A status of a good name may be an intermediate one: 2 says that the operator has it, and no more.
pub(crate) const STATUSES: CodeTable = CodeTable {
    provider: Provider::Infobip,
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
        lost(
            "4",
            "UNDELIVERABLE_REJECTED_OPERATOR: the operator refuses it",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost(
            "9",
            "UNDELIVERABLE_NOT_DELIVERED: it did not arrive",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost(
            "31",
            "UNDELIVERABLE_NOT_SENT: it was not sent",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost("96", "NO_ANSWER: of calls", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("97", "BUSY: of calls", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("98", "CANCELLED: of calls", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
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
        lost(
            "87",
            "SIGNALS_BLOCKED: blocked by the fraud filter",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "6",
            "REJECTED_NETWORK: the recipient's network is not covered",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "8",
            "REJECTED_PREFIX_MISSING: the number's prefix or length is wrong",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "10",
            "REJECTED_DND: the recipient wants no such messages",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "11",
            "REJECTED_SOURCE: the sender is not registered",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "12",
            "REJECTED_NOT_ENOUGH_CREDITS: the account has no credit",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderQuota,
        ),
        lost(
            "13",
            "REJECTED_SENDER: the sender is on our block list",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "14",
            "REJECTED_DESTINATION_BLOCKLISTED: the recipient is on a block list",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "17",
            "REJECTED_PREPAID_PACKAGE_EXPIRED: the credit is too old",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderQuota,
        ),
        lost(
            "18",
            "REJECTED_DESTINATION_NOT_REGISTERED: the account is for tests",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderAuth,
        ),
        lost(
            "19",
            "REJECTED_ROUTE_NOT_AVAILABLE: the account has no route",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderCountryBlocked,
        ),
        lost(
            "20",
            "REJECTED_FLOODING_FILTER: too many to one number within an hour",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderThrottled,
        ),
        lost(
            "21",
            "REJECTED_SYSTEM_ERROR: a fault of the gateway",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderFault,
        ),
        CodeRow {
            code: "23",
            meaning: "REJECTED_DUPLICATE_MESSAGE_ID: the gateway has a message of this id",
            reading: CodeReading::Taken,
        },
        lost(
            "24",
            "REJECTED_INVALID_UDH: the form of a binary message is wrong",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "25",
            "REJECTED_MESSAGE_TOO_LONG: over 25 parts or 4000 bytes",
            ReceiptStatus::Undelivered,
            FailureCode::ContentRejected,
        ),
        lost(
            "51",
            "MISSING_TO: there is no recipient",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "52",
            "REJECTED_DESTINATION: the number is not valid",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost("99", "REJECTED: of calls", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost(
            "100",
            "UNDELIVERABLE_REJECTED_PLATFORM: malformed, or the service is away",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderFault,
        ),
    ],
};
