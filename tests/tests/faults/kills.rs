//! `kill -9` in the middle of a hundred jobs, three times, and a new start each time.

use closure_simulators::{AgentBehaviour, MailBehaviour, SmsBehaviour};
use closure_tests::harness::{Fleet, FleetOptions, ProcessSpec, jobs, run};

use crate::load::{
    LOAD, address, all_are_heard, all_customer_rings, calls, customer_rings, emails,
    no_mail_is_lost_or_changed, no_text_is_doubled, one_end, texts, until,
};

/// The worker is killed when so much of the load has been seen outside.
const KILL_AT: [usize; 3] = [15, 40, 70];

/// Calls under random kills, and how many of those there are.
const CALLS: u16 = 50;
const KILLS: usize = 8;
const SEED: u32 = 20_261_125;

async fn kill_and_start(fleet: &Fleet, process: &str) {
    fleet.kill(process).await;
    fleet.start_process(process).await;
}

/// What else a fleet of calls needs: a worker that dies after it has written down a call's end and before it has told
/// of it leaves a debt, which the fallback role's sweep pays.
fn with_the_sweep() -> ProcessSpec {
    ProcessSpec::work("rest", &["fallback", "dead"])
}

#[test]
fn an_sms_worker_that_is_killed_sends_no_text_twice_and_loses_none() {
    run(async {
        let worker = ProcessSpec::work("sms", &["sms"]).with_concurrency(5);
        let rest = ProcessSpec::work("rest", &["email", "fallback", "dead"]);
        let options = FleetOptions::with("kill-sms", vec![worker, rest, ProcessSpec::intake()]);
        let fleet = Fleet::start(options.gateway(|gateway| gateway.slow_ms = 60)).await;
        // It takes a message at once and answers later: who is killed meanwhile does not know that it was taken.
        fleet.sms.behave_all(SmsBehaviour::SlowAnswer);
        let list = texts(4001, LOAD);
        fleet.publish_all(&list).await;
        for seen in KILL_AT {
            until("messages at the gateway", seen, || fleet.sms.sent().len()).await;
            kill_and_start(&fleet, "sms").await;
        }
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for id in ids {
            assert_eq!(one_end(&fleet, id), "sms.delivered");
        }
        no_text_is_doubled(&fleet, &list).await;
        assert!(fleet.smtp.mails().is_empty(), "a crash of ours is no reason for an email");
        assert!(fleet.letters().await.is_empty());
        fleet.finish().await;
    });
}

#[test]
fn an_email_worker_that_is_killed_loses_no_mail_and_a_copy_is_the_same_mail() {
    run(async {
        let worker = ProcessSpec::work("email", &["email"]).with_concurrency(4);
        let mut options =
            FleetOptions::with("kill-email", vec![worker, ProcessSpec::work("dead", &["dead"])]);
        options = options.mail_server(|server| server.slow_ms = 60);
        let fleet = Fleet::start(options).await;
        fleet.smtp.behave_all(MailBehaviour::SlowAfterDot);
        let list = emails(4002, LOAD);
        fleet.publish_all(&list).await;
        for seen in KILL_AT {
            until("mails", seen, || fleet.smtp.mails().len()).await;
            kill_and_start(&fleet, "email").await;
        }
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for id in ids {
            assert_eq!(one_end(&fleet, id), "email.accepted");
        }
        no_mail_is_lost_or_changed(&fleet, (0..LOAD).map(|index| address(4002, index)));
        assert!(fleet.letters().await.is_empty());
        fleet.finish().await;
    });
}

#[test]
fn a_dial_worker_that_is_killed_never_rings_a_customer_twice() {
    run(async {
        let worker = ProcessSpec::work("dial", &["dial"]).with_concurrency(3);
        let options = FleetOptions::with("kill-dial", vec![worker, with_the_sweep()]);
        let fleet = Fleet::start(options).await;
        fleet.pbx.set_agent("1100", AgentBehaviour::Answers);
        let list = calls(4003, LOAD);
        fleet.publish_all(&list).await;
        for seen in KILL_AT {
            until("customers rung", seen, || all_customer_rings(&fleet)).await;
            kill_and_start(&fleet, "dial").await;
        }
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        let mut answered = 0;
        for job in &list {
            let (end, rings) = (one_end(&fleet, jobs::id(job)), customer_rings(&fleet, job));
            match end.as_str() {
                "dial.answered" => {
                    assert_eq!(rings, 1, "an answered call rang once");
                    answered += 1;
                }
                "dial.unknown call_in_doubt" => assert_eq!(rings, 0, "what rang left a record"),
                other => panic!("{} ended as {other}", jobs::id(job)),
            }
        }
        assert!(answered >= usize::from(LOAD) / 2, "most calls are placed: {answered}");
        fleet.finish().await;
    });
}

