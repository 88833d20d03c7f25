//! The CRM's webhook fails, and so do we: every outcome is taken at last, and those of a job in their order.

use std::collections::{BTreeMap, BTreeSet};

use closure_contract::{FailureCode, topology::OUTCOMES};
use closure_tests::harness::{
    Fleet, FleetOptions, LONG, Posted, ProcessSpec, Receiver, Reply, eventually,
    raw_amqp::{Properties, Property, RawPublisher, Said},
    run,
};
use serde_json::json;
use uuid::Uuid;

const SECRET: &str = "whsec_ZmF1bHRzLXdlYmhvb2tzLXNlY3JldC0wMTIzNDU2Nzg5";
const QUEUE: &str = "closure.webhooks";

struct Setting {
    fleet: Fleet,
    receiver: Receiver,
}

impl Setting {
    /// A fleet of these workers with the receiver as the CRM's webhook.
    async fn start(
        name: &'static str,
        workers: &[&str],
        change: impl FnOnce(FleetOptions) -> FleetOptions,
    ) -> Self {
        let receiver = Receiver::start().await;
        let mut processes: Vec<ProcessSpec> =
            workers.iter().map(|name| ProcessSpec::work(name, &["webhooks"])).collect();
        processes.push(ProcessSpec::work("dead", &["dead"]));
        let options = FleetOptions::with(name, processes)
            .variable("FLEET_WEBHOOKS_URL", receiver.url())
            .variable("FLEET_WEBHOOKS_SECRET", SECRET)
            .variable("FLEET_WEBHOOKS_CONNECT_TIMEOUT_MS", "1000")
            .variable("FLEET_WEBHOOKS_TOTAL_TIMEOUT_MS", "2000");
        Self { fleet: Fleet::start(change(options)).await, receiver }
    }

    /// Tells the first words of these jobs, one job's after the other's.
    async fn tell(&self, jobs: &[Uuid], words: u32) {
        for word in 1..=words {
            for job in jobs {
                self.fleet.vhost.put(QUEUE, Some("closure.outcome/1"), &told(*job, word)).await;
            }
        }
    }

    async fn took(&self, count: usize) -> Vec<Posted> {
        eventually(&format!("{count} outcomes to be taken"), LONG, || async {
            let taken = self.receiver.taken();
            if taken.len() >= count { Ok(taken) } else { Err(taken.len().to_string()) }
        })
        .await
    }

    /// Nothing is left, nothing is at the desk, and each job's words were taken in their order.
    async fn took_all(&self, jobs: &[Uuid], words: u32) {
        let taken = self.took(jobs.len() * words as usize).await;
        self.fleet.queues_are_empty().await;
        assert_eq!(self.fleet.letters().await.len(), 0, "an outage makes no letters");
        let mut by_job: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        for posted in &taken {
            by_job.entry(posted.subject).or_default().push(posted.outcome_id);
        }
        assert_eq!(by_job.keys().copied().collect::<BTreeSet<_>>(), jobs.iter().copied().collect());
        for (job, taken) in by_job {
            let expected: Vec<Uuid> = (1..=words).map(|word| id(job, word)).collect();
            assert_eq!(taken, expected, "the words about {job}, as they were taken");
        }
    }

    /// How often a process has said this of the webhook.
    async fn said(&self, name: &str, message: &str) -> usize {
        let log = self.fleet.process(name).await.log.clone();
        let text = std::fs::read_to_string(log).expect("it has a log");
        text.lines().filter(|line| line.contains(message) && line.contains("webhook")).count()
    }

    async fn finish(self) {
        self.fleet.finish().await;
    }
}

fn id(job: Uuid, word: u32) -> Uuid {
    Uuid::new_v5(&job, &word.to_be_bytes())
}

/// A word as a later release may write it: what it says is no matter to whoever carries it.
fn told(job: Uuid, word: u32) -> String {
    json!({ "kind": "closure.outcome/1", "outcome_id": id(job, word), "job_id": job, "word": word, "밤": "\u{1f319}" })
        .to_string()
}

fn jobs(count: usize) -> Vec<Uuid> {
    (0..count).map(|_| Uuid::new_v4()).collect()
}

