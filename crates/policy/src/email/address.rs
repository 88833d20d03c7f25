//! What is an email address, and in which one form it is used (R14d, R18).

use crate::harmless::Harmless;

/// RFC 5321: an address has at most this many characters.
const ADDRESS_CHARS_MAX: usize = 254;
/// RFC 5321: the part before the at sign has at most this many.
const LOCAL_CHARS_MAX: usize = 64;
/// RFC 1035: one label of a domain has at most this many.
const LABEL_CHARS_MAX: usize = 63;

/// Japan's carriers gave out addresses with a dot at the end or two in a row, which RFC 5321 has in quotes alone.
/// Anywhere else such dots are a slip of somebody's finger, and a person mends them.
const DOTS_ANYWHERE: [&str; 3] = ["docomo.ne.jp", "ezweb.ne.jp", "au.com"];

/// The address in the form in which it goes to a mail server, if it is one by its form.
///
/// What [`Harmless`] lists is read as what it stands for.
/// A local part with dots where RFC 5321 allows none is quoted; otherwise quotes, address literals and characters
/// outside ASCII are not accepted: no provider of our customers has them.
pub(crate) fn address(text: &str) -> Option<String> {
    let text = plain(text);
    let (local, domain) = text.rsplit_once('@')?;
    let quoted = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let local = match quoted {
        Some(inner) => inner,
        None => local,
    };
    let local = match dots(local)? {
        Dots::Between => local.to_owned(),
        Dots::Anywhere if quoted.is_some() || has_dots_anywhere(domain) => format!("\"{local}\""),
        Dots::Anywhere => return None,
    };
    let well_formed =
        local.len() <= LOCAL_CHARS_MAX && domain.contains('.') && domain.split('.').all(is_label);
    let address = format!("{local}@{domain}");
    (well_formed && address.len() <= ADDRESS_CHARS_MAX).then_some(address)
}

/// Which part of an address is written in characters that go to no mail server as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// What follows the at sign.
    Domain,
    /// What stands before it.
    Name,
}

/// The part of a text that keeps it from being an address, where it would be one but for letters outside ASCII.
pub(crate) fn beyond_ascii(text: &str) -> Option<Beyond> {
    let text = plain(text);
    let (name, domain) = text.rsplit_once('@')?;
    let in_ascii = |part: &str| -> String {
        part.chars().map(|c| if !c.is_ascii() && c.is_alphanumeric() { 'a' } else { c }).collect()
    };
    address(&format!("{}@{}", in_ascii(name), in_ascii(domain)))?;
    match (name.is_ascii(), domain.is_ascii()) {
        (_, false) => Some(Beyond::Domain),
        (false, true) => Some(Beyond::Name),
        (true, true) => None,
    }
}

/// The address in the one form in which two of them are compared: no provider of our customers minds the case.
pub(crate) fn compared(text: &str) -> Option<String> {
    address(text).map(|address| address.to_ascii_lowercase())
}

/// Where the dots of a local part are.
enum Dots {
    /// Each between two letters or other characters of a word.
    Between,
    /// One begins it, ends it, or follows another.
    Anywhere,
}

/// Nothing where it is no local part whatever its dots are.
fn dots(local: &str) -> Option<Dots> {
    let is_of_a_word = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let words = || local.split('.');
    let is_local = words().any(|word| !word.is_empty()) && words().all(|word| word.bytes().all(is_of_a_word));
    let has_empty = words().any(str::is_empty);
    is_local.then_some(if has_empty { Dots::Anywhere } else { Dots::Between })
}

