//! `fleet advisor`: the process that answers the CRM's questions.

use std::time::Duration;

use closure_store::Store;

use super::{Failure, Invocation};
use crate::{
    advisor::{self, Answering},
    config,
    lifecycle::{Lifecycle, Signals},
};

/// After the hard stop, what is left has this long to end.
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// Answers questions until the process is told to stop; without a database it knows no approved template, and while one
/// is away it says so to whoever asks.
pub async fn run(invocation: &Invocation, signals: Signals) -> Result<(), Failure> {
    let (rulebook, database, refresh, settings, grace) =
        config::load(invocation.config.as_ref(), |source| {
            (
                config::rulebook(source),
                config::maybe_database(source),
                config::templates_refresh(source),
                config::advisor(source),
                config::worker(source, None).grace,
            )
        })?;
    let settings =
        settings.expect("a section that returns nothing has recorded an error, and loading failed");
    let lifecycle = Lifecycle::listen(signals, grace);
    let store = database.map(Store::new).transpose()?;
    let answering = Answering::new(&lifecycle);
    let answered =
        advisor::serve(settings.listen, settings.tokens, settings.limits, answering.clone(), &lifecycle);
    tokio::select! {
        answered = answered => {
            answered.map_err(|problem| Failure::Unavailable(format!("`advisor.listen`: {problem}")))?;
        }
        problem = answering.attend(rulebook, store, refresh, &lifecycle) => return Err(problem.into()),
    }
    lifecycle.finish(CLOSING_MAX).await;
    Ok(())
}
