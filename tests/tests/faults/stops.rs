//! SIGTERM in the middle of the work, as every deploy sends it.

use std::process::Stdio;

use closure_simulators::{AgentBehaviour, MailBehaviour, SmsBehaviour};
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, binary, jobs, run};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::load::{
    address, all_are_heard, all_customer_rings, calls, customer_rings, digits, emails, one_end, texts, until,
};

const COUNT: u16 = 60;

#[test]
fn a_deploy_in_the_middle_of_the_work_loses_nothing_and_leaves_nothing_in_doubt() {
    run(async {
        let mut processes: Vec<ProcessSpec> = ["sms", "email", "dial", "fallback"]
            .iter()
            .map(|role| ProcessSpec::work(role, &[role]).with_concurrency(4))
            .collect();
        processes.extend([ProcessSpec::work("dead", &["dead"]), ProcessSpec::intake()]);
        let options = FleetOptions::with("deploy", processes)
            .gateway(|gateway| gateway.latency_ms = 60)
            .mail_server(|server| server.slow_ms = 60);
        let fleet = Fleet::start(options).await;
        fleet.smtp.behave_all(MailBehaviour::SlowAfterDot);
        fleet.pbx.set_agent("1100", AgentBehaviour::Answers);
        let (sms, mail, dial) = (texts(4101, COUNT), emails(4102, COUNT), calls(4103, COUNT));
        for job in sms.iter().step_by(2) {
            fleet.sms.behave(&digits(job), SmsBehaviour::Failed);
        }
        for list in [&sms, &mail, &dial] {
            fleet.publish_all(list).await;
        }
        for (role, seen) in
            [("sms", 10), ("email", 15), ("dial", 10), ("fallback", 20), ("intake", 25), ("sms", 30)]
        {
            match role {
                "email" => until("mails", seen, || fleet.smtp.mails().len()).await,
                "dial" => until("customers rung", seen, || all_customer_rings(&fleet)).await,
                _ => until("messages at the gateway", seen, || fleet.sms.sent().len()).await,
            }
            // It must end by itself with code 0, which the harness makes sure of.
            fleet.stop_process(role).await;
            fleet.start_process(role).await;
        }
        let ids: Vec<_> = [&sms, &mail, &dial].into_iter().flatten().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        let answers: Vec<_> = sms.iter().step_by(2).map(|job| jobs::id(job).fallback_email()).collect();
        all_are_heard(&fleet, &answers).await;
        fleet.drain().await;
        for (index, job) in sms.iter().enumerate() {
            let expected = if index % 2 == 0 { "sms.undelivered not_delivered" } else { "sms.delivered" };
            assert_eq!(one_end(&fleet, jobs::id(job)), expected);
            assert_eq!(fleet.sms.accepted_to(&digits(job)).len(), 1, "an orderly stop leaves no doubt");
        }
        for index in 0..COUNT {
            assert_eq!(fleet.smtp.mails_to(&address(4102, index)).len(), 1, "nor a second copy");
            let answered = usize::from(index % 2 == 0);
            assert_eq!(fleet.smtp.mails_to(&address(4101, index)).len(), answered);
        }
        for job in &dial {
            assert_eq!(one_end(&fleet, jobs::id(job)), "dial.answered");
            assert_eq!(customer_rings(&fleet, job), 1);
        }
        assert!(fleet.letters().await.is_empty());
        fleet.finish().await;
    });
}

#[test]
fn a_process_that_is_told_to_stop_while_it_still_reads_its_configuration_ends_in_order() {
    run(async {
        let fleet = Fleet::prepare(FleetOptions::without_processes("first-moments")).await;
        let roles: [&[&str]; 4] =
            [&["work", "sms"], &["work", "email", "dial", "dead"], &["work", "fallback"], &["intake"]];
        for (time, role) in roles.into_iter().cycle().take(20).enumerate() {
            // It waits for the rest of its configuration, which comes only once it was told to stop.
            let file = fleet.file(&format!("configuration-{time}"), b"");
            std::fs::remove_file(&file).expect("our own file");
            let made = std::process::Command::new("mkfifo").arg(&file).status();
            assert!(made.expect("mkfifo can be started").success(), "a folder of our own");
            let mut command = tokio::process::Command::new(binary("fleet"));
            command.args(["--config", &file]).args(role).env_clear().kill_on_drop(true);
            command.envs(fleet.environment.iter().map(|(name, value)| (name, value)));
            command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
            let mut child = command.spawn().expect("fleet can be started");
            let ours = file.clone();
            let rest =
                tokio::task::spawn_blocking(move || std::fs::OpenOptions::new().write(true).open(ours));
            let rest = rest.await.expect("the thread ends").expect("somebody reads it");
            // Whoever reads it once more finds an ordinary file.
            std::fs::rename(fleet.file("empty.toml", b""), &file).expect("our own files");
            let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
            kill(Pid::from_raw(pid), Signal::SIGTERM).expect("our own child");
            drop(rest);
            let ended = tokio::time::timeout(LONG, child.wait()).await.expect("it ends in time");
            let status = ended.expect("our own child");
            assert_eq!(status.code(), Some(0), "{role:?} the {time}th time: {status}");
        }
        fleet.finish().await;
    });
}

