//! `fleet show`: the whole story of a job or a consultation.

use std::time::Duration;

use closure_contract::{
    AppliedRule, ConsultationId, Timestamp,
    facts::recovery::{Duplicates, LookUpBy},
};
use closure_providers::Capabilities;
use closure_store::{DeliveryState, JobHistory};

use super::{
    Failure, Invocation,
    dead::earlier_death,
    printed::{ShownJob, ShownJobs},
    show_as,
};
use crate::{
    cli::ShownId,
    desk::{self, Act},
    earlier::EarlierOutcome,
    output,
    visible::Visible,
};

/// The longest step of a ladder: no message waits longer for its next look.
const LOOK_WITHIN: Duration = Duration::from_secs(3_600);

/// Prints the story; exits 65 if nothing is known under that id.
pub async fn run(invocation: &Invocation, id: &str) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    let store = desk.look(Act::ShowStory, desk::subject("story", Visible(id))).await?;
    let jobs: Vec<JobHistory> = match ShownId::read(id) {
        ShownId::Job(job) => store.job_history(job).await?.into_iter().collect(),
        ShownId::Consultation(text) => {
            let consultation =
                ConsultationId::try_from(text).map_err(|problem| Failure::Input(problem.to_string()))?;
            store.consultation_history(&consultation).await?
        }
    };
    if jobs.is_empty() {
        return Err(Failure::Input(format!(
            "no worker has had {id} in hand; it waits in its queue (fleet doctor), or died there (fleet dead list)"
        )));
    }
    let mut stories = ShownJobs::with_capacity(jobs.len());
    for job in jobs {
        let summary = store.job_summary(job.job_id).await?;
        let earlier_outcomes = summary.as_ref().map(EarlierOutcome::all_of).unwrap_or_default();
        stories.push(ShownJob { job, earlier_outcomes });
    }
    show_as(invocation.style, &stories, |stories| stories.iter().for_each(text));
    Ok(())
}

fn text(told: &ShownJob) {
    let history = &told.job;
    output::line(format!(
        "job {}  {}  consultation {} revision {}",
        history.job_id, history.channel, history.consultation_id, history.revision
    ));
    let code = history.code.map_or_else(String::new, |code| format!("  {code}: {}", code.what()));
    output::line(format!(
        "  {} (generation {}, since {}){code}",
        history.state, history.generation, history.updated_at
    ));
    if let Some(detail) = history.detail.as_ref().filter(|_| history.state != DeliveryState::InDoubt) {
        output::line(format!("  detail   {detail}"));
    }
    if let Some(due) = history.receipt_due_at {
        output::line(format!("  receipt due {due}"));
    }
    if let Some(asked) = &history.sender_asked {
        sender(history, asked);
    }
    if history.state == DeliveryState::InDoubt {
        in_doubt(history);
    }
    told.earlier_outcomes.iter().for_each(earlier);
    for edition in &history.earlier_editions {
        let code = edition.code.map_or_else(String::new, |code| format!("  {code}"));
        let made = match (&edition.made_by, &edition.reason) {
            (Some(actor), Some(reason)) => format!("  by {actor}: {reason}"),
            _ => String::new(),
        };
        output::line(format!(
            "  edition  {}  {}{code}  replaced {}{made}",
            edition.generation, edition.state, edition.replaced_at
        ));
    }
    for attempt in &history.tries {
        let code = attempt.code.map_or_else(String::new, |code| format!("  {code}"));
        output::line(format!(
            "  attempt {}.{}  {}  {}  {}{code}",
            attempt.generation, attempt.number, attempt.provider, attempt.state, attempt.started_at
        ));
    }
    for receipt in &history.receipts {
        let standing = if receipt.counts { "" } else { "  not believed: the attempt is another gateway's" };
        let sender =
            receipt.reported_sender.as_ref().map_or_else(String::new, |name| format!("  sender {name}"));
        output::line(format!(
            "  receipt  {}  {}  evidence {}  received {}{sender}{standing}",
            receipt.provider,
            receipt.status.as_str(),
            receipt.evidence.as_str(),
            receipt.received_at
        ));
    }
    let rules: Vec<AppliedRule> = serde_json::from_value(history.rules.clone()).unwrap_or_default();
    for rule in rules {
        output::line(format!("  rule     {} {}: {}", rule.id, output::word(&rule.effect), rule.detail));
    }
    letters(history);
    if let Some(email) = history.fallback_job_id {
        output::line(format!("  answered by email job {email}"));
    }
    if let Some(since) = history.held_since {
        output::line(format!(
            "  an email is due and held since {since}, because unusually many texts fail; fleet fallback-hold list"
        ));
    }
    if let Some(sms) = history.source_job_id {
        output::line(format!("  stands in for SMS job {sms}"));
    }
}

