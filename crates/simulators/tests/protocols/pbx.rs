//! The PBX's REST interface.

use closure_simulators::{
    AgentBehaviour, CustomerBehaviour, Leg, PbxSimSettings, PbxSimulator, PostBehaviour,
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{client, until};

pub(crate) const ANSWERED: &str = "900184912340001";

/// Settings under which everything happens soon.
pub(crate) fn quick() -> PbxSimSettings {
    PbxSimSettings {
        agent_answer_ms: 10,
        agent_timeout_max_ms: 20,
        customer_answer_ms: 10,
        customer_refusal_ms: 5,
        customer_timeout_ms: 20,
        talk_ms: 20,
        stall_ms: 50,
        ..PbxSimSettings::default()
    }
}

/// Settings under which a call goes on until somebody ends it.
fn long_talk() -> PbxSimSettings {
    PbxSimSettings { talk_ms: 600_000, ..quick() }
}

pub(crate) async fn pbx(settings: PbxSimSettings) -> PbxSimulator {
    PbxSimulator::start(settings).await.expect("loopback has a free port")
}

fn url(pbx: &PbxSimulator, path: &str) -> String {
    format!("{}/ari/{path}", pbx.base_url())
}

fn with_password(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    let settings = PbxSimSettings::default();
    request.basic_auth(settings.username, Some(settings.password))
}

async fn get(pbx: &PbxSimulator, path: &str) -> Response {
    with_password(client().get(url(pbx, path))).send().await.expect("the PBX answers")
}

async fn json_of(response: Response) -> Value {
    response.json().await.expect("the answer is JSON")
}

pub(crate) fn call(id: &str, agent: &str, dialled: &str) -> Value {
    json!({
        "endpoint": format!("PJSIP/{agent}"),
        "context": "closure-dial",
        "extension": dialled,
        "priority": 1,
        "channelId": id,
        "timeout": 25,
        "variables": {
            "C2C_JOB": id, "CONNECTEDLINE(num)": "84912340001", "CALLERID(num)": "0215990000",
        },
    })
}

pub(crate) async fn try_originate(pbx: &PbxSimulator, body: &Value) -> reqwest::Result<Response> {
    with_password(client().post(url(pbx, "channels"))).json(body).send().await
}

pub(crate) async fn originate(pbx: &PbxSimulator, id: &str, agent: &str, dialled: &str) -> Response {
    try_originate(pbx, &call(id, agent, dialled)).await.expect("the PBX answers")
}

pub(crate) async fn quiet(pbx: &PbxSimulator) {
    until("every call is over", async || pbx.channels_alive() == 0).await;
}

#[tokio::test]
async fn a_good_request_rings_the_agent_and_then_the_customer() {
    let pbx = pbx(quick()).await;
    let answer = originate(&pbx, "job-1", "1001", ANSWERED).await;
    assert_eq!(answer.status(), StatusCode::OK);
    let channel = json_of(answer).await;
    assert_eq!(channel["id"], "job-1");
    assert_eq!(channel["state"], "Down");
    quiet(&pbx).await;
    let rings = pbx.rings();
    assert_eq!(rings.len(), 2);
    assert_eq!((rings[0].leg, rings[0].digits.as_str()), (Leg::Agent, "1001"));
    assert_eq!(rings[0].shown_number.as_deref(), Some("84912340001"), "the agent sees the customer");
    assert_eq!((rings[1].leg, rings[1].digits.as_str()), (Leg::Customer, ANSWERED));
    assert_eq!(rings[1].shown_number.as_deref(), Some("0215990000"), "the customer sees our line");
    assert!(rings.iter().all(|ring| ring.channel_id == "job-1"));
    assert_eq!(pbx.calls_to("84912340001").len(), 1);
    pbx.stop().await;
}

#[tokio::test]
async fn the_channel_id_is_a_lock_while_the_call_lives_and_free_afterwards() {
    let pbx = pbx(long_talk()).await;
    assert_eq!(originate(&pbx, "job-1", "1001", ANSWERED).await.status(), StatusCode::OK);
    until("the two talk", async || pbx.rings().len() == 2).await;
    let unregistered = originate(&pbx, "job-1", "1888", ANSWERED).await;
    assert_eq!(unregistered.status(), StatusCode::INTERNAL_SERVER_ERROR, "the phone is looked at first");
    let again = originate(&pbx, "job-1", "1002", ANSWERED).await;
    assert_eq!(again.status(), StatusCode::CONFLICT);
    assert_eq!(json_of(again).await["message"], "Channel with given unique ID already exists");

    let hung_up = with_password(client().delete(url(&pbx, "channels/job-1"))).send().await;
    assert_eq!(hung_up.expect("the PBX answers").status(), StatusCode::NO_CONTENT);
    quiet(&pbx).await;
    assert_eq!(get(&pbx, "channels/job-1").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(originate(&pbx, "job-1", "1001", ANSWERED).await.status(), StatusCode::OK);
    until("it rings again", async || pbx.calls_to(ANSWERED).len() == 2).await;
    pbx.stop().await;
}

#[tokio::test]
async fn of_simultaneous_requests_with_one_id_exactly_one_is_placed() {
    let pbx = pbx(long_talk()).await;
    for round in 0..10 {
        let id = format!("job-{round}");
        let one = || originate(&pbx, &id, "1001", ANSWERED);
        let answers = tokio::join!(one(), one(), one(), one());
        let mut statuses =
            [answers.0, answers.1, answers.2, answers.3].map(|answer| answer.status().as_u16());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409]);
    }
    pbx.stop().await;
}

