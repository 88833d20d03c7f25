//! What the agent and the carrier are shown, and a phone that answers too late.

use closure_contract::Timestamp;
use closure_tests::harness::{Asterisk, Fleet, FleetOptions, LONG, eventually, jobs, run};
use serde_json::Value;

use crate::support::{dial_worker, fresh_for, in_time_for, rung, started};

#[test]
fn the_carrier_sees_our_line_alone_and_the_agents_phone_the_customer_all_the_time() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let fleet = started(&mut pbx, FleetOptions::with("pbx-shown", dial_worker(1))).await;
        let id = fleet.publish(&jobs::dial("+819043000001", "1001")).await;
        assert_eq!(fleet.outcomes.first(id).await.summary(), "dial.answered");
        let carriers = pbx.customer_rings();
        assert_eq!(carriers.len(), 1);
        let caller = &carriers[0].caller;
        assert!(!caller.contains("Kim"), "the agent's name goes to the carrier: {caller}");
        assert_eq!(caller.matches("<sip:0234518120@").count(), 2, "From and P-Asserted-Identity: {caller}");
        let shown = pbx.agent_rings().into_iter().chain(pbx.shown_to_agents());
        let shown: Vec<String> = shown.map(|invite| invite.caller).collect();
        assert!(shown.iter().all(|one| one.contains("sip:001819043000001@")), "the agent sees: {shown:?}");
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn a_phone_that_is_answered_on_a_pbx_that_stood_still_until_it_was_too_late_connects_nobody() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let options =
            FleetOptions::with("pbx-too-late", dial_worker(1)).variable("FLEET_DIAL_WATCH_MS", "5000");
        let fleet = started(&mut pbx, options).await;
        let without_a_click = in_time_for(jobs::dial("+819043000003", "1222"), 8);
        connects_nobody(&fleet, &pbx, without_a_click, "819043000003").await;
        fleet.drain().await;
        fleet.finish().await;
    });
}

/// The agent's phone answers by itself after some seconds, while the PBX stands still until the job is too late.
async fn connects_nobody(fleet: &Fleet, pbx: &Asterisk, (job, stale_at): (Value, Timestamp), digits: &str) {
    let id = fleet.publish(&job).await;
    rung("the agent's phone to ring", 1, || pbx.rings_of("1222")).await;
    pbx.freeze();
    eventually("the job to be too late", LONG, || async {
        // The dialplan counts whole seconds.
        if Timestamp::now() > stale_at.later_by_s(2) { Ok(()) } else { Err("it is in time".to_owned()) }
    })
    .await;
    pbx.thaw();
    let heard = fleet.outcomes.first(id).await;
    assert_eq!(heard.summary(), "dial.unanswered stale_click");
    assert_eq!(pbx.calls_to(digits), 0, "nobody is waiting for the customer any more");
}

#[test]
fn a_phone_that_is_answered_on_a_pbx_that_stood_still_until_the_click_was_stale_connects_nobody() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let options =
            FleetOptions::with("pbx-frozen", dial_worker(1)).variable("FLEET_DIAL_WATCH_MS", "5000");
        let fleet = started(&mut pbx, options).await;
        let clicked = fresh_for(jobs::dial("+819043000002", "1222"), 8);
        connects_nobody(&fleet, &pbx, clicked, "819043000002").await;
        fleet.drain().await;
        fleet.finish().await;
    });
}
