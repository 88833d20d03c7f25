//! A mail server's own words that a mail was not delivered, where it makes no report for programs.
//!
//! Words are read only where their meaning is certain: they are in a form that mail servers are known to use, they name
//! one recipient, and what they say of it is for good. Everything else is left to a person.

use std::collections::BTreeSet;

use closure_contract::{
    Generation, JobId, Timestamp,
    facts::bounces::{DsnAction, DsnStatus, RecipientReport},
};

use super::{
    arrival::tells_of_a_delivery,
    mail::{Words, WordsEnd},
    report::{BounceReport, code},
};
use crate::{
    mask::masked,
    refusal::{Wording, on_one_line, wording},
};

/// A mail server's own words about a mail of ours; they count only if they name the recipient whom we wrote to.
#[derive(Clone, PartialEq, Eq)]
pub struct BounceNotice {
    recipient: String,
    report: BounceReport,
}

impl BounceNotice {
    /// What they say, if they say it of this recipient.
    pub fn about(self, recipient: &str) -> Option<BounceReport> {
        self.recipient.eq_ignore_ascii_case(recipient.trim()).then_some(self.report)
    }

    /// The email job, by the address that only we can make.
    pub fn job_id(&self) -> JobId {
        self.report.job_id
    }

    /// The edition of it.
    pub fn generation(&self) -> Generation {
        self.report.generation
    }
}

impl std::fmt::Debug for BounceNotice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BounceNotice").field("report", &self.report).finish_non_exhaustive()
    }
}

/// Phrases by which mail servers begin, or explain, that a mail was given up; in lower case, and all of a row at once.
const FORMS: &[&[&str]] = &[
    // qmail and what descends from it.
    &["this is the qmail-send program"],
    &["i wasn't able to deliver your message"],
    &["failed recipient:"],
    &["reject reason:", "target mail address:"],
    // Exim.
    &["this message was created automatically by mail delivery software", "the following address(es) failed"],
    // Postfix and Sendmail.
    &["this is the mail system at host", "could not be delivered"],
    &["the following addresses had permanent fatal errors"],
    // A report whose parts somebody on the way has flattened into text.
    &["final-recipient:", "action: failed"],
    // Exchange.
    &["delivery has failed to these recipients or groups"],
    &["your message did not reach some or all of the intended recipients"],
    &["wasn't delivered to"],
    &["couldn't be delivered"],
    &["배달하지 못했습니다"],
    &["배달되지 않음"],
    &["配信できませんでした"],
    &["未能送达"],
    // Gmail and Yahoo.
    &["delivery to the following recipient failed permanently"],
    &["delivery to the following recipients failed permanently"],
    &["address not found"],
    &["we were unable to deliver your message to the following address"],
    &["전송되지 않았습니다"],
    // docomo, au and SoftBank.
    &["each of the following recipients was rejected by a remote mail server"],
    &["could not be delivered to the following"],
    &["delivery failed for the following recipient"],
    &["宛先に送信できませんでした"],
    &["メールは送信できませんでした"],
    // Naver, Daum and Kakao.
    &["메일이 전송되지 못했습니다"],
    &["메일을 전송하지 못했습니다"],
    &["메일 발송에 실패"],
    &["발송 실패"],
    &["반송되었습니다"],
    // QQ, 163 and Sina.
    &["您发送的邮件被退回"],
    &["您的邮件被退回"],
    &["退信原因"],
    &["无法发送到"],
];

/// Words of a server that is still trying, or that tells of a delivery.
const NOT_FINAL: &[&str] = &[
    "will be retried",
    "will keep trying",
    "will continue to",
    "still trying",
    "still being retried",
    "has been delayed",
    "is delayed",
    "delayed 24 hours",
    "warning message only",
    "not yet been delivered",
    "no action is required",
    "temporary",
    "temporarily",
    "successfully delivered",
    "was delivered",
    "아직 전송",
    "지연",
    "延迟",
    "遅延",
];

