//! `fleet backfill`: what rows of earlier releases are found by, read from their own bytes, a few at a time.

use std::time::Duration;

use closure_contract::{Job, facts::preconditions::Preconditions};
use closure_policy::{explain, number::meaning::JobNumber, rulebook::CompiledRulebook};
use closure_store::{BackfillOf, ReadRow, Store, UnreadRow};
use serde_json::json;
use tracing::info;

use super::{Failure, Invocation, opening::open_rules, show_as};
use crate::{cli::Backfill, config, lifecycle::Lifecycle, output};

/// A row that a worker has in hand is tried so often before it is left for another run.
const TRIES_MAX: usize = 20;
/// So many batches are between two words about how far it has come.
const TOLD_EVERY: usize = 1_000;

/// Walks the deliveries and then the letters; one that was cut goes on where it was.
pub async fn run(invocation: &Invocation, asked: &Backfill) -> Result<(), Failure> {
    let (database, rulebook, refresh) = config::load(invocation.config.as_ref(), |source| {
        (config::database(source), config::rulebook(source), config::templates_refresh(source))
    })?;
    let store = Store::new(database)?;
    store.register_hash_keys().await?;
    let Some(rules) = open_rules(rulebook, &store, refresh, &Lifecycle::default()).await? else {
        return Ok(());
    };
    let rulebook = rules.current().await;
    let (mut written, mut left) = (0, 0);
    for of in [BackfillOf::Deliveries, BackfillOf::Letters] {
        let walked = Walk { store: &store, rulebook: &rulebook, asked, of }.run().await?;
        written += walked.written;
        left += walked.left;
    }
    show_as(invocation.style, &json!({ "written": written, "left": left }), |_| {
        output::line(format!("{written} rows can be found by what they are about now"));
        if left > 0 {
            output::line(format!("{left} were in a worker's hand all the time; run it once more"));
        }
    });
    Ok(())
}

/// A walk over one table.
struct Walk<'a> {
    store: &'a Store,
    rulebook: &'a CompiledRulebook,
    asked: &'a Backfill,
    of: BackfillOf,
}

/// What a walk came to.
#[derive(Default)]
struct Walked {
    written: usize,
    left: usize,
}

impl Walk<'_> {
    async fn run(&self) -> Result<Walked, Failure> {
        let before = self.store.backfill_progress(self.of).await?;
        let mut after = match before {
            Some(_) if self.asked.again => String::new(),
            Some(progress) if progress.ended_at.is_none() => progress.done_to,
            Some(_) => return Ok(Walked::default()),
            None => String::new(),
        };
        let mut resume = after.clone();
        let (mut walked, mut batches) = (Walked::default(), 0_usize);
        loop {
            let unread = self.store.unread_rows(self.of, &after, self.asked.batch).await?;
            let Some(end) = unread.end else { break };
            let (written, left) = self.write(unread.rows).await?;
            walked.written += written;
            walked.left += left;
            // A walk that is cut goes on before the first row that it left, so that none is passed by.
            if walked.left == 0 {
                resume.clone_from(&end);
            }
            self.store.note_backfill(self.of, &resume, written, false).await?;
            after = end;
            batches += 1;
            if batches.is_multiple_of(TOLD_EVERY) {
                info!(of = self.of.as_str(), written = walked.written, "reading rows of earlier releases");
            }
            tokio::time::sleep(Duration::from_millis(self.asked.pause_ms)).await;
        }
        // What was left is looked for again: the walk has not ended.
        self.store.note_backfill(self.of, &resume, 0, walked.left == 0).await?;
        Ok(walked)
    }

    /// Writes a batch, its rows in a worker's hand a little later; how many were written and how many left.
    async fn write(&self, rows: Vec<UnreadRow>) -> Result<(usize, usize), Failure> {
        let mut open: Vec<ReadRow> = rows.into_iter().filter_map(|row| self.read(row)).collect();
        let all = open.len();
        for _ in 0..TRIES_MAX {
            if open.is_empty() {
                break;
            }
            let written = self.store.write_facts(self.of, &open).await?;
            open.retain(|row| !written.contains(&row.row.key));
            if !open.is_empty() {
                tokio::time::sleep(Duration::from_millis(self.asked.pause_ms)).await;
            }
        }
        Ok((all - open.len(), open.len()))
    }

    /// What policy reads of a row; of a delivery whose job cannot be read there is nothing to write.
    fn read(&self, row: UnreadRow) -> Option<ReadRow> {
        let job = Job::decode(&row.body).ok();
        if job.is_none() && self.of == BackfillOf::Deliveries {
            return None;
        }
        let found_by = job.as_ref().map(|job| {
            let number = JobNumber::of(job, self.rulebook.rules());
            explain::decide(job, &number, self.rulebook, &Preconditions::default(), row.at).found_by
        });
        let consultation_id = job.map(|job| job.consultation().id.clone());
        Some(ReadRow { row, found_by: found_by.unwrap_or_default(), consultation_id })
    }
}
