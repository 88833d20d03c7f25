//! What kind of mail came back, by its headers and parts; its words are looked at elsewhere.

use std::{borrow::Cow, collections::BTreeSet};

use mail_parser::{
    Addr, Address, Encoding, HeaderValue, Message, MessagePart, MimeHeaders, PartType,
    decoders::{base64::base64_decode, html::html_to_text, quoted_printable::quoted_printable_decode},
};

use super::{
    complaint::FeedbackReport,
    text::{groups, text_of, utf_16},
};

/// Where mail servers write down which address a mail was delivered to, beside `To`.
const ADDRESSED_BY: [&str; 3] = ["Delivered-To", "X-Original-To", "Envelope-To"];
/// The words of a mail, its subject among them, are looked at up to this many bytes in all.
const WORDS_BYTES_MAX: usize = 64 * 1024;
/// Who writes in a mail server's name, whatever the envelope says.
const DAEMONS: [&str; 4] = ["mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon"];
/// How a subject begins that an answering machine has written.
const AWAY: &[&str] = &[
    "out of office",
    "out of the office",
    "automatic reply",
    "auto reply",
    "autoreply",
    "auto:",
    "automatische antwort",
    "réponse automatique",
    "respuesta automática",
    "vacation",
    "on vacation",
    "away",
    "i am away",
    "부재중",
    "자동 응답",
    "자동응답",
    "자동 회신",
    "자동회신",
    "휴가",
    "自动回复",
    "自動回覆",
    "自動返信",
    "不在",
];

/// What a report about a reader says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// The mail was opened or thrown away, so that it arrived.
    Arrived,
    /// It says something else, or of a delivery too.
    Unclear,
}

/// Whether the fields of a report about a reader say that the mail was in a mailbox, and nothing that may mean otherwise.
///
/// The part of a report about a delivery under this name is no word of a reader, and `failed` or `error` beside a
/// disposition is one of a program.
fn tells_of_a_reader(fields: &[u8]) -> bool {
    let (mut has_arrived, mut is_odd) = (false, false);
    let groups = groups(fields);
    let fields = groups.iter().flat_map(|group| group.lines()).filter_map(|line| line.split_once(':'));
    for (name, value) in fields {
        let value = value.trim().to_ascii_lowercase();
        match name.trim().to_ascii_lowercase().as_str() {
            "disposition" => {
                let said = value.rsplit(';').next().unwrap_or_default().trim().to_owned();
                has_arrived |= ["displayed", "deleted", "read"].contains(&said.as_str());
                is_odd |= !["displayed", "deleted", "read"].contains(&said.as_str());
            }
            "action" | "status" | "diagnostic-code" | "failure" | "error" => is_odd = true,
            _ => {}
        }
    }
    has_arrived && !is_odd
}

/// What a mail says, up to a size that reading it takes no time.
pub(super) struct Words {
    pub(super) text: String,
    pub(super) end: WordsEnd,
}

/// Whether a mail's words are all there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordsEnd {
    /// They are.
    Whole,
    /// It says more than is looked at.
    Cut,
}

impl Words {
    /// Adds a paragraph as far as there is room.
    fn add(&mut self, text: &str) {
        let kept = text.floor_char_boundary(WORDS_BYTES_MAX.saturating_sub(self.text.len()));
        self.text.push_str(&text[..kept]);
        if kept < text.len() {
            self.end = WordsEnd::Cut;
        } else if !text.is_empty() {
            self.text.push_str("\n\n");
        }
    }
}

/// A mail that came to one of our bounce addresses.
pub(super) struct CameBack<'a>(pub(super) &'a Message<'a>);

