//! Messages with properties that a program made up: whatever comes, it comes to an end, and so does a good job behind it.

use std::collections::BTreeMap;

use closure_contract::topology::JOBS;
use closure_tests::{
    agreement::random::Random,
    harness::{
        Fleet, FleetOptions, LONG, Services, count_from_environment, eventually, jobs,
        raw_amqp::{Properties, RawPublisher, Said},
        run,
    },
};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    load::{all_are_heard, one_end},
    made_properties::{Forwarding, properties},
    properties::{EUC_KR, later},
};

/// How many messages are made where nobody says otherwise.
const GENERATED: u64 = 2_000;
/// Says how many are made.
const GENERATED_VARIABLE: &str = "CLOSURE_TEST_AMQP_MESSAGES";
/// The same messages on every machine; another seed makes others.
const SEED: u64 = 20_261_129;
/// So many publishers share the work.
const LANES: u64 = 16;
/// A good job follows each of so many messages.
const BETWEEN_GOOD: u64 = 20;

/// What the publishers saw.
#[derive(Default)]
struct Published {
    /// Messages that the broker confirmed, by their number.
    taken: Vec<(u64, Value)>,
    good: Vec<Value>,
    /// How many the broker refused, by its reason.
    refused: BTreeMap<String, u32>,
}

/// A message of a number: routing key, properties and job.
fn made(number: u64, broker: Forwarding) -> (&'static [u8], Properties, Value) {
    let random = &mut Random::of(SEED, number);
    let mut job = jobs::email(&format!("generated-{number}@example.com"));
    if random.percent(20) {
        job = later(job, 2);
    }
    let keys = [&b"email"[..], b"email", b"email", b"email", b"zzz", EUC_KR, b"", &[0xff; 255]];
    let key = *random.one(&keys);
    let properties = properties(random, jobs::id(&job), broker);
    (key, properties, job)
}

/// A refusal without what the message itself brought to it.
fn kind_of(why: &str) -> String {
    let end = why.find(['\'', '{']).unwrap_or(why.len());
    let header = why.find("in_header,").map_or("", |at| &why[at..]);
    let header = header.split('"').nth(1).map_or_else(String::new, |name| format!("of the header {name}"));
    format!("{}{header}", &why[..end])
}

/// Every message whose number belongs to one publisher.
async fn publish_lane(uri: String, broker: Forwarding, lane: u64, count: u64) -> Published {
    let mut published = Published::default();
    let mut publisher = RawPublisher::open(&uri).await;
    for number in (lane..count).step_by(usize::try_from(LANES).expect("a few")) {
        let (key, properties, job) = made(number, broker);
        match publisher.publish(JOBS, key, &properties, job.to_string().as_bytes()).await {
            Said::Confirmed => published.taken.push((number, job)),
            Said::Refused(why) => {
                *published.refused.entry(kind_of(&why)).or_default() += 1;
                publisher = RawPublisher::open(&uri).await;
            }
        }
        if number % BETWEEN_GOOD == 0 {
            let behind = jobs::email(&format!("behind-{number}@example.com"));
            let said = publisher
                .publish(JOBS, b"email", &Properties::default(), behind.to_string().as_bytes())
                .await;
            assert_eq!(said, Said::Confirmed);
            published.good.push(behind);
        }
    }
    published
}

async fn publish_all(uri: &str, broker: Forwarding, count: u64) -> Published {
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        lanes.spawn(publish_lane(uri.to_owned(), broker, lane, count));
    }
    lanes.join_all().await.into_iter().fold(Published::default(), |mut all, lane| {
        all.taken.extend(lane.taken);
        all.good.extend(lane.good);
        for (why, count) in lane.refused {
            *all.refused.entry(why).or_default() += count;
        }
        all
    })
}

/// How many messages came to each end; or the numbers of those that came to none.
async fn ends(fleet: &Fleet, taken: &[(u64, Value)]) -> Result<BTreeMap<String, u32>, String> {
    let states = known(fleet, "SELECT job_id || ' ' || state || ' ' || generation FROM delivery").await;
    let letter = "SELECT (convert_from(body, 'UTF8')::jsonb ->> 'job_id') || ' ' || code FROM dead_letter";
    let letters = known(fleet, letter).await;
    let mut ends = BTreeMap::new();
    let mut without = Vec::new();
    for (number, job) in taken {
        let id = jobs::id(job).to_string();
        let end = match (states.get(&id).map(String::as_str), letters.get(&id)) {
            (Some("accepted 1"), _) => "done".to_owned(),
            (_, Some(code)) => format!("letter {code}"),
            (state, None) => {
                without.push(format!("{number} {}", state.unwrap_or("unknown")));
                continue;
            }
        };
        *ends.entry(end).or_default() += 1;
    }
    if without.is_empty() {
        return Ok(ends);
    }
    without.sort_unstable();
    Err(format!("{} came to no end, by their numbers and states: {}", without.len(), without.join(", ")))
}

#[test]
fn whatever_properties_a_message_has_it_ends_and_the_good_job_behind_it_is_done() {
    run(async {
        let count = count_from_environment(GENERATED_VARIABLE, GENERATED);
        let fleet = Fleet::start(FleetOptions::together("generated")).await;
        let broker = match Services::from_environment().rabbit_major().await {
            ..4 => Forwarding::Fragile,
            4.. => Forwarding::Sound,
        };
        let Published { taken, good, refused } = publish_all(&fleet.vhost.uri, broker, count).await;
        let good: Vec<_> = good.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &good).await;
        // What is in a busy worker's hands may look like an empty queue, so that each message is asked for by itself.
        let ends = eventually("every message to come to its end", LONG, || ends(&fleet, &taken)).await;
        fleet.queues_are_empty().await;
        for id in good {
            assert_eq!(one_end(&fleet, id), "email.accepted");
        }
        tell(count, &ends, &refused);
        fleet.finish().await;
    });
}

/// What a query says of each job, after the job's id.
async fn known(fleet: &Fleet, sql: &str) -> BTreeMap<String, String> {
    let rows = fleet.database.query(sql).await;
    let split = |row: &String| row.split_once(' ').map(|(id, rest)| (id.to_owned(), rest.to_owned()));
    rows.iter().map(|row| split(row).expect("an id and what is known")).collect()
}

#[expect(clippy::print_stderr, reason = "the figures are what the test is for")]
fn tell(count: u64, ends: &BTreeMap<String, u32>, refused: &BTreeMap<String, u32>) {
    eprintln!("{count} messages: {ends:#?}; refused by the broker: {refused:#?}");
}
