//! Our side of Sinch against what is not ours: its official client, which makes our requests again, reads our stand-in's
//! answers and signs callbacks.

use std::path::Path;

use closure_simulators::{SinchBehaviour, SinchSimSettings, SinchSimulator};
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, jobs, python, request, run};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

const PLAN: &str = "harness-service-plan";
const TOKEN: &str = "harness-sinch-token";
const SECRETS: [&str; 2] = ["harness-sinch-secret", "harness-sinch-secret-next"];

async fn gateway() -> SinchSimulator {
    let settings = SinchSimSettings {
        service_plan_id: PLAN.to_owned(),
        api_token: TOKEN.to_owned(),
        webhook_secret: SECRETS[0].to_owned(),
        ..SinchSimSettings::default()
    };
    SinchSimulator::start(settings).await.expect("the gateway can be started")
}

fn fleet_of(name: &'static str, base_url: &str, processes: Vec<ProcessSpec>) -> FleetOptions {
    FleetOptions::with(name, processes)
        .variable("FLEET_SMS_GATEWAYS", "sinch")
        .variable("FLEET_SMS_SINCH_BASE_URL", base_url)
        .variable("FLEET_SMS_SINCH_SERVICE_PLAN_ID", PLAN)
        .variable("FLEET_SMS_SINCH_API_TOKEN", TOKEN)
        .variable("FLEET_SMS_SINCH_RECEIPT_URL", "https://intake.example.com/receipts/sinch")
        .variable("FLEET_INTAKE_SINCH_SECRET", SECRETS[0])
        .variable("FLEET_INTAKE_SINCH_SECRET_NEXT", SECRETS[1])
}

/// What Sinch's client says of these bodies.
async fn client_says(base_url: &str, bodies: &[String]) -> Value {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = folder.path().join("bodies.json");
    std::fs::write(&file, format!("[{}]", bodies.join(","))).expect("the folder can be written to");
    let mut client = python(&Path::new(env!("CARGO_MANIFEST_DIR")).join("python/sinch_client.py"));
    client.args([base_url, PLAN, TOKEN]).arg(&file).args(SECRETS);
    let output = tokio::time::timeout(LONG, client.output())
        .await
        .expect("the client ends in time")
        .expect("Python can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

/// A request with its time in one form: the client writes fractions of a second, and we do not.
fn request_of(body: &str) -> Value {
    let mut request: Value = serde_json::from_str(body).expect("JSON");
    let expire_at = request["expire_at"].as_str().expect("a time");
    let expire_at = OffsetDateTime::parse(expire_at, &Rfc3339).expect("RFC 3339");
    request["expire_at"] = expire_at.unix_timestamp().into();
    request
}

#[test]
fn our_requests_and_our_stand_ins_answers_are_what_sinchs_own_client_makes_and_reads() {
    run(async {
        let gateway = gateway().await;
        let everybody = ProcessSpec::work("workers", &["sms", "email", "fallback"]);
        let options = fleet_of("sinch-client", &gateway.base_url(), vec![everybody, ProcessSpec::intake()]);
        let fleet = Fleet::start(options).await;
        gateway.set_webhook(fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/sinch"));
        for (index, behaviour) in (0..).zip([SinchBehaviour::Delivered, SinchBehaviour::AnswerLost]) {
            let job = jobs::sms(&jobs::number(3401, index), &format!("sinch-client-{index}@example.com"));
            let digits = job["to"]["phone"]["number"].as_str().expect("a number").trim_start_matches('+');
            gateway.behave_times(digits, behaviour, 1);
            let id = fleet.publish(&job).await;
            fleet.reaches(id, DeliveryState::Delivered).await;
        }
        let ours = gateway.request_bodies();
        assert_eq!(ours.len(), 2, "one request each");
        let said = client_says(&gateway.base_url(), &ours).await;
        assert_eq!(said["made"].as_array().map(Vec::len), Some(2), "the client sent each again");
        let theirs = gateway.request_bodies().split_off(ours.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(request_of(ours), request_of(theirs), "field for field");
        }
        // A doubt's message comes home after its answer.
        fleet.drain().await;
        fleet.finish().await;
        gateway.stop().await;
    });
}

#[test]
fn the_intake_agrees_with_sinchs_own_client_about_every_signature() {
    run(async {
        let processes = vec![ProcessSpec::work("fallback", &["fallback"]), ProcessSpec::intake()];
        let fleet = Fleet::start(fleet_of("sinch-signatures", "http://127.0.0.1:1", processes)).await;
        let intake = fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/sinch");
        let signed = client_says("http://127.0.0.1:1", &[]).await;
        for (kind, expected, least) in [("good", 200, 16), ("bad", 401, 100)] {
            let list = signed[kind].as_array().expect("a list");
            assert!(list.len() >= least, "{} {kind} ones", list.len());
            for one in list {
                let headers = one["headers"].as_object().expect("headers");
                let headers: Vec<(&str, &str)> = headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.as_str().unwrap_or_default()))
                    .collect();
                let body = one["body"].as_str().expect("a text");
                let answer = request("POST", &intake, &headers, body.as_bytes()).await.expect("an answer");
                assert_eq!(answer.status, expected, "{one}");
            }
        }
        fleet.drain().await;
        fleet.finish().await;
    });
}
