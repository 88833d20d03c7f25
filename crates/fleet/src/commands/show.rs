//! `fleet show`: the whole story of a job or a consultation.

use std::time::Duration;

use closure_contract::{
    AppliedRule, Channel, ConsultationId, Language, Timestamp, Words,
    facts::recovery::{Duplicates, LookUpBy},
};
use closure_policy::mask;
use closure_providers::Capabilities;
use closure_store::{
    AttemptHistory, DeadLetterAction, DeliveryState, EditionHistory, JobHistory, ReceiptHistory, Subject,
};

use super::{
    Failure, Invocation,
    dead::earlier_death,
    explain::effect,
    printed::{ShownJob, ShownJobs},
    show_as,
};
use crate::{
    cli::ShownId,
    desk::{self, Act},
    earlier::EarlierOutcome,
    output,
    visible::Visible,
    words::{self, named, say},
};

/// The longest step of a ladder: no message waits longer for its next look.
const LOOK_WITHIN: Duration = Duration::from_secs(3_600);

/// Prints the story; exits 65 if nothing is known under that id.
pub async fn run(invocation: &Invocation, id: &str) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    let store = desk.look(Act::ShowStory, story(id)).await?;
    let jobs: Vec<JobHistory> = match ShownId::read(id) {
        ShownId::Job(job) => store.job_history(job).await?.into_iter().collect(),
        ShownId::Consultation(text) => {
            let consultation =
                ConsultationId::try_from(text).map_err(|problem| Failure::Input(problem.to_string()))?;
            store.consultation_history(&consultation).await?
        }
    };
    if jobs.is_empty() {
        return Err(Failure::Input(format!(
            "no worker has had {id} in hand; it waits in its queue (fleet doctor), or died there (fleet dead list)"
        )));
    }
    let mut stories = ShownJobs::with_capacity(jobs.len());
    for job in jobs {
        let summary = store.job_summary(job.job_id).await?;
        let earlier_outcomes = summary.as_ref().map(EarlierOutcome::all_of).unwrap_or_default();
        let facts = words::facts_of(&job);
        stories.push(ShownJob { job, earlier_outcomes, facts });
    }
    show_as(invocation.style, &stories, |stories| {
        stories.iter().for_each(|told| text(told, invocation.language));
    });
    Ok(())
}

/// What was asked for, as it stands on record: what is neither a job's id nor a consultation's may be a customer's number.
fn story(id: &str) -> Subject {
    let is_of_consultation = || ConsultationId::try_from(id.to_owned()).is_ok();
    match ShownId::read(id) {
        ShownId::Job(job) => desk::subject("story", job),
        ShownId::Consultation(_) if is_of_consultation() && !mask::names_somebody(id) => {
            desk::subject("story", Visible(id))
        }
        ShownId::Consultation(_) => desk::subject("story", "(no id)"),
    }
}

fn text(told: &ShownJob, language: Language) {
    let history = &told.job;
    let (id, consultation, revision) = (history.job_id, &history.consultation_id, history.revision);
    let channel = named(history.channel.as_str(), history.channel.words(), language);
    output::line(say!(
        language,
        "job {id}  {channel}  consultation {consultation} revision {revision}",
        "작업 {id}  {channel}  상담 {consultation} revision {revision}"
    ));
    why(told, language);
    if let Some(due) = history.receipt_due_at {
        output::line(say!(language, "  receipt due {due}", "  전송 결과 기한 {due}"));
    }
    if let Some(asked) = &history.sender_asked {
        sender(history, asked, language);
    }
    if history.state == DeliveryState::InDoubt {
        in_doubt(history, language);
    }
    told.earlier_outcomes.iter().for_each(|outcome| earlier(outcome, language));
    history.earlier_editions.iter().for_each(|one| edition(one, history.channel, language));
    history.tries.iter().for_each(|one| attempt(one, language));
    history.receipts.iter().for_each(|one| receipt(one, language));
    let rules: Vec<AppliedRule> = serde_json::from_value(history.rules.clone()).unwrap_or_default();
    for AppliedRule { id, effect: did, detail, .. } in rules {
        let did = effect(did, language);
        output::line(say!(language, "  rule     {id} {did}: {detail}", "  규칙     {id} {did}: {detail}"));
    }
    letters(history, language);
    if let Some(email) = history.fallback_job_id {
        output::line(say!(language, "  answered by email job {email}", "  이메일 작업 {email}(으)로 답변"));
    }
    if let Some(since) = history.held_since {
        output::line(say!(
            language,
            "  an email is due and held since {since}, because unusually many texts fail; fleet fallback-hold list",
            "  대체 이메일을 {since}부터 보류하고 있습니다. 평소보다 많은 문자가 실패했기 때문입니다. fleet fallback-hold list"
        ));
    }
    if let Some(sms) = history.source_job_id {
        output::line(say!(language, "  stands in for SMS job {sms}", "  문자 작업 {sms}의 대체 이메일"));
    }
}