#[tokio::test]
async fn a_request_that_cannot_be_is_refused_as_asterisk_refuses_it() {
    let pbx = pbx(quick()).await;
    let table = [
        (json!({}), 400, "message", "Endpoint must be specified"),
        (json!({ "endpoint": "1001", "extension": ANSWERED }), 400, "message", "Invalid endpoint specified"),
        (json!({ "endpoint": "PJSIP/1001" }), 400, "message", "Application or extension must be specified"),
        (
            json!({ "endpoint": "PJSIP/1001", "extension": ANSWERED, "channelId": "x".repeat(150) }),
            400,
            "message",
            "Uniqueid length exceeds maximum of 149",
        ),
        (call("job-1", "1888", ANSWERED), 500, "error", "Allocation failed"),
        (call("job-1", "2000", ANSWERED), 500, "error", "Allocation failed"),
        (call("job-1", "1001&PJSIP/1002", ANSWERED), 500, "error", "Allocation failed"),
    ];
    for (body, status, field, text) in table {
        let answer = try_originate(&pbx, &body).await.expect("the PBX answers");
        assert_eq!(answer.status().as_u16(), status, "{body}");
        assert_eq!(json_of(answer).await[field], text);
    }
    assert!(pbx.rings().is_empty(), "nothing rang");
    pbx.stop().await;
}

#[tokio::test]
async fn who_may_not_write_is_told_so() {
    let pbx = pbx(quick()).await;
    let settings = PbxSimSettings::default();
    let post = |user: &str, password: &str| {
        let body = call("job-1", "1001", ANSWERED);
        client().post(url(&pbx, "channels")).basic_auth(user, Some(password)).json(&body).send()
    };
    let wrong = post(&settings.username, "wrong").await.expect("the PBX answers");
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(wrong.headers().contains_key("www-authenticate"));
    let reader = post(&settings.read_only_username, &settings.password).await.expect("the PBX answers");
    assert_eq!(reader.status(), StatusCode::FORBIDDEN);
    let nobody = client().get(url(&pbx, "asterisk/info")).send().await.expect("the PBX answers");
    assert_eq!(nobody.status(), StatusCode::UNAUTHORIZED);
    let reading = client().get(url(&pbx, "asterisk/info"));
    let reading = reading.basic_auth(&settings.read_only_username, Some(&settings.password));
    assert_eq!(reading.send().await.expect("the PBX answers").status(), StatusCode::OK);
    assert!(pbx.rings().is_empty());
    pbx.stop().await;
}

