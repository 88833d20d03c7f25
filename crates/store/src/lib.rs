#![warn(missing_docs, unreachable_pub)]
#![doc = include_str!("../README.md")]

mod calls;
mod contacts;
mod database;
mod dead_letters;
mod delivery;
mod error;
mod gateways;
mod history;
mod receipts;
mod store;
mod templates;
#[cfg(test)]
#[expect(dead_code, reason = "the plans need a part of what the tests share")]
#[path = "../tests/store/support/database.rs"]
mod test_database;

// The tests' own database is written as a user of this crate has it.
#[cfg(test)]
extern crate self as closure_store;

pub use calls::placing::{AgentCall, NewCall, Placing};
pub use calls::{CelRow, OpenCall, RecordFault};
pub use contacts::cancellations::{CANCELLED_JOBS_MAX, CancelledJob, CancelledJobs, Undone};
pub use contacts::caps::{CapGrant, CapKey, CapKind, Contact, Limit};
pub use contacts::preconditions::{CapWindow, PreconditionFacts, PreconditionQuery};
pub use contacts::suppression::{ListChange, NewSuppression, Recipient, Suppression, SuppressionSource};
pub use database::rights::{Missing, RIGHTS};
pub use database::session::NotInForce;
pub use database::settings::{RemotePlaintext, StoreSettings};
pub use dead_letters::record::RecordedLetter;
pub use dead_letters::replay::{Replay, ReplayError};
pub use dead_letters::{
    DeadLetter, DeadLetterAction, DeadLetterFilter, DeadLetterId, DeadLetterState, DeadLetterSummary,
    NewDeadLetter,
};
pub use delivery::claim::{Claim, Doubt, Grant, Lease, NewClaim};
pub use delivery::delayed::NotHome;
pub use delivery::leases::Renewal;
pub use delivery::owed::{Debt, LongOwed};
pub use delivery::postponed::{NewPostponement, Postponed};
pub use delivery::returns::{JobReturn, Returning};
pub use delivery::settle::{AttemptUse, EarlyReceipts, Ending, FinalState, Settled, Settlement};
pub use delivery::snapshot::Snapshot;
pub use delivery::state::DeliveryState;
pub use error::StoreError;
pub use gateways::circuits::{OpenCircuit, Opened, OpenedBy};
pub use gateways::fallback_hold::{Counts, EmailsOnHold, FallbackHoldRow, HalfLives, Moved};
pub use gateways::rates::Slots;
pub use gateways::scope::GatewayScope;
pub use gateways::usage::Usage;
pub use history::summary::{ConsultationSummary, EarlierWord, JobSummary};
pub use history::{AttemptHistory, DeadLetterHistory, JobHistory, ReceiptHistory, StateCount};
pub use receipts::bounces::{BounceEffect, Bounced, NewBounce, ReportedMail, UnreadMail};
pub use receipts::inbox::{AnothersReceipts, Recorded};
pub use receipts::inquiries::Unheard;
pub use receipts::update::{
    DeliveryFacts, DeliveryUpdate, Evaluated, FallbackRow, NewFallback, Owed, ReceiptRow,
};
pub use store::Store;
pub use templates::changes::{Added, Deed, NewTemplate, TemplateChange, TemplateError};
pub use templates::{StoredTemplate, TemplateAction, TemplateRegister, TemplateState};

/// Filter directives that keep the pool from writing a line for each connection that it finds broken: our own errors say
/// it once.
pub const LOG_DIRECTIVES: &[&str] = &["deadpool=off"];
