//! What an SMTP reply means for one mail: the enhanced code first, then the basic one, and the phase of the dialogue.

use closure_contract::FailureCode;

use crate::refusal::{Wording, wording};

/// The server says goodbye, whatever it was asked.
pub(crate) const SERVICE_CLOSING: u16 = 421;

/// How far a dialogue had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// TCP and TLS.
    Connect,
    /// The server's greeting.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA, and the mail's bytes up to the final dot.
    Data,
    /// The final dot is on its way.
    AfterDot,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Greeting => "the greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::MailFrom => "MAIL FROM",
            Self::RcptTo => "RCPT TO",
            Self::Data => "DATA",
            Self::AfterDot => "the end of the message",
        }
    }
}

/// A reply of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) basic: u16,
    /// Subject and detail of the enhanced code, whose class agrees with the basic code.
    pub(crate) enhanced: Option<(u16, u16)>,
    /// The text of each line.
    pub(crate) lines: Vec<String>,
}

impl Reply {
    pub(crate) fn new(basic: u16, lines: Vec<String>) -> Self {
        Self { basic, enhanced: lines.iter().find_map(|line| enhanced(basic, line)), lines }
    }

    /// The text, on one line.
    pub(crate) fn text(&self) -> String {
        self.lines.join(" ")
    }

    /// The most exact code, for people.
    pub(crate) fn code(&self) -> String {
        match self.enhanced {
            Some((subject, detail)) => format!("{}-{}.{subject}.{detail}", self.basic, self.basic / 100),
            None => self.basic.to_string(),
        }
    }
}

/// The enhanced code of a line, whose class must agree with the reply's.
///
/// It is the first word (RFC 2034), which some servers write as `#5.1.1`; qmail writes `(#5.1.1)` at the end.
fn enhanced(basic: u16, line: &str) -> Option<(u16, u16)> {
    let first = line.split_whitespace().next().map(|word| word.trim_start_matches('#'));
    let marked = line.split_whitespace().filter_map(|word| {
        word.trim_end_matches('.').strip_prefix("(#").and_then(|word| word.strip_suffix(')'))
    });
    first.into_iter().chain(marked).find_map(|word| {
        let mut parts = word.split('.');
        let (class, subject, detail) = (parts.next()?, parts.next()?, parts.next()?);
        let agrees = parts.next().is_none() && number(class)? == basic / 100;
        agrees.then_some((number(subject)?, number(detail)?))
    })
}

fn number(part: &str) -> Option<u16> {
    let is_number = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| part.parse().ok()).flatten()
}

/// Our code for a negative reply (4yz or 5yz).
pub(crate) fn classify(reply: &Reply, phase: Phase) -> FailureCode {
    match phase {
        // Nobody has spoken of this mail yet, so it cannot be the mail's fault.
        Phase::Connect | Phase::Greeting | Phase::Hello | Phase::StartTls => classify_session(reply),
        Phase::Auth => match reply.basic / 100 {
            4 => FailureCode::MailServerUnavailable,
            _ => FailureCode::MailAuth,
        },
        Phase::MailFrom | Phase::RcptTo | Phase::Data | Phase::AfterDot => match reply.basic / 100 {
            4 => classify_transient(reply),
            _ => classify_permanent(reply, phase),
        },
    }
}

fn classify_session(reply: &Reply) -> FailureCode {
    match reply.basic {
        530 | 534 | 535 | 538 => FailureCode::MailAuth,
        // It is there, and will not have us: block lists of the greeting say so with 550 or 554.
        500.. => FailureCode::MailServerRefused,
        _ => FailureCode::MailServerUnavailable,
    }
}

fn classify_transient(reply: &Reply) -> FailureCode {
    match (reply.basic, reply.enhanced) {
        // 4.7.x is about us or this recipient (rate, greylisting), whatever the basic code.
        (SERVICE_CLOSING, Some((7, _))) => FailureCode::MailDeferred,
        (SERVICE_CLOSING, _) => FailureCode::MailServerUnavailable,
        (454, Some((7, _))) => FailureCode::MailServerUnavailable,
        _ => FailureCode::MailDeferred,
    }
}

