//! What Twilio says of a message, in our words.
//!
//! Source: Twilio's OpenAPI document (`message_enum_status`), its page of the Message resource, and its Error and Warning
//! Dictionary.

use closure_contract::{Evidence, FailureCode, ReceiptStatus};

use crate::sms::codes::{CodeReading, CodeTable, lost, said, undelivered};

/// Every status of a message.
///
/// `sent` may be the last word where a carrier sends no receipt, so that it is not one of ours.
/// `delivered` is the carrier's word "and, where available, the handset's"; which of the two it was is not said, so that
/// the weaker reading stands.
pub(crate) const STATUSES: CodeTable = CodeTable {
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
        undelivered("undelivered", "it did not arrive", FailureCode::NotDelivered),
        undelivered("failed", "it could not be sent", FailureCode::NotDelivered),
        undelivered("canceled", "it was taken back", FailureCode::NotDelivered),
        said("receiving", "an incoming message, none of ours", ReceiptStatus::InTransit, Evidence::None),
        said("received", "an incoming message, none of ours", ReceiptStatus::InTransit, Evidence::None),
    ],
};

/// Why a message failed or did not arrive.
pub(crate) const ERRORS: CodeTable = CodeTable {
    what: "Error of a message",
    source: "Twilio, Error and Warning Dictionary",
    rows: &[
        undelivered("30001", "the sender's queue is full", FailureCode::ProviderThrottled),
        undelivered("30002", "the account was suspended before it was sent", FailureCode::ProviderAuth),
        undelivered("30003", "the handset cannot be reached", FailureCode::NotDelivered),
        undelivered("30004", "the recipient blocks it, or cannot receive it", FailureCode::RecipientRejected),
        undelivered("30005", "the number is unknown or no longer in service", FailureCode::RecipientRejected),
        undelivered(
            "30006",
            "a landline, or a carrier that cannot be reached",
            FailureCode::RecipientRejected,
        ),
        undelivered("30007", "filtered by the gateway or by a carrier", FailureCode::ContentRejected),
        undelivered("30008", "no reason is known", FailureCode::NotDelivered),
        undelivered("30009", "of an incoming message, a part is missing", FailureCode::NotDelivered),
        undelivered("30010", "it costs more than the highest price", FailureCode::RequestRefused),
        undelivered("30011", "the recipient's region takes no media", FailureCode::RequestRefused),
        undelivered("30012", "the time to live is too short", FailureCode::RequestRefused),
        undelivered("30013", "the time to live is too long", FailureCode::RequestRefused),
        undelivered("30014", "the recipient's attributes are not valid", FailureCode::RecipientRejected),
        undelivered("30015", "the kind of channel is not supported", FailureCode::RequestRefused),
        undelivered("30016", "sender and recipient are of different channels", FailureCode::RequestRefused),
        undelivered("30017", "the carrier's network is congested", FailureCode::ProviderFault),
        undelivered("30018", "the carrier wants the sender to be registered", FailureCode::SenderRejected),
        undelivered("30019", "the carrier finds it too large", FailureCode::ContentRejected),
        undelivered("30020", "a fault of the scheduling", FailureCode::ProviderFault),
        undelivered("30021", "a fault of the gateway's orchestration", FailureCode::ProviderFault),
        undelivered("30022", "over the rate of A2P 10DLC", FailureCode::ProviderQuota),
        undelivered("30023", "over the day's quota of A2P 10DLC", FailureCode::ProviderQuota),
        undelivered("30024", "the carrier does not know the sender's number", FailureCode::SenderRejected),
        undelivered(
            "30025",
            "half of the day's quota of one carrier is used; only a warning",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "30026",
            "most of the day's quota of one carrier is used; only a warning",
            FailureCode::NotDelivered,
        ),
        undelivered("30027", "over the day's quota of one carrier", FailureCode::ProviderQuota),
        undelivered("30028", "the version of the interface is not valid", FailureCode::RequestRefused),
        undelivered("30029", "ContentRetention is not valid", FailureCode::RequestRefused),
        undelivered("30030", "AddressRetention is not valid", FailureCode::RequestRefused),
        undelivered("30031", "MaxRate is not valid", FailureCode::RequestRefused),
        undelivered("30032", "the toll-free sender is not verified", FailureCode::SenderRejected),
        undelivered("30033", "the campaign of A2P 10DLC is suspended", FailureCode::SenderRejected),
        undelivered("30034", "the sender is not registered for A2P 10DLC", FailureCode::SenderRejected),
        undelivered("30035", "the sender is still being set up", FailureCode::SenderRejected),
        lost(
            "30036",
            "its validity ended in the gateway's queue",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        undelivered("30037", "the account may not send text messages", FailureCode::ProviderAuth),
        undelivered(
            "30038",
            "it looks like a one-time code, which is filtered",
            FailureCode::ContentRejected,
        ),
        undelivered(
            "30039",
            "of an incoming message, held back as an endless loop",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "30040",
            "the carrier wants the sender to be registered beforehand",
            FailureCode::SenderRejected,
        ),
        undelivered("30041", "the country wants the sender to be registered", FailureCode::SenderRejected),
        undelivered("30042", "the sender's name is not the registered one", FailureCode::SenderRejected),
        undelivered("30044", "longer than a trial account may send", FailureCode::ProviderAuth),
        undelivered("30045", "the validity is out of range", FailureCode::RequestRefused),
        lost("30046", "whether it arrived was not confirmed", ReceiptStatus::Unknown, FailureCode::NoReceipt),
        undelivered("30400", "the parameters are not valid", FailureCode::RequestRefused),
        undelivered("30404", "there is no such resource", FailureCode::RequestRefused),
        undelivered("30409", "it can no longer be taken back", FailureCode::RequestRefused),
        undelivered("30410", "a supplier of the gateway did not answer in time", FailureCode::ProviderFault),
        undelivered("30440", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30441", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30442", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30443", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30444", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30445", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30446", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30447", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30448", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30449", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30450", "held back as traffic pumping", FailureCode::RecipientRejected),
        undelivered("30452", "the toll-free sender's verification was refused", FailureCode::SenderRejected),
        undelivered("30453", "held back by the guard against fraud", FailureCode::RecipientRejected),
        undelivered("30454", "more than the account may send to one destination", FailureCode::ProviderQuota),
        undelivered("30500", "an error inside the gateway", FailureCode::ProviderFault),
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
