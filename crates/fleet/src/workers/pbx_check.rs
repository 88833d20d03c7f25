//! Whether calls can work: the PBX is asked, and the record of a call that rings nobody must arrive.

use std::{sync::Arc, time::Duration};

use closure_contract::{ClientRef, Timestamp, facts::calls::CallEvent};
use closure_policy::dial::record::{CheckProgress, read_check};
use closure_providers::{AriDial, PbxFault};
use closure_store::{RecordFault, Store, StoreError};
use tracing::info;
use uuid::Uuid;

use crate::{
    lifecycle::{Lifecycle, Rest},
    services::Service,
};

/// Between two looks for the record of the check.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A record's times may be off by so much: the PBX's dialplan holds its own clock against the time of a click, which is
/// fresh for half a minute.
const CLOCK_DIFFERENCE_S_MAX: i64 = 5;
/// Every zone is a whole number of these from every other.
const ZONE_STEP_S: i64 = 900;
/// While something is wrong the role looks again after so long, and after twice as long each time: every look leaves
/// rows in the record of calls.
const AGAIN_AFTER: Duration = Duration::from_secs(5);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(300);

/// What stands in the way of calls, in words that say what to do.
#[derive(Debug, thiserror::Error)]
pub enum PbxProblem {
    /// ARI or what it tells.
    #[error("{0}")]
    Pbx(#[from] PbxFault),
    /// The table that takes the record of calls.
    #[error("{0}")]
    Record(RecordFault),
    /// The PBX has no such dialplan.
    #[error(
        "the PBX has no extension closure-check in the context of dial.ari.context: load deploy/asterisk/extensions.conf \
         there, or correct the context"
    )]
    NoDialplan,
    /// Nothing of the call came into the table.
    #[error(
        "the PBX writes no record of a call into the table cel of this database: compare hostname, dbname, user and \
         password in its cel_pgsql.conf and the events in its cel.conf; where the database was away when Asterisk \
         started, type `module unload cel_pgsql.so` and `module load cel_pgsql.so` at its console"
    )]
    NoRecord,
    /// The times of the record are those of another zone.
    #[error("the times in the table cel are off by {0} s: write `usegmtime=yes` in the PBX's cel_pgsql.conf")]
    Zone(i64),
    /// The PBX's clock and ours differ.
    #[error(
        "the PBX's clock differs from this host's by {0} s, so that it takes fresh clicks for stale ones, or stale ones for \
         fresh: synchronise both (chrony or systemd-timesyncd)"
    )]
    Clock(i64),
    /// The database cannot be asked.
    #[error("{0}")]
    Database(#[from] StoreError),
}

pub struct PbxCheck {
    pub ari: Arc<AriDial>,
    /// Where its record of calls has to arrive.
    pub store: Store,
    /// How long the record may take, in milliseconds.
    pub record_wait_ms: u64,
}

impl PbxCheck {
    /// Looks at everything; the first thing that is wrong hides what comes after it.
    pub async fn look(&self) -> Result<(), PbxProblem> {
        self.ari.check().await?;
        if let Some(fault) = self.store.record_faults().await?.into_iter().next() {
            return Err(PbxProblem::Record(fault));
        }
        let (check, asked_at) = (ClientRef(Uuid::new_v4()), Timestamp::now());
        self.ari.call_check(check).await.map_err(PbxFault::from)?;
        self.record(check, asked_at).await
    }

