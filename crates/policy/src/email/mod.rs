//! Email replies: subject, sender, body (R14d, R18–R20).

pub(crate) mod address;
pub mod bounce;
pub(crate) mod frame;
pub(crate) mod html;
pub(crate) mod html_cost;

use closure_contract::{EmailJob, FailureCode, RuleEffect, RuleId, SmsJob, job::Scope};
use schemars::JsonSchema;
use serde::Serialize;

use self::{
    address::{Beyond, address, beyond_ascii},
    frame::{Framed, Reply},
};
use crate::{
    explain::{AutoSubmitted, EmailPlan},
    findings::Findings,
    harmless::Harmless,
    language::{english::reads_as_another_language, tag},
    rulebook::{CompiledRulebook, EmailRules},
    sms::text::{replacement, unix_lines},
    words::{Sentence, Words, words},
};

/// What is known about an email.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EmailFacts {
    /// Whether the subject may go out as it is.
    pub subject_ok: bool,
    /// The language of the frame around the reply, as its tag (R20).
    pub language: String,
}

/// Why a subject may not go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadSubject {
    pub(crate) code: FailureCode,
    pub(crate) detail: &'static str,
    /// The same in Korean.
    pub(crate) korean: &'static str,
}

const MAY_GO_OUT: Sentence = Sentence::fixed("the subject may go out", "제목을 그대로 사용할 수 있습니다");

/// Applies the rules to an email job.
pub(crate) fn judge(
    job: &EmailJob,
    rulebook: &CompiledRulebook,
    findings: &mut Findings,
) -> (EmailFacts, Option<EmailPlan>) {
    let rules = &rulebook.rules().email;
    let to = match job.to.email.as_deref().filter(|text| !text.trim().is_empty()) {
        None => {
            let detail = words!("there is no email address on file", "등록된 이메일 주소가 없습니다");
            findings.refuse(RuleId::R14d, FailureCode::NoEmailAddress, detail);
            None
        }
        Some(text) => {
            let found = address(text);
            if found.is_none() {
                findings.refuse(RuleId::R14d, FailureCode::InvalidEmailAddress, no_address(text));
            }
            found
        }
    };
    if job.email.text.trim().is_empty() {
        findings.refuse(
            RuleId::R18,
            FailureCode::BodyEmpty,
            words!("the body is empty", "본문이 비어 있습니다"),
        );
    } else if job.fallback_of.is_some() {
        let how = words!("answers in place of a text message", "문자를 대신하여 이메일로 답변합니다");
        findings.note(RuleId::R18, RuleEffect::Pass, how);
    } else {
        findings.note(RuleId::R18, RuleEffect::Pass, words!("closed by email", "이메일로 답변합니다"));
    }
    let subject = check_subject(job.scope, &job.email.subject, rules);
    match subject {
        Ok(()) => note_language(job.scope, &job.email.subject, &MAY_GO_OUT, findings),
        Err(BadSubject { code, detail, korean }) => {
            findings.refuse(RuleId::R19, code, Sentence::fixed(detail, korean));
        }
    }
    let detail = words!("goes out from the fixed sender", "정해진 발신자로 발송합니다");
    findings.note(RuleId::R20, RuleEffect::Pass, detail);
    let language = language(job, rulebook, findings);
    let facts = EmailFacts { subject_ok: subject.is_ok(), language: language.to_owned() };
    let plan = to.map(|to| {
        let Framed { text, html } = framed(job, language, rulebook, findings);
        EmailPlan {
            from_name: rules.from_name.clone(),
            from_address: rules.from_address.clone(),
            to,
            subject: subject_text(job.scope, &job.email.subject),
            text,
            html,
            auto_submitted: match job.fallback_of {
                Some(_) => AutoSubmitted::FallbackReply,
                None => AutoSubmitted::AgentReply,
            },
        }
    });
    (facts, plan)
}

/// R14d: why a text is no address to which a mail can go.
fn no_address(text: &str) -> Sentence {
    match beyond_ascii(text) {
        Some(Beyond::Domain) => Sentence::fixed(
            "the email address has a domain outside ASCII; write the form of it that begins with xn--",
            "이메일 주소의 도메인에 ASCII가 아닌 문자가 있습니다. xn--으로 시작하는 형식으로 적으십시오",
        ),
        Some(Beyond::Name) => Sentence::fixed(
            "the email address has characters outside ASCII before its @, which few mail servers take; ask for another one",
            "이메일 주소의 @ 앞에 ASCII가 아닌 문자가 있어 받는 메일 서버가 거의 없습니다. 다른 주소를 확인하십시오",
        ),
        None => Sentence::fixed("the email address is not one", "이메일 주소의 형식이 올바르지 않습니다"),
    }
}

