//! The table of the rules: what the guide says, how it is read, where it is set, and which test proves it.
//!
//! `docs/rulebook.md` is this table written out by `fleet rules docs/rulebook.md`; a test holds the two together.

pub(crate) mod beyond;
pub(crate) mod numbers;
pub(crate) mod replies;
pub(crate) mod sms;

use closure_contract::RuleId;
use serde::Serialize;
use serde_json::Value;

use crate::{
    fallback::table::{self, Line},
    rulebook::Rulebook,
};

/// One rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// Its id, as it stands in decisions, outcomes and the console.
    pub id: RuleId,
    /// What the operating guide says, in its own language and in short; empty where the guide is silent.
    pub guide_ko: &'static str,
    /// The same in English.
    pub guide_en: &'static str,
    /// What the software does.
    pub reading: &'static str,
    /// The settings in `deploy/rulebook.toml` that change it; without any, the rule is fixed.
    pub keys: &'static [&'static str],
    /// The tests that prove it, at least one.
    pub tests: &'static [Proof],
}

/// A test that proves a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Proof {
    /// The source file, from the repository's root.
    pub file: &'static str,
    /// The test's name in it.
    pub test: &'static str,
}

/// Declares every rule once; a rule that is missing here does not compile.
macro_rules! rules {
    ($($id:ident = $row:path;)+) => {
        /// Every rule, in the order of the ids.
        pub const ALL: &[&Rule] = &[$(&$row),+];

        /// The row of a rule.
        pub fn rule(id: RuleId) -> &'static Rule {
            match id { $(RuleId::$id => &$row,)+ }
        }
    };
}

rules! {
    R1 = numbers::R1;
    R2 = numbers::R2;
    R3 = numbers::R3;
    R4 = numbers::R4;
    R5 = sms::R5;
    R6 = sms::R6;
    R7 = sms::R7;
    R8 = sms::R8;
    R9 = sms::R9;
    R10 = sms::R10;
    R11 = sms::R11;
    R12 = sms::R12;
    R13 = sms::R13;
    R14a = replies::R14A;
    R14b = replies::R14B;
    R14c = replies::R14C;
    R14d = replies::R14D;
    R14e = replies::R14E;
    R14f = replies::R14F;
    R15 = numbers::R15;
    R16 = numbers::R16;
    R17 = numbers::R17;
    R18 = replies::R18;
    R19 = replies::R19;
    R20 = replies::R20;
    B1 = beyond::B1;
    B2 = beyond::B2;
    B3 = beyond::B3;
    B4 = beyond::B4;
    B5 = beyond::B5;
    B6 = beyond::B6;
    B7 = beyond::B7;
}

impl Rule {
    /// Each setting of the rule with its default as JSON, or nothing where there is no such setting.
    pub fn defaults(&self) -> Vec<(&'static str, Option<Value>)> {
        let rulebook = serde_json::to_value(Rulebook::default()).expect("the default settings are JSON");
        let value = |key: &str| rulebook.pointer(&format!("/{}", key.replace('.', "/"))).cloned();
        self.keys.iter().map(|key| (*key, value(key))).collect()
    }
}

/// The table of the rules and the table of the fallback as one Markdown document.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    for rule in ALL {
        page.push_str(&section(rule));
    }
    page.push_str(FALLBACK);
    for line in table::table() {
        page.push_str(&fallback_line(&line));
    }
    page.push_str(include_str!("notes.md"));
    page
}

fn section(rule: &Rule) -> String {
    let guide = match (rule.guide_ko, rule.guide_en) {
        ("", _) => "The guide is silent.".to_owned(),
        (korean, english) => format!("{korean}<br>{english}"),
    };
    let defaults: Vec<String> = rule
        .defaults()
        .into_iter()
        .map(|(key, value)| format!("`{key}` = `{}`", value.unwrap_or(Value::Null)))
        .collect();
    let defaults = if defaults.is_empty() { "fixed".to_owned() } else { defaults.join("<br>") };
    let tests: Vec<String> =
        rule.tests.iter().map(|proof| format!("`{}`: `{}`", proof.file, proof.test)).collect();
    format!("| {} | {guide} | {} | {defaults} | {} |\n", rule.id, rule.reading, tests.join("<br>"))
}

fn fallback_line(line: &Line) -> String {
    let cell = |rules: &[RuleId]| match rules {
        [] => "–".to_owned(),
        rules => rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    };
    let code = line.code.map(|code| format!(" `{code}`")).unwrap_or_default();
    format!(
        "| {} | {}{code} | {} | {} | {} | {} |\n",
        line.facts,
        table::name(line.state),
        cell(&line.elsewhere),
        cell(&line.vietnam),
        cell(&line.china_chinese),
        cell(&line.china_other),
    )
}

const INTRODUCTION: &str = "\
<!-- Written by `fleet rules docs/rulebook.md` from crates/policy/src/guide/; change it there. -->

# The rules

K.ride's operating guide for overseas customers (MCRM), rule by rule, and what the fleet adds beyond it.
The ids stand in `fleet explain`, in outcomes and in `fleet show`.
`R` is a rule of the guide, `B` one beyond it.
The settings lie in `deploy/rulebook.toml`; `fleet rules` prints this table, and `fleet explain` tries a change out.

| id | the guide | what the fleet does | setting = default | proved by |
| --- | --- | --- | --- | --- |
";

const FALLBACK: &str = "
## Which facts make an email due

Every cell is worked out by the code that the fallback worker runs; a rule's id means that an email is due by it, and – that none is.
One consultation's answer has one email at most, whatever number of rules ask for it and however often.
The email needs an address on file; without one a person is asked to add it (R14d).

| what is known about the text message | its state | to any other country | to Vietnam | to China, Simplified Chinese | to China, anything else |
| --- | --- | --- | --- | --- | --- |
";
