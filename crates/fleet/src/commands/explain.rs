//! `fleet explain`: what would happen to a job, by the same engine that the workers use, without any effect.

use std::time::Duration;

use closure_contract::Timestamp;
use closure_policy::explain::Decision;
use serde::Serialize;

use super::{Failure, Invocation, explain_lines, files};
use crate::{
    advice::{Advice, FailedAnswers},
    cli::Explain,
    config,
    output::{self, Style, word},
};

/// The answer for one document, with its origin beside it.
#[derive(Serialize)]
struct Answer {
    origin: String,
    #[serde(flatten)]
    advice: Advice,
}

/// Explains every job of the files, or of standard input line by line; exits 1 if one of them would not be sent, 65
/// if one is no job.
pub async fn run(invocation: &Invocation, explain: &Explain) -> Result<(), Failure> {
    let (settings, database) = config::load(invocation.config.as_ref(), |source| {
        let database = if explain.offline { None } else { config::maybe_database(source) };
        (config::rulebook(source), database)
    })?;
    let engine = super::engine(settings, database, Duration::MAX).await?;
    if explain.jsonl {
        return verdict(explain_lines::run(&engine).await?);
    }
    let now = Timestamp::now();
    let mut answers = Vec::new();
    for document in files::read(&explain.files)? {
        let advice = Advice::about(&document.body, &engine, now).await?;
        answers.push(Answer { advice, origin: document.origin });
    }
    match (invocation.style, answers.as_slice()) {
        // One job in is one answer out, which a program reads without unpacking it.
        (Style::Json, [answer]) => output::json(answer),
        (Style::Json, answers) => output::json(&answers),
        (Style::Text, answers) => answers.iter().for_each(text),
    }
    let mut failed = FailedAnswers::default();
    answers.iter().for_each(|answer| failed.add(&answer.advice));
    verdict(failed)
}

fn verdict(failed: FailedAnswers) -> Result<(), Failure> {
    match failed {
        FailedAnswers { unreadable: 0, unsent: 0 } => Ok(()),
        FailedAnswers { unreadable: 0, unsent } => {
            Err(Failure::Refused(format!("{unsent} job(s) would not be sent")))
        }
        FailedAnswers { unreadable, .. } => {
            Err(Failure::Input(format!("{unreadable} document(s) are neither a job nor a cancellation")))
        }
    }
}

fn text(answer: &Answer) {
    match &answer.advice {
        Advice::NoJob { error } => {
            output::line(format!("{}: {} — {}", answer.origin, error.code, error.problem));
            output::line(format!("  remedy    {}", error.remedy));
        }
        Advice::Cancels(cancelling) => {
            output::line(format!("{}: cancellation {}", answer.origin, cancelling.cancel_id));
            output::line(format!("  verdict   {}: {}", cancelling.verdict, cancelling.detail));
            passed_over(&cancelling.ignored);
        }
        Advice::Decided(advised) => {
            decided(&answer.origin, &advised.decision);
            passed_over(&advised.ignored);
        }
    }
}

fn passed_over(ignored: &[String]) {
    if !ignored.is_empty() {
        output::line(format!("  ignored   {}", ignored.join(", ")));
    }
}

fn decided(origin: &str, decision: &Decision) {
    output::line(format!("{origin}: job {}", decision.job_id));
    output::line(format!("  verdict   {}", word(&decision.verdict)));
    if let Some(code) = decision.code {
        output::line(format!("  because   {code}: {}", decision.detail.as_deref().unwrap_or(code.what())));
        output::line(format!("  remedy    {}", code.remedy_of_draft()));
    }
    if let Some(dial) = &decision.dial_string {
        output::line(format!("  dials     {dial}"));
    }
    if let Some(sms) = &decision.sms {
        output::line(format!(
            "  sms       {} bytes, {} segment(s) by encoding, {} at worst, {}",
            sms.bytes,
            sms.segments,
            sms.worst_case_segments,
            word(&sms.encoding)
        ));
    }
    if let Some(fallback) = &decision.fallback {
        output::line(format!("  email     {}: {}", word(&fallback.email), fallback.reason));
    }
    for rule in &decision.rules {
        output::line(format!("  {:<9} {}: {}", rule.id.to_string(), word(&rule.effect), rule.detail));
    }
}