#[test]
fn later_words_of_a_job_wait_for_one_that_is_not_taken_and_other_jobs_do_not() {
    run(async {
        let setting = Setting::start("webhook-order", &["webhooks"], |options| options).await;
        let (slow, others) = (Uuid::new_v4(), jobs(6));
        let mut tries = 0;
        setting.receiver.answer(move |posted| {
            tries += u32::from(posted.outcome_id == id(slow, 1));
            if posted.outcome_id == id(slow, 1) && tries < 4 {
                Reply::Status(500)
            } else {
                Reply::Status(200)
            }
        });
        setting.tell(&[slow], 2).await;
        setting.tell(&others, 2).await;
        let all: Vec<Uuid> = others.iter().copied().chain([slow]).collect();
        setting.took_all(&all, 2).await;
        let taken = setting.receiver.taken();
        let last: Vec<Uuid> = taken.iter().rev().take(2).map(|posted| posted.subject).collect();
        assert_eq!(last, [slow, slow], "nobody else waited");
        let first = setting.receiver.posted().into_iter().find(|posted| posted.outcome_id == id(slow, 1));
        let first = first.expect("it was posted");
        assert_eq!(first.body, told(slow, 1).as_bytes(), "the bytes are those of the queue");
        assert_eq!(first.headers["content-type"], "application/json");
        assert_eq!(first.headers["webhook-id"], id(slow, 1).to_string());
        assert_eq!(setting.said("webhooks", "a service is away").await, 0, "one job is no outage");
        setting.finish().await;
    });
}

#[test]
fn an_endpoint_that_fails_hangs_closes_and_refuses_our_signature_gets_all_words_once_it_is_well_and_one_line_is_said()
 {
    run(async {
        let setting = Setting::start("webhook-outage", &["webhooks"], |options| options).await;
        let jobs = jobs(20);
        let mut count = 0;
        setting.receiver.answer(move |_| {
            count += 1;
            match count {
                1..=3 => Reply::Status(500),
                4 => Reply::Hang,
                5 => Reply::Close,
                6 => Reply::Status(401),
                _ => Reply::Status(204),
            }
        });
        setting.tell(&jobs, 3).await;
        eventually("the outage to be told", LONG, || async {
            let (status, parts) = setting.fleet.process("webhooks").await.readiness().await?;
            let is_told = parts.to_string().contains("webhook");
            if status == 200 && is_told { Ok(()) } else { Err(format!("{status}: {parts}")) }
        })
        .await;
        setting.took_all(&jobs, 3).await;
        assert_eq!(setting.said("webhooks", "a service is away").await, 1);
        assert_eq!(setting.said("webhooks", "a service is back").await, 1);
        let (_, parts) = setting.fleet.process("webhooks").await.readiness().await.expect("it answers");
        assert!(!parts.to_string().contains("Away"), "{parts}");
        setting.finish().await;
    });
}

#[test]
fn an_endpoint_that_asks_for_a_pause_gets_one() {
    run(async {
        let setting = Setting::start("webhook-pause", &["webhooks"], |options| options).await;
        let job = Uuid::new_v4();
        let mut asked: Option<std::time::Instant> = None;
        let (told_at, waited) = std::sync::mpsc::channel();
        setting.receiver.answer(move |_| match asked {
            None => {
                asked = Some(std::time::Instant::now());
                Reply::Later(429, 3)
            }
            Some(asked) => {
                told_at.send(asked.elapsed()).expect("the test waits for it");
                Reply::Status(204)
            }
        });
        setting.tell(&[job], 1).await;
        setting.took_all(&[job], 1).await;
        let waited = waited.recv().expect("it came again");
        assert!(waited.as_millis() >= 2_900, "it came again after {waited:?}");
        setting.finish().await;
    });
}

