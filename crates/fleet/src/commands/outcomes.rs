//! `fleet outcomes`: what the CRM hears.

use closure_broker::mailbox::Mailbox;

use super::{Failure, Invocation};
use crate::{
    cli::Outcomes,
    config,
    lifecycle::{Lifecycle, Signals},
    output,
};

/// How long one wait for an outcome lasts before the signals are looked at.
const WAIT_MS: u64 = 1_000;

/// Prints outcomes until told to stop, or until `count` of them came.
pub async fn run(invocation: &Invocation, outcomes: &Outcomes, signals: Signals) -> Result<(), Failure> {
    let broker = config::load(invocation.config.as_ref(), |source| config::broker(source, "outcomes"))?;
    let lifecycle = Lifecycle::listen(signals, std::time::Duration::ZERO);
    let opened = match &outcomes.queue {
        Some(queue) => Mailbox::open_durable(&broker, queue, &outcomes.key).await,
        None => Mailbox::open(&broker, &outcomes.key).await,
    };
    let mut mailbox = opened.map_err(|problem| Failure::Unavailable(problem.to_string()))?;
    let mut printed = 0_usize;
    while outcomes.count.is_none_or(|count| printed < count) && !lifecycle.stop.is_cancelled() {
        let message = mailbox
            .next(std::time::Duration::from_millis(WAIT_MS))
            .await
            .map_err(|problem| Failure::Unavailable(problem.to_string()))?;
        if let Some(message) = message {
            output::json_line(&String::from_utf8_lossy(&message.body));
            printed += 1;
        }
    }
    Ok(())
}
