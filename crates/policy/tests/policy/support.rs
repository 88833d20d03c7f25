//! Jobs as they really arrive: JSON, decoded by the contract.

use std::sync::LazyLock;

use closure_contract::facts::receipts::ReceiptFact;
use closure_contract::{
    FailureCode, Job, RuleEffect, RuleId, SmsJob, Timestamp, facts::preconditions::Preconditions,
};
use closure_policy::{
    explain::{self, Decision, Plan, SmsPlan},
    fallback::{Due, EmailSoFar, Facts, RecordedState},
    gateway::fallback_hold::HeldCountries,
    number::meaning::JobNumber,
    rulebook::{CompiledRulebook, Rulebook},
};
use serde_json::{Value, json};
use time::macros::datetime;

pub(crate) const NOW: Timestamp = Timestamp(datetime!(2026-11-22 12:00 UTC));

/// What is known of a text message that no email has answered yet, at a gateway whose emails flow.
pub(crate) fn facts<'a>(
    job: &'a SmsJob,
    recorded: RecordedState,
    receipts: &'a [ReceiptFact],
    due: Due,
) -> Facts<'a> {
    static NOWHERE: HeldCountries = HeldCountries::NONE;
    let email = EmailSoFar::None;
    Facts { job, recorded, email, receipts, due, revoked: None, held: &NOWHERE, at: NOW }
}

/// The rulebook of the tests: the defaults and two approved templates for Vietnam.
pub(crate) fn rulebook() -> CompiledRulebook {
    // To compile it takes longer than to decide a job, of which tests decide thousands.
    static COMPILED: LazyLock<CompiledRulebook> = LazyLock::new(|| rulebook_of(TEMPLATES));
    COMPILED.clone()
}

pub(crate) const TEMPLATES: &str = r#"
[[templates]]
name = "vn_refund"
country_code = 84
text = "[K.ride] Your refund of {amount:money:12} VND for trip {trip:alnum:10} is complete."
approved = true

[[templates]]
name = "vn_pointer"
country_code = 84
text = "[K.ride] We have answered you by email. Please check your mailbox."
approved = true
"#;

pub(crate) fn rulebook_of(toml: &str) -> CompiledRulebook {
    let rulebook: Rulebook = toml::from_str(toml).expect("the test's rulebook has the right shape");
    rulebook.compile().expect("the test's rulebook is sound")
}

/// Lays `over` over a document, object by object; null takes a field away.
pub(crate) fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    base.remove(&key);
                } else {
                    merge(base.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (base, over) => *base = over,
    }
}

fn job(mut base: Value, over: Value) -> Job {
    merge(&mut base, over);
    Job::decode(base.to_string().as_bytes()).expect("the test's job has the right shape")
}

fn common(kind: &str) -> Value {
    json!({
        "kind": kind,
        "job_id": "0191e1a0-0000-7000-8000-000000000001",
        "consultation": { "id": "C-1", "channel": "board" },
        "agent": { "id": "agent-7" },
        "scope": "overseas",
    })
}

/// A text message to Japan, with changes.
pub(crate) fn sms(over: Value) -> Job {
    let mut base = common("closure.sms/1");
    merge(
        &mut base,
        json!({
            "to": { "phone": { "number": "+819012345678" }, "email": "customer@example.com" },
            "sms": { "text": "Your lost item has been found." },
        }),
    );
    job(base, over)
}

pub(crate) fn sms_job(over: Value) -> SmsJob {
    match sms(over) {
        Job::Sms(job) => job,
        Job::Email(_) | Job::Dial(_) => panic!("a text message is a text message"),
    }
}

/// A text message to this phone; a phone is replaced whole, because its forms do not mix.
pub(crate) fn sms_to(phone: Value) -> Job {
    let mut base = common("closure.sms/1");
    merge(
        &mut base,
        json!({
            "to": { "phone": phone, "email": "customer@example.com" },
            "sms": { "text": "Your lost item has been found." },
        }),
    );
    job(base, json!({}))
}

/// An email overseas, with changes.
pub(crate) fn email(over: Value) -> Job {
    let mut base = common("closure.email/1");
    merge(
        &mut base,
        json!({
            "to": { "email": "customer@example.com" },
            "email": { "subject": "Your inquiry", "text": "안녕하세요." },
        }),
    );
    job(base, over)
}

/// A call to Vietnam, with changes.
pub(crate) fn dial(over: Value) -> Job {
    let mut base = common("closure.dial/1");
    merge(
        &mut base,
        json!({
            "agent": { "extension": "1001" },
            "to": { "phone": { "number": "+84912345678" } },
        }),
    );
    job(base, over)
}

/// What the rules say where nothing is known beside the job.
pub(crate) fn decide(job: &Job, rulebook: &CompiledRulebook, now: Timestamp) -> Decision {
    explain::decide(job, &JobNumber::of(job, rulebook.rules()), rulebook, &Preconditions::default(), now)
}

pub(crate) fn decided(job: &Job) -> Decision {
    decide(job, &rulebook(), NOW)
}

pub(crate) fn code(job: &Job) -> Option<FailureCode> {
    decided(job).code
}

pub(crate) fn sms_plan(decision: &Decision) -> &SmsPlan {
    match &decision.plan {
        Some(Plan::Sms(plan)) => plan,
        Some(Plan::Email(_) | Plan::Dial(_)) | None => {
            panic!("there is no text message to send: {decision:?}")
        }
    }
}

/// What a rule did to a job, in the order in which it did it.
pub(crate) fn effects(decision: &Decision, rule: RuleId) -> Vec<RuleEffect> {
    decision.rules.iter().filter(|applied| applied.id == rule).map(|applied| applied.effect).collect()
}
