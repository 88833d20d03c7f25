//! What became of a text message, and whether an email answers in its place (R14a–R14f).
//!
//! The evaluation is a function of a set of facts: neither the order of the receipts nor their repetition matters.

pub(crate) mod email;
pub(crate) mod state;
pub mod table;

use closure_contract::{
    AppliedRule, Channel, EmailJob, Evidence, FailureCode, ReceiptStatus, RuleEffect, RuleId, SmsJob,
    Timestamp, facts::receipts::ReceiptFact, job::Scope,
};

use self::state::{Word, arrivals, blame, state, word};
use crate::{
    findings::Findings,
    gateway::{
        circuit::{self, AccountSignal, Sign},
        fallback_hold::SmsEnd,
    },
    number::meaning::{Meaning, Typing, meaning},
    preconditions::Revoked,
    rulebook::CompiledRulebook,
    sms::{
        compose,
        country::{self, AtOnce},
        segments,
    },
};

pub use self::state::{Due, SmsState, Submission};

/// Everything that is known about one text message.
#[derive(Debug, Clone, Copy)]
pub struct SmsRecord<'a> {
    /// The job.
    pub job: &'a SmsJob,
    /// Where it stands with its gateway.
    pub submission: Submission,
    /// Its receipts, in any order.
    pub receipts: &'a [ReceiptFact],
    /// Whether the final one is late.
    pub due: Due,
    /// Whether the answer is no longer wanted, so that no email may take the text message's place.
    pub revoked: Option<Revoked>,
}

/// What became of a text message.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Its state.
    pub state: SmsState,
    /// Why it did not arrive, where it did not.
    pub code: Option<FailureCode>,
    /// What a `delivered` is worth.
    pub evidence: Evidence,
    /// The country of its number, where that is known.
    pub country_code: Option<u16>,
    /// Whether an email answers.
    pub email: EmailDue,
    /// Why one does, where the facts make one due.
    pub due_by: Option<DueBy>,
    /// The rules that had a say, without any personal data.
    pub rules: Vec<AppliedRule>,
}

/// The email that answers in place of a text message where a person decides so, whatever became of the text; or what
/// its address lacks.
pub fn by_a_persons_word(job: &SmsJob, rulebook: &CompiledRulebook) -> Result<EmailJob, FailureCode> {
    match email::email_job(job, rulebook, &mut Findings::new(Channel::Sms)) {
        EmailDue::Due(email) => Ok(email),
        EmailDue::NoAddress { code, .. } => Err(code),
        EmailDue::NotDue | EmailDue::OnHold => Err(FailureCode::NoEmailAddress),
    }
}

/// Whether an email answers in place of a text message.
#[derive(Debug, Clone, PartialEq)]
pub enum EmailDue {
    /// Not as far as is known.
    NotDue,
    /// This one.
    Due(EmailJob),
    /// This one, which has no usable address and needs a person (R14d).
    NoAddress {
        /// The email, with the address as it was given, if one was.
        email: EmailJob,
        /// Whether there is none or it is none.
        code: FailureCode,
    },
    /// One, but not yet: too many text messages fail (R14e).
    OnHold,
}

/// What makes an email due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DueBy {
    /// The country asks for one whatever becomes of the text message (R14a, R14b).
    Country,
    /// The text message failed by our own rules or at our own hands (R14c).
    OurWord,
    /// By the gateway's word, or its silence, the text message failed (R14c).
    GatewaysWord,
}

/// Says what became of a text message, and which email is due.
pub fn evaluate(story: &SmsRecord<'_>, rulebook: &CompiledRulebook, now: Timestamp) -> Evaluation {
    let mut findings = Findings::new(Channel::Sms);
    let rules = rulebook.rules();
    let typing = Typing {
        phone: &story.job.to.phone,
        scope: story.job.scope,
        channel: Channel::Sms,
        from: story.job.consultation.channel,
    };
    let country_code = match meaning(&typing, &rules.numbers) {
        Meaning::Number { number, .. } => Some(number.country_code),
        Meaning::Problem { .. } => None,
    };
    let composed = compose::compose(story.job, country_code, rulebook, now);
    let parts = match (story.job.scope, &composed.text) {
        (Scope::Overseas, Some(text)) => segments::count(&text.text).segments,
        (Scope::Domestic, _) | (Scope::Overseas, None) => 1,
    };
    let worth = |receipt: &ReceiptFact| {
        let cap = country_code.map_or(Evidence::Handset, |code| rules.evidence_cap(code, receipt.provider));
        receipt.evidence.min(cap)
    };
    let receipts: Vec<(ReceiptStatus, Evidence)> =
        story.receipts.iter().map(|receipt| (receipt.status, worth(receipt))).collect();
    let word = match (word(&receipts, parts, rules.receipt_evidence_min), blame(story.receipts)) {
        (Word::Failed(_), Some(code)) => Word::Failed(code),
        (word, _) => word,
    };
    let (state, code) = state(story.submission, word, story.due);
    let evidence = match (state, word) {
        (SmsState::Delivered, Word::Delivered(evidence)) => evidence,
        (_, _) => Evidence::None,
    };
    weigh(&receipts, state, evidence, &mut findings);
    let tag = story.job.to.language.as_deref();
    let at_once = country_code.and_then(|code| country::at_once(code, &composed, tag, rules).1);
    let due_by = due_by(story.submission, state, code, at_once, &mut findings);
    let email = match story.revoked {
        _ if due_by.is_none() => EmailDue::NotDue,
        None => email::email_job(story.job, rulebook, &mut findings),
        Some(revoked) => {
            findings.note(revoked.rule(), RuleEffect::Reject, format!("no email: {}", revoked.reason()));
            EmailDue::NotDue
        }
    };
    Evaluation { state, code, evidence, country_code, email, due_by, rules: findings.into_parts().0 }
}

