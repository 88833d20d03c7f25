//! What the PBX's event log says about a call, by the rows that a real one wrote.

use closure_contract::{
    FailureCode, Timestamp,
    facts::calls::{CallEvent, CallEventKind, ChannelPresence, ChannelState},
};
use closure_policy::dial::record::{CallEnd, CallProgress, CallResult, read_call};
use time::Duration;

use crate::support::NOW;

const CALL: &str = "0191e1a0-0000-7000-8000-00000000000c";
const AGENT: &str = CALL;
const ALIVE: Option<ChannelPresence> = Some(ChannelPresence::Alive { state: ChannelState::Up });
const CUSTOMER: &str = "1700000000.7";

fn row(second: i64, kind: &str, unique_id: &str, extra: Option<&str>) -> CallEvent {
    CallEvent {
        kind: CallEventKind::named(kind),
        unique_id: unique_id.to_owned(),
        linked_id: CALL.to_owned(),
        at: Timestamp(NOW.0 + Duration::seconds(second)),
        extra: extra.map(str::to_owned),
    }
}

fn hangup(second: i64, unique_id: &str, cause: u32, dial_status: &str) -> CallEvent {
    let extra = format!(r#"{{"hangupcause":{cause},"hangupsource":"","dialstatus":"{dial_status}"}}"#);
    row(second, "HANGUP", unique_id, Some(&extra))
}

/// A call whose agent answered and whose customer's leg ended with this cause.
fn customer_leg(cause: u32, dial_status: &str) -> Vec<CallEvent> {
    vec![
        row(0, "CHAN_START", AGENT, None),
        row(2, "ANSWER", AGENT, None),
        row(2, "APP_START", AGENT, None),
        row(3, "CHAN_START", CUSTOMER, None),
        hangup(9, CUSTOMER, cause, ""),
        row(9, "CHAN_END", CUSTOMER, None),
        hangup(9, AGENT, cause, dial_status),
        row(9, "CHAN_END", AGENT, None),
        row(9, "LINKEDID_END", AGENT, None),
    ]
}

fn ended(events: &[CallEvent]) -> CallEnd {
    match read_call(CALL, events, Some(ChannelPresence::Gone)) {
        CallProgress::Ended(end) => end,
        other => panic!("the call ended: {other:?}"),
    }
}

fn failed(events: &[CallEvent], code: FailureCode, cause: Option<u32>) {
    let expected = CallEnd { result: CallResult::Failed(code), talk_seconds: None, cause };
    assert_eq!(ended(events), expected);
    let mut reversed = events.to_vec();
    reversed.reverse();
    assert_eq!(ended(&reversed), expected, "the order of the rows does not matter");
}

#[test]
fn the_customers_end_is_told_by_the_hang_up_cause() {
    for (cause, dial_status, code) in [
        (17, "BUSY", FailureCode::CustomerBusy),
        (19, "NOANSWER", FailureCode::CustomerNoAnswer),
        (0, "NOANSWER", FailureCode::CustomerNoAnswer),
        (18, "CHANUNAVAIL", FailureCode::CustomerNoAnswer),
        (21, "CHANUNAVAIL", FailureCode::CustomerRejected),
        (1, "NOANSWER", FailureCode::CustomerNumberInvalid),
        (28, "CHANUNAVAIL", FailureCode::CustomerNumberInvalid),
        (22, "CHANUNAVAIL", FailureCode::CustomerNumberInvalid),
        (34, "CONGESTION", FailureCode::Congestion),
        (38, "CHANUNAVAIL", FailureCode::NetworkFailure),
        (27, "CHANUNAVAIL", FailureCode::NetworkFailure),
        (102, "CHANUNAVAIL", FailureCode::NetworkFailure),
        (58, "CHANUNAVAIL", FailureCode::NetworkFailure),
        (127, "CHANUNAVAIL", FailureCode::NetworkFailure),
        (16, "CANCEL", FailureCode::AgentAbandoned),
        (16, "NOANSWER", FailureCode::CustomerNoAnswer),
    ] {
        failed(&customer_leg(cause, dial_status), code, Some(cause));
    }
}

#[test]
fn the_agents_end_is_told_by_the_agents_own_cause() {
    for (cause, code) in [
        (17, FailureCode::AgentBusy),
        (19, FailureCode::AgentNoAnswer),
        (21, FailureCode::AgentRejected),
        (20, FailureCode::AgentOffline),
        (16, FailureCode::AgentNoAnswer),
        (26, FailureCode::AgentNoAnswer),
        (28, FailureCode::AgentOffline),
        // Nobody knows whether the phone rang.
        (57, FailureCode::NetworkFailure),
        (88, FailureCode::NetworkFailure),
    ] {
        let events = [row(0, "CHAN_START", AGENT, None), hangup(20, AGENT, cause, "")];
        failed(&events, code, Some(cause));
    }
}

#[test]
fn a_trunk_that_is_known_to_be_down_leaves_no_customers_leg() {
    let events = [
        row(0, "CHAN_START", AGENT, None),
        row(2, "ANSWER", AGENT, None),
        row(2, "APP_START", AGENT, None),
        hangup(2, AGENT, 3, "CHANUNAVAIL"),
    ];
    failed(&events, FailureCode::TrunkUnreachable, Some(3));
}

#[test]
fn an_agent_who_hangs_up_before_the_customer_is_called_has_abandoned_it() {
    for cause in [0, 16] {
        let events = [
            row(0, "CHAN_START", AGENT, None),
            row(2, "ANSWER", AGENT, None),
            row(2, "APP_START", AGENT, None),
            hangup(2, AGENT, cause, ""),
        ];
        failed(&events, FailureCode::AgentAbandoned, Some(cause));
    }
}

#[test]
fn a_dialplan_that_dials_nobody_says_why_or_is_not_there() {
    for (cause, code) in [
        (28, FailureCode::PbxNumberRefused),
        (102, FailureCode::StaleClick),
        (0, FailureCode::DialplanMissing),
        (16, FailureCode::DialplanMissing),
    ] {
        let events =
            [row(0, "CHAN_START", AGENT, None), row(2, "ANSWER", AGENT, None), hangup(2, AGENT, cause, "")];
        failed(&events, code, Some(cause));
    }
}

#[test]
fn a_record_without_a_cause_blames_no_dialplan() {
    for extra in [None, Some(""), Some("no json"), Some("{}")] {
        let events = [
            row(0, "CHAN_START", AGENT, None),
            row(2, "ANSWER", AGENT, None),
            row(2, "HANGUP", AGENT, extra),
        ];
        failed(&events, FailureCode::NetworkFailure, None);
    }
}

#[test]
fn what_the_dialplan_says_of_a_call_that_nobody_refused_counts_more_than_the_customers_leg() {
    for (customer, agent, dial_status, code) in [
        (0, 3, "NOANSWER", FailureCode::TrunkUnreachable),
        (0, 16, "NOANSWER", FailureCode::CustomerNoAnswer),
        (16, 102, "CANCEL", FailureCode::CallLimitReached),
        (16, 0, "CANCEL", FailureCode::AgentAbandoned),
        (102, 102, "NOANSWER", FailureCode::NetworkFailure),
    ] {
        let mut events = customer_leg(customer, dial_status);
        events.retain(|event| event.kind != CallEventKind::Hangup);
        events.extend([hangup(9, CUSTOMER, customer, ""), hangup(9, AGENT, agent, dial_status)]);
        failed(&events, code, Some(customer));
    }
}

#[test]
fn talk_time_runs_from_the_customers_answer_to_the_end() {
    let mut events = customer_leg(16, "ANSWER");
    events.push(row(5, "ANSWER", CUSTOMER, None));
    events.push(row(5, "BRIDGE_ENTER", CUSTOMER, None));
    assert_eq!(
        ended(&events),
        CallEnd { result: CallResult::Answered, talk_seconds: Some(4), cause: Some(16) }
    );
}

#[test]
fn a_call_without_a_row_was_never_placed() {
    assert_eq!(read_call(CALL, &[], Some(ChannelPresence::Gone)), CallProgress::NeverPlaced);
    let another = CallEvent { linked_id: "other".to_owned(), ..row(0, "CHAN_START", "other", None) };
    assert_eq!(read_call(CALL, &[another], Some(ChannelPresence::Gone)), CallProgress::NeverPlaced);
}

#[test]
fn a_call_whose_channel_lives_or_whose_rows_are_not_complete_goes_on() {
    assert_eq!(read_call(CALL, &[], ALIVE), CallProgress::Ongoing);
    let started = [row(0, "CHAN_START", AGENT, None)];
    assert_eq!(read_call(CALL, &started, None), CallProgress::Ongoing);
    let agent_first = [
        row(0, "CHAN_START", AGENT, None),
        row(1, "ANSWER", AGENT, None),
        row(2, "CHAN_START", CUSTOMER, None),
        hangup(3, AGENT, 16, "CANCEL"),
    ];
    assert_eq!(read_call(CALL, &agent_first, None), CallProgress::Ongoing);
}

#[test]
fn complete_rows_tell_the_end_although_the_pbx_could_not_be_asked() {
    let story = read_call(CALL, &customer_leg(17, "BUSY"), None);
    assert!(matches!(
        story,
        CallProgress::Ended(CallEnd { result: CallResult::Failed(FailureCode::CustomerBusy), .. })
    ));
}

#[test]
fn a_channel_that_is_gone_without_a_hang_up_row_leaves_the_call_in_doubt() {
    let events = [row(0, "CHAN_START", AGENT, None), row(2, "ANSWER", AGENT, None)];
    failed(&events, FailureCode::CallInDoubt, None);
}

#[test]
fn a_hang_up_row_that_cannot_be_read_still_ends_the_call() {
    let events = [row(0, "CHAN_START", AGENT, None), row(2, "HANGUP", AGENT, Some("{not json"))];
    failed(&events, FailureCode::AgentNoAnswer, None);
}
