//! Reading a reply: its code decides, whatever its text is written in (RFC 5321, 4.2).
//!
//! Real servers leave the text or its space out, write it in the charset of their own country, or go on for pages.
//! The mail library's reader refuses all of that, and a mail that was taken would be sent again.

use super::{
    reply::Reply,
    stream::{LineEnd, Wire},
};

/// Of one reply at most this many lines are kept; an EHLO reply has a few dozen at most.
const LINES_KEPT: usize = 64;

/// Why no reply was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The connection ended first.
    Cut,
    /// What came does not begin with a reply code.
    NoReply,
    /// It went on for longer than any server may, and never began with a reply code.
    Flood,
}

impl Unread {
    /// What happened, for people.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Cut => "the connection broke",
            Self::NoReply => "no complete and readable reply came",
            Self::Flood => "the mail server says more than the limit, and no reply code",
        }
    }
}

/// What follows a line of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Another line.
    More,
    /// Nothing.
    Nothing,
}

/// Reads one whole reply.
///
/// Of lines whose codes differ the last one counts, as it does for other mail servers. A line without a code between
/// others is text. A last line counts where the connection ended in its text: the code had come. Where it ended before
/// the space, more of the code might have come, or word that another line follows.
pub(crate) async fn read(wire: &mut Wire) -> Result<Reply, Unread> {
    let mut lines = Vec::new();
    let mut code = None;
    loop {
        let line = wire.line().await.map_err(|_| Unread::Cut)?;
        let then = match (parse(&line.bytes), code) {
            // More was to come, and might have said otherwise.
            (Some((_, Then::More, _)), _) if line.end == LineEnd::Cut => return Err(Unread::Cut),
            (Some(_), _) if line.end == LineEnd::Cut && !has_separator(&line.bytes) => {
                return Err(Unread::Cut);
            }
            (Some((found, then, text)), _) => {
                code = Some(found);
                keep(&mut lines, text);
                then
            }
            (None, Some(_)) => {
                keep(&mut lines, &line.bytes);
                Then::More
            }
            (None, _) if line.end == LineEnd::Cut => return Err(Unread::Cut),
            (None, None) if line.end == LineEnd::AtTheLimit => return Err(Unread::Flood),
            (None, None) => return Err(Unread::NoReply),
        };
        if let (Some(code), true) = (code, then == Then::Nothing || line.end == LineEnd::AtTheLimit) {
            return Ok(Reply::new(code, lines));
        }
    }
}

/// The code of a line, whether another follows, and its text.
fn parse(line: &[u8]) -> Option<(u16, Then, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    if !matches!(digits, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']) {
        return None;
    }
    let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.first() {
        Some(b'0'..=b'9') => None,
        Some(b'-') => Some((code, Then::More, &rest[1..])),
        Some(b' ' | b'\t') => Some((code, Then::Nothing, &rest[1..])),
        Some(_) | None => Some((code, Then::Nothing, rest)),
    }
}

/// Whether the code of a line is whole, and its line the last: three digits may be the beginning of `250-` or of `2500`.
fn has_separator(line: &[u8]) -> bool {
    matches!(line.get(3), Some(b' ' | b'\t'))
}

fn keep(lines: &mut Vec<String>, text: &[u8]) {
    if lines.len() < LINES_KEPT {
        lines.push(shown(text));
    }
}

/// Text as far as it can be shown: what is not UTF-8, and every control character, becomes a visible mark.
fn shown(text: &[u8]) -> String {
    let mut shown = String::new();
    for c in String::from_utf8_lossy(text).chars() {
        let c = match c {
            '\t' => ' ',
            c if c.is_control() => char::REPLACEMENT_CHARACTER,
            c => c,
        };
        // A text in another charset would be a row of such marks.
        if c != char::REPLACEMENT_CHARACTER || !shown.ends_with(char::REPLACEMENT_CHARACTER) {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    async fn read_bytes(bytes: &[u8]) -> Result<Reply, Unread> {
        let (mut theirs, ours) = tokio::io::duplex(bytes.len().max(1));
        theirs.write_all(bytes).await.expect("the pipe has room for all of it");
        drop(theirs);
        read(&mut Wire::new(ours)).await
    }

    #[tokio::test]
    async fn a_reply_is_its_code_whatever_its_text_is() {
        for (bytes, code, text) in [
            (&b"250\r\n"[..], 250, ""),
            (b"250\n", 250, ""),
            (b"250 \r\n", 250, ""),
            (b"250\t2.0.0 ok\r\n", 250, "2.0.0 ok"),
            (b"250Ok\r\n", 250, "Ok"),
            (b"250 2.0.0 \xd3\xca\xbc\xfe queued\r\n", 250, "2.0.0 \u{fffd}\u{2bc}\u{fffd} queued"),
            (b"550\xb8\xde\xc0\xcf\r\n", 550, "\u{fffd}"),
            (b"550 a\x1b[2J\x00b\r\n", 550, "a\u{fffd}[2J\u{fffd}b"),
            (b"250-\r\n250\r\n", 250, " "),
            (b"250-one\r\n250-two\r\n250 three\r\n", 250, "one two three"),
            (b"250-one\r\n two\r\n250 three\r\n", 250, "one  two three"),
            (b"250-queued\r\n550 no, refused\r\n", 550, "queued no, refused"),
            (b"550-refused\r\n250\r\n", 250, "refused "),
            (b"599 x\r\n", 599, "x"),
            (b"250 ", 250, ""),
            (b"250\t", 250, ""),
            (b"250 2.0.0 queued a", 250, "2.0.0 queued a"),
            (b"250-one\r\n550 two", 550, "one two"),
        ] {
            let reply = read_bytes(bytes).await.expect("a reply");
            assert_eq!((reply.basic, reply.text().as_str()), (code, text), "{}", bytes.escape_ascii());
        }
    }

    #[tokio::test]
    async fn what_is_cut_short_or_no_code_is_no_reply() {
        for (bytes, why) in [
            (&b""[..], Unread::Cut),
            (b"2", Unread::Cut),
            (b"25", Unread::Cut),
            (b"250", Unread::Cut),
            (b"250\r", Unread::Cut),
            (b"250O", Unread::Cut),
            (b"250-half of\r\n250", Unread::Cut),
            (b"250-half", Unread::Cut),
            (b"250-half of\r\n", Unread::Cut),
            (b"250-half of\r\n25", Unread::Cut),
            (b"\r\n", Unread::NoReply),
            (b"2500 ok\r\n", Unread::NoReply),
            (b"199 ok\r\n", Unread::NoReply),
            (b"600 ok\r\n", Unread::NoReply),
            (b"25x ok\r\n", Unread::NoReply),
            (b"hello\r\n", Unread::NoReply),
        ] {
            assert_eq!(read_bytes(bytes).await, Err(why), "{}", bytes.escape_ascii());
        }
        assert_eq!(read_bytes(&[b'x'; 300_000]).await, Err(Unread::Flood));
    }

    #[tokio::test]
    async fn a_reply_without_an_end_counts_by_its_code_and_a_long_one_is_kept_in_part() {
        let endless = [b"250 ".as_slice(), &[b'x'; 300_000]].concat();
        assert_eq!(read_bytes(&endless).await.expect("a code").basic, 250);
        assert_eq!(read_bytes(&b"550-x\r\n".repeat(50_000)).await.expect("a code").basic, 550);
        let long = [b"250 ".as_slice(), &[b'x'; 200_000], b"\r\n"].concat();
        let reply = read_bytes(&long).await.expect("a reply");
        assert!(reply.text().len() <= 1_024, "{}", reply.text().len());
    }
}