fn classify_permanent(reply: &Reply, phase: Phase) -> FailureCode {
    if let 530 | 534 | 535 | 538 = reply.basic {
        return FailureCode::MailAuth;
    }
    match (reply.enhanced, phase) {
        // Once the server knows the recipient such a code may be of another server behind it, and of its policy.
        (Some((7, 8 | 9 | 11 | 14)), Phase::MailFrom) => FailureCode::MailAuth,
        (Some((7, _)), _) => FailureCode::MailPolicyRefused,
        // 5.1.7 and 5.1.8 speak of our own address, and so does any address refused at MAIL FROM.
        (Some((1, 7 | 8)), _) | (Some((1, _)), Phase::MailFrom) => FailureCode::MailPolicyRefused,
        (Some((1, _)), _) => FailureCode::MailboxRefused,
        (Some((2, 3)) | Some((3, 4)), _) => FailureCode::MailTooLarge,
        // A full mailbox may have room tomorrow.
        (Some((2, 2)), _) => FailureCode::MailDeferred,
        // Disabled: it takes no mail.
        (Some((2, _)), _) => FailureCode::MailboxRefused,
        // No route to the recipient's host.
        (Some((4, 1 | 4)), _) => FailureCode::MailboxRefused,
        // 5.0.0 says no more than the basic code does.
        (Some((0, 0)) | None, _) => classify_basic(reply, phase),
        (Some(_), _) => FailureCode::MailRefused,
    }
}