/// Where the job stands, and why: the code's words in the reader's language, and what was written down at that time.
fn why(told: &ShownJob, language: Language) {
    let history = &told.job;
    let state = named(history.state.as_str(), words::state(history.state, history.channel), language);
    let (generation, since) = (history.generation, history.updated_at);
    let said = history.code.map(|code| (code, code.explained(&told.facts, language)));
    let code = said.as_ref().map_or_else(String::new, |(code, said)| format!("  {code}: {}", said.what));
    output::line(say!(
        language,
        "  {state} (generation {generation}, since {since}){code}",
        "  {state}, {generation}세대, {since}부터{code}"
    ));
    if let Some(detail) = history.detail.as_ref().filter(|_| history.state != DeliveryState::InDoubt) {
        let is_news = history.code.is_none_or(|code| words::adds(code, detail));
        if language == Language::English || is_news {
            output::line(say!(language, "  detail   {detail}", "  기록     {detail}"));
        }
    }
    if let Some((_, said)) = said {
        words::explained(&said, language).iter().for_each(output::line);
    }
}

fn attempt(attempt: &AttemptHistory, language: Language) {
    let AttemptHistory { generation, number, provider, started_at, .. } = attempt;
    let code = attempt.code.map_or_else(String::new, |code| match language {
        Language::English => format!("  {code}"),
        Language::Korean => format!("  {code}: {}", code.what_in(language)),
    });
    let state = words::attempt(&attempt.state);
    let state = state.map_or_else(|| attempt.state.clone(), |words| named(&attempt.state, words, language));
    output::line(say!(
        language,
        "  attempt {generation}.{number}  {provider}  {state}  {started_at}{code}",
        "  발송 시도 {generation}.{number}  {provider}  {state}  {started_at}{code}"
    ));
}

fn receipt(receipt: &ReceiptHistory, language: Language) {
    let standing = match (receipt.counts, language) {
        (true, _) => "",
        (false, Language::English) => "  not believed: the attempt is another gateway's",
        (false, Language::Korean) => "  반영 안 함: 다른 발송사로 보낸 시도의 결과입니다",
    };
    let sender = receipt.reported_sender.as_ref();
    let sender = sender.map_or_else(String::new, |name| say!(language, "  sender {name}", "  발신자 {name}"));
    let status = named(receipt.status.as_str(), receipt.status.words(), language);
    let evidence = named(receipt.evidence.as_str(), receipt.evidence.words(), language);
    let (provider, received_at) = (receipt.provider, receipt.received_at);
    output::line(say!(
        language,
        "  receipt  {provider}  {status}  evidence {evidence}  received {received_at}{sender}{standing}",
        "  전송 결과 {provider}  {status}  도착 근거 {evidence}  {received_at} 받음{sender}{standing}"
    ));
}

/// What the CRM was told before the latest word.
fn earlier(outcome: &EarlierOutcome, language: Language) {
    let code = outcome.code.map_or_else(String::new, |code| format!("  {code}"));
    let standing = match (outcome.told, language) {
        (true, _) => "",
        (false, Language::English) => "  not confirmed by the broker",
        (false, Language::Korean) => "  브로커가 확인하지 않음",
    };
    let EarlierOutcome { generation, word, at, .. } = outcome;
    let name = named(&output::word(&outcome.outcome), outcome.outcome.words(), language);
    output::line(say!(
        language,
        "  told     {generation}.{word}  {name}  {at}{code}{standing}",
        "  이전 결과 {generation}.{word}  {name}  {at}{code}{standing}"
    ));
}

/// How an earlier generation of the job ended, and whose replay had made it.
fn edition(edition: &EditionHistory, channel: Channel, language: Language) {
    let code = edition.code.map_or_else(String::new, |code| format!("  {code}"));
    let made = match (&edition.made_by, &edition.reason) {
        (Some(actor), Some(reason)) => say!(language, "  by {actor}: {reason}", "  처리자 {actor}: {reason}"),
        _ => String::new(),
    };
    let EditionHistory { generation, replaced_at, .. } = edition;
    let state = named(edition.state.as_str(), words::state(edition.state, channel), language);
    output::line(say!(
        language,
        "  edition  {generation}  {state}{code}  replaced {replaced_at}{made}",
        "  이전 내용 {generation}세대  {state}{code}  {replaced_at} 교체{made}"
    ));
}

