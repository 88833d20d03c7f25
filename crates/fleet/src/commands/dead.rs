//! `fleet dead`: the dead-letter desk at the command line.

use std::io::Read as _;

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher};
use closure_contract::{
    Job,
    topology::{JOB_BYTES_MAX, WorkQueue},
};
use closure_store::{
    DeadLetterFilter, DeadLetterId, DeadLetterState, DeadLetterSummary, DeathHistory, Debt, GivenUp,
    LetterEdition, Reopened, ReplayError, Snapshot, Store,
};
use serde_json::json;
use tracing::warn;

use super::{
    Failure, Invocation, answer_by_email, dead_diff,
    printed::{Letter, Letters},
    show_as,
};
use crate::{
    announce,
    cli::{Dead, Settle},
    config,
    lifecycle::Lifecycle,
    output, replays,
};

/// Runs one of the desk's commands.
pub async fn run(invocation: &Invocation, dead: Dead) -> Result<(), Failure> {
    match dead {
        Dead::List { state, code, limit } => list(invocation, state, code, limit).await,
        Dead::Show { id } => show(invocation, DeadLetterId(id)).await,
        Dead::Diff { id, from, to } => dead_diff::run(invocation, DeadLetterId(id), from, to).await,
        Dead::Replay(settle) => replay(invocation, &settle).await,
        Dead::Discard(settle) => discard(invocation, &settle).await,
        Dead::Reopen(settle) => reopen(invocation, &settle).await,
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
                    letter.version.to_string(),
                    letter.deaths.to_string(),
                    letter.last_died_at.to_string(),
                    what_is_wrong(letter),
                    letter.code.remedy().to_owned(),
                ]
            })
            .collect();
        output::table(
            &[
                "letter",
                "queue",
                "code",
                "job",
                "version",
                "deaths",
                "last died",
                "what is wrong",
                "what to do",
            ],
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
            "letter {}  {}  version {}  from {}  key {}",
            letter.summary.id,
            letter.summary.state.as_str(),
            letter.summary.version,
            letter.summary.queue,
            letter.routing_key
        ));
        output::line(format!("  {}: {}", letter.summary.code, what_is_wrong(&letter.summary)));
        output::line(format!("  to do: {}", letter.summary.code.remedy()));
        output::line(format!(
            "  died {} time(s), first {}, last {}",
            letter.summary.deaths, letter.summary.first_died_at, letter.summary.last_died_at
        ));
        if let Some(at) = letter.summary.announce_at {
            output::line(format!(
                "  the CRM hears at {at} that it was given up; fleet dead undo takes it back"
            ));
        }
        if letter.summary.state == DeadLetterState::Replaying && letter.summary.published_at.is_none() {
            output::line("  its replay is not known to be published; a worker of its queue sees to it");
        }
        if let Some(job) = letter.summary.about_job {
            output::line(format!(
                "  names the job {job}, and is resolved when that one reaches the customer"
            ));
        }
        letter.earlier_deaths.iter().for_each(|death| earlier_death("  ", death));
        for action in &letter.actions {
            output::line(format!(
                "  {}  {} by {}: {}",
                action.at, action.action, action.actor, action.reason
            ));
        }
        letter.editions.iter().for_each(edition);
        output::line(format!("  original body, {} bytes:", letter.body.len()));
        output::quoted(&String::from_utf8_lossy(&letter.body));
    });
    Ok(())
}

/// How a letter died before the last time.
pub(super) fn earlier_death(indent: &str, death: &DeathHistory) {
    let provider = death.provider.map_or_else(String::new, |provider| format!("  {provider}"));
    let own = death.provider_code.as_ref().map_or_else(String::new, |code| format!(" {code}"));
    output::line(format!(
        "{indent}death {} of generation {}  {}  {}{provider}{own}: {}",
        death.number, death.generation, death.at, death.code, death.detail
    ));
}

/// Which bytes there are of a letter's message; `fleet dead diff` tells what differs.
fn edition(edition: &LetterEdition) {
    let made = match (&edition.made_by, &edition.reason) {
        (Some(actor), Some(reason)) => format!("by {actor}: {reason}"),
        _ => "as it came".to_owned(),
    };
    output::line(format!("  edition {}, {} bytes, {made}", edition.number, edition.body.len()));
}

