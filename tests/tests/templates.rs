//! Approved templates from the command line to the gateway (R14a); one fleet for each test.

use closure_contract::{Channel, JobId, topology::WorkQueue};
use closure_simulators::SmsBehaviour;
use closure_store::DeliveryState;
use closure_tests::harness::{
    Connections, Fleet, FleetOptions, LONG, ProcessSpec, SHORT, eventually, jobs, run,
};
use serde_json::{Value, json};

const BY: [&str; 4] = ["--actor", "kim", "--reason", "a test"];
const TEXT: &str = "[K.ride] Your lost item {item:alnum:10} was found.";

/// `fleet --json template …`, with who and why where something is changed.
async fn template(fleet: &Fleet, words: &[&str], code: i32) -> Value {
    let changes = !["list", "show", "test"].contains(&words[0]);
    let by: &[&str] = if changes { &BY } else { &[] };
    let arguments = [&["--json", "template"][..], words, by].concat();
    let answer = fleet.cli(&arguments).await.with_code(code);
    if answer.output.is_empty() { Value::String(answer.errors) } else { answer.json() }
}

fn to_vietnam(sms: &Value, number: &str, address: &str) -> Value {
    let mut job = jobs::sms(number, address);
    job["sms"] = sms.clone();
    job
}

fn found() -> Value {
    json!({ "template": "vn-found", "variables": { "item": "A1" } })
}

async fn summary(fleet: &Fleet, job: JobId) -> String {
    fleet.outcomes_of(job, 1).await[0].summary()
}

#[test]
fn a_template_is_sent_from_its_approval_on_and_never_after_its_revocation() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("templates-life")).await;
        let watch = fleet.watch();
        template(&fleet, &["add", "vn-found", "--text", TEXT], 0).await;
        let draft = to_vietnam(&found(), "+84912149101", "draft@example.com");
        let id = fleet.publish(&draft).await;
        assert_eq!(summary(&fleet, id).await, "sms.refused template_unknown");
        template(&fleet, &["submit", "vn-found", "1", "--reference", "VN-7"], 0).await;
        template(&fleet, &["approve", "vn-found", "1"], 0).await;
        let approved = to_vietnam(&found(), "+84912149102", "approved@example.com");
        let id = fleet.publish(&approved).await;
        assert_eq!(summary(&fleet, id).await, "sms.delivered");
        assert_eq!(fleet.sms.sent_to("84912149102")[0].text, "[K.ride] Your lost item A1 was found.");
        template(&fleet, &["add", "vn-found", "--text", "[K.ride] We found {item:alnum:10} for you."], 0)
            .await;
        template(&fleet, &["approve", "vn-found", "2"], 0).await;
        let second = to_vietnam(&found(), "+84912149103", "second@example.com");
        let id = fleet.publish(&second).await;
        assert_eq!(summary(&fleet, id).await, "sms.delivered");
        assert_eq!(fleet.sms.sent_to("84912149103")[0].text, "[K.ride] We found A1 for you.");
        template(&fleet, &["revoke", "vn-found", "2"], 0).await;
        template(&fleet, &["approve", "vn-found", "1", "--until", "2020-01-01T00:00:00Z"], 0).await;
        let over = to_vietnam(&found(), "+84912149104", "over@example.com");
        let id = fleet.publish(&over).await;
        assert_eq!(summary(&fleet, id).await, "sms.refused template_unknown");
        let free = json!({ "text": "[K.ride] We found B2 for you." });
        let free = to_vietnam(&free, "+84912149105", "free@example.com");
        let id = fleet.publish(&free).await;
        assert_eq!(summary(&fleet, id).await, "sms.refused template_mismatch");
        for (number, address) in [("84912149104", "over@example.com"), ("84912149105", "free@example.com")] {
            assert!(fleet.sms.sent_to(number).is_empty());
            assert_eq!(fleet.smtp.mails_to(address).len(), 1, "an email answers");
        }
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_template_that_is_revoked_while_the_job_waits_is_not_sent_and_an_email_answers() {
    run(async {
        let options =
            FleetOptions::together("templates-revoked").variable("FLEET_TEMPLATES_REFRESH_MS", "3600000");
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        template(&fleet, &["add", "vn-found", "--text", TEXT], 0).await;
        template(&fleet, &["approve", "vn-found", "1"], 0).await;
        fleet.sms.behave("84912149106", SmsBehaviour::OutOfCredit);
        let job = to_vietnam(&found(), "+84912149106", "revoked@example.com");
        let id = fleet.publish(&job).await;
        eventually("a first try", LONG, || async {
            let sql = "SELECT failure_code FROM delivery WHERE channel = 'sms'";
            let codes = fleet.database.query(sql).await;
            if codes == ["provider_quota"] { Ok(()) } else { Err(codes.join(",")) }
        })
        .await;
        template(&fleet, &["revoke", "vn-found", "1"], 0).await;
        fleet.sms.behave("84912149106", SmsBehaviour::Delivered);
        assert_eq!(summary(&fleet, id).await, "sms.refused template_unknown");
        assert!(fleet.sms.accepted_to("84912149106").is_empty(), "nothing went to Vietnam");
        assert_eq!(fleet.smtp.mails_to("revoked@example.com").len(), 1);
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn the_register_checks_what_is_added_and_keeps_who_did_what() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("templates-cli")).await;
        let bad = template(&fleet, &["add", "bad", "--text", "{a:digits:3}{b:words:3} }"], 65).await;
        for problem in ["unknown class", "no counterpart", "brand", "letters"] {
            assert!(bad.as_str().is_some_and(|text| text.contains(problem)), "{problem}: {bad}");
        }
        let file = fleet.file("found.txt", format!("{TEXT}\n").as_bytes());
        let added = template(&fleet, &["add", "vn-found", "--file", &file], 0).await;
        assert_eq!((&added["template"]["version"], &added["template"]["text"]), (&json!(1), &json!(TEXT)));
        let again = template(&fleet, &["add", "vn-found", "--version", "1", "--text", TEXT], 0).await;
        assert_eq!(again["result"], "there already");
        template(&fleet, &["add", "vn-found", "--version", "1", "--text", "[K.ride] Another text."], 1).await;
        template(&fleet, &["approve", "vn-found", "7"], 65).await;
        template(&fleet, &["approve", "vn-found", "1", "--reference", "VN-7"], 0).await;
        template(&fleet, &["revoke", "vn-found", "1"], 0).await;
        template(&fleet, &["revoke", "vn-found", "1"], 1).await;
        let shown = template(&fleet, &["show", "vn-found", "1"], 0).await;
        let actions = shown["actions"].as_array().expect("a list");
        let told: Vec<&str> = actions.iter().filter_map(|action| action["action"].as_str()).collect();
        assert_eq!(told, ["add", "approve", "revoke"]);
        assert_eq!(
            (&actions[1]["actor"], &shown["template"]["carrier_ref"]),
            (&json!("kim"), &json!("VN-7"))
        );
        assert_eq!(template(&fleet, &["list"], 0).await.as_array().map(Vec::len), Some(3));
        fleet.finish().await;
    });
}

