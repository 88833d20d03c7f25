//! How an attempt ended, with everything that follows from it in the same commit.

use std::{collections::HashMap, fmt};

use closure_contract::{AttemptNumber, Evidence, FailureCode, Generation, JobId};
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use super::{claim::Lease, settle_sql::SETTLE, snapshot::Snapshot};
use crate::{
    database::{
        batch::Batch,
        pool::Database,
        row::{Columns, int, millis},
        text,
    },
    error::StoreError,
    store::Store,
};

/// What became of a claimed attempt.
#[derive(Clone)]
pub struct Settlement {
    /// The right to say so.
    pub lease: Lease,
    /// The generation that was claimed.
    pub generation: Generation,
    /// The attempt that was made.
    pub attempt: AttemptNumber,
    /// How it ended.
    pub ending: Ending,
    /// Every rule that had a say, where it is more than the claim said.
    pub rules: Option<Value>,
    /// The record of a call.
    pub call: Option<Value>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// The provider took it, and the end is still to come.
    Accepted {
        /// The provider's own reference.
        provider_ref: Option<String>,
        /// After this time silence counts as an answer.
        receipt_due_in_ms: Option<u64>,
        /// The sender that the provider says a text message has, where a look-up told it.
        reported_sender: Option<String>,
    },
    /// It has come to its end.
    Final {
        /// Which one.
        state: FinalState,
        /// Why, as a code.
        code: Option<FailureCode>,
        /// Why, for people.
        detail: Option<String>,
        /// What a `delivered` is worth.
        evidence: Evidence,
        /// The provider's own reference.
        provider_ref: Option<String>,
        /// Whether a provider was tried at all.
        attempt_use: AttemptUse,
    },
    /// It failed, and a retry is on its way.
    Waiting {
        /// Why, as a code.
        code: FailureCode,
        /// Why, for people.
        detail: String,
    },
    /// The request may have reached the customer; the next claim finds out.
    InDoubt {
        /// Why, as a code.
        code: FailureCode,
        /// Why, for people.
        detail: String,
        /// How often the provider was asked by now, and knew nothing.
        lookups: u32,
    },
    /// It waits for a person; the dead letter is written in the same commit.
    Dead {
        /// Why, as a code.
        code: FailureCode,
        /// Why, for people.
        detail: String,
        /// The work queue that the message belongs to.
        queue: &'static str,
        /// The routing key that leads there.
        routing_key: &'static str,
        /// Whether a provider was tried at all.
        attempt_use: AttemptUse,
    },
    /// It was put off before anything was tried: the attempt leaves no row, and its number is free again.
    ///
    /// Where an older attempt is in doubt, the delivery stays in doubt.
    GivenBack {
        /// Why, as a code; nothing has failed where its time has not come.
        code: Option<FailureCode>,
        /// Why, for people.
        detail: String,
    },
}

/// The ends that an attempt may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FinalState {
    /// The mail server took it.
    Accepted,
    /// It arrived; a call was answered.
    Delivered,
    /// It did not arrive; a call was not answered.
    Undelivered,
    /// Nobody will ever tell.
    Unknown,
    /// It was never sent.
    Refused,
    /// It was too late to send.
    Expired,
    /// A newer answer took its place.
    Superseded,
    /// It was called back.
    Cancelled,
}

/// Whether a provider was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttemptUse {
    /// It was, or it may have been.
    Spent,
    /// Our own rules refused it: the attempt leaves no row.
    GivenBack,
}

/// Whether a receipt of this generation was there before the settlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EarlyReceipts {
    /// None is on record.
    None,
    /// At least one is on record.
    Some,
}

/// The answer to a settlement.
#[derive(Debug, Clone, PartialEq)]
pub enum Settled {
    /// It is on record.
    ///
    /// Where a receipt had raised the delivery before, the snapshot keeps that state whatever the ending said.
    Done {
        /// The delivery as it stands now.
        snapshot: Box<Snapshot>,
        /// Whether a receipt came before.
        early_receipts: EarlyReceipts,
    },
    /// Another holds the delivery by now; nothing was written.
    LeaseLost,
}

impl Store {
    /// Puts the end of an attempt on record; concurrent settlements share one commit.
    ///
    /// After an error the settlement may be asked for again as it is: where the first one was written, the answer is
    /// the one that was lost, so that what follows from it is told.
    pub async fn settle(&self, settlement: Settlement) -> Result<Settled, StoreError> {
        self.settlements.ask(Change::of(settlement)).await
    }
}

/// A settlement as the statement's columns.
pub(crate) struct Change {
    lease: Lease,
    generation: Generation,
    attempt: AttemptNumber,
    ending: &'static str,
    state: &'static str,
    attempt_state: Option<&'static str>,
    code: Option<&'static str>,
    detail: Option<String>,
    evidence: Option<&'static str>,
    provider_ref: Option<String>,
    receipt_due_ms: Option<i64>,
    lookups: Option<i32>,
    rules: Option<Value>,
    call: Option<Value>,
    queue: Option<&'static str>,
    routing_key: Option<&'static str>,
    sender_reported: Option<String>,
}

