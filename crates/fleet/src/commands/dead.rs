//! `fleet dead`: the dead-letter desk at the command line.

use std::io::Read as _;

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher};
use closure_contract::{
    Facts, Job, Language, Words,
    job::DecodeError,
    topology::{JOB_BYTES_MAX, WorkQueue},
};
use closure_store::{
    DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetterState, DeadLetterSummary, DeathHistory, Debt,
    GivenUp, JobHistory, LetterEdition, Reopened, ReplayError, Snapshot, Store, Subject,
};
use serde_json::json;
use tracing::warn;

use super::{
    Failure, Invocation, answer_by_email, dead_diff, engine,
    printed::{Letter, Letters},
    show::act,
    show_as,
};
use crate::{
    announce,
    cli::{Dead, Reveal, Settle},
    config,
    desk::{self, Act, Desk},
    lifecycle::Lifecycle,
    output, replays,
    words::{self, say},
    workers::dead,
};

/// Runs one of the desk's commands.
pub async fn run(invocation: &Invocation, dead: Dead) -> Result<(), Failure> {
    match dead {
        Dead::List { state, code, limit } => list(invocation, state, code, limit).await,
        Dead::Show { id, reveal } => show(invocation, DeadLetterId(id), &reveal).await,
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
    let desk = invocation.desk().await?;
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
    let store = desk.look(Act::ListLetters, desk::subject("letters", state.as_str())).await?;
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
                    letter.version.to_string(),
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
const HEADINGS: [Words; 9] = [
    Words::of("letter", "건"),
    Words::of("queue", "큐"),
    Words::of("code", "코드"),
    Words::of("job", "작업"),
    Words::of("version", "버전"),
    Words::of("deaths", "실패 횟수"),
    Words::of("last died", "마지막 실패"),
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

/// Shows a letter, masked, or as it is for a purpose that is on record before anything is shown.
async fn show(invocation: &Invocation, id: DeadLetterId, reveal: &Reveal) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    let store = desk.look(Act::ShowLetter, subject(id)).await?;
    let letter = store.dead_letter(id).await?.ok_or_else(|| no_such(id))?;
    if reveal.reveal {
        desk.note(Act::RevealLetter, subject(id), reveal.purpose.as_deref()).await?;
    }
    let facts = facts_of(store, &letter).await?;
    let shown = if reveal.reveal { Letter::of(&letter, &facts) } else { Letter::masked(&letter, &facts) };
    show_as(invocation.style, &shown, |shown| {
        text(&letter, &facts, invocation.language);
        original(&letter, shown, reveal, invocation.language);
    });
    Ok(())
}

fn text(letter: &DeadLetter, facts: &Facts, language: Language) {
    let summary = &letter.summary;
    let (id, code, queue, key) = (summary.id, summary.code, &summary.queue, &letter.routing_key);
    let (state, version) =
        (words::named(summary.state.as_str(), words::letter(summary.state), language), summary.version);
    output::line(say!(
        language,
        "letter {id}  {state}  version {version}  from {queue}  key {key}",
        "건 {id}  {state}  버전 {version}  큐 {queue}  키 {key}"
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
    owed(summary, language);
    if let Some(job) = summary.about_job {
        output::line(say!(
            language,
            "  names the job {job}, and is resolved when that one reaches the customer",
            "  작업 {job}에 대한 메시지이며, 그 작업이 고객에게 도착하면 처리 완료됩니다"
        ));
    }
    letter.earlier_deaths.iter().for_each(|death| earlier_death("  ", death, language));
    letter.actions.iter().for_each(|action| act(action, "  ", language));
    letter.editions.iter().for_each(|one| edition(one, language));
}

/// What a decision about a letter still owes.
fn owed(summary: &DeadLetterSummary, language: Language) {
    if let Some(at) = summary.announce_at {
        let id = summary.id;
        output::line(say!(
            language,
            "  the CRM hears at {at} that it was given up; fleet dead undo {id} --reason WHY takes it back",
            "  {at}에 CRM에 미발송 종결을 알립니다. 그 전에는 fleet dead undo {id} --reason 사유 명령으로 되돌릴 수 있습니다"
        ));
    }
    if summary.state == DeadLetterState::Replaying && summary.published_at.is_none() {
        let queue = WorkQueue::ALL.into_iter().find(|queue| queue.name() == summary.queue);
        // The workers of the other queues send nothing by themselves, and what is unroutable has none.
        let follows = match queue {
            Some(WorkQueue::Jobs(_) | WorkQueue::Receipts) => Words::of(
                "  its replay is not known to be published; a worker of its queue sees to it",
                "  재발송 메시지의 발행이 아직 확인되지 않았습니다. 해당 큐의 워커가 다시 발행합니다",
            ),
            Some(WorkQueue::Cancels | WorkQueue::Webhooks) | None => Words::of(
                "  its replay is not known to be published; give the same command again",
                "  재발송 메시지의 발행이 아직 확인되지 않았습니다. 같은 명령을 다시 실행하십시오",
            ),
        };
        output::line(follows.in_language(language));
    }
}

/// What the letter holds: masked, or as it is.
fn original(letter: &DeadLetter, shown: &Letter<'_>, reveal: &Reveal, language: Language) {
    let bytes = letter.body.len();
    output::line(say!(language, "  original body, {bytes} bytes:", "  원본, {bytes}바이트:"));
    match (&shown.masked_body, reveal.reveal) {
        (_, true) => output::quoted(&String::from_utf8_lossy(&letter.body)),
        (Some(masked), false) => output::quoted(&format!("{masked:#}")),
        (None, false) => {
            let hidden = Words::of("(hidden: it is no JSON object)", "(가림: JSON 객체가 아닙니다)");
            output::quoted(hidden.in_language(language));
        }
    }
    if !reveal.reveal {
        output::line(say!(
            language,
            "  to see it as it is: --reveal --purpose WHY, which goes on record",
            "  가림을 해제하려면: --reveal --purpose 사유 (감사 기록에 남습니다)"
        ));
    }
}

/// How a letter died before the last time.
pub(super) fn earlier_death(indent: &str, death: &DeathHistory, language: Language) {
    let provider = death.provider.map_or_else(String::new, |provider| format!("  {provider}"));
    let own = death.provider_code.as_ref().map_or_else(String::new, |code| format!(" {code}"));
    let DeathHistory { number, generation, at, code, detail, .. } = death;
    let what = code.what_in(language);
    output::line(say!(
        language,
        "{indent}death {number} of generation {generation}  {at}  {code}{provider}{own}: {detail}",
        "{indent}이전 실패 {number}  {generation}세대  {at}  {code}{provider}{own}: {what}"
    ));
}

/// Which bytes there are of a letter's message; `fleet dead diff` tells what differs.
fn edition(edition: &LetterEdition, language: Language) {
    let made = match (&edition.made_by, &edition.reason) {
        (Some(actor), Some(reason)) => say!(language, "by {actor}: {reason}", "처리자 {actor}: {reason}"),
        _ => Words::of("as it came", "받은 그대로").in_language(language).to_owned(),
    };
    let (number, bytes) = (edition.number, edition.body.len());
    output::line(say!(
        language,
        "  edition {number}, {bytes} bytes, {made}",
        "  내용 {number}, {bytes}바이트, {made}"
    ));
}

/// Replays a letter; the message is published, confirmed, before the command says so.
///
/// Should it end in between, the letter stays `replaying`: the same command finishes what was begun, and so does a worker
/// of its queue by itself after half a minute.
async fn replay(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let (broker, database, rulebook, refresh) = config::load(invocation.config.as_ref(), |source| {
        (
            config::broker(source, "dead"),
            config::database(source),
            config::rulebook(source),
            config::templates_refresh(source),
        )
    })?;
    let desk = Desk::open(Store::new(database.clone())?, &invocation.who).await?;
    let id = DeadLetterId(settle.id);
    let act = if settle.edit.is_some() { Act::EditLetter } else { Act::ReplayLetter };
    let store = desk.begin(act, subject(id), Some(&settle.reason)).await?;
    let edited = edited(&store, settle).await?;
    let found_by = match edited.as_deref().map(Job::decode) {
        Some(Ok(job)) => {
            let engine = engine(rulebook, Some(database), refresh).await?;
            let number = engine.number(&job);
            Some((job.id(), engine.decide_now(&job, &number).await?.0.found_by))
        }
        Some(Err(_)) | None => None,
    };
    let deed = settle.deed(desk.signature());
    let replay = store.begin_replay(id, deed, edited.clone()).await.map_err(replay_failure)?;
    if let (Some((job_id, found_by)), Some(body)) = (found_by, &edited) {
        store.note_facts(job_id, body, &found_by).await?;
    }
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
        let generation = replay.generation;
        output::line(say!(
            invocation.language,
            "letter {id} is published again as generation {generation}",
            "건 {id}: {generation}세대로 다시 발행했습니다"
        ));
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
    let desk = Desk::open(Store::new(database)?, &invocation.who).await?;
    let id = DeadLetterId(settle.id);
    let store = desk.begin(Act::DiscardLetter, subject(id), Some(&settle.reason)).await?;
    let discarded = store.discard(id, settle.deed(desk.signature()), undo_ms).await;
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
        output::line(say!(
            invocation.language,
            "letter {id} is discarded; its bytes stay on record",
            "건 {id}: 미발송으로 종결했습니다. 원본은 보관됩니다"
        ));
        if let Some(at) = told_at {
            output::line(say!(
                invocation.language,
                "the CRM hears of it at {at}; until then fleet dead undo {id} --reason WHY takes it back",
                "{at}에 CRM에 알립니다. 그 전에는 fleet dead undo {id} --reason 사유 명령으로 되돌릴 수 있습니다"
            ));
        }
    });
    Ok(())
}

/// Gives a letter up at once; what the CRM is to be told of its job, if it is one, and what is paid by telling it.
pub(super) async fn give_up(
    store: &Store,
    settle: &Settle,
    signature: &str,
) -> Result<Option<(OutMessage, Debt)>, Failure> {
    let discarded = store.discard(DeadLetterId(settle.id), settle.deed(signature), 0).await;
    match discarded.map_err(replay_failure)? {
        GivenUp::Now(delivery) => Ok(delivery.and_then(|delivery| word_of(&delivery))),
        GivenUp::ToldAt(_) => Ok(None),
    }
}

fn word_of(snapshot: &Snapshot) -> Option<(OutMessage, Debt)> {
    Some((announce::outcome(snapshot)?, Debt::of(snapshot)))
}

async fn reopen(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    let id = DeadLetterId(settle.id);
    let store = desk.begin(Act::ReopenLetter, subject(id), Some(&settle.reason)).await?;
    let heard = store.reopen(id, settle.deed(desk.signature())).await.map_err(replay_failure)?;
    let is_heard = heard == Reopened::Told;
    let answer = json!({ "letter": settle.id, "open": true, "heard": is_heard });
    show_as(invocation.style, &answer, |_| {
        let known = if is_heard {
            Words::of(
                "the CRM has heard that it was given up, and a replay tells one more outcome",
                "CRM은 이미 미발송 종결을 전달받았으며, 재발송하면 결과가 한 번 더 전달됩니다",
            )
        } else {
            Words::of("the CRM heard nothing of it", "CRM에는 알리지 않았습니다")
        };
        let known = known.in_language(invocation.language);
        output::line(say!(
            invocation.language,
            "letter {id} is open again; {known}",
            "건 {id}: 다시 조치 대기 상태입니다. {known}"
        ));
    });
    Ok(())
}

/// A letter, as it stands on record.
pub(super) fn subject(id: DeadLetterId) -> Subject {
    desk::subject("letter", id)
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
