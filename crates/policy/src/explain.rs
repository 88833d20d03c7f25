//! What would happen to a job, and why: the one engine that the workers and `fleet explain` share.

use std::fmt;

use closure_contract::{
    AppliedRule, FailureCode, Job, JobId, Language, Provider, Timestamp,
    facts::{jobs::JobFacts, mail::AutoSubmitted, preconditions::Preconditions},
    job::Scope,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    caps, dial,
    email::{self, EmailFacts},
    finding,
    findings::{Findings, Postponement, Refusal, RefusalEnding},
    language::chinese::ChineseFacts,
    number::{
        meaning::JobNumber,
        phone::{E164, PhoneFacts},
    },
    preconditions, quiet,
    rulebook::CompiledRulebook,
    sms::{self, SmsFacts},
    suppression,
    template::TemplateFacts,
    times,
    words::{Sentence, Words},
};

/// What the rules say about one job; it serialises to the answer that the CRM and the CLI show.
#[derive(Clone, PartialEq, Serialize, JsonSchema)]
pub struct Decision {
    /// The job.
    pub job_id: JobId,
    /// What happens to it.
    pub verdict: Verdict,
    /// The code of the first rule that refuses it, or of the one that puts it off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<FailureCode>,
    /// The same for people, without any personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When a postponed job's time comes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postpone_until: Option<Timestamp>,
    /// Every rule that had a say.
    pub rules: Vec<AppliedRule>,
    /// The number, for text messages and calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneFacts>,
    /// What the PBX dials, for calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dial_string: Option<String>,
    /// The text, for text messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sms: Option<SmsFacts>,
    /// Whether the text is Chinese, for China.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chinese: Option<ChineseFacts>,
    /// The approved template of which the text is an instance, or the one that is nearest to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateFacts>,
    /// Whether an email answers, for text messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<FallbackFacts>,
    /// The mail, for emails, and for text messages that bring a subject for the one that may answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailFacts>,
    /// What to send, exactly where the verdict is [`Verdict::Send`].
    #[serde(skip)]
    pub plan: Option<Plan>,
    /// What the job is found by, whatever the verdict.
    #[serde(skip)]
    pub found_by: JobFacts,
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision")
            .field("job_id", &self.job_id)
            .field("verdict", &self.verdict)
            .field("code", &self.code)
            .field("detail", &self.detail)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// What happens to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is sent.
    Send,
    /// It is over, and nobody needs to settle it.
    Reject,
    /// It waits for a person in the dead-letter desk.
    #[serde(rename = "hold")]
    NeedsPerson,
    /// Its time has not come.
    Postpone,
}

/// What to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// A text message.
    Sms(SmsPlan),
    /// An email.
    Email(EmailPlan),
    /// A call.
    Dial(DialPlan),
}

/// A text message that the rules let pass.
#[derive(Clone, PartialEq, Eq)]
pub struct SmsPlan {
    /// The customer's number.
    pub to: E164,
    /// Its country code.
    pub country_code: u16,
    /// The sender: `+82234518120`, or the country's own.
    pub sender: String,
    /// The text in the form in which it was measured.
    pub text: String,
    /// Inside Korea or outside.
    pub scope: Scope,
    /// The title of a domestic long message; a text message with one is a long message.
    pub subject: Option<String>,
    /// The gateways that do not take so long a text.
    pub too_short: Vec<Provider>,
}

/// An email that the rules let pass.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailPlan {
    /// The sender's name.
    pub from_name: String,
    /// The sender's address.
    pub from_address: String,
    /// The customer's address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The body as plain text, in its frame.
    pub text: String,
    /// The body in HTML, in its frame.
    pub html: String,
    /// Whether a machine wrote it.
    pub auto_submitted: AutoSubmitted,
}

/// A call that the rules let pass.
#[derive(Clone, PartialEq, Eq)]
pub struct DialPlan {
    /// What the PBX dials.
    pub dial_string: String,
    /// R4, 회원연락처: the whole number with its country code, digits alone.
    pub customer_contact: String,
    /// The agent's phone.
    pub extension: String,
    /// From then on it rings nobody who has not answered (B1): the click is no longer fresh, or the job too late; nothing
    /// where the job names neither.
    pub fresh_until: Option<Timestamp>,
    /// R4, 대표번호구분.
    pub representative_number_class: &'static str,
    /// R4, 서비스 구분.
    pub service_class: &'static str,
}

impl fmt::Debug for SmsPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmsPlan").field("to", &self.to).field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl fmt::Debug for EmailPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmailPlan").field("auto_submitted", &self.auto_submitted).finish_non_exhaustive()
    }
}

impl fmt::Debug for DialPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DialPlan").field("extension", &self.extension).finish_non_exhaustive()
    }
}

/// Whether an email answers a text message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FallbackFacts {
    /// When.
    pub email: FallbackEmail,
    /// Why, without any personal data.
    pub reason: String,
}

