//! Every command that README and docs advertise runs: here, or where this table says.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Stdio,
};

use closure_tests::harness::{Fleet, FleetOptions, LONG, binary, jobs, run};
use tokio::process::Command;

/// What runs a command that a guide shows.
enum Proof {
    /// This file does, as it stands, against a fleet of its own with the letters that it speaks of.
    Here,
    /// `cargo xtask ci` does, as the step of this name in `crates/xtask/src/ci.rs`.
    Step(&'static str),
    /// The test of this name in this file does the same.
    Test(&'static str, &'static str),
    /// Nothing does, for this reason.
    Elsewhere(&'static str),
}

const ROLE: Proof = Proof::Test("tests/tests/journeys/intake.rs", "ProcessSpec::work(\"sms\"");
const DOOR: Proof = Proof::Test("tests/tests/journeys/intake.rs", "ProcessSpec::intake()");
/// Where users are made and act.
const PEOPLE: &str = "tests/tests/typed/people.rs";
const PBX: Proof = Proof::Test(
    "tests/tests/pbx/real_pbx/checked.rs",
    "the_commands_by_which_the_guide_lets_an_operator_look",
);

/// Every command that stands in a block of a guide, with what proves it.
const COMMANDS: &[(&str, Proof)] = &[
    ("cargo xtask demo", Proof::Step("demo")),
    ("cargo xtask test", Proof::Step("tests")),
    ("cargo xtask test a_receipt_that_comes_after_the_email", Proof::Step("tests by name")),
    (
        "CLOSURE_AMQP=amqp://crm:secret@rabbitmq/ python3 docs/contract/producers/python/publish.py job.json",
        Proof::Test(
            "tests/tests/producers/main.rs",
            "the_producer_in_python_publishes_each_kind_and_its_reader_hears_how_each_ended",
        ),
    ),
    (
        "jq --arg until \"$(date -u -d '+1 day' +%FT%TZ)\" '.expires_at = $until' job.json > timed.json",
        Proof::Here,
    ),
    ("jq --arg now \"$(date -u +%FT%TZ)\" '.clicked_at = $now' job.json > clicked.json", Proof::Here),
    ("fleet migrate", Proof::Here),
    ("fleet topology apply", Proof::Here),
    ("fleet doctor", Proof::Here),
    ("fleet work sms", ROLE),
    ("fleet intake", DOOR),
    (
        "fleet advisor",
        Proof::Test(
            "tests/tests/advisor/rules.rs",
            "the_answer_is_that_of_the_command_line_and_nothing_else_happens",
        ),
    ),
    (
        "curl --fail-with-body https://closure.example/v1/explain -H \"Authorization: Bearer \
         $CLOSURE_ADVISOR_TOKEN\" -H 'Content-Type: application/json' --data @job.json",
        Proof::Test(
            "tests/tests/advisor/rules.rs",
            "the_answer_is_that_of_the_command_line_and_nothing_else_happens",
        ),
    ),
    (
        "curl --fail-with-body https://closure.example/v1/jobs/8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01 -H \
         \"Authorization: Bearer $CLOSURE_JOBS_TOKEN\"",
        Proof::Test(
            "tests/tests/advisor/jobs.rs",
            "what_became_of_a_text_and_of_the_email_in_its_place_is_told_in_the_wires_words_without_any_customer",
        ),
    ),
    (
        "docker compose --profile demo up --build",
        Proof::Elsewhere(
            "CI brings the file up with an image of its own binaries, and `cargo xtask compose` builds the shipped one",
        ),
    ),
    (
        "docker compose --profile '*' down",
        Proof::Elsewhere("CI takes the data away too, and `cargo xtask compose` looks that they are kept"),
    ),
    (
        "fleet template revoke vn-answer-by-email 1 --as kim --reason \"the carrier's notice of today\"",
        Proof::Here,
    ),
    ("fleet cancel C-20261122-000042 --undo --as kim --reason \"the revision was a mistake\"", Proof::Here),
    ("echo \"+84912345678\" | fleet find -", Proof::Here),
    ("fleet find --tail 5678 --country 84 --since 2026-11-01T00:00:00+09:00", Proof::Here),
    ("fleet history --since 2026-11-01 --until 2026-11-30 --by day,country,gateway,state --csv", Proof::Here),
    ("fleet backfill", Proof::Here),
    ("fleet dead replay 42 --as kim --reason \"the mail server takes our mail again\"", Proof::Here),
    (
        "fleet dead replay 42 --as kim --reason \"customer gave the right address\" --edit job.json",
        Proof::Here,
    ),
    (
        "fleet dead answer-by-email 43 --as kim --reason \"the number is a landline\"",
        Proof::Test("tests/tests/journeys/desk.rs", "\"answer-by-email\", &letter"),
    ),
    ("fleet dead discard 42 --as kim --reason \"customer was called instead\"", Proof::Here),
    (
        "fleet --json dead list --code mail_policy_refused --limit 1000 | jq -r '.[].id' | while read -r id; do \
         fleet dead replay \"$id\" --as kim --reason \"SPF is mended\"; done",
        Proof::Here,
    ),
    (
        "fleet users add kim --first --display-name 김민지 --os-account kim --grant see --grant replay",
        Proof::Test(PEOPLE, "\"add\", \"kim\", \"--first\""),
    ),
    (
        "fleet users add lee --os-account lee --grant see",
        Proof::Test(PEOPLE, "\"users\", \"add\", \"lee\", \"--grant\""),
    ),
    ("fleet users grant lee reveal replay", Proof::Test(PEOPLE, "\"users\", \"grant\", \"kim\", \"see\"")),
    ("fleet users revoke lee reveal", Proof::Test(PEOPLE, "\"users\", \"revoke\", \"park\", \"see\"")),
    ("fleet users list", Proof::Here),
    ("fleet users disable lee", Proof::Test(PEOPLE, "\"users\", \"disable\", \"lee\"")),
    ("fleet users enable lee", Proof::Test(PEOPLE, "\"users\", \"enable\", \"park\"")),
    ("fleet users password kim", Proof::Test(PEOPLE, "\"users\", \"password\", \"lee\"")),
    ("fleet users account kim desk", Proof::Test(PEOPLE, "\"users\", \"account\", \"lee\"")),
    ("fleet dead show 42 --reveal --purpose \"the customer asks which number we have\"", Proof::Here),
    ("fleet audit list --act letter.reveal", Proof::Here),
    ("fleet audit verify", Proof::Here),
    ("fleet audit review", Proof::Here),
    (
        "psql -d closure -f deploy/pgbouncer/session.sql",
        Proof::Test("tests/tests/faults/pooler.rs", "pgbouncer/session.sql"),
    ),
    ("asterisk -rx 'cel show status'", PBX),
    ("asterisk -rx 'dialplan show closure-dial'", PBX),
    ("asterisk -rx 'ari show users'", PBX),
    (
        "psql … -c 'SELECT eventtype, eventtime, linkedid FROM cel ORDER BY id DESC LIMIT 5'",
        Proof::Elsewhere("it reads the table that every test of real_pbx reads"),
    ),
];

/// A line of a block without a language is a command too if it begins so.
const PROGRAMS: [&str; 7] = ["cargo ", "fleet ", "docker ", "psql ", "asterisk ", "curl ", "python3 "];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

/// README, the guides, and what stands beside the files of a deployment.
fn guides() -> Vec<(String, String)> {
    let mut names = vec!["README.md".to_owned()];
    let mut folders = vec![root().join("docs"), root().join("deploy")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder can be read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(root()).expect("it lies in the workspace");
                names.push(name.display().to_string());
            }
        }
    }
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

/// The commands in the blocks of a guide: one a line, or several lines that a backslash or a pipe joins.
fn commands(guide: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut language, mut pending): (Option<&str>, String) = (None, String::new());
    for line in guide.lines().map(str::trim) {
        if let Some(tag) = line.strip_prefix("```") {
            language = if language.is_none() { Some(tag) } else { None };
            continue;
        }
        let line = line.split("  #").next().unwrap_or_default().trim();
        let is_command = match language {
            Some("sh") => !line.is_empty() && !line.starts_with('#'),
            Some("") => !pending.is_empty() || PROGRAMS.iter().any(|program| line.starts_with(program)),
            Some(_) | None => false,
        };
        if !is_command {
            continue;
        }
        pending.push_str(line.trim_end_matches('\\'));
        if line.ends_with('\\') || line.ends_with('|') {
            pending = format!("{} ", pending.trim_end());
            continue;
        }
        found.push(std::mem::take(&mut pending));
    }
    found
}

