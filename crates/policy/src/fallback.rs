//! What became of a text message, and whether an email answers in its place (R14a–R14f).
//!
//! The evaluation is a function of a set of facts: neither the order of the receipts nor their repetition matters.

use closure_contract::{
    AppliedRule, Channel, EmailJob, Evidence, FailureCode, Provider, ReceiptStatus, RuleEffect, RuleId,
    SmsJob, Timestamp, job::Scope,
};

use crate::{
    compose,
    country::{self, AtOnce},
    failure::{Fault, fault},
    fallback_email,
    findings::Findings,
    meaning::{Meaning, meaning},
    rulebook::CompiledRulebook,
    segments,
    standing::Revoked,
};

/// Where a text message stands with its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Submission {
    /// Not settled yet.
    Pending,
    /// The gateway took it.
    Accepted,
    /// It was refused, by the gateway or by our own rules.
    Refused(FailureCode),
    /// The gateway may have it.
    InDoubt,
    /// Nobody will ever know whether the gateway has it.
    Unknown(FailureCode),
    /// It waits for a person.
    Held,
    /// It was too late to send.
    Expired,
}

/// One receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptFact {
    /// Who says it.
    pub provider: Provider,
    /// What the provider says.
    pub status: ReceiptStatus,
    /// What its `delivered` is worth.
    pub evidence: Evidence,
    /// Why it did not arrive, where the provider's code says so.
    pub code: Option<FailureCode>,
    /// When it happened.
    pub occurred_at: Option<Timestamp>,
    /// When we heard of it.
    pub received_at: Timestamp,
}

/// Whether the final receipt is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// There is time left.
    NotYet,
    /// It is late.
    Overdue,
}

/// Everything that is known about one text message.
#[derive(Debug, Clone, Copy)]
pub struct SmsStory<'a> {
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
    /// Whether an email answers.
    pub email: EmailDue,
    /// The rules that had a say, without any personal data.
    pub rules: Vec<AppliedRule>,
}

/// The state of a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmsState {
    /// Nothing is settled yet, or it is in doubt.
    Pending,
    /// The gateway took it.
    Accepted,
    /// A receipt says that it arrived.
    Delivered,
    /// A receipt says that it did not.
    Undelivered,
    /// Nobody knows.
    Unknown,
    /// It was never sent.
    Refused,
    /// It was too late to send.
    Expired,
    /// It waits for a person.
    Held,
    /// The gateway took it and then did not carry it because of our account: a person is to mend that, and to send
    /// it again.
    TurnedBack,
}

/// Whether an email answers in place of a text message.
#[derive(Debug, Clone, PartialEq)]
pub enum EmailDue {
    /// Not as far as is known.
    NotDue,
    /// This one.
    Due(EmailJob),
    /// This one, which has no usable address and needs a person (R14d).
    NoAddress(EmailJob),
}

/// What the receipts say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// There is none.
    Nothing,
    /// It is on its way, or a `delivered` is worth too little to count.
    Moving,
    /// It arrived, by the word of the handset, a carrier or the gateway.
    Delivered(Evidence),
    /// Of several parts one arrived, and another did not, for this reason.
    Partly(FailureCode),
    /// It did not arrive, for this reason.
    Failed(FailureCode),
    /// The provider does not know.
    Unknown,
}

