//! Masked forms of personal data, for people: one rule in the whole house.
//!
//! Two systems that hide different digits of a number give it away together, so that whatever shows one shows the same
//! four.

use crate::number::phone::KOREA;

/// So many of the last digits stay.
const TAIL_DIGITS: usize = 4;
/// A number with fewer digits would be known by its last four.
const DIGITS_MIN: usize = 8;
/// So many digits are no date (20261130) but a number.
const WHOLE_NUMBER_DIGITS: usize = 9;
/// What stands for whatever is hidden whole.
const HIDDEN: &str = "***";
/// Country codes of one digit, and the beginnings of those of two (ITU-T E.164); all others have three.
const ONE_DIGIT: [&str; 2] = ["1", "7"];
const TWO_DIGITS: [&str; 40] = [
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48",
    "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81",
    "82", "84", "86", "90", "91", "92",
];
const MORE_OF_TWO_DIGITS: [&str; 4] = ["93", "94", "95", "98"];

/// A phone number with its middle hidden: `+84 ******5678`, and inside Korea `010-****-5678`.
///
/// Without a plus sign nobody knows its country: `******5678`.
pub fn phone(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if digits.len() < DIGITS_MIN {
        return HIDDEN.to_owned();
    }
    let tail = &digits[digits.len() - TAIL_DIGITS..];
    if !number.trim_start().starts_with('+') {
        return format!("******{tail}");
    }
    let (code, national) = digits.split_at(country_code_digits(&digits));
    if code.parse() == Ok(KOREA) && national.len() >= DIGITS_MIN {
        // Seoul is the one area of a single digit.
        let area_digits = if national.starts_with('2') { 1 } else { 2 };
        return format!("0{}-****-{tail}", &national[..area_digits]);
    }
    format!("+{code} ******{tail}")
}

fn country_code_digits(digits: &str) -> usize {
    let begins = |codes: &[&str]| codes.iter().any(|code| digits.starts_with(code));
    match () {
        () if begins(&ONE_DIGIT) => 1,
        () if begins(&TWO_DIGITS) || begins(&MORE_OF_TWO_DIGITS) => 2,
        () => 3,
    }
}

/// A number of which only its country and its last digits are known: `+84 ******5678`.
pub fn tail(country_code: Option<u32>, last_digits: &str) -> String {
    let country = country_code.map_or_else(String::new, |code| format!("+{code} "));
    format!("{country}******{last_digits}")
}

/// An address with its local part hidden: `m***@example.com`.
pub fn email(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => match local.trim_start_matches('"').chars().next() {
            Some(first) => format!("{first}***@{domain}"),
            None => HIDDEN.to_owned(),
        },
        None => HIDDEN.to_owned(),
    }
}

/// Whether a person's own words name somebody: an address, or what has the length of a whole number.
///
/// A consultation's id, a date or a ticket does not.
pub fn names_somebody(words: &str) -> bool {
    words.split_whitespace().any(|word| {
        let word = word.trim_matches(|edge: char| ",.;:!?\"'<>[]".contains(edge));
        let is_address = word
            .split_once(['@', '\u{ff20}'])
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
        is_address || is_number(word)
    }) || has_spaced_number(words)
}

/// A number that is written as one word.
fn is_number(word: &str) -> bool {
    let digits = word.chars().filter(|one| one.is_numeric()).count();
    digits >= WHOLE_NUMBER_DIGITS && word.chars().all(|one| one.is_numeric() || "+-()./".contains(one))
}

/// A number with its country code whose parts are words: `+84 912 345 678`.
fn has_spaced_number(words: &str) -> bool {
    words.split('+').skip(1).any(|rest| {
        let number: String =
            rest.chars().take_while(|one| one.is_numeric() || " -()./".contains(*one)).collect();
        number.chars().filter(|one| one.is_numeric()).count() >= WHOLE_NUMBER_DIGITS
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_number_keeps_its_country_and_its_last_four_digits() {
        for (number, masked) in [
            ("+84912345678", "+84 ******5678"),
            ("+819012345678", "+81 ******5678"),
            ("+12025550123", "+1 ******0123"),
            ("+85291234567", "+852 ******4567"),
            ("+79161234567", "+7 ******4567"),
            ("+998901234567", "+998 ******4567"),
        ] {
            assert_eq!(phone(number), masked);
        }
    }

    #[test]
    fn a_korean_number_keeps_its_beginning_as_it_is_dialled_at_home() {
        for (number, masked) in [
            ("+821012345678", "010-****-5678"),
            ("+82212345678", "02-****-5678"),
            ("+8225551234", "02-****-1234"),
            ("+82313456789", "031-****-6789"),
        ] {
            assert_eq!(phone(number), masked);
        }
    }

    #[test]
    fn a_number_as_typed_keeps_its_last_four_digits_alone() {
        assert_eq!(phone("84912345678"), "******5678");
        assert_eq!(phone("010-1234-5678"), "******5678");
    }

    #[test]
    fn a_short_number_is_hidden_whole() {
        for number in ["12345", "", "+8491234", "no number"] {
            assert_eq!(phone(number), "***");
        }
    }

    #[test]
    fn words_that_name_somebody_are_told_from_words_that_do_not() {
        for words in [
            "customer gave minsu@example.com",
            "now <minsu@example.com>.",
            "번호는 010-1234-5678",
            "it is +84912345678, not the old one",
            "it is +84 912 345 678",
            "(02)1234-56789",
        ] {
            assert!(names_somebody(words), "{words}");
        }
        for words in [
            "SPF is mended",
            "see C-20261122-000042",
            "job 8f0c6a1e-27b4-4d63-9a51-000000000001",
            "since 2026-11-30",
            "kim @ the desk",
            "5.7.1 of 20261130",
            "고객 문의 응대",
            "",
        ] {
            assert!(!names_somebody(words), "{words}");
        }
    }

    #[test]
    fn an_address_keeps_its_first_character_and_its_domain() {
        assert_eq!(email("minsu@example.com"), "m***@example.com");
        assert_eq!(email("no address"), "***");
        assert_eq!(email("@example.com"), "***");
    }
}