/// Words of a mail that did not arrive, in no certain form.
const FAILURE: &[&str] = &[
    "undeliver",
    "not deliver",
    "not been deliver",
    "n't deliver",
    "not be deliver",
    "n't be deliver",
    "cannot deliver",
    "unable to deliver",
    "non-delivery",
    "nondelivery",
    "delivery fail",
    "failed to deliver",
    "delivery status",
    "delivery problem",
    "returned mail",
    "returned to sender",
    "mailbox is full",
    "mailbox full",
    "over quota",
    "no longer exist",
    "no longer in use",
    "no longer active",
    "no longer valid",
    "was not received",
    "will not be read",
    "bounced",
    "반송",
    "전송 실패",
    "전송실패",
    "배달 실패",
    "退信",
    "退回",
    "未送达",
    "配信不能",
    "届きません",
];

/// Where the copy of our own mail begins; in lower case.
const COPY_BEGINS: &[&str] = &[
    "--- below this line is a copy of the message",
    "this is a copy of the message",
    "this is a copy of your message",
    "----- original message",
    "-----original message",
    "--- original message",
    "original message headers:",
    "----- message header",
    "--- the header of the original",
    "----- unsent message follows",
    "----- transcript of session follows",
    "원본 메시지",
    "원본 메일",
    "原邮件",
    "原始邮件",
    "\nreceived: ",
    "\nreturn-path: ",
    "\nmessage-id: ",
];

/// Addresses that such words name beside the recipient's.
const SERVICE_LOCAL_PARTS: &[&str] = &[
    "postmaster",
    "mailer-daemon",
    "mail-daemon",
    "abuse",
    "support",
    "help",
    "helpdesk",
    "noreply",
    "no-reply",
];

/// What the words say, if it is certain.
pub(super) fn read_notice(
    words: &Words,
    failed_recipients: Option<&str>,
    own_addresses: &BTreeSet<String>,
    (job_id, generation): (JobId, Generation),
    written_at: Option<Timestamp>,
) -> Option<BounceNotice> {
    let line = on_one_line(&words.text);
    let has_form = failed_recipients.is_some()
        || FORMS.iter().any(|phrases| phrases.iter().all(|phrase| line.contains(phrase)));
    let notice = without_the_copy(&words.text);
    let said = on_one_line(notice);
    // What was cut off may tell of a delivery, unless it is the copy of our own mail.
    let is_cut = words.end == WordsEnd::Cut && notice.len() == words.text.len();
    let paragraphs = paragraphs(notice);
    // Languages other than English are broken within a word as well.
    let tight: Vec<String> = paragraphs.iter().map(|paragraph| paragraph.replace(' ', "")).collect();
    let is_in_doubt = is_cut
        || NOT_FINAL.iter().any(|phrase| {
            said.contains(phrase)
                || !phrase.is_ascii() && tight.iter().any(|text| text.contains(&phrase.replace(' ', "")))
        })
        || tells_of_a_delivery(paragraphs.iter().map(String::as_str))
        || tells_of_a_delivery(tight.iter().map(String::as_str).filter(|text| !text.is_ascii()));
    if !has_form || is_in_doubt {
        return None;
    }
    let mut named = recipients(notice, own_addresses);
    named.extend(recipients(failed_recipients.unwrap_or_default(), own_addresses));
    let recipient = named.pop_first().filter(|_| named.is_empty())?;
    let codes = Codes::of(notice);
    let is_final = codes.is_permanent() || codes.are_none() && wording(notice) == Wording::NoMailbox;
    if !is_final {
        return None;
    }
    let said = RecipientReport {
        action: DsnAction::Failed,
        status: codes.status(),
        diagnostic: reason(notice).map(masked),
    };
    let report = BounceReport { job_id, generation, recipients: vec![said], written_at };
    Some(BounceNotice { recipient, report })
}

/// With it ISO-2022-JP, which has seven bits, leaves ASCII.
const ESCAPE: char = '\u{1b}';

