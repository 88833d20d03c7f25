//! How a call can end: at a real PBX, at the simulator, and what the CRM hears of it.

use std::fmt::Write as _;

use closure_contract::JobId;
use closure_simulators::AgentBehaviour;
use closure_tests::harness::{Fleet, FleetOptions, jobs, run};

use crate::support::{HangUp, cause, dial_worker, hang_up, impatient_pbx, rung, started};

const DOCUMENT: &str = include_str!("../../../../docs/dialling.md");

/// What happens, the agent's phone, and the last four digits of the customer's number.
const CASES: [(&str, &str, &str); 31] = [
    ("answered; the customer hangs up", "1001", "0001"),
    ("answered; the agent hangs up", "1196", "0002"),
    ("486 busy", "1002", "0486"),
    ("600 busy everywhere", "1003", "0600"),
    ("480 unavailable", "1004", "0480"),
    ("rings until the PBX's time is up", "1005", "0199"),
    ("408 time-out", "1006", "0408"),
    ("603 declined", "1007", "0603"),
    ("403 forbidden", "1008", "0403"),
    ("401 unauthorized", "1009", "0401"),
    ("404 not found", "1010", "0404"),
    ("484 incomplete", "1011", "0484"),
    ("485 ambiguous", "1012", "0485"),
    ("604 does not exist anywhere", "1013", "0604"),
    ("410 gone", "1014", "0410"),
    ("503 congestion", "1015", "0503"),
    ("500 failure", "1016", "0500"),
    ("501 not implemented", "1017", "0501"),
    ("502 bad gateway", "1018", "0502"),
    ("504 gateway time-out", "1019", "0504"),
    ("481 call lost", "1020", "0481"),
    ("488 no common codec", "1021", "0488"),
    ("606 no common codec anywhere", "1022", "0606"),
    ("the carrier says nothing at all", "1023", "0198"),
    ("the agent hangs up while it rings", "1196", "0196"),
    ("the agent is busy", "1777", "0001"),
    ("the agent declines", "1555", "0001"),
    ("the agent does not pick up", "1666", "0001"),
    ("the agent's phone says nothing at all", "1444", "0001"),
    ("the agent's phone is not registered", "1888", "0001"),
    ("the PBX knows no such phone", "4711", "0001"),
];

/// How one case ended.
#[derive(Debug, PartialEq, Eq)]
struct End {
    agent: Option<HangUp>,
    customer: Option<HangUp>,
    told: String,
}

fn number(index: usize, digits: &str) -> String {
    format!("+81904{index:03}{digits}", index = 100 + index)
}

/// Every case, in an order that gives the agent 1196 one call at a time.
async fn ends(fleet: &Fleet) -> Vec<End> {
    let mut ids = Vec::new();
    for (index, (_, extension, digits)) in CASES.into_iter().enumerate() {
        if let Some(earlier) = CASES[..index].iter().position(|(_, other, _)| *other == extension) {
            fleet.outcomes.first(ids[earlier]).await;
        }
        ids.push(fleet.publish(&jobs::dial(&number(index, digits), extension)).await);
    }
    let mut ends = Vec::new();
    for id in ids {
        let told = fleet.outcomes.first(id).await.summary();
        ends.push(End {
            agent: hang_up(fleet, id, true).await,
            customer: hang_up(fleet, id, false).await,
            told,
        });
    }
    ends
}

fn told(end: &End) -> String {
    format!("{} / {}", cause(end.agent.as_ref()), cause(end.customer.as_ref()))
}

/// The table of the document.
fn table(real: &[End], simulated: &[End]) -> String {
    let mut table = String::new();
    for ((what, ..), (real, simulated)) in CASES.iter().zip(real.iter().zip(simulated)) {
        let told_by_simulator =
            if told(real) == told(simulated) { "the same".to_owned() } else { told(simulated) };
        writeln!(
            table,
            "| {what} | {} | {told_by_simulator} | `{}` |",
            told(real),
            real.told.replace(' ', "` `")
        )
        .expect("a text takes more text");
    }
    table
}

#[test]
fn each_end_of_a_call_is_told_as_a_real_pbx_and_the_simulator_have_it_and_as_the_document_says() {
    run(async {
        let mut pbx = impatient_pbx().await;
        let fleet = started(
            &mut pbx,
            FleetOptions::with("pbx-causes", dial_worker(40)).variable("FLEET_DIAL_ARI_RING_TIMEOUT_S", "3"),
        )
        .await;
        let real = ends(&fleet).await;
        for (index, (what, extension, digits)) in CASES.into_iter().enumerate() {
            let rings = pbx.calls_to(number(index, digits).trim_start_matches('+'));
            assert_eq!(rings, usize::from(real[index].customer.is_some()), "{what}: nobody is redialled");
            let answered_phone = !["1888", "4711"].contains(&extension);
            let expected = if extension == "1196" { 2 } else { usize::from(answered_phone) };
            assert_eq!(pbx.rings_of(extension), expected, "{what}: the agent's phone");
        }
        fleet.drain().await;
        fleet.finish().await;
        let options = FleetOptions::with("pbx-causes-simulated", dial_worker(40)).exchange(|pbx| {
            pbx.customer_timeout_ms = 500;
        });
        let fleet = Fleet::start(options).await;
        // There it is a phone of which the PBX says late that it is free.
        fleet.pbx.set_agent("1444", AgentBehaviour::NoAnswer);
        let simulated = ends(&fleet).await;
        fleet.drain().await;
        fleet.finish().await;
        let table = table(&real, &simulated);
        assert!(DOCUMENT.contains(&table), "docs/dialling.md says otherwise than this:\n{table}");
        for ((what, ..), (real, simulated)) in CASES.iter().zip(real.iter().zip(&simulated)) {
            assert_eq!(real, simulated, "{what}");
        }
    });
}

#[test]
fn while_a_call_lives_a_second_one_of_its_name_is_refused_and_rings_nobody() {
    run(async {
        let mut pbx = impatient_pbx().await;
        let fleet = started(&mut pbx, FleetOptions::with("pbx-once", dial_worker(1))).await;
        let id: JobId = fleet.publish(&jobs::dial("+819041000199", "1001")).await;
        rung("the customer's phone to ring", 1, || pbx.calls_to("819041000199")).await;
        let sql = format!("SELECT client_ref FROM delivery WHERE job_id = '{id}'");
        let channel = fleet.database.query(&sql).await.remove(0);
        // The name is looked for where the phone could be rung.
        for (phone, status) in [("PJSIP/1001", 409), ("PJSIP/1002", 409), ("PJSIP/1888", 500)] {
            let answer = pbx.originate(&channel, phone, "9001819041000199").await;
            assert_eq!(answer.status, status, "{phone}");
        }
        assert_eq!(fleet.outcomes.first(id).await.summary(), "dial.unanswered customer_no_answer");
        assert_eq!([pbx.calls_to("819041000199"), pbx.rings_of("1001"), pbx.rings_of("1002")], [1, 1, 0]);
        fleet.drain().await;
        fleet.finish().await;
    });
}
