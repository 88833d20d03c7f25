//! Texts under way while every part of the fleet is killed or restarted: each goes out once, and the CRM hears of each.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::compose::containers::Containers;
use crate::compose::project::Project;
use crate::demo::environment::{Environment, publish_body};
use crate::demo::observe::records;
use crate::demo::outcome_feed::OutcomeFeed;
use crate::demo::settings::RULEBOOK;
use crate::error::{Context, Result, failed};

/// What is killed, one after the other, with texts under way.
const KILLED: [&str; 9] =
    ["sms", "email", "dial", "fallback", "dead", "cancel", "intake", "rabbitmq", "postgres"];
/// What is restarted as an operator would.
const RESTARTED: [&str; 2] = ["rabbitmq", "postgres"];
/// Texts that are published at each outage.
const TEXTS: usize = 12;
/// How long the last text may take after the last outage.
const SETTLE_LIMIT: Duration = Duration::from_secs(180);
/// How long a broker that comes back may take until it takes a message.
const PUBLISH_LIMIT: Duration = Duration::from_secs(90);
/// Between two looks.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// One text that was published.
pub struct Text {
    job_id: String,
    number: String,
    address: String,
}

/// What a customer could be recognised by, for a look into the logs.
pub type PersonalData = BTreeSet<String>;

/// Kills and restarts with texts under way; answers what must be in no log.
pub fn bring_about(project: &Project, containers: &Containers<'_>) -> Result<PersonalData> {
    let took = be_patient(project)?;
    println!("  the rules wait longer for a receipt; everything is well after {} s", took.as_secs());
    let mut feed = OutcomeFeed::open(containers)?;
    let mut texts = Vec::new();
    for service in KILLED {
        publish(project, containers, &mut texts, None)?;
        kill(project, service)?;
    }
    for service in RESTARTED {
        publish(project, containers, &mut texts, None)?;
        project.succeed(&["restart", service])?;
    }
    publish(project, containers, &mut texts, None)?;
    settle(project, &mut feed, &texts)?;
    count(containers, &texts)?;
    let took = project.wait_until_well()?;
    println!("  everything is well again {} s after the last text", took.as_secs());
    Ok(texts.into_iter().flat_map(|text| [text.number, text.address]).collect())
}

/// The demo's rules wait for a receipt for a short time. While broker or intake are away it comes late, and no email is to answer before it could come.
pub fn be_patient(project: &Project) -> Result<Duration> {
    let scenario = project.root.join(RULEBOOK);
    let rules =
        std::fs::read_to_string(&scenario).context(|| format!("cannot read {}", scenario.display()))?;
    let Some((_, after)) = rules.split_once("receipt_due_ms = 15000\n") else {
        return failed(format!("{} says nothing of receipt_due_ms = 15000", scenario.display()));
    };
    let patient = project.folder.join("patient-rulebook.toml");
    std::fs::write(&patient, after).context(|| format!("cannot write {}", patient.display()))?;
    project.configure(&format!("CLOSURE_RULEBOOK={}\n", patient.display()))?;
    project.up(&[])
}

/// Publishes texts to numbers of their own; whatever the broker does not confirm is published again, as a CRM does.
///
/// They are not sent before the given time, if there is one.
pub fn publish(
    project: &Project,
    containers: &Containers<'_>,
    texts: &mut Vec<Text>,
    not_before: Option<&str>,
) -> Result<()> {
    for index in texts.len()..texts.len() + TEXTS {
        let text = Text {
            job_id: format!("00000000-0000-4000-9000-{index:012}"),
            // Few of them are neighbours, of whom only so many get a text in an hour.
            number: format!("8190{:04}{:04}", 5_000 + index / 10, 1_000 + index),
            address: format!("outage-{index}@example.com"),
        };
        let mut job = job(index, &text);
        if let Some(not_before) = not_before {
            job["not_before"] = Value::from(not_before);
        }
        let body = job.to_string();
        let start = Instant::now();
        while let Err(problem) = publish_body(containers.rabbit_api(), "sms", &text.job_id, &body) {
            if start.elapsed() >= PUBLISH_LIMIT {
                return Err(problem);
            }
            project.interrupt.pause(LOOK_INTERVAL)?;
        }
        texts.push(text);
    }
    Ok(())
}