/// Without an enhanced code the same 550 stands for an unknown mailbox and for a block list; its words may tell.
fn classify_basic(reply: &Reply, phase: Phase) -> FailureCode {
    match (reply.basic, phase, wording(&reply.text())) {
        (552, _, _) => FailureCode::MailTooLarge,
        (521 | 556, _, _) => FailureCode::MailboxRefused,
        (550 | 551 | 553 | 554, Phase::RcptTo | Phase::AfterDot, Wording::NoMailbox) => {
            FailureCode::MailboxRefused
        }
        (550 | 551 | 553, Phase::RcptTo, Wording::Unclear) => FailureCode::MailboxRefused,
        (550 | 551 | 553 | 554, _, _) => FailureCode::MailPolicyRefused,
        _ => FailureCode::MailRefused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_means_what_its_most_exact_code_and_its_phase_say() {
        use Phase::{AfterDot, Auth, Data, Greeting, Hello, MailFrom, RcptTo, StartTls};
        for (basic, text, phase, expected) in [
            (554, "5.7.1 your address is listed", Greeting, "mail_server_refused"),
            (550, "black ip.", Greeting, "mail_server_refused"),
            (550, "", Hello, "mail_server_refused"),
            (502, "5.5.1 not here", StartTls, "mail_server_refused"),
            (454, "4.7.0 no TLS today", StartTls, "mail_server_unavailable"),
            (421, "too busy", Greeting, "mail_server_unavailable"),
            (530, "5.7.0 must authenticate", Hello, "mail_auth"),
            (535, "5.7.8 bad credentials", Auth, "mail_auth"),
            (454, "4.7.0 temporary failure", Auth, "mail_server_unavailable"),
            (530, "5.7.0 authentication required", MailFrom, "mail_auth"),
            (550, "5.7.11 encryption needed", MailFrom, "mail_auth"),
            (421, "4.3.2 shutting down", RcptTo, "mail_server_unavailable"),
            (421, "shutting down", AfterDot, "mail_server_unavailable"),
            (421, "4.7.28 rate limited", RcptTo, "mail_deferred"),
            (451, "4.7.1 greylisted", RcptTo, "mail_deferred"),
            (450, "4.2.0 greylisted", RcptTo, "mail_deferred"),
            (452, "4.2.2 mailbox full", RcptTo, "mail_deferred"),
            (452, "4.3.1 out of storage", MailFrom, "mail_deferred"),
            (451, "4.4.1 no answer", AfterDot, "mail_deferred"),
            (450, "try later", RcptTo, "mail_deferred"),
            (550, "5.1.1 unknown", RcptTo, "mailbox_refused"),
            (550, "5.1.2 bad host", RcptTo, "mailbox_refused"),
            (553, "5.1.3 bad syntax", RcptTo, "mailbox_refused"),
            (556, "5.1.10 null MX", RcptTo, "mailbox_refused"),
            (550, "no such user", RcptTo, "mailbox_refused"),
            (550, "", RcptTo, "mailbox_refused"),
            (550, "5.0.0 User unknown", RcptTo, "mailbox_refused"),
            (550, "sorry, no mailbox here by that name. (#5.1.1)", RcptTo, "mailbox_refused"),
            (554, "User unknown", RcptTo, "mailbox_refused"),
            (550, "black ip.", RcptTo, "mail_policy_refused"),
            (550, "listed at a DNSBL", RcptTo, "mail_policy_refused"),
            (550, "Ip frequency limited", RcptTo, "mail_policy_refused"),
            (550, "#5.7.1 refused", RcptTo, "mail_policy_refused"),
            (550, "relaying denied", RcptTo, "mail_policy_refused"),
            (551, "not local", RcptTo, "mailbox_refused"),
            (553, "not allowed", RcptTo, "mailbox_refused"),
            (550, "5.2.1 disabled", RcptTo, "mailbox_refused"),
            (552, "5.2.2 over quota", AfterDot, "mail_deferred"),
            (550, "5.4.1 access denied", RcptTo, "mailbox_refused"),
            (554, "5.1.1 unknown", AfterDot, "mailbox_refused"),
            (553, "5.1.8 bad sender", RcptTo, "mail_policy_refused"),
            (550, "5.1.0 sender rejected", MailFrom, "mail_policy_refused"),
            (550, "5.7.1 SPF failed", RcptTo, "mail_policy_refused"),
            (550, "5.7.26 unauthenticated", AfterDot, "mail_policy_refused"),
            (554, "transaction failed", AfterDot, "mail_policy_refused"),
            (550, "spam", AfterDot, "mail_policy_refused"),
            (552, "5.3.4 too big", MailFrom, "mail_too_large"),
            (552, "5.2.3 too long", AfterDot, "mail_too_large"),
            (552, "too much", Data, "mail_too_large"),
            (500, "5.5.2 syntax", MailFrom, "mail_refused"),
            (501, "syntax", RcptTo, "mail_refused"),
            (503, "5.5.1 bad sequence", Data, "mail_refused"),
            (554, "5.6.0 malformed", AfterDot, "mail_refused"),
            (555, "parameters", MailFrom, "mail_refused"),
        ] {
            let code = classify(&Reply::new(basic, vec![text.to_owned()]), phase);
            assert_eq!(code.as_str(), expected, "{basic} {text} at {phase:?}");
        }
    }

    #[test]
    fn an_enhanced_code_that_contradicts_the_basic_code_does_not_count() {
        for text in ["2.1.1 ok", "4.1.1 later", "5.1", "5.1.1.1 x", "5.1.1111 x", "5.a.1 x", "", "x 5.1.1"] {
            assert_eq!(reply(&[text]).enhanced, None, "{text}");
        }
        assert_eq!(reply(&["5.1.1 x"]).enhanced, Some((1, 1)));
        assert_eq!(reply(&["5.1.1 x"]).code(), "550-5.1.1");
    }

    #[test]
    fn an_enhanced_code_is_found_on_whichever_line_has_one_and_in_the_forms_that_servers_use() {
        for lines in [
            &["refused", "5.7.1 by policy"][..],
            &["5.7.1 by policy", "5.1.1 unknown"],
            &["4.7.1 x", "5.7.1 x"],
            &["#5.7.1 x"],
            &["", "sorry, not for you (#5.7.1)"],
        ] {
            assert_eq!(reply(lines).enhanced, Some((7, 1)), "{lines:?}");
        }
    }

    fn reply(lines: &[&str]) -> Reply {
        Reply::new(550, lines.iter().map(|line| (*line).to_owned()).collect())
    }
}
