//! Calls: the agent's phone first, then the customer's (R1–R4).

use closure_contract::{FailureCode, outcome::CallRecord};
use closure_simulators::{AgentBehaviour, CustomerBehaviour, PostBehaviour};
use closure_store::DeliveryState;
use closure_tests::harness::{
    Ended, Fleet, FleetOptions, ProcessSpec, jobs,
    kride::{journey, walk},
    run,
};

fn record<'a>(ended: &'a Ended, key: &str) -> &'a CallRecord {
    let record = ended.outcome(key).call.as_ref().expect("every dial outcome has its record");
    assert_eq!(record.representative_number_class, "K-RIDE 고객센터");
    assert_eq!(record.service_class, "K-RIDE");
    record
}

#[test]
fn an_overseas_call_dials_9_001_and_the_whole_number_and_is_recorded() {
    journey(async |fleet| {
        let ended = walk(fleet, "call-overseas").await;
        let record = record(&ended, "dial.answered");
        assert_eq!(record.customer_contact, "84912340001");
        assert!(record.talk_seconds.is_some());
        assert_eq!(ended.agent_rings[0].digits, "1001");
        assert!(ended.agent_rings[0].at <= ended.customer_rings[0].at, "the agent's phone rings first");
        assert_eq!(ended.story().state, DeliveryState::Delivered);
    });
}

#[test]
fn a_domestic_call_dials_9_and_the_national_form() {
    journey(async |fleet| {
        let ended = walk(fleet, "call-domestic").await;
        assert_eq!(record(&ended, "dial.answered").customer_contact, "821012340001");
    });
}

#[test]
fn a_busy_line_is_told_and_never_redialled() {
    journey(async |fleet| {
        let ended = walk(fleet, "call-busy").await;
        assert_eq!(record(&ended, "dial.unanswered").cause, Some(17));
        assert_eq!(ended.outcome("dial.unanswered").attempts, 1);
    });
}

#[test]
fn a_customer_who_does_not_answer_is_told_and_never_redialled() {
    journey(async |fleet| {
        let ended = walk(fleet, "call-no-answer").await;
        assert_eq!(record(&ended, "dial.unanswered").talk_seconds, None);
    });
}

#[test]
fn with_an_agent_offline_nobodys_phone_rings_and_the_record_is_written_all_the_same() {
    journey(async |fleet| {
        let ended = walk(fleet, "agent-offline").await;
        assert_eq!(record(&ended, "dial.unanswered").customer_contact, "819012350001");
    });
}

#[test]
fn a_call_whose_scope_contradicts_the_number_rings_nobody_and_waits_for_a_person() {
    journey(async |fleet| {
        let ended = walk(fleet, "call-scope-mismatch").await;
        assert_eq!(ended.story().state, DeliveryState::Dead);
    });
}

#[test]
fn a_call_whose_answer_was_lost_is_found_at_the_pbx_and_not_placed_again() {
    journey(async |fleet| {
        let job = jobs::dial(&jobs::number(3002, 0), "1010");
        fleet.pbx.misbehave_times("819030021000", PostBehaviour::AnswerLost, 1);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].summary(), "dial.answered");
        assert_eq!(fleet.pbx.calls_to("819030021000").len(), 1);
    });
}

#[test]
fn a_call_that_never_reached_the_pbx_ends_as_unknown_and_is_not_placed_again() {
    journey(async |fleet| {
        let job = jobs::dial(&jobs::number(3002, 1), "1011");
        fleet.pbx.misbehave_times("819030021001", PostBehaviour::RequestLost, 1);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].summary(), "dial.unknown call_in_doubt");
        assert!(fleet.pbx.calls_to("819030021001").is_empty(), "nobody was called behind the agent's back");
    });
}

#[test]
fn a_pbx_that_crashes_in_the_middle_leaves_an_unknown_call_and_no_second_one() {
    run(async {
        // A crash forgets every call, so that this PBX is nobody else's.
        let processes = vec![ProcessSpec::work("dial", &["dial"]), ProcessSpec::work("dead", &["dead"])];
        let fleet = Fleet::start(FleetOptions::with("pbx-crash", processes)).await;
        let job = jobs::dial(&jobs::number(3002, 2), "1012");
        fleet.pbx.misbehave_times("819030021002", PostBehaviour::Crash, 1);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].outcome.code, Some(FailureCode::CallInDoubt));
        let rings = fleet.pbx.calls_to("819030021002").len();
        assert!(rings <= 1, "the customer's phone rang {rings} times");
        fleet.finish().await;
    });
}

#[test]
fn a_declined_call_is_told_as_declined() {
    journey(async |fleet| {
        let job = jobs::dial(&jobs::number(3002, 3), "1013");
        fleet.pbx.behave("819030021003", CustomerBehaviour::Declined);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "dial.unanswered customer_rejected");
    });
}