#[test]
fn fifty_calls_under_a_dial_worker_that_is_killed_again_and_again_call_no_customer_twice() {
    run(async {
        let worker = ProcessSpec::work("dial", &["dial"]).with_concurrency(3);
        let options = FleetOptions::with("kills-dial", vec![worker, with_the_sweep()]);
        let fleet = Fleet::start(options).await;
        let list = calls(4006, CALLS);
        fleet.publish_all(&list).await;
        let mut seen = 0;
        for pause_ms in random_pauses_ms(SEED) {
            // Between two phones that ring, the worker is somewhere between a claim and a settlement.
            seen = (seen + 3).min(usize::from(CALLS) / 2);
            until("customers rung", seen, || all_customer_rings(&fleet)).await;
            tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
            kill_and_start(&fleet, "dial").await;
        }
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for job in &list {
            let (end, rings) = (one_end(&fleet, jobs::id(job)), customer_rings(&fleet, job));
            let expected = match end.as_str() {
                "dial.answered" => 1,
                "dial.unknown call_in_doubt" => 0,
                other => panic!("{} ended as {other}", jobs::id(job)),
            };
            assert_eq!(rings, expected, "{} ended as {end}", jobs::id(job));
        }
        fleet.finish().await;
    });
}

/// How long each kill waits, from a seed: the same run can be had again.
fn random_pauses_ms(seed: u32) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        // The constants are those of Numerical Recipes' quick generator.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from(state >> 16) % 250
    })
    .take(KILLS)
}

#[test]
fn a_fallback_worker_that_is_killed_sends_one_email_for_each_failed_text() {
    run(async {
        let worker = ProcessSpec::work("fallback", &["fallback"]).with_concurrency(5);
        let rest = ProcessSpec::work("rest", &["sms", "email", "dead"]).with_concurrency(5);
        let options = FleetOptions::with("kill-fallback", vec![worker, rest, ProcessSpec::intake()]);
        let fleet = Fleet::start(options.gateway(|gateway| gateway.latency_ms = 30)).await;
        fleet.sms.behave_all(SmsBehaviour::Failed);
        let list = texts(4004, LOAD);
        fleet.publish_all(&list).await;
        for seen in KILL_AT {
            until("mails", seen, || fleet.smtp.mails().len()).await;
            kill_and_start(&fleet, "fallback").await;
        }
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        let emails: Vec<_> = ids.iter().map(|id| id.fallback_email()).collect();
        all_are_heard(&fleet, &emails).await;
        fleet.drain().await;
        for (sms, email) in ids.into_iter().zip(emails) {
            assert_eq!(one_end(&fleet, sms), "sms.undelivered not_delivered");
            assert_eq!(one_end(&fleet, email), "email.accepted");
        }
        for index in 0..LOAD {
            assert_eq!(fleet.smtp.mails_to(&address(4004, index)).len(), 1, "one email for each closure");
        }
        no_text_is_doubled(&fleet, &list).await;
        fleet.finish().await;
    });
}

#[test]
fn an_intake_that_is_killed_loses_no_receipt() {
    run(async {
        let worker = ProcessSpec::work("workers", &["sms", "email", "fallback", "dead"]).with_concurrency(5);
        let options = FleetOptions::with("kill-intake", vec![worker, ProcessSpec::intake()]);
        let fleet = Fleet::start(options.gateway(|gateway| gateway.latency_ms = 30)).await;
        let list = texts(4005, LOAD);
        fleet.publish_all(&list).await;
        for seen in KILL_AT {
            until("messages at the gateway", seen, || fleet.sms.sent().len()).await;
            kill_and_start(&fleet, "intake").await;
        }
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for id in ids {
            assert_eq!(one_end(&fleet, id), "sms.delivered");
        }
        assert!(fleet.smtp.mails().is_empty());
        fleet.finish().await;
    });
}
