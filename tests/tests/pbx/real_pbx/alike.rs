//! The simulator of the PBX says what a real one says: of each question of ARI's, and of each number that is dialled.

use closure_tests::harness::{
    Asterisk, Fleet, FleetOptions, HttpAnswer, LONG, Party, eventually, request, run,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::prepared;

/// A method, a path below the address, and a body.
type Question = (&'static str, &'static str, Value);

fn originate(phone: &str, extension: &str) -> Value {
    json!({ "endpoint": phone, "context": "closure-dial", "extension": extension, "priority": 1 })
}

fn questions() -> Vec<Question> {
    let called = "9001819048000001";
    let long = json!({ "endpoint": "PJSIP/1001", "extension": called, "channelId": "x".repeat(150) });
    vec![
        ("GET", "ari/channels/none", Value::Null),
        ("DELETE", "ari/channels/none", Value::Null),
        ("GET", "ari/endpoints/PJSIP/1001", Value::Null),
        ("GET", "ari/endpoints/PJSIP/1888", Value::Null),
        ("GET", "ari/endpoints/PJSIP/4711", Value::Null),
        ("GET", "ari/endpoints/SIP/1001", Value::Null),
        ("GET", "ari/endpoints/SIP", Value::Null),
        ("GET", "ari/asterisk/modules/cel_pgsql.so", Value::Null),
        ("GET", "ari/asterisk/modules/nothing.so", Value::Null),
        ("GET", "ari/nothing", Value::Null),
        ("GET", "asterisk/channels", Value::Null),
        ("POST", "ari/channels", json!({})),
        ("POST", "ari/channels", json!({ "endpoint": "1001", "extension": called })),
        ("POST", "ari/channels", json!({ "endpoint": "PJSIP/1001" })),
        ("POST", "ari/channels", long),
        ("POST", "ari/channels", originate("PJSIP/1888", called)),
        ("POST", "ari/channels", originate("PJSIP/4711", called)),
        ("POST", "ari/channels", originate("SIP/1001", called)),
        ("POST", "ari/channels", originate("PJSIP/1001&PJSIP/1002", called)),
    ]
}

/// What of an answer anybody reads: the status, ARI's own words, and what it tells of a phone or a module.
fn told(answer: &HttpAnswer) -> String {
    let status = answer.status;
    let Ok(said) = serde_json::from_slice::<Value>(&answer.body) else {
        let kind = answer.header("content-type").unwrap_or_default();
        return format!("{status}, {}", kind.split(';').next().unwrap_or_default());
    };
    let of = |name: &str| said.get(name).map(|value| format!(" {name}={value}"));
    let names = ["message", "error", "technology", "resource", "state", "channel_ids", "status"];
    let said: String = names.into_iter().filter_map(of).collect();
    format!("{status}{said}")
}

/// The same question to both, with this login.
async fn both(pbx: &Asterisk, fleet: &Fleet, login: &str, question: &Question) -> [String; 2] {
    let (method, path, body) = question;
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut answers = [const { String::new() }; 2];
    for (address, told_by) in [pbx.base_url(), fleet.pbx.base_url()].into_iter().zip(&mut answers) {
        let url = format!("{}/{path}", address.replace("http://", &format!("http://{login}@")));
        let headers = [("content-type", "application/json"), ("connection", "close")];
        let answer = request(method, &url, &headers, body.as_bytes()).await;
        *told_by = told(&answer.expect("it answers"));
    }
    answers
}

#[test]
fn each_question_of_ari_is_answered_by_the_simulator_as_by_a_real_pbx() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let fleet = prepared(&mut pbx, FleetOptions::without_processes("pbx-questions")).await;
        let mut other = Vec::new();
        let login = Asterisk::login();
        let mut ask = async |login: &str, question: &Question| {
            let [real, simulated] = both(&pbx, &fleet, login, question).await;
            if real != simulated {
                other.push(format!("{} {}: {real}; the simulator: {simulated}", question.0, question.1));
            }
        };
        for question in questions() {
            ask(&login, &question).await;
        }
        for wrong in ["closure:wrong", "nobody:nothing"] {
            ask(wrong, &("GET", "ari/channels", Value::Null)).await;
            ask(wrong, &("POST", "ari/channels", json!({}))).await;
        }
        assert!(other.is_empty(), "{}", other.join("\n"));
        assert!(pbx.agent_rings().is_empty(), "nobody's phone rang");
        fleet.finish().await;
    });
}

