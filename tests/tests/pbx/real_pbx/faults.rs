//! Faults of the set-up, each told in its own code and words, and never as the agent's or the customer's.

use closure_contract::JobId;
use closure_tests::harness::{Asterisk, Fleet, FleetOptions, LONG, Party, eventually, jobs, run};
use serde_json::Value;

use crate::support::{cause, dial_worker, hang_up, impatient_pbx, prepared, rung, started};

const DOCUMENT: &str = include_str!("../../../../docs/dialling.md");
/// A number that the rulebook lets through and the PBX's dialplan has no line for.
const SHORT: &str = "1344";

/// How many rows of the document's table each test measures.
const OF_DIALPLAN_AND_TRUNK: usize = 5;
const OF_KEYS: usize = 4;
const OF_ARI: usize = 2;

/// A row of the table: what is wrong, what was measured at the PBX, and what the CRM hears.
struct Row(&'static str, String, String);

/// The document has these rows, one after the other, and says of each what was measured.
fn documented<const ROWS: usize>(rows: [Row; ROWS]) {
    let line = |Row(what, says, told): Row| format!("| {what} | {says} | `{}` |\n", told.replace(' ', "` `"));
    let rows: String = rows.into_iter().map(line).collect();
    assert!(DOCUMENT.contains(&rows), "docs/dialling.md says otherwise than this:\n{rows}");
}

#[test]
fn each_row_of_the_documents_table_of_faults_is_measured() {
    let (_, table) = DOCUMENT.split_once("## When something is wrong with the set-up").expect("it has them");
    let (table, _) = table.split_once("\n## ").expect("it is not the last part");
    let rows = table.lines().filter(|line| line.starts_with("| ")).count();
    // Above them stand what the columns mean and a line.
    assert_eq!(rows - 2, OF_DIALPLAN_AND_TRUNK + OF_KEYS + OF_ARI);
}

async fn published(fleet: &Fleet, number: &str, extension: &str) -> (JobId, String) {
    let id = fleet.publish(&jobs::dial(number, extension)).await;
    let told = fleet.outcomes.first(id).await.summary();
    (id, told)
}

async fn told(fleet: &Fleet, number: &str, extension: &str) -> String {
    published(fleet, number, extension).await.1
}

/// How both legs of a call ended, and that the dialplan dialled nobody where it did not.
async fn legs(fleet: &Fleet, id: JobId) -> String {
    let [agent, customer] = [hang_up(fleet, id, true).await, hang_up(fleet, id, false).await];
    let dialled = format!(
        "SELECT 1 FROM cel AS c JOIN delivery AS d ON d.client_ref::text = c.linkedid \
         WHERE d.job_id = '{id}' AND c.eventtype = 'APP_START'"
    );
    let undialled =
        if fleet.database.query(&dialled).await.is_empty() { ", without `APP_START`" } else { "" };
    format!("causes {} / {}{undialled}", cause(agent.as_ref()), cause(customer.as_ref()))
}

/// What ARI answers to a question, in the document's words.
async fn ari_says(pbx: &Asterisk, login: &str, path: &str) -> String {
    let answer = pbx.ask(login, path).await;
    let said = serde_json::from_slice::<Value>(&answer.body).ok();
    let words = said.as_ref().and_then(|said| said["message"].as_str());
    match (words, answer.header("content-type")) {
        (Some(words), _) => format!("{} `{words}`", answer.status),
        (None, Some(kind)) if kind.starts_with("text/html") => {
            format!("{} with a page in HTML", answer.status)
        }
        (None, _) => answer.status.to_string(),
    }
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
        let refused = fleet.outcomes.first(id).await.summary();
        let refused = Row("the dialplan refuses the number", legs(&fleet, id).await, refused);

        pbx.console("dialplan set global CLOSURE_CALL_S 2").await;
        let (id, limit) = published(&fleet, "+819042000199", "1002").await;
        let what = "`CLOSURE_CALL_S` is over while the customer's phone rings";
        let limit = Row(what, legs(&fleet, id).await, limit);
        pbx.console("dialplan set global CLOSURE_CALL_S 7200").await;

        pbx.kill(Party::Carrier);
        let (id, silent) = published(&fleet, "+819042010001", "1003").await;
        let silent = Row("nothing listens at the carrier's port", legs(&fleet, id).await, silent);
        pbx.console("dialplan set global CLOSURE_TRUNK elsewhere").await;
        let (id, missing) = published(&fleet, "+819042020001", "1004").await;
        let missing = Row("there is no such trunk", legs(&fleet, id).await, missing);
        pbx.console("dialplan set global CLOSURE_TRUNK trunk").await;

        // It waits for the end of this call, and makes no new one.
        pbx.start_party(Party::Carrier).await;
        let talk = fleet.publish(&jobs::dial("+819042030002", "1005")).await;
        rung("the customer's phone to ring", 1, || pbx.calls_to("819042030002")).await;
        let stops = async {
            let words = eventually("the PBX to make no new channel", LONG, || async {
                let name = JobId(uuid::Uuid::new_v4()).to_string();
                let check = pbx.originate(&name, "Local/closure-check@closure-dial", "closure-check").await;
                if check.status != 500 {
                    return Err(format!("it said {}", check.status));
                }
                Ok(check.json()["error"].as_str().unwrap_or_default().to_owned())
            })
            .await;
            let phone = pbx.ask(&Asterisk::login(), "ari/endpoints/PJSIP/1006").await.json();
            let stops = Row(
                "`core stop gracefully` while a call is up",
                format!(
                    "500 `{words}`, although the phone is `{}`",
                    phone["state"].as_str().unwrap_or_default()
                ),
                told(&fleet, "+819042040001", "1006").await,
            );
            assert_eq!([pbx.rings_of("1006"), pbx.calls_to("819042040001")], [0, 0]);
            let channel = format!("SELECT client_ref FROM delivery WHERE job_id = '{talk}'");
            pbx.hang_up(&fleet.database.query(&channel).await[0]).await;
            stops
        };
        // The console ends with the PBX.
        let (stops, _) = tokio::join!(stops, pbx.console("core stop gracefully"));
        assert_eq!(fleet.outcomes.first(talk).await.summary(), "dial.answered");
        let rows: [Row; OF_DIALPLAN_AND_TRUNK] = [refused, limit, silent, missing, stops];
        documented(rows);
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn keys_that_do_not_fit_the_pbx_are_told_in_words_of_their_own() {
    run(async {
        let mut rows = Vec::new();
        for (what, key, value) in [
            ("the path in `dial.ari.base_url` is wrong", "BASE_URL", "/asterisk"),
            ("wrong password", "PASSWORD", "wrong-ari-password"),
            ("wrong `dial.ari.technology`", "TECHNOLOGY", "SIP"),
            ("wrong `dial.ari.context`", "CONTEXT", "elsewhere"),
        ] {
            let mut pbx = Asterisk::prepare().await;
            let value =
                if key == "BASE_URL" { format!("{}{value}", pbx.base_url()) } else { value.to_owned() };
            let options = pbx.serves(FleetOptions::with("pbx-keys", dial_worker(1)));
            let fleet = Fleet::prepare(options.variable(&format!("FLEET_DIAL_ARI_{key}"), &value)).await;
            pbx.start(&fleet.database).await;
            fleet.start_process("dead").await;
            fleet.start_process("dial").await;
            let (id, told) = published(&fleet, "+819042050001", "1001").await;
            let login = Asterisk::login();
            let says = match key {
                "BASE_URL" => ari_says(&pbx, &login, "asterisk/ari/endpoints/PJSIP/1001").await,
                "PASSWORD" => ari_says(&pbx, "closure:wrong-ari-password", "ari/endpoints/PJSIP/1001").await,
                "TECHNOLOGY" => format!(
                    "of the phone {}, of all phones {}",
                    ari_says(&pbx, &login, "ari/endpoints/SIP/1001").await,
                    ari_says(&pbx, &login, "ari/endpoints/SIP").await
                ),
                _ => legs(&fleet, id).await,
            };
            rows.push(Row(what, says, told));
            assert_eq!(pbx.calls_to("819042050001"), 0, "{key}");
            fleet.drain().await;
            fleet.finish().await;
        }
        let rows: [Row; OF_KEYS] = rows.try_into().ok().expect("a row of each key");
        documented(rows);
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
        let off = Row(
            "ARI is off",
            ari_says(&pbx, &Asterisk::login(), "ari/endpoints/PJSIP/1002").await,
            told(&fleet, "+819042070001", "1002").await,
        );
        // Longer than a record is waited for.
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        let told_of_talk = fleet.outcomes.of(talk);
        assert!(told_of_talk.is_empty(), "the two still talk: {:?}", told_of_talk[0].summary());
        pbx.change("ari.conf", "enabled = no", "enabled = yes");
        pbx.console("module reload res_ari.so").await;
        pbx.console("channel request hangup all").await;
        assert_eq!(fleet.outcomes.first(talk).await.summary(), "dial.answered");
        pbx.console("module unload res_ari_endpoints.so").await;
        let starts = Row(
            "a module of ARI is not there, or not yet, while Asterisk starts",
            ari_says(&pbx, &Asterisk::login(), "ari/endpoints/PJSIP/1003").await,
            told(&fleet, "+819042080001", "1003").await,
        );
        let rows: [Row; OF_ARI] = [off, starts];
        documented(rows);
        fleet.drain().await;
        fleet.finish().await;
    });
}
