//! Calls: the agent's phone first, then the customer's (R1–R4).

use closure_contract::{FailureCode, outcome::CallRecord};
use closure_simulators::{CustomerBehaviour, PostBehaviour};
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