/// What the agent's phone may be connected with: numbers, and what is none.
const DIALLED: [&str; 24] = [
    "9001819048010404",
    "90019048020404",
    "9001819048",
    "900181904803000040404",
    "901048040404",
    "9010480504040404",
    "90104",
    "9015880404",
    "915880404",
    "916880404",
    "918880404",
    "917880404",
    "91588040",
    "9114",
    "9119",
    "9",
    "91",
    "0104800404",
    "819048060404",
    "+819048070404",
    "9+819048080404",
    "9001819048090404&PJSIP/1002",
    "customer",
    "closure-check",
];

/// How the agent's leg ended, and what was dialled.
async fn end(fleet: &Fleet, channel: &str) -> String {
    let of_channel = format!("FROM cel WHERE linkedid = '{channel}' AND eventtype");
    let ended =
        format!("SELECT extra::jsonb->>'hangupcause' {of_channel} = 'HANGUP' AND uniqueid = linkedid");
    let over = format!("SELECT 1 {of_channel} = 'LINKEDID_END'");
    let cause = eventually("the call to have ended", LONG, || async {
        let is_over = !fleet.database.query(&over).await.is_empty();
        match fleet.database.query(&ended).await.pop() {
            Some(cause) if is_over => Ok(cause),
            _ => Err("it goes on".to_owned()),
        }
    });
    let cause = cause.await;
    let dialled = format!("SELECT appdata {of_channel} = 'APP_START' AND uniqueid = linkedid");
    let dialled = fleet.database.query(&dialled).await.concat();
    let number = dialled.split('@').next().unwrap_or_default().to_owned();
    format!("cause {cause}, dialled {number:?}")
}

#[test]
fn each_number_is_dialled_or_refused_by_the_simulator_as_by_the_dialplan_of_a_real_pbx() {
    run(async {
        let mut pbx = Asterisk::prepare().await;
        let fleet = prepared(&mut pbx, FleetOptions::without_processes("pbx-numbers")).await;
        let mut calls = Vec::new();
        for (index, extension) in DIALLED.into_iter().enumerate() {
            let phone = format!("PJSIP/{}", 1_001 + index);
            let mut channels = [const { String::new() }; 2];
            for (address, channel) in [pbx.base_url(), fleet.pbx.base_url()].into_iter().zip(&mut channels) {
                *channel = Uuid::new_v4().to_string();
                let url = format!(
                    "{}/ari/channels",
                    address.replace("http://", &format!("http://{}@", Asterisk::login()))
                );
                let mut body = originate(&phone, extension);
                body["channelId"] = channel.as_str().into();
                let headers = [("content-type", "application/json"), ("connection", "close")];
                let answer = request("POST", &url, &headers, body.to_string().as_bytes()).await;
                assert_eq!(answer.expect("it answers").status, 200, "{extension}");
            }
            calls.push((extension, channels));
        }
        let mut other = Vec::new();
        for (extension, [real, simulated]) in calls {
            let (real, simulated) = (end(&fleet, &real).await, end(&fleet, &simulated).await);
            if real != simulated {
                other.push(format!("{extension}: {real}; the simulator: {simulated}"));
            }
        }
        assert!(other.is_empty(), "{}", other.join("\n"));
        pbx.kill(Party::Pbx);
        fleet.finish().await;
    });
}
