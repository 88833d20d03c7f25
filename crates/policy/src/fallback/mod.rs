//! What became of a text message, and whether an email answers in its place (R14a–R14f).
//!
//! The judgement is a function of a set of facts: neither the order of the receipts nor their repetition matters.

pub(crate) mod email;
pub(crate) mod state;
pub mod table;

use closure_contract::{
    AppliedRule, Channel, EmailJob, Evidence, FailureCode, ReceiptStatus, RuleEffect, RuleId, SmsJob,
    Timestamp, facts::receipts::ReceiptFact, job::Scope,
};

use self::state::{Strongest, account_failure, arrivals, state, strongest};
use crate::{
    findings::Findings,
    gateway::{
        circuit::{self, AccountSignal, Sign},
        fallback_hold::{HeldCountries, SmsEnd},
    },
    number::meaning::{Meaning, Typing, meaning},
    preconditions::Revoked,
    rulebook::{CompiledRulebook, Rulebook},
    sms::{
        compose,
        country::{self, AtOnce},
        segments,
    },
};

pub use self::state::{Due, RecordedState, SmsState};

/// Everything that is known about one text message.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The job.
    pub job: &'a SmsJob,
    /// Where the record says that it stands.
    pub recorded: RecordedState,
    /// Whether an email answers in its place already.
    pub email: EmailSoFar,
    /// Its receipts, in any order.
    pub receipts: &'a [ReceiptFact],
    /// Whether the final one is late.
    pub due: Due,
    /// Whether the answer is no longer wanted, so that no email may take the text message's place.
    pub revoked: Option<Revoked>,
    /// Where the emails in place of its gateway's text messages are held back (R14e).
    pub held: &'a HeldCountries,
    /// When this was read.
    pub at: Timestamp,
}

/// Whether an email answers in place of a text message already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmailSoFar {
    /// There is none.
    None,
    /// One was due and is held back.
    OnHold,
    /// There is one.
    Made,
}

/// What became of a text message, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Its state.
    pub state: SmsState,
    /// Why it did not arrive, where it did not.
    pub code: Option<FailureCode>,
    /// What a `delivered` is worth.
    pub evidence: Evidence,
    /// Whether an email answers.
    pub email: EmailDue,
    /// The rules that had a say, without any personal data.
    pub rules: Vec<AppliedRule>,
    /// What it says of its gateway.
    pub signals: Signals,
}

/// What a text message says of its gateway; nothing that was said before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// The country of its number, where that is known.
    pub country_code: Option<u16>,
    /// How it ended; nothing while it goes on, or where it ended for a reason of ours.
    pub ended: Option<SmsEnd>,
    /// What its receipts say of our account.
    pub account: Option<AccountSignal>,
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
pub(crate) enum DueBy {
    /// The country asks for one whatever becomes of the text message (R14a, R14b).
    Country,
    /// The text message failed by our own rules or at our own hands (R14c).
    OurWord,
    /// By the gateway's word, or its silence, the text message failed (R14c).
    GatewaysWord,
}