    async fn record(&self, check: ClientRef, asked_at: Timestamp) -> Result<(), PbxProblem> {
        let channel_id = check.to_string();
        let begun = tokio::time::Instant::now();
        let patience = Duration::from_millis(self.record_wait_ms);
        loop {
            let events = self.store.call_events(&channel_id).await?;
            match read_check(&channel_id, &events) {
                CheckProgress::Well => return in_time(&events, asked_at),
                CheckProgress::NoDialplan => return Err(PbxProblem::NoDialplan),
                CheckProgress::Unrecorded if begun.elapsed() >= patience => return Err(PbxProblem::NoRecord),
                CheckProgress::Unrecorded => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Looks as the role starts, and again while something is wrong; what is wrong is logged and told as health.
    pub async fn watch(self, lifecycle: Lifecycle) {
        let mut asking = lifecycle.services.ask(Service::Pbx);
        let mut pause = AGAIN_AFTER;
        loop {
            let looked = tokio::select! {
                looked = self.look() => looked,
                () = lifecycle.stop.cancelled() => return,
            };
            match looked {
                Ok(()) => {
                    asking.answered();
                    info!("the PBX is set up for calls, and their record arrives");
                    return;
                }
                Err(problem) => asking.failed(&problem),
            }
            if lifecycle.rest(pause).await == Rest::Stopped {
                return;
            }
            pause = (pause * 2).min(AGAIN_AFTER_MAX);
        }
    }
}

/// The check takes no time at the PBX, so that its first event is as old as the request.
fn in_time(events: &[CallEvent], asked_at: Timestamp) -> Result<(), PbxProblem> {
    let first = events.iter().map(|event| event.at).min().unwrap_or(asked_at);
    let difference_s = (first.0 - asked_at.0).whole_seconds();
    let from_zone_s = (difference_s + ZONE_STEP_S / 2).rem_euclid(ZONE_STEP_S) - ZONE_STEP_S / 2;
    match (difference_s.abs() <= CLOCK_DIFFERENCE_S_MAX, from_zone_s.abs() <= CLOCK_DIFFERENCE_S_MAX) {
        (true, _) => Ok(()),
        (false, true) => Err(PbxProblem::Zone(difference_s)),
        (false, false) => Err(PbxProblem::Clock(difference_s)),
    }
}

#[cfg(test)]
mod tests {
    use closure_contract::{FailureCode, facts::calls::CallEventKind};
    use closure_providers::SendFailure;

    use super::*;

    const RUNBOOK: &str = include_str!("../../../../docs/runbook.md");

    /// The words by which the runbook knows a problem; what ARI itself refuses has a code, and a row of that.
    fn words(problem: &PbxProblem) -> String {
        match problem {
            PbxProblem::Pbx(PbxFault::Unreachable(_)) => "the PBX gave no answer".to_owned(),
            PbxProblem::Pbx(PbxFault::Said(said)) => said.code.to_string(),
            PbxProblem::Pbx(PbxFault::ReadOnly) => "the ARI user may only read".to_owned(),
            PbxProblem::Pbx(PbxFault::NoRecorder) => "cel_pgsql.so does not run".to_owned(),
            PbxProblem::Record(RecordFault::NoTable) => "the table cel is not there".to_owned(),
            PbxProblem::Record(RecordFault::Column { .. }) => "the table cel has no column".to_owned(),
            PbxProblem::NoDialplan => "no extension closure-check".to_owned(),
            PbxProblem::NoRecord => "writes no record of a call".to_owned(),
            PbxProblem::Zone(_) => "the times in the table cel are off".to_owned(),
            PbxProblem::Clock(_) => "the PBX's clock differs from this host's".to_owned(),
            // Its words are those of everything that asks the database.
            PbxProblem::Database(_) => "words of the database".to_owned(),
        }
    }

    #[test]
    fn the_runbook_has_a_row_for_each_thing_that_stands_in_the_way_of_calls() {
        let said = |code| PbxProblem::from(PbxFault::Said(SendFailure::new(code, "the PBX said so")));
        let column = RecordFault::Column { column: "extra".to_owned(), wanted: "text".to_owned() };
        let mut problems = vec![
            PbxProblem::Pbx(PbxFault::Unreachable("no connection")),
            PbxProblem::Pbx(PbxFault::ReadOnly),
            PbxProblem::Pbx(PbxFault::NoRecorder),
            PbxProblem::Record(RecordFault::NoTable),
            PbxProblem::Record(column),
            PbxProblem::NoDialplan,
            PbxProblem::NoRecord,
            PbxProblem::Zone(32_400),
            PbxProblem::Clock(40),
        ];
        problems.extend(
            [
                FailureCode::PbxUnavailable,
                FailureCode::PbxAuth,
                FailureCode::PbxRefused,
                FailureCode::PbxWithoutAri,
                FailureCode::PbxTakesNoCalls,
                FailureCode::PhoneTechnologyUnknown,
            ]
            .map(said),
        );
        for problem in problems {
            let (said, words) = (problem.to_string(), words(&problem));
            assert!(said.contains(&words), "it says `{said}`");
            let row = format!("| `{words}`");
            assert!(RUNBOOK.contains(&row), "the runbook has no row {row}");
        }
    }

    fn off_by(seconds: i64) -> Result<(), PbxProblem> {
        let asked_at = Timestamp::now();
        let by = Duration::from_secs(seconds.unsigned_abs());
        let shown = if seconds < 0 { asked_at.0 - by } else { asked_at.0 + by };
        let event = |late| CallEvent {
            kind: CallEventKind::ChanStart,
            unique_id: "check".to_owned(),
            linked_id: "check".to_owned(),
            at: Timestamp(shown + Duration::from_secs(late)),
            extra: None,
        };
        in_time(&[event(1), event(0)], asked_at)
    }

    #[test]
    fn a_clock_that_would_judge_clicks_wrongly_and_a_zone_that_is_none_of_ours_are_told_apart() {
        for seconds in [0, 4, -4] {
            assert!(off_by(seconds).is_ok(), "{seconds}");
        }
        for seconds in [40, -40, 600, 3_000] {
            assert!(matches!(off_by(seconds), Err(PbxProblem::Clock(_))), "{seconds}");
        }
        for seconds in [9 * 3_600, -5 * 3_600, 20_700, 9 * 3_600 + 2] {
            assert!(matches!(off_by(seconds), Err(PbxProblem::Zone(_))), "{seconds}");
        }
    }
}
