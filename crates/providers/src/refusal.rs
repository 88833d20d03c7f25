//! What a server's own words say about a refusal whose code could mean either: the mailbox, or us.

/// What the words of a refusal speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wording {
    /// There is no such mailbox.
    NoMailbox,
    /// We, our address or our mail are not welcome.
    Blocked,
    /// Neither, as far as is known.
    Unclear,
}

/// As mail servers word it that a mailbox does not exist; in lower case.
const NO_MAILBOX: &[&str] = &[
    "user unknown",
    "unknown user",
    "unknown recipient",
    "recipient unknown",
    "unknown mailbox",
    "mailbox unknown",
    "no such user",
    "no such mailbox",
    "no such recipient",
    "no such address",
    "no mailbox here",
    "user not found",
    "mailbox not found",
    "recipient not found",
    "recipientnotfound",
    "user doesn't exist",
    "user does not exist",
    "mailbox does not exist",
    "recipient does not exist",
    "address does not exist",
    "account does not exist",
    "account that you tried to reach does not exist",
    "address couldn't be found",
    "address could not be found",
    "invalid recipient",
    "invalid mailbox",
    "존재하지 않는 사용자",
    "존재하지 않는 메일",
    "존재하지 않는 주소",
    "없는 사용자",
    "用户不存在",
    "邮箱不存在",
    "地址不存在",
    "帐号不存在",
    "账号不存在",
    "宛先が見つかりません",
    "宛先アドレスが存在しない",
];

/// As block lists and policies word it; in lower case.
const BLOCKED: &[&str] = &[
    "blacklist",
    "black list",
    "black ip",
    "blackip",
    "blocklist",
    "block list",
    "blocked",
    "blocking",
    "banned",
    "dnsbl",
    "rbl",
    "spamhaus",
    "spamcop",
    "barracuda",
    "sorbs",
    "proofpoint",
    "listed",
    "reputation",
    "spam",
    "spf",
    "dkim",
    "dmarc",
    "policy",
    "not authenticated",
    "unauthenticated",
    "relay",
    "rate limit",
    "frequency",
    "too many",
    "client host rejected",
    "sender rejected",
    "sender address rejected",
    "sender verify",
    "sender denied",
    "your ip",
    "ip address",
    "ip is rejected",
    "reverse dns",
    "ptr record",
    "helo",
    "ehlo",
    "suspicious",
    "content denied",
    "mi:",
    "dt:spm",
    "hl:",
    "스팸",
    "차단",
    "垃圾邮件",
    "拒绝",
    "迷惑メール",
];

/// What the words speak of; a mailbox that is named as missing counts before a block that is named beside it.
pub(crate) fn wording(text: &str) -> Wording {
    let text = on_one_line(text);
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(NO_MAILBOX) {
        Wording::NoMailbox
    } else if says(BLOCKED) {
        Wording::Blocked
    } else {
        Wording::Unclear
    }
}

/// A text as phrases are looked for in it: in lower case, with plain apostrophes, and on one line, since mail servers
/// break their lines anywhere.
///
/// Chinese and Japanese have no spaces, so that a line that is broken between two of their characters goes on without one.
pub(crate) fn on_one_line(text: &str) -> String {
    let is_unspaced =
        |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}');
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let goes_on = line.ends_with(is_unspaced) && word.starts_with(is_unspaced);
        if !line.is_empty() && !goes_on {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.replace('\u{2019}', "'").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_real_servers_tell_a_missing_mailbox_from_a_block() {
        for (text, expected) in [
            (
                "5.1.1 <a>: Recipient address rejected: User unknown in virtual mailbox table",
                Wording::NoMailbox,
            ),
            ("Mailbox not found. http://service.mail.qq.com/", Wording::NoMailbox),
            ("User not found: a", Wording::NoMailbox),
            ("550-The address couldn\u{2019}t\r\n  be found", Wording::NoMailbox),
            ("用户\r\n不存在", Wording::NoMailbox),
            ("too\r\nmany", Wording::Blocked),
            ("black ip.", Wording::Blocked),
            ("Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Wording::Blocked),
            ("Ip frequency limited", Wording::Blocked),
            ("MI:SPB 163 mx5", Wording::Blocked),
            ("Relaying denied", Wording::Blocked),
            ("Mail content denied", Wording::Blocked),
            ("", Wording::Unclear),
            ("Requested action not taken: mailbox unavailable", Wording::Unclear),
            ("Access denied", Wording::Unclear),
        ] {
            assert_eq!(wording(text), expected, "{text}");
        }
    }
}
