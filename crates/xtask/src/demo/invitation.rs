//! What a person may type while everything is up: as a CRM's programmer, and as a person who works with the fleet.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::demo::endings;
use crate::demo::environment::Environment;
use crate::demo::scenario::Scenario;
use crate::demo::stage::Stage;
use crate::error::{Context, Result, failed};
use crate::tools;
use crate::workspace::Workspace;

/// Debian's own Python, which has the client that the packages of the demo bring.
const PYTHON: &str = "/usr/bin/python3";
/// The example programs of the contract.
const PRODUCERS: &str = "docs/contract/producers";
/// What Node's programs need, where `cargo xtask test` has installed it.
const NODE_CLIENT: &str = "tools/node/node_modules";
/// What the CRM publishes here: two texts and a mail, each with an id that no case of the scenario has.
const TEXT_ID: &str = "00000000-0000-4000-a000-00000000c001";
const MAIL_ID: &str = "00000000-0000-4000-a000-00000000c002";
const LATE_ID: &str = "00000000-0000-4000-a000-00000000c004";

/// A line to paste.
pub struct Line {
    /// What is typed.
    pub command: String,
    /// What it is for.
    pub meaning: &'static str,
    /// How it ends.
    pub end: End,
    /// What its output has in it.
    pub says: String,
}

/// How a line that was typed comes to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By itself, with code 0.
    Itself,
    /// By Ctrl-C, after so many lines at least.
    Typed(usize),
}