impl Evaluation {
    /// What the end of the text message says about its gateway; nothing while it goes on, or where it ended for a
    /// reason of ours.
    pub fn ending(&self) -> Option<SmsEnd> {
        match self.state {
            SmsState::Delivered => Some(SmsEnd::Arrived),
            SmsState::Undelivered | SmsState::Unknown => Some(SmsEnd::Failed),
            SmsState::Refused => self.code.is_some_and(is_gateways_refusal).then_some(SmsEnd::Failed),
            SmsState::Pending
            | SmsState::Accepted
            | SmsState::Expired
            | SmsState::WithPerson
            | SmsState::TurnedBack => None,
        }
    }

    /// What the receipts say about our account at the gateway; nothing where they say nothing.
    pub fn account(&self) -> Option<AccountSignal> {
        match (self.state, self.code) {
            (SmsState::TurnedBack, Some(code)) => match circuit::sign(code) {
                Sign::Unwell(extent) => Some(AccountSignal::Fails(code, extent)),
                Sign::Well => None,
            },
            (SmsState::Delivered | SmsState::Undelivered, _) => Some(AccountSignal::Works),
            (_, _) => None,
        }
    }

    /// The same while emails are held back: one that is due by the gateway's word alone has to wait (R14e).
    #[must_use]
    pub fn braked(mut self) -> Self {
        let waits = match (&self.email, self.due_by) {
            (EmailDue::Due(_) | EmailDue::NoAddress { .. }, Some(DueBy::GatewaysWord)) => true,
            (EmailDue::NotDue | EmailDue::OnHold, _) | (_, None | Some(DueBy::Country | DueBy::OurWord)) => {
                false
            }
        };
        if waits {
            self.email = EmailDue::OnHold;
            self.rules.push(AppliedRule {
                id: RuleId::R14e,
                effect: RuleEffect::Hold,
                detail: "unusually many text messages fail at this gateway; the email is held".to_owned(),
            });
        }
        self
    }
}

/// Whether a refusal is the gateway's own judgement of one message; every other one is ours.
fn is_gateways_refusal(code: FailureCode) -> bool {
    matches!(code, FailureCode::RecipientRejected | FailureCode::ContentRejected)
}

/// R14f.
fn weigh(
    receipts: &[(ReceiptStatus, Evidence)],
    state: SmsState,
    evidence: Evidence,
    findings: &mut Findings,
) {
    let worth = |evidence| match evidence {
        Evidence::Handset => (RuleEffect::Pass, "the handset's word"),
        Evidence::Carrier => (RuleEffect::Flag, "a carrier's word, which is no proof"),
        Evidence::Gateway => (RuleEffect::Flag, "the gateway's word, which is no proof"),
        Evidence::None => (RuleEffect::Flag, "nobody's word, which is no proof"),
    };
    let failed = |(status, _): &(ReceiptStatus, Evidence)| {
        matches!(status, ReceiptStatus::Undelivered | ReceiptStatus::Expired)
    };
    match (state, arrivals(receipts).max()) {
        (SmsState::Delivered, _) => {
            let (effect, what) = worth(evidence);
            findings.note(RuleId::R14f, effect, format!("delivered, by {what}"));
            if receipts.iter().any(failed) {
                let detail =
                    "another receipt says that it did not arrive; the arrival of a single part stands";
                findings.note(RuleId::R14f, RuleEffect::Flag, detail);
            }
        }
        (SmsState::Accepted | SmsState::Unknown, Some(evidence)) => {
            let (_, what) = worth(evidence);
            findings.note(
                RuleId::R14f,
                RuleEffect::Flag,
                format!("a receipt says delivered, but by {what}; it does not count"),
            );
        }
        (_, _) => {}
    }
}

/// R14a, R14b, R14c and R14e.
pub(crate) fn due_by(
    submission: Submission,
    state: SmsState,
    code: Option<FailureCode>,
    at_once: Option<AtOnce>,
    findings: &mut Findings,
) -> Option<DueBy> {
    let failed = match (submission, state) {
        (Submission::Pending | Submission::WithPerson, _) | (_, SmsState::Expired) => return None,
        (_, SmsState::WithPerson | SmsState::TurnedBack) => {
            let why = code.map_or("a failure of the provider", FailureCode::as_str);
            let detail = format!("{why} is not the recipient's failure; held, and no email");
            findings.note(RuleId::R14e, RuleEffect::Hold, detail);
            return None;
        }
        (_, SmsState::Undelivered | SmsState::Refused | SmsState::Unknown) => true,
        // In doubt is settled as far as an email at once is concerned: the customer may wait for nothing else.
        (_, SmsState::Pending | SmsState::Accepted | SmsState::Delivered) => false,
    };
    if let Some(at_once) = at_once {
        findings.note(at_once.rule(), RuleEffect::Email, at_once.reason());
    }
    if failed {
        let why = code.map_or("unknown", FailureCode::as_str);
        findings.note(RuleId::R14c, RuleEffect::Email, format!("the text message failed: {why}"));
    }
    match (at_once, failed, state) {
        (Some(_), _, _) => Some(DueBy::Country),
        (None, false, _) => None,
        (None, true, SmsState::Refused) if !code.is_some_and(is_gateways_refusal) => Some(DueBy::OurWord),
        (None, true, _) => Some(DueBy::GatewaysWord),
    }
}
