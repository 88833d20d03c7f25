//! Twilio's documented codes of a refused request in our words.
//!
//! Source: Twilio's Error and Warning Dictionary, where its codes concern sending and listing messages.

use closure_contract::FailureCode;

use super::statuses::ERRORS;
use crate::sms::codes::{CodeReading, CodeTable, refused};

/// Why a request is refused.
///
/// A permission that the account lacks, for a region or for a trial, is the account's fault and not the recipient's.
pub(crate) const REFUSALS: CodeTable = CodeTable {
    what: "Code of a refused request",
    source: "Twilio, Error and Warning Dictionary",
    rows: &[
        refused("10001", "the account is not active", FailureCode::ProviderAuth),
        refused("10002", "a trial account may not do this", FailureCode::ProviderAuth),
        refused("20001", "a parameter is not known", FailureCode::RequestRefused),
        refused("20003", "the credentials are wrong", FailureCode::ProviderAuth),
        refused("20004", "the method is not allowed", FailureCode::RequestRefused),
        refused("20005", "the account is not active", FailureCode::ProviderAuth),
        refused("20006", "access is denied", FailureCode::ProviderAuth),
        refused("20007", "the page is too large", FailureCode::RequestRefused),
        refused("20008", "these are credentials for tests", FailureCode::ProviderAuth),
        refused("20010", "the account may not do this", FailureCode::ProviderAuth),
        refused("20011", "the version of TLS is refused", FailureCode::RequestRefused),
        refused("20012", "the cipher is refused", FailureCode::RequestRefused),
        refused("20403", "forbidden", FailureCode::ProviderAuth),
        refused("20404", "there is no such resource", FailureCode::RequestRefused),
        refused("20409", "the resource's state forbids it", FailureCode::RequestRefused),
        refused("20410", "this interface is gone", FailureCode::RequestRefused),
        refused("20413", "the request is too large", FailureCode::RequestRefused),
        refused("20422", "a parameter is not valid", FailureCode::RequestRefused),
        refused("20423", "a SID is not valid", FailureCode::RequestRefused),
        refused("20426", "the protocol is refused", FailureCode::RequestRefused),
        refused("20429", "too many requests", FailureCode::ProviderThrottled),
        refused("20500", "an error inside the gateway; it may have the message", FailureCode::AnswerLost),
        refused("20503", "the service is away; it may have the message", FailureCode::AnswerLost),
        refused("21210", "the sender is not verified", FailureCode::SenderRejected),
        refused("21211", "the recipient's number is not valid", FailureCode::RecipientRejected),
        refused("21212", "the sender's number is not valid", FailureCode::SenderRejected),
        refused("21214", "the recipient's number cannot be reached", FailureCode::RecipientRejected),
        refused(
            "21217",
            "the recipient's number does not appear to be valid",
            FailureCode::RecipientRejected,
        ),
        refused("21219", "a trial account may not send to this recipient", FailureCode::ProviderAuth),
        refused("21408", "the account may not send to this region", FailureCode::ProviderCountryBlocked),
        refused("21470", "the account's SID is not valid", FailureCode::ProviderAuth),
        refused("21471", "the account does not exist", FailureCode::ProviderAuth),
        refused("21472", "the account is not active", FailureCode::ProviderAuth),
        refused("21481", "the token of a page is not valid", FailureCode::RequestRefused),
        refused("21601", "the sender's number is not one of the account's", FailureCode::SenderRejected),
        refused("21602", "there is no text", FailureCode::ContentRejected),
        refused("21603", "there is no sender", FailureCode::RequestRefused),
        refused("21604", "there is no recipient", FailureCode::RequestRefused),
        refused("21605", "the text is too long for the old interface", FailureCode::ContentRejected),
        refused("21606", "the sender cannot send to this destination", FailureCode::SenderRejected),
        refused("21607", "a trial account may send from its own number only", FailureCode::SenderRejected),
        refused("21608", "a trial account may not send to this recipient", FailureCode::ProviderAuth),
        refused("21609", "the address for receipts is not valid", FailureCode::RequestRefused),
        refused("21610", "the recipient opted out", FailureCode::RecipientRejected),
        refused("21611", "too many messages of this sender are waiting", FailureCode::ProviderThrottled),
        refused("21612", "the recipient cannot be reached by text message", FailureCode::RecipientRejected),
        refused("21613", "the sender's number needs a certification", FailureCode::SenderRejected),
        refused("21614", "the recipient's number is no mobile number", FailureCode::RecipientRejected),
        refused("21616", "the sender's number is ambiguous", FailureCode::SenderRejected),
        refused("21617", "the text has more than 1600 characters", FailureCode::ContentRejected),
        refused("21618", "every carrier filters this text", FailureCode::ContentRejected),
        refused("21619", "there is neither text nor media", FailureCode::ContentRejected),
        refused("21620", "an address of media is not valid", FailureCode::RequestRefused),
        refused("21621", "the sender cannot send media", FailureCode::RequestRefused),
        refused("21622", "the account cannot send media", FailureCode::RequestRefused),
        refused("21623", "there are too many media", FailureCode::RequestRefused),
        refused("21624", "the validity is not valid", FailureCode::RequestRefused),
        refused("21626", "an event for receipts is not valid", FailureCode::RequestRefused),
        refused("21627", "the highest price is not valid", FailureCode::RequestRefused),
        refused("21635", "the recipient's number is a landline", FailureCode::RecipientRejected),
        refused("21652", "the subject is too long", FailureCode::RequestRefused),
        refused("21653", "there are too many recipients", FailureCode::RequestRefused),
        refused("21654", "there is no ContentSid", FailureCode::RequestRefused),
        refused("21655", "the ContentSid is not valid", FailureCode::RequestRefused),
        refused("21656", "the ContentVariables are not valid", FailureCode::RequestRefused),
        refused("21657", "the sender's name is not valid", FailureCode::SenderRejected),
        refused("21658", "a parameter is too long", FailureCode::RequestRefused),
        refused(
            "21659",
            "the sender's number is not one of Twilio's, or of another country",
            FailureCode::SenderRejected,
        ),
        refused("21660", "the sender's number is another account's", FailureCode::SenderRejected),
        refused("21661", "the sender's number cannot send text messages", FailureCode::SenderRejected),
        refused("21701", "the Messaging Service does not exist", FailureCode::SenderRejected),
        refused("21702", "the Messaging Service cannot send", FailureCode::SenderRejected),
        refused(
            "21703",
            "the Messaging Service has no number that can send this",
            FailureCode::SenderRejected,
        ),
        refused("21704", "the Messaging Service has no numbers", FailureCode::SenderRejected),
        refused("21705", "the Messaging Service is not valid", FailureCode::SenderRejected),
        refused("21708", "the sender's name is missing", FailureCode::SenderRejected),
        refused("21709", "the sender's name is not the Messaging Service's", FailureCode::SenderRejected),
        refused("21711", "the sender is not one of the Messaging Service's", FailureCode::SenderRejected),
        refused("21712", "the sender is another Messaging Service's", FailureCode::SenderRejected),
        refused(
            "21715",
            "the number lacks the Messaging Service's capabilities",
            FailureCode::SenderRejected,
        ),
        refused("21730", "the system is under maintenance", FailureCode::ProviderFault),
        refused("21910", "sender and recipient are of different channels", FailureCode::RequestRefused),
        refused("90007", "the validity is not from 1 to 36000 seconds", FailureCode::RequestRefused),
    ],
};

/// Our code for one of Twilio's, whichever of its lists it stands in; nothing for one that is in neither.
pub(crate) fn classify(code: i64) -> Option<FailureCode> {
    let code = code.to_string();
    match REFUSALS.reading(&code).or_else(|| ERRORS.reading(&code))? {
        CodeReading::Failure(ours) | CodeReading::Word { why: Some(ours), .. } => Some(ours),
        CodeReading::Taken | CodeReading::Word { why: None, .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_a_refusal_and_the_error_of_a_message_at_once() {
        for row in REFUSALS.rows {
            assert_eq!(ERRORS.reading(row.code), None, "{}", row.code);
        }
    }

    #[test]
    fn a_code_that_is_in_no_table_is_not_guessed_at() {
        for code in [0, 1, -1, 21_999, 99_999, i64::MAX] {
            assert_eq!(classify(code), None, "{code}");
        }
    }
}
