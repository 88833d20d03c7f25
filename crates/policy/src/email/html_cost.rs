//! How dear HTML is to read, looked at before it is read.
//!
//! A reader of HTML looks through the open elements at each tag, and opens formatting again in each paragraph: a mail of
//! 64 KiB can cost it minutes, or become a mail of many megabytes. Tags alone are counted, by the tokenizer of that reader,
//! and whatever is open for it is counted as open here: an end tag counts only for the element that was opened last.

use std::cell::{Cell, RefCell};

use html5ever::{
    LocalName,
    tendril::StrTendril,
    tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts},
};

/// Open elements at a tag, added up over all tags; a table of 700 rows within twenty quoted elements stays below.
const WORK_MAX: usize = 200_000;
/// Elements in which nothing stands, and those that the next one of their kind ends by itself (HTML, 13.1.2.4).
const NEVER_LEFT_OPEN: [&str; 22] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "optgroup",
    "option", "p", "source", "tbody", "td", "th", "tr", "wbr",
];

/// Whether to read it costs more than a mail may.
pub(crate) fn is_too_dear(html: &str) -> bool {
    let tokenizer = Tokenizer::new(Work::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    // It never stops to run a script, because no sink of ours asks it to.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    tokenizer.sink.sum.get() > WORK_MAX
}

#[derive(Default)]
struct Work {
    sum: Cell<usize>,
    open: RefCell<Vec<LocalName>>,
}

impl TokenSink for Work {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(Tag { kind, name, .. }) = token {
            let mut open = self.open.borrow_mut();
            self.sum.set(self.sum.get() + open.len());
            match kind {
                TagKind::StartTag if NEVER_LEFT_OPEN.contains(&&*name) => {}
                TagKind::StartTag => open.push(name),
                TagKind::EndTag if open.last() == Some(&name) => {
                    open.pop();
                }
                TagKind::EndTag => {}
            }
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_that_is_dear_to_read_is_known_whatever_hides_its_end_tags() {
        let formats: String = (0..250).map(|number| format!("<b id={number}>")).collect();
        for html in [
            "<div>".repeat(12_000),
            "<DIV class='a'>".repeat(3_000),
            "<div></b>".repeat(6_000),
            "<div><!--</div>-->".repeat(3_000),
            "<div><br title='</div>'>".repeat(2_500),
            "<div><table></div></table>".repeat(2_000),
            "<div><script></div></script>".repeat(2_000),
            format!("<p>{formats}{}", "<p>x".repeat(12_000)),
        ] {
            assert!(is_too_dear(&html), "{}", html.chars().take(60).collect::<String>());
        }
    }

    #[test]
    fn long_mails_as_programs_write_them_are_read() {
        let row = "<tr><td><p><b>1</b></p></td><td><a href='https://example.com'>2</a><br></td></tr>";
        let table = format!("<table><tbody>{}</tbody></table>", row.repeat(700));
        let quoted =
            format!("{0}{table}{1}", "<div><blockquote>".repeat(10), "</blockquote></div>".repeat(10));
        for html in [
            quoted.as_str(),
            &"<p>One more paragraph.".repeat(3_000),
            &"<li>one<li>two".repeat(4_000),
            &"< 3 and & no tag ".repeat(3_000),
            &"<p>a <i>word</i><br>".repeat(3_000),
            "",
        ] {
            assert!(!is_too_dear(html), "{}", html.chars().take(60).collect::<String>());
        }
    }
}
