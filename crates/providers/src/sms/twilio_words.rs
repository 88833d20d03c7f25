//! What Twilio says of a message, in our words.
//!
//! Source: Twilio's OpenAPI document (`message_enum_status`), its page of the Message resource, and its Error and Warning
//! Dictionary.

use closure_contract::{Evidence, FailureCode, Provider, ReceiptStatus};

use super::codes::{CodeReading, CodeTable, lost, said};

/// Every status of a message.
///
/// `sent` may be the last word where a carrier sends no receipt, so that it is not one of ours.
/// `delivered` is the carrier's word "and, where available, the handset's"; which of the two it was is not said, so that
/// the weaker reading stands.
pub(crate) const STATUSES: CodeTable = CodeTable {
    provider: Provider::Twilio,
    what: "Status of a message",
    source: "Twilio, OpenAPI document of 2010-04-01, message_enum_status",
    rows: &[
        said("accepted", "taken; no sender is chosen yet", ReceiptStatus::InTransit, Evidence::Gateway),
        said("scheduled", "kept for a later time", ReceiptStatus::InTransit, Evidence::Gateway),
        said("queued", "waiting to be sent", ReceiptStatus::InTransit, Evidence::Gateway),
        said("sending", "on its way to the carrier", ReceiptStatus::InTransit, Evidence::Gateway),
        said("sent", "with the carrier, and not the last word", ReceiptStatus::InTransit, Evidence::Carrier),
        said("delivered", "the carrier says that it arrived", ReceiptStatus::Delivered, Evidence::Carrier),
        said("read", "the recipient opened it", ReceiptStatus::Delivered, Evidence::Handset),
        said(
            "partially_delivered",
            "no longer in use; decides nothing",
            ReceiptStatus::InTransit,
            Evidence::Carrier,
        ),
        lost("undelivered", "it did not arrive", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("failed", "it could not be sent", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost("canceled", "it was taken back", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        said("receiving", "an incoming message, none of ours", ReceiptStatus::InTransit, Evidence::None),
        said("received", "an incoming message, none of ours", ReceiptStatus::InTransit, Evidence::None),
    ],
};

/// Why a message failed or did not arrive.
pub(crate) const ERRORS: CodeTable = CodeTable {
    provider: Provider::Twilio,
    what: "Error of a message",
    source: "Twilio, Error and Warning Dictionary",
    rows: &[
        lost(
            "30001",
            "the sender's queue is full",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderThrottled,
        ),
        lost(
            "30002",
            "the account was suspended before it was sent",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderAuth,
        ),
        lost("30003", "the handset cannot be reached", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost(
            "30004",
            "the recipient blocks it, or cannot receive it",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "30005",
            "the number is unknown or no longer in service",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "30006",
            "a landline, or a carrier that cannot be reached",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "30007",
            "filtered by the gateway or by a carrier",
            ReceiptStatus::Undelivered,
            FailureCode::ContentRejected,
        ),
        lost("30008", "no reason is known", ReceiptStatus::Undelivered, FailureCode::NotDelivered),
        lost(
            "30009",
            "of an incoming message, a part is missing",
            ReceiptStatus::Undelivered,
            FailureCode::NotDelivered,
        ),
        lost(
            "30010",
            "it costs more than the highest price",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30011",
            "the recipient's region takes no media",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30012",
            "the time to live is too short",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30013",
            "the time to live is too long",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30014",
            "the recipient's attributes are not valid",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost(
            "30015",
            "the kind of channel is not supported",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30016",
            "sender and recipient are of different channels",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30017",
            "the carrier's network is congested",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderFault,
        ),
        lost(
            "30018",
            "the carrier wants the sender to be registered",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "30019",
            "the carrier finds it too large",
            ReceiptStatus::Undelivered,
            FailureCode::ContentRejected,
        ),
        lost("30020", "a fault of the scheduling", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
        lost(
            "30021",
            "a fault of the gateway's orchestration",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderFault,
        ),
        lost("30022", "over the rate of A2P 10DLC", ReceiptStatus::Undelivered, FailureCode::ProviderQuota),
        lost(
            "30023",
            "over the day's quota of A2P 10DLC",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderQuota,
        ),
        lost(
            "30024",
            "the carrier does not know the sender's number",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "30027",
            "over the day's quota of one carrier",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderQuota,
        ),
        lost(
            "30028",
            "the version of the interface is not valid",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30029",
            "ContentRetention is not valid",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30030",
            "AddressRetention is not valid",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost("30031", "MaxRate is not valid", ReceiptStatus::Undelivered, FailureCode::RequestRefused),
        lost(
            "30032",
            "the toll-free sender is not verified",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "30033",
            "the campaign of A2P 10DLC is suspended",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "30034",
            "the sender is not registered for A2P 10DLC",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "30035",
            "the sender is still being set up",
            ReceiptStatus::Undelivered,
            FailureCode::SenderRejected,
        ),
        lost(
            "30036",
            "its validity ended in the gateway's queue",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        lost(
            "30045",
            "the validity is out of range",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost(
            "30400",
            "the parameters are not valid",
            ReceiptStatus::Undelivered,
            FailureCode::RequestRefused,
        ),
        lost("30404", "there is no such resource", ReceiptStatus::Undelivered, FailureCode::RequestRefused),
        lost(
            "30410",
            "a supplier of the gateway did not answer in time",
            ReceiptStatus::Undelivered,
            FailureCode::ProviderFault,
        ),
        lost(
            "30450",
            "held back as traffic pumping",
            ReceiptStatus::Undelivered,
            FailureCode::RecipientRejected,
        ),
        lost("30500", "an error inside the gateway", ReceiptStatus::Undelivered, FailureCode::ProviderFault),
    ],
};

/// What a status says of a message of ours; nothing for a status of an incoming message.
///
/// The error refines a bad status, and a status of a later release decides nothing.
pub(crate) fn word(status: &str, error: Option<&str>) -> Option<(ReceiptStatus, Evidence)> {
    match (STATUSES.reading(status), error.and_then(|error| ERRORS.reading(error))) {
        (Some(CodeReading::Word { why: Some(_), .. }), Some(CodeReading::Word { status, evidence, .. })) => {
            Some((status, evidence))
        }
        (Some(CodeReading::Word { status: ReceiptStatus::InTransit, evidence: Evidence::None, .. }), _) => {
            None
        }
        (Some(CodeReading::Word { status, evidence, .. }), _) => Some((status, evidence)),
        (Some(CodeReading::Taken | CodeReading::Failure(_)) | None, _) => {
            Some((ReceiptStatus::InTransit, Evidence::None))
        }
    }
}