fn has_dots_anywhere(domain: &str) -> bool {
    DOTS_ANYWHERE.iter().any(|carrier| domain.eq_ignore_ascii_case(carrier))
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_CHARS_MAX).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// The address without what copying and an input method left in it and around it.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match (Harmless::of(character), Harmless::of_full_width(character)) {
            (Some(harmless), _) => plain.push_str(harmless.ascii()),
            (None, Some(ascii)) => plain.push(ascii),
            // RFC 5895: what stands for the dot of a domain.
            (None, None) if matches!(character, '\u{3002}' | '\u{ff61}') => plain.push('.'),
            (None, None) => plain.push(character),
        }
    }
    let plain = plain.trim();
    let unquoted = |quote: char| plain.strip_prefix(quote)?.strip_suffix(quote).map(str::trim);
    ['"', '\''].into_iter().find_map(unquoted).unwrap_or(plain).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_judged_by_its_form() {
        for good in ["a@b.co", " minsu.kim+kride@example.co.kr ", "x_y@sub.example.com"] {
            assert_eq!(address(good).as_deref(), Some(good.trim()), "{good}");
        }
        for bad in [
            "",
            "@",
            "a@",
            "@b.co",
            "a@b",
            "a b@c.co",
            "a@b..co",
            ".a@b.co",
            "kim..minsu@gmail.com",
            "a@-b.co",
            "a@b.co\r\nBcc: x@y.zz",
            "a@b@",
            "민수@example.com",
            "a@[127.0.0.1]",
            "Minsu <a@b.co>",
            "a@b.co,c@d.co",
            "\"a b\"@docomo.ne.jp",
            "\"a\"b\"@docomo.ne.jp",
            "\"@docomo.ne.jp",
            "\"\"@docomo.ne.jp",
            "..@docomo.ne.jp",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
        assert_eq!(address(&format!("{}@b.co", "a".repeat(65))), None);
    }

    #[test]
    fn an_address_in_another_script_is_told_from_what_is_none() {
        for (text, expected) in [
            ("kim@\u{c608}\u{c2dc}.\u{d55c}\u{ad6d}", Some(Beyond::Domain)),
            ("kim@b\u{fc}cher.example", Some(Beyond::Domain)),
            ("\u{bbfc}\u{c218}@example.com", Some(Beyond::Name)),
            ("\u{bbfc}\u{c218}", None),
            ("kim@@\u{c608}\u{c2dc}", None),
            ("kim@\u{202e}moc.elpmaxe", None),
            ("kim@xn--vv4b606b.example", None),
        ] {
            assert_eq!(beyond_ascii(text), expected, "{text}");
        }
    }

    #[test]
    fn a_japanese_carriers_address_goes_out_in_quotes_and_is_one_with_the_way_that_people_write_it() {
        for (written, sent) in [
            ("try..this..0511@docomo.ne.jp", "\"try..this..0511\"@docomo.ne.jp"),
            ("\"try..this..0511\"@docomo.ne.jp", "\"try..this..0511\"@docomo.ne.jp"),
            ("xyz.@DOCOMO.ne.jp", "\"xyz.\"@DOCOMO.ne.jp"),
            (".xyz@ezweb.ne.jp", "\".xyz\"@ezweb.ne.jp"),
            ("\"a..b\"@example.com", "\"a..b\"@example.com"),
            ("\"plain\"@example.com", "plain@example.com"),
        ] {
            assert_eq!(address(written).as_deref(), Some(sent), "{written}");
        }
        assert_eq!(compared("XYZ.@docomo.ne.jp"), compared("\"xyz.\"@docomo.ne.jp"));
    }

    #[test]
    fn what_copying_left_in_an_address_is_read_as_what_it_stands_for() {
        for written in [
            "\u{feff}kim-min@example.com\u{a0}",
            "kim\u{2011}min@example.com",
            "kim-\u{200b}min@example.com",
            "kim-min\u{ff20}example.com",
            "ｋｉｍ－ｍｉｎ＠ｅｘａｍｐｌｅ．ｃｏｍ\u{3000}",
            "kim-min@example\u{3002}com",
            "\"kim-min@example.com\"",
            "\u{2018}kim-min@example.com\u{2019}",
            "\u{201c}kim-min@example.com\u{201d}",
        ] {
            assert_eq!(address(written).as_deref(), Some("kim-min@example.com"), "{written:?}");
        }
    }
}
