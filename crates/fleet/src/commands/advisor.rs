//! `fleet advisor`: the process that answers the CRM's questions.

use std::time::Duration;

use closure_policy::rulebook::CompiledRulebook;
use closure_store::Store;

use super::{Failure, Invocation};
use crate::{
    advisor::{self, Answering},
    config::{self, AdvisorSettings},
    lifecycle::{Lifecycle, Signals},
};

/// After the hard stop, what is left has this long to end.
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// Answers questions until the process is told to stop; without a database it knows no approved template, and while one
/// is away it says so to whoever asks.
pub async fn run(invocation: &Invocation, signals: Signals) -> Result<(), Failure> {
    let (database, own) = config::load(invocation.config.as_ref(), |source| {
        (config::maybe_database(source), advisor_settings(source))
    })?;
    let (rulebook, refresh, settings, grace) = own;
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

/// What the advisor reads of the configuration besides the database.
pub(super) fn advisor_settings(
    source: &mut config::Source<'_>,
) -> (CompiledRulebook, Duration, Option<AdvisorSettings>, Duration) {
    (
        config::rulebook(source),
        config::templates_refresh(source),
        config::advisor(source),
        config::worker(source, None).grace,
    )
}
