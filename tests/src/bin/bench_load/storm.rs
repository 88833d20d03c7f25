//! After an outage the gateway tells everything at once, while jobs go on at their pace.
//!
//! The texts were sent while it made no receipts; then each gets its two, spread over the time that the storm takes.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use closure_broker::Publisher;
use closure_contract::JobId;
use closure_tests::harness::request;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Endpoints, Problem,
    crm::{Crm, Heard},
    database::Database,
    http::Connection,
    load::{self, Job, Kind},
    millis,
    paced::{Due, publish_on_schedule},
    tell, wait_for_xtask,
};

/// Overseas the gateway tells the carrier's word and the result.
const RECEIPTS_PER_TEXT: usize = 2;
/// So many ask the gateway for receipts at once.
const CONNECTIONS: usize = 8;
/// Between two looks whether all texts were sent.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Sending, and later catching up, may take so long.
const LIMIT: Duration = Duration::from_secs(1_800);
/// Jobs go on for at most so long after the storm, however long the fleet takes to catch up.
const AFTER_S: u32 = 120;
/// The first jobs of the pace are published and checked like the others, and not measured.
const WARM_UP_S: u32 = 2;
/// The outcome of every job.
const KEY: &str = "sms.delivered";

/// How strong a storm is.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Storm {
    /// Receipts that come at once.
    #[arg(long)]
    receipts: usize,
    /// Within so many seconds.
    #[arg(long)]
    within_s: u32,
    /// Jobs a second that go on.
    #[arg(long)]
    rate: u32,
    /// For how many seconds they go on before the storm.
    #[arg(long)]
    usual_s: u32,
    /// The block of phone numbers of the texts; the next is that of the jobs.
    #[arg(long)]
    block: u16,
}

/// Sends, waits, lets the storm come, and checks that nothing was lost.
pub(crate) async fn run(endpoints: &Endpoints, storm: Storm) -> Result<(), Problem> {
    let mut database = endpoints.database()?;
    let stop = CancellationToken::new();
    let publisher = Publisher::start(endpoints.broker.clone(), stop.clone(), &TaskTracker::new());
    let texts = load::make(Kind::Text, storm.receipts.div_ceil(RECEIPTS_PER_TEXT), storm.block)?;
    load::publish_all(&publisher, &texts).await?;
    until_accepted(&mut database, &texts).await?;
    let questions = questions(endpoints, texts.len(), storm.block).await?;
    tell("sent", &json!({}));
    wait_for_xtask().await?;

    let mut crm = Crm::listen(&endpoints.broker).await?;
    let usual_s = WARM_UP_S + storm.usual_s;
    let count = usize::try_from(storm.rate * (usual_s + storm.within_s + AFTER_S))?;
    let jobs: Arc<[Job]> = load::make(Kind::Text, count, storm.block + 1)?.into();
    let caught_up = CancellationToken::new();
    let warm = usize::try_from(storm.rate * WARM_UP_S)?;
    let (rate, until) = (f64::from(storm.rate), caught_up.clone());
    let publishing =
        tokio::spawn(publish_on_schedule(publisher.clone(), Arc::clone(&jobs), rate, warm, until));
    let begin = Instant::now() + Duration::from_secs(u64::from(usual_s));
    let within = Duration::from_secs(u64::from(storm.within_s));
    let telling = tokio::spawn(tell_all(endpoints.gateway_url.clone(), questions, begin, within));

    let storm_ids: std::collections::HashSet<JobId> = texts.iter().map(|text| text.id).collect();
    let deadline = begin + LIMIT;
    let (mut heard, mut left, mut last) = (HashMap::new(), texts.len(), begin);
    while left > 0 {
        let Heard { job, at } = crm.hear_one(&[KEY], deadline).await?;
        if storm_ids.contains(&job) {
            left -= 1;
            last = at;
        } else {
            heard.insert(job, at);
        }
    }
    caught_up.cancel();
    let told = telling.await??;
    let schedule = publishing.await??;
    for _ in heard.len()..schedule.len() {
        let Heard { job, at } = crm.hear_one(&[KEY], deadline).await?;
        heard.insert(job, at);
    }
    let measured = texts.len() + schedule.len().saturating_sub(warm);
    tell("ended", &json!({ "jobs": measured, "repeats": crm.repeats(), "retries": crm.retries() }));
    wait_for_xtask().await?;

    crm.close().await?;
    stop.cancel();
    publisher.closed().await;
    database.all_are(&texts, "delivered").await?;
    let published = jobs.get(..schedule.len()).unwrap_or_default();
    database.all_are(published, "delivered").await?;
    let times = |of: &dyn Fn(&Due) -> bool| -> Vec<f64> {
        let measured = published.iter().zip(&schedule).skip(warm).filter(|(_, due)| of(due));
        measured
            .filter_map(|(job, due)| Some(millis(heard.get(&job.id)?.saturating_duration_since(due.moment))))
            .collect()
    };
    let facts = json!({
        "usual_ms": times(&|due| due.moment < begin),
        "storm_ms": times(&|due| due.moment >= begin),
        "asked_s": (told - begin).as_secs_f64(),
        "caught_up_s": last.saturating_duration_since(begin).as_secs_f64(),
    });
    tell("checked", &facts);
    Ok(())
}

async fn until_accepted(database: &mut Database, texts: &[Job]) -> Result<(), Problem> {
    let start = Instant::now();
    while database.in_state(texts, "accepted").await? < texts.len() {
        if start.elapsed() > LIMIT {
            return Err("the texts of the storm were not sent".into());
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
    Ok(())
}

/// What makes the gateway tell each text's receipts.
async fn questions(endpoints: &Endpoints, texts: usize, block: u16) -> Result<Vec<String>, Problem> {
    let mut questions = Vec::with_capacity(texts);
    for number in load::numbers(texts, block)? {
        let url = format!("{}/_sim/messages?to={number}", endpoints.gateway_url);
        let records: Vec<Value> = serde_json::from_slice(&request("GET", &url, &[], b"").await?.body)?;
        questions.extend(records.iter().map(|record| {
            let (request_id, seq) = (&record["request_id"], &record["recipient_seq"]);
            json!({ "request_id": request_id, "recipient_seq": seq, "status": "DELIVERED" }).to_string()
        }));
    }
    if questions.len() == texts {
        return Ok(questions);
    }
    Err(format!("the gateway has {} texts of {texts}", questions.len()).into())
}

/// Lets the gateway tell all of them, evenly from `begin` on; when the last was asked for.
async fn tell_all(
    gateway_url: String,
    questions: Vec<String>,
    begin: Instant,
    within: Duration,
) -> Result<Instant, Problem> {
    let (mut tellers, questions) = (JoinSet::new(), Arc::new(questions));
    for first in 0..CONNECTIONS {
        let mut connection = Connection::open(&gateway_url).await?;
        let questions = Arc::clone(&questions);
        tellers.spawn(async move {
            for (index, question) in questions.iter().enumerate().skip(first).step_by(CONNECTIONS) {
                let due = begin + within.mul_f64(index as f64 / questions.len() as f64);
                tokio::time::sleep_until(due.into()).await;
                let status = connection.post("/_sim/receipts", "", question).await?;
                if status != 202 {
                    return Err(Problem::from(format!("the gateway answered {status} to a receipt")));
                }
            }
            Ok(Instant::now())
        });
    }
    let mut last = begin;
    while let Some(told) = tellers.join_next().await {
        last = last.max(told??);
    }
    Ok(last)
}
