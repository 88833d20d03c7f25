//! The bytes of a mail, and of what lies in it, as text: whatever they are written in, and however their lines end.

use std::borrow::Cow;

/// Whether bytes are UTF-16 is seen by so many of them, which belong to a name of a header in ASCII.
const UTF_16_LOOK_BYTES: usize = 64;

/// The mail in the form that mails have: some programs that store mails write UTF-16, or end lines with a carriage return
/// alone, and a parser of mails then finds no header at all.
pub(super) fn as_a_mail(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = utf_16(bytes).map_or(Cow::Borrowed(bytes), |text| Cow::Owned(text.into_bytes()));
    if bytes.contains(&b'\n') && !has_returns_alone(&bytes) {
        return bytes;
    }
    let mut mail = bytes.into_owned();
    for at in 0..mail.len() {
        if mail[at] == b'\r' && mail.get(at + 1) != Some(&b'\n') {
            mail[at] = b'\n';
        }
    }
    Cow::Owned(mail)
}

/// Whether a field of the head, or the head itself, ends with a carriage return alone.
///
/// The program that stored the mail may have put fields of its own before it, and a line feed may be anywhere below. In
/// any other mail such a return ends no line.
fn has_returns_alone(mail: &[u8]) -> bool {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let mut rest = mail.trim_ascii_start();
    let mut is_after_return = false;
    while let Some(at) = rest.iter().position(is_end) {
        let is_whole = rest[at..].starts_with(b"\r\n");
        let is_return = rest[at] == b'\r' && !is_whole;
        rest = &rest[at + if is_whole { 2 } else { 1 }..];
        if at == 0 {
            return is_return && is_after_return;
        }
        if is_return && begins_with_a_field(rest) {
            return true;
        }
        is_after_return = is_return;
    }
    false
}

fn begins_with_a_field(line: &[u8]) -> bool {
    let name = line.iter().take_while(|byte| byte.is_ascii_graphic() && **byte != b':').count();
    name > 0 && line.get(name) == Some(&b':')
}

/// Bytes as text; UTF-16 is known by its mark, or by the zeros between ASCII letters.
pub(super) fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match utf_16(bytes) {
        Some(text) => Cow::Owned(text),
        None => String::from_utf8_lossy(bytes),
    }
}

/// The text of bytes that are UTF-16.
pub(super) fn utf_16(bytes: &[u8]) -> Option<String> {
    let beginning = &bytes[..bytes.len().min(UTF_16_LOOK_BYTES)];
    let zeros = |odd: usize| beginning.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let mostly = |zeros: usize| zeros * 4 > beginning.len();
    let from_pair: fn([u8; 2]) -> u16 = match beginning {
        [0xff, 0xfe, ..] => u16::from_le_bytes,
        [0xfe, 0xff, ..] => u16::from_be_bytes,
        _ if mostly(zeros(1)) => u16::from_le_bytes,
        _ if mostly(zeros(0)) => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes.chunks_exact(2).map(|pair| from_pair([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    Some(text.trim_start_matches('\u{feff}').to_owned())
}

/// The groups of fields, which empty lines divide; a line that begins with a space goes on with the field before.
pub(super) fn groups(fields: &[u8]) -> Vec<String> {
    let text = text_of(fields).replace("\r\n", "\n").replace('\r', "\n");
    let mut groups = vec![String::new()];
    for line in text.lines() {
        let group = groups.last_mut().expect("there is always one");
        if line.trim().is_empty() {
            groups.push(String::new());
        } else if line.starts_with([' ', '\t']) {
            group.push_str(line);
        } else {
            group.push('\n');
            group.push_str(line);
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_returns_that_end_a_field_or_the_head_end_lines() {
        for (mail, expected) in [
            ("To: a\rFrom: b\r\rtext\n", "To: a\nFrom: b\n\ntext\n"),
            ("To: a\r\rtext\r\n", "To: a\n\ntext\r\n"),
            ("\r\nTo: a\rFrom: b\r", "\r\nTo: a\nFrom: b\n"),
            ("To: a\r b\rc", "To: a\n b\nc"),
            ("To: a\r\nSubject: b\rc\r\n\r\nx\rTo: y\r\rz", "To: a\r\nSubject: b\rc\r\n\r\nx\rTo: y\r\rz"),
            ("To: a\r\r\nFrom: b\r\r\n\r\r\ntext", "To: a\r\r\nFrom: b\r\r\n\r\r\ntext"),
            ("To: a\nFrom: b\n\nx\r\ry: z", "To: a\nFrom: b\n\nx\r\ry: z"),
        ] {
            assert_eq!(String::from_utf8_lossy(&as_a_mail(mail.as_bytes())), expected, "{mail:?}");
        }
    }
}
