//! `fleet explain`: what would happen to a job, by the same engine that the workers use, without any effect.

use std::time::Duration;

use closure_contract::{Language, RuleEffect, Timestamp};
use closure_policy::explain::Decision;
use serde::Serialize;

use super::{Failure, Invocation, explain_lines, files};
use crate::{
    advice::{Advice, FailedAnswers},
    cli::Explain,
    config,
    output::{self, Style, word},
    words::{self, say},
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
    // What a program reads is the same whoever calls it.
    let language = match invocation.style {
        Style::Json => Language::English,
        Style::Text => invocation.language,
    };
    for document in files::read(&explain.files)? {
        let advice = Advice::about_in(language, &document.body, &engine, now).await?;
        answers.push(Answer { advice, origin: document.origin });
    }
    match (invocation.style, answers.as_slice()) {
        // One job in is one answer out, which a program reads without unpacking it.
        (Style::Json, [answer]) => output::json(answer),
        (Style::Json, answers) => output::json(&answers),
        (Style::Text, answers) => answers.iter().for_each(|answer| text(answer, language)),
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

fn text(answer: &Answer, language: Language) {
    let origin = &answer.origin;
    match &answer.advice {
        Advice::NoJob { error } => {
            output::line(format!("{origin}: {} — {}", error.code, error.problem));
            output::line(say!(language, "  remedy    {}", "  할 일     {}", error.remedy));
        }
        Advice::Cancels(cancelling) => {
            output::line(say!(
                language,
                "{origin}: cancellation {}",
                "{origin}: 취소 {}",
                cancelling.cancel_id
            ));
            let detail = &cancelling.detail;
            output::line(say!(
                language,
                "  verdict   {}: {detail}",
                "  판정      취소({}): {detail}",
                cancelling.verdict
            ));
            passed_over(&cancelling.ignored, language);
        }
        Advice::Decided(advised) => {
            decided(origin, &advised.decision, language);
            passed_over(&advised.ignored, language);
        }
    }
}

fn passed_over(ignored: &[String], language: Language) {
    if !ignored.is_empty() {
        output::line(say!(language, "  ignored   {}", "  무시      {}", ignored.join(", ")));
    }
}

fn decided(origin: &str, decision: &Decision, language: Language) {
    output::line(say!(language, "{origin}: job {}", "{origin}: 작업 {}", decision.job_id));
    let verdict = words::named(&word(&decision.verdict), words::verdict(decision.verdict), language);
    output::line(say!(language, "  verdict   {verdict}", "  판정      {verdict}"));
    if let Some(code) = decision.code {
        let detail = decision.detail.as_deref().unwrap_or(code.what_in(language));
        let remedy = code.remedy_of_draft_in(language);
        output::line(say!(language, "  because   {code}: {detail}", "  이유      {code}: {detail}"));
        output::line(say!(language, "  remedy    {remedy}", "  할 일     {remedy}"));
    }
    if let Some(dial) = &decision.dial_string {
        output::line(say!(language, "  dials     {dial}", "  다이얼    {dial}"));
    }
    if let Some(sms) = &decision.sms {
        let (bytes, parts, worst) = (sms.bytes, sms.segments, sms.worst_case_segments);
        let encoding = word(&sms.encoding);
        output::line(say!(
            language,
            "  sms       {bytes} bytes, {parts} segment(s) by encoding, {worst} at worst, {encoding}",
            "  문자      {bytes}바이트, 인코딩 기준 {parts}건, 최대 {worst}건, {encoding}"
        ));
    }
    if let Some(fallback) = &decision.fallback {
        let email = words::named(&word(&fallback.email), words::fallback_email(fallback.email), language);
        let reason = &fallback.reason;
        output::line(say!(language, "  email     {email}: {reason}", "  이메일    {email}: {reason}"));
    }
    for rule in &decision.rules {
        output::line(format!(
            "  {:<9} {}: {}",
            rule.id.to_string(),
            effect(rule.effect, language),
            rule.detail
        ));
    }
}

/// What a rule did, as a person reads it.
pub(super) fn effect(effect: RuleEffect, language: Language) -> String {
    words::named(&word(&effect), effect.words(), language)
}
