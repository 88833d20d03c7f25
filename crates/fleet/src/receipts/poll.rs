//! Asking for receipts, for where a gateway's webhook cannot reach the intake.
//!
//! What was pulled counts as read once the broker has confirmed it: until then it is published again and again, and the
//! window does not move.
//! A process that dies in between may have taken reports that a gateway gives out once, so that its successor begins
//! with what the gateway's logs still show; a receipt that is on record already changes nothing.
//! What even the logs do not show is overdue in the end, and an email answers.

use std::{collections::HashSet, time::Duration};

use closure_broker::{OutMessage, Publisher};
use closure_contract::Timestamp;
use closure_providers::{More, Opened, ReceiptPull};
use futures::FutureExt as _;
use tracing::{error, info, warn};

use super::intake;
use crate::{
    lifecycle::{Lifecycle, Rest},
    runtime::{self, Interrupted, Unpublished},
    services::Service,
};

/// How far the first look reaches back; NHN's windows have at most a day.
const FIRST_WINDOW: Duration = Duration::from_secs(23 * 3_600);
/// Windows overlap by so much, because a gateway may show a result later than its time says.
const OVERLAP: Duration = Duration::from_secs(300);
/// So many receipts are published together.
const PUBLISHED_MAX: usize = 500;

/// Asks one gateway again and again.
pub struct Poll {
    pub source: ReceiptPull,
    pub pause: Duration,
    pub publisher: Publisher,
    pub lifecycle: Lifecycle,
}

impl Poll {
    /// Asks until the process is told to stop.
    pub async fn run(self) {
        let provider = self.source.provider();
        info!(%provider, "asking for receipts");
        // Nobody else asks: a fault of ours over one answer must not end the questions.
        while let Err(_panic) = std::panic::AssertUnwindSafe(self.ask_until_stopped()).catch_unwind().await {
            error!(%provider, "asking for receipts panicked; it begins again after a pause");
            if self.lifecycle.rest(self.pause).await == Rest::Stopped {
                return;
            }
        }
    }

    async fn ask_until_stopped(&self) {
        if self.ask().await.is_err() {
            warn!(provider = %self.source.provider(), "stopped before every receipt in hand was kept");
        }
    }

    async fn ask(&self) -> Result<(), Interrupted> {
        let mut since = Timestamp(Timestamp::now().0 - FIRST_WINDOW);
        let mut recalled = Recalled::NotYet;
        let mut asking = self.lifecycle.services.ask(Service::ReceiptPull);
        // What the last window brought: the next one overlaps with it, and shows most of that again.
        let mut known = HashSet::new();
        while !self.lifecycle.stop.is_cancelled() {
            if recalled == Recalled::NotYet {
                recalled = self.recall(since).await?;
            }
            let now = Timestamp::now();
            match self.source.pull(since, now).await {
                Ok((mut opened, more)) => {
                    asking.answered();
                    let shown = opened.receipts.iter().map(|one| one.receipt_id.clone()).collect();
                    opened.receipts.retain(|receipt| !known.contains(&receipt.receipt_id));
                    self.keep(opened).await?;
                    known = shown;
                    since = Timestamp((now.0 - OVERLAP).max(since.0));
                    if more == More::AtOnce {
                        continue;
                    }
                }
                Err(problem) => {
                    asking.failed(&format_args!("{}: {problem}", self.source.provider()));
                    since = Timestamp(since.0.max(now.0 - FIRST_WINDOW));
                }
            }
            self.lifecycle.rest(self.pause).await;
        }
        Ok(())
    }

    async fn recall(&self, since: Timestamp) -> Result<Recalled, Interrupted> {
        match self.source.recall(since, Timestamp::now()).await {
            Ok(mut opened) => {
                let cut_short = opened.cut_short.take();
                self.keep(opened).await?;
                match cut_short {
                    None => Ok(Recalled::Done),
                    Some(problem) => {
                        warn!(provider = %self.source.provider(), %problem, "the gateway's logs could not be read to their end");
                        Ok(Recalled::NotYet)
                    }
                }
            }
            Err(problem) => {
                warn!(provider = %self.source.provider(), %problem, "the gateway's logs could not be read");
                Ok(Recalled::NotYet)
            }
        }
    }

    async fn keep(&self, opened: Opened) -> Result<(), Interrupted> {
        if opened.unreadable > 0 {
            warn!(provider = %self.source.provider(), unreadable = opened.unreadable, "some receipts could not be read");
        }
        let messages: Vec<OutMessage> = opened.receipts.into_iter().map(intake::message).collect();
        for part in messages.chunks(PUBLISHED_MAX) {
            match runtime::publish(&self.publisher, part.to_vec(), &self.lifecycle).await {
                // What can never be published is in the log; the receipts behind it must not wait for it.
                Ok(()) | Err(Unpublished::Never) => {}
                Err(Unpublished::Interrupted) => return Err(Interrupted::Left),
            }
        }
        Ok(())
    }
}

/// Whether the logs were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recalled {
    NotYet,
    Done,
}
