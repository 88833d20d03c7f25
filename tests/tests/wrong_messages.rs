//! What a programmer is told of a wrong message: before it is published, and after.

use std::collections::BTreeMap;

use closure_tests::{
    harness::{Fleet, FleetOptions, cli_with_input, run},
    wrong::{Wrong, every_field_with_every_kind_of_value, messages},
};
use serde_json::Value;

/// Words that only a program's author knows.
const OUR_WORDS: [&str; 16] = [
    "struct",
    "u32",
    "u64",
    "f64",
    "a map",
    "OffsetDateTime",
    "sequence",
    "unit",
    "serde",
    "variant",
    "enum",
    "newtype",
    "Option<",
    "invalid type",
    "unwrap",
    "panick",
];

/// What explain says of each message; an empty body has no line and no answer.
async fn explained(list: &[Wrong]) -> Vec<Value> {
    let mut input = Vec::new();
    for message in list {
        assert!(!message.body.contains(&b'\n'), "{} has a line break", message.name);
        input.extend_from_slice(&message.body);
        input.push(b'\n');
    }
    let answer = cli_with_input(&[], &["explain", "--jsonl", "--offline"], &input).await;
    let answers: BTreeMap<u64, Value> = answer
        .output
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).expect("an answer is JSON");
            (answer["line"].as_u64().expect("an answer has its line"), answer)
        })
        .collect();
    (1..=list.len() as u64).map(|line| answers.get(&line).cloned().unwrap_or(Value::Null)).collect()
}

/// The code of an answer, if it has one.
fn code(answer: &Value) -> Option<&str> {
    answer["error"]["code"].as_str().or_else(|| answer["code"].as_str())
}

#[test]
fn explain_names_the_code_the_field_and_what_belongs_there_of_every_wrong_message_in_plain_words() {
    run(async {
        let list: Vec<Wrong> = messages().into_iter().filter(|message| !message.body.is_empty()).collect();
        assert_eq!(list.len(), 216, "the CHANGELOG counts them, and the empty body has no line");
        let mut told = Vec::new();
        for (message, answer) in list.iter().zip(explained(&list).await) {
            let error = &answer["error"];
            let said = error["problem"].as_str().or_else(|| answer["detail"].as_str()).unwrap_or_default();
            let remedy = error["remedy"].as_str().or_else(|| answer["remedy"].as_str()).unwrap_or_default();
            let words = format!("{said} {remedy}");
            let fits = code(&answer) == Some(message.code.as_str())
                && error["path"].as_str() == message.path.as_deref()
                && message.says.as_ref().is_none_or(|word| said.contains(word.as_str()))
                && !said.is_empty()
                && !remedy.is_empty()
                && !OUR_WORDS.iter().any(|word| words.contains(word))
                && !["replay", "publish", "job_id"].iter().any(|word| remedy.contains(word));
            if !fits {
                told.push(format!("{} ({}): {answer}", message.name, message.code));
            }
        }
        assert!(told.is_empty(), "{} of {}:\n{}", told.len(), list.len(), told.join("\n"));
    });
}

/// Publishes messages under the key of their kind, and waits until the fleet has nothing more to do with them.
async fn publish(fleet: &Fleet, list: &[Wrong]) {
    for message in list {
        fleet.publish_raw(&message.body, message.base.as_deref().unwrap_or("sms")).await;
    }
    fleet.queues_are_empty().await;
}

/// What is wrong with what became of messages of which explain says so: each has an outcome with its code, or, where
/// its `job_id` cannot be read, a letter.
async fn unanswered(fleet: &Fleet, list: &[Wrong], codes: &[String]) -> Vec<String> {
    let letters = fleet.letters().await;
    let said = |message: &Wrong| -> Vec<String> {
        match message.job {
            None => letters
                .iter()
                .filter(|letter| letter.body == message.body)
                .map(|letter| letter.summary.code.to_string())
                .collect(),
            Some(job) => fleet
                .outcomes
                .of(job)
                .iter()
                .map(|heard| heard.outcome.code.map_or_else(String::new, |code| code.to_string()))
                .collect(),
        }
    };
    list.iter()
        .zip(codes)
        .filter(|(message, code)| said(message) != [(*code).clone()])
        .map(|(message, code)| format!("{}: {:?} for {code}", message.name, said(message)))
        .collect()
}

#[test]
fn a_wrong_message_whose_job_id_can_be_read_is_told_with_its_code_and_every_other_one_is_kept() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("wrong")).await;
        let list = messages();
        publish(&fleet, &list).await;
        let codes: Vec<String> = list.iter().map(|message| message.code.clone()).collect();
        let told = unanswered(&fleet, &list, &codes).await;
        assert!(told.is_empty(), "{} of {}:\n{}", told.len(), list.len(), told.join("\n"));
        fleet.finish().await;
    });
}

#[test]
fn no_field_with_any_kind_of_value_ends_in_silence() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("wrong-fields")).await;
        let all = every_field_with_every_kind_of_value();
        let answers = explained(&all).await;
        let wrong: Vec<(Wrong, String)> = all
            .into_iter()
            .zip(answers)
            .filter_map(|(message, answer)| Some((message, answer["error"]["code"].as_str()?.to_owned())))
            .collect();
        assert!(wrong.len() > 400, "{} of the messages are wrong", wrong.len());
        let (list, codes): (Vec<Wrong>, Vec<String>) = wrong.into_iter().unzip();
        publish(&fleet, &list).await;
        let told = unanswered(&fleet, &list, &codes).await;
        assert!(told.is_empty(), "{} of {}:\n{}", told.len(), list.len(), told.join("\n"));
        fleet.finish().await;
    });
}