/// What waited for a person, and what was done about it.
fn letters(history: &JobHistory, language: Language) {
    for dead in &history.dead_letters {
        let letter = &dead.letter;
        let (id, detail) = (letter.id, &letter.detail);
        let state = named(letter.state.as_str(), words::letter(letter.state), language);
        let what = letter.code.what_in(language);
        output::line(say!(language, "  dead letter {id} is {state}: {detail}", "  건 {id}  {state}: {what}"));
        dead.earlier_deaths.iter().for_each(|death| earlier_death("    ", death, language));
        dead.actions.iter().for_each(|action| act(action, "    ", language));
    }
}

/// What a person did about a letter.
pub(super) fn act(action: &DeadLetterAction, indent: &str, language: Language) {
    let DeadLetterAction { at, actor, reason, .. } = action;
    let did = words::act(&action.action);
    let did = did.map_or_else(|| action.action.clone(), |words| named(&action.action, words, language));
    output::line(say!(
        language,
        "{indent}{at}  {did} by {actor}: {reason}",
        "{indent}{at}  {did}  처리자 {actor}: {reason}"
    ));
}

/// The sender that was asked for, and the one that the gateway says the message had.
fn sender(history: &JobHistory, asked: &str, language: Language) {
    // A receipt that came after the CRM was told may be the first to name one.
    let by_receipt = || history.receipts.iter().rev().filter(|receipt| receipt.counts);
    let reported = history.sender_reported.as_ref();
    let reported = reported.or_else(|| by_receipt().find_map(|receipt| receipt.reported_sender.as_ref()));
    let shown = match reported {
        None => say!(language, "the gateway names none", "발송사가 알려 준 발신자 없음"),
        Some(sender) => say!(language, "the gateway names {sender}", "발송사가 알려 준 발신자 {sender}"),
    };
    output::line(say!(language, "  sender   asked for {asked}; {shown}", "  발신자   요청 {asked}, {shown}"));
}

/// What is in doubt, since when, and what follows by itself.
fn in_doubt(history: &JobHistory, language: Language) {
    let Some(attempt) = history.tries.iter().rev().find(|attempt| attempt.state == "in_doubt") else {
        return;
    };
    let nobody = Words::of("nobody has looked yet", "아직 조회하지 않았습니다").in_language(language);
    let found_out = history.detail.as_deref().unwrap_or(nobody);
    let AttemptHistory { provider, generation, number, started_at, .. } = attempt;
    output::line(say!(
        language,
        "  in doubt: whether {provider} has attempt {generation}.{number}, since {started_at}; {found_out}",
        "  확인 중: {provider} 발송 시도 {generation}.{number}의 처리 여부, {started_at}부터. {found_out}"
    ));
    if let Some(gateway) = Capabilities::of(attempt.provider) {
        let latest = Timestamp(history.updated_at.0 + LOOK_WITHIN);
        let follows = what_follows(gateway).in_language(language);
        output::line(say!(
            language,
            "  next: by {latest} at the latest, {follows}",
            "  다음: 늦어도 {latest}까지. {follows}"
        ));
    }
}

/// The way out of a doubt, by what the gateway can do; policy decides each step of it.
fn what_follows(gateway: &Capabilities) -> Words {
    match (gateway.recovery.duplicates, gateway.recovery.look_up) {
        (Duplicates::Refused, _) => Words::of(
            "it is asked for our reference, and if it knows none it gets the same request again, which it refuses if it has it",
            "우리 참조 번호로 발송사에 조회하고, 없으면 같은 요청을 다시 보냅니다. 이미 접수한 요청이면 발송사가 거절합니다",
        ),
        (Duplicates::Carried, LookUpBy::ClientReference) => Words::of(
            "it is asked for our reference; after two misses it is sent once more, and after two more the email answers",
            "우리 참조 번호로 발송사에 조회합니다. 두 번 찾지 못하면 한 번 더 보내고, 다시 두 번 찾지 못하면 이메일로 답변합니다",
        ),
        (Duplicates::Carried, LookUpBy::RecipientAndTime) => Words::of(
            "it is asked by recipient, time and text, and never sent again; without a receipt by its due time the email answers",
            "수신번호, 시각, 본문으로 발송사에 조회하며 다시 보내지 않습니다. 기한까지 전송 결과가 없으면 이메일로 답변합니다",
        ),
        (Duplicates::Carried, LookUpBy::Nothing) => Words::of(
            "nothing is asked or sent; without a receipt by its due time the email answers",
            "조회하거나 다시 보내지 않습니다. 기한까지 전송 결과가 없으면 이메일로 답변합니다",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::story;

    #[test]
    fn what_may_be_a_customers_number_or_address_is_not_put_on_record_as_what_was_asked_for() {
        for id in ["+84912345678", "010-1234-5678", "minsu@example.com", "84912345678", "a b\u{1b}"] {
            assert_eq!(story(id).id, "(no id)", "{id}");
        }
        for id in ["8f0c6a1e-27b4-4d63-9a51-000000000001", "C-20261122-000001"] {
            assert_eq!(story(id).id, id);
        }
    }
}
