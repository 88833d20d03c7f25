//! NHN Cloud's documented codes in our words.
//!
//! Source: `error-code.md` of NHN (repository TOAST-DOCS/SMS, commit 4af1fe8).
//! Codes of functions that we do not use are here too, so that an unknown code is really a new one.

use closure_contract::FailureCode;

use crate::sms::codes::{CodeReading, CodeTable, refused};

/// The code of a request that was carried out.
pub(crate) const SUCCESS: i64 = 0;

/// Synchronous results, but success: they stand in the header and for each recipient.
pub(crate) const RESULTS: CodeTable = CodeTable {
    what: "Result of a request",
    source: "TOAST-DOCS/SMS error-code.md, API Result Code",
    rows: &[
        refused("4", "a parameter is not valid", FailureCode::RequestRefused),
        refused("-1000", "the app key is wrong", FailureCode::ProviderAuth),
        refused("-1001", "the app key does not exist", FailureCode::ProviderAuth),
        refused("-1002", "the app key was terminated", FailureCode::ProviderAuth),
        refused("-1003", "the member is not of the project", FailureCode::ProviderAuth),
        refused("-1004", "our address may not call", FailureCode::ProviderAuth),
        refused("-1007", "the member is not valid", FailureCode::ProviderAuth),
        refused("-1008", "the project is blocked", FailureCode::ProviderAuth),
        refused("-9995", "invalid API version", FailureCode::RequestRefused),
        refused("-9996", "invalid content type. Only application/JSON", FailureCode::RequestRefused),
        refused("-9997", "invalid JSON type", FailureCode::RequestRefused),
        refused("-9998", "no such API", FailureCode::RequestRefused),
        refused("-9999", "an unexpected error inside the gateway", FailureCode::AnswerLost),
        refused("-1005", "invalid search condition", FailureCode::RequestRefused),
        refused("-1006", "invalid delivery message format (messageType)", FailureCode::RequestRefused),
        refused("-2000", "invalid date format", FailureCode::RequestRefused),
        refused("-2001", "recipient is missing", FailureCode::RequestRefused),
        refused("-2002", "name of attached file is invalid", FailureCode::RequestRefused),
        refused("-2003", "extension of attached file is not jpg or jpeg", FailureCode::RequestRefused),
        refused("-2004", "the attachment has expired or does not exist", FailureCode::RequestRefused),
        refused("-2005", "attached file is sized 300KB or more", FailureCode::RequestRefused),
        refused(
            "-2006",
            "delivery type in template setting is not consistent with requested type",
            FailureCode::RequestRefused,
        ),
        refused("-2008", "request ID (requestId) is invalid", FailureCode::RequestRefused),
        refused(
            "-2009",
            "attached file is not properly uploaded due to server error",
            FailureCode::RequestRefused,
        ),
        refused("-2010", "upload type of attachment is invalid (server error)", FailureCode::RequestRefused),
        refused(
            "-2011",
            "required query parameters are missing (requestId or startRequestDate, endRequestDate)",
            FailureCode::RequestRefused,
        ),
        refused(
            "-2012",
            "when detailed query parameter is invalid (requestId or mtPr)",
            FailureCode::RequestRefused,
        ),
        refused("-2014", "title or body is missing", FailureCode::ContentRejected),
        refused("-2015", "title or body exceed maximum byte", FailureCode::ContentRejected),
        refused("-2016", "the number of recipients is over 1,000", FailureCode::RequestRefused),
        refused("-2017", "failed to create excel", FailureCode::RequestRefused),
        refused("-2018", "recipient number is missing", FailureCode::RequestRefused),
        refused("-2019", "recipient number is invalid", FailureCode::RecipientRejected),
        refused("-2021", "the gateway could not queue it", FailureCode::ProviderFault),
        refused(
            "-2022",
            "request date and time is set earlier than the current time",
            FailureCode::RequestRefused,
        ),
        refused(
            "-2023",
            "title or body includes characters that are not allowed (e.g. emojis)",
            FailureCode::ContentRejected,
        ),
        refused("-2024", "LMS or MMS overseas", FailureCode::RequestRefused),
        refused("-2044", "the country is not served", FailureCode::RecipientRejected),
        refused("-2045", "overseas sending is blocked for our service", FailureCode::ProviderAuth),
        refused("-2046", "the country is blocked for our service", FailureCode::ProviderCountryBlocked),
        refused("-2047", "the blocking limit is reached", FailureCode::ProviderQuota),
        refused("-2048", "the overseas text is too long", FailureCode::ContentRejected),
        refused(
            "-2050",
            "failed to convert to international delivery(Unable to convert)",
            FailureCode::RequestRefused,
        ),
        refused(
            "-2051",
            "the country is blocked because of a low conversion rate",
            FailureCode::ProviderCountryBlocked,
        ),
        refused("-2052", "the organisation's monthly limit is reached", FailureCode::ProviderQuota),
        refused("-2053", "the country's daily limit is reached", FailureCode::ProviderCountryBlocked),
        refused("-4000", "query range is more than a month", FailureCode::RequestRefused),
        refused("-8000", "an authentication text without its statement", FailureCode::RequestRefused),
        refused("-2100", "template ID is missing", FailureCode::RequestRefused),
        refused("-2101", "already registered Template ID", FailureCode::RequestRefused),
        refused("-2102", "template name is missing", FailureCode::RequestRefused),
        refused("-2103", "sender number is missing", FailureCode::RequestRefused),
        refused("-2104", "delivery type is missing (0: sms, 1: mms)", FailureCode::RequestRefused),
        refused("-2105", "body is missing", FailureCode::RequestRefused),
        refused("-2106", "use or not is invalid", FailureCode::RequestRefused),
        refused("-2107", "invalid Template ID(When modifying/deleting)", FailureCode::RequestRefused),
        refused("-2108", "category ID is missing", FailureCode::RequestRefused),
        refused("-2109", "template ID exceeds 50 characters", FailureCode::RequestRefused),
        refused("-2110", "no such Template", FailureCode::RequestRefused),
        refused("-2111", "invalid Template parameter", FailureCode::RequestRefused),
        refused(
            "-2112",
            "over the maximum available number of templates for registration (Max: 1,000)",
            FailureCode::RequestRefused,
        ),
        refused("-2114", "title is empty", FailureCode::RequestRefused),
        refused("-2115", "title exceeds 120 characters", FailureCode::RequestRefused),
        refused("-2116", "body length exceeds 255 characters, for SMS delivery", FailureCode::RequestRefused),
        refused(
            "-2117",
            "body length exceeds 4,000 characters, for LMS/MMS delivery",
            FailureCode::RequestRefused,
        ),
        refused(
            "-2043",
            "attached file for template registration is already registered at another template",
            FailureCode::RequestRefused,
        ),
        refused("-2200", "invalid category parameter (to register)", FailureCode::RequestRefused),
        refused("-2201", "invalid category parameter (to modify)", FailureCode::RequestRefused),
        refused("-2202", "invalid category (failed to query category)", FailureCode::RequestRefused),
        refused("-2203", "parent category does not exist", FailureCode::RequestRefused),
        refused("-2204", "use or not is invalid", FailureCode::RequestRefused),
        refused("-2205", "deleting the highest category", FailureCode::RequestRefused),
        refused("-2206", "category does not exist", FailureCode::RequestRefused),
        refused("-2312", "the sender number is missing or not registered", FailureCode::SenderRejected),
        refused("-2313", "the sender number is blocked", FailureCode::SenderRejected),
        refused("-2700", "invalid statistics range", FailureCode::RequestRefused),
        refused("-2701", "invalid statistics search parameter", FailureCode::RequestRefused),
        refused("-2703", "invalid detail range of statistics", FailureCode::RequestRefused),
        refused("-2704", "invalid statistics parameter", FailureCode::RequestRefused),
        refused("-2706", "internal statistics error (failed to call API)", FailureCode::RequestRefused),
        refused("-6000", "call rejection is not used", FailureCode::RequestRefused),
        refused("-6001", "the recipient opted out", FailureCode::RecipientRejected),
        refused(
            "-6003",
            "body does not include guide message on call rejection",
            FailureCode::ContentRejected,
        ),
        refused("-6004", "call rejection numbers are empty or unsubscribed", FailureCode::RequestRefused),
        refused("-7000", "internal tag error (failed to call API)", FailureCode::RequestRefused),
        refused("-7001", "invalid parameter", FailureCode::RequestRefused),
        refused("-7002", "failed to read .csv file", FailureCode::RequestRefused),
    ],
};

