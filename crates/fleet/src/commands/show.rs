//! `fleet show`: the whole story of a job or a consultation.

use closure_contract::{AppliedRule, ConsultationId};
use closure_store::{JobStory, Store};

use super::{Call, Failure, show_as};
use crate::{cli::StoryId, config, output};

/// Prints the story; exits 65 if nothing is known under that id.
pub async fn run(call: &Call, id: &str) -> Result<(), Failure> {
    let database = config::load(call.config.as_ref(), config::database)?;
    let store = Store::new(database)?;
    let stories = match StoryId::read(id) {
        StoryId::Job(job) => store.job_story(job).await?.into_iter().collect(),
        StoryId::Consultation(text) => {
            let consultation =
                ConsultationId::try_from(text).map_err(|problem| Failure::Input(problem.to_string()))?;
            store.consultation_story(&consultation).await?
        }
    };
    if stories.is_empty() {
        return Err(Failure::Input(format!(
            "nothing is known of {id}; it may still be in its queue: fleet doctor"
        )));
    }
    show_as(call.style, &stories, |stories| stories.iter().for_each(text));
    Ok(())
}

fn text(story: &JobStory) {
    output::line(format!(
        "job {}  {}  consultation {} revision {}",
        story.job_id, story.channel, story.consultation_id, story.revision
    ));
    let code = story.code.map_or_else(String::new, |code| format!("  {code}: {}", code.what()));
    output::line(format!(
        "  {} (generation {}, since {}){code}",
        story.state, story.generation, story.updated_at
    ));
    if let Some(due) = story.receipt_due_at {
        output::line(format!("  receipt due {due}"));
    }
    for attempt in &story.tries {
        let code = attempt.code.map_or_else(String::new, |code| format!("  {code}"));
        output::line(format!(
            "  attempt {}.{}  {}  {}  {}{code}",
            attempt.generation, attempt.number, attempt.provider, attempt.state, attempt.started_at
        ));
    }
    for receipt in &story.receipts {
        output::line(format!(
            "  receipt  {}  {}  evidence {}  received {}",
            receipt.provider,
            receipt.status.as_str(),
            receipt.evidence.as_str(),
            receipt.received_at
        ));
    }
    let rules: Vec<AppliedRule> = serde_json::from_value(story.rules.clone()).unwrap_or_default();
    for rule in rules {
        output::line(format!("  rule     {} {}: {}", rule.id, output::word(&rule.effect), rule.detail));
    }
    for dead in &story.dead_letters {
        let letter = &dead.letter;
        output::line(format!("  dead letter {} is {}: {}", letter.id, letter.state.as_str(), letter.detail));
        for action in &dead.actions {
            output::line(format!(
                "    {}  {} by {}: {}",
                action.at, action.action, action.actor, action.reason
            ));
        }
    }
    if let Some(email) = story.fallback_job_id {
        output::line(format!("  answered by email job {email}"));
    }
    if let Some(sms) = story.source_job_id {
        output::line(format!("  stands in for SMS job {sms}"));
    }
}