#[test]
fn a_worker_that_is_told_to_stop_twice_leaves_at_once_and_what_it_held_is_done_by_the_next() {
    run(async {
        let worker = ProcessSpec::work("workers", &["sms", "fallback", "dead"]).with_concurrency(4);
        let options = FleetOptions::with("insist", vec![worker, ProcessSpec::intake()]);
        let fleet = Fleet::start(options.gateway(|gateway| gateway.latency_ms = 1_500)).await;
        let list = texts(4104, 8);
        fleet.publish_all(&list).await;
        until("requests at the gateway", 1, || usize::try_from(fleet.sms.requests()).unwrap_or(usize::MAX))
            .await;
        {
            let mut process = fleet.process("workers").await;
            process.ask_to_stop();
            process.ask_to_stop();
            let status = process.ended().await;
            assert!(status.success(), "{status}");
        }
        fleet.start_process("workers").await;
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for job in &list {
            assert_eq!(one_end(&fleet, jobs::id(job)), "sms.delivered");
            assert_eq!(fleet.sms.accepted_to(&digits(job)).len(), 1);
        }
        fleet.finish().await;
    });
}

#[test]
fn a_worker_whose_log_nobody_reads_any_more_works_on_and_ends_when_it_is_told_to() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("unread-log")).await;
        let mut command = tokio::process::Command::new(binary("fleet"));
        command.args(["work", "email", "dead"]).env_clear().kill_on_drop(true).stdin(Stdio::null());
        command.envs(fleet.environment.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("fleet can be started");
        let mut log = BufReader::new(child.stderr.take().expect("its log is a pipe")).lines();
        while !log.next_line().await.expect("a line").expect("it works in time").contains("working") {}
        drop(log);
        let list = emails(4105, 12);
        for job in list.iter().step_by(2) {
            let to = job["to"]["email"].as_str().expect("an address");
            fleet.smtp.behave(to, MailBehaviour::Greylist);
        }
        fleet.publish_all(&list).await;
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).expect("it runs");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("our own child");
        let ended = tokio::time::timeout(LONG, child.wait()).await.expect("it ends in time");
        assert_eq!(ended.expect("our own child").code(), Some(0));
        for pair in ids.chunks(2) {
            let ends: Vec<String> = pair.iter().map(|id| one_end(&fleet, *id)).collect();
            assert_eq!(ends, ["email.dead mail_deferred", "email.accepted"]);
        }
        assert_eq!(fleet.smtp.mails().len(), list.len() / 2, "each was sent once");
        fleet.finish().await;
    });
}

#[test]
fn a_try_after_a_change_of_the_frames_sends_the_bytes_of_the_first_try() {
    run(async {
        let worker = ProcessSpec::work("email", &["email"]);
        let options = FleetOptions::with("frames", vec![worker]).variable("FLEET_EMAIL_LADDER", "5s");
        let fleet = Fleet::start(options).await;
        let (before, after) = ("framed-before@example.com", "framed-after@example.com");
        fleet.smtp.behave_times(before, MailBehaviour::Greylist, 1);
        let id = fleet.publish(&jobs::email(before)).await;
        fleet.reaches(id, DeliveryState::Waiting).await;
        fleet.stop_process("email").await;
        let frame =
            "[[email.frames]]\nlanguage = \"en\"\ntext = \"Nova {{ reply }}\"\nhtml = \"Nova {{ reply }}\"\n";
        fleet.file("rulebook.toml", frame.as_bytes());
        fleet.start_process("email").await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "email.accepted");
        let next = fleet.publish(&jobs::email(after)).await;
        assert_eq!(fleet.outcomes_of(next, 1).await[0].summary(), "email.accepted");
        for (address, is_new) in [(before, false), (after, true)] {
            let mails = fleet.smtp.mails_to(address);
            assert_eq!(mails.len(), 1, "{address}");
            let mail = mail_parser::MessageParser::default().parse(&mails[0].raw).expect("a mail");
            for body in [mail.body_text(0), mail.body_html(0)] {
                assert_eq!(body.expect("both bodies").starts_with("Nova"), is_new, "{address}");
            }
        }
        fleet.finish().await;
    });
}
