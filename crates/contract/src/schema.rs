//! The JSON Schemas (draft 2020-12) of the messages, made from the types that read them.

use schemars::{Schema, schema_for};

use crate::{
    job::{Cancel, DialJob, EmailJob, SmsJob},
    outcome::Outcome,
    receipt::{Receipt, Submission},
};

/// Every message kind with its schema, by the name of its file: `closure.sms.1` and so on.
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("closure.sms.1", schema_for!(SmsJob)),
        ("closure.email.1", schema_for!(EmailJob)),
        ("closure.dial.1", schema_for!(DialJob)),
        ("closure.cancel.1", schema_for!(Cancel)),
        ("closure.outcome.1", schema_for!(Outcome)),
        ("closure.receipt.1", schema_for!(Receipt)),
        ("closure.submission.1", schema_for!(Submission)),
    ]
}