/// Says what became of a text message, and which email is due.
pub fn evaluate(story: &SmsStory<'_>, rulebook: &CompiledRulebook, now: Timestamp) -> Evaluation {
    let mut findings = Findings::new(Channel::Sms);
    let rules = rulebook.rules();
    let country_code = match meaning(&story.job.to.phone, story.job.scope, &rules.numbers) {
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
    let at_once = country_code.and_then(|code| country::at_once(code, &composed, rules).1);
    let due = email_is_due(story.submission, state, code, at_once, &mut findings);
    let email = match story.revoked {
        _ if !due => EmailDue::NotDue,
        None => fallback_email::email_job(story.job, rulebook, &mut findings),
        Some(revoked) => {
            findings.note(revoked.rule(), RuleEffect::Reject, format!("no email: {}", revoked.reason()));
            EmailDue::NotDue
        }
    };
    Evaluation { state, code, evidence, email, rules: findings.into_parts().0 }
}

/// The strongest statement among the receipts, which neither their order nor their repetition changes.
///
/// A later truth beats an earlier one for a single part, and `delivered` is the last; of several parts, the failure
/// of one is the failure of the whole, which the delivery of another does not heal.
pub(crate) fn word(receipts: &[(ReceiptStatus, Evidence)], parts: usize, evidence_min: Evidence) -> Word {
    let said = |status| receipts.iter().any(|(said, _)| *said == status);
    let arrival = arrivals(receipts).max();
    let counted = arrival.filter(|evidence| *evidence >= evidence_min);
    let failed = if said(ReceiptStatus::Undelivered) {
        Some(FailureCode::NotDelivered)
    } else {
        said(ReceiptStatus::Expired).then_some(FailureCode::ReceiptExpired)
    };
    match (counted, failed) {
        (Some(_), Some(code)) if parts > 1 => Word::Partly(code),
        (Some(evidence), _) => Word::Delivered(evidence),
        (None, Some(code)) => Word::Failed(code),
        (None, None) if said(ReceiptStatus::Unknown) => Word::Unknown,
        (None, None) if said(ReceiptStatus::InTransit) || arrival.is_some() => Word::Moving,
        (None, None) => Word::Nothing,
    }
}

/// The failure of our own account in the bad receipts, where none of them names a cause of another kind.
///
/// One bad word about this recipient is enough for an email: then the message is lost whatever else went wrong.
fn blame(receipts: &[ReceiptFact]) -> Option<FailureCode> {
    let failed = |receipt: &&ReceiptFact| {
        matches!(receipt.status, ReceiptStatus::Undelivered | ReceiptStatus::Expired)
    };
    let codes: Vec<FailureCode> = receipts.iter().filter(failed).filter_map(|receipt| receipt.code).collect();
    let is_ours = codes.iter().all(|code| is_our_accounts(*code));
    codes.into_iter().min().filter(|_| is_ours)
}

/// Whether a person of ours can mend it: credit, credentials, an open country, a registered sender.
///
/// A gateway's own fault, once it is its last word, is left to the email: nobody here can mend it, and the message
/// is lost.
fn is_our_accounts(code: FailureCode) -> bool {
    match fault(code) {
        Fault::Account | Fault::Sender => true,
        Fault::Message | Fault::Recipient | Fault::Content | Fault::Provider | Fault::Agent => false,
    }
}

fn arrivals(receipts: &[(ReceiptStatus, Evidence)]) -> impl Iterator<Item = Evidence> {
    receipts.iter().filter(|(status, _)| *status == ReceiptStatus::Delivered).map(|(_, evidence)| *evidence)
}

/// The state of a text message, and why it did not arrive where it did not.
pub(crate) fn state(submission: Submission, word: Word, due: Due) -> (SmsState, Option<FailureCode>) {
    let silence = (SmsState::Unknown, Some(FailureCode::NoReceipt));
    let told = match word {
        Word::Nothing | Word::Moving => None,
        Word::Delivered(_) => Some((SmsState::Delivered, None)),
        Word::Partly(code) | Word::Failed(code) => Some((SmsState::Undelivered, Some(code))),
        Word::Unknown => Some(silence),
    };
    // What arrived, if only in part, was sent, whatever was settled when it seemed not to be.
    let arrived = told.filter(|_| matches!(word, Word::Delivered(_) | Word::Partly(_)));
    match submission {
        Submission::Pending => (SmsState::Pending, None),
        Submission::Held => (SmsState::Held, None),
        Submission::Accepted | Submission::InDoubt
            if let Word::Failed(code) = word
                && is_our_accounts(code) =>
        {
            (SmsState::TurnedBack, Some(code))
        }
        Submission::Accepted => told.unwrap_or(match due {
            Due::NotYet => (SmsState::Accepted, None),
            Due::Overdue => silence,
        }),
        // A receipt proves that the gateway had it.
        Submission::InDoubt => told.unwrap_or(match (due, word) {
            (Due::Overdue, _) => silence,
            (Due::NotYet, Word::Moving) => (SmsState::Accepted, None),
            (Due::NotYet, _) => (SmsState::Pending, None),
        }),
        Submission::Unknown(code) => told.unwrap_or((SmsState::Unknown, Some(code))),
        Submission::Refused(code) if fault(code).hits_everyone() => {
            arrived.unwrap_or((SmsState::Held, Some(code)))
        }
        Submission::Refused(code) => arrived.unwrap_or((SmsState::Refused, Some(code))),
        Submission::Expired => arrived.unwrap_or((SmsState::Expired, Some(FailureCode::Expired))),
    }
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
pub(crate) fn email_is_due(
    submission: Submission,
    state: SmsState,
    code: Option<FailureCode>,
    at_once: Option<AtOnce>,
    findings: &mut Findings,
) -> bool {
    let failed = match (submission, state) {
        (Submission::Pending | Submission::Held, _) | (_, SmsState::Expired) => return false,
        (_, SmsState::Held | SmsState::TurnedBack) => {
            let why = code.map_or("a failure of the provider", FailureCode::as_str);
            let detail = format!("{why} is not the recipient's failure; held, and no email");
            findings.note(RuleId::R14e, RuleEffect::Hold, detail);
            return false;
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
    failed || at_once.is_some()
}
