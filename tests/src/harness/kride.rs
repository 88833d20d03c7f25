//! The rows of `scenario/kride.json`, walked to their end.

use std::{collections::BTreeSet, path::Path, time::Duration};

use closure_contract::{JobId, Timestamp};
use closure_simulators::{CustomerBehaviour, Leg};
use serde_json::Value;
use tokio::sync::OnceCell;

use super::{
    ended::Ended,
    fleet::Fleet,
    jobs,
    options::FleetOptions,
    outcomes::Heard,
    runtime::run,
    wait::{LONG, eventually},
};

/// Silence is noticed after this long, and a late receipt comes after that.
const RECEIPT_DUE_MS: u64 = 5_000;
const LATE_MS: u64 = 9_000;

static FLEET: OnceCell<Fleet> = OnceCell::const_new();

/// Runs a journey on the fleet that all journeys of a test binary share.
pub fn journey(test: impl AsyncFnOnce(&'static Fleet)) {
    run(async {
        let fleet = FLEET.get_or_init(start).await;
        let watch = fleet.watch();
        test(fleet).await;
        fleet.nothing_personal_is_logged();
        drop(watch);
    });
}

async fn start() -> Fleet {
    let options = FleetOptions::together("journeys").receipts_due(RECEIPT_DUE_MS, LATE_MS);
    let fleet = Fleet::start(options).await;
    // The scenario's own table of customers.
    fleet.pbx.behave("819012340002", CustomerBehaviour::Busy);
    fleet.pbx.behave("819012340003", CustomerBehaviour::NoAnswer);
    fleet
}

/// Publishes a row of the scenario, waits for its end, and compares everything that the row expects.
pub async fn walk(fleet: &Fleet, name: &str) -> Ended {
    let row = row(name);
    let published = publish(fleet, &row).await;
    let expected = texts(&row["expect"]["outcomes"]);
    let consultation = row["publish"][0]["job"]["consultation"]["id"].as_str().map(str::to_owned);
    eventually(&format!("the outcomes {expected:?} of {name}"), LONG, || async {
        let heard = heard(fleet, consultation.as_deref());
        if heard.len() >= expected.len() { Ok(()) } else { Err(format!("{:?}", summaries(&heard))) }
    })
    .await;
    let letters = texts(&row["expect"]["dead_letters"]).len();
    eventually(&format!("{letters} letter(s) of {name}"), LONG, || async {
        let found = letters_of(fleet, &published).await.len();
        if found >= letters { Ok(()) } else { Err(format!("{found}")) }
    })
    .await;
    fleet.queues_are_empty().await;
    let ended = gather(fleet, &row, &published, consultation.as_deref()).await;
    compare(name, &row["expect"], &ended);
    ended
}

struct Published {
    job: Option<JobId>,
    bodies: Vec<Vec<u8>>,
}

async fn publish(fleet: &Fleet, row: &Value) -> Published {
    let mut published = Published { job: None, bodies: Vec::new() };
    for item in row["publish"].as_array().expect("a row publishes something") {
        if item["job"].is_object() {
            let job = with_real_times(&item["job"]);
            // Of two messages about one job that come together either may be the first.
            if let Some(first) = published.job {
                eventually("the first message to be on record", LONG, || async {
                    fleet.story(first).await.map(drop).ok_or_else(|| "it is not".to_owned())
                })
                .await;
            }
            published.job = Some(fleet.publish(&job).await);
            published.bodies.push(job.to_string().into_bytes());
            continue;
        }
        let body = match (item["raw"].as_str(), item["filler_bytes"].as_u64()) {
            (Some(raw), _) => raw.as_bytes().to_vec(),
            (None, bytes) => {
                vec![b'x'; usize::try_from(bytes.unwrap_or(0)).expect("a filler fits into memory")]
            }
        };
        fleet.publish_raw(&body, item["key"].as_str().expect("raw bytes have a key")).await;
        published.bodies.push(body);
    }
    published
}

async fn gather(fleet: &Fleet, row: &Value, published: &Published, consultation: Option<&str>) -> Ended {
    let expect = &row["expect"];
    let digits = expect["digits"].as_str().unwrap_or("no number");
    let address = expect["address"].as_str().unwrap_or("no address");
    let dialled = expect["dialled"].as_str();
    let channel_ids: BTreeSet<String> = match published.job {
        Some(job) => {
            let story = fleet.story(job).await;
            story
                .iter()
                .flat_map(|story| &story.tries)
                .map(|attempt| attempt.client_ref.to_string())
                .collect()
        }
        None => BTreeSet::new(),
    };
    let rings = fleet.pbx.rings().into_iter().filter(|ring| channel_ids.contains(&ring.channel_id));
    let (agent_rings, customer_rings): (Vec<_>, Vec<_>) = rings.partition(|ring| ring.leg == Leg::Agent);
    for ring in &customer_rings {
        assert_eq!(Some(ring.digits.as_str()), dialled, "another number was dialled");
    }
    let (mut story, mut fallback) = (None, None);
    if let Some(job) = published.job {
        story = fleet.story(job).await;
        fallback = fleet.story(job.fallback_email()).await;
    }
    Ended {
        job: published.job,
        heard: heard(fleet, consultation),
        sms: fleet.sms.sent_to(digits),
        mails: fleet.smtp.mails_to(address),
        agent_rings,
        customer_rings,
        letters: letters_of(fleet, published).await,
        story,
        fallback,
    }
}

fn compare(name: &str, expect: &Value, ended: &Ended) {
    assert_eq!(summaries(&ended.heard), texts(&expect["outcomes"]), "{name}: outcomes");
    let mut letters: Vec<String> =
        ended.letters.iter().map(|letter| letter.summary.code.to_string()).collect();
    letters.sort();
    assert_eq!(letters, texts(&expect["dead_letters"]), "{name}: dead letters");
    for (field, count) in [
        ("sms", ended.sms.len()),
        ("mails", ended.mails.len()),
        ("agent_rings", ended.agent_rings.len()),
        ("customer_rings", ended.customer_rings.len()),
    ] {
        if let Some(expected) = expect[field].as_u64() {
            assert_eq!(count as u64, expected, "{name}: {field}");
        }
    }
    let rules: BTreeSet<String> =
        ended.heard.iter().flat_map(|heard| &heard.outcome.rules).map(|rule| rule.id.to_string()).collect();
    for rule in texts(&expect["rules"]) {
        assert!(rules.contains(&rule), "{name}: {rule} had no say, only {rules:?}");
    }
    for heard in &ended.heard {
        assert_eq!(
            heard.message_id.as_deref(),
            Some(heard.outcome.outcome_id.to_string().as_str()),
            "{name}"
        );
    }
}

fn heard(fleet: &Fleet, consultation: Option<&str>) -> Vec<Heard> {
    let mut heard = consultation.map(|id| fleet.outcomes.of_consultation(id)).unwrap_or_default();
    heard.sort_by_key(Heard::summary);
    heard
}

fn summaries(heard: &[Heard]) -> Vec<String> {
    heard.iter().map(Heard::summary).collect()
}

async fn letters_of(fleet: &Fleet, published: &Published) -> Vec<closure_store::DeadLetter> {
    let ours = published.job.map(|job| [job, job.fallback_email()]);
    let mut letters = fleet.letters().await;
    letters.retain(|letter| {
        let by_job = ours.is_some_and(|ours| letter.summary.job_id.is_some_and(|job| ours.contains(&job)));
        by_job || published.bodies.iter().any(|body| letter.body == *body)
    });
    letters
}

/// One row of the scenario.
pub fn row(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenario/kride.json");
    let text = std::fs::read(path).expect("the scenario can be read");
    let scenario: Value = serde_json::from_slice(&text).expect("the scenario is JSON");
    let rows = scenario["rows"].as_array().expect("the scenario has rows");
    let found = rows.iter().find(|row| row["name"] == name);
    found.unwrap_or_else(|| panic!("the scenario has no row {name}")).clone()
}

/// Every row's name.
pub fn names() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenario/kride.json");
    let text = std::fs::read(path).expect("the scenario can be read");
    let scenario: Value = serde_json::from_slice(&text).expect("the scenario is JSON");
    let rows = scenario["rows"].as_array().expect("the scenario has rows");
    rows.iter().map(|row| row["name"].as_str().expect("a row has a name").to_owned()).collect()
}

/// Puts real times in the place of `now+3s` and `now-60s`.
fn with_real_times(job: &Value) -> Value {
    let mut job = job.clone();
    for field in ["not_before", "expires_at"] {
        let offset = job[field].as_str().and_then(|text| text.strip_prefix("now")?.strip_suffix('s'));
        let Some(seconds) = offset.map(|offset| offset.parse::<i64>().expect("an offset in seconds")) else {
            continue;
        };
        let now = Timestamp::now().0;
        let distance = Duration::from_secs(seconds.unsigned_abs());
        let moment = if seconds < 0 { now - distance } else { now + distance };
        job[field] = Value::String(Timestamp(moment).to_string());
    }
    job
}

fn texts(list: &Value) -> Vec<String> {
    let list = list.as_array().into_iter().flatten();
    let mut texts: Vec<String> =
        list.map(|text| text.as_str().expect("a list of texts").to_owned()).collect();
    texts.sort();
    texts
}

/// A job of a row, to be changed by a test.
pub fn job_of(name: &str) -> Value {
    with_real_times(&row(name)["publish"][0]["job"])
}

/// The id of a row's job.
pub fn id_of(name: &str) -> JobId {
    jobs::id(&row(name)["publish"][0]["job"])
}