fn job(index: usize, text: &Text) -> Value {
    json!({
        "kind": "closure.sms/1",
        "job_id": text.job_id,
        "consultation": { "id": format!("C-20261129-{index:06}"), "channel": "inbound_call", "revision": 1 },
        "agent": { "id": "a-1042", "extension": "1001" },
        "scope": "overseas",
        "to": { "phone": { "number": format!("+{}", text.number) }, "email": text.address },
        "sms": { "text": "Hello, this is K.ride. Your refund was completed today." },
        "fallback": { "subject": "Your K.ride inquiry", "text": "Hello,\n\nyour refund was completed today." },
    })
}

/// Ends a service's process without a word, as the kernel would; the engine starts it again.
fn kill(project: &Project, service: &str) -> Result<()> {
    let pid = project.fact(service, "{{.State.Pid}}")?;
    let Some(process) = pid.parse().ok().and_then(Pid::from_raw).filter(|_| pid != "0") else {
        return failed(format!("{service} is not up, so that it cannot be killed"));
    };
    // It fails only when the process has just ended by itself, which is what we want.
    let _ = kill_process(process, Signal::KILL);
    Ok(())
}

/// Waits until the CRM has heard that each text was delivered.
pub fn settle(project: &Project, feed: &mut OutcomeFeed<'_>, texts: &[Text]) -> Result<()> {
    let start = Instant::now();
    let mut last_words: BTreeMap<String, String> = BTreeMap::new();
    loop {
        for line in feed.news()? {
            let Ok(outcome) = serde_json::from_str::<Value>(&line) else { continue };
            let word =
                |field: &str| outcome.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            let said = format!("{} {}", word("outcome"), word("code"));
            last_words.insert(word("job_id"), said.trim_end().to_owned());
        }
        let open: Vec<&Text> = texts
            .iter()
            .filter(|text| last_words.get(&text.job_id).is_none_or(|word| word != "delivered"))
            .collect();
        if open.is_empty() {
            break;
        }
        if start.elapsed() >= SETTLE_LIMIT {
            let words: Vec<_> =
                open.iter().map(|text| (&text.job_id, last_words.get(&text.job_id))).collect();
            return failed(format!(
                "{} of {} texts were not delivered: {words:?}\n{}",
                open.len(),
                texts.len(),
                traces(project, open[0])?
            ));
        }
        project.interrupt.pause(LOOK_INTERVAL)?;
    }
    println!(
        "  the last word about each of {} texts is `delivered`, after {} s",
        texts.len(),
        start.elapsed().as_secs()
    );
    Ok(())
}

/// What the fleet and the gateway know of a text that did not arrive.
fn traces(project: &Project, text: &Text) -> Result<String> {
    let story = project.ask(&["run", "--rm", "--no-TTY", "operator", "show", &text.job_id])?;
    let gateway = project.ask(&["logs", "--no-log-prefix", "nhn"])?;
    let lost = gateway.output.lines().filter(|line| line.contains("it is lost")).count();
    Ok(format!("{}{}the gateway gave up {lost} receipts", story.output, story.errors))
}

/// No text went out twice, and none went out as an email too.
pub fn count(containers: &Containers<'_>, texts: &[Text]) -> Result<()> {
    let sent = records(containers.gateway(), "/_sim/messages")?;
    let mails = records(containers.mail_records(), "/_sim/mails")?;
    let mut wrong = Vec::new();
    for text in texts {
        let times = sent
            .iter()
            .filter(|record| record.get("to").and_then(Value::as_str) == Some(&text.number))
            .count();
        let mailed = mails.iter().any(|record| record.to_string().contains(&text.address));
        if times != 1 || mailed {
            wrong.push(format!(
                "{} went out {times} times, and {} email",
                text.job_id,
                if mailed { "an" } else { "no" }
            ));
        }
    }
    if wrong.is_empty() {
        println!("  the gateway was asked once for each of them, and no email went out in its place");
        return Ok(());
    }
    failed(format!("{} of {} texts: {}", wrong.len(), texts.len(), wrong.join("; ")))
}
