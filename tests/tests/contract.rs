//! The published contract, read by programs that are not ours.

use std::path::{Path, PathBuf};

use closure_contract::{CancelOutcome, Outcome};
use closure_tests::harness::{cli, cli_with_input, content, node, python, run};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

#[test]
fn asyncapis_own_parser_reads_the_document_and_finds_each_operation_of_the_crm() {
    run(async {
        let mut checker = node(&root().join("tests/node/asyncapi.js"));
        checker.arg(root().join("docs/contract/asyncapi.json"));
        let said = content(checker).await;
        for operation in [
            "publish.sms send closure.sms/1",
            "publish.email send closure.email/1",
            "publish.dial send closure.dial/1",
            "publish.cancel send closure.cancel/1",
            "hear.outcomes receive closure.outcome/1 closure.cancel-outcome/1",
        ] {
            assert!(said.lines().any(|line| line == operation), "{operation} is missing:\n{said}");
        }
    });
}

#[test]
fn two_independent_validators_accept_every_valid_example_and_refuse_every_invalid_one_for_the_stated_reason()
{
    run(async {
        for mut checker in
            [python(&root().join("tests/python/kit.py")), node(&root().join("tests/node/kit.js"))]
        {
            checker.arg(root().join("docs/contract"));
            let said = content(checker).await;
            assert!(said.contains("refused for the stated reason"), "{said}");
        }
    });
}

/// What explain says of a message, without what it says of its origin.
async fn judged(texts: &[String]) -> Vec<Value> {
    let answers =
        cli_with_input(&[], &["explain", "--jsonl", "--offline"], texts.join("\n").as_bytes()).await;
    answers
        .output
        .lines()
        .map(|line| {
            let mut answer: Value = serde_json::from_str(line).expect("an answer is JSON");
            let fields = answer.as_object_mut().expect("an answer is an object");
            // A generated type drops the fields that it does not know.
            for unlike in ["line", "ignored"] {
                fields.remove(unlike);
            }
            answer
        })
        .collect()
}

#[test]
fn types_that_three_generators_make_of_the_schemas_carry_the_whole_kit_and_change_nothing_of_it() {
    run(async {
        let contract = root().join("docs/contract");
        let makers = [
            python(&root().join("tests/python/models.py")),
            node(&root().join("tests/node/quicktype.js")),
            node(&root().join("tests/node/types.js")),
        ];
        for mut maker in makers {
            maker.arg(&contract);
            let said = content(maker).await;
            let carried: Vec<Value> =
                said.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect();
            let (mut before, mut after) = (Vec::new(), Vec::new());
            for example in &carried {
                let text = example["text"].as_str().expect("an example has a text").to_owned();
                let file = contract.join("examples").join(example["file"].as_str().expect("and a file"));
                let given = std::fs::read(file).expect("the example is there");
                if example["kind"] == "closure.outcome/1" {
                    let outcome = |body: &[u8]| Outcome::decode(body).expect("an outcome is read");
                    assert_eq!(outcome(text.as_bytes()), outcome(&given), "{}", example["file"]);
                } else if example["kind"] == CancelOutcome::KIND {
                    let answer = |body: &[u8]| CancelOutcome::decode(body).expect("an answer is read");
                    assert_eq!(answer(text.as_bytes()), answer(&given), "{}", example["file"]);
                } else {
                    before.push(String::from_utf8_lossy(&given).replace('\n', " "));
                    after.push(text);
                }
            }
            assert!(carried.len() > 50, "only {} examples were carried", carried.len());
            let (before, after) = (judged(&before).await, judged(&after).await);
            assert!(before.iter().all(|answer| answer["error"].is_null()), "{before:?}");
            assert_eq!(before, after);
        }
    });
}

#[test]
fn what_the_decoder_leaves_to_the_rules_is_refused_by_them_with_the_stated_code() {
    run(async {
        let examples = root().join("docs/contract/examples");
        let kit = std::fs::read(examples.join("kit.json")).expect("there is a kit");
        let kit: Value = serde_json::from_slice(&kit).expect("the kit is JSON");
        let invalid = kit["invalid"].as_array().expect("the kit has a list");
        let left: Vec<_> = invalid.iter().filter(|example| example["refused_by"] == "rules").collect();
        assert!(!left.is_empty(), "nothing is left to the rules");
        for example in left {
            let file = examples.join(example["file"].as_str().expect("an example has a file"));
            let answer = cli(&[], &["--json", "explain", &file.display().to_string()]).await;
            let code = example["code"].as_str().expect("an example has a code");
            assert!(answer.code != 0 && answer.output.contains(&format!("\"{code}\"")), "{answer:?}");
        }
    });
}

#[test]
fn a_job_that_is_pasted_from_a_guide_is_not_too_late_today_and_the_published_examples_are_not_either() {
    run(async {
        let contract = |name: &str| {
            let text = std::fs::read_to_string(root().join("docs/contract").join(name));
            serde_json::from_str::<Value>(&text.expect("it is published")).expect("it is JSON")
        };
        let asyncapi = contract("asyncapi.json");
        let openapi = contract("openapi.json");
        let mut texts: Vec<String> = openapi["paths"]["/v1/explain"]
            .pointer("/post/requestBody/content/application~1json/example")
            .map(|example| vec![example.to_string()])
            .expect("the document has an example");
        for message in asyncapi["components"]["messages"].as_object().expect("it has messages").values() {
            let examples = message["examples"].as_array().into_iter().flatten();
            texts.extend(examples.map(|example| example["payload"].to_string()));
        }
        for guide in ["docs/integration.en.md", "docs/integration.ko.md"] {
            let text = std::fs::read_to_string(root().join(guide)).expect("there is a guide");
            let blocks = text.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
            texts.extend(blocks.map(|block| block.replace('\n', " ")));
        }
        let is_job = |text: &String| {
            ["sms", "email", "dial"].iter().any(|kind| text.contains(&format!("closure.{kind}/1\"")))
        };
        texts.retain(is_job);
        assert!(texts.len() >= 12, "only {} jobs are shown", texts.len());
        for (answer, text) in judged(&texts).await.iter().zip(&texts) {
            // Without the register of templates none is known.
            let is_of_a_template = answer["code"].as_str().is_some_and(|code| code.starts_with("template_"));
            let is_well = answer["verdict"] == "send" || is_of_a_template;
            assert!(is_well, "{text}\n{answer}");
        }
    });
}

#[test]
fn every_promise_of_the_guides_names_a_test_that_keeps_it() {
    for guide in ["docs/integration.en.md", "docs/integration.ko.md"] {
        let text = std::fs::read_to_string(root().join(guide)).expect("there is a guide");
        let is_promise = |line: &&str| {
            line.strip_prefix("| P").is_some_and(|rest| rest.starts_with(|one: char| one.is_ascii_digit()))
        };
        let promises: Vec<&str> = text.lines().filter(is_promise).collect();
        assert_eq!(promises.len(), 8, "{guide}");
        for promise in promises {
            let named: Vec<&str> =
                promise.rsplit('|').nth(1).map(|cell| cell.split('`').collect()).unwrap_or_default();
            let [_, file, _, test, _] = named[..] else { panic!("{guide}: no test in {promise}") };
            let source = std::fs::read_to_string(root().join(file)).expect("the test's file exists");
            assert!(source.contains(&format!("#[test]\nfn {test}()")), "{guide}: {file} has no test {test}");
        }
    }
}
