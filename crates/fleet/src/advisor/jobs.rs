//! What became of the jobs that were published, without a number, an address or a text.

use axum::{
    Extension, Json,
    extract::{Path, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use closure_contract::{
    Channel, ConsultationId, Evidence, FailureCode, Generation, JobId, Language, OutcomeName, Timestamp,
};
use closure_store::{DeliveryState, JobSummary, Store, StoreError};
use schemars::JsonSchema;
use serde::Serialize;
use tracing::{info, warn};
use uuid::Uuid;

use super::{answering::Answerer, guard::Caller, language::Asked, refusal::Refusal};
use crate::{
    announce::Word,
    earlier::EarlierOutcome,
    runtime::{Outage as _, Remedy},
};

/// How one job stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct JobAnswer {
    /// The job.
    job_id: JobId,
    /// The consultation that it closes.
    consultation_id: ConsultationId,
    /// Which revision of the answer it is.
    revision: u32,
    /// The channel that carries it out.
    channel: Channel,
    /// Which edition of it: 1, and one more for each replay by a person.
    generation: Generation,
    /// Where it stands.
    state: DeliveryState,
    /// Why it did not reach the customer, or what it waits for.
    code: Option<FailureCode>,
    /// What the code means, for people.
    meaning: Option<&'static str>,
    /// What a person can do about it.
    remedy: Option<&'static str>,
    /// How many times a provider was tried in this generation.
    attempts: u32,
    /// The outcome of this generation that holds, in the words of `closure.outcome/1`; none while the job goes on.
    outcomes: Vec<HeldOutcome>,
    /// What was told before, the oldest first: at most the latest 50 outcomes, those of earlier generations included.
    earlier_outcomes: Vec<EarlierOutcome>,
    /// The email job that answers in place of this SMS, if there is one.
    fallback_job_id: Option<JobId>,
    /// The SMS job that this email stands in for, if it is a fallback.
    fallback_of: Option<JobId>,
    /// When a worker had it in hand first.
    created_at: Timestamp,
    /// When it changed last.
    updated_at: Timestamp,
    /// When a provider took it.
    accepted_at: Option<Timestamp>,
    /// Of a text message that a provider took: when silence begins to count as an answer.
    receipt_due_at: Option<Timestamp>,
    /// When it came to an end.
    ended_at: Option<Timestamp>,
}

/// An outcome, in the words of `closure.outcome/1`.
#[derive(Debug, Serialize, JsonSchema)]
struct HeldOutcome {
    /// The same as in the message.
    outcome_id: Uuid,
    /// Which word about this generation of the job it is, from 1.
    word: u32,
    /// The `outcome_id` of the word before, which this one takes back or refines.
    corrects: Option<Uuid>,
    /// How it ended.
    outcome: OutcomeName,
    /// What a `delivered` is worth.
    evidence: Evidence,
    /// Why it did not reach the customer, where it did not.
    code: Option<FailureCode>,
    /// When the job came to this end, as the message says.
    at: Option<Timestamp>,
    /// Whether the broker has confirmed it; false for a moment after the end, or for as long as the broker is away.
    told: bool,
}

/// The jobs of one consultation.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ConsultationAnswer {
    /// The consultation.
    consultation_id: ConsultationId,
    /// At most 50 of its jobs: the newest revision first, and of one revision the job that began last.
    jobs: Vec<JobAnswer>,
    /// Whether there are more jobs than these.
    has_more: bool,
}

/// `GET /v1/jobs/{job_id}`.
pub(super) async fn job(
    Extension(answerer): Extension<Answerer>,
    Extension(caller): Extension<Caller>,
    Asked(language): Asked,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    let answered = async {
        let job_id: JobId =
            path.ok().and_then(|Path(id)| id.parse().ok()).ok_or(Refusal::MALFORMED_JOB_ID)?;
        let found =
            store(&answerer)?.job_summary(job_id).await.map_err(|problem| unanswered(&answerer, &problem))?;
        leave_trace(caller, job_id);
        let summary = found.ok_or(Refusal::JOB_UNKNOWN)?;
        Ok(Json(JobAnswer::of(&summary, language)))
    };
    answered.await.map_or_else(|refusal: Refusal| refusal.said(language), IntoResponse::into_response)
}

/// `GET /v1/consultations/{consultation_id}`.
pub(super) async fn consultation(
    Extension(answerer): Extension<Answerer>,
    Extension(caller): Extension<Caller>,
    Asked(language): Asked,
    path: Result<Path<String>, PathRejection>,
) -> Response {
    let answered = async {
        let id = path.ok().and_then(|Path(id)| ConsultationId::try_from(id).ok());
        let consultation_id = id.ok_or(Refusal::MALFORMED_CONSULTATION_ID)?;
        let found = store(&answerer)?.consultation_summary(&consultation_id).await;
        let summary = found.map_err(|problem| unanswered(&answerer, &problem))?;
        // What only a newer release can show is there all the same.
        if summary.jobs.is_empty() && !summary.has_more {
            return Err(Refusal::CONSULTATION_UNKNOWN);
        }
        summary.jobs.iter().for_each(|job| leave_trace(caller, job.job_id));
        let jobs = summary.jobs.iter().map(|job| JobAnswer::of(job, language)).collect();
        Ok(Json(ConsultationAnswer { consultation_id, jobs, has_more: summary.has_more }))
    };
    answered.await.map_or_else(|refusal| refusal.said(language), IntoResponse::into_response)
}

fn store(answerer: &Answerer) -> Result<&Store, Refusal> {
    answerer.engine.store().ok_or(Refusal::NO_DATABASE)
}

pub(super) fn unanswered(answerer: &Answerer, problem: &StoreError) -> Refusal {
    match problem.remedy() {
        Remedy::Time => answerer.away(problem),
        Remedy::NewerRelease | Remedy::None => {
            warn!(%problem, "a question could not be answered: this release cannot read what the database has");
            Refusal::UNREADABLE_RECORD
        }
    }
}

/// Who looked at which job; a consultation's id is the CRM's own text, and is not repeated.
fn leave_trace(Caller(token): Caller, job_id: JobId) {
    info!(token, %job_id, "somebody asked what became of a job");
}

impl JobAnswer {
    fn of(summary: &JobSummary, language: Language) -> Self {
        let held = Word::of_summary(summary).map(|word| HeldOutcome {
            outcome_id: word.outcome_id,
            word: word.number,
            corrects: word.corrects,
            outcome: word.outcome,
            evidence: summary.evidence,
            code: summary.code,
            at: summary.ended_at,
            told: summary.told,
        });
        Self {
            job_id: summary.job_id,
            consultation_id: summary.consultation_id.clone(),
            revision: summary.revision,
            channel: summary.channel,
            generation: summary.generation,
            state: summary.state,
            code: summary.code,
            meaning: summary.code.map(|code| code.what_in(language)),
            remedy: summary.code.map(|code| code.remedy_in(language)),
            attempts: summary.attempts,
            outcomes: held.into_iter().collect(),
            earlier_outcomes: EarlierOutcome::all_of(summary),
            fallback_job_id: summary.fallback_job_id,
            fallback_of: summary.source_job_id,
            created_at: summary.created_at,
            updated_at: summary.updated_at,
            accepted_at: summary.accepted_at,
            receipt_due_at: summary.receipt_due_at,
            ended_at: summary.ended_at,
        }
    }
}
