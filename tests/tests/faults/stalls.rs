//! A worker that stands still, as a machine under a snapshot does, and wakes up when its work is no longer its own.

use closure_simulators::{AgentBehaviour, Leg, MailBehaviour, SmsBehaviour};
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};

use crate::load::{all_are_heard, one_end, until};

/// The broker takes a silent connection's messages away after two of these.
const HEARTBEAT_S: &str = "2";

#[test]
fn a_dial_worker_that_stood_still_while_another_took_its_call_over_rings_nobody_a_second_time() {
    run(async {
        let processes = ["frozen", "awake", "dead"].map(|name| {
            let role = if name == "dead" { "dead" } else { "dial" };
            ProcessSpec::work(name, &[role]).with_concurrency(1)
        });
        let options = FleetOptions::with("stall-dial", processes.to_vec())
            .variable("FLEET_BROKER_HEARTBEAT_S", HEARTBEAT_S)
            .variable("FLEET_WORKER_LEASE_MS", "3000")
            .variable("FLEET_DIAL_ARI_TOTAL_TIMEOUT_MS", "1500")
            .exchange(|pbx| pbx.stall_ms = 1_000);
        let fleet = Fleet::prepare(options).await;
        fleet.start_process("frozen").await;
        fleet.start_process("dead").await;
        fleet.pbx.set_agent("1444", AgentBehaviour::SlowToSay);
        let job = jobs::dial(&jobs::number(4301, 0), "1444");
        let id = fleet.publish(&job).await;
        until("looks at the agent's phone", 1, || usize::try_from(fleet.pbx.looks()).unwrap_or(0)).await;
        fleet.process("frozen").await.freeze();
        fleet.start_process("awake").await;
        all_are_heard(&fleet, &[id]).await;
        assert_eq!(one_end(&fleet, id), "dial.answered", "the frozen one surely asked for nothing");
        fleet.process("frozen").await.thaw();
        // It ends in order only once it has read the answer that waited for it, and acted upon it.
        fleet.stop_process("frozen").await;
        let rings: Vec<Leg> = fleet.pbx.rings().iter().map(|ring| ring.leg).collect();
        assert_eq!(rings, [Leg::Agent, Leg::Customer], "each phone rang once");
        assert_eq!(one_end(&fleet, id), "dial.answered");
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn an_email_worker_that_stood_still_while_another_took_its_mail_over_hands_nothing_over() {
    run(async {
        let processes =
            ["frozen", "awake"].map(|name| ProcessSpec::work(name, &["email"]).with_concurrency(1));
        let options = FleetOptions::with("stall-email", processes.to_vec())
            .variable("FLEET_BROKER_HEARTBEAT_S", HEARTBEAT_S)
            .variable("FLEET_WORKER_LEASE_MS", "3000")
            // The server's reply is not too late by itself.
            .variable("FLEET_EMAIL_COMMAND_TIMEOUT_MS", "60000")
            .mail_server(|server| server.slow_ms = 1_000);
        let fleet = Fleet::prepare(options).await;
        fleet.start_process("frozen").await;
        let address = "slow@example.com";
        fleet.smtp.behave_times(address, MailBehaviour::SlowAtRecipient, 1);
        let id = fleet.publish(&jobs::email(address)).await;
        until("tries", 1, || fleet.smtp.tries_to(address)).await;
        fleet.process("frozen").await.freeze();
        fleet.start_process("awake").await;
        all_are_heard(&fleet, &[id]).await;
        fleet.process("frozen").await.thaw();
        // The server has said yes to the recipient meanwhile, and it ends in order only once it has acted upon that.
        fleet.stop_process("frozen").await;
        assert_eq!(fleet.smtp.mails_to(address).len(), 1, "the one who stood still wrote no final dot");
        assert_eq!(one_end(&fleet, id), "email.accepted");
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn an_sms_worker_that_stood_still_over_its_request_cuts_it_and_asks_the_gateway() {
    run(async {
        let workers = vec![ProcessSpec::work("workers", &["sms", "fallback"]), ProcessSpec::intake()];
        let fleet = Fleet::prepare(FleetOptions::with("stall-sms", workers)).await;
        fleet.start_process("workers").await;
        fleet.start_process("intake").await;
        fleet.sms.behave_all(SmsBehaviour::SlowAnswer);
        let job = jobs::sms(&jobs::number(4302, 0), "slow@example.com");
        let id = fleet.publish(&job).await;
        until("texts at the gateway", 1, || fleet.sms.sent().len()).await;
        fleet.process("workers").await.freeze();
        eventually("the lease to end", LONG, || async {
            let ended = fleet.database.query("SELECT lease_until < clock_timestamp() FROM delivery").await;
            if ended == ["t"] { Ok(()) } else { Err(format!("{ended:?}")) }
        })
        .await;
        fleet.process("workers").await.thaw();
        all_are_heard(&fleet, &[id]).await;
        fleet.drain().await;
        assert!(fleet.has_logged("its lease was over before the provider answered"), "nothing was cut");
        assert_eq!(one_end(&fleet, id), "sms.delivered", "the gateway said that it has it");
        assert_eq!(fleet.sms.sent().len(), 1, "and it is not sent again");
        fleet.finish().await;
    });
}