/// Our code for a synchronous result; one that is in no table may mean anything, so the request is in doubt.
pub(crate) fn classify(result_code: i64) -> FailureCode {
    match RESULTS.reading(&result_code.to_string()) {
        Some(CodeReading::Failure(code)) => code,
        Some(CodeReading::Taken | CodeReading::Word { .. }) | None => FailureCode::AnswerUnreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes alone, taken from the document by a script; `expected` is what the rulebook wants of them.
    const DOCUMENTED: &str = include_str!("../../../tests/recorded/nhn_result_codes.txt");

    #[test]
    fn every_documented_code_has_exactly_the_class_written_down_for_it() {
        let mut rows = 0;
        for line in DOCUMENTED.lines().filter(|line| !line.starts_with('#')) {
            let (number, expected) = line.split_once(' ').expect("a number and a code");
            let number: i64 = number.parse().expect("a number");
            assert_eq!(classify(number).as_str(), expected, "{number}");
            rows += 1;
        }
        assert_eq!(rows, RESULTS.rows.len(), "a code is mapped that the document does not have");
    }

    #[test]
    fn an_unknown_code_is_in_doubt_and_so_is_success_without_a_reference() {
        for number in [1, -1, -2020, -123_456, SUCCESS] {
            assert_eq!(classify(number), FailureCode::AnswerUnreadable);
        }
    }
}
