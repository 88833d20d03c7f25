//! What happened, as its own witnesses tell it: the outside world's records, the CRM's queue, the desk.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::demo::environment::Environment;
use crate::demo::outcome_feed::OutcomeFeed;
use crate::demo::scenario::Row;
use crate::error::{Context, Result};
use crate::http;

/// Everything that was seen so far.
pub struct Observer<'a> {
    environment: &'a dyn Environment,
    feed: OutcomeFeed<'a>,
    outcomes: Vec<Heard>,
    ids: BTreeSet<String>,
    /// Outcomes that were told again under the id that they had.
    pub repeats: usize,
    sms: Vec<Value>,
    mails: Vec<Value>,
    rings: Vec<Value>,
    letters: Vec<Value>,
    published: BTreeMap<String, Duration>,
    as_expected_after: BTreeMap<String, Duration>,
    now: Duration,
}

/// One outcome that the CRM heard.
struct Heard {
    id: String,
    job_id: String,
    fallback_of: Option<String>,
    name: String,
    rules: Vec<Rule>,
}

/// One rule that had a say in an outcome.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    id: String,
    effect: String,
}

/// How a row stands.
pub struct Verdict {
    /// The row's name.
    pub name: String,
    /// What the guide asks.
    pub guide: String,
    /// What happened, in a few words.
    pub happened: String,
    /// The rules that did more than look.
    pub rules: String,
    /// How long after its publication it was first seen to be as expected.
    pub after: Option<Duration>,
    /// What is not as expected.
    pub problems: Vec<String>,
}