/// Replays a letter; the message is published, confirmed, before the command says so.
///
/// Should it end in between, the letter stays `replaying`: the same command finishes what was begun, and so does a worker
/// of its queue by itself after half a minute.
async fn replay(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let (broker, database) = config::load(invocation.config.as_ref(), |source| {
        (config::broker(source, "dead"), config::database(source))
    })?;
    let store = Store::new(database)?;
    let id = DeadLetterId(settle.id);
    let edited = edited(&store, settle).await?;
    let replay = store.begin_replay(id, settle.deed(), edited).await.map_err(replay_failure)?;
    let lifecycle = Lifecycle::default();
    let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
    publisher.publish(vec![replays::message(&replay)]).await?;
    let published = store.replay_published(id, replay.generation).await;
    match (replay.job_id, published) {
        // Nothing else resolves the letter of what is no job: the same command does, given once more.
        (None, published) => published?,
        // The job has its message by now, and its worker is found to have it.
        (Some(job_id), published) => {
            if let Err(problem) = published {
                warn!(dead_letter = %id, %problem, "what was published could not be written down as published");
            }
            pay(&store, Debt { job_id, generation: replay.generation, word: 0 }).await;
        }
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

async fn discard(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let (broker, database, undo_ms) = config::load(invocation.config.as_ref(), |source| {
        (config::broker(source, "dead"), config::database(source), config::undo_ms(source))
    })?;
    let store = Store::new(database)?;
    let discarded = store.discard(DeadLetterId(settle.id), settle.deed(), undo_ms).await;
    let told_at = match discarded.map_err(replay_failure)? {
        GivenUp::ToldAt(at) => Some(at),
        GivenUp::Now(delivery) => {
            if let Some((message, debt)) = delivery.and_then(|delivery| word_of(&delivery)) {
                let lifecycle = Lifecycle::default();
                let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
                publisher.publish(vec![message]).await?;
                pay(&store, debt).await;
                lifecycle.finish(std::time::Duration::from_secs(5)).await;
            }
            None
        }
    };
    let answer = json!({ "letter": settle.id, "discarded": true, "announce_at": told_at });
    show_as(invocation.style, &answer, |_| {
        output::line(format!("letter {} is discarded; its bytes stay on record", settle.id));
        if let Some(at) = told_at {
            output::line(format!(
                "the CRM hears of it at {at}; until then fleet dead undo {} takes it back",
                settle.id
            ));
        }
    });
    Ok(())
}

/// Gives a letter up at once; what the CRM is to be told of its job, if it is one, and what is paid by telling it.
pub(super) async fn give_up(store: &Store, settle: &Settle) -> Result<Option<(OutMessage, Debt)>, Failure> {
    match store.discard(DeadLetterId(settle.id), settle.deed(), 0).await.map_err(replay_failure)? {
        GivenUp::Now(delivery) => Ok(delivery.and_then(|delivery| word_of(&delivery))),
        GivenUp::ToldAt(_) => Ok(None),
    }
}

fn word_of(snapshot: &Snapshot) -> Option<(OutMessage, Debt)> {
    Some((announce::outcome(snapshot)?, Debt::of(snapshot)))
}

async fn reopen(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let store = store(invocation)?;
    let heard = store.reopen(DeadLetterId(settle.id), settle.deed()).await.map_err(replay_failure)?;
    let is_heard = heard == Reopened::Told;
    let answer = json!({ "letter": settle.id, "open": true, "heard": is_heard });
    show_as(invocation.style, &answer, |_| {
        let known = if is_heard {
            "the CRM has heard that it was given up, and a replay tells one more outcome"
        } else {
            "the CRM heard nothing of it"
        };
        output::line(format!("letter {} is open again; {known}", settle.id));
    });
    Ok(())
}

pub(super) fn store(invocation: &Invocation) -> Result<Store, Failure> {
    let database = config::load(invocation.config.as_ref(), config::database)?;
    Ok(Store::new(database)?)
}

pub(super) fn no_such(id: DeadLetterId) -> Failure {
    Failure::Input(format!("there is no letter {id}; see fleet dead list"))
}

pub(super) fn replay_failure(problem: ReplayError) -> Failure {
    match problem {
        ReplayError::NotFound(id) => no_such(id),
        ReplayError::Changed { .. }
        | ReplayError::NotOpen { .. }
        | ReplayError::NotDiscarded { .. }
        | ReplayError::NotDead { .. }
        | ReplayError::NoMessage(_) => {
            // Programs tell the refusals apart by the code.
            let code = problem.code().unwrap_or_default();
            Failure::Refused(format!("{code}: {problem}"))
        }
        ReplayError::Store(problem) => problem.into(),
    }
}
