//! What is put on record of a decision.

use closure_contract::outcome::CallRecord;
use closure_policy::explain::{Decision, DialPlan, Plan, Verdict};
use closure_store::JsonText;
use serde_json::Value;

pub(super) fn rules(decision: &Decision) -> JsonText {
    JsonText::of(&decision.rules)
}

/// The sender that a gateway is asked to show; nothing where none is asked.
pub(super) fn sender_asked(decision: &Decision) -> Option<String> {
    match (decision.verdict, &decision.plan) {
        (Verdict::Send, Some(Plan::Sms(plan))) => Some(plan.sender.clone()),
        (_, Some(Plan::Sms(_) | Plan::Email(_) | Plan::Dial(_)) | None) => None,
    }
}

/// The K-RIDE record of a call (R4) as it is placed; its end adds the talk time and the cause.
pub(super) fn call(plan: &DialPlan) -> Option<Value> {
    let record = CallRecord {
        representative_number_class: plan.representative_number_class.to_owned(),
        service_class: plan.service_class.to_owned(),
        customer_contact: plan.customer_contact.clone(),
        talk_seconds: None,
        cause: None,
    };
    serde_json::to_value(record).ok()
}

/// The same of a decision that plans a call.
pub(super) fn planned_call(decision: &Decision) -> Option<Value> {
    match &decision.plan {
        Some(Plan::Dial(plan)) => call(plan),
        Some(Plan::Sms(_) | Plan::Email(_)) | None => None,
    }
}
