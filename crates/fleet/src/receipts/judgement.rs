//! What the database knows about a text message, as the facts that policy reads, and policy's answer as an update.

use closure_contract::{Channel, FailureCode, Job, Provider};
use closure_policy::{
    fallback::{self, Due, EmailDue, EmailSoFar, Facts, Judgement, RecordedState, SmsState},
    finding,
    gateway::fallback_hold::HeldCountries,
    number::meaning::JobNumber,
    preconditions::Revoked,
    rulebook::CompiledRulebook,
};
use closure_store::{DeliveryFacts, DeliveryState, DeliveryUpdate, JsonText, NewFallback};

use crate::{announce, gateways::text_report::TextReport};

/// What a delivery's facts mean, while its gateway's emails are held back as `held` says: what is to be written, and
/// what is to be reported of the gateway once that is done.
pub fn judge(
    facts: &DeliveryFacts,
    rulebook: &CompiledRulebook,
    held: impl FnOnce(Provider) -> HeldCountries,
) -> Option<(DeliveryUpdate, Option<TextReport>)> {
    let job = match Job::decode(&facts.snapshot.body) {
        Ok(Job::Sms(job)) if facts.snapshot.channel == Channel::Sms => job,
        Ok(Job::Sms(_) | Job::Email(_) | Job::Dial(_)) | Err(_) => return None,
    };
    let judgement = fallback::judge(
        &Facts {
            job: &job,
            recorded: recorded(facts.snapshot.state, facts.snapshot.code),
            email: match (facts.has_fallback, facts.snapshot.held_since) {
                (true, _) => EmailSoFar::Made,
                (false, Some(_)) => EmailSoFar::OnHold,
                (false, None) => EmailSoFar::None,
            },
            receipts: &facts.receipts,
            due: if facts.receipt_overdue { Due::Overdue } else { Due::NotYet },
            revoked: Revoked::of(facts.revocation, facts.revision),
            held: &facts.provider.map_or(HeldCountries::NONE, held),
            at: facts.at,
        },
        rulebook,
    );
    let signals = judgement.signals;
    let report = facts.provider.map(|provider| TextReport {
        job: facts.snapshot.job_id,
        provider,
        tried_at: facts.tried_at,
        signals,
    });
    Some((update(facts, judgement), report))
}

fn update(facts: &DeliveryFacts, judgement: Judgement) -> DeliveryUpdate {
    let state = delivery_state(judgement.state, facts.snapshot.state);
    let code = match state {
        DeliveryState::Delivered => None,
        _ => judgement.code.or(facts.snapshot.code),
    };
    let mut rules = announce::rules(&facts.snapshot);
    for rule in judgement.rules {
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
        evidence: judgement.evidence,
        rules: JsonText::of(&rules),
        fallback: fallback_email(judgement.email),
    }
}

fn fallback_email(email: EmailDue) -> NewFallback {
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
    let found_by = finding::facts_of(&job, &JobNumber::none(), None);
    match wrong {
        None => NewFallback::Email { job_id, body, consultation_id, revision, kind, found_by },
        Some(code) => {
            let detail = format!("{}; {}", code.what(), code.remedy());
            NewFallback::NoAddress { job_id, body, consultation_id, revision, kind, code, detail, found_by }
        }
    }
}

/// Where a delivery stands, as policy names it.
fn recorded(state: DeliveryState, code: Option<FailureCode>) -> RecordedState {
    let code = code.unwrap_or(FailureCode::AnswerLost);
    match state {
        DeliveryState::Pending | DeliveryState::Sending | DeliveryState::Waiting => RecordedState::Pending,
        DeliveryState::InDoubt => RecordedState::InDoubt,
        DeliveryState::Accepted => RecordedState::Accepted,
        DeliveryState::Delivered => RecordedState::Delivered,
        DeliveryState::Undelivered => RecordedState::Undelivered,
        DeliveryState::Unknown => RecordedState::Unknown(code),
        DeliveryState::Refused => RecordedState::Refused(code),
        DeliveryState::Expired => RecordedState::Expired,
        DeliveryState::Dead
        | DeliveryState::Discarded
        | DeliveryState::Superseded
        | DeliveryState::Cancelled => RecordedState::WithPerson,
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
