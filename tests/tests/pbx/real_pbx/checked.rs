//! What `fleet doctor dial` and the start of the role say of a real PBX.

use closure_tests::harness::{
    Answer, Asterisk, Fleet, FleetOptions, LONG, Process, cli, eventually, jobs, run,
};
use serde_json::Value;

use crate::support::{dial_worker, prepared};

const AUTHORITY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/providers/tests/recorded/tls/ca.pem");

/// What the doctor says of the PBX with these keys changed: the verdict and the words.
async fn doctor(fleet: &Fleet, changed: &[(&str, String)]) -> (String, String) {
    let mut environment = fleet.environment.clone();
    // With the rights that the doctor's own user has.
    let own = [("DATABASE_URL", fleet.database.url_of("doctor"))];
    for (key, value) in own.iter().chain(changed) {
        let name = format!("FLEET_{key}");
        environment.retain(|(other, _)| *other != name);
        environment.push((name, value.clone()));
    }
    let answer: Answer = cli(&environment, &["--json", "doctor", "dial"]).await;
    let findings: Value = answer.json();
    let pbx = findings.as_array().expect("a list").iter().find(|finding| finding["what"] == "PBX");
    let pbx = pbx.unwrap_or_else(|| panic!("nothing is said of the PBX: {findings}"));
    let text = |field: &str| pbx[field].as_str().unwrap_or_default().to_owned();
    (text("verdict"), text("detail"))
}

pub(super) async fn ill(fleet: &Fleet, changed: &[(&str, String)], words: &str) {
    let (verdict, detail) = doctor(fleet, changed).await;
    assert_eq!(verdict, "ill", "{words}: {detail}");
    assert!(detail.contains(words), "{words}: {detail}");
}

pub(super) async fn well(fleet: &Fleet, changed: &[(&str, String)]) {
    let (verdict, detail) = doctor(fleet, changed).await;
    assert_eq!(verdict, "well", "{detail}");
}

fn key(name: &'static str, value: &str) -> Vec<(&'static str, String)> {
    vec![(name, value.to_owned())]
}

#[test]
fn doctor_says_of_each_thing_that_is_wrong_with_the_pbx_what_it_is_and_rings_nobody() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let fleet = prepared(&mut pbx, FleetOptions::without_processes("pbx-doctor")).await;
        well(&fleet, &[]).await;
        ill(&fleet, &key("DIAL_ARI_PASSWORD", "wrong-ari-password"), "pbx_auth").await;
        ill(&fleet, &key("DIAL_ARI_BASE_URL", &format!("{}/x", pbx.base_url())), "pbx_without_ari").await;
        ill(&fleet, &key("DIAL_ARI_BASE_URL", "http://127.0.0.1:1"), "correct `dial.ari.base_url`").await;
        ill(&fleet, &key("DIAL_ARI_TECHNOLOGY", "SIP"), "no driver for SIP").await;
        ill(&fleet, &key("DIAL_ARI_CONTEXT", "elsewhere"), "no extension closure-check").await;

        let trusted = [("DIAL_ARI_BASE_URL", pbx.tls_url()), ("DIAL_ARI_TLS_CA", AUTHORITY.to_owned())];
        well(&fleet, &trusted).await;
        ill(&fleet, &trusted[..1], "an authority that is not trusted here").await;
        let by_address = pbx.tls_url().replace("localhost", "127.0.0.1");
        let another_name = [("DIAL_ARI_BASE_URL", by_address), trusted[1].clone()];
        ill(&fleet, &another_name, "not for the name or address").await;
        let plain = pbx.base_url().replace("http://", "https://");
        ill(&fleet, &key("DIAL_ARI_BASE_URL", &plain), "the port speaks none").await;

        pbx.change("ari.conf", "read_only = no", "read_only = yes");
        pbx.console("module reload res_ari.so").await;
        ill(&fleet, &[], "may only read").await;
        pbx.change("ari.conf", "read_only = yes", "read_only = no");
        pbx.change("ari.conf", "enabled = yes", "enabled = no");
        pbx.console("module reload res_ari.so").await;
        ill(&fleet, &[], "pbx_without_ari").await;
        pbx.change("ari.conf", "enabled = no", "enabled = yes");
        pbx.console("module reload res_ari.so").await;
        pbx.console("module unload cel_pgsql.so").await;
        ill(&fleet, &[], "cel_pgsql.so does not run").await;
        pbx.console("module load cel_pgsql.so").await;
        well(&fleet, &[]).await;

        fleet.database.query("ALTER TABLE cel RENAME COLUMN extra TO more").await;
        ill(&fleet, &[], "no column extra").await;
        fleet.database.query("DROP TABLE cel").await;
        ill(&fleet, &[], "the table cel is not there").await;
        assert!(pbx.agent_rings().is_empty() && pbx.customer_rings().is_empty(), "nobody's phone rang");
        fleet.finish().await;
    });
}