#[test]
fn a_text_and_variables_can_be_tried_without_sending_anything() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("templates-test")).await;
        let text = "[K.ride] Your inquiry A1042 was answered by email.";
        let matched = template(&fleet, &["test", "--text", text], 0).await;
        assert_eq!(matched["template"], json!({ "id": "vn-answer-by-email", "version": 1 }));
        assert_eq!(matched["variables"], json!({ "ticket": "A1042" }));
        let missed =
            template(&fleet, &["test", "--text", "[K.ride] Your inquiry A-1 was answered."], 1).await;
        assert_eq!((&missed["result"], &missed["nearest"]["offset"]), (&json!("mismatch"), &json!(23)));
        assert_eq!(missed["nearest"]["found"], "a punctuation mark or symbol");
        let made = template(&fleet, &["test", "--name", "vn-answer-by-email", "--var", "ticket=B2"], 0).await;
        assert_eq!((&made["bytes"], &made["segments"]), (&json!(47), &json!(1)));
        assert_eq!(made["text"], "[K.ride] Your inquiry B2 was answered by email.");
        template(&fleet, &["test", "--name", "vn-answer-by-email", "--var", "ticket=B-2"], 1).await;
        fleet.finish().await;
    });
}

#[test]
fn an_outage_of_the_database_neither_invents_nor_loses_an_approval() {
    run(async {
        let options = FleetOptions::with("templates-outage", vec![ProcessSpec::work("sms", &["sms"])]);
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        let answer = json!({ "template": "vn-answer-by-email", "variables": { "ticket": "A1" } });
        fleet.database.set_connections_allowed(Connections::Refused).await;
        let id = fleet.publish(&to_vietnam(&answer, "+84912149107", "outage@example.com")).await;
        let queue = WorkQueue::Jobs(Channel::Sms).name();
        eventually("the worker to hold the job", SHORT, || async {
            if fleet.depth(queue).await == 0 { Ok(()) } else { Err("it is ready".to_owned()) }
        })
        .await;
        assert!(fleet.sms.sent_to("84912149107").is_empty(), "nothing is sent unseen");
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        fleet.reaches(id, DeliveryState::Accepted).await;
        assert_eq!(fleet.sms.sent_to("84912149107").len(), 1);
        drop(watch);
        fleet.vhost.delete().await;
    });
}
