//! The yardstick of the bench does what it is compared for: every text once, every outcome heard, nothing left behind.

use std::{collections::BTreeSet, net::TcpListener, process::Stdio};

use closure_simulators::SmsBehaviour;
use closure_tests::harness::{Fleet, FleetOptions, LONG, binary, eventually, jobs, request, run};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::{Child, Command};

/// Of a block that no other test has, so that no two tests share a number.
const BLOCK: u16 = 8_100;
const JOBS: usize = 200;

/// A role of the yardstick, which ends with the value.
struct Role(Child);

impl Role {
    /// Starts it in place of one of the fleet's and waits until it is ready.
    async fn start(fleet: &Fleet, role: &str) -> (Self, String) {
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let address = free.local_addr().expect("it is bound").to_string();
        drop(free);
        let mut command = Command::new(binary("bench_ideal"));
        command.arg(role).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        command.envs(fleet.environment.iter().map(|(name, value)| (name, value)));
        command.env("FLEET_HEALTH_LISTEN", &address).env("FLEET_INTAKE_LISTEN", &address);
        let child = command.spawn().expect("the yardstick can be started");
        let url = format!("http://{address}");
        eventually(&format!("{role} to be ready"), LONG, || async {
            match request("GET", &format!("{url}/readyz"), &[], b"").await {
                Ok(answer) if answer.status == 200 => Ok(()),
                Ok(answer) => Err(format!("it answers {}", answer.status)),
                Err(problem) => Err(problem.to_string()),
            }
        })
        .await;
        (Self(child), url)
    }

    /// Asks it to stop; it finishes what is in hand and ends well.
    async fn stop(mut self) {
        let id = self.0.id().and_then(|id| i32::try_from(id).ok()).expect("it still runs");
        kill(Pid::from_raw(id), Signal::SIGTERM).expect("it is our child");
        let status = self.0.wait().await.expect("it is our child");
        assert!(status.success(), "it ended with {status}");
    }
}

fn numbers() -> Vec<String> {
    (0..4).map(|index| jobs::number(BLOCK, index)).collect()
}

#[test]
fn the_yardstick_sends_each_text_once_and_tells_each_outcome_once_whatever_receipts_come_and_whoever_dies() {
    run(async {
        let fleet = Fleet::prepare(FleetOptions::without_processes("yardstick")).await;
        let watch = fleet.watch();
        let digits = |number: &str| number.trim_start_matches('+').to_owned();
        let [usual, thrice, early, failed] = &numbers()[..] else { panic!("there are four numbers") };
        fleet.sms.behave(&digits(thrice), SmsBehaviour::DeliveredThrice);
        fleet.sms.behave(&digits(early), SmsBehaviour::ReceiptBeforeAnswer);
        fleet.sms.behave(&digits(failed), SmsBehaviour::Failed);
        let list: Vec<_> = [usual, thrice, early, failed]
            .into_iter()
            .cycle()
            .take(JOBS)
            .map(|number| jobs::sms(number, "yardstick@example.com"))
            .collect();
        let (sms, _) = Role::start(&fleet, "sms").await;
        let (intake, url) = Role::start(&fleet, "intake").await;
        let (fallback, _) = Role::start(&fleet, "fallback").await;
        fleet.sms.set_webhook(format!("{url}/receipts/nhn"));

        fleet.publish_all(&list).await;
        // What the CRM publishes again is sent no second time.
        fleet.publish_all(&list[..20]).await;
        eventually("some outcomes", LONG, || async {
            if fleet.outcomes.all().is_empty() { Err("none is heard".to_owned()) } else { Ok(()) }
        })
        .await;
        drop(fallback);
        let (fallback, _) = Role::start(&fleet, "fallback").await;
        let told = || fleet.outcomes.all().into_iter().map(|heard| heard.outcome.outcome_id);
        eventually("every outcome", LONG, || async {
            let heard = told().collect::<BTreeSet<_>>().len();
            if heard == JOBS { Ok(()) } else { Err(format!("{heard} are heard")) }
        })
        .await;
        fleet.queues_are_empty().await;
        for role in [sms, intake, fallback] {
            role.stop().await;
        }

        let of_jobs: BTreeSet<_> = fleet.outcomes.all().iter().map(|heard| heard.outcome.job_id).collect();
        assert_eq!((of_jobs.len(), told().collect::<BTreeSet<_>>().len()), (JOBS, JOBS), "one outcome a job");
        assert_eq!(fleet.sms.sent().len(), JOBS, "the gateway took each text once");
        let count = async |sql: &str| fleet.database.query(sql).await.join(" ");
        let states = "SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM \
                      (SELECT state, count(*) AS n FROM ideal.delivery GROUP BY state) AS counted";
        assert_eq!(count(states).await, "delivered 150, undelivered 50");
        // Two receipts of each; of what is told three times, one copy has the names of the first and one its own.
        let receipts = "SELECT count(*) || ' of ' || count(job_id) FROM ideal.receipt";
        assert_eq!(count(receipts).await, "500 of 500");
        assert_eq!(count("SELECT count(*) FROM ideal.owed").await, "0");
        drop(watch);
        fleet.finish().await;
    });
}
