//! Why a message did not arrive, as Infobip names it beside a status: what the handset and the networks before it say.
//!
//! Source: Infobip's page "Response status and error codes", general error codes, as of July 2026.

use closure_contract::{Evidence, FailureCode, ReceiptStatus};

use crate::sms::codes::{CodeTable, said, undelivered};

/// What the handset and the networks before it say.
pub(crate) const HANDSET_ERRORS: CodeTable = CodeTable {
    what: "Error of a message, of the handset",
    source: "Infobip, Response status and error codes, General error codes",
    rows: &[
        said("0", "NO_ERROR: there is none", ReceiptStatus::InTransit, Evidence::Gateway),
        undelivered(
            "1",
            "EC_UNKNOWN_SUBSCRIBER: the network does not know the number",
            FailureCode::RecipientRejected,
        ),
        undelivered("2", "EC_UNKNOWN_BASE_STATION: the base station is not known", FailureCode::NotDelivered),
        undelivered(
            "5",
            "EC_UNIDENTIFIED_SUBSCRIBER: the network cannot tell the subscriber",
            FailureCode::NotDelivered,
        ),
        undelivered("6", "EC_ABSENT_SUBSCRIBER_SM: the handset is away", FailureCode::NotDelivered),
        undelivered("7", "EC_UNKNOWN_EQUIPMENT: the handset is not known", FailureCode::NotDelivered),
        undelivered("8", "EC_ROAMING_NOT_ALLOWED: roaming is not allowed", FailureCode::NotDelivered),
        undelivered(
            "9",
            "EC_ILLEGAL_SUBSCRIBER: the subscriber is not allowed",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "11",
            "EC_TELESERVICE_NOT_PROVISIONED: the subscriber has no text messages",
            FailureCode::RecipientRejected,
        ),
        undelivered("12", "EC_ILLEGAL_EQUIPMENT: the handset is not allowed", FailureCode::RecipientRejected),
        undelivered("13", "EC_CALL_BARRED: the subscriber is barred", FailureCode::RecipientRejected),
        undelivered(
            "21",
            "EC_FACILITY_NOT_SUPPORTED: the network has no such facility",
            FailureCode::NotDelivered,
        ),
        undelivered("27", "EC_ABSENT_SUBSCRIBER: the handset is away", FailureCode::NotDelivered),
        undelivered(
            "31",
            "EC_SUBSCRIBER_BUSY_FOR_MT_SMS: the handset is busy with another message",
            FailureCode::NotDelivered,
        ),
        undelivered("32", "EC_SM_DELIVERY_FAILURE: the handset did not take it", FailureCode::NotDelivered),
        undelivered(
            "33",
            "EC_MESSAGE_WAITING_LIST_FULL: too many messages wait for the handset",
            FailureCode::NotDelivered,
        ),
        undelivered("34", "EC_SYSTEM_FAILURE: a fault of the network's system", FailureCode::NotDelivered),
        undelivered("35", "EC_DATA_MISSING: data is missing between networks", FailureCode::NotDelivered),
        undelivered(
            "36",
            "EC_UNEXPECTED_DATA_VALUE: data is wrong between networks",
            FailureCode::NotDelivered,
        ),
        undelivered("255", "EC_UNKNOWN_ERROR: no reason is known", FailureCode::NotDelivered),
        undelivered("256", "EC_SM_DF_MEMORYCAPACITYEXCEEDED: the handset is full", FailureCode::NotDelivered),
        undelivered(
            "257",
            "EC_SM_DF_EQUIPMENTPROTOCOLERROR: the handset's protocol failed",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "258",
            "EC_SM_DF_EQUIPMENTNOTSM_EQUIPPED: the handset cannot take text messages",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "259",
            "EC_SM_DF_UNKNOWNSERVICECENTRE: the service centre is not known",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "260",
            "EC_SM_DF_SC_CONGESTION: the service centre is congested",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "261",
            "EC_SM_DF_INVALIDSME_ADDRESS: the short message entity's address is not valid",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "262",
            "EC_SM_DF_SUBSCRIBERNOTSC_SUBSCRIBER: the recipient is no subscriber of the service centre",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "500",
            "EC_PROVIDER_GENERAL_ERROR: a general error of the provider",
            FailureCode::NotDelivered,
        ),
        undelivered("502", "EC_NO_RESPONSE: no answer came", FailureCode::ProviderFault),
        undelivered(
            "503",
            "EC_SERVICE_COMPLETION_FAILURE: the service was not completed",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "504",
            "EC_UNEXPECTED_RESPONSE_FROM_PEER: the peer's answer was not expected",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "507",
            "EC_MISTYPED_PARAMETER: a parameter was mistyped between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "508",
            "EC_NOT_SUPPORTED_SERVICE: the service is not supported",
            FailureCode::NotDelivered,
        ),
        undelivered("509", "EC_DUPLICATED_INVOKE_ID: an invocation came twice", FailureCode::NotDelivered),
        undelivered(
            "565",
            "EC_CANNOT_RECEIVE_SC: the recipient cannot receive from short codes",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "573",
            "EC_SC_BLOCKED_BY_END_USER: the recipient blocks the short code",
            FailureCode::RecipientRejected,
        ),
        undelivered("581", "EC_USER_OUT_OF_CREDIT: the recipient has no credit", FailureCode::NotDelivered),
        undelivered(
            "628",
            "EC_TEMPORARY_HANDSET_FAILURE: a passing fault of the handset",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "629",
            "EC_DEST_ADDRESS_UNABLE_TO_RECEIVE_SMS: the recipient cannot receive text messages",
            FailureCode::RecipientRejected,
        ),
        undelivered(
            "1024",
            "EC_OR_APPCONTEXTNOTSUPPORTED: an error of optimal routing between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1025",
            "EC_OR_INVALIDDESTINATIONREFERENCE: an error of optimal routing between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1026",
            "EC_OR_INVALIDORIGINATINGREFERENCE: an error of optimal routing between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1027",
            "EC_OR_ENCAPSULATEDAC_NOTSUPPORTED: an error of optimal routing between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1028",
            "EC_OR_TRANSPORTPROTECTIONNOTADEQUATE: an error of optimal routing between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1029",
            "EC_OR_NOREASONGIVEN: an error of optimal routing between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1030",
            "EC_OR_POTENTIALVERSIONINCOMPATIBILITY: an error of optimal routing between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1031",
            "EC_OR_REMOTENODENOTREACHABLE: an error of optimal routing between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1152",
            "EC_NNR_NOTRANSLATIONFORANADDRESSOFSUCHNATURE: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1153",
            "EC_NNR_NOTRANSLATIONFORTHISSPECIFICADDRESS: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1154",
            "EC_NNR_SUBSYSTEMCONGESTION: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1155",
            "EC_NNR_SUBSYSTEMFAILURE: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1156",
            "EC_NNR_UNEQUIPPEDUSER: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1157",
            "EC_NNR_MTPFAILURE: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1158",
            "EC_NNR_NETWORKCONGESTION: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1159",
            "EC_NNR_UNQUALIFIED: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1160",
            "EC_NNR_ERRORINMESSAGETRANSPORTXUDT: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1161",
            "EC_NNR_ERRORINLOCALPROCESSINGXUDT: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1162",
            "EC_NNR_DESTINATIONCANNOTPERFORMREASSEMBLYXUDT: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1163",
            "EC_NNR_SCCPFAILURE: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1164",
            "EC_NNR_HOPCOUNTERVIOLATION: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1165",
            "EC_NNR_SEGMENTATIONNOTSUPPORTED: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1166",
            "EC_NNR_SEGMENTATIONFAILURE: an error of the signalling network",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1281",
            "EC_UA_USERSPECIFICREASON: ended by a side of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1282",
            "EC_UA_USERRESOURCELIMITATION: ended by a side of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1283",
            "EC_UA_RESOURCEUNAVAILABLE: ended by a side of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1284",
            "EC_UA_APPLICATIONPROCEDURECANCELLATION: ended by a side of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1536",
            "EC_PA_PROVIDERMALFUNCTION: ended by a provider of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1537",
            "EC_PA_SUPPORTINGDIALOGORTRANSACTIONREALEASED: ended by a provider of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1538",
            "EC_PA_RESSOURCELIMITATION: ended by a provider of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1539",
            "EC_PA_MAINTENANCEACTIVITY: ended by a provider of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1540",
            "EC_PA_VERSIONINCOMPATIBILITY: ended by a provider of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1541",
            "EC_PA_ABNORMALMAPDIALOG: ended by a provider of the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1792",
            "EC_NC_ABNORMALEVENTDETECTEDBYPEER: a notice within the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1793",
            "EC_NC_RESPONSEREJECTEDBYPEER: a notice within the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1794",
            "EC_NC_ABNORMALEVENTRECEIVEDFROMPEER: a notice within the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1795",
            "EC_NC_MESSAGECANNOTBEDELIVEREDTOPEER: a notice within the dialogue between networks",
            FailureCode::NotDelivered,
        ),
        undelivered(
            "1796",
            "EC_NC_PROVIDEROUTOFINVOKE: a notice within the dialogue between networks",
            FailureCode::NotDelivered,
        ),
    ],
};
