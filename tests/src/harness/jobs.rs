//! Jobs as a CRM writes them.

use closure_contract::JobId;
use serde_json::{Value, json};
use uuid::Uuid;

/// A text that goes out as it is.
pub const TEXT: &str = "Hello, this is K.ride. Your refund was completed today.";
/// The text of the email that answers.
pub const EMAIL_TEXT: &str = "Hello,\n\nyour refund was completed today.\n\nK.ride customer centre";
/// The subject of the email that answers.
pub const SUBJECT: &str = "Your K.ride inquiry";

/// A text message to a number with its country code, with an address for the email that may answer.
pub fn sms(number: &str, address: &str) -> Value {
    json!({
        "kind": "closure.sms/1",
        "job_id": Uuid::new_v4(),
        "consultation": consultation("inbound_call"),
        "agent": { "id": "a-1042", "extension": "1001" },
        "scope": "overseas",
        "to": { "phone": { "number": number }, "email": address },
        "sms": { "text": TEXT },
        "fallback": { "subject": SUBJECT, "text": EMAIL_TEXT },
    })
}

/// An agent's own email.
pub fn email(address: &str) -> Value {
    json!({
        "kind": "closure.email/1",
        "job_id": Uuid::new_v4(),
        "consultation": consultation("board"),
        "agent": { "id": "a-1042" },
        "scope": "overseas",
        "to": { "email": address },
        "email": { "subject": "Your lost item", "text": EMAIL_TEXT },
    })
}

/// A click on a number.
pub fn dial(number: &str, extension: &str) -> Value {
    json!({
        "kind": "closure.dial/1",
        "job_id": Uuid::new_v4(),
        "consultation": consultation("outbound_call"),
        "agent": { "id": "a-1042", "extension": extension },
        "scope": "overseas",
        "to": { "phone": { "number": number } },
    })
}

/// A Japanese mobile number of its own for each block and index; the gateway delivers to it.
pub fn number(block: u16, index: u16) -> String {
    format!("+8190{block:04}{:04}", 1_000 + index)
}

/// The id of a job.
pub fn id(job: &Value) -> JobId {
    job["job_id"].as_str().and_then(|id| id.parse().ok()).expect("the job has an id")
}

fn consultation(channel: &str) -> Value {
    json!({ "id": format!("C-{}", Uuid::new_v4().simple()), "channel": channel, "revision": 1 })
}
