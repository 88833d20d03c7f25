//! What the CRM's webhook does not take: it goes to the desk, nobody else hears of it, and it is sent from there.

use closure_contract::{
    FailureCode,
    topology::{OUTCOMES, WEBHOOKS_ASIDE, WorkQueue},
};
use closure_store::DeadLetter;
use closure_tests::harness::{
    Heard, LONG, Posted, Reply, eventually, jobs,
    raw_amqp::{Properties, Property, RawPublisher, Said},
    run,
};
use uuid::Uuid;

use super::webhooks::{QUEUE, Setting, id, jobs as ids, told};

/// Waits for so many letters at the desk.
async fn letters(setting: &Setting, count: usize) -> Vec<DeadLetter> {
    eventually(&format!("{count} letters"), LONG, || async {
        let letters = setting.fleet.letters().await;
        if letters.len() == count { Ok(letters) } else { Err(letters.len().to_string()) }
    })
    .await
}

/// Has others taken, one after the other, until the worker has said this so often.
async fn until_said(setting: &Setting, message: &str, count: usize) {
    eventually(message, LONG, || async {
        setting.tell(&ids(1), 1).await;
        let said = setting.said("webhooks", message).await;
        if said >= count { Ok(()) } else { Err(said.to_string()) }
    })
    .await;
}

#[test]
fn what_the_endpoint_alone_calls_wrong_goes_to_the_desk_with_its_reason_and_from_there_to_the_endpoint_again()
{
    run(async {
        let setting = Setting::start("webhook-poison", &["webhooks"], |options| {
            options.variable("FLEET_WORKER_POSTPONED_ALONE_MAX_MS", "3000")
        })
        .await;
        let (wrong, failing, well) = (Uuid::new_v4(), Uuid::new_v4(), ids(60));
        let poison = [id(wrong, 1), id(failing, 1)];
        setting.receiver.answer(move |posted| match posted.outcome_id {
            one if one == poison[0] => Reply::Status(422),
            one if one == poison[1] => Reply::Close,
            _ => Reply::Status(200),
        });
        setting.tell(&[wrong, failing], 2).await;
        // Others are taken meanwhile.
        let mut told = well.iter();
        let letters = letters(&setting, 2);
        let others = async {
            for job in told.by_ref() {
                setting.tell(&[*job], 1).await;
                tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            }
        };
        let (letters, ()) = tokio::join!(letters, others);
        setting.took(well.len() + 2).await;
        assert_eq!(setting.said("webhooks", "goes to the dead-letter desk").await, 2);
        for (outcome, reason) in
            poison.into_iter().zip(["the webhook answered 422", "the webhook gave no answer"])
        {
            let body = told_of(outcome, &[wrong, failing]);
            let letter =
                letters.iter().find(|letter| letter.body == body.as_bytes()).expect("bytes are kept");
            assert_eq!(letter.summary.code, FailureCode::OutcomeNotTaken);
            assert!(letter.summary.detail.starts_with(reason), "{}", letter.summary.detail);
            assert_eq!(letter.summary.job_id, None, "the job itself is as it was");
        }
        let file = setting.fleet.file("job.json", jobs::email("edited@example.com").to_string().as_bytes());
        setting.receiver.answer(|_| Reply::Status(204));
        for letter in &letters {
            let number = letter.summary.id.to_string();
            let words = ["dead", "replay", &number, "--actor", "kim", "--reason", "the receiver is mended"];
            let edited = setting.fleet.cli(&[&words[..], &["--edit", &file]].concat()).await.with_code(65);
            assert!(edited.errors.contains("and no job"), "{}", edited.errors);
            setting.fleet.cli(&words).await.with_code(0);
        }
        let taken = setting.took(well.len() + 4).await;
        for outcome in poison {
            let posted = taken.iter().find(|posted| posted.outcome_id == outcome).expect("it was taken");
            assert_eq!(posted.headers["webhook-id"], outcome.to_string(), "it keeps its id");
        }
        setting.fleet.queues_are_empty().await;
        assert!(setting.fleet.outcomes.all().is_empty(), "nobody but the webhook hears of it");
        setting.finish().await;
    });
}

fn told_of(outcome: Uuid, jobs: &[Uuid]) -> String {
    let job = jobs.iter().find(|job| id(**job, 1) == outcome).expect("it is one of these");
    told(*job, 1)
}