/// Whether a text may tell of a mail that did not arrive, by a code or by its words, which no answering machine does.
///
/// What is cut off, or in a charset that nobody has named, may tell of anything.
pub(super) fn may_tell_of_a_failure(words: &Words) -> bool {
    let text = &words.text;
    let codes = Codes::of(text);
    let line = on_one_line(text);
    // Languages other than English are broken within a word as well.
    let tight = line.replace(' ', "");
    let is_said = |phrase: &&str| {
        line.contains(phrase) || !phrase.is_ascii() && tight.contains(&phrase.replace(' ', ""))
    };
    let says = |phrases: &[&str]| phrases.iter().any(&is_said);
    words.end == WordsEnd::Cut
        || text.contains(['\0', ESCAPE, char::REPLACEMENT_CHARACTER])
        || codes.has_permanent
        || codes.has_other
        || wording(text) != Wording::Unclear
        || FORMS.iter().any(|phrases| says(phrases))
        || says(NOT_FINAL)
        || says(FAILURE)
}

/// What stands between empty lines, each on one line.
fn paragraphs(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    lines.split(|line| line.trim().is_empty()).map(|lines| on_one_line(&lines.join(" "))).collect()
}

fn without_the_copy(words: &str) -> &str {
    // Only ASCII has two cases in these marks, and its lower case is as long as it is.
    let lower = words.to_ascii_lowercase();
    let begins = COPY_BEGINS.iter().filter_map(|mark| lower.find(mark)).min();
    &words[..begins.unwrap_or(words.len())]
}

/// The addresses in a text, but for the mail server's and our own.
fn recipients(text: &str, own_addresses: &BTreeSet<String>) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-@".contains(c)))
        .filter_map(|word| {
            let word = word.trim_matches(['.', '\'', '=', '*']).to_ascii_lowercase();
            let (local, domain) = word.split_once('@')?;
            let is_address = !local.is_empty() && domain.contains('.') && !domain.contains('@');
            let is_service = SERVICE_LOCAL_PARTS.contains(&local) || own_addresses.contains(&word);
            (is_address && !is_service).then_some(word)
        })
        .collect()
}

/// The line that tells why.
fn reason(notice: &str) -> Option<&str> {
    let lines = || notice.lines().map(str::trim).filter(|line| !line.is_empty());
    lines()
        .find(|line| Codes::of(line).has_permanent)
        .or_else(|| lines().find(|line| wording(line) == Wording::NoMailbox))
}

/// The codes of mail servers in a text.
#[derive(Default)]
struct Codes {
    statuses: Vec<DsnStatus>,
    has_permanent: bool,
    /// Of a class that is not for good.
    has_other: bool,
}

impl Codes {
    fn of(text: &str) -> Self {
        let mut codes = Self::default();
        let mut words = text
            .split(|c: char| c.is_whitespace() || "-()[]<>,;:#'\"".contains(c))
            .filter(|word| !word.is_empty())
            .peekable();
        while let Some(word) = words.next() {
            let word = word.trim_end_matches('.');
            if let Some(status) = code(word).filter(|status| status.subject <= 7) {
                codes.has_permanent |= status.class == 5;
                codes.has_other |= status.class != 5;
                if status.class == 5 && (status.subject, status.detail) != (0, 0) {
                    codes.statuses.push(status);
                }
            } else if is_size(words.peek().copied()) {
                // It counts bytes.
            } else if is_basic(word, b'5') {
                codes.has_permanent = true;
            } else if is_basic(word, b'4') {
                codes.has_other = true;
            }
        }
        codes
    }

    fn is_permanent(&self) -> bool {
        self.has_permanent && !self.has_other
    }

    fn are_none(&self) -> bool {
        !self.has_permanent && !self.has_other
    }

    /// The one status, where they all agree.
    fn status(&self) -> Option<DsnStatus> {
        let first = self.statuses.first().copied()?;
        self.statuses.iter().all(|status| *status == first).then_some(first)
    }
}

/// A reply code such as 550.
fn is_basic(word: &str, class: u8) -> bool {
    matches!(word.as_bytes(), [first, b'0' | b'2' | b'3' | b'5', b'0'..=b'9'] if *first == class)
}

fn is_size(next: Option<&str>) -> bool {
    next.is_some_and(|unit| ["kb", "mb", "bytes", "octets"].contains(&unit.to_ascii_lowercase().as_str()))
}
