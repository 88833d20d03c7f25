#![doc = include_str!("../README.md")]

mod batch;
mod bounces;
mod brakes;
mod burial;
mod calls;
mod cancellations;
mod circuits;
mod claim;
mod claim_sql;
mod dead_letters;
mod error;
mod evaluate;
mod history;
mod homecoming;
mod hosts;
mod inquiries;
mod lane;
mod leases;
mod migrate;
mod overdue;
mod owed;
mod placing;
#[cfg(test)]
mod plans;
mod pool;
mod postponed;
mod rates;
mod receipts;
mod replay;
mod resend;
mod returns;
mod rights;
mod row;
mod session;
mod settings;
mod settle;
mod settle_sql;
mod snapshot;
mod standing;
mod state;
mod store;
mod summary;
mod suppression;
mod tally;
mod template_changes;
mod templates;
#[cfg(test)]
#[expect(dead_code, reason = "the plans need a part of what the tests share")]
#[path = "../tests/store/support/database.rs"]
mod test_database;
mod text;
mod usage;
mod verdict;

// The tests' own database is written as a user of this crate has it.
#[cfg(test)]
extern crate self as closure_store;

pub use bounces::{BounceEffect, Bounced, NewBounce, ReportedMail, UnreadMail};
pub use brakes::{BrakeRow, Counts, HalfLives, HeldEmails, Moved};
pub use burial::Buried;
pub use calls::{CelRow, OpenCall, RecordFault};
pub use cancellations::{CANCELLED_JOBS_MAX, CancelledJob, CancelledJobs, Undone};
pub use circuits::{OpenCircuit, Opened, OpenedBy};
pub use claim::{Claim, Lease, NewClaim};
pub use dead_letters::{
    DeadLetter, DeadLetterAction, DeadLetterFilter, DeadLetterId, DeadLetterState, DeadLetterSummary,
    NewDeadLetter,
};
pub use error::StoreError;
pub use history::{AttemptStory, DeadLetterStory, JobStory, ReceiptStory, StateCount};
pub use homecoming::NotHome;
pub use inquiries::Unheard;
pub use lane::Lane;
pub use leases::Renewal;
pub use owed::{Debt, LongOwed};
pub use placing::{AgentCall, NewCall, Placing};
pub use postponed::{NewPostponement, Postponed};
pub use rates::Slots;
pub use receipts::{AnothersReceipts, Recorded};
pub use replay::{Replay, ReplayError};
pub use returns::{JobReturn, Returning};
pub use rights::{Missing, RIGHTS};
pub use session::NotInForce;
pub use settings::{RemotePlaintext, StoreSettings};
pub use settle::{AttemptUse, EarlyReceipts, Ending, FinalState, Settled, Settlement};
pub use snapshot::Snapshot;
pub use standing::{StandingFacts, StandingQuestion, UsedWindow};
pub use state::DeliveryState;
pub use store::Store;
pub use summary::{ConsultationSummary, EarlierWord, JobSummary};
pub use suppression::{ListChange, NewSuppression, Recipient, Suppression, SuppressionSource};
pub use tally::{CapKind, Contact, Counted, Limit, Taken, Tried};
pub use template_changes::{Added, Deed, NewTemplate, TemplateChange, TemplateError};
pub use templates::{StoredTemplate, TemplateAction, TemplateRegister, TemplateState};
pub use usage::Usage;
pub use verdict::{DeliveryFacts, Evaluated, FallbackRow, NewFallback, Owed, ReceiptRow, Verdict};

/// Filter directives that keep the pool from writing a line for each connection that it finds broken: our own errors say
/// it once.
pub const LOG_DIRECTIVES: &[&str] = &["deadpool=off"];
