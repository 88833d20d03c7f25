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
    let is_address = |word: &str| {
        word.trim_matches(|edge: char| ",.;:!?\"'<>[]".contains(edge))
            .split_once(['@', '\u{ff20}'])
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
    };
    words.split_whitespace().any(is_address) || holds_number(&plain(words))
}

/// The words with one form of each digit and separator, without what has no width, and without the ids of jobs.
fn plain(words: &str) -> Vec<char> {
    let one_form = |one: char| match one {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(one) - 0xfee0).unwrap_or(one),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{b7}' => '-',
        one if one.is_whitespace() => ' ',
        one => one,
    };
    let has_width = |one: &char| !matches!(one, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}');
    let chars: Vec<char> = words.chars().filter(has_width).map(one_form).collect();
    let of_id = |one: &char| one.is_ascii_alphanumeric() || *one == '-';
    let pieces = chars.chunk_by(|left, right| of_id(left) == of_id(right));
    pieces.flat_map(|piece| if is_uuid(piece) { &[','] } else { piece }).copied().collect()
}

fn is_uuid(piece: &[char]) -> bool {
    let hexadecimals = [8, 4, 4, 4, 12];
    let mut parts = piece.split(|one| *one == '-');
    hexadecimals.iter().all(|len| {
        parts.next().is_some_and(|part| part.len() == *len && part.iter().all(char::is_ascii_hexdigit))
    }) && parts.next().is_none()
}

/// Whether digits and what separates them have the length of a whole number, whatever is written around them.
///
/// In Korean a particle follows without a space (`01012345678로`). A letter or digit of ASCII beside it makes it a part
/// of an id (`C-20261122-000042`).
fn holds_number(words: &[char]) -> bool {
    let of_number = |one: &char| one.is_numeric() || " +-()./".contains(*one);
    let of_id = |one: Option<&char>| one.is_some_and(|one| one.is_ascii_alphanumeric() || *one == '_');
    let mut end = 0;
    words.chunk_by(|left, right| of_number(left) == of_number(right)).any(|run| {
        let before = &words[..end];
        end += run.len();
        if !run.first().is_some_and(of_number) {
            return false;
        }
        let mut parts: Vec<&[char]> = run.split(|one| *one == ' ').collect();
        // A part with a neighbour of its own kind is none of a number; an empty one changes nothing.
        if let Some(last) = parts.last_mut()
            && last.last().is_some_and(|one| one.is_numeric())
            && of_id(words.get(end))
        {
            *last = &[];
        }
        if let Some(first) = parts.first_mut()
            && (is_end_of_time(before, first)
                || (of_id(before.last()) && !first.first().is_some_and(|one| "+(".contains(*one))))
        {
            *first = &[];
        }
        is_whole(&parts)
    })
}

/// Whether one part is a number, or some that follow on a beginning as numbers have it: `+84 912 345 678`.
fn is_whole(parts: &[&[char]]) -> bool {
    let begins = |part: &[char]| matches!(part, ['+' | '0', ..] | ['(', '0' | '+', ..]);
    let digits = |part: &[char]| part.iter().filter(|one| one.is_numeric()).count();
    parts.iter().enumerate().any(|(at, part)| {
        let rest = parts[at..].iter().take_while(|part| !is_date(part));
        let together: usize = rest.map(|part| digits(part)).sum();
        let alone = if is_date(part) { 0 } else { digits(part) };
        alone >= WHOLE_NUMBER_DIGITS || (begins(part) && together >= WHOLE_NUMBER_DIGITS)
    })
}

/// The seconds, or the minutes, of a time with all that may follow: `15` or `00.123456+0900`.
fn is_end_of_time(before: &[char], part: &[char]) -> bool {
    matches!(before, [.., hour, ':'] if hour.is_numeric())
        && matches!(part, [tens, ones] | [tens, ones, '.' | '+', ..] if tens.is_numeric() && ones.is_numeric())
}

/// One date or several (`2026-11-30/2026-12-01`), and what logs and files have: `20261130-091500`.
fn is_date(part: &[char]) -> bool {
    let numbers: Option<Vec<(usize, u32)>> = part
        .split(|one| "-/.".contains(*one))
        .map(|number| Some((number.len(), number.iter().collect::<String>().parse().ok()?)))
        .collect();
    let is_day = |year: u32, month: u32, day: u32| {
        (1_990..2_100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day)
    };
    let is_compact = |date: u32| is_day(date / 10_000, date / 100 % 100, date % 100);
    match numbers.as_deref() {
        Some([(8, date), (4 | 6, _)]) => is_compact(*date),
        Some([_, _, ..] | []) => numbers.is_some_and(|numbers| {
            numbers.chunks(3).all(
                |date| matches!(*date, [(4, year), (1 | 2, month), (1 | 2, day)] if is_day(year, month, day)),
            )
        }),
        // No number of a phone has fourteen digits and begins as a day of our time.
        Some([_]) | None => {
            let day: String = part.iter().take(8).collect();
            part.len() == 14 && part.iter().all(char::is_ascii_digit) && day.parse().is_ok_and(is_compact)
        }
    }
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
            "01012345678로",
            "010-1234-5678번",
            "번호01012345678",
            "010 1234 5678",
            "번호:010 1234 5678로 보냄",
            "(02) 1234 5678 전화",
            "(+82) 10 1234 5678",
            "tel(010)1234-5678",
            "010\u{2013}1234\u{2013}5678",
            "０１０-１２３４-５６７８로",
            "010\u{200b}1234\u{200b}5678",
            "010\u{a0}1234\u{a0}5678",
            "+84912345678을 고침",
            "84912345678입니다",
            "2026-11-30 09:15 010 1234 5678",
            "010-1234-5678-kim",
            "minsu@example.com으로",
            "8f0c6a1e-27b4-4d63-9a51-000000000001 01012345678",
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
            "C-20261122-000042의 답변",
            "상담 C-20261122-000042로",
            "ticket_202611220000042",
            "8f0c6a1e-27b4-4d63-9a51-012345678901은",
            "12345678-1234-4234-8234-123456789012을 취소",
            "12345678-1234-4abc-8234-12345678901f",
            "2026-11-30T09:15:00.123456+0900부터",
            "2026-11-30 09:15:00에",
            "09:00 20261130",
            "09:00 2026-11-30 2026-12-01",
            "2026-11-30/2026-12-01, 2026.11.30-2026.12.01",
            "20261130-091500 20261130091500",
            "1234 5678 9012 건",
            "1588-1234로",
            "건 0 2026-11-30",
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