/// When an email answers a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FallbackEmail {
    /// As soon as the text message was submitted or refused.
    Always,
    /// If the text message fails.
    OnFailure,
    /// Never, for want of an address or of a number.
    None,
}

/// Applies every rule to a job; all facts are worked out even where an early rule refuses it already.
///
/// `number` is the job's own, and `standing` answers the [`query`](preconditions::query) about the same job; without a
/// database it is [`Preconditions::default`].
pub fn decide(
    job: &Job,
    number: &JobNumber,
    rulebook: &CompiledRulebook,
    standing: &Preconditions,
    now: Timestamp,
) -> Decision {
    decide_in(Language::English, job, number, rulebook, standing, now)
}

/// The same decision, with every word for people in this language.
pub fn decide_in(
    language: Language,
    job: &Job,
    number: &JobNumber,
    rulebook: &CompiledRulebook,
    standing: &Preconditions,
    now: Timestamp,
) -> Decision {
    let mut findings = Findings::in_language(job.channel(), language);
    times::check(job, now, &mut findings);
    let revoked = preconditions::check_revoked(job, standing, &mut findings);
    let mut decision = Decision {
        job_id: job.id(),
        verdict: Verdict::Send,
        code: None,
        detail: None,
        postpone_until: None,
        rules: Vec::new(),
        phone: None,
        dial_string: None,
        sms: None,
        chinese: None,
        template: None,
        fallback: None,
        email: None,
        plan: None,
        found_by: JobFacts::default(),
    };
    match job {
        Job::Sms(job) => {
            let judged = sms::judge(job, number, rulebook, now, &mut findings);
            decision.phone = Some(judged.phone);
            decision.sms = judged.sms;
            decision.chinese = judged.chinese;
            decision.template = judged.template;
            decision.fallback = Some(match revoked {
                None => judged.fallback,
                Some(revoked) => {
                    FallbackFacts { email: FallbackEmail::None, reason: revoked.reason_in(language) }
                }
            });
            decision.email = email::fallback_subject(job, rulebook, &mut findings);
            decision.plan = judged.plan.map(Plan::Sms);
        }
        Job::Email(job) => {
            let (facts, plan) = email::judge(job, rulebook, &mut findings);
            decision.email = Some(facts);
            decision.plan = plan.map(Plan::Email);
        }
        Job::Dial(job) => {
            let judged = dial::judge(job, number, rulebook.rules(), now, &mut findings);
            decision.phone = Some(judged.phone);
            decision.dial_string = judged.dial_string;
            decision.plan = judged.plan.map(Plan::Dial);
        }
    }
    decision.found_by = finding::facts_of(job, number, decision.template.as_ref());
    let region = decision.phone.as_ref().and_then(|phone| phone.region.as_deref());
    quiet::check(job.channel(), region, &rulebook.rules().quiet_hours, now, &mut findings);
    suppression::check(job.channel(), standing, &mut findings);
    let limits = caps::limits(job, number.number(), &rulebook.rules().caps);
    caps::check(job.channel(), &limits, &standing.used, &mut findings);
    times::postpone(job, now, &mut findings);
    conclude(decision, findings)
}

fn conclude(mut decision: Decision, findings: Findings) -> Decision {
    let language = findings.language();
    let (rules, refusal, postponement) = findings.into_parts();
    decision.rules = rules;
    match (refusal, postponement) {
        (Some(Refusal { code, detail, ending }), _) => {
            decision.verdict = match ending {
                RefusalEnding::Over => Verdict::Reject,
                RefusalEnding::WaitsForPerson => Verdict::NeedsPerson,
            };
            decision.fallback = decision.fallback.map(|facts| without_answer(facts, code, ending, language));
            decision.code = Some(code);
            decision.detail = Some(detail);
            decision.plan = None;
            // Nobody dials by hand what a rule forbids.
            decision.dial_string = None;
        }
        (None, Some(Postponement { until, code, detail })) => {
            decision.verdict = Verdict::Postpone;
            decision.code = code;
            decision.detail = Some(detail);
            decision.postpone_until = Some(until);
            decision.plan = None;
        }
        (None, None) => {
            assert!(decision.plan.is_some(), "a job that no rule refuses has a plan");
        }
    }
    decision
}

/// No email answers for a text message that is too late, nor for one about which a person decides first.
fn without_answer(
    facts: FallbackFacts,
    code: FailureCode,
    ending: RefusalEnding,
    language: Language,
) -> FallbackFacts {
    let reason = match (facts.email, ending) {
        (FallbackEmail::None, _) => return facts,
        (_, _) if code == FailureCode::Expired => {
            Sentence::fixed("it is too late for any answer", "답변할 시한이 지났습니다")
        }
        (_, RefusalEnding::WaitsForPerson) => {
            Sentence::fixed("a person decides first", "슈퍼바이저가 먼저 결정합니다")
        }
        (_, RefusalEnding::Over) => return facts,
    };
    FallbackFacts { email: FallbackEmail::None, reason: reason.said(language) }
}