impl<'a> CameBack<'a> {
    /// Every address that the mail may have come to; the headers stand in the outermost mail alone.
    pub(super) fn addressed_to(&self) -> impl Iterator<Item = String> + use<'a> {
        let written_down = self
            .0
            .headers()
            .iter()
            .filter(|header| ADDRESSED_BY.iter().any(|name| header.name().eq_ignore_ascii_case(name)))
            .filter_map(|header| match header.value() {
                HeaderValue::Text(text) => Some(text.to_string()),
                HeaderValue::Address(address) => address.first()?.address().map(str::to_owned),
                _ => None,
            });
        let to = self.0.to().into_iter().flat_map(Address::iter);
        written_down.chain(to.filter_map(|to| to.address().map(str::to_owned)))
    }

    /// The parts that are made for programs, however deep they lie; those of a mail that is only forwarded are its own.
    pub(super) fn delivery_statuses(&self) -> Vec<&'a [u8]> {
        let mail: &'a Message<'a> = self.0;
        let wanted = ["delivery-status", "global-delivery-status"];
        let parts = mail.parts.iter().filter(|part| is_kind(part, "message", &wanted));
        parts.map(MessagePart::contents).collect()
    }

    /// Whether it says by its type that it is a report about a delivery.
    pub(super) fn claims_to_be_a_report(&self) -> bool {
        let report_type = |part: &MessagePart<'_>| {
            let kind = part.content_type()?.attribute("report-type")?;
            Some(kind.eq_ignore_ascii_case("delivery-status"))
        };
        self.0.parts.iter().any(|part| report_type(part).unwrap_or(false))
    }

    /// What somebody's complaint about the mail says (RFC 5965), where it is one.
    pub(super) fn complaint(&self) -> Option<FeedbackReport> {
        let part = self.0.parts.iter().find(|part| is_kind(part, "message", &["feedback-report"]))?;
        Some(FeedbackReport::read(part.contents(), self.0))
    }

    /// What it tells of a reader (RFC 8098), where it has a part for that.
    pub(super) fn reading(&self) -> Option<Reading> {
        let of_a_reader = |part: &&MessagePart<'_>| is_kind(part, "message", &["disposition-notification"]);
        let mut parts = self.0.parts.iter().filter(of_a_reader).peekable();
        parts.peek()?;
        Some(if parts.all(|part| tells_of_a_reader(part.contents())) {
            Reading::Arrived
        } else {
            Reading::Unclear
        })
    }

    /// Whether a mail server sent it rather than a person or an answering machine.
    ///
    /// Mail servers report without a sender, so that nobody answers them. Some answering machines do as well, and a mail
    /// whose sender nobody has written down may be either.
    pub(super) fn is_a_mail_servers(&self) -> bool {
        let sender = self.0.headers().iter().find(|header| header.name().eq_ignore_ascii_case("Return-Path"));
        let has_sender = sender.is_some_and(|header| match header.value() {
            HeaderValue::Text(text) => text.contains('@'),
            HeaderValue::TextList(texts) => texts.iter().any(|text| text.contains('@')),
            HeaderValue::Address(address) => address.iter().any(|one| one.address().is_some()),
            _ => false,
        });
        !has_sender || self.0.from().into_iter().flat_map(Address::iter).any(is_a_daemon)
    }

    /// Whether an answering machine says of itself that it is one.
    pub(super) fn is_an_away_note(&self) -> bool {
        let header = |name: &str| {
            let found = self.0.header_raw(name).unwrap_or_default();
            found.trim().to_lowercase()
        };
        let auto_submitted = header("Auto-Submitted");
        let subject = self.0.subject().unwrap_or_default().trim().to_lowercase();
        auto_submitted.contains("vacation")
            || auto_submitted.starts_with("auto-replied") && AWAY.iter().any(|away| subject.starts_with(away))
    }

    /// The subject and what the mail itself says, without what it forwards.
    pub(super) fn words(&self) -> Words {
        let mut words = Words { text: String::new(), end: WordsEnd::Whole };
        words.add(self.0.subject().unwrap_or_default());
        for part in self.0.parts.iter().filter(|part| !is_kind(part, "text", &["rfc822-headers"])) {
            let wide = || self.utf_16_of(part);
            match &part.body {
                PartType::Text(text) => words.add(&wide().map_or(Cow::Borrowed(&**text), Cow::Owned)),
                PartType::Html(html) => {
                    words.add(&html_to_text(&wide().map_or(Cow::Borrowed(&**html), Cow::Owned)));
                }
                // Parts whose boundary nobody has written down are one piece.
                PartType::Binary(bytes) if is_multipart(part) => words.add(&text_of(bytes)),
                PartType::Binary(_)
                | PartType::InlineBinary(_)
                | PartType::Message(_)
                | PartType::Multipart(_) => {}
            }
        }
        words
    }

    /// The text of a part in UTF-16, which its bytes tell: without the right charset the parser took them for UTF-8.
    fn utf_16_of(&self, part: &MessagePart<'_>) -> Option<String> {
        let range = usize::try_from(part.offset_body).ok()?..usize::try_from(part.offset_end).ok()?;
        let raw = self.0.raw_message().get(range)?;
        match part.encoding {
            Encoding::None => utf_16(raw),
            Encoding::Base64 => utf_16(&base64_decode(raw)?),
            Encoding::QuotedPrintable => utf_16(&quoted_printable_decode(raw)?),
        }
    }

    /// Whom the server that wrote it names as not reached, where it has a header for that (Exim).
    pub(super) fn failed_recipients(&self) -> Option<String> {
        self.0.header_raw("X-Failed-Recipients").map(|text| text.trim().to_owned())
    }

    /// The addresses of its own head, which it names for another reason than that they were not reached.
    pub(super) fn own_addresses(&self) -> BTreeSet<String> {
        let from = self.0.from().into_iter().flat_map(Address::iter);
        let from = from.filter_map(|one| one.address().map(str::to_owned));
        from.chain(self.addressed_to()).map(|address| address.to_ascii_lowercase()).collect()
    }
}

fn is_a_daemon(from: &Addr<'_>) -> bool {
    let local = from.address().and_then(|address| address.split('@').next()).unwrap_or_default();
    DAEMONS.iter().any(|daemon| local.eq_ignore_ascii_case(daemon))
}

fn is_multipart(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|kind| kind.ctype().eq_ignore_ascii_case("multipart"))
}

fn is_kind(part: &MessagePart<'_>, kind: &str, subtypes: &[&str]) -> bool {
    part.content_type().is_some_and(|found| {
        found.ctype().eq_ignore_ascii_case(kind)
            && found
                .subtype()
                .is_some_and(|subtype| subtypes.iter().any(|wanted| subtype.eq_ignore_ascii_case(wanted)))
    })
}