impl Change {
    fn of(settlement: Settlement) -> Self {
        let Settlement { lease, generation, attempt, ending, rules, call } = settlement;
        let blank = Self {
            lease,
            generation,
            attempt,
            ending: "final",
            state: "in_doubt",
            attempt_state: None,
            code: None,
            detail: None,
            evidence: None,
            provider_ref: None,
            receipt_due_ms: None,
            lookups: None,
            rules: rules.map(text::json),
            call: call.map(text::json),
            queue: None,
            routing_key: None,
            sender_reported: None,
        };
        match ending {
            Ending::Accepted { provider_ref, receipt_due_in_ms, reported_sender } => Self {
                ending: "accepted",
                state: "accepted",
                attempt_state: Some("accepted"),
                provider_ref: provider_ref.as_deref().map(text::reference),
                receipt_due_ms: receipt_due_in_ms.map(millis),
                sender_reported: reported_sender.as_deref().map(text::reference),
                ..blank
            },
            Ending::Final { state, code, detail, evidence, provider_ref, attempt_use } => Self {
                state: state.as_str(),
                attempt_state: attempt_state(state, code, attempt_use),
                code: code.map(FailureCode::as_str),
                detail: text::optional(detail.as_deref()),
                evidence: Some(evidence.as_str()),
                provider_ref: provider_ref.as_deref().map(text::reference),
                ..blank
            },
            Ending::Waiting { code, detail } => {
                Self { ending: "waiting", state: "waiting", attempt_state: Some("failed"), ..blank }
                    .why(code, &detail)
            }
            Ending::InDoubt { code, detail, lookups } => Self {
                ending: "in_doubt",
                attempt_state: Some("in_doubt"),
                lookups: Some(int(lookups)),
                ..blank
            }
            .why(code, &detail),
            Ending::Dead { code, detail, queue, routing_key, attempt_use } => Self {
                ending: "dead",
                state: "dead",
                attempt_state: match attempt_use {
                    AttemptUse::Spent => Some("failed"),
                    AttemptUse::GivenBack => None,
                },
                queue: Some(queue),
                routing_key: Some(routing_key),
                ..blank
            }
            .why(code, &detail),
            Ending::GivenBack { code, detail } => Self {
                ending: "given_back",
                code: code.map(FailureCode::as_str),
                detail: Some(text::detail(&detail)),
                ..blank
            },
        }
    }

    fn why(self, code: FailureCode, detail: &str) -> Self {
        Self { code: Some(code.as_str()), detail: Some(text::detail(detail)), ..self }
    }
}

/// What a final end says about the attempt; nothing where none was made.
fn attempt_state(
    state: FinalState,
    code: Option<FailureCode>,
    attempt_use: AttemptUse,
) -> Option<&'static str> {
    match (attempt_use, state, code) {
        (AttemptUse::GivenBack, _, _) => None,
        (AttemptUse::Spent, FinalState::Unknown, _) => Some("in_doubt"),
        (AttemptUse::Spent, _, None) => Some("accepted"),
        (AttemptUse::Spent, _, Some(_)) => Some("failed"),
    }
}

impl FinalState {
    /// The state in its column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The batched work.
pub(crate) struct Settlements(pub(crate) Database);

impl Batch for Settlements {
    type Item = Change;
    type Answer = Settled;

    fn key(item: &Change) -> JobId {
        item.lease.job_id
    }

    async fn run(&self, items: &[&Change]) -> Result<Vec<Settled>, StoreError> {
        let rows = self.rows(items).await?;
        let mut by_job: HashMap<Uuid, &Row> = HashMap::with_capacity(rows.len());
        for row in &rows {
            by_job.insert(Columns(row).get("job_id")?, row);
        }
        items
            .iter()
            .map(|change| by_job.get(&change.lease.job_id.0).map_or(Ok(Settled::LeaseLost), |row| done(row)))
            .collect()
    }
}

fn done(row: &Row) -> Result<Settled, StoreError> {
    let early_receipts =
        if Columns(row).get("early_receipts")? { EarlyReceipts::Some } else { EarlyReceipts::None };
    Ok(Settled::Done { snapshot: Box::new(Snapshot::read(row)?), early_receipts })
}

impl Settlements {
    async fn rows(&self, items: &[&Change]) -> Result<Vec<Row>, StoreError> {
        self.0
            .query(
                SETTLE,
                &[
                    &column(items, |change| change.lease.job_id.0),
                    &column(items, |change| change.lease.token),
                    &column(items, |change| int(change.generation.0)),
                    &column(items, |change| int(change.attempt.0)),
                    &column(items, |change| change.ending),
                    &column(items, |change| change.state),
                    &column(items, |change| change.attempt_state),
                    &column(items, |change| change.code),
                    &column(items, |change| change.detail.as_deref()),
                    &column(items, |change| change.evidence),
                    &column(items, |change| change.provider_ref.as_deref()),
                    &column(items, |change| change.receipt_due_ms),
                    &column(items, |change| change.lookups),
                    &column(items, |change| change.rules.as_ref()),
                    &column(items, |change| change.call.as_ref()),
                    &column(items, |change| change.queue),
                    &column(items, |change| change.routing_key),
                    &column(items, |change| change.sender_reported.as_deref()),
                ],
            )
            .await
    }
}

fn column<'a, T>(items: &[&'a Change], of: impl Fn(&'a Change) -> T) -> Vec<T> {
    items.iter().map(|change| of(change)).collect()
}

impl fmt::Debug for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settlement")
            .field("job_id", &self.lease.job_id)
            .field("generation", &self.generation)
            .field("attempt", &self.attempt)
            .field("ending", &self.ending)
            .finish_non_exhaustive()
    }
}
