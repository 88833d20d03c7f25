//! The CRM's webhook fails, and so do we: every outcome is taken at last, and those of a job in their order.

use std::collections::{BTreeMap, BTreeSet};

use closure_contract::topology::OUTCOMES;
use closure_tests::harness::{
    Fleet, FleetOptions, LONG, Posted, ProcessSpec, Receiver, Reply, eventually,
    raw_amqp::{Properties, Property, RawPublisher, Said},
    run,
};
use serde_json::json;
use uuid::Uuid;

const SECRET: &str = "whsec_ZmF1bHRzLXdlYmhvb2tzLXNlY3JldC0wMTIzNDU2Nzg5";
pub(super) const QUEUE: &str = "closure.webhooks";

pub(super) struct Setting {
    pub(super) fleet: Fleet,
    pub(super) receiver: Receiver,
}

impl Setting {
    /// A fleet of these workers with the receiver as the CRM's webhook.
    pub(super) async fn start(
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
    pub(super) async fn tell(&self, jobs: &[Uuid], words: u32) {
        for word in 1..=words {
            for job in jobs {
                self.fleet.vhost.put(QUEUE, Some("closure.outcome/1"), &told(*job, word)).await;
            }
        }
    }

    pub(super) async fn took(&self, count: usize) -> Vec<Posted> {
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

    /// Waits until the worker's readiness, which stays 200, says this of the endpoint or says it no more.
    pub(super) async fn is_away(&self, words: &str, is_said: bool) {
        eventually(&format!("{words:?} to be said: {is_said}"), LONG, || async {
            let (status, parts) = self.fleet.process("webhooks").await.readiness().await?;
            let is_so = status == 200 && parts.to_string().contains(words) == is_said;
            if is_so { Ok(()) } else { Err(format!("{status}: {parts}")) }
        })
        .await;
    }

    /// How often a process has said this of the webhook.
    pub(super) async fn said(&self, name: &str, message: &str) -> usize {
        let log = self.fleet.process(name).await.log.clone();
        let text = std::fs::read_to_string(log).expect("it has a log");
        text.lines().filter(|line| line.contains(message) && line.contains("webhook")).count()
    }

    pub(super) async fn finish(self) {
        self.fleet.finish().await;
    }
}

pub(super) fn id(job: Uuid, word: u32) -> Uuid {
    Uuid::new_v5(&job, &word.to_be_bytes())
}

/// A word as a later release may write it: what it says is no matter to whoever carries it.
pub(super) fn told(job: Uuid, word: u32) -> String {
    json!({ "kind": "closure.outcome/1", "outcome_id": id(job, word), "job_id": job, "word": word, "밤": "\u{1f319}" })
        .to_string()
}

pub(super) fn jobs(count: usize) -> Vec<Uuid> {
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
        setting.is_away("webhook", true).await;
        setting.took_all(&jobs, 3).await;
        assert_eq!(setting.said("webhooks", "a service is away").await, 1);
        assert_eq!(setting.said("webhooks", "a service is back").await, 1);
        let (_, parts) = setting.fleet.process("webhooks").await.readiness().await.expect("it answers");
        assert!(!parts.to_string().contains("Away"), "{parts}");
        setting.finish().await;
    });
}

#[test]
fn an_endpoint_to_which_this_worker_has_nothing_left_to_send_is_not_called_away_for_ever() {
    run(async {
        let setting = Setting::start("webhook-idle", &["webhooks"], |options| {
            options.variable("FLEET_WEBHOOKS_IN_HAND_MAX_MS", "2000")
        })
        .await;
        setting.receiver.answer(|_| Reply::Status(401));
        // It dies of age in the queue, each time that the worker gives back what it has in hand.
        let properties = Properties::default().text(Property::Expiration, b"3000");
        let mut publisher = RawPublisher::open(&setting.fleet.vhost.uri).await;
        let body = told(Uuid::new_v4(), 1);
        let said = publisher.publish(OUTCOMES, b"sms.undelivered", &properties, body.as_bytes()).await;
        assert_eq!(said, Said::Confirmed);
        setting.is_away("Away: it answered 401", true).await;
        setting.is_away("Away", false).await;
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
