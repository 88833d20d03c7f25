//! What is known of a failure beside its code, from the record of its job.

use closure_contract::{AppliedRule, Facts, FailureCode, Provider, ReceiptStatus, RuleEffect};
use closure_policy::failure::{Fault, fault};
use closure_store::{AttemptHistory, JobHistory, ReceiptHistory};

/// The named values of a job's present failure; nothing where it has none.
///
/// The rules name theirs when they refuse; who refused it, and by which code, stands in the attempts and receipts.
pub fn facts_of(history: &JobHistory) -> Facts {
    let Some(code) = history.code else { return Facts::default() };
    by_rule(history).or(by_attempt(history, code)).or(by_receipt(history, code))
}

/// What the rule that refused it, or puts it off, names.
fn by_rule(history: &JobHistory) -> Facts {
    let rules: Vec<AppliedRule> = serde_json::from_value(history.rules.clone()).unwrap_or_default();
    let stops = |rule: &&AppliedRule| {
        matches!(rule.effect, RuleEffect::Reject | RuleEffect::Hold | RuleEffect::Postpone)
    };
    let first = rules.iter().find(stops).and_then(|rule| rule.facts.as_deref());
    first.cloned().unwrap_or_default()
}

/// Who refused the latest try, where it ended with this code.
fn by_attempt(history: &JobHistory, code: FailureCode) -> Facts {
    let is_latest =
        |attempt: &&AttemptHistory| attempt.generation == history.generation && attempt.code == Some(code);
    Facts {
        provider: history.tries.iter().rev().find(is_latest).map(|attempt| attempt.provider),
        ..Facts::default()
    }
}

/// What the latest receipt that counts says, where it is why the job did not arrive.
fn by_receipt(history: &JobHistory, code: FailureCode) -> Facts {
    // Of the rules and of the message no receipt speaks.
    if matches!(fault(code), Fault::Message | Fault::Content | Fault::Agent)
        && code != FailureCode::ContentRejected
    {
        return Facts::default();
    }
    let counts = |receipt: &&ReceiptHistory| {
        receipt.counts
            && receipt.generation == Some(history.generation)
            && !matches!(receipt.status, ReceiptStatus::Delivered | ReceiptStatus::InTransit)
    };
    let Some(receipt) = history.receipts.iter().rev().find(counts) else { return Facts::default() };
    let said = receipt.provider_code.clone();
    let mail_status = said.as_deref().and_then(|said| said.parse().ok());
    let (provider_code, mail_status) = match (receipt.provider, mail_status) {
        (Provider::Smtp, Some(status)) => (None, Some(status)),
        (_, _) => (said, None),
    };
    Facts { provider: Some(receipt.provider), provider_code, mail_status, ..Facts::default() }
}
