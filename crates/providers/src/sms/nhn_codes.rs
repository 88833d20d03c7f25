//! NHN Cloud's synchronous result codes in our words.
//!
//! Source: the table "API Result Code" of NHN's `error-code.md` (repository TOAST-DOCS/SMS, commit 4af1fe8).

use closure_contract::FailureCode;

/// The code of a request that was carried out.
pub(crate) const SUCCESS: i64 = 0;

/// Every documented code that is not success.
///
/// Codes of functions that we do not use are here too, so that an unknown code is really a new one.
pub(crate) const TABLE: &[(FailureCode, &[i64])] = &[
    // The account: key, project, address and the countries that our own console blocks.
    (FailureCode::ProviderAuth, &[-1000, -1001, -1002, -1003, -1004, -1007, -1008, -2045, -2046, -2051]),
    // Monthly, daily and blocking limits.
    (FailureCode::ProviderQuota, &[-2047, -2052, -2053]),
    (FailureCode::SenderRejected, &[-2312, -2313]),
    // The number is invalid, its country is not served, or its owner opted out.
    (FailureCode::RecipientRejected, &[-2019, -2044, -6001]),
    // Too long, empty, or with characters that the gateway does not carry.
    (FailureCode::ContentRejected, &[-2014, -2015, -2023, -2048, -6003]),
    // The gateway could not queue it and says so: nothing was sent.
    (FailureCode::ProviderFault, &[-2021]),
    // An unexpected error inside the gateway says nothing about the message.
    (FailureCode::AnswerLost, &[-9999]),
    // The form of the request, and functions that we never call.
    (
        FailureCode::RequestRefused,
        &[
            4, -9995, -9996, -9997, -9998, -1005, -1006, -2000, -2001, -2002, -2003, -2004, -2005, -2006,
            -2008, -2009, -2010, -2011, -2012, -2016, -2017, -2018, -2022, -2024, -2050, -4000, -8000, -2043,
            -2100, -2101, -2102, -2103, -2104, -2105, -2106, -2107, -2108, -2109, -2110, -2111, -2112, -2114,
            -2115, -2116, -2117, -2200, -2201, -2202, -2203, -2204, -2205, -2206, -2700, -2701, -2703, -2704,
            -2706, -6000, -6004, -7000, -7001, -7002,
        ],
    ),
];

/// Our code for one of NHN's; a code that is in no table may mean anything, so the request is in doubt.
pub(crate) fn classify(result_code: i64) -> FailureCode {
    TABLE
        .iter()
        .find(|(_, codes)| codes.contains(&result_code))
        .map_or(FailureCode::AnswerUnreadable, |(code, _)| *code)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The codes alone, taken from the document by a script; `expected` is what the rulebook wants of them.
    const DOCUMENTED: &str = include_str!("../../tests/recorded/nhn_result_codes.txt");

    #[test]
    fn every_documented_code_has_exactly_the_class_written_down_for_it() {
        let mut rows = 0;
        for line in DOCUMENTED.lines().filter(|line| !line.starts_with('#')) {
            let (number, expected) = line.split_once(' ').expect("a number and a code");
            let number: i64 = number.parse().expect("a number");
            assert_eq!(classify(number).as_str(), expected, "{number}");
            rows += 1;
        }
        let mapped: usize = TABLE.iter().map(|(_, codes)| codes.len()).sum();
        assert_eq!(rows, mapped, "a code is mapped that the document does not have");
    }

    #[test]
    fn no_code_stands_in_two_rows() {
        let mut seen = BTreeSet::new();
        for code in TABLE.iter().flat_map(|(_, codes)| codes.iter()) {
            assert!(seen.insert(code), "{code}");
        }
    }

    #[test]
    fn an_unknown_code_is_in_doubt_and_so_is_success_without_a_reference() {
        for number in [1, -1, -2020, -123_456, SUCCESS] {
            assert_eq!(classify(number), FailureCode::AnswerUnreadable);
        }
    }
}