/// The words of a `fleet …` or `cargo xtask …` within a sentence, up to the first that stands for something else.
fn named_commands(guide: &str) -> BTreeSet<Vec<String>> {
    let spans = guide.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let commands = spans.filter(|span| span.starts_with("fleet ") || span.starts_with("cargo xtask "));
    commands
        .map(|span| {
            let is_word =
                |word: &&str| word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-');
            let words = span.split(' ').take_while(|word| is_word(word) && !word.starts_with('-'));
            words.map(str::to_owned).collect()
        })
        .collect()
}

#[test]
fn every_command_in_a_guide_is_in_the_table_and_the_table_names_what_exists() {
    let mut shown = BTreeSet::new();
    for (name, text) in guides() {
        for command in commands(&text) {
            let known = COMMANDS.iter().any(|(listed, _)| *listed == command);
            assert!(known, "{name} shows `{command}`; name in this table what runs it");
            shown.insert(command);
        }
    }
    let steps = read("crates/xtask/src/ci.rs");
    for (command, proof) in COMMANDS {
        assert!(shown.contains(*command), "no guide shows `{command}` any more");
        match proof {
            Proof::Here => {}
            Proof::Step(step) => {
                let named = steps.contains(&format!("(\"{step}\", "))
                    || steps.contains(&format!("heading(\"{step}\")"));
                assert!(named, "ci has no step `{step}`");
            }
            Proof::Test(file, test) => assert!(read(file).contains(test), "{file} has no {test}"),
            Proof::Elsewhere(reason) => assert!(!reason.is_empty()),
        }
    }
}