impl<'a> Observer<'a> {
    /// Starts to listen on the CRM's queue.
    pub fn new(environment: &'a dyn Environment) -> Result<Observer<'a>> {
        Ok(Observer {
            environment,
            feed: OutcomeFeed::open(environment)?,
            outcomes: Vec::new(),
            ids: BTreeSet::new(),
            repeats: 0,
            sms: Vec::new(),
            mails: Vec::new(),
            rings: Vec::new(),
            letters: Vec::new(),
            published: BTreeMap::new(),
            as_expected_after: BTreeMap::new(),
            now: Duration::ZERO,
        })
    }

    /// Remembers when a row was published, so that its own time can be told.
    pub fn published(&mut self, row: &Row, at: Duration) {
        self.published.insert(row.name.clone(), at);
    }

    /// Asks every witness.
    pub fn look(&mut self, now: Duration) -> Result<()> {
        self.now = now;
        self.environment.check()?;
        for outcome in self.feed.news()?.iter().filter_map(|line| heard(line)) {
            // What a process or a database took a while over may be told again, under the id that it had.
            if self.ids.insert(outcome.id.clone()) {
                self.outcomes.push(outcome);
            } else {
                self.repeats += 1;
            }
        }
        self.sms = records(self.environment.gateway(), "/_sim/messages")?;
        self.mails = records(self.environment.mail_records(), "/_sim/mails")?;
        self.rings = records(self.environment.pbx(), "/_sim/rings")?;
        let desk = self.environment.desk().stdin(Stdio::null()).output();
        let desk = desk.context(|| "cannot read the dead-letter desk".to_owned())?;
        self.letters = serde_json::from_slice(&desk.stdout).unwrap_or_default();
        Ok(())
    }

    /// Holds what was seen against what a row expects.
    pub fn judge(&mut self, row: &Row) -> Verdict {
        let expect = &row.expect;
        let jobs: Vec<&str> = row.publish.iter().filter_map(|publication| publication.job_id()).collect();
        let mine = |heard: &&Heard| {
            jobs.contains(&heard.job_id.as_str())
                || heard.fallback_of.as_deref().is_some_and(|of| jobs.contains(&of))
        };
        let outcomes: Vec<&Heard> = self.outcomes.iter().filter(mine).collect();
        let mut names: Vec<String> = outcomes.iter().map(|heard| heard.name.clone()).collect();
        names.sort();
        let mut rules: Vec<Rule> = outcomes.iter().flat_map(|heard| heard.rules.clone()).collect();
        rules.sort();
        rules.dedup();
        let mut problems = Vec::new();
        let mut happened = names.clone();
        if names != expect.outcomes {
            problems.push(format!("outcomes {names:?} instead of {:?}", expect.outcomes));
        }
        let counts = [
            ("sms", expect.sms, count(&self.sms, "to", expect.digits.as_deref(), None)),
            ("mail", expect.mails, count(&self.mails, "recipients", expect.address.as_deref(), None)),
            ("agent ring", expect.agent_rings, self.agent_rings(row)),
            (
                "customer ring",
                expect.customer_rings,
                count(&self.rings, "digits", expect.dialled.as_deref(), Some("customer")),
            ),
        ];
        for (what, expected, seen) in counts {
            let Some(expected) = expected else { continue };
            if seen != expected {
                problems.push(format!("{seen} × {what} instead of {expected}"));
            }
            if seen > 0 {
                happened.push(format!("{seen} × {what}"));
            }
        }
        for code in &expect.dead_letters {
            let letter = self.letter(code, &jobs);
            match letter {
                Some(letter) => {
                    happened.push(format!("letter {} {code}", letter.get("id").unwrap_or(&Value::Null)))
                }
                None => problems.push(format!("no letter {code} in the desk")),
            }
        }
        for rule in &expect.rules {
            if !rules.iter().any(|applied| applied.id == *rule) {
                problems.push(format!("rule {rule} had no say"));
            }
        }
        if problems.is_empty() {
            let published = self.published.get(&row.name).copied().unwrap_or_default();
            let took = self.now.saturating_sub(published);
            self.as_expected_after.entry(row.name.clone()).or_insert(took);
        }
        Verdict {
            name: row.name.clone(),
            guide: row.guide.clone(),
            happened: happened.join(", "),
            rules: decisive(&rules),
            after: self.as_expected_after.get(&row.name).copied(),
            problems,
        }
    }

    /// The letter with this code: the one of these jobs, or else one that belongs to no job.
    fn letter(&self, code: &str, jobs: &[&str]) -> Option<&Value> {
        let coded = || self.letters.iter().filter(|letter| text(letter, "code") == Some(code));
        coded()
            .find(|letter| text(letter, "job_id").is_some_and(|job| jobs.contains(&job)))
            .or_else(|| coded().find(|letter| text(letter, "job_id").is_none()))
            .or_else(|| coded().next())
    }

    /// Each call of the scenario has an agent's phone of its own.
    fn agent_rings(&self, row: &Row) -> usize {
        let job = row.publish.first().and_then(|publication| publication.job.as_ref());
        let extension = job.and_then(|job| job.pointer("/agent/extension")).and_then(Value::as_str);
        count(&self.rings, "digits", extension, Some("agent"))
    }
}

fn heard(line: &str) -> Option<Heard> {
    let outcome: Value = serde_json::from_str(line).ok()?;
    // A case names the first word about each job; what takes it back later comes when its receipt does.
    if text(&outcome, "corrects").is_some() {
        return None;
    }
    let code = text(&outcome, "code").map_or_else(String::new, |code| format!(" {code}"));
    let name = format!("{}.{}{code}", text(&outcome, "channel")?, text(&outcome, "outcome")?);
    let rules = outcome.get("rules").and_then(Value::as_array).cloned().unwrap_or_default();
    Some(Heard {
        id: text(&outcome, "outcome_id")?.to_owned(),
        job_id: text(&outcome, "job_id")?.to_owned(),
        fallback_of: text(&outcome, "fallback_of").map(str::to_owned),
        name,
        rules: rules
            .iter()
            .filter_map(|rule| {
                Some(Rule { id: text(rule, "id")?.to_owned(), effect: text(rule, "effect")?.to_owned() })
            })
            .collect(),
    })
}

/// The rules that did more than look, in the guide's order.
fn decisive(rules: &[Rule]) -> String {
    let mut ids: Vec<&str> =
        rules.iter().filter(|rule| rule.effect != "pass").map(|rule| rule.id.as_str()).collect();
    ids.sort_by_key(|id| {
        let digits: String = id.chars().filter(char::is_ascii_digit).collect();
        (digits.parse::<u32>().unwrap_or(0), *id)
    });
    ids.dedup();
    ids.join(" ")
}

/// What one of the outside world's stand-ins has on record.
pub fn records(base_url: &str, path: &str) -> Result<Vec<Value>> {
    let answer = http::request("GET", base_url, path, None)?;
    serde_json::from_str(&answer.body).context(|| format!("{path} is not a list"))
}

/// How many records carry this value in the field, or in the field's list, on this leg where one is named.
fn count(records: &[Value], field: &str, value: Option<&str>, leg: Option<&str>) -> usize {
    let Some(value) = value else { return 0 };
    records
        .iter()
        .filter(|record| leg.is_none_or(|leg| text(record, "leg") == Some(leg)))
        .filter(|record| match record.get(field) {
            Some(Value::Array(list)) => list.iter().any(|item| item.as_str() == Some(value)),
            Some(other) => other.as_str() == Some(value),
            None => false,
        })
        .count()
}

fn text<'v>(value: &'v Value, field: &str) -> Option<&'v str> {
    value.get(field)?.as_str()
}
