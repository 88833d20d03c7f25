//! Calls whose worker or record is not there in time.

use closure_tests::harness::{Asterisk, FleetOptions, LONG, eventually, jobs, run};

use crate::support::{dial_worker, rung, started};

#[test]
fn a_call_whose_worker_was_killed_is_adopted_and_its_end_is_told_once() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let options =
            FleetOptions::with("pbx-adopted", dial_worker(1)).variable("FLEET_WORKER_LEASE_MS", "3000");
        let fleet = started(&mut pbx, options).await;
        let id = fleet.publish(&jobs::dial("+819044000001", "1222")).await;
        rung("the agent's phone to ring", 1, || pbx.rings_of("1222")).await;
        fleet.kill("dial").await;
        rung("the customer's phone to ring without a worker", 1, || pbx.calls_to("819044000001")).await;
        fleet.start_process("dial").await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].summary(), "dial.answered");
        let record = heard[0].outcome.call.as_ref().expect("a call that was placed has its record");
        assert_eq!(record.customer_contact, "819044000001");
        assert!(record.talk_seconds.is_some());
        assert_eq!([pbx.rings_of("1222"), pbx.calls_to("819044000001")], [1, 1]);
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn a_record_that_the_pbx_can_write_only_after_the_call_is_waited_for() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let options = FleetOptions::with("pbx-late-record", dial_worker(1))
            .variable("FLEET_DIAL_EVIDENCE_WAIT_MS", "30000");
        let fleet = started(&mut pbx, options).await;
        let id = fleet.publish(&jobs::dial("+819044010001", "1222")).await;
        rung("the agent's phone to ring", 1, || pbx.rings_of("1222")).await;
        // Nobody can add a row for as long as this holds the table; everybody can read it.
        let held = fleet.database.hold("cel").await;
        rung("the customer's phone to ring", 1, || pbx.calls_to("819044010001")).await;
        eventually("the call to have ended", LONG, || async {
            let channels = pbx.console("core show channels count").await;
            if channels.contains("0 active calls") { Ok(()) } else { Err(channels) }
        })
        .await;
        assert!(fleet.outcomes.of(id).is_empty(), "of its end there is no record yet");
        drop(held);
        assert_eq!(fleet.outcomes.first(id).await.summary(), "dial.answered");
        assert_eq!(fleet.outcomes.of(id).len(), 1);
        fleet.drain().await;
        fleet.finish().await;
    });
}
