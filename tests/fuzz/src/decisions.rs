//! What holds for every job, number and template, whatever the bytes are.

use std::sync::LazyLock;

use closure_contract::{Cancel, CancelOutcome, Job, Outcome, Timestamp, facts::preconditions::Preconditions};
use closure_policy::{
    explain::{Decision, Plan, Verdict, decide},
    number::meaning::JobNumber,
    rulebook::{CompiledRulebook, Rulebook, TemplateSource},
};
use serde_json::json;
use time::macros::datetime;

const NOW: Timestamp = Timestamp(datetime!(2026-11-22 12:00 UTC));
/// More digits in a row than any count, limit or country code in a detail has.
const DIGITS_OF_A_NUMBER: usize = 6;
/// The most digits after the outside line and the access code (E.164).
const E164_DIGITS_MAX: usize = 15;

/// A body from the queue: it decodes or it does not, and a job that does gets an answer.
pub fn message(bytes: &[u8]) {
    if let Ok(cancel) = Cancel::decode(bytes) {
        assert_eq!(
            Cancel::decode(&cancel.encode()).as_ref(),
            Ok(&cancel),
            "a cancel is written as it was read"
        );
    }
    if let Ok(outcome) = Outcome::decode(bytes) {
        assert_eq!(
            Outcome::decode(&outcome.encode()).as_ref(),
            Ok(&outcome),
            "an outcome is written as it was read"
        );
    }
    if let Ok(answer) = CancelOutcome::decode(bytes) {
        assert_eq!(
            CancelOutcome::decode(&answer.encode()).as_ref(),
            Ok(&answer),
            "an answer to a cancel is written as it was read"
        );
    }
    if let Ok(job) = Job::decode(bytes) {
        assert_eq!(Job::decode(&job.encode()).as_ref(), Ok(&job), "a job is written as it was read");
        check(&job, &decided(&job, &RULEBOOK));
    }
}

/// A phone as an agent typed it: the first byte chooses the job, a line feed parts the number from its country.
pub fn phone(bytes: &[u8]) {
    let Some((choice, typed)) = bytes.split_first() else { return };
    let typed = String::from_utf8_lossy(typed);
    let (number, country) = typed.split_once('\n').unwrap_or((&typed, ""));
    let phone = match choice & 3 {
        0 | 1 => json!({ "number": number }),
        2 => json!({ "number": number, "country_hint": country }),
        _ => json!({ "country_code": country, "national_number": number }),
    };
    let scope = if choice & 4 == 0 { "overseas" } else { "domestic" };
    for kind in ["closure.sms/1", "closure.dial/1"] {
        let body = json!({
            "kind": kind,
            "job_id": "0191e1a0-0000-7000-8000-000000000001",
            "consultation": { "id": "C-1", "channel": "board" },
            "agent": { "id": "agent-7", "extension": "1001" },
            "scope": scope,
            "to": { "phone": phone },
            "sms": { "text": "您好" },
        });
        if let Ok(job) = Job::decode(body.to_string().as_bytes()) {
            let decision = decided(&job, &RULEBOOK);
            check(&job, &decision);
            let details =
                decision.rules.iter().map(|rule| rule.detail.as_str()).chain(decision.detail.as_deref());
            for detail in details {
                let longest = detail.split(|sign: char| !sign.is_ascii_digit()).map(str::len).max();
                assert!(longest < Some(DIGITS_OF_A_NUMBER), "a detail shows digits of the number");
            }
        }
    }
}

/// A template and a text, parted by a line that says `---`.
pub fn template(bytes: &[u8]) {
    let input = String::from_utf8_lossy(bytes);
    let (text, instance) = input.split_once("\n---\n").unwrap_or((&input, ""));
    let source = TemplateSource {
        name: "fuzzed".to_owned(),
        version: 1,
        country_code: 84,
        text: text.to_owned(),
        approved: true,
        valid_from: None,
        valid_until: None,
    };
    let Ok(rulebook) = (Rulebook { templates: vec![source], ..Rulebook::default() }).compile() else {
        return;
    };
    for template in rulebook.templates() {
        match template.matches(instance) {
            Ok(values) => {
                assert_eq!(
                    template.render(&values).as_deref(),
                    Ok(instance),
                    "a match is rendered to the same text"
                );
            }
            Err(mismatch) => assert!(mismatch.offset <= instance.len(), "a mismatch lies in the text"),
        }
    }
}

/// Compiled once: every input is read by the same rules.
static RULEBOOK: LazyLock<CompiledRulebook> = LazyLock::new(|| {
    let settings = r#"
        numbers.short_numbers = ["15881234"]

        [[templates]]
        name = "vn_refund"
        country_code = 84
        text = "[K.ride] Your refund of {amount:money:12} VND for trip {trip:alnum:10} is complete."
        approved = true
    "#;
    let rulebook: Rulebook = toml::from_str(settings).expect("the rulebook has the right shape");
    rulebook.compile().expect("the rulebook is sound")
});

fn decided(job: &Job, rulebook: &CompiledRulebook) -> Decision {
    decide(job, &JobNumber::of(job, rulebook.rules()), rulebook, &Preconditions::default(), NOW)
}

fn check(job: &Job, decision: &Decision) {
    assert_eq!(decision.job_id, job.id());
    assert_eq!(decision.plan.is_some(), decision.verdict == Verdict::Send, "what is sent has a plan");
    assert_eq!(decision.code.is_some(), matches!(decision.verdict, Verdict::Reject | Verdict::NeedsPerson));
    match &decision.plan {
        Some(Plan::Dial(plan)) => {
            let dialled = plan.dial_string.as_str();
            assert!(dialled.bytes().all(|byte| byte.is_ascii_digit()), "only digits reach the PBX");
            let overseas = dialled.strip_prefix("9001").is_some_and(|number| {
                !number.starts_with('0') && !number.starts_with("82") && number.len() <= E164_DIGITS_MAX
            });
            let domestic = plan.customer_contact.starts_with("82");
            assert!(
                overseas != domestic,
                "9001 comes before every country but 82, and before that one never"
            );
        }
        Some(Plan::Sms(plan)) => assert!(plan.to.digits().bytes().all(|byte| byte.is_ascii_digit())),
        Some(Plan::Email(_)) | None => {}
    }
}
