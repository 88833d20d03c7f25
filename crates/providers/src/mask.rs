//! Takes personal data out of what other programs say, before it becomes a detail for people.

/// A detail for people has at most this many characters.
pub(crate) const DETAIL_CHARS_MAX: usize = 300;
/// Only this many characters of a foreign text are looked at.
const INPUT_CHARS_MAX: usize = 2_000;
/// A run of digits and separators with this many digits may be a phone number.
const NUMBER_DIGITS_MIN: usize = 7;

/// The text on one line, without addresses, without anything that may be a phone number, and cut to length.
pub(crate) fn masked(text: &str) -> String {
    let line: String = text
        .chars()
        .take(INPUT_CHARS_MAX)
        .map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c })
        .collect();
    let words: Vec<&str> =
        line.split_whitespace().map(|word| if has_at(word) { "(address)" } else { word }).collect();
    without_numbers(&words.join(" ")).chars().take(DETAIL_CHARS_MAX).collect()
}

/// A name shorter than this is too common a word to be left out.
const NAME_CHARS_MIN: usize = 3;

/// The text without a name that stands in it as a word, as a mail server writes the local part of an address.
pub(crate) fn without_name(text: &str, name: &str) -> String {
    if name.chars().count() < NAME_CHARS_MIN {
        return text.to_owned();
    }
    let (lower, name) = (text.to_ascii_lowercase(), name.to_ascii_lowercase());
    let is_edge = |char: Option<char>| char.is_none_or(|char| !char.is_alphanumeric());
    let mut out = String::with_capacity(text.len());
    let mut rest = 0;
    for (at, found) in lower.match_indices(&name) {
        let end = at + found.len();
        if is_edge(lower[..at].chars().next_back()) && is_edge(lower[end..].chars().next()) {
            out.push_str(&text[rest..at]);
            out.push_str("(name)");
            rest = end;
        }
    }
    out.push_str(&text[rest..]);
    out
}

/// A provider's code, if it is one: a short word of letters, digits and a few signs.
pub(crate) fn code_text(text: &str) -> Option<String> {
    const CODE_CHARS_MAX: usize = 40;
    let fits = !text.is_empty()
        && text.len() <= CODE_CHARS_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte));
    fits.then(|| text.to_owned())
}

fn has_at(word: &str) -> bool {
    word.contains(['@', '\u{ff20}'])
}

/// Zero-width and bidirectional marks, which would hide or reorder what a person reads.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars() {
        if c.is_numeric() || (!run.is_empty() && " ()+-./".contains(c)) || c == '+' {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

fn flush(run: &mut String, out: &mut String) {
    let digits = run.chars().filter(|c| c.is_numeric()).count();
    if digits >= NUMBER_DIGITS_MIN {
        out.push_str("(number)");
        if run.ends_with(' ') {
            out.push(' ');
        }
    } else {
        out.push_str(run);
    }
    run.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_left_out_where_it_stands_as_a_word() {
        for (said, name, kept) in [
            (
                "550 user Split at x unknown; local split",
                "split",
                "550 user (name) at x unknown; local (name)",
            ),
            ("splitting <split>", "split", "splitting <(name)>"),
            ("no such user", "no", "no such user"),
            ("İ kim ß", "kim", "İ (name) ß"),
            ("", "kim", ""),
        ] {
            assert_eq!(without_name(said, name), kept);
        }
    }

    #[test]
    fn addresses_and_numbers_are_masked_and_codes_are_kept() {
        for (said, kept) in [
            ("550 5.1.1 <kim@example.com>: no such user", "550 5.1.1 (address) no such user"),
            ("cannot send to +84 912 345 678 today", "cannot send to (number) today"),
            ("call 010-1234-5678", "call (number)"),
            ("RecipientNo is invalid.", "RecipientNo is invalid."),
            ("code -2019 after 3 tries", "code -2019 after 3 tries"),
            ("full width ０１０１２３４５６７８", "full width (number)"),
            ("two\r\nlines\u{202e}\u{0}x", "two lines x"),
        ] {
            assert_eq!(masked(said), kept);
        }
    }

    #[test]
    fn a_detail_has_at_most_300_characters() {
        assert_eq!(masked(&"가 ".repeat(100_000)).chars().count(), DETAIL_CHARS_MAX);
    }

    #[test]
    fn a_code_is_a_short_word() {
        assert_eq!(code_text("E915").as_deref(), Some("E915"));
        assert_eq!(code_text("-2019").as_deref(), Some("-2019"));
        for text in ["", "two words", "<b>", &"1".repeat(41)] {
            assert_eq!(code_text(text), None);
        }
    }
}