/// Everything that is printed for a look around.
pub struct Invitation {
    /// What comes first in a new shell.
    pub exports: String,
    /// What the CRM does.
    pub crm: Vec<Line>,
    /// What people do.
    pub people: Vec<Line>,
    /// What there is to see in a browser.
    records: [(&'static str, String); 3],
    /// What else a CRM may see, and to whom it writes for it.
    endings: Vec<String>,
    has_node: bool,
}

impl Invitation {
    /// Writes the jobs of the example and a cancellation beside the logs; the scenario has been played.
    pub fn write(stage: &Stage, workspace: &Workspace, scenario: &Scenario) -> Result<Invitation> {
        let shown = |path: &Path| path.strip_prefix(&workspace.root).unwrap_or(path).display().to_string();
        let late =
            shown(&write(stage, "late.json", &text(LATE_ID, "C-20261122-900004", "+81 90-1290-0004"))?);
        let text =
            shown(&write(stage, "text.json", &text(TEXT_ID, "C-20261122-900001", "+81 90-1290-0001"))?);
        let mail = shown(&write(stage, "mail.json", &mail())?);
        let cancel = shown(&write(stage, "cancel.json", &cancel())?);
        let mut crm = with_python(&text, &late, &cancel, scenario.outcomes());
        let modules = workspace.target.join(NODE_CLIENT);
        let has_node = tools::has_node() && modules.join("amqplib").exists();
        if has_node {
            crm.extend(with_node(&modules, &mail));
        }
        let doctor = stage.deployment.addresses("doctor");
        let doctor: Vec<String> =
            doctor.iter().map(|(name, file)| format!("{name}={}", shown(file))).collect();
        let mut people = vec![
            ended(format!("fleet explain {text}"), "the same as the advisor, on the command line", "send"),
            ended("fleet show C-20261122-000020".to_owned(), "the whole story of a consultation", "sms"),
            ended("fleet dead list".to_owned(), "what waits for a person", "ambiguous_number"),
            ended(format!("{} fleet doctor", doctor.join(" ")), "is everything well", "broker"),
        ];
        if let Some(letter) = letter(stage)? {
            let replay = format!("fleet dead replay {letter} --as me --reason 'try again'");
            people.push(ended(replay, "do again what waits", ""));
        }
        let records = [
            ("The SMS gateway's records: ", format!("{}/_sim/messages", stage.gateway())),
            ("The mail server's records: ", format!("{}/_sim/mails", stage.mail_records())),
            ("The PBX's records:         ", format!("{}/_sim/rings", stage.pbx())),
        ];
        let endings = endings::lines(scenario)?;
        Ok(Invitation { exports: exports(stage, workspace)?, crm, people, records, endings, has_node })
    }

    /// Prints it.
    pub fn print(&self) {
        println!("\nEverything stays up until Ctrl-C. Paste this into another shell:\n\n{}", self.exports);
        println!("As the CRM, with nothing but the contract:\n");
        self.crm.iter().for_each(print);
        if !self.has_node {
            println!("  # Node's programs lie beside Python's; they need `npm install amqplib`.\n");
        }
        println!("  # other endings for jobs of your own; the stand-ins look at whom they are for:");
        self.endings.iter().for_each(|line| println!("  #   {line}"));
        println!("  # {}\n", endings::CAPS);
        println!("As a person who works with the fleet:\n");
        self.people.iter().for_each(print);
        self.records.iter().for_each(|(name, address)| println!("{name} {address}"));
    }
}

/// A text and a cancellation, every outcome so far and theirs, and questions about the text.
fn with_python(text: &str, late: &str, cancel: &str, heard: usize) -> Vec<Line> {
    let publish = format!("{PYTHON} {PRODUCERS}/python/publish.py {text}");
    let late = format!("{PYTHON} {PRODUCERS}/python/publish.py {late}");
    let read = format!("{PYTHON} {PRODUCERS}/python/outcomes.py");
    let ask = format!(
        "curl --fail-with-body \"$CLOSURE_ADVISOR/v1/explain\" -H \"Authorization: Bearer $CLOSURE_ADVISOR_TOKEN\" \
         -H 'Content-Type: application/json' --data @{text}"
    );
    let look = format!(
        "curl --fail-with-body \"$CLOSURE_ADVISOR/v1/jobs/{TEXT_ID}\" -H \"Authorization: Bearer $CLOSURE_JOBS_TOKEN\""
    );
    let cancel = format!("{PYTHON} {PRODUCERS}/python/publish.py {cancel}");
    vec![
        ended(publish, "publish a text; with another job_id it is another job", "confirmed"),
        ended(
            late,
            "publish a text whose receipt comes too late: `unknown`, and then `delivered`, which corrects it",
            "confirmed",
        ),
        ended(cancel, "take the answer to another consultation back", "confirmed"),
        typed(read, "read every outcome and whether that was in time, until Ctrl-C", heard + 2, TEXT_ID),
        ended(ask, "ask what would happen to a job", "\"verdict\":\"send\""),
        ended(look, "ask what became of it", TEXT_ID),
    ]
}

/// A mail and its outcome.
fn with_node(modules: &Path, mail: &str) -> [Line; 2] {
    let node = format!("NODE_PATH='{}' node {PRODUCERS}/node", modules.display());
    [
        ended(format!("{node}/publish.js {mail}"), "the same in Node: publish a mail", "confirmed"),
        typed(format!("{node}/outcomes.js"), "read every outcome, until Ctrl-C", 1, MAIL_ID),
    ]
}

fn print(line: &Line) {
    println!("  # {}\n  {}\n", line.meaning, line.command);
}

fn ended(command: String, meaning: &'static str, says: &str) -> Line {
    Line { command, meaning, end: End::Itself, says: says.to_owned() }
}

fn typed(command: String, meaning: &'static str, lines: usize, job_id: &str) -> Line {
    Line { command, meaning, end: End::Typed(lines), says: job_id.to_owned() }
}

/// The folder, `fleet` on the path, the operator's settings, and what a CRM is told: the broker and the advisor.
fn exports(stage: &Stage, workspace: &Workspace) -> Result<String> {
    let Some(programs) = stage.fleet.parent() else { return failed("a program lies in no folder") };
    let quoted = |value: &str| format!("'{}'", value.replace('\'', "'\\''"));
    let mut text = format!("cd {}\n", quoted(&workspace.root.display().to_string()));
    text.push_str(&format!("export PATH={}:\"$PATH\"\n", quoted(&programs.display().to_string())));
    let operator = stage.deployment.addresses("operator");
    let settings = [("FLEET_CONFIG", stage.config.clone())].into_iter().chain(operator);
    let settings = settings.map(|(name, file)| (name, file.display().to_string()));
    let told = [
        ("CLOSURE_AMQP", stage.deployment.secret("broker_uri_crm")?),
        ("CLOSURE_ADVISOR", stage.advisor().to_owned()),
        ("CLOSURE_ADVISOR_TOKEN", stage.deployment.secret("advisor_token")?),
        ("CLOSURE_JOBS_TOKEN", stage.deployment.secret("advisor_jobs_token")?),
    ];
    for (name, value) in settings.chain(told) {
        text.push_str(&format!("export {name}={}\n", quoted(&value)));
    }
    Ok(text)
}

/// A letter that a person may replay as it is.
fn letter(stage: &Stage) -> Result<Option<u64>> {
    let output = stage.desk().output().context(|| "cannot read the dead-letter desk".to_owned())?;
    let letters: Vec<Value> = serde_json::from_slice(&output.stdout)
        .context(|| "the dead-letter desk printed something else than a list".to_owned())?;
    let code = |letter: &&Value| letter.get("code").and_then(Value::as_str) == Some("no_email_address");
    Ok(letters.iter().find(code).and_then(|letter| letter.get("id")).and_then(Value::as_u64))
}

fn write(stage: &Stage, name: &str, job: &Value) -> Result<PathBuf> {
    let path = stage.folder.join(name);
    std::fs::write(&path, format!("{job:#}\n")).context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn text(id: &str, consultation: &str, number: &str) -> Value {
    json!({
        "kind": "closure.sms/1",
        "job_id": id,
        "consultation": { "id": consultation, "channel": "inbound_call", "revision": 1 },
        "agent": { "id": "a-1042" },
        "scope": "overseas",
        "to": { "phone": { "number": number }, "email": "text@example.com" },
        "sms": { "text": "Hello, this is K.ride. Your refund was completed today." },
        "fallback": {
            "subject": "Your K.ride inquiry",
            "text": "Hello,\n\nyour refund was completed today.\n\nK.ride customer centre",
        },
    })
}

fn cancel() -> Value {
    json!({
        "kind": "closure.cancel/1",
        "cancel_id": "00000000-0000-4000-a000-00000000c003",
        "consultation": { "id": "C-20261122-900003", "revision": 1 },
        "agent": { "id": "a-1042" },
        "reason": "the customer solved it alone",
    })
}

fn mail() -> Value {
    json!({
        "kind": "closure.email/1",
        "job_id": MAIL_ID,
        "consultation": { "id": "C-20261122-900002", "channel": "board", "revision": 1 },
        "agent": { "id": "a-1042" },
        "scope": "overseas",
        "to": { "email": "mail@example.com" },
        "email": { "subject": "Your lost item", "text": "Hello,\n\nyour item was found.\n\nK.ride customer centre" },
    })
}
