//! Our side of Twilio against things that are not ours: its OpenAPI document, and its own library's signatures.

use std::{path::Path, process::Stdio};

use closure_simulators::{TwilioBehaviour, TwilioSimSettings, TwilioSimulator};
use closure_store::DeliveryState;
use closure_tests::harness::{
    Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, node, python, request, run,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Child;

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const TOKENS: [&str; 2] = ["harness-twilio-token", "harness-twilio-token-next"];
/// What Twilio is told; a proxy of the simulator's leads from there to the intake.
const RECEIPT_URL: &str = "https://intake.example.com/receipts/twilio";

/// Prism with Twilio's own document, before a gateway.
struct Prism {
    url: String,
    // It ends with the value, and its folder after it.
    _child: Child,
    _folder: TempDir,
}

impl Prism {
    async fn start(upstream: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/prism.js");
        let port = free_port();
        let mut command = node(&program);
        command.arg(folder.path()).arg(port.to_string()).arg(upstream);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("Node can be started");
        let url = format!("http://127.0.0.1:{port}");
        eventually("Prism to answer", LONG, || async { request("GET", &url, &[], b"").await.map(drop) })
            .await;
        Self { url, _child: child, _folder: folder }
    }
}

/// A port that was free a moment ago: Prism takes none of its own choice.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}

async fn gateway() -> TwilioSimulator {
    let settings = TwilioSimSettings {
        account_sid: ACCOUNT.to_owned(),
        auth_token: TOKENS[0].to_owned(),
        // Long enough that no receipt ends a doubt before it was looked into.
        callback_delay_ms: 4_000,
        ..TwilioSimSettings::default()
    };
    TwilioSimulator::start(settings).await.expect("the gateway can be started")
}

fn fleet_of(name: &'static str, base_url: &str, processes: Vec<ProcessSpec>) -> FleetOptions {
    FleetOptions::with(name, processes)
        .variable("FLEET_SMS_GATEWAYS", "twilio")
        .variable("FLEET_SMS_TWILIO_BASE_URL", base_url)
        .variable("FLEET_SMS_TWILIO_ACCOUNT_SID", ACCOUNT)
        .variable("FLEET_SMS_TWILIO_SECRET", TOKENS[0])
        .variable("FLEET_SMS_TWILIO_RECEIPT_URL", RECEIPT_URL)
        .variable("FLEET_INTAKE_TWILIO_SECRET", TOKENS[0])
        .variable("FLEET_INTAKE_TWILIO_SECRET_NEXT", TOKENS[1])
}

fn digits(job: &Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}

#[test]
fn our_requests_and_our_stand_ins_answers_are_what_twilios_own_document_says() {
    run(async {
        let gateway = gateway().await;
        let prism = Prism::start(&gateway.base_url()).await;
        let everybody = ProcessSpec::work("workers", &["sms", "email", "fallback"]);
        let fleet = Fleet::start(fleet_of("prism", &prism.url, vec![everybody, ProcessSpec::intake()])).await;
        gateway.set_webhook(fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/twilio"));
        for (index, behaviour) in (0..).zip([
            TwilioBehaviour::Delivered,
            TwilioBehaviour::AnswerLost,
            TwilioBehaviour::ServerErrorAccepted,
        ]) {
            let job = jobs::sms(&jobs::number(3201, index), &format!("prism-{index}@example.com"));
            gateway.behave_times(&digits(&job), behaviour, 1);
            let id = fleet.publish(&job).await;
            let story = fleet.reaches(id, DeliveryState::Delivered).await;
            assert_eq!(gateway.accepted_to(&digits(&job)).len(), 1, "{behaviour:?}: {:?}", story.tries);
        }
        assert_eq!(gateway.send_requests(), 3, "Prism let every request pass");
        assert!(gateway.list_requests() >= 2, "and every list for what was in doubt");
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn the_document_between_us_and_twilio_refuses_what_it_forbids() {
    run(async {
        let gateway = gateway().await;
        let prism = Prism::start(&gateway.base_url()).await;
        let url = format!("{}/2010-04-01/Accounts/{ACCOUNT}/Messages.json", prism.url);
        let headers =
            [("Authorization", "Basic QUM6dG9rZW4="), ("Content-Type", "application/x-www-form-urlencoded")];
        for body in
            ["From=%2B1&Body=x", "To=%2B1&Body=x&ValidityPeriod=soon", "To=%2B1&StatusCallback=nowhere"]
        {
            let answer = request("POST", &url, &headers, body.as_bytes()).await.expect("Prism answers");
            assert_eq!(answer.status, 422, "{body}");
        }
        assert_eq!(gateway.send_requests(), 0, "it never reaches the gateway");
        gateway.stop().await;
    });
}

/// One request that Twilio's library signed, and what the intake has to answer.
async fn knock(intake: &str, knock: &Value, expected: u16) {
    let text = |name: &str| knock[name].as_str().unwrap_or_default();
    let headers =
        [("X-Twilio-Signature", text("signature")), ("Content-Type", "application/x-www-form-urlencoded")];
    let url = format!("{intake}{}", text("query"));
    let answer = request("POST", &url, &headers, text("body").as_bytes()).await.expect("the intake answers");
    assert_eq!(answer.status, expected, "{knock}: {}", String::from_utf8_lossy(&answer.body));
}

#[test]
fn the_intake_agrees_with_twilios_own_library_about_every_signature() {
    run(async {
        let fleet = Fleet::start(fleet_of(
            "signatures",
            "http://127.0.0.1:1",
            vec![ProcessSpec::work("fallback", &["fallback"]), ProcessSpec::intake()],
        ))
        .await;
        let intake = fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/twilio");
        let mut signer = python(&Path::new(env!("CARGO_MANIFEST_DIR")).join("python/twilio_signatures.py"));
        signer.arg(RECEIPT_URL).args(TOKENS);
        let output = tokio::time::timeout(LONG, signer.output())
            .await
            .expect("the signer ends in time")
            .expect("Python can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let signed: Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
        for (kind, expected, least) in [("good", 200, 20), ("bad", 401, 60)] {
            let list = signed[kind].as_array().expect("a list");
            assert!(list.len() >= least, "{} {kind} ones", list.len());
            for one in list {
                knock(&intake, one, expected).await;
            }
        }
        fleet.queues_are_empty().await;
        fleet.finish().await;
    });
}