/// The last digits of a number, the answer of the carrier that they stand for, and what the CRM hears.
const CARRIER_ANSWERS: [(&str, &str, &str); 22] = [
    ("0196", "the agent hangs up while it rings", "dial.unanswered agent_abandoned"),
    ("0197", "the trunk is known to be down", "dial.unanswered trunk_unreachable"),
    ("0199", "it rings until the time-out", "dial.unanswered customer_no_answer"),
    ("0401", "401", "dial.unanswered customer_rejected"),
    ("0403", "403", "dial.unanswered customer_rejected"),
    ("0404", "404", "dial.unanswered customer_number_invalid"),
    ("0408", "408", "dial.unanswered customer_no_answer"),
    ("0410", "410", "dial.unanswered customer_number_invalid"),
    ("0480", "480", "dial.unanswered customer_no_answer"),
    ("0481", "481", "dial.unanswered network_failure"),
    ("0484", "484", "dial.unanswered customer_number_invalid"),
    ("0485", "485", "dial.unanswered customer_number_invalid"),
    ("0486", "486", "dial.unanswered customer_busy"),
    ("0488", "488", "dial.unanswered network_failure"),
    ("0500", "500", "dial.unanswered network_failure"),
    ("0501", "501", "dial.unanswered network_failure"),
    ("0502", "502", "dial.unanswered network_failure"),
    ("0503", "503", "dial.unanswered congestion"),
    ("0504", "504", "dial.unanswered network_failure"),
    ("0600", "600", "dial.unanswered customer_busy"),
    ("0603", "603", "dial.unanswered customer_rejected"),
    ("0604", "604", "dial.unanswered customer_number_invalid"),
];

#[test]
fn each_answer_of_the_carrier_ends_in_its_outcome_and_in_one_ring() {
    journey(async |fleet| {
        let mut calls = Vec::new();
        for (index, (digits, answer, expected)) in CARRIER_ANSWERS.into_iter().enumerate() {
            let extension = (4_001 + index).to_string();
            fleet.pbx.set_agent(&extension, AgentBehaviour::Answers);
            let number = format!("+81904001{digits}");
            let id = fleet.publish(&jobs::dial(&number, &extension)).await;
            calls.push((id, number, answer, expected));
        }
        for (id, number, answer, expected) in calls {
            let heard = fleet.outcomes.first(id).await;
            assert_eq!(heard.summary(), expected, "{answer}");
            let record = heard.outcome.call.expect("a call that did not go through is on record too");
            assert_eq!(record.customer_contact, number.trim_start_matches('+'), "{answer}");
            let rings = fleet.pbx.calls_to(number.trim_start_matches('+')).len();
            let leg = usize::from(answer != "the trunk is known to be down");
            assert_eq!(rings, leg, "{answer}: nobody is redialled");
        }
    });
}

#[test]
fn an_agent_who_does_not_take_the_call_is_told_apart_from_the_customer() {
    journey(async |fleet| {
        for (behaviour, expected) in [
            (AgentBehaviour::Busy, "dial.unanswered agent_busy"),
            (AgentBehaviour::OnAnotherCall, "dial.unanswered agent_busy"),
            (AgentBehaviour::NoAnswer, "dial.unanswered agent_no_answer"),
            (AgentBehaviour::Rejects, "dial.unanswered agent_rejected"),
            (AgentBehaviour::Unknown, "dial.unanswered agent_offline"),
        ] {
            fleet.pbx.set_agent("4051", behaviour);
            let id = fleet.publish(&jobs::dial("+819040020001", "4051")).await;
            assert_eq!(fleet.outcomes.first(id).await.summary(), expected);
        }
        assert!(fleet.pbx.calls_to("819040020001").is_empty(), "the customer is never called");
    });
}

#[test]
fn a_click_that_is_too_old_rings_nobodys_phone() {
    journey(async |fleet| {
        let mut job = jobs::dial("+819040030001", "4052");
        fleet.pbx.set_agent("4052", AgentBehaviour::Answers);
        let long_ago = closure_contract::Timestamp::now().0 - std::time::Duration::from_secs(120);
        job["clicked_at"] =
            serde_json::to_value(closure_contract::Timestamp(long_ago)).expect("a time is JSON");
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes.first(id).await;
        assert_eq!(heard.summary(), "dial.refused stale_click");
        assert!(fleet.pbx.rings().iter().all(|ring| ring.digits != "4052"), "nor the agent's");
        assert!(fleet.pbx.calls_to("819040030001").is_empty());
    });
}

#[test]
fn a_pbx_with_thousands_of_phones_is_well_and_one_that_it_does_not_know_is_told_as_the_agents() {
    run(async {
        let processes = vec![ProcessSpec::work("dial", &["dial"]), ProcessSpec::work("dead", &["dead"])];
        let options = FleetOptions::with("many-phones", processes).exchange(|pbx| pbx.more_phones = 5_000);
        let fleet = Fleet::start(options).await;
        fleet.cli(&["doctor", "dial"]).await.with_code(0);
        let id = fleet.publish(&jobs::dial("+819049000001", "4711")).await;
        assert_eq!(fleet.outcomes.first(id).await.summary(), "dial.unanswered agent_offline");
        fleet.drain().await;
        fleet.finish().await;
    });
}
