//! Calls whose worker, record or agent is not there in time, and what is told of them.

use closure_contract::{JobId, RuleEffect, Timestamp};
use closure_simulators::{AgentBehaviour, CelSwitch, Leg, PostBehaviour};
use closure_tests::harness::{Fleet, FleetOptions, Heard, LONG, ProcessSpec, eventually, jobs, run};
use serde_json::Value;

use crate::load::{all_are_heard, customer_rings, one_end, until};

/// A click is fresh for so long, as shipped.
const CLICK_FRESH_S: i64 = 30;

fn dial_worker(concurrency: u16) -> Vec<ProcessSpec> {
    vec![
        ProcessSpec::work("dial", &["dial"]).with_concurrency(concurrency),
        ProcessSpec::work("dead", &["dead"]),
    ]
}

/// A fleet whose killed worker's claims are soon over.
fn with_short_leases(name: &'static str, concurrency: u16) -> FleetOptions {
    FleetOptions::with(name, dial_worker(concurrency))
        .variable("FLEET_WORKER_LEASE_MS", "3000")
        .variable("FLEET_DIAL_ARI_TOTAL_TIMEOUT_MS", "1500")
        .exchange(|pbx| pbx.stall_ms = 1_000)
}

fn in_seconds(seconds: i64) -> Timestamp {
    Timestamp(Timestamp::now().0 + time::Duration::seconds(seconds))
}

/// A call whose click is fresh for so many seconds more, and that is then too late altogether.
fn fresh_for(seconds: i64, number: &str, extension: &str) -> (Value, Timestamp) {
    let until = in_seconds(seconds);
    let mut job = jobs::dial(number, extension);
    let clicked_at = Timestamp(until.0 - time::Duration::seconds(CLICK_FRESH_S));
    job["clicked_at"] = serde_json::to_value(clicked_at).expect("a time is JSON");
    job["expires_at"] = serde_json::to_value(until).expect("a time is JSON");
    (job, until)
}

fn agent_rings(fleet: &Fleet, extension: &str) -> usize {
    fleet.pbx.rings().iter().filter(|ring| ring.leg == Leg::Agent && ring.digits == extension).count()
}

#[test]
fn a_call_that_another_worker_adopts_after_its_click_is_told_with_its_record_and_the_rules_of_then() {
    run(async {
        let fleet = Fleet::start(with_short_leases("calls-adopted", 1)).await;
        let number = jobs::number(4401, 0);
        let (job, stale_at) = fresh_for(12, &number, "1051");
        // The PBX places the call, and nobody is there any more to hear that.
        fleet.pbx.misbehave_times(number.trim_start_matches('+'), PostBehaviour::Stall, 1);
        let id = fleet.publish(&job).await;
        until("requests to place a call", 1, || usize::try_from(fleet.pbx.requests()).unwrap_or(0)).await;
        fleet.kill("dial").await;
        eventually("the click to be no longer fresh", LONG, || async {
            if Timestamp::now() > stale_at { Ok(()) } else { Err("it is fresh still".to_owned()) }
        })
        .await;
        fleet.start_process("dial").await;
        let heard = fleet.outcomes.first(id).await;
        assert_eq!(heard.summary(), "dial.answered");
        let record = heard.outcome.call.expect("a call that was placed has its record");
        assert_eq!(record.customer_contact, number.trim_start_matches('+'));
        assert!(record.talk_seconds.is_some());
        let refusing: Vec<_> =
            heard.outcome.rules.iter().filter(|rule| rule.effect == RuleEffect::Reject).collect();
        assert!(refusing.is_empty(), "no rule refused it when it was placed: {refusing:?}");
        assert_eq!(customer_rings(&fleet, &job), 1);
        fleet.drain().await;
        fleet.finish().await;
    });
}

/// Ends once the watch has looked at an open call so often more, or has told of it.
async fn looks_at(fleet: &Fleet, id: JobId, looks: usize) {
    let sql = format!("SELECT look_at FROM delivery WHERE job_id = '{id}'");
    for _ in 0..looks {
        let before = fleet.database.query(&sql).await;
        eventually("the watch to look again", LONG, || async {
            let now = fleet.database.query(&sql).await;
            let is_told = !fleet.outcomes.of(id).is_empty();
            if now == before && !is_told { Err(format!("{now:?}")) } else { Ok(()) }
        })
        .await;
    }
}

