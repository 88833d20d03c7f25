//! What a process reads from the database before it begins to work.

use std::{sync::Arc, time::Duration};

use closure_policy::{brake::BrakeRules, rulebook::CompiledRulebook};
use closure_store::Store;

use super::Failure;
use crate::{
    lifecycle::Lifecycle,
    rules::Rules,
    runtime::{self, Interrupted},
    workers::brakes::Brakes,
};

/// Nothing is decided before the templates are known.
pub(super) async fn open_rules(
    settings: CompiledRulebook,
    store: &Store,
    refresh: Duration,
    lifecycle: &Lifecycle,
) -> Result<Option<Rules>, Failure> {
    let opened = || Rules::open(settings.clone(), store.clone(), refresh, &lifecycle.services);
    match runtime::until_available(lifecycle, opened).await {
        Ok(rules) => Ok(Some(rules?)),
        Err(Interrupted::Refused(problem)) => Err(problem.into()),
        Err(Interrupted::Left) => Ok(None),
    }
}

/// No email is made before it is known whether emails are held back.
pub(super) async fn open_brakes(
    store: &Store,
    rules: BrakeRules,
    lifecycle: &Lifecycle,
) -> Result<Option<Arc<Brakes>>, Failure> {
    match runtime::until_available(lifecycle, || Brakes::open(store.clone(), rules)).await {
        Ok(brakes) => Ok(Some(brakes?)),
        Err(Interrupted::Refused(problem)) => Err(problem.into()),
        Err(Interrupted::Left) => Ok(None),
    }
}
