#![warn(missing_docs, unreachable_pub)]
#![doc = include_str!("../README.md")]

mod calls;
mod contacts;
mod database;
mod dead_letters;
mod delivery;
mod error;
mod finding;
mod gateways;
mod history;
mod people;
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
pub use calls::{OpenCall, RecordFault};
pub use contacts::cancellations::{CANCELLED_JOBS_MAX, CancelledJob, CancelledJobs};
pub use contacts::caps::{CapGrant, Contact, Tried};
pub use contacts::suppression::{ListChange, NewSuppression, Suppression, SuppressionSource};
pub use database::json_text::JsonText;
pub use database::rights::{Missing, RIGHTS};
pub use database::session::NotInForce;
pub use database::settings::{Planning, RemotePlaintext, StoreSettings};
pub use dead_letters::deed::{LetterChange, LetterDeed, ReplayError};
pub use dead_letters::editions::{DeathHistory, EditionHistory, LetterEdition};
pub use dead_letters::record::RecordedLetter;
pub use dead_letters::reopen::Reopened;
pub use dead_letters::replay::{GivenUp, Replay};
pub use dead_letters::{
    DeadLetter, DeadLetterAction, DeadLetterFilter, DeadLetterId, DeadLetterState, DeadLetterSummary,
    NewDeadLetter,
};
pub use delivery::claim::{Claim, Doubt, Grant, NewClaim};
pub use delivery::delayed::NotHome;
pub use delivery::ending::{AttemptUse, Ending, FinalState};
pub use delivery::leases::{Lease, Renewal};
pub use delivery::owed::{Debt, LongOwed};
pub use delivery::postponed::{NewPostponement, Postponed};
pub use delivery::returns::{JobReturn, Returning};
pub use delivery::settle::{EarlyReceipts, Settled, Settlement};
pub use delivery::snapshot::Snapshot;
pub use delivery::state::{DeliveryPhase, DeliveryState};
pub use delivery::sweep_work::SweepWork;
pub use error::StoreError;
pub use finding::backfill::{BackfillOf, BackfillProgress, ReadRow, UnreadRow, UnreadRows};
pub use finding::counts::{CountBy, CountedDeliveries, Counting};
pub use finding::find::{FoundDelivery, FoundPage, PageEnd, Search, SearchAnchor};
pub use finding::keys::{HashKeyNumber, HashKeyReport, HashKeys, NoHashKeys};
pub use gateways::circuits::{OpenCircuit, Opened, OpenedBy};
pub use gateways::fallback_hold::{EmailsOnHold, FallbackHoldRow, Moved, RELEASE_LOOK_MS};
pub use gateways::rates::Slots;
pub use gateways::scope::GatewayScope;
pub use history::summary::{ConsultationSummary, EarlierWord, JobSummary};
pub use history::{AttemptHistory, DeadLetterHistory, JobHistory, ReceiptHistory, StateCount};
pub use people::{
    ActorProof, AuditFilter, AuditRow, AuditSummary, AuditVerdict, ChainBreak, ChainCheck, NewAudit, NewUser,
    Right, Subject, User, UserChange, UserError, UserId, UserState,
};
pub use receipts::bounces::{BounceEffect, Bounced, NewBounce, ReportedMail, UnreadMail};
pub use receipts::inbox::{AnothersReceipts, Recorded};
pub use receipts::inquiries::Unheard;
pub use receipts::update::{DeliveryFacts, DeliveryUpdate, Evaluated, FallbackRow, NewFallback, Owed};
pub use store::Store;
pub use templates::changes::{Added, Deed, NewTemplate, TemplateChange, TemplateError};
pub use templates::{StoredTemplate, TemplateAction, TemplateRegister, TemplateState};

/// Filter directives that keep the pool from writing a line for each connection that it finds broken: our own errors say
/// it once.
pub const LOG_DIRECTIVES: &[&str] = &["deadpool=off"];
