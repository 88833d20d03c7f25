//! Text from outside as a person may see it: nothing in it moves a cursor, turns a line around or hides.
//!
//! A routing key, a reason or a file's name is written by somebody else. On a terminal a control sequence in it
//! rewrites what stands above, a direction mark shows digits in another order, and a line break forges a line of the
//! record. Whatever this process prints or logs goes through here.

use std::{
    fmt::{self, Write as _},
    io::{self, Write},
};

use tracing_subscriber::fmt::MakeWriter;

/// A text on one line, with everything spelled out that a terminal would obey or hide: `\n`, `\u{1b}`, `\u{202e}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visible<'a>(pub &'a str);

impl fmt::Display for Visible<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if is_hidden(character) {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

/// A text of several lines that are ours; within each line it is as [`Visible`] has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisibleLines<'a> {
    pub text: &'a str,
    /// What every line but the first begins with, so that none can pass for a line of another kind.
    pub indent: &'static str,
}

impl fmt::Display for VisibleLines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, line) in self.text.split('\n').enumerate() {
            if index > 0 {
                write!(f, "\n{}", self.indent)?;
            }
            write!(f, "{}", Visible(line))?;
        }
        Ok(())
    }
}

/// A JSON document that a terminal can print: the same document, with escapes for what it would obey or hide.
///
/// Outside of its strings JSON has no such character but the line feed, which stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisibleJson<'a>(pub &'a str);

impl fmt::Display for VisibleJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character == '\n' || !is_hidden(character) {
                f.write_char(character)?;
                continue;
            }
            for unit in character.encode_utf16(&mut [0; 2]) {
                write!(f, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

/// Whether a terminal obeys a character or shows nothing for it: controls, line and paragraph separators, and what
/// Unicode calls default-ignorable, among them all direction marks and all of no width.
pub fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// How a log's events are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Events {
    /// One line for people each.
    Lines,
    /// One JSON object each.
    Json,
}

/// Standard error, to which every write is one event.
#[derive(Debug, Clone, Copy)]
pub struct VisibleLog(pub Events);

impl MakeWriter<'_> for VisibleLog {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        *self
    }
}

impl Write for VisibleLog {
    /// The subscriber hands over a whole event with its line break.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        match self.0 {
            Events::Lines => writeln!(io::stderr(), "{}", Visible(text))?,
            Events::Json => writeln!(io::stderr(), "{}", VisibleJson(text))?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{Visible, VisibleJson, VisibleLines, is_hidden};

    const HOSTILE: &str = "a\u{1b}[2J\r\n\u{7f}\u{9b}1m\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}\u{e0041}z";

    #[test]
    fn nothing_of_a_hostile_text_reaches_the_terminal_and_all_of_it_can_be_read() {
        let shown = Visible(HOSTILE).to_string();
        assert!(!shown.chars().any(is_hidden), "{shown}");
        assert_eq!(
            shown,
            "a\\u{1b}[2J\\r\\n\\u{7f}\\u{9b}1m\\u{202e}\\u{2066}\\u{200b}\\u{feff}\\u{2028}\\u{e0041}z"
        );
    }

    #[test]
    fn what_people_write_stays_as_it_is() {
        for text in
            ["고객지원 Support", "Không\\đường", "请回复 \"a\" 'b'", "ご連絡ありがとうございます", "🙂"]
        {
            assert_eq!(Visible(text).to_string(), text);
        }
    }

    #[test]
    fn a_json_document_stays_the_same_document() {
        let document =
            serde_json::to_string_pretty(&serde_json::json!({ "key": HOSTILE })).expect("it is JSON");
        let shown = VisibleJson(&document).to_string();
        assert!(!shown.chars().any(|character| character != '\n' && is_hidden(character)), "{shown}");
        let read: serde_json::Value = serde_json::from_str(&shown).expect("it is JSON still");
        assert_eq!(read["key"], HOSTILE);
    }

    #[test]
    fn a_line_of_a_longer_text_cannot_pass_for_another() {
        let shown = VisibleLines { text: "one\ntwo\r", indent: "  | " }.to_string();
        assert_eq!(shown, "one\n  | two\\r");
    }
}