#[tokio::test]
async fn the_endpoint_tells_what_the_agents_phone_is_doing() {
    let pbx = pbx(long_talk()).await;
    for (extension, state) in
        [("1001", "online"), ("1099", "online"), ("1777", "online"), ("1888", "offline")]
    {
        let endpoint = json_of(get(&pbx, &format!("endpoints/PJSIP/{extension}")).await).await;
        assert_eq!(endpoint["state"], state);
        assert_eq!(endpoint["channel_ids"], json!([]));
    }
    assert_eq!(get(&pbx, "endpoints/PJSIP/1000").await.status(), StatusCode::NOT_FOUND);
    let busy = json_of(get(&pbx, "endpoints/PJSIP/1776").await).await;
    assert_eq!(busy["channel_ids"].as_array().map(Vec::len), Some(1));

    originate(&pbx, "job-1", "1001", ANSWERED).await;
    let endpoint = json_of(get(&pbx, "endpoints/PJSIP/1001").await).await;
    assert_eq!(endpoint["channel_ids"], json!(["job-1"]));
    pbx.set_agent("1001", AgentBehaviour::Offline);
    let endpoint = json_of(get(&pbx, "endpoints/PJSIP/1001").await).await;
    assert_eq!(endpoint["state"], "offline");
    pbx.stop().await;
}

#[tokio::test]
async fn of_a_technology_all_phones_are_told_and_of_another_that_it_is_none() {
    let pbx = pbx(PbxSimSettings { more_phones: 2, ..quick() }).await;
    let all = json_of(get(&pbx, "endpoints/PJSIP").await).await;
    let state = |extension: &str| {
        let phone = all.as_array().expect("a list").iter().find(|phone| phone["resource"] == extension);
        phone.map(|phone| phone["state"].clone())
    };
    assert_eq!(state("1001"), Some("online".into()));
    assert_eq!(state("1888"), Some("offline".into()));
    assert_eq!(state("1000"), None);
    assert_eq!([state("20000"), state("20001")], [Some("offline".into()), Some("offline".into())]);
    assert_eq!(state("20002"), None);
    let none = get(&pbx, "endpoints/SIP").await;
    assert_eq!(none.status(), StatusCode::NOT_FOUND);
    assert_eq!(json_of(none).await["message"], "No Endpoints found - invalid tech SIP");
    let page = client().get(format!("{}/asterisk/ari", pbx.base_url())).send().await.expect("it answers");
    assert_eq!(page.status(), StatusCode::NOT_FOUND);
    assert!(page.headers()["content-type"].to_str().is_ok_and(|kind| kind.starts_with("text/html")));
    pbx.stop().await;
}

#[tokio::test]
async fn a_living_channel_tells_its_state() {
    let pbx = pbx(PbxSimSettings { agent_answer_ms: 300, ..long_talk() }).await;
    originate(&pbx, "job-1", "1001", ANSWERED).await;
    let state = async || json_of(get(&pbx, "channels/job-1").await).await["state"].clone();
    until("the agent's phone rings", async || state().await == "Ringing").await;
    until("the agent answered", async || state().await == "Up").await;
    until("the dialplan dials", async || pbx.rings().len() == 2).await;
    let channel = json_of(get(&pbx, "channels/job-1").await).await;
    assert_eq!(channel["dialplan"]["app_name"], "Dial");
    let all = json_of(get(&pbx, "channels").await).await;
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    pbx.stop().await;
}

#[tokio::test]
async fn an_agent_who_does_not_take_the_call_spares_the_customer() {
    for agent in ["1555", "1666", "1777"] {
        let pbx = pbx(quick()).await;
        assert_eq!(originate(&pbx, "job-1", agent, ANSWERED).await.status(), StatusCode::OK);
        quiet(&pbx).await;
        assert_eq!(pbx.rings().len(), 1, "{agent}");
        assert!(pbx.calls_to(ANSWERED).is_empty(), "{agent}");
        pbx.stop().await;
    }
}

#[tokio::test]
async fn the_dialplan_dials_nothing_but_digits_after_the_nine() {
    for dialled in ["9+8210", "9111&PJSIP/1002", "84912340001", "9"] {
        let pbx = pbx(quick()).await;
        assert_eq!(originate(&pbx, "job-1", "1001", dialled).await.status(), StatusCode::OK);
        quiet(&pbx).await;
        assert_eq!(pbx.rings().len(), 1, "the agent is rung and dropped: {dialled}");
        pbx.stop().await;
    }
}