#[test]
fn what_nobody_takes_for_too_long_leaves_the_broker_for_the_desk_and_is_sent_from_there() {
    run(async {
        let setting = Setting::start("webhook-expired", &["webhooks"], |options| options).await;
        setting.fleet.stop_process("webhooks").await;
        let body = include_bytes!("../../../crates/contract/fixtures/closure.outcome.1.json");
        // The queue's own limit is a week; the broker treats a message's own alike.
        let properties = Properties::default().text(Property::Expiration, b"100");
        let mut publisher = RawPublisher::open(&setting.fleet.vhost.uri).await;
        let said = publisher.publish(OUTCOMES, b"sms.undelivered", &properties, body).await;
        assert_eq!(said, Said::Confirmed);
        let letter = eventually("a letter", LONG, || async {
            let mut letters = setting.fleet.letters_with(body).await;
            letters.pop().ok_or_else(|| "none".to_owned())
        })
        .await;
        assert_eq!(letter.summary.code, FailureCode::OutcomeNotTaken);
        assert!(letter.summary.detail.contains("before its time was up"), "{}", letter.summary.detail);
        setting.fleet.start_process("webhooks").await;
        let number = letter.summary.id.to_string();
        let words = ["dead", "replay", &number, "--actor", "kim", "--reason", "the CRM is back"];
        setting.fleet.cli(&words).await.with_code(0);
        assert_eq!(setting.took(1).await[0].body, body);
        setting.fleet.queues_are_empty().await;
        setting.finish().await;
    });
}

#[test]
fn what_names_no_outcome_goes_to_the_desk_and_holds_nobody_up() {
    run(async {
        let setting = Setting::start("webhook-stranger", &["webhooks"], |options| options).await;
        setting.fleet.vhost.put(QUEUE, None, "{\"kind\":\"closure.outcome/1\"}").await;
        let job = Uuid::new_v4();
        setting.tell(&[job], 1).await;
        setting.took(1).await;
        let letters = letters(&setting, 1).await;
        assert_eq!(letters[0].summary.code, FailureCode::OutcomeNotTaken);
        assert!(
            letters[0].summary.detail.contains("cannot be sent: it names no outcome"),
            "{}",
            letters[0].summary.detail
        );
        setting.fleet.queues_are_empty().await;
        setting.finish().await;
    });
}

#[test]
fn a_job_in_the_queue_of_outcomes_goes_to_the_desk_and_back_and_nobody_is_told_or_reached() {
    run(async {
        let setting = Setting::start("webhook-job", &["webhooks"], |options| options).await;
        let job = jobs::sms("+819057011009", "webhook-job@example.com");
        setting.fleet.vhost.put(QUEUE, None, &job.to_string()).await;
        let letter = letters(&setting, 1).await.remove(0).summary;
        assert_eq!(
            (letter.code, letter.job_id, letter.about_job),
            (FailureCode::OutcomeNotTaken, None, None)
        );
        let nobody_heard = async || {
            setting.fleet.queues_are_empty().await;
            let heard: Vec<String> = setting.fleet.outcomes.all().iter().map(Heard::summary).collect();
            assert_eq!(heard, Vec::<String>::new());
        };
        nobody_heard().await;
        let number = letter.id.to_string();
        let words = ["dead", "replay", &number, "--actor", "kim", "--reason", "a test"];
        setting.fleet.cli(&words).await.with_code(0);
        eventually("it to die again", LONG, || async {
            let deaths =
                setting.fleet.letters().await.iter().map(|letter| letter.summary.deaths).sum::<u32>();
            if deaths == 2 { Ok(()) } else { Err(deaths.to_string()) }
        })
        .await;
        nobody_heard().await;
        setting.finish().await;
    });
}

#[test]
fn an_outcome_that_the_desk_cannot_get_for_now_holds_nobody_up_and_comes_to_it_later() {
    run(async {
        let setting = Setting::start("webhook-no-desk", &["webhooks"], |options| options).await;
        setting.fleet.vhost.unbind(WEBHOOKS_ASIDE, WorkQueue::Webhooks.dead_queue()).await;
        let wrong = Uuid::new_v4();
        let poison = id(wrong, 1);
        let answer = move |otherwise| {
            move |posted: &Posted| Reply::Status(if posted.outcome_id == poison { 422 } else { otherwise })
        };
        setting.receiver.answer(answer(204));
        setting.tell(&[wrong], 2).await;
        until_said(&setting, "goes to the dead-letter desk", 1).await;
        setting.receiver.answer(answer(401));
        setting.tell(&ids(1), 1).await;
        setting.is_away("Away: it answered 401", true).await;
        setting.receiver.answer(answer(204));
        let before = setting.receiver.taken().len();
        setting.tell(&ids(5), 1).await;
        setting.took(before + 6).await;
        setting.fleet.stop_process("webhooks").await;
        setting.fleet.cli(&["topology", "apply"]).await.with_code(0);
        setting.fleet.start_process("webhooks").await;
        until_said(&setting, "goes to the dead-letter desk", 2).await;
        let letter = letters(&setting, 1).await.remove(0);
        assert_eq!(letter.body, told(wrong, 1).as_bytes());
        setting.fleet.queues_are_empty().await;
        assert_eq!(setting.receiver.taken().iter().filter(|posted| posted.subject == wrong).count(), 1);
        setting.finish().await;
    });
}
