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
