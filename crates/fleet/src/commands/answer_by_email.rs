//! `fleet dead answer-by-email`: a person lets the email answer in place of a text message.

use bytes::Bytes;
use closure_broker::Publisher;
use closure_contract::{FailureCode, Generation, Job};
use closure_policy::fallback::by_a_persons_word;
use closure_store::{DeadLetter, DeadLetterId, DeadLetterState, Store};
use serde_json::json;

use super::{
    Failure, Invocation,
    dead::{edited, give_up, no_such, pay, replay_failure, subject},
    opening::open_rules,
    show_as,
};
use crate::{
    announce,
    cli::Settle,
    config,
    desk::{Act, Desk},
    lifecycle::Lifecycle,
    output,
    words::say,
};

/// Publishes the email of a text message that waits for a person, confirmed, and then gives the text up.
///
/// A text message has one email, whose id follows from the text's: where a command died in between, the next one finds
/// the email and says what is left to do. The text may be corrected first, where its address is missing.
pub(super) async fn run(invocation: &Invocation, settle: &Settle) -> Result<(), Failure> {
    let (broker, database, rulebook, refresh) = config::load(invocation.config.as_ref(), |source| {
        (
            config::broker(source, "dead"),
            config::database(source),
            config::rulebook(source),
            config::templates_refresh(source),
        )
    })?;
    let desk = Desk::open(Store::new(database)?, &invocation.who).await?;
    let id = DeadLetterId(settle.id);
    if settle.edit.is_some() {
        desk.look(Act::EditLetter, subject(id)).await?;
    }
    // Whoever may not is refused before anything is read.
    desk.begin(Act::AnswerByEmail, subject(id), Some(&settle.reason)).await?;
    let store = desk.store();
    let lifecycle = Lifecycle::default();
    let letter = store.dead_letter(id).await?.ok_or_else(|| no_such(id))?;
    if letter.summary.code == FailureCode::JobIdConflict {
        return Err(Failure::Refused(format!(
            "letter {id} is another content under the id of a job; publish it under an id of its own"
        )));
    }
    let body = edited(store, settle).await?.unwrap_or_else(|| latest(&letter));
    let text = match (letter.summary.state, Job::decode(&body)) {
        (DeadLetterState::Open, Ok(Job::Sms(text))) => text,
        (DeadLetterState::Open, Ok(Job::Email(_) | Job::Dial(_)) | Err(_)) => {
            return Err(Failure::Refused(format!(
                "letter {id} is no text message that can be read; replay it corrected, or discard it"
            )));
        }
        (DeadLetterState::Replaying | DeadLetterState::Resolved | DeadLetterState::Discarded, _) => {
            let state = letter.summary.state.as_str();
            return Err(Failure::Refused(format!("letter {id} is {state} by now; read it again")));
        }
    };
    let answer_id = text.job_id.fallback_email();
    if let Some(history) = store.job_history(answer_id).await? {
        return Err(Failure::Refused(format!(
            "the email {answer_id} is there already and is {}; see `fleet show {answer_id}`, and discard the letter if it \
             answers",
            history.state
        )));
    }
    store.may_decide(id, settle.deed(desk.signature())).await.map_err(replay_failure)?;
    let Some(rules) = open_rules(rulebook, store, refresh, &lifecycle).await? else { return Ok(()) };
    let email = by_a_persons_word(&text, &*rules.current().await).map_err(|code| {
        Failure::Refused(format!("{}; give the job with its address: --edit job.json", code.what()))
    })?;
    let email = Job::Email(email);
    let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
    let message = announce::job_message(&email, email.encode().into(), Generation::FIRST, None);
    put_on_record(&desk, settle).await?;
    publisher.publish(vec![message]).await?;
    if let Some((message, debt)) = give_up(store, settle, desk.signature()).await? {
        publisher.publish(vec![message]).await?;
        pay(store, debt).await;
    }
    lifecycle.finish(std::time::Duration::from_secs(5)).await;
    show_as(invocation.style, &json!({ "letter": settle.id, "email": answer_id }), |_| {
        output::line(say!(
            invocation.language,
            "letter {id} is answered by the email {answer_id}; its text is given up",
            "건 {id}: 이메일 작업 {answer_id}(으)로 답변하고, 문자는 미발송으로 종결했습니다"
        ));
    });
    Ok(())
}

/// What goes out cannot be called back: its rows are there before it, and giving the text up adds none.
async fn put_on_record(desk: &Desk, settle: &Settle) -> Result<(), Failure> {
    let letter = || subject(DeadLetterId(settle.id));
    if settle.edit.is_some() {
        desk.note(Act::EditLetter, letter(), Some(&settle.reason)).await?;
    }
    Ok(desk.note(Act::AnswerByEmail, letter(), Some(&settle.reason)).await?)
}

/// The bytes as they were sent last.
fn latest(letter: &DeadLetter) -> Bytes {
    letter.replay_body.as_ref().unwrap_or(&letter.body).clone()
}