#[test]
fn what_the_endpoint_alone_calls_wrong_goes_to_the_desk_with_its_reason_and_from_there_to_the_endpoint_again()
{
    run(async {
        let setting = Setting::start("webhook-poison", &["webhooks"], |options| {
            options.variable("FLEET_WORKER_POSTPONED_ALONE_MAX_MS", "3000")
        })
        .await;
        let (wrong, failing, well) = (Uuid::new_v4(), Uuid::new_v4(), jobs(60));
        let poison = [id(wrong, 1), id(failing, 1)];
        setting.receiver.answer(move |posted| match posted.outcome_id {
            one if one == poison[0] => Reply::Status(422),
            one if one == poison[1] => Reply::Close,
            _ => Reply::Status(200),
        });
        setting.tell(&[wrong, failing], 2).await;
        // Others are taken meanwhile.
        let mut told = well.iter();
        let letters = eventually("two letters", LONG, || async {
            let letters = setting.fleet.letters().await;
            if letters.len() == 2 { Ok(letters) } else { Err(letters.len().to_string()) }
        });
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
        setting.receiver.answer(|_| Reply::Status(204));
        for letter in &letters {
            let number = letter.summary.id.to_string();
            let words = ["dead", "replay", &number, "--actor", "kim", "--reason", "the receiver is mended"];
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
fn a_worker_that_is_killed_or_cut_off_loses_nothing_and_its_successor_keeps_the_order() {
    run(async {
        let setting = Setting::start("webhook-kill", &["webhooks-1", "webhooks-2"], |options| options).await;
        let jobs = jobs(60);
        let mut count = 0_u32;
        // Some fail at first, so that their jobs wait in hand when the worker dies.
        setting.receiver.answer(move |_| {
            count += 1;
            if count.is_multiple_of(5) && count < 200 { Reply::Status(500) } else { Reply::Status(204) }
        });
        let telling = setting.tell(&jobs, 3);
        let faults = async {
            setting.took(15).await;
            setting.fleet.kill("webhooks-1").await;
            setting.took(50).await;
            setting.fleet.vhost.close_connections_of("fleet webhooks").await;
            setting.fleet.start_process("webhooks-1").await;
            setting.took(100).await;
            setting.fleet.kill("webhooks-2").await;
            setting.fleet.start_process("webhooks-2").await;
        };
        tokio::join!(telling, faults);
        setting.took_all(&jobs, 3).await;
        setting.finish().await;
    });
}

#[test]
fn a_worker_that_is_asked_to_stop_hands_a_job_over_whole_and_in_order() {
    run(async {
        let setting = Setting::start("webhook-stop", &["webhooks-1", "webhooks-2"], |options| options).await;
        let (slow, well) = (Uuid::new_v4(), Uuid::new_v4());
        setting.receiver.answer(move |posted| {
            if posted.outcome_id == id(slow, 1) { Reply::Status(503) } else { Reply::Status(204) }
        });
        setting.tell(&[well, slow], 1).await;
        setting.took(1).await;
        eventually("the first word to fail", LONG, || async {
            let tries = setting.receiver.posted().iter().filter(|posted| posted.subject == slow).count();
            if tries >= 2 { Ok(()) } else { Err(tries.to_string()) }
        })
        .await;
        // The first worker waits with the first word in hand while the second one may become the active one.
        let later = told(slow, 2);
        tokio::join!(
            setting.fleet.stop_process("webhooks-1"),
            setting.fleet.vhost.put(QUEUE, Some("closure.outcome/1"), &later)
        );
        setting.receiver.answer(|_| Reply::Status(204));
        setting.took(3).await;
        let order: Vec<Uuid> = setting.receiver.taken().iter().map(|posted| posted.outcome_id).collect();
        assert_eq!(order, [id(well, 1), id(slow, 1), id(slow, 2)]);
        setting.fleet.queues_are_empty().await;
        setting.finish().await;
    });
}

#[test]
fn what_waits_in_hand_for_long_is_given_back_and_comes_again_in_its_order_and_its_pauses_go_on() {
    run(async {
        let setting = Setting::start("webhook-in-hand", &["webhooks"], |options| {
            options.variable("FLEET_WEBHOOKS_IN_HAND_MAX_MS", "1000")
        })
        .await;
        let (slow, others) = (Uuid::new_v4(), jobs(5));
        let start = std::time::Instant::now();
        setting.receiver.answer(move |posted| {
            let fails = posted.outcome_id == id(slow, 1) && start.elapsed().as_secs() < 12;
            if fails { Reply::Status(500) } else { Reply::Status(204) }
        });
        setting.tell(&[slow], 3).await;
        setting.tell(&others, 3).await;
        let all: Vec<Uuid> = others.iter().copied().chain([slow]).collect();
        setting.took_all(&all, 3).await;
        let tries =
            setting.receiver.posted().iter().filter(|posted| posted.outcome_id == id(slow, 1)).count();
        assert!(tries <= 6, "{tries} tries in 15 s: the pauses began anew each time that it was given back");
        assert_eq!(setting.fleet.warnings("webhooks").await, Vec::<String>::new(), "nobody need look");
        setting.finish().await;
    });
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
        assert!(letter.summary.detail.contains("within seven days"), "{}", letter.summary.detail);
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
        let letters = eventually("a letter", LONG, || async {
            let letters = setting.fleet.letters().await;
            if letters.len() == 1 { Ok(letters) } else { Err(letters.len().to_string()) }
        })
        .await;
        assert_eq!(letters[0].summary.code, FailureCode::OutcomeNotTaken);
        assert!(letters[0].summary.detail.contains("names no outcome_id"), "{}", letters[0].summary.detail);
        setting.fleet.queues_are_empty().await;
        setting.finish().await;
    });
}
