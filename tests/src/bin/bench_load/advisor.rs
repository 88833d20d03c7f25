//! Questions to the advisor: as many as it answers, and at a pace.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::task::JoinSet;

use crate::{Problem, http::Connection, load, millis, tell, wait_for_xtask};

/// So many ask at once.
const CONNECTIONS: usize = 8;
/// The path of a question.
const PATH: &str = "/v1/explain";
/// The first questions warm the advisor up.
const WARM_UP: Duration = Duration::from_secs(1);

/// How the questions come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each as soon as the one before it is answered.
    AsFastAsAnswered,
    /// So many a second.
    Rate(u32),
}

/// Whom to ask, as whom.
pub(crate) struct Door {
    /// The advisor's address.
    pub(crate) url: String,
    /// The bearer token.
    pub(crate) token: String,
}

/// Asks for so long.
pub(crate) async fn run(door: &Door, pace: Pace, seconds: u32, block: u16) -> Result<(), Problem> {
    let headers = format!("Authorization: Bearer {}\r\n", door.token);
    let questions: Arc<[String]> = load::make(load::Kind::Text, 1_000, block)?
        .iter()
        .map(|job| String::from_utf8_lossy(&job.message().body).into_owned())
        .collect();
    let mut warm = Connection::open(&door.url).await?;
    let start = Instant::now();
    for question in questions.iter().cycle().take_while(|_| start.elapsed() < WARM_UP) {
        ask(&mut warm, &headers, question).await?;
    }
    let begin = Instant::now();
    let (next, end) = (Arc::new(AtomicUsize::new(0)), begin + Duration::from_secs(u64::from(seconds)));
    tell("begun", &json!({}));
    let mut askers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Connection::open(&door.url).await?;
        let (questions, next, headers) = (Arc::clone(&questions), Arc::clone(&next), headers.clone());
        askers.spawn(async move {
            let mut times_ms = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = match pace {
                    Pace::AsFastAsAnswered => Instant::now(),
                    Pace::Rate(rate) => begin + Duration::from_secs_f64(number as f64 / f64::from(rate)),
                };
                if due > end {
                    return Ok(times_ms);
                }
                tokio::time::sleep_until(due.into()).await;
                let Some(question) = questions.get(number % questions.len()) else {
                    return Ok(times_ms);
                };
                ask(&mut connection, &headers, question).await?;
                times_ms.push(millis(due.elapsed()));
            }
        });
    }
    let mut answer_ms: Vec<f64> = Vec::new();
    while let Some(asked) = askers.join_next().await {
        let times: Result<Vec<f64>, Problem> = asked?;
        answer_ms.extend(times?);
    }
    tell("ended", &json!({ "jobs": answer_ms.len(), "took_ms": millis(begin.elapsed()) }));
    wait_for_xtask().await?;
    tell("checked", &json!({ "answer_ms": answer_ms }));
    Ok(())
}

async fn ask(connection: &mut Connection, headers: &str, question: &str) -> Result<(), Problem> {
    match connection.post(PATH, headers, question).await? {
        200 => Ok(()),
        status => Err(format!("the advisor answered {status}").into()),
    }
}
