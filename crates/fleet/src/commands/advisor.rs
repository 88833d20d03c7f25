//! `fleet advisor`: the process that answers the CRM's questions.

use std::time::Duration;

use super::{Failure, Invocation};
use crate::{
    advisor, config,
    lifecycle::{Lifecycle, Signals},
};

/// After the hard stop, what is left has this long to end.
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// Answers questions until the process is told to stop; without a database it knows no approved template.
pub async fn run(invocation: &Invocation, signals: Signals) -> Result<(), Failure> {
    let (rulebook, database, refresh, settings, grace) =
        config::load(invocation.config.as_ref(), |source| {
            (
                config::rulebook(source),
                config::maybe_database(source),
                config::templates_refresh(source),
                config::advisor(source),
                config::courier(source, None).grace,
            )
        })?;
    let settings =
        settings.expect("a section that returns nothing has recorded an error, and loading failed");
    let lifecycle = Lifecycle::listen(signals, grace);
    let engine = tokio::select! {
        engine = super::engine(rulebook, database, refresh) => engine?,
        () = lifecycle.stop.cancelled() => return Ok(()),
    };
    advisor::serve(settings.listen, settings.tokens, settings.limits, engine, &lifecycle)
        .await
        .map_err(|problem| Failure::Unavailable(format!("`advisor.listen`: {problem}")))?;
    lifecycle.finish(CLOSING_MAX).await;
    Ok(())
}
