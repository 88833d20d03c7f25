//! Whether calls can work: the PBX is asked, and the record of a call that rings nobody must arrive.

use std::{sync::Arc, time::Duration};

use closure_contract::{ClientRef, Timestamp};
use closure_policy::call::{CallEvent, CheckStory, read_check};
use closure_providers::{AriDial, PbxFault};
use closure_store::{RecordFault, Store, StoreError};
use tracing::info;
use uuid::Uuid;

use super::call_watch::event;
use crate::{lifecycle::Lifecycle, services::Service};

/// Between two looks for the record of the check.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A record's times may be off by so much before something must be wrong with their zone.
const CLOCK_DIFFERENCE_S_MAX: i64 = 600;
/// While something is wrong the role looks again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

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
    Clock(i64),
    /// The database cannot be asked.
    #[error("{0}")]
    Database(#[from] StoreError),
}

/// Who looks.
pub struct PbxCheck {
    /// The PBX.
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
        let check = ClientRef(Uuid::new_v4());
        self.ari.call_check(check).await.map_err(PbxFault::from)?;
        self.record(check).await
    }

    async fn record(&self, check: ClientRef) -> Result<(), PbxProblem> {
        let channel_id = check.to_string();
        let begun = tokio::time::Instant::now();
        let patience = Duration::from_millis(self.record_wait_ms);
        loop {
            let rows = self.store.call_events(&channel_id).await?;
            let events: Vec<CallEvent> = rows.into_iter().map(event).collect();
            match read_check(&channel_id, &events) {
                CheckStory::Well => return in_time(&events),
                CheckStory::NoDialplan => return Err(PbxProblem::NoDialplan),
                CheckStory::Unrecorded if begun.elapsed() >= patience => return Err(PbxProblem::NoRecord),
                CheckStory::Unrecorded => tokio::time::sleep(LOOK_EVERY).await,
            }
        }
    }

    /// Looks as the role starts, and again while something is wrong; what is wrong is logged and told as health.
    pub async fn watch(self, lifecycle: Lifecycle) {
        let mut asking = lifecycle.services.ask(Service::Pbx);
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
            tokio::select! {
                () = tokio::time::sleep(AGAIN_AFTER) => {}
                () = lifecycle.stop.cancelled() => return,
            }
        }
    }
}

fn in_time(events: &[CallEvent]) -> Result<(), PbxProblem> {
    let now = Timestamp::now();
    let difference_s = events.iter().map(|event| (event.at.0 - now.0).whole_seconds()).next().unwrap_or(0);
    if difference_s.abs() > CLOCK_DIFFERENCE_S_MAX { Err(PbxProblem::Clock(difference_s)) } else { Ok(()) }
}