#[test]
fn the_record_of_a_long_call_is_waited_for_from_its_end_on() {
    run(async {
        let options = FleetOptions::with("calls-late-record", dial_worker(1));
        let fleet = Fleet::start(options.variable("FLEET_DIAL_EVIDENCE_WAIT_MS", "20000")).await;
        fleet.pbx.set_cel(CelSwitch::Held);
        let job = jobs::dial(&jobs::number(4402, 0), "1052");
        let id = fleet.publish(&job).await;
        until("customers rung", 1, || customer_rings(&fleet, &job)).await;
        // Placed an hour ago, it has lasted longer than any wait.
        fleet.database.query("UPDATE delivery SET accepted_at = accepted_at - interval '1 hour'").await;
        until("calls that ended", 1, || usize::from(fleet.pbx.channels_alive() == 0)).await;
        looks_at(&fleet, id, 3).await;
        let told: Vec<String> = fleet.outcomes.of(id).iter().map(Heard::summary).collect();
        assert!(told.is_empty(), "its record may be on its way: {told:?}");
        fleet.pbx.set_cel(CelSwitch::On);
        assert_eq!(fleet.outcomes.first(id).await.summary(), "dial.answered");
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn two_clicks_of_one_agent_at_once_ring_one_call_and_the_other_is_refused_with_its_reason() {
    run(async {
        let fleet = Fleet::prepare(with_short_leases("calls-double", 4)).await;
        // Both look at the agent's phone before either rings it.
        fleet.pbx.set_agent("1053", AgentBehaviour::SlowToSay);
        let number = jobs::number(4403, 0);
        let list = [jobs::dial(&number, "1053"), jobs::dial(&number, "1053")];
        fleet.publish_all(&list).await;
        fleet.start_process("dead").await;
        fleet.start_process("dial").await;
        let ids: Vec<JobId> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        let mut ends: Vec<String> = ids.iter().map(|id| one_end(&fleet, *id)).collect();
        ends.sort();
        assert_eq!(ends, ["dial.answered", "dial.refused agent_call_open"]);
        assert_eq!(agent_rings(&fleet, "1053"), 1, "the agent's phone rang once");
        assert_eq!(customer_rings(&fleet, &list[0]), 1, "and the customer's");
        let third = jobs::dial(&number, "1053");
        let id = fleet.publish(&third).await;
        assert_eq!(fleet.outcomes.first(id).await.summary(), "dial.answered", "the first call has ended");
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn an_agent_who_hung_up_may_call_again_at_once_although_the_pbxs_record_is_late() {
    run(async {
        let fleet = Fleet::start(FleetOptions::with("calls-again", dial_worker(1))).await;
        fleet.pbx.set_cel(CelSwitch::Held);
        let jobs: Vec<Value> = (0..2).map(|index| jobs::dial(&jobs::number(4406, index), "1058")).collect();
        let first = fleet.publish(&jobs[0]).await;
        until("customers rung", 1, || customer_rings(&fleet, &jobs[0])).await;
        until("calls that ended", 1, || usize::from(fleet.pbx.channels_alive() == 0)).await;
        let second = fleet.publish(&jobs[1]).await;
        until("customers rung by the second click", 1, || customer_rings(&fleet, &jobs[1])).await;
        fleet.pbx.set_cel(CelSwitch::On);
        all_are_heard(&fleet, &[first, second]).await;
        assert_eq!([one_end(&fleet, first), one_end(&fleet, second)], ["dial.answered", "dial.answered"]);
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn a_call_that_nobody_has_answered_when_its_click_is_no_longer_fresh_is_hung_up_and_says_so() {
    run(async {
        let options = FleetOptions::with("calls-stale", dial_worker(1))
            .exchange(|pbx| pbx.agent_timeout_max_ms = 60_000);
        let fleet = Fleet::start(options).await;
        fleet.pbx.set_agent("1054", AgentBehaviour::NoAnswer);
        let (job, stale_at) = fresh_for(8, &jobs::number(4404, 0), "1054");
        let id = fleet.publish(&job).await;
        until("phones that ring", 1, || agent_rings(&fleet, "1054")).await;
        assert_eq!(fleet.outcomes.of(id).len(), 0, "it rings while the click is fresh");
        let heard = fleet.outcomes.first(id).await;
        assert_eq!(heard.summary(), "dial.unanswered stale_click");
        assert!(Timestamp::now() >= stale_at, "it was hung up too early");
        assert!(heard.outcome.call.is_some(), "a call that did not go through is on record too");
        assert_eq!(fleet.pbx.channels_alive(), 0, "nothing rings any more");
        assert_eq!(customer_rings(&fleet, &job), 0);
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn a_worker_that_is_killed_before_it_asked_to_place_its_calls_leaves_no_doubt_and_each_is_placed() {
    run(async {
        let fleet = Fleet::prepare(with_short_leases("calls-backlog", 3)).await;
        let list: Vec<Value> = (0..3)
            .map(|index| {
                let extension = (1_055 + index).to_string();
                fleet.pbx.set_agent(&extension, AgentBehaviour::SlowToSay);
                jobs::dial(&jobs::number(4405, index), &extension)
            })
            .collect();
        fleet.publish_all(&list).await;
        fleet.start_process("dead").await;
        fleet.start_process("dial").await;
        until("looks at agents' phones", 3, || usize::try_from(fleet.pbx.looks()).unwrap_or(0)).await;
        fleet.kill("dial").await;
        assert_eq!(fleet.pbx.requests(), 0, "nothing was asked for");
        fleet.start_process("dial").await;
        let ids: Vec<JobId> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        for job in &list {
            assert_eq!(one_end(&fleet, jobs::id(job)), "dial.answered");
            assert_eq!(customer_rings(&fleet, job), 1, "nobody is called twice");
        }
        fleet.drain().await;
        fleet.finish().await;
    });
}
