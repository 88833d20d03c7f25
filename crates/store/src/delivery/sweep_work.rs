//! Whether there is anything for a sweep to do: one statement, which writes nothing, in place of one for each sort.

use super::state::in_flight_states;
use crate::{
    contacts::caps,
    database::{
        column_word::column_words,
        row::{Columns, millis},
    },
    error::StoreError,
    receipts::overdue::INBOX_MS,
    store::Store,
};

column_words! {
    /// What a sweep has to do.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum SweepWork: "sweep's work" {
        /// For [`Store::overdue`].
        Overdue = "overdue",
        /// For [`Store::match_inbox`].
        Inbox = "inbox",
        /// For [`Store::forget_tallies`].
        Tallies = "tallies",
        /// For [`Store::owed`].
        Owed = "owed",
        /// For [`Store::discard_due`].
        Discards = "discards",
    }
}

impl Store {
    /// What there is to do for a sweep that tells what has been owed for longer than this; while nothing happens, nothing.
    pub async fn sweep_work(&self, owed_older_than_ms: u64) -> Result<Vec<SweepWork>, StoreError> {
        let rows =
            self.database.query(WORK, &[&INBOX_MS, &caps::KEPT_MS, &millis(owed_older_than_ms)]).await?;
        rows.iter().map(|row| Columns(row).word("work")).collect()
    }
}

/// Each part asks for the first row alone that its own statement would take.
pub(crate) const WORK: &str = concat!(
    "
(SELECT 'overdue' AS work FROM delivery
WHERE channel = 'sms' AND look_at <= now()
    AND (state IN ('accepted', ",
    in_flight_states!(),
    ") OR held_since IS NOT NULL)
LIMIT 1)
UNION ALL
(SELECT 'inbox' FROM receipt WHERE inbox_since > now() - $1::bigint * interval '1 millisecond' LIMIT 1)
UNION ALL
(SELECT 'tallies' FROM contact_tally WHERE window_end < now() - $2::bigint * interval '1 millisecond' LIMIT 1)
UNION ALL
(SELECT 'discards' FROM dead_letter WHERE announce_at <= now() LIMIT 1)
UNION ALL
(SELECT 'owed' FROM owed WHERE looked_at <= now() - $3::bigint * interval '1 millisecond' LIMIT 1)"
);