/// R20: the language of the frame; the customer's own tag is not repeated, because it may be anything.
fn language<'a>(job: &EmailJob, rulebook: &'a CompiledRulebook, findings: &mut Findings) -> &'a str {
    note_tag(job.to.language.as_deref(), findings);
    let (language, why) = language_for(job.to.language.as_deref(), job.scope, rulebook);
    let why = why.said(findings.language());
    let detail = words!("framed in {language}: {why}", "메일 서식의 언어는 {language}: {why}");
    findings.note(RuleId::R20, RuleEffect::Pass, detail);
    language
}

/// R20: a language that is no tag finds no frame, and nobody would see why.
fn note_tag(tag: Option<&str>, findings: &mut Findings) {
    let asked = tag.filter(|tag| !tag.trim().is_empty());
    if let Some(problem) = asked.and_then(tag::ill_formed) {
        findings.note(RuleId::R20, RuleEffect::Flag, problem);
    }
}

/// The language of the frame for a customer with this tag, and why it is that one.
fn language_for<'a>(tag: Option<&str>, scope: Scope, rulebook: &'a CompiledRulebook) -> (&'a str, Sentence) {
    let rules = &rulebook.rules().email;
    let asked = tag.filter(|tag| !tag.trim().is_empty());
    let own = asked.and_then(|tag| rulebook.frames().find(tag));
    let (language, english, korean) = match (own, asked, scope) {
        (Some(own), _, _) => (own, "the customer's language", "고객의 언어입니다"),
        (None, None, Scope::Domestic) => {
            let korean = "등록된 언어가 없는 국내 고객입니다";
            (rules.default_language_domestic.as_str(), "no language is on file, in Korea", korean)
        }
        (None, None, Scope::Overseas) => {
            (rules.default_language.as_str(), "no language is on file", "등록된 언어가 없습니다")
        }
        (None, Some(_), _) => {
            let korean = "고객의 언어로 된 서식이 없습니다";
            (rules.default_language.as_str(), "there is no frame in the customer's language", korean)
        }
    };
    (language, Sentence::fixed(english, korean))
}

/// R20: both bodies in their frame; a reply is never lost over a frame.
fn framed(job: &EmailJob, language: &str, rulebook: &CompiledRulebook, findings: &mut Findings) -> Framed {
    let rules = &rulebook.rules().email;
    let text = unix_lines(&job.email.text);
    let given = job.email.html.as_deref().map(html::sanitised).transpose();
    if given.is_err() {
        let left_out = words!(
            "the HTML has too many elements within each other and is left out; the text goes out alone",
            "HTML의 중첩이 지나치게 깊어 제외하고 텍스트만 발송합니다"
        );
        findings.note(RuleId::R20, RuleEffect::Flag, left_out);
    }
    let given = given.ok().flatten().filter(|html| !html.trim().is_empty());
    let html = given.unwrap_or_else(|| html::from_text(&text));
    let reply = Reply {
        text: &text,
        html: &html,
        subject: &subject_text(job.scope, &job.email.subject),
        sender_name: &rules.from_name,
        sender_address: &rules.from_address,
    };
    rulebook.frames().frame(language, &reply).unwrap_or_else(|| {
        findings.note(
            RuleId::R20,
            RuleEffect::Flag,
            words!(
                "the frame fails over this reply, which goes out without",
                "이 답변에는 메일 서식을 적용할 수 없어 서식 없이 발송합니다"
            ),
        );
        Framed { text, html }
    })
}

/// Whether the subject that a text message brings for the email in its place may go out; without one there is nothing
/// to say, because the configured one is used.
///
/// R19, R20: what the email would change is told while there is only the text message.
pub(crate) fn fallback_subject(
    job: &SmsJob,
    rulebook: &CompiledRulebook,
    findings: &mut Findings,
) -> Option<EmailFacts> {
    note_tag(job.to.language.as_deref(), findings);
    let subject = job.fallback.as_ref()?.subject.as_deref()?;
    let (language, _) = language_for(job.to.language.as_deref(), job.scope, rulebook);
    let checked = check_subject(job.scope, subject, &rulebook.rules().email);
    if let Err(bad) = checked {
        let BadSubject { detail, korean, .. } = bad;
        let detail = words!(
            "fallback.subject is replaced by the configured subject: {detail}",
            "fallback.subject 대신 설정된 제목을 사용합니다: {korean}"
        );
        findings.note(RuleId::R19, RuleEffect::Flag, detail);
    }
    Some(EmailFacts { subject_ok: checked.is_ok(), language: language.to_owned() })
}

/// R19: the subject for this customer.
pub(crate) fn check_subject(scope: Scope, subject: &str, rules: &EmailRules) -> Result<(), BadSubject> {
    match scope {
        Scope::Overseas => check_overseas_subject(&subject_text(scope, subject), rules.subject_chars_max),
        Scope::Domestic => check_domestic_subject(&subject_text(scope, subject), rules.subject_chars_max),
    }
}

