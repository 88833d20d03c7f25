//! The bounce reader as a process of its own, or beside other roles of one.

use std::{net::SocketAddr, time::Duration};

use closure_store::Store;
use tracing::{info, warn};

use super::{Failure, Invocation, opening::open_health, work::CLOSING_MAX};
use crate::{
    config::{self, BounceSettings},
    lifecycle::{Finish, Lifecycle, Signals},
    maildir::Maildir,
    runtime::{self, Interrupted},
    workers::bounces::BounceReader,
};

/// `fleet work bounces`: whoever reads what strangers send needs a maildir and a few columns of the database, and no
/// broker.
pub(super) async fn run(invocation: &Invocation, signals: Signals) -> Result<(), Failure> {
    let (database, (grace, health_listen, settings)) = config::load(invocation.config.as_ref(), |source| {
        (config::database(source), bounces_settings(source))
    })?;
    let store = Store::new(database).map_err(|problem| Failure::config(&problem))?;
    let lifecycle = Lifecycle::listen(signals, grace);
    let opened = open(settings).await?;
    let health = open_health(health_listen, &lifecycle).await?;
    match runtime::until_available(&lifecycle, || store.check()).await {
        Ok(checked) => checked?,
        Err(Interrupted::Refused(problem)) => return Err(problem.into()),
        Err(Interrupted::Left) => return Ok(()),
    }
    if let Some((maildir, settings)) = opened {
        health.open_door("maildir");
        info!(roles = "bounces", "working");
        reader(maildir, settings, &store, &lifecycle).run().await;
    }
    match lifecycle.finish(CLOSING_MAX).await {
        Finish::Clean => info!("stopped; nothing is left in hand"),
        Finish::Cut => warn!("stopped; what was in hand will be looked at again"),
    }
    Ok(())
}

/// What the bounce reader reads of the configuration besides the database.
pub(super) fn bounces_settings(
    source: &mut config::Source<'_>,
) -> (Duration, Option<SocketAddr>, Option<BounceSettings>) {
    (config::worker(source, None).grace, config::health(source), config::bounces(source))
}

/// Opens the maildir of the bounce reader, if the process is one.
pub(super) async fn open(
    settings: Option<BounceSettings>,
) -> Result<Option<(Maildir, BounceSettings)>, Failure> {
    let Some(settings) = settings else { return Ok(None) };
    match Maildir::open(settings.maildir.clone()).await {
        Ok(maildir) => Ok(Some((maildir, settings))),
        Err(problem) => Err(Failure::config(&format!(
            "`bounces.maildir`: {} is no maildir that this user may read and write: {problem}",
            settings.maildir.display()
        ))),
    }
}

/// Whoever reads the maildir.
pub(super) fn reader(
    maildir: Maildir,
    settings: BounceSettings,
    store: &Store,
    lifecycle: &Lifecycle,
) -> BounceReader {
    BounceReader {
        maildir,
        addresses: settings.addresses,
        store: store.clone(),
        pause: settings.pause,
        lifecycle: lifecycle.clone(),
    }
}
