//! The email that takes a text message's place: what it says, to whom, and under which subject (R14d, R19).

use closure_contract::{
    EmailJob, FailureCode, RuleEffect, RuleId, SmsJob,
    job::{EmailContent, EmailKind, FallbackOf, MailRecipient, Scope},
};

use super::EmailDue;
use crate::{
    email::{self, address},
    findings::Findings,
    rulebook::CompiledRulebook,
    sms::compose,
    words::Sentence,
};

const OWN_SUBJECT: Sentence =
    Sentence::fixed("the fallback's own subject may go out", "fallback의 제목을 그대로 사용할 수 있습니다");

/// The one email of a text message: its id follows from the message's.
pub(crate) fn email_job(job: &SmsJob, rulebook: &CompiledRulebook, findings: &mut Findings) -> EmailDue {
    let content = job.fallback.as_ref();
    let on_file = job.to.email.as_deref().filter(|text| !text.trim().is_empty());
    let usable = on_file.and_then(address::address);
    let missing = match (on_file, &usable) {
        (_, Some(_)) => None,
        (None, None) => Some(FailureCode::NoEmailAddress),
        (Some(_), None) => Some(FailureCode::InvalidEmailAddress),
    };
    match missing {
        None => {}
        Some(code @ FailureCode::InvalidEmailAddress) => {
            findings.note(RuleId::R14d, RuleEffect::Hold, format!("{code}: a person must mend the address"));
        }
        Some(code) => {
            findings.note(RuleId::R14d, RuleEffect::Hold, format!("{code}: a person must add an address"));
        }
    }
    // An address that is none goes along as it was given: whoever mends it must see it.
    let address = usable.or(on_file.map(str::to_owned));
    let email = EmailJob {
        kind: EmailKind::V1,
        job_id: job.job_id.fallback_email(),
        consultation: job.consultation.clone(),
        agent: job.agent.clone(),
        scope: job.scope,
        to: MailRecipient { email: address, language: job.to.language.clone() },
        email: EmailContent {
            subject: subject(job, rulebook, findings),
            text: text(job, rulebook).unwrap_or_default(),
            html: given(content.and_then(|content| content.html.as_ref())),
        },
        fallback_of: Some(FallbackOf { job_id: job.job_id }),
        not_before: None,
        expires_at: job.expires_at,
    };
    match missing {
        None => EmailDue::Due(email),
        Some(code) => EmailDue::NoAddress { email, code },
    }
}

/// What the email says: the fallback's own text, or the text message's; nothing where there is neither.
pub(crate) fn text(job: &SmsJob, rulebook: &CompiledRulebook) -> Option<String> {
    let own = job.fallback.as_ref().and_then(|content| content.text.as_ref());
    given(own).or_else(|| compose::text_for_email(job, rulebook)).filter(|text| !text.trim().is_empty())
}

fn given(text: Option<&String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).cloned()
}

/// R19: the subject that came along, or the configured one.
fn subject(job: &SmsJob, rulebook: &CompiledRulebook, findings: &mut Findings) -> String {
    let rules = &rulebook.rules().email;
    let default = match job.scope {
        Scope::Overseas => &rules.default_subject,
        Scope::Domestic => &rules.default_subject_domestic,
    };
    let given = job.fallback.as_ref().and_then(|content| content.subject.as_deref());
    match given.map(|subject| (subject, email::check_subject(job.scope, subject, rules))) {
        Some((subject, Ok(()))) => {
            email::note_language(job.scope, subject, &OWN_SUBJECT, findings);
            email::subject_text(job.scope, subject)
        }
        Some((_, Err(bad))) => {
            findings.note(
                RuleId::R19,
                RuleEffect::Change,
                format!("the configured subject is used: {}", bad.detail),
            );
            default.clone()
        }
        None => {
            findings.note(
                RuleId::R19,
                RuleEffect::Change,
                "the configured subject is used: the fallback has none",
            );
            default.clone()
        }
    }
}