/// R19: a subject that may go out, and whether it reads as English where it has to.
pub(crate) fn note_language(scope: Scope, subject: &str, passes: &Sentence, findings: &mut Findings) {
    match scope {
        Scope::Overseas if reads_as_another_language(&subject_text(scope, subject)) => findings.note(
            RuleId::R19,
            RuleEffect::Flag,
            words!(
                "the subject has ASCII letters alone and reads as another language than English",
                "제목이 ASCII 문자로만 되어 있으나 영어가 아닌 다른 언어로 보입니다"
            ),
        ),
        Scope::Overseas | Scope::Domestic => findings.note(RuleId::R19, RuleEffect::Pass, passes),
    }
}

/// A subject as it goes out: a tab is a space, and overseas, typographic quotes and dashes become ASCII, as they do in a text
/// message, and so do characters of full width.
pub(crate) fn subject_text(scope: Scope, subject: &str) -> String {
    let subject = subject.trim().replace('\t', " ");
    match scope {
        Scope::Domestic => subject,
        // A line or paragraph separator stays, and is refused as a line break.
        Scope::Overseas => subject.chars().fold(String::new(), |mut text, one| {
            match (replacement(one).filter(|with| *with != "\n"), Harmless::of_full_width(one)) {
                (Some(with), _) => text.push_str(with),
                (None, Some(ascii)) => text.push(ascii),
                (None, None) => text.push(one),
            }
            text
        }),
    }
}

/// Overseas: printable ASCII with a letter.
pub(crate) fn check_overseas_subject(subject: &str, chars_max: usize) -> Result<(), BadSubject> {
    check_domestic_subject(subject, chars_max)?;
    let subject = subject.trim();
    let not_english =
        |detail, korean| Err(BadSubject { code: FailureCode::SubjectNotEnglish, detail, korean });
    if !subject.is_ascii() {
        not_english(
            "the subject for an overseas customer has characters outside printable ASCII",
            "해외 고객에게 보내는 제목에 인쇄 가능한 ASCII가 아닌 글자가 있습니다",
        )
    } else if !subject.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        not_english(
            "the subject for an overseas customer has no English letter",
            "해외 고객에게 보내는 제목에 영문자가 없습니다",
        )
    } else {
        Ok(())
    }
}

/// Anywhere: one line that is neither empty nor too long.
pub(crate) fn check_domestic_subject(subject: &str, chars_max: usize) -> Result<(), BadSubject> {
    let invalid = |detail, korean| Err(BadSubject { code: FailureCode::SubjectInvalid, detail, korean });
    if subject.chars().any(|one| one.is_control() || matches!(one, '\u{2028}' | '\u{2029}')) {
        invalid(
            "the subject has a line break or another control character",
            "제목에 줄바꿈이나 다른 제어 문자가 있습니다",
        )
    } else if subject.contains("=?") {
        // RFC 2047: mail programs would show something else than what was read here.
        invalid(
            "the subject has `=?`, which begins an encoded word",
            "제목에 인코딩된 단어의 시작을 뜻하는 `=?`가 있습니다",
        )
    } else if subject.trim().is_empty() {
        invalid("the subject is empty", "제목이 비어 있습니다")
    } else if subject.trim().chars().count() > chars_max {
        invalid("the subject is too long", "제목이 너무 깁니다")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overseas_subject_is_printable_ascii_with_a_letter() {
        let code = |subject: &str| check_overseas_subject(subject, 150).err().map(|bad| bad.code);
        assert_eq!(code("Your refund (#1234)"), None);
        assert_eq!(code("환불 안내"), Some(FailureCode::SubjectNotEnglish));
        assert_eq!(code("Réponse"), Some(FailureCode::SubjectNotEnglish));
        assert_eq!(check_subject(Scope::Overseas, "Your refund – it’s done", &EmailRules::default()), Ok(()));
        assert_eq!(subject_text(Scope::Overseas, " it’s – “done”… "), "it's - \"done\"...");
        let wide = "Ｙｏｕｒ\u{3000}refund\t（＃１２３４）：done！";
        assert_eq!(subject_text(Scope::Overseas, wide), "Your refund (#1234):done!");
        assert_eq!(check_subject(Scope::Overseas, wide, &EmailRules::default()), Ok(()));
        assert_eq!(subject_text(Scope::Domestic, "환불\t안내"), "환불 안내");
        assert_eq!(code("12345"), Some(FailureCode::SubjectNotEnglish));
        assert_eq!(code("  "), Some(FailureCode::SubjectInvalid));
        assert_eq!(code("Hi\r\nBcc: a@b.co"), Some(FailureCode::SubjectInvalid));
        assert_eq!(code("Hi =?utf-8?b?7ZmY67aI?="), Some(FailureCode::SubjectInvalid));
        assert_eq!(code(&"a".repeat(150)), None);
        assert_eq!(code(&"a".repeat(151)), Some(FailureCode::SubjectInvalid));
    }

    #[test]
    fn a_domestic_subject_may_be_korean() {
        assert!(check_domestic_subject("환불 안내", 150).is_ok());
        assert!(check_domestic_subject("환불\n안내", 150).is_err());
    }
}
