//! How a process ends: the first signal asks, the second insists.

use std::{fmt::Display, io, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

use crate::services::{Service, Services};

/// The tokens and the tracker that everything long-lived is given.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    /// Cancelled by the first signal: take nothing new, finish what is in hand.
    pub stop: CancellationToken,
    /// Cancelled by the second signal or when the grace is over: leave everything as it is.
    pub shutdown: CancellationToken,
    /// Nothing is spawned without it.
    pub tracker: TaskTracker,
    /// What is away of what it stands on.
    pub services: Services,
}

/// SIGTERM and SIGINT, which from now on end the process in order instead of at once.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to hear them; what comes before anybody listens is kept.
    pub fn hear() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }
}

impl Lifecycle {
    /// Starts to listen to the signals.
    ///
    /// After the first one the process has `grace` to finish what it holds.
    pub fn listen(signals: Signals, grace: Duration) -> Self {
        let lifecycle = Self::default();
        let Signals { mut terminate, mut interrupt } = signals;
        let ours = lifecycle.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                () = ours.stop.cancelled() => {}
            }
            info!(
                grace_ms = grace.as_millis() as u64,
                "stopping: taking nothing new, finishing what is in hand"
            );
            ours.stop.cancel();
            tokio::select! {
                _ = terminate.recv() => warn!("second signal: leaving what is in hand to be delivered again"),
                _ = interrupt.recv() => warn!("second signal: leaving what is in hand to be delivered again"),
                () = tokio::time::sleep(grace) => {
                    warn!("the grace is over: leaving what is in hand to be delivered again");
                }
                () = ours.shutdown.cancelled() => {}
            }
            ours.shutdown.cancel();
        });
        lifecycle
    }

    /// Looks now and after each pause, until the process is told to stop; an outage of what is asked is told once.
    pub async fn poll<L, E>(&self, service: Service, pause: Duration, look: impl FnMut() -> L)
    where
        L: Future<Output = Result<(), E>>,
        E: Display,
    {
        self.poll_after(service, look, || tokio::time::sleep(pause)).await;
    }

    /// Looks now and after each wait, however long that is, until the process is told to stop.
    pub async fn poll_after<L, W, E>(
        &self,
        service: Service,
        mut look: impl FnMut() -> L,
        mut wait: impl FnMut() -> W,
    ) where
        L: Future<Output = Result<(), E>>,
        W: Future<Output = ()>,
        E: Display,
    {
        let mut asking = self.services.ask(service);
        loop {
            match look().await {
                Ok(()) => asking.answered(),
                // What was known stands, and what was cut short begins again.
                Err(problem) => asking.failed(&problem),
            }
            tokio::select! {
                () = wait() => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    /// Waits, but no longer than until the process is told to stop.
    pub async fn rest(&self, pause: Duration) -> Rest {
        tokio::select! {
            () = tokio::time::sleep(pause) => Rest::Over,
            () = self.stop.cancelled() => Rest::Stopped,
        }
    }

    /// Waits until everything that was spawned has ended, for at most `limit` after the hard stop.
    pub async fn finish(&self, limit: Duration) -> Finish {
        self.shutdown.cancel();
        self.tracker.close();
        match tokio::time::timeout(limit, self.tracker.wait()).await {
            Ok(()) => Finish::Clean,
            Err(_) => Finish::Cut,
        }
    }
}

/// How a pause ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// It is over.
    Over,
    /// The process was told to stop.
    Stopped,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// Everything ended by itself.
    Clean,
    /// Something did not end in time and was left.
    Cut,
}
