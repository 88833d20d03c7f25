//! `fleet explain`: what would happen to a job, by the same engine that the workers use, without any effect.

use closure_contract::{Job, Timestamp};
use closure_policy::explain::{Decision, Verdict};
use serde::Serialize;

use super::{Call, Failure, files};
use crate::{
    cli::Files,
    config,
    output::{self, Style, word},
};

/// The answer for one document.
#[derive(Serialize)]
struct Answer {
    origin: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Unreadable>,
}

#[derive(Serialize)]
struct Unreadable {
    code: String,
    problem: String,
}

/// Explains every job of the files; exits 1 if one of them would not be sent, 65 if one is no job.
pub async fn run(call: &Call, files: &Files) -> Result<(), Failure> {
    let (settings, database) = config::load(call.config.as_ref(), |source| {
        (config::rulebook(source), config::maybe_database(source))
    })?;
    let engine = super::engine(settings, database).await?;
    let now = Timestamp::now();
    let mut unreadable = 0_usize;
    let mut answers = Vec::new();
    for document in files::read(&files.files)? {
        answers.push(match Job::decode(&document.body) {
            Ok(job) => {
                let decision = engine.decide(&job, now).await?;
                Answer { origin: document.origin, decision: Some(decision), error: None }
            }
            Err(problem) => {
                unreadable += 1;
                let error = Unreadable { code: problem.code().to_string(), problem: problem.to_string() };
                Answer { origin: document.origin, decision: None, error: Some(error) }
            }
        });
    }
    match call.style {
        Style::Json => output::json(&answers),
        Style::Text => answers.iter().for_each(text),
    }
    if unreadable > 0 {
        return Err(Failure::Input(format!("{unreadable} document(s) are no job")));
    }
    let unsent =
        answers.iter().filter_map(|answer| answer.decision.as_ref()).filter(|decision| {
            match decision.verdict {
                Verdict::Send | Verdict::Postpone => false,
                Verdict::Reject | Verdict::Hold => true,
            }
        });
    match unsent.count() {
        0 => Ok(()),
        count => Err(Failure::Refused(format!("{count} job(s) would not be sent"))),
    }
}

fn text(answer: &Answer) {
    if let Some(error) = &answer.error {
        output::line(format!("{}: {} — {}", answer.origin, error.code, error.problem));
        return;
    }
    let Some(decision) = &answer.decision else { return };
    output::line(format!("{}: job {}", answer.origin, decision.job_id));
    output::line(format!("  verdict   {}", word(&decision.verdict)));
    if let Some(code) = decision.code {
        output::line(format!("  because   {code}: {}", decision.detail.as_deref().unwrap_or(code.what())));
        output::line(format!("  remedy    {}", code.remedy()));
    }
    if let Some(dial) = &decision.dial_string {
        output::line(format!("  dials     {dial}"));
    }
    if let Some(sms) = &decision.sms {
        output::line(format!(
            "  sms       {} bytes, {} segment(s), {}",
            sms.bytes,
            sms.segments,
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
