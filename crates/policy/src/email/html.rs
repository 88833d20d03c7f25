//! HTML that is safe to stand inside a mail of ours.

use std::{collections::HashSet, fmt::Write, sync::LazyLock};

use ammonia::{Builder, UrlRelative};

use super::html_cost;
use crate::sms::text::unix_lines;

/// Plain text as HTML: paragraphs at blank lines, breaks at others, everything else escaped.
pub(crate) fn from_text(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    for paragraph in unix_lines(text).split("\n\n").map(|paragraph| paragraph.trim_matches('\n')) {
        if paragraph.trim().is_empty() {
            continue;
        }
        html.push_str("<p>");
        for character in paragraph.chars() {
            match character {
                '&' => html.push_str("&amp;"),
                '<' => html.push_str("&lt;"),
                '>' => html.push_str("&gt;"),
                '"' => html.push_str("&quot;"),
                '\'' => html.push_str("&#39;"),
                '\n' => html.push_str("<br>\n"),
                _ => html.push(character),
            }
        }
        writeln!(html, "</p>").expect("a String takes every write");
    }
    html
}

/// HTML that came with a job: text, lists, tables and links stay, every tag is closed.
///
/// Scripts, styles, forms, comments and pictures go: a remote picture tells a stranger who opened the mail,
/// and an open tag or a comment would swallow the frame's own words.
pub(crate) fn sanitised(html: &str) -> Result<String, TooDear> {
    if html_cost::is_too_dear(html) { Err(TooDear) } else { Ok(CLEANER.clean(html).to_string()) }
}

/// To read this HTML costs more than a mail may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooDear;

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = Builder::default();
    cleaner
        .rm_tags(["img", "area", "map"])
        .url_schemes(HashSet::from(["https", "http", "mailto", "tel"]))
        .url_relative(UrlRelative::Deny);
    cleaner
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_made_from_text_is_escaped() {
        assert_eq!(
            from_text("Hi <b>&\"you\"\r\nline\n\n\n\nnext"),
            "<p>Hi &lt;b&gt;&amp;&quot;you&quot;<br>\nline</p>\n<p>next</p>\n"
        );
    }

    #[test]
    fn html_of_a_job_keeps_its_words_and_loses_what_acts() {
        for (given, expected) in [
            ("<p>Dear <b>Kim</b></p>", "<p>Dear <b>Kim</b></p>"),
            ("Hi<script>alert(1)</script>", "Hi"),
            ("<p onclick=\"x()\" style=\"display:none\">Hi</p>", "<p>Hi</p>"),
            ("<img src=\"https://track.example/1.png\">Hi", "Hi"),
            ("<a href=\"javascript:x()\">Hi</a>", "<a rel=\"noopener noreferrer\">Hi</a>"),
            ("<div><b>open", "<div><b>open</b></div>"),
            ("</div></body></html>Hi", "Hi"),
            ("Hi<!-- the rest", "Hi"),
            ("{{ sender_address }}", "{{ sender_address }}"),
        ] {
            assert_eq!(sanitised(given).as_deref(), Ok(expected), "{given}");
        }
    }
}