/// Says what became of a text message, which email is due, and what that says of its gateway.
pub fn judge(facts: &Facts<'_>, rulebook: &CompiledRulebook) -> Judgement {
    let mut findings = Findings::new(Channel::Sms);
    let rules = rulebook.rules();
    let country_code = country_code(facts.job, rules);
    let composed = compose::compose(facts.job, country_code, rulebook, facts.at);
    let parts = match (facts.job.scope, &composed.text) {
        (Scope::Overseas, Some(text)) => segments::count(&text.text).segments,
        (Scope::Domestic, _) | (Scope::Overseas, None) => 1,
    };
    let worth = |receipt: &ReceiptFact| {
        let cap = country_code.map_or(Evidence::Handset, |code| rules.evidence_cap(code, receipt.provider));
        receipt.evidence.min(cap)
    };
    let receipts: Vec<(ReceiptStatus, Evidence)> =
        facts.receipts.iter().map(|receipt| (receipt.status, worth(receipt))).collect();
    let strongest = strongest(&receipts, parts, rules.receipt_evidence_min);
    let strongest = match (strongest, account_failure(facts.receipts)) {
        (Strongest::Failed(_), Some(code)) => Strongest::Failed(code),
        (strongest, _) => strongest,
    };
    let (state, code) = state(facts.recorded, strongest, facts.due);
    let evidence = match (state, strongest) {
        (SmsState::Delivered, Strongest::Delivered(evidence)) => evidence,
        (_, _) => Evidence::None,
    };
    note_evidence(&receipts, state, evidence, &mut findings);
    let tag = facts.job.to.language.as_deref();
    let at_once = country_code.and_then(|code| country::at_once(code, &composed, tag, rules).1);
    let due_by = due_by(facts.recorded, state, code, at_once, &mut findings);
    let email = due_by.map_or(EmailDue::NotDue, |due_by| {
        let is_held = facts.held.covers(country_code) && facts.email != EmailSoFar::Made;
        email_due(facts, due_by, is_held, rulebook, &mut findings)
    });
    let is_new = facts.recorded.state() != state;
    // What a gateway refused was settled as refused, and is looked at here for the first time.
    let is_first_look = facts.email == EmailSoFar::None && due_by.is_some();
    let signals = Signals {
        country_code,
        ended: ended(state, code).filter(|_| is_new || is_first_look),
        account: account(state, code).filter(|_| is_new),
    };
    Judgement { state, code, evidence, email, rules: findings.into_parts().0, signals }
}

fn country_code(job: &SmsJob, rules: &Rulebook) -> Option<u16> {
    let typing = Typing {
        phone: &job.to.phone,
        scope: job.scope,
        channel: Channel::Sms,
        from: job.consultation.channel,
    };
    match meaning(&typing, &rules.numbers) {
        Meaning::Number { number, .. } => Some(number.country_code),
        Meaning::Problem { .. } => None,
    }
}

/// The email that is due: not where the answer is no longer wanted; and not yet where it is due by the gateway's word
/// alone while emails are held back (R14e).
fn email_due(
    facts: &Facts<'_>,
    due_by: DueBy,
    is_held: bool,
    rulebook: &CompiledRulebook,
    findings: &mut Findings,
) -> EmailDue {
    if let Some(revoked) = facts.revoked {
        findings.note(revoked.rule(), RuleEffect::Reject, format!("no email: {}", revoked.reason()));
        return EmailDue::NotDue;
    }
    let email = email::email_job(facts.job, rulebook, findings);
    if is_held && due_by == DueBy::GatewaysWord {
        let detail = "unusually many text messages fail at this gateway; the email is held";
        findings.note(RuleId::R14e, RuleEffect::Hold, detail);
        return EmailDue::OnHold;
    }
    email
}

/// What the end of a text message says about its gateway.
fn ended(state: SmsState, code: Option<FailureCode>) -> Option<SmsEnd> {
    match state {
        SmsState::Delivered => Some(SmsEnd::Arrived),
        SmsState::Undelivered | SmsState::Unknown => Some(SmsEnd::Failed),
        SmsState::Refused => code.is_some_and(is_gateways_refusal).then_some(SmsEnd::Failed),
        SmsState::Pending
        | SmsState::Accepted
        | SmsState::Expired
        | SmsState::WithPerson
        | SmsState::TurnedBack => None,
    }
}

/// What the receipts say about our account at the gateway.
fn account(state: SmsState, code: Option<FailureCode>) -> Option<AccountSignal> {
    match (state, code) {
        (SmsState::TurnedBack, Some(code)) => match circuit::sign(code) {
            Sign::Unwell(extent) => Some(AccountSignal::Fails(code, extent)),
            Sign::Well => None,
        },
        (SmsState::Delivered | SmsState::Undelivered, _) => Some(AccountSignal::Works),
        (_, _) => None,
    }
}

/// Whether a refusal is the gateway's own judgement of one message; every other one is ours.
fn is_gateways_refusal(code: FailureCode) -> bool {
    matches!(code, FailureCode::RecipientRejected | FailureCode::ContentRejected)
}

/// R14f.
fn note_evidence(
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
    recorded: RecordedState,
    state: SmsState,
    code: Option<FailureCode>,
    at_once: Option<AtOnce>,
    findings: &mut Findings,
) -> Option<DueBy> {
    let failed = match (recorded, state) {
        (RecordedState::Pending | RecordedState::WithPerson, _) | (_, SmsState::Expired) => return None,
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
