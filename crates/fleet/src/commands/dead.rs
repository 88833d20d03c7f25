//! `fleet dead`: the dead-letter desk at the command line.

use std::io::Read as _;

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher, message::TEXT_BYTES_MAX};
use closure_contract::{
    AttemptNumber, Facts, Generation, Job, Language, Words,
    job::DecodeError,
    topology::{JOB_BYTES_MAX, JOBS, WorkQueue},
};
use closure_store::{
    DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterState, DeadLetterSummary, Debt, JobHistory,
    ReplayError, Store,
};
use serde_json::json;
use tracing::warn;

use super::{
    Failure, Invocation, answer_by_email,
    printed::{Letter, Letters},
    show::act,
    show_as,
};
use crate::{
    announce,
    cli::{Dead, Settle},
    config,
    lifecycle::Lifecycle,
    output,
    words::{self, say},
    workers::dead,
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
    let language = invocation.language;
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
                    what_is_wrong(letter, language),
                    letter.code.remedy_in(language).to_owned(),
                ]
            })
            .collect();
        output::table(&HEADINGS.map(|words| words.in_language(language)), rows);
    });
    Ok(())
}

/// The headings of the list.
const HEADINGS: [Words; 8] = [
    Words::of("letter", "건"),
    Words::of("queue", "큐"),
    Words::of("code", "코드"),
    Words::of("job", "작업"),
    Words::of("deaths", "횟수"),
    Words::of("last died", "마지막"),
    Words::of("what is wrong", "무슨 일"),
    Words::of("what to do", "할 일"),
];

/// Why a letter is there, with what the provider said where the reason does not repeat it; what was written down when it
/// died is English, so that a reader of Korean has the code's own words before what the provider said.
fn what_is_wrong(letter: &DeadLetterSummary, language: Language) -> String {
    let detail = match language {
        Language::English => letter.detail.clone(),
        Language::Korean => letter.code.what_in(language).to_owned(),
    };
    let said = letter.said.as_ref().filter(|said| !letter.detail.contains(said.as_str()));
    match said {
        None => detail,
        Some(said) => {
            say!(language, "{detail}; the provider said: {said}", "{detail}. 발송사의 응답: {said}")
        }
    }
}

/// What is known of why a letter died: what its bytes say of themselves, or the record of its job in that generation.
async fn facts_of(store: &Store, letter: &DeadLetter) -> Result<Facts, Failure> {
    if let Some(problem) = unreadable(letter) {
        return Ok(Facts { field: problem.path().map(str::to_owned), ..Facts::default() });
    }
    let Some(job_id) = letter.summary.job_id else { return Ok(Facts::default()) };
    let history = match store.job_history(job_id).await {
        Err(problem) if problem.is_unavailable() => return Err(problem.into()),
        // A record that this release cannot read hides no letter.
        history => history.ok().flatten(),
    };
    let same = |history: &JobHistory| {
        history.generation == letter.summary.generation && history.code == Some(letter.summary.code)
    };
    Ok(history.filter(same).map(|history| words::facts_of(&history)).unwrap_or_default())
}

/// Why nobody can read a letter's bytes, where that is what it died of.
fn unreadable(letter: &DeadLetter) -> Option<DecodeError> {
    let queue = WorkQueue::ALL.into_iter().find(|queue| queue.name() == letter.summary.queue)?;
    dead::unreadable(queue, &letter.body).filter(|problem| problem.code() == letter.summary.code)
}

async fn show(invocation: &Invocation, id: DeadLetterId) -> Result<(), Failure> {
    let store = store(invocation)?;
    let letter = store.dead_letter(id).await?.ok_or_else(|| no_such(id))?;
    let facts = facts_of(&store, &letter).await?;
    show_as(invocation.style, &Letter::of(&letter, &facts), |_| text(&letter, &facts, invocation.language));
    Ok(())
}

fn text(letter: &DeadLetter, facts: &Facts, language: Language) {
    let summary = &letter.summary;
    let (id, code, queue, key) = (summary.id, summary.code, &summary.queue, &letter.routing_key);
    let state = words::named(summary.state.as_str(), words::letter(summary.state), language);
    output::line(say!(
        language,
        "letter {id}  {state}  from {queue}  key {key}",
        "조치 대기 건 {id}  {state}  큐 {queue}  키 {key}"
    ));
    output::line(format!("  {code}: {}", what_is_wrong(summary, language)));
    if language == Language::Korean {
        if let Some(problem) = unreadable(letter) {
            output::line(format!("  상세     {}", problem.problem_in(language)));
        } else if words::adds(code, &summary.detail) {
            output::line(format!("  기록     {}", summary.detail));
        }
    }
    words::explained(&code.explained(facts, language), language).iter().for_each(output::line);
    let (deaths, first, last) = (summary.deaths, summary.first_died_at, summary.last_died_at);
    output::line(say!(
        language,
        "  died {deaths} time(s), first {first}, last {last}",
        "  실패 {deaths}회, 처음 {first}, 마지막 {last}"
    ));
    if let Some(job) = summary.about_job {
        output::line(say!(
            language,
            "  names the job {job}, and is resolved when that one reaches the customer",
            "  작업 {job}에 대한 메시지이며, 그 작업이 고객에게 도착하면 처리 완료됩니다"
        ));
    }
    letter.actions.iter().for_each(|action| act(action, "  ", language));
    let bytes = letter.body.len();
    output::line(say!(language, "  original body, {bytes} bytes:", "  원본, {bytes}바이트:"));
    output::quoted(&String::from_utf8_lossy(&letter.body));
}

/// Replays a letter; the message is published, confirmed, before the command says so.
///
/// Should it end in between, the letter stays `replaying` and the same command finishes what was begun.
async fn replay(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let (broker, database) = config::load(invocation.config.as_ref(), |source| {
        (config::broker(source, "dead"), config::database(source))
    })?;
    let store = Store::new(database)?;
    let id = DeadLetterId(settle.id);
    let edited = edited(&store, settle).await?;
    let replay =
        store.begin_replay(id, &settle.actor, &settle.reason, edited).await.map_err(replay_failure)?;
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
