//! `fleet dead`: the dead-letter desk at the command line.

use std::io::Read as _;

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher, message::TEXT_BYTES_MAX};
use closure_contract::{
    AttemptNumber, Generation, Job,
    topology::{JOB_BYTES_MAX, JOBS, WorkQueue},
};
use closure_store::{
    DeadLetterFilter, DeadLetterId, DeadLetterState, DeadLetterSummary, Debt, ReplayError, Store,
};
use serde_json::json;
use tracing::warn;

use super::{
    Failure, Invocation, answer_by_email, engine,
    printed::{Letter, Letters},
    show_as,
};
use crate::{
    announce,
    cli::{Dead, Settle},
    config,
    lifecycle::Lifecycle,
    output,
};

/// Runs one of the desk's commands.
pub async fn run(invocation: &Invocation, dead: Dead) -> Result<(), Failure> {
    match dead {
        Dead::List { state, code, limit } => list(invocation, state, code, limit).await,
        Dead::Show { id } => show(invocation, DeadLetterId(id)).await,
        Dead::Replay(settle) => replay(invocation, &settle).await,
        Dead::Discard(settle) => discard(invocation, &settle).await,
        Dead::AnswerByEmail(settle) => answer_by_email::run(invocation, &settle).await,
    }
}

async fn list(
    invocation: &Invocation,
    state: String,
    code: Option<String>,
    limit: i64,
) -> Result<(), Failure> {
    let store = store(invocation)?;
    let state = DeadLetterState::ALL
        .into_iter()
        .find(|known| known.as_str() == state)
        .ok_or_else(|| Failure::Input("a letter is open, replaying, resolved or discarded".to_owned()))?;
    let code = code
        .map(|code| {
            code.parse().map_err(|problem: closure_contract::failure::UnknownFailureCode| {
                Failure::Input(problem.to_string())
            })
        })
        .transpose()?;
    let letters: Letters = store
        .dead_letters(DeadLetterFilter { state: Some(state), channel: None, code, before: None, limit })
        .await?;
    show_as(invocation.style, &letters, |letters| {
        let rows = letters
            .iter()
            .map(|letter| {
                vec![
                    letter.id.to_string(),
                    letter.queue.clone(),
                    letter.code.to_string(),
                    letter.job_id.map_or_else(String::new, |job| job.to_string()),
                    letter.deaths.to_string(),
                    letter.last_died_at.to_string(),
                    what_is_wrong(letter),
                    letter.code.remedy().to_owned(),
                ]
            })
            .collect();
        output::table(
            &["letter", "queue", "code", "job", "deaths", "last died", "what is wrong", "what to do"],
            rows,
        );
    });
    Ok(())
}

/// Why a letter is there, with what the provider said where the reason does not repeat it.
fn what_is_wrong(letter: &DeadLetterSummary) -> String {
    let said = letter.said.as_ref().filter(|said| !letter.detail.contains(said.as_str()));
    said.map_or_else(|| letter.detail.clone(), |said| format!("{}; the provider said: {said}", letter.detail))
}

async fn show(invocation: &Invocation, id: DeadLetterId) -> Result<(), Failure> {
    let store = store(invocation)?;
    let letter = store.dead_letter(id).await?.ok_or_else(|| no_such(id))?;
    show_as(invocation.style, &Letter::of(&letter), |_| {
        output::line(format!(
            "letter {}  {}  from {}  key {}",
            letter.summary.id,
            letter.summary.state.as_str(),
            letter.summary.queue,
            letter.routing_key
        ));
        output::line(format!("  {}: {}", letter.summary.code, what_is_wrong(&letter.summary)));
        output::line(format!("  to do: {}", letter.summary.code.remedy()));
        output::line(format!(
            "  died {} time(s), first {}, last {}",
            letter.summary.deaths, letter.summary.first_died_at, letter.summary.last_died_at
        ));
        if let Some(job) = letter.summary.about_job {
            output::line(format!(
                "  names the job {job}, and is resolved when that one reaches the customer"
            ));
        }
        for action in &letter.actions {
            output::line(format!(
                "  {}  {} by {}: {}",
                action.at, action.action, action.actor, action.reason
            ));
        }
        output::line(format!("  original body, {} bytes:", letter.body.len()));
        output::quoted(&String::from_utf8_lossy(&letter.body));
    });
    Ok(())
}

/// Replays a letter; the message is published, confirmed, before the command says so.
///
/// Should it end in between, the letter stays `replaying` and the same command finishes what was begun.
async fn replay(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let (broker, database, rulebook, refresh) = config::load(invocation.config.as_ref(), |source| {
        (
            config::broker(source, "dead"),
            config::database(source),
            config::rulebook(source),
            config::templates_refresh(source),
        )
    })?;
    let store = Store::new(database.clone())?;
    let id = DeadLetterId(settle.id);
    let edited = edited(&store, settle).await?;
    let found_by = match edited.as_deref().map(Job::decode) {
        Some(Ok(job)) => {
            let engine = engine(rulebook, Some(database), refresh).await?;
            Some((job.id(), engine.decide_now(&job).await?.0.found_by))
        }
        Some(Err(_)) | None => None,
    };
    let replay = store
        .begin_replay(id, &settle.actor, &settle.reason, edited.clone())
        .await
        .map_err(replay_failure)?;
    if let (Some((job_id, found_by)), Some(body)) = (found_by, &edited) {
        store.note_facts(job_id, body, &found_by).await?;
    }
    let lifecycle = Lifecycle::default();
    let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
    publisher.publish(vec![message(&replay)]).await?;
    match replay.job_id {
        None => store.finish_bytes_replay(id).await?,
        Some(job_id) => pay(&store, Debt { job_id, generation: replay.generation, word: 0 }).await,
    }
    lifecycle.finish(std::time::Duration::from_secs(5)).await;
    let answer = json!({ "letter": settle.id, "generation": replay.generation, "published": true });
    show_as(invocation.style, &answer, |_| {
        output::line(format!("letter {id} is published again as generation {}", replay.generation));
    });
    Ok(())
}

