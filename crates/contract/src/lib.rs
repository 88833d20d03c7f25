#![warn(missing_docs, unreachable_pub)]
#![doc = include_str!("../README.md")]

pub mod asyncapi;
pub mod cancel_outcome;
pub mod facts;
pub mod failure;
pub mod ids;
pub mod job;
pub mod language;
pub mod outcome;
pub mod outcome_ids;
pub mod provider;
pub mod receipt;
pub mod schema;
pub mod topology;
pub mod words;
mod written;

pub use cancel_outcome::CancelOutcome;
pub use failure::FailureCode;
pub use ids::{AttemptNumber, ClientRef, ConsultationId, Generation, JobId, Timestamp};
pub use job::{Cancel, Channel, DecodeError, DialJob, EmailJob, Job, SmsJob};
pub use language::Language;
pub use outcome::{AppliedRule, Outcome, OutcomeName, RuleEffect, RuleId};
pub use outcome_ids::OutcomeIds;
pub use provider::{Provider, SmsProvider};
pub use receipt::{Evidence, Receipt, ReceiptMessage, ReceiptStatus, Submission};
pub use words::{Facts, Words};
