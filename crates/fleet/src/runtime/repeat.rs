//! Asking a service again until it is back.

use closure_store::StoreError;
use tracing::error;

use super::{InHand, Interrupted, OUTAGE_PAUSE, OUTAGE_PAUSE_MAX, movement::Movement};
use crate::{lifecycle::Lifecycle, services::Service};

/// So often what a service refuses is asked for, because a lock or another's row may have been the reason.
const REFUSALS_MAX: u32 = 5;

/// What an error says about asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// The service, or whoever looks after it, will make it possible: ask again, without an end.
    Time,
    /// The request itself is refused.
    None,
    /// This process cannot do it, and one of a newer release can: asking again changes nothing.
    NewerRelease,
}

/// Tells an outage of a service from a fault of the request.
pub trait Outage: std::fmt::Display {
    /// Whether the service will do the same thing later.
    fn remedy(&self) -> Remedy;
}

impl Outage for StoreError {
    fn remedy(&self) -> Remedy {
        match self {
            // A table that is missing, or a right: a migration or a grant brings it, and no message is to blame.
            Self::Unavailable(_) | Self::Locked(_) | Self::Schema(_) | Self::Right(_) => Remedy::Time,
            Self::NewerRow(_) => Remedy::NewerRelease,
            Self::BadData { .. } | Self::Settings(_) => Remedy::None,
        }
    }
}

/// Repeats an operation until the service behind it is back, or the process must end.
pub async fn until_available<T, E, F>(
    lifecycle: &Lifecycle,
    operation: impl Fn() -> F + Send,
) -> Result<Result<T, E>, Interrupted>
where
    E: Outage,
    F: Future<Output = Result<T, E>> + Send,
{
    repeat(lifecycle, &|| true, &Movement::default(), operation).await
}

impl InHand<'_> {
    /// The database's answer to this; what it refuses for good ends the message.
    pub async fn stored<T, F>(&self, what: &str, operation: impl Fn() -> F + Send) -> Result<T, Interrupted>
    where
        F: Future<Output = Result<T, StoreError>> + Send,
    {
        self.until_available(operation).await?.map_err(|problem| {
            error!(%problem, what, "the database refuses a statement");
            Interrupted::Refused(problem)
        })
    }
}

pub(super) async fn repeat<T, E, F>(
    lifecycle: &Lifecycle,
    may_go_on: &(dyn Fn() -> bool + Sync),
    movement: &Movement,
    operation: impl Fn() -> F + Send,
) -> Result<Result<T, E>, Interrupted>
where
    E: Outage,
    F: Future<Output = Result<T, E>> + Send,
{
    let (mut pause, mut refused) = (OUTAGE_PAUSE, 0);
    let mut asking = lifecycle.services.ask(Service::Database);
    loop {
        movement.note();
        match operation().await {
            Ok(answer) => {
                asking.answered();
                return Ok(Ok(answer));
            }
            Err(problem) => match problem.remedy() {
                Remedy::Time => asking.failed(&problem),
                Remedy::NewerRelease => {
                    asking.answered();
                    return Ok(Err(problem));
                }
                Remedy::None => {
                    asking.answered();
                    refused += 1;
                    if refused >= REFUSALS_MAX {
                        return Ok(Err(problem));
                    }
                }
            },
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = lifecycle.shutdown.cancelled() => return Err(Interrupted::Left),
        }
        if !may_go_on() {
            return Err(Interrupted::Left);
        }
        pause = pause.saturating_mul(2).min(OUTAGE_PAUSE_MAX);
    }
}
