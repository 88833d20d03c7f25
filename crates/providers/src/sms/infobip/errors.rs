//! Why a message did not arrive, as Infobip names it beside a status: what is the sender's, the text's, the account's or the operator's.
//!
//! Source: Infobip's page "Response status and error codes", general error codes, as of July 2026.

use closure_contract::{FailureCode, ReceiptStatus};

use crate::sms::codes::{CodeTable, lost, undelivered};

/// What the recipient, the text, the sender or the account did wrong.
pub(crate) const USER_ERRORS: CodeTable = CodeTable {
    what: "Error of a message, of the user",
    source: "Infobip, Response status and error codes, General error codes",
    rows: &[
        undelivered(
            "323",
            "EC_INVALID_REQUEST_TYPE: the kind of request is not valid",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "351",
            "EC_INVALID_DESTINATION_ADDRESS: the recipient's address is not valid",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "352",
            "EC_INVALID_REQUEST_DESTINATION: the recipient of the request is not valid",
            FailureCode::RecipientRejected,
        ),
        undelivered("355", "EC_MSG_TEXT_TOO_LONG: the text is too long", FailureCode::ContentRejected),
        undelivered(
            "368",
            "EC_INVALID_SOURCE_ADDRESS: the sender's address is not valid",
            FailureCode::SenderRejected,
        ),
        undelivered(
            "433",
            "EC_ACCOUNT_ACCESS_DENIED: the account may not do this",
            FailureCode::ProviderAuth,
        ),
        undelivered("541", "EC_LIMIT_REACHED: the limit is reached", FailureCode::ProviderQuota),
        undelivered("542", "EC_QUOTA_REACHED: the quota is reached", FailureCode::ProviderQuota),
        undelivered(
            "572",
            "EC_CAMPAIGNID_NOT_PROVISIONED: the campaign is not set up",
            FailureCode::SenderRejected,
        ),
        undelivered(
            "577",
            "EC_ACC_NOT_PROVISIONED_TO_SMS_DEMO_SC: the account is not set up for the demonstration",
            FailureCode::ProviderAuth,
        ),
        undelivered(
            "578",
            "EC_EXCEEDED_THE_TIME_LIMIT_OF_SMS_DEMO: the demonstration's time is over",
            FailureCode::ProviderAuth,
        ),
        undelivered(
            "579",
            "EC_DEST_ADDRESS_NOT_IN_SMS_DEMO: the recipient is not in the demonstration",
            FailureCode::ProviderAuth,
        ),
        undelivered(
            "580",
            "EC_EXCEEDED_THE_MAX_NUMBER: over the demonstration's number of messages",
            FailureCode::ProviderAuth,
        ),
        undelivered(
            "594",
            "EC_INVALID_GLOBAL_CAMPAIGN_ID: the campaign's global id is not valid",
            FailureCode::SenderRejected,
        ),
        undelivered(
            "597",
            "EC_ACC_HAS_NO_ADRESS_FOR_DESR: the account has no address for the recipient",
            FailureCode::ProviderAuth,
        ),
        undelivered(
            "598",
            "EC_INTERACTION_NOT_SUPPORTED: the recipient cannot interact so",
            FailureCode::RecipientRejected,
        ),
        undelivered("601", "EC_ACC_NOT_2_WAY: the account is not for both ways", FailureCode::ProviderAuth),
        undelivered(
            "603",
            "EC_CONTENT_BLOCKED: the recipient's block list has it",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "604",
            "EC_BLOCKED_BY_CAMPAIGN_BLACKLIST: the campaign's block list has the recipient",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "607",
            "EC_REJECTED_SPAM_BY_OPERATOR: the operator takes it for spam",
            FailureCode::ContentRejected,
        ),
        undelivered("608", "EC_SIGNALS_BLOCKED: blocked by the fraud filter", FailureCode::RecipientRejected),
        undelivered(
            "609",
            "EC_SIGNALS_HARD_LIMIT_REACHED: over the fraud filter's hard limit",
            FailureCode::ProviderQuota,
        ),
        undelivered(
            "2049",
            "EC_IMSI_BLACKLISTED: the subscriber is on a block list",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "2052",
            "EC_BLACKLISTED_DESTINATIONADDRESS: the recipient is on a block list of ours",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "2053",
            "EC_BLACKLISTED_SENDERADDRESS: the sender is on a block list of ours",
            FailureCode::SenderRejected,
        ),
        undelivered("3041", "EC_DEACTIVATED_LIST: the number is deactivated", FailureCode::RecipientRejected),
        undelivered(
            "4096",
            "EC_INVALID_PDU_FORMAT: the form of the unit is not valid",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "4099",
            "EC_MONTHLY_LIMIT_REACHED: the month's limit is reached",
            FailureCode::ProviderQuota,
        ),
        lost(
            "4100",
            "EC_MESSAGE_CANCELED: it was taken back",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        lost(
            "4101",
            "EC_VALIDITY_EXPIRED: its validity ended",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        undelivered(
            "4102",
            "EC_NOTSUBMITTEDTOSMPPCHANNEL: not handed to the operator's channel",
            FailureCode::ProviderFault,
        ),
        undelivered(
            "4103",
            "EC_DESTINATION_FLOODING: too many messages to the recipient",
            FailureCode::ProviderThrottled,
        ),
        undelivered(
            "4104",
            "EC_DESTINATION_TXT_FLOODING: too many equal messages to the recipient",
            FailureCode::ProviderThrottled,
        ),
        undelivered(
            "4202",
            "EC_10DLC_LIMIT_REACHED: over the limit of A2P 10DLC",
            FailureCode::ProviderQuota,
        ),
    ],
};

/// What the recipient's operator says.
pub(crate) const OPERATOR_ERRORS: CodeTable = CodeTable {
    what: "Error of a message, of the operator",
    source: "Infobip, Response status and error codes, General error codes",
    rows: &[
        undelivered(
            "10",
            "EC_BEARER_SERVICE_NOT_PROVISIONED: the subscriber has no such service",
            FailureCode::NotDelivered,
        ),
        undelivered("15", "EC_CUG_REJECT: the closed user group refuses it", FailureCode::NotDelivered),
        undelivered(
            "20",
            "EC_SS_INCOMPATIBILITY: a supplementary service forbids it",
            FailureCode::NotDelivered,
        ),
        undelivered("24", "EC_NO_RADIO_RESOURCE_AVAILABLE: the radio is full", FailureCode::NotDelivered),
        undelivered("51", "EC_RESOURCE_LIMITATION: the network has no resources", FailureCode::NotDelivered),
        undelivered("71", "EC_UNKNOWN_ALPHABET: the alphabet is not known", FailureCode::NotDelivered),
        undelivered(
            "345",
            "EC_OPERATOR_NOT_FOUND: no operator has the number",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "375",
            "EC_SOURCE_ADDRESS_IS_BLOCKED: the operator blocks the sender",
            FailureCode::SenderRejected,
        ),
        undelivered(
            "488",
            "EC_TF_NUMBER_NOT_VERIFIED: the toll-free sender is not verified",
            FailureCode::SenderRejected,
        ),
        undelivered(
            "501",
            "EC_INVALID_RESPONSE_RECEIVED: the operator's answer was not valid",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "560",
            "EC_SC_BLOCKED_FOR_END_USER: the operator blocks the short code for the recipient",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "561",
            "EC_CONTENT_BLOCKED_BY_OPERATOR: the operator blocks the text",
            FailureCode::ContentRejected,
        ),
        undelivered(
            "562",
            "EC_SC_NOT_PROVISIONED: the short code is not set up",
            FailureCode::SenderRejected,
        ),
        undelivered("563", "EC_SC_EXPIRED: the short code has expired", FailureCode::SenderRejected),
        undelivered("564", "EC_SC_BLOCKED: the short code is blocked", FailureCode::SenderRejected),
        undelivered(
            "566",
            "EC_DESTINATION_BLOCKED_BY_OPERATOR: the operator blocks the recipient",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "568",
            "EC_DESTINATION_NOT_SMS_PROVISIONED: the recipient has no text messages",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "569",
            "EC_DEST_ADDRESS_SUSPENDED: the recipient's number is suspended",
            FailureCode::RecipientRejected,
        ),
        undelivered("571", "EC_CAMPAIGN_ID_REJECTED: the campaign was refused", FailureCode::SenderRejected),
        undelivered(
            "574",
            "EC_BLOCKED_NEW_SUBSCRIPTIONS_FOR_SC: the recipient takes no new subscriptions",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "592",
            "EC_ACCOUNT_NOT_PROVISIONED_FOR_CHANNEL: the account is not set up for the channel",
            FailureCode::SenderRejected,
        ),
        undelivered(
            "630",
            "EC_DEST_OVERLOADED: the recipient's network is overloaded",
            FailureCode::ProviderFault,
        ),
        undelivered(
            "631",
            "EC_MOBILE_OPERATOR_NETWORK_ERROR: an error of the operator's network",
            FailureCode::ProviderFault,
        ),
        undelivered(
            "632",
            "EC_SMS_REJECTED_BY_MOBILE_OPERATOR: the operator refuses it",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "633",
            "EC_UNKNOWN_MOBILE_OPERATOR: the operator is not known",
            FailureCode::NotDelivered,
        ),
        undelivered("810", "EC_FAILED_MESSAGE_DELIVERY: the delivery failed", FailureCode::ProviderFault),
        lost(
            "811",
            "EC_MESSAGE_EXPIRED: its validity ended",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        lost(
            "815",
            "EC_MESSAGE_SUBMITTED_NOT_ACKED: handed over, and never confirmed",
            ReceiptStatus::Unknown,
            FailureCode::NoReceipt,
        ),
        undelivered("2048", "EC_TIME_OUT: the time ran out", FailureCode::ProviderFault),
        undelivered(
            "2050",
            "EC_DEST_ADDRESS_BLACKLISTED: the recipient is on a block list",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "2051",
            "EC_INVALIDMSCADDRESS: the switching centre's address is not valid",
            FailureCode::ContentRejected,
        ),
        undelivered(
            "4097",
            "EC_NOTSUBMITTEDTOGMSC: not handed to the switching centre",
            FailureCode::ProviderFault,
        ),
        lost(
            "4098",
            "EC_VP_EXPIRED: its validity ended",
            ReceiptStatus::Expired,
            FailureCode::ReceiptExpired,
        ),
        undelivered(
            "5492",
            "EC_DUPLICATE_MESSAGE: the same message was sent before",
            FailureCode::ContentRejected,
        ),
    ],
};
