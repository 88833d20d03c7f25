//! The decoder agrees with the conformance kit; `tests/tests/contract.rs` asks an independent validator.

use std::path::{Path, PathBuf};

use closure_contract::{Cancel, CancelOutcome, DecodeError, Job, Outcome};
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract/examples")
}

fn examples(list: &str) -> Vec<Value> {
    let kit = std::fs::read(folder().join("kit.json")).expect("there is a kit");
    let kit: Value = serde_json::from_slice(&kit).expect("the kit is JSON");
    let examples = kit[list].as_array().expect("the kit has a list").clone();
    assert!(!examples.is_empty(), "{list} is empty");
    examples
}

/// Decodes an example as whoever reads its kind does.
fn decode(example: &Value) -> Result<(), DecodeError> {
    let file = example["file"].as_str().expect("an example has a file");
    let body = std::fs::read(folder().join(file)).expect("a listed example is there");
    match example["kind"].as_str().expect("an example has a kind") {
        "closure.cancel/1" => Cancel::decode(&body).map(drop),
        "closure.outcome/1" => Outcome::decode(&body).map(drop),
        "closure.cancel-outcome/1" => CancelOutcome::decode(&body).map(drop),
        _ => Job::decode(&body).map(drop),
    }
}

#[test]
fn every_valid_example_is_decoded() {
    for example in examples("valid") {
        let decoded = decode(&example);
        assert!(decoded.is_ok(), "{}: {decoded:?}", example["file"]);
    }
}

#[test]
fn every_invalid_example_is_refused_with_its_code_or_left_to_the_rules() {
    for example in examples("invalid") {
        let decoded = decode(&example);
        match example["refused_by"].as_str() {
            Some("decoder") => {
                let code = decoded.err().map(|error| error.code().to_string());
                assert_eq!(code.as_deref(), example["code"].as_str(), "{}", example["file"]);
            }
            Some("rules") => assert!(decoded.is_ok(), "{}: {decoded:?}", example["file"]),
            other => panic!("{}: refused by {other:?}", example["file"]),
        }
    }
}
