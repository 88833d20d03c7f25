//! What the database knows about a text message, as the facts that policy reads.

use closure_contract::{Channel, FailureCode, Job, Provider};
use closure_policy::{
    fallback::{Due, EmailDue, Evaluation, SmsRecord, SmsState, Submission, evaluate},
    gateway::fallback_hold::SmsEnd,
    preconditions::Revoked,
    rulebook::CompiledRulebook,
};
use closure_store::{DeliveryFacts, DeliveryState, DeliveryUpdate, NewFallback};
use serde_json::Value;

use crate::announce;
use crate::gateways::{fallback_hold::Brakes, receipt_health::AccountReport};

/// A text message that has come to an end which says something about its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    pub provider: Provider,
    /// The country of its number.
    pub country_code: Option<u16>,
    pub ending: SmsEnd,
}

/// What a delivery's facts mean.
#[derive(Debug)]
pub struct Judged {
    /// What is to be written.
    pub verdict: DeliveryUpdate,
    /// What is to be told to the brakes once that is written.
    pub ended: Option<Ended>,
    /// What is to be told of our account then.
    pub heard: Option<AccountReport>,
}

/// Asks policy what a delivery's facts mean, and puts the answer into the store's words.
pub fn judge(facts: &DeliveryFacts, rulebook: &CompiledRulebook, brakes: &Brakes) -> Option<Judged> {
    let job = match Job::decode(&facts.snapshot.body) {
        Ok(Job::Sms(job)) if facts.snapshot.channel == Channel::Sms => job,
        Ok(Job::Sms(_) | Job::Email(_) | Job::Dial(_)) | Err(_) => return None,
    };
    let due = if facts.receipt_overdue { Due::Overdue } else { Due::NotYet };
    let revoked = Revoked::of(facts.revocation, facts.revision);
    let submission = submission(facts.snapshot.state, facts.snapshot.code);
    let story = SmsRecord { job: &job, submission, receipts: &facts.receipts, due, revoked };
    let mut evaluation = evaluate(&story, rulebook, facts.at);
    let ended = facts.provider.and_then(|provider| ended(provider, facts, &evaluation));
    let is_held = facts.provider.is_some_and(|provider| brakes.holds(provider, evaluation.country_code));
    if is_held && !facts.has_fallback {
        evaluation = evaluation.braked();
    }
    let heard = facts.provider.and_then(|provider| heard(provider, facts, &evaluation));
    Some(Judged { verdict: verdict(facts, evaluation), ended, heard })
}

/// What the receipts say about our account; nothing where they said the same before.
fn heard(provider: Provider, facts: &DeliveryFacts, evaluation: &Evaluation) -> Option<AccountReport> {
    let word = evaluation.account()?;
    let is_new = facts.snapshot.state != delivery_state(evaluation.state, facts.snapshot.state);
    let (country_code, tried_at) = (evaluation.country_code, facts.tried_at);
    is_new.then_some(AccountReport { provider, country_code, tried_at, word })
}

/// What has ended by these facts; nothing for what had ended so before.
fn ended(provider: Provider, facts: &DeliveryFacts, evaluation: &Evaluation) -> Option<Ended> {
    let ending = evaluation.ending()?;
    let (before, after) = (facts.snapshot.state, delivery_state(evaluation.state, facts.snapshot.state));
    // What a gateway refused was settled as refused, and is looked at here for the first time.
    let is_first_look = !facts.has_fallback && facts.snapshot.held_since.is_none();
    let is_new = before != after || (is_first_look && evaluation.due_by.is_some());
    is_new.then_some(Ended { provider, country_code: evaluation.country_code, ending })
}

fn verdict(facts: &DeliveryFacts, evaluation: Evaluation) -> DeliveryUpdate {
    let state = delivery_state(evaluation.state, facts.snapshot.state);
    let code = match state {
        DeliveryState::Delivered => None,
        _ => evaluation.code.or(facts.snapshot.code),
    };
    let mut rules = announce::rules(&facts.snapshot);
    for rule in evaluation.rules {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    DeliveryUpdate {
        state,
        code,
        detail: code.map(|code| {
            facts
                .snapshot
                .detail
                .clone()
                .filter(|_| facts.snapshot.code == Some(code))
                .unwrap_or_else(|| code.what().to_owned())
        }),
        evidence: evaluation.evidence,
        rules: serde_json::to_value(rules).unwrap_or(Value::Null),
        fallback: fallback(evaluation.email),
    }
}

fn fallback(email: EmailDue) -> NewFallback {
    let (job, wrong) = match email {
        EmailDue::NotDue => return NewFallback::None,
        EmailDue::OnHold => return NewFallback::OnHold,
        EmailDue::Due(job) => (job, None),
        EmailDue::NoAddress { email, code } => (email, Some(code)),
    };
    let consultation = job.consultation.clone();
    let job = Job::Email(job);
    let (job_id, kind, body) = (job.id(), job.kind().to_owned(), job.encode().into());
    let (consultation_id, revision) = (consultation.id, consultation.revision);
    match wrong {
        None => NewFallback::Email { job_id, body, consultation_id, revision, kind },
        Some(code) => {
            let detail = format!("{}; {}", code.what(), code.remedy());
            NewFallback::NoAddress { job_id, body, consultation_id, revision, kind, code, detail }
        }
    }
}

/// Where a delivery stands with its gateway, as policy names it.
fn submission(state: DeliveryState, code: Option<FailureCode>) -> Submission {
    let code = code.unwrap_or(FailureCode::AnswerLost);
    match state {
        DeliveryState::Pending | DeliveryState::Sending | DeliveryState::Waiting => Submission::Pending,
        DeliveryState::InDoubt => Submission::InDoubt,
        DeliveryState::Accepted | DeliveryState::Delivered | DeliveryState::Undelivered => {
            Submission::Accepted
        }
        // Silence is remembered as such: what is late after it is still heard, and nothing is undone.
        DeliveryState::Unknown if code == FailureCode::NoReceipt => Submission::Accepted,
        DeliveryState::Unknown => Submission::Unknown(code),
        DeliveryState::Refused => Submission::Refused(code),
        DeliveryState::Expired => Submission::Expired,
        DeliveryState::Dead
        | DeliveryState::Discarded
        | DeliveryState::Superseded
        | DeliveryState::Cancelled => Submission::WithPerson,
    }
}

/// The store's state for policy's; where policy sees no change the delivery keeps its own.
fn delivery_state(state: SmsState, before: DeliveryState) -> DeliveryState {
    match state {
        SmsState::Pending | SmsState::WithPerson => before,
        SmsState::Accepted if before == DeliveryState::InDoubt => before,
        SmsState::Accepted => DeliveryState::Accepted,
        SmsState::Delivered => DeliveryState::Delivered,
        SmsState::Undelivered => DeliveryState::Undelivered,
        SmsState::Unknown => DeliveryState::Unknown,
        SmsState::Refused => DeliveryState::Refused,
        SmsState::Expired => DeliveryState::Expired,
        SmsState::TurnedBack => DeliveryState::Dead,
    }
}