#[tokio::test]
async fn query_and_path_forms_mean_the_same() {
    let pbx = pbx(long_talk()).await;
    let query =
        format!("channels/job-9?endpoint=PJSIP/1001&extension={ANSWERED}&context=closure-dial&timeout=25");
    let answer = with_password(client().post(url(&pbx, &query))).send().await.expect("the PBX answers");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(json_of(answer).await["id"], "job-9");
    until("the customer is rung", async || pbx.calls_to(ANSWERED).len() == 1).await;
    pbx.stop().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_a_call_and_a_lost_request_leaves_none() {
    let pbx = pbx(long_talk()).await;
    assert!(try_originate(&pbx, &call("job-1", "1001", "900184912340902")).await.is_err());
    assert_eq!(get(&pbx, "channels/job-1").await.status(), StatusCode::OK);
    assert!(try_originate(&pbx, &call("job-2", "1001", "900184912340903")).await.is_err());
    assert_eq!(get(&pbx, "channels/job-2").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        originate(&pbx, "job-3", "1001", "900184912340905").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(get(&pbx, "channels/job-3").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        originate(&pbx, "job-4", "1001", "900184912340906").await.status(),
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(get(&pbx, "channels/job-4").await.status(), StatusCode::OK);
    pbx.stop().await;
}

#[tokio::test]
async fn a_stalled_pbx_places_the_call_late_although_the_caller_is_gone() {
    let pbx = pbx(PbxSimSettings { stall_ms: 2_000, ..long_talk() }).await;
    let request = with_password(client().post(url(&pbx, "channels")));
    let caller = tokio::spawn(request.json(&call("job-1", "1001", "900184912340901")).send());
    until("the request is there", async || pbx.requests() == 1).await;
    caller.abort();
    assert_eq!(get(&pbx, "channels/job-1").await.status(), StatusCode::NOT_FOUND, "which proves nothing");
    until("it rings late", async || pbx.channels_alive() > 0).await;
    pbx.misbehave("0901", PostBehaviour::Prompt);
    assert_eq!(
        originate(&pbx, "job-1", "1001", "900184912340901").await.status(),
        StatusCode::CONFLICT,
        "the same id catches the late call"
    );
    pbx.stop().await;
}

#[tokio::test]
async fn a_crash_forgets_every_channel() {
    let pbx = pbx(long_talk()).await;
    originate(&pbx, "job-1", "1001", ANSWERED).await;
    until("the two talk", async || pbx.rings().len() == 2).await;
    pbx.crash();
    assert_eq!(get(&pbx, "channels/job-1").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(originate(&pbx, "job-1", "1001", ANSWERED).await.status(), StatusCode::OK, "and rings again");
    pbx.stop().await;
}

#[tokio::test]
async fn rules_come_before_the_tables() {
    let pbx = pbx(quick()).await;
    pbx.behave("0001", CustomerBehaviour::TrunkDown);
    pbx.misbehave_times("0001", PostBehaviour::Unavailable, 1);
    assert_eq!(originate(&pbx, "a", "1001", ANSWERED).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(originate(&pbx, "b", "1001", ANSWERED).await.status(), StatusCode::OK);
    quiet(&pbx).await;
    assert!(pbx.calls_to(ANSWERED).is_empty(), "the trunk is down");
    pbx.stop().await;
}

#[tokio::test]
async fn records_and_switches_are_there_over_http() {
    let pbx = pbx(long_talk()).await;
    let sim = |path: &str| format!("{}/_sim/{path}", pbx.base_url());
    originate(&pbx, "job-1", "1001", ANSWERED).await;
    until("both legs rang", async || pbx.rings().len() == 2).await;
    let rings = client().get(sim("rings?to=0001")).send().await.expect("the PBX answers");
    assert_eq!(json_of(rings).await[0]["leg"], "customer");
    client().post(sim("crash")).send().await.expect("the PBX answers");
    assert_eq!(pbx.channels_alive(), 0);
    let agent = json!({ "behaviour": "offline" });
    client().put(sim("agents/1001")).json(&agent).send().await.expect("the PBX answers");
    assert_eq!(originate(&pbx, "job-2", "1001", ANSWERED).await.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let rule = json!({ "match": { "suffix": "" }, "behaviour": "unavailable" });
    client().post(sim("rules/posts")).json(&rule).send().await.expect("the PBX answers");
    assert_eq!(originate(&pbx, "job-3", "1002", ANSWERED).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    pbx.stop().await;
}