/// The names of a crate's measurements.
fn measurements(manifest: &str) -> impl Iterator<Item = &str> {
    let sections = manifest.split("[[bench]]").skip(1);
    sections.filter_map(|section| section.split("name = \"").nth(1)?.split('"').next())
}

#[test]
fn ci_runs_every_measurement_and_every_command_of_xtask_that_a_guide_names() {
    let steps = read("crates/xtask/src/ci.rs");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).expect("a folder can be read").flatten() {
        let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).unwrap_or_default();
        found.extend(measurements(&manifest).map(str::to_owned));
    }
    assert!(found.len() >= 2, "{found:?}");
    for name in found {
        assert!(
            steps.contains(&format!("\"--bench\", \"{name}\"")),
            "ci does not run the measurement {name}"
        );
    }
    // It is CI itself; the tests run it; and what a fuzzer kept is replayed by tests, for it has no end of its own.
    let others = ["ci", "test", "fuzz"];
    for (name, text) in guides() {
        for words in named_commands(&text) {
            let [program, _, step, ..] = words.as_slice() else { continue };
            let is_run =
                others.contains(&step.as_str()) || steps.contains(&format!("(\"{step}\", |interrupt|"));
            assert!(program == "fleet" || is_run, "{name} names `cargo xtask {step}`, which ci does not run");
        }
    }
}

#[test]
fn every_command_that_a_sentence_names_exists() {
    run(async {
        let steps = read("crates/xtask/src/cli.rs").to_lowercase();
        let mut fleet = BTreeSet::new();
        for (name, text) in guides() {
            for words in named_commands(&text) {
                match words.as_slice() {
                    [program, ..] if program == "fleet" => {
                        fleet.insert(words[1..].to_vec());
                    }
                    [_, _, step, ..] => {
                        assert!(
                            steps.contains(&format!("    {step}(")) || step == "ci",
                            "{name}: no xtask {step}"
                        );
                    }
                    _ => {}
                }
            }
        }
        assert!(fleet.len() > 20, "{fleet:?}");
        for words in fleet {
            let mut command = Command::new(binary("fleet"));
            let output = command.args(&words).arg("--help").output().await.expect("fleet can be started");
            assert!(output.status.success(), "fleet {}: {:?}", words.join(" "), output);
        }
    });
}

#[test]
fn the_commands_of_the_guides_do_what_they_say() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("documented")).await;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let job = jobs::email("right@example.com");
        std::fs::write(folder.path().join("job.json"), job.to_string()).expect("a file can be written");
        fleet.cli(&["template", "list"]).await.with_code(0);
        for (command, _) in COMMANDS.iter().filter(|(_, proof)| matches!(proof, Proof::Here)) {
            prepare(&fleet).await;
            let (code, said) = typed(&fleet, folder.path(), command).await;
            assert_eq!(code, Some(0), "{command}: {said}");
        }
        fleet.vhost.delete().await;
    });
}

/// The letter and the cancellation that the guides speak of, open again for the next command.
async fn prepare(fleet: &Fleet) {
    fleet
        .database
        .query(
            "DELETE FROM dead_letter_action; DELETE FROM dead_letter;
             INSERT INTO dead_letter (id, key, queue, routing_key, code, detail, body, state, generation)
             OVERRIDING SYSTEM VALUE
             VALUES (42, 'bytes:42', 'closure.email', 'email', 'mail_policy_refused', 'it said 5.7.1', 'x', 'open', 1);
             INSERT INTO tombstone (consultation_id, cancelled_through, cancelled_at)
             VALUES ('C-20261122-000042', 3, now()) ON CONFLICT DO NOTHING",
        )
        .await;
}

/// Types a command as it stands in a guide, with `fleet` on the path.
async fn typed(fleet: &Fleet, folder: &Path, command: &str) -> (Option<i32>, String) {
    let program = binary("fleet");
    let own = program.parent().expect("a binary lies in a folder").display().to_string();
    let mut shell = Command::new("bash");
    shell.args(["-e", "-u", "-o", "pipefail", "-c", command]).current_dir(folder);
    shell.env_clear().env("PATH", format!("{own}:/usr/bin:/bin")).stdin(Stdio::null());
    shell.envs(fleet.environment.iter().map(|(name, value)| (name, value)));
    let output = tokio::time::timeout(LONG, shell.kill_on_drop(true).output()).await;
    let output = output.expect("it ends in time").expect("bash can be started");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&said).into_owned())
}