/// What the CRM was told before the latest word.
fn earlier(outcome: &EarlierOutcome) {
    let code = outcome.code.map_or_else(String::new, |code| format!("  {code}"));
    let standing = if outcome.told { "" } else { "  not confirmed by the broker" };
    output::line(format!(
        "  told     {}.{}  {}  {}{code}{standing}",
        outcome.generation,
        outcome.word,
        output::word(&outcome.outcome),
        outcome.at
    ));
}

/// What waited for a person, and what was done about it.
fn letters(history: &JobHistory) {
    for dead in &history.dead_letters {
        let letter = &dead.letter;
        output::line(format!("  dead letter {} is {}: {}", letter.id, letter.state.as_str(), letter.detail));
        dead.earlier_deaths.iter().for_each(|death| earlier_death("    ", death));
        for action in &dead.actions {
            output::line(format!(
                "    {}  {} by {}: {}",
                action.at, action.action, action.actor, action.reason
            ));
        }
    }
}

/// The sender that was asked for, and the one that the gateway says the message had.
fn sender(history: &JobHistory, asked: &str) {
    // A receipt that came after the CRM was told may be the first to name one.
    let by_receipt = || history.receipts.iter().rev().filter(|receipt| receipt.counts);
    let reported = history.sender_reported.as_ref();
    let reported = reported.or_else(|| by_receipt().find_map(|receipt| receipt.reported_sender.as_ref()));
    let shown = reported
        .map_or_else(|| "the gateway names none".to_owned(), |sender| format!("the gateway names {sender}"));
    output::line(format!("  sender   asked for {asked}; {shown}"));
}

/// What is in doubt, since when, and what follows by itself.
fn in_doubt(history: &JobHistory) {
    let Some(attempt) = history.tries.iter().rev().find(|attempt| attempt.state == "in_doubt") else {
        return;
    };
    let found_out = history.detail.as_deref().unwrap_or("nobody has looked yet");
    output::line(format!(
        "  in doubt: whether {} has attempt {}.{}, since {}; {found_out}",
        attempt.provider, attempt.generation, attempt.number, attempt.started_at
    ));
    if let Some(gateway) = Capabilities::of(attempt.provider) {
        let latest = Timestamp(history.updated_at.0 + LOOK_WITHIN);
        output::line(format!("  next: by {latest} at the latest, {}", what_follows(gateway)));
    }
}

/// The way out of a doubt, by what the gateway can do; policy decides each step of it.
fn what_follows(gateway: &Capabilities) -> &'static str {
    match (gateway.recovery.duplicates, gateway.recovery.look_up) {
        (Duplicates::Refused, _) => {
            "it is asked for our reference, and if it knows none it gets the same request again, which it refuses if it has it"
        }
        (Duplicates::Carried, LookUpBy::ClientReference) => {
            "it is asked for our reference; after two misses it is sent once more, and after two more the email answers"
        }
        (Duplicates::Carried, LookUpBy::RecipientAndTime) => {
            "it is asked by recipient, time and text, and never sent again; without a receipt by its due time the email answers"
        }
        (Duplicates::Carried, LookUpBy::Nothing) => {
            "nothing is asked or sent; without a receipt by its due time the email answers"
        }
    }
}
