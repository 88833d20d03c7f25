//! Faults of the set-up, each told in its own code and words, and never as the agent's or the customer's.

use closure_contract::JobId;
use closure_tests::harness::{Asterisk, Fleet, FleetOptions, LONG, Party, eventually, jobs, run};

use crate::support::{dial_worker, impatient_pbx, prepared, rung, started};

/// A number that the rulebook lets through and the PBX's dialplan has no line for.
const SHORT: &str = "1344";

async fn told(fleet: &Fleet, number: &str, extension: &str) -> String {
    let id = fleet.publish(&jobs::dial(number, extension)).await;
    fleet.outcomes.first(id).await.summary()
}

#[test]
fn what_the_dialplan_the_trunk_and_a_pbx_that_stops_do_is_told_in_words_of_their_own() {
    run(async {
        let mut pbx = impatient_pbx().await;
        let rules = format!("[numbers]\nallowed_country_codes = [81]\nshort_numbers = [\"{SHORT}\"]\n");
        let options = FleetOptions::with("pbx-faults", dial_worker(2)).rules(&rules);
        let fleet = started(&mut pbx, options).await;

        let mut short = jobs::dial(SHORT, "1001");
        short["scope"] = "domestic".into();
        let id = fleet.publish(&short).await;
        assert_eq!(fleet.outcomes.first(id).await.summary(), "dial.unanswered pbx_number_refused");

        pbx.console("dialplan set global CLOSURE_CALL_S 2").await;
        assert_eq!(told(&fleet, "+819042000199", "1002").await, "dial.unanswered call_limit_reached");
        pbx.console("dialplan set global CLOSURE_CALL_S 7200").await;

        pbx.kill(Party::Carrier);
        assert_eq!(told(&fleet, "+819042010001", "1003").await, "dial.unanswered trunk_unreachable");
        pbx.console("dialplan set global CLOSURE_TRUNK elsewhere").await;
        assert_eq!(told(&fleet, "+819042020001", "1004").await, "dial.unanswered trunk_unreachable");
        pbx.console("dialplan set global CLOSURE_TRUNK trunk").await;

        // It waits for the end of this call, and makes no new one.
        pbx.start_party(Party::Carrier).await;
        let talk = fleet.publish(&jobs::dial("+819042030002", "1005")).await;
        rung("the customer's phone to ring", 1, || pbx.calls_to("819042030002")).await;
        let stops = async {
            eventually("the PBX to make no new channel", LONG, || async {
                let name = JobId(uuid::Uuid::new_v4()).to_string();
                let check = pbx.originate(&name, "Local/closure-check@closure-dial", "closure-check").await;
                if check.status == 500 { Ok(()) } else { Err(format!("it said {}", check.status)) }
            })
            .await;
            assert_eq!(told(&fleet, "+819042040001", "1006").await, "dial.unanswered pbx_takes_no_calls");
            assert_eq!([pbx.rings_of("1006"), pbx.calls_to("819042040001")], [0, 0]);
            let channel = format!("SELECT client_ref FROM delivery WHERE job_id = '{talk}'");
            pbx.hang_up(&fleet.database.query(&channel).await[0]).await;
        };
        // The console ends with the PBX.
        tokio::join!(stops, pbx.console("core stop gracefully"));
        assert_eq!(fleet.outcomes.first(talk).await.summary(), "dial.answered");
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn keys_that_do_not_fit_the_pbx_are_told_in_words_of_their_own() {
    run(async {
        for (key, value, expected) in [
            ("BASE_URL", "/asterisk", "dial.unanswered pbx_without_ari"),
            ("TECHNOLOGY", "SIP", "dial.unanswered phone_technology_unknown"),
            ("CONTEXT", "elsewhere", "dial.unanswered dialplan_missing"),
            ("PASSWORD", "wrong-ari-password", "dial.unanswered pbx_auth"),
        ] {
            let mut pbx = Asterisk::prepare().await;
            let value =
                if key == "BASE_URL" { format!("{}{value}", pbx.base_url()) } else { value.to_owned() };
            let options = pbx.serves(FleetOptions::with("pbx-keys", dial_worker(1)));
            let fleet = Fleet::prepare(options.variable(&format!("FLEET_DIAL_ARI_{key}"), &value)).await;
            pbx.start(&fleet.database).await;
            fleet.start_process("dead").await;
            fleet.start_process("dial").await;
            assert_eq!(told(&fleet, "+819042050001", "1001").await, expected, "{key}");
            assert_eq!(pbx.calls_to("819042050001"), 0, "{key}");
            fleet.drain().await;
            fleet.finish().await;
        }
    });
}

#[test]
fn ari_that_is_off_is_told_as_such_and_a_call_that_is_up_is_not_taken_for_gone() {
    run(async {
        let mut pbx = impatient_pbx().await;
        let options =
            FleetOptions::with("pbx-off", dial_worker(1)).variable("FLEET_DIAL_EVIDENCE_WAIT_MS", "1000");
        let fleet = prepared(&mut pbx, options).await;
        fleet.start_process("dead").await;
        fleet.start_process("dial").await;
        let talk = fleet.publish(&jobs::dial("+819042060002", "1001")).await;
        rung("the customer's phone to ring", 1, || pbx.calls_to("819042060002")).await;
        pbx.change("ari.conf", "enabled = yes", "enabled = no");
        pbx.console("module reload res_ari.so").await;
        assert_eq!(told(&fleet, "+819042070001", "1002").await, "dial.unanswered pbx_without_ari");
        // Longer than a record is waited for.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let told_of_talk = fleet.outcomes.of(talk);
        assert!(told_of_talk.is_empty(), "the two still talk: {:?}", told_of_talk[0].summary());
        pbx.change("ari.conf", "enabled = no", "enabled = yes");
        pbx.console("module reload res_ari.so").await;
        pbx.console("channel request hangup all").await;
        assert_eq!(fleet.outcomes.first(talk).await.summary(), "dial.answered");
        fleet.drain().await;
        fleet.finish().await;
    });
}
