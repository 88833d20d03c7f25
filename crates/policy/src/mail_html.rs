//! HTML that is safe to stand inside a mail of ours.

use std::{collections::HashSet, fmt::Write, sync::LazyLock};

use ammonia::{Builder, UrlRelative};

use crate::sms_text::unix_lines;

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
pub(crate) fn sanitised(html: &str) -> String {
    CLEANER.clean(html).to_string()
}

/// Elements within elements at most; mail programs make some dozens, and the cleaner's work grows with the square.
const NESTING_MAX: usize = 256;
/// Elements that nothing stands in, and those that the next one of their kind ends by itself.
const NOT_NESTED: [&str; 18] = [
    "br", "hr", "img", "input", "meta", "link", "wbr", "col", "area", "p", "li", "dd", "dt", "tr", "td",
    "th", "tbody", "option",
];

/// Whether so many elements are open at once that reading them would take all of a worker's time.
pub(crate) fn is_nested_too_deep(html: &str) -> bool {
    let mut depth = 0_usize;
    html.split('<').skip(1).any(|tag| {
        let (ends, name) = tag.strip_prefix('/').map_or((false, tag), |name| (true, name));
        let end = name.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(name.len());
        let name = name[..end].to_ascii_lowercase();
        if name.starts_with(|first: char| first.is_ascii_alphabetic()) && !NOT_NESTED.contains(&name.as_str())
        {
            depth = if ends { depth.saturating_sub(1) } else { depth + 1 };
        }
        depth > NESTING_MAX
    })
}

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
    fn nesting_is_counted_by_what_stays_open() {
        let deep = |tag: &str| is_nested_too_deep(&tag.repeat(NESTING_MAX + 1));
        assert!(deep("<div>") && deep("<DIV class='a'>") && deep("<blockquote>"));
        for harmless in
            ["<br>", "<p>One more. ", "<li>", "<div></div>", "<b>x</b>", "< 3 ", "<!-- a -->", "</div>"]
        {
            assert!(!deep(harmless), "{harmless}");
        }
    }

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
            assert_eq!(sanitised(given), expected, "{given}");
        }
    }
}