/// What was published is owed no more. The command is done by then: a payment that fails costs a repeat under the same
/// id at the most, and asking the person again would send nothing new.
pub(super) async fn pay(store: &Store, debt: Debt) {
    if let Err(problem) = store.paid(&[debt]).await {
        warn!(job_id = %debt.job_id, %problem, "what was published could not be written down as told");
    }
}

/// The corrected job, where the person brings one.
pub(super) async fn edited(store: &Store, settle: &Settle) -> Result<Option<Bytes>, Failure> {
    let Some(path) = &settle.edit else { return Ok(None) };
    let mut body = Vec::new();
    // One byte more than a job may have tells that it is too large, however large it is.
    let read =
        std::fs::File::open(path).and_then(|file| file.take(JOB_BYTES_MAX as u64 + 1).read_to_end(&mut body));
    read.map_err(|problem| Failure::Input(format!("{}: {problem}", path.display())))?;
    let body = Bytes::from(body);
    check_edit(store, DeadLetterId(settle.id), &body).await?;
    Ok(Some(body))
}

/// An edited body must be a job, and the same job.
async fn check_edit(store: &Store, id: DeadLetterId, body: &[u8]) -> Result<(), Failure> {
    let letter = store.dead_letter(id).await?.ok_or_else(|| no_such(id))?;
    if letter.summary.queue == WorkQueue::Webhooks.name() {
        return Err(Failure::Input(format!(
            "letter {id} is an outcome on its way to the CRM's webhook, and no job; replay it as it is, without --edit"
        )));
    }
    let job = Job::decode(body).map_err(|problem| Failure::Input(format!("the edited body: {problem}")))?;
    match letter.summary.job_id {
        Some(job_id) if job_id != job.id() => Err(Failure::Input(format!(
            "the edited body is job {} and the letter is job {job_id}; keep the job_id",
            job.id()
        ))),
        Some(_) | None => Ok(()),
    }
}

fn message(replay: &closure_store::Replay) -> OutMessage {
    let queue = WorkQueue::ALL.into_iter().find(|queue| queue.name() == replay.queue);
    let job = match queue {
        // Whatever it reads like, nobody but the CRM's webhook is to have it.
        Some(WorkQueue::Webhooks) => None,
        Some(WorkQueue::Jobs(_) | WorkQueue::Receipts | WorkQueue::Cancels) | None => {
            Job::decode(&replay.body).ok()
        }
    };
    if let Some(job) = job {
        return announce::job_message(&job, replay.body.clone(), replay.generation, None);
    }
    // What could not be read goes back as it came, so that a newer release can read it: through the queue that it was
    // in, under an id of ours where its own cannot be written.
    let (exchange, routing_key) = match queue {
        Some(queue) => (queue.exchange(), queue.routing_key().to_owned()),
        None => (JOBS, replay.routing_key.clone()),
    };
    let own = replay.message_id.clone().filter(|id| (1..=TEXT_BYTES_MAX).contains(&id.len()));
    OutMessage {
        exchange,
        routing_key,
        message_id: own.unwrap_or_else(|| format!("letter:{}", replay.id)),
        kind: replay.kind.clone().unwrap_or_default(),
        attempt: AttemptNumber::FIRST,
        generation: Generation::FIRST,
        traceparent: None,
        body: replay.body.clone(),
    }
}

async fn discard(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let (broker, database) = config::load(invocation.config.as_ref(), |source| {
        (config::broker(source, "dead"), config::database(source))
    })?;
    let store = Store::new(database)?;
    if let Some((message, debt)) = give_up(&store, settle).await? {
        let lifecycle = Lifecycle::default();
        let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
        publisher.publish(vec![message]).await?;
        pay(&store, debt).await;
        lifecycle.finish(std::time::Duration::from_secs(5)).await;
    }
    show_as(invocation.style, &json!({ "letter": settle.id, "discarded": true }), |_| {
        output::line(format!("letter {} is discarded; its bytes stay on record", settle.id));
    });
    Ok(())
}

/// Gives a letter up; what the CRM is to be told of its job, if it is one, and what is paid by telling it.
pub(super) async fn give_up(store: &Store, settle: &Settle) -> Result<Option<(OutMessage, Debt)>, Failure> {
    let discarded = store.discard(DeadLetterId(settle.id), &settle.actor, &settle.reason).await;
    let snapshot = discarded.map_err(replay_failure)?;
    Ok(snapshot.and_then(|snapshot| Some((announce::outcome(&snapshot)?, Debt::of(&snapshot)))))
}

fn store(invocation: &Invocation) -> Result<Store, Failure> {
    let database = config::load(invocation.config.as_ref(), config::database)?;
    Ok(Store::new(database)?)
}

pub(super) fn no_such(id: DeadLetterId) -> Failure {
    Failure::Input(format!("there is no letter {id}; see fleet dead list"))
}

fn replay_failure(problem: ReplayError) -> Failure {
    match problem {
        ReplayError::NotFound(id) => no_such(id),
        ReplayError::NotOpen { .. } | ReplayError::NotDead { .. } | ReplayError::NoMessage(_) => {
            Failure::Refused(problem.to_string())
        }
        ReplayError::Store(problem) => problem.into(),
    }
}
