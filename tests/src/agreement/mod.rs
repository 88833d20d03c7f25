//! Do explain and the workers agree? A large made set of jobs is explained, then carried out by a real fleet, and
//! every job's answer is held against what became of it.

mod compare;
mod generate;
mod numbers;
mod observe;
pub mod random;
mod texts;

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use closure_contract::{Job, Timestamp};
use serde_json::Value;

use crate::harness::{Fleet, FleetOptions, LONG, cli_with_input, eventually};
use compare::Case;
use generate::Wave;
use observe::{Seen, text};

/// So many disagreements are told; all are counted.
const TOLD_MAX: usize = 20;
/// The rate is measured over at most so many jobs, which go through one command.
const RATE_JOBS_MAX: usize = 20_000;
/// Jobs with `not_before` may go so long after they were made: explain says "postpone" of them, and the workers wait.
const NOT_BEFORE: time::Duration = time::Duration::seconds(8);

/// How many jobs, and which.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// All jobs.
    pub jobs: usize,
    /// The same seed makes the same jobs.
    pub seed: u64,
    /// Jobs that are under way together; it bounds what everybody has to remember.
    pub wave_jobs: usize,
}

/// What was compared.
#[derive(Debug, Default)]
pub struct Report {
    /// Jobs that were explained, carried out and compared.
    pub jobs: usize,
    /// How many jobs got each verdict, with its code.
    pub verdicts: BTreeMap<String, usize>,
    /// How many text messages got each word about the email in their place.
    pub fallbacks: BTreeMap<String, usize>,
    /// How many jobs went to each country code.
    pub countries: BTreeMap<u64, usize>,
    /// How many disagree.
    pub disagreements: usize,
    /// Some of them.
    pub told: Vec<String>,
    /// How long the workers took for all of it.
    pub worked: Duration,
}

/// How fast jobs are explained on one core, and how fast they are merely decoded.
#[derive(Debug, Clone, Copy)]
pub struct Rate {
    /// Jobs.
    pub jobs: usize,
    /// One process of `fleet explain --jsonl`, from its start to its end.
    pub explain: Duration,
    /// `Job::decode` over the same lines.
    pub decode: Duration,
}

/// The fleet for it: each role apart with its own rights, as production has it, and receipts that have all the time
/// they need.
pub fn options(plan: Plan) -> FleetOptions {
    let remembered = plan.wave_jobs * 4;
    FleetOptions::apart("agreement")
        .gateway(|gateway| {
            gateway.messages_max = remembered;
            gateway.receipt_delay_ms = 1;
        })
        .mail_server(|mail| mail.mails_max = remembered)
        // The made jobs share numbers, and which of them would come first at a cap is no matter of the rules.
        .rules("[caps.number]\ncount = 1_000_000\nwindow_ms = 604_800_000\n")
}

/// Explains the jobs, lets the fleet carry them out, and compares, wave by wave.
pub async fn agree(fleet: &Fleet, plan: Plan) -> Report {
    let mut report = Report::default();
    for number in 0..plan.jobs.div_ceil(plan.wave_jobs) {
        let count = plan.wave_jobs.min(plan.jobs - number * plan.wave_jobs);
        let wave = Wave { seed: plan.seed, number, made_at: Timestamp::now(), not_before: NOT_BEFORE };
        let mut jobs: Vec<Value> = (0..count).map(|index| generate::job(&wave, index)).collect();
        // What must wait is asked first, so that its time has not come on a slow machine either.
        jobs.sort_by_key(|job| !job["not_before"].is_string());
        let answers = explain(fleet, &jobs).await;
        let explained_at = Timestamp::now();
        let start = Instant::now();
        let rows_before = rows(fleet).await;
        fleet.publish_unwatched(&jobs).await;
        // Workers that still connect to their database hold all jobs in hand, which looks like empty queues.
        eventually("the workers to have begun", LONG, || async {
            let rows = rows(fleet).await;
            if rows >= rows_before + jobs.len() / 4 { Ok(()) } else { Err(format!("{rows} deliveries")) }
        })
        .await;
        fleet.drain().await;
        report.worked += start.elapsed();
        let seen = Seen::of(fleet, &wave).await;
        for (job, answer) in jobs.iter().zip(&answers) {
            report.add(&Case { job, answer, explained_at, seen: &seen });
        }
    }
    report
}

async fn rows(fleet: &Fleet) -> usize {
    let counted = fleet.database.query("SELECT count(*) FROM delivery").await;
    counted.first().and_then(|count| count.parse().ok()).expect("a count is a number")
}

/// Measures one process of `fleet explain --jsonl`, and a plain decode of the same lines.
pub async fn rate(fleet: &Fleet, plan: Plan) -> Rate {
    let wave = Wave { seed: plan.seed, number: 0, made_at: Timestamp::now(), not_before: NOT_BEFORE };
    let jobs: Vec<Value> =
        (0..plan.jobs.min(RATE_JOBS_MAX)).map(|index| generate::job(&wave, index)).collect();
    let input = lines(&jobs);
    let start = Instant::now();
    let answer = cli_with_input(&fleet.environment, &["explain", "--jsonl"], input.as_bytes()).await;
    let explain = start.elapsed();
    assert_eq!(answer.output.lines().count(), jobs.len(), "{}", answer.errors);
    let start = Instant::now();
    let decoded = input.lines().filter(|line| Job::decode(line.as_bytes()).is_ok()).count();
    let decode = start.elapsed();
    assert!(decoded > 0, "some of the jobs are jobs");
    Rate { jobs: jobs.len(), explain, decode }
}

async fn explain(fleet: &Fleet, jobs: &[Value]) -> Vec<Value> {
    let input = lines(jobs);
    let answer = cli_with_input(&fleet.environment, &["explain", "--jsonl"], input.as_bytes()).await;
    assert!([0, 1, 65].contains(&answer.code), "{}", answer.errors);
    let answers: HashMap<usize, Value> = answer
        .output
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("an answer is a line of JSON"))
        .map(|answer| (usize::try_from(answer["line"].as_u64().unwrap_or(0)).unwrap_or(0), answer))
        .collect();
    (1..=jobs.len())
        .map(|line| answers.get(&line).unwrap_or_else(|| panic!("line {line} has no answer")).clone())
        .collect()
}

fn lines(jobs: &[Value]) -> String {
    jobs.iter().map(|job| job.to_string() + "\n").collect()
}

impl Report {
    fn add(&mut self, case: &Case<'_>) {
        self.jobs += 1;
        let answer = case.answer;
        let verdict = match (answer["verdict"].as_str(), answer["code"].as_str()) {
            (Some(verdict), Some(code)) => format!("{verdict} {code}"),
            (Some(verdict), None) => verdict.to_owned(),
            (None, _) => format!("error {}", text(&answer["error"], "code")),
        };
        *self.verdicts.entry(verdict.clone()).or_default() += 1;
        if let Some(email) = answer["fallback"]["email"].as_str() {
            *self.fallbacks.entry(email.to_owned()).or_default() += 1;
        }
        if let Some(code) = answer["phone"]["country_code"].as_u64() {
            *self.countries.entry(code).or_default() += 1;
        }
        if let Err(problem) = case.compare() {
            self.disagreements += 1;
            if self.told.len() < TOLD_MAX {
                self.told.push(format!("{verdict}: {problem}\n  {}\n  {answer}", case.job));
            }
        }
    }
}