#[test]
fn a_pbx_with_thousands_of_phones_is_well_and_a_phone_that_it_does_not_know_is_offline() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        pbx.add_phones(4_000);
        let fleet = prepared(&mut pbx, FleetOptions::with("pbx-phones", dial_worker(1))).await;
        let all = pbx.ask(&Asterisk::login(), "ari/endpoints/PJSIP").await;
        assert!(all.body.len() > 256 * 1024, "more than an answer may have: {}", all.body.len());
        well(&fleet, &[]).await;
        fleet.start_process("dead").await;
        fleet.start_process("dial").await;
        for phone in ["4711", "20001"] {
            let id = fleet.publish(&jobs::dial("+819047000001", phone)).await;
            assert_eq!(fleet.outcomes.first(id).await.summary(), "dial.unanswered agent_offline", "{phone}");
        }
        fleet.drain().await;
        fleet.finish().await;
    });
}

#[test]
fn doctor_and_the_roles_start_say_that_no_record_of_a_call_arrives() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let options = pbx.serves(FleetOptions::with("pbx-no-record", dial_worker(1)));
        let fleet = Fleet::prepare(options.variable("FLEET_DIAL_EVIDENCE_WAIT_MS", "1500")).await;
        pbx.start_with_wrong_password(&fleet.database).await;
        ill(&fleet, &[], "writes no record of a call into the table cel").await;
        fleet.start_process("dial").await;
        eventually("the role to say so", LONG, || async {
            let (status, parts) = Process::readiness(&mut *fleet.process("dial").await).await?;
            let says = parts.as_array().is_some_and(|parts| {
                parts.iter().any(|part| {
                    part["part"] == "PBX"
                        && part["state"].as_str().is_some_and(|state| state.contains("no record"))
                })
            });
            if says && status == 200 { Ok(()) } else { Err(format!("{status}: {parts}")) }
        })
        .await;
        let warned = fleet.warnings("dial").await;
        assert!(warned.iter().any(|line| line.contains("no record of a call")), "{warned:?}");
        fleet.finish().await;
    });
}

#[test]
fn the_commands_by_which_the_guide_lets_an_operator_look_show_what_they_promise() {
    run(async {
        const GUIDE: &str = include_str!("../../../../deploy/asterisk/README.md");
        let mut pbx = Asterisk::prepare().await;
        let fleet = prepared(&mut pbx, FleetOptions::without_processes("pbx-guide")).await;
        for (typed, shows) in [
            ("cel show status", "CEL Logging: Enabled"),
            ("dialplan show closure-dial", "closure-check"),
            ("ari show users", "closure"),
        ] {
            assert!(GUIDE.contains(&format!("asterisk -rx '{typed}'")), "the guide shows `{typed}` no more");
            let shown = pbx.console(typed).await;
            assert!(shown.contains(shows), "{typed}: {shown}");
        }
        let crypted = pbx.console("ari mkpasswd something-long").await;
        assert!(GUIDE.contains("ari mkpasswd") && crypted.contains("$6$"), "{crypted}");
        fleet.finish().await;
    });
}
