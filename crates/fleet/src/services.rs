//! What the process knows of the services that it stands on: one line when one goes away, and one when it is back.

use std::{
    fmt::Display,
    sync::{Arc, Mutex, MutexGuard},
    time::Instant,
};

use tokio::sync::watch;
use tracing::{debug, info, warn};

use crate::lock::lock;

/// What can be away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The database, as messages in hand need it: while it is away nothing is consumed.
    Database,
    /// The database, as the loops beside the messages ask it: what they cannot read keeps no message waiting.
    SideLooks,
    /// The database, as the register of templates is looked at; the last known one counts meanwhile.
    Templates,
    /// The folder with the mails that came back.
    Maildir,
    /// The PBX, as far as it is set up for calls.
    Pbx,
    /// The broker, as far as it takes publishes.
    Publishing,
    /// A gateway that is asked for receipts.
    ReceiptPull,
    /// The CRM's endpoint for outcomes.
    Webhook,
    /// The broker, as far as it sends jobs home from its delays.
    Delays,
}

/// The outages of one process; a clone shares them.
#[derive(Debug, Clone, Default)]
pub struct Services(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    database: Watched,
    side_looks: Watched,
    templates: Watched,
    maildir: Watched,
    pbx: Watched,
    publishing: Watched,
    receipt_pull: Watched,
    webhook: Watched,
    delays: Watched,
}

#[derive(Debug, Default)]
struct Watched {
    outage: Mutex<Option<Outage>>,
    away: watch::Sender<bool>,
}

/// An outage that is not over.
#[derive(Debug)]
struct Outage {
    since: Instant,
    /// How often the service was asked in vain.
    asked: u64,
    /// How many ask again until they are answered.
    waiting: usize,
    /// What was said last.
    reason: String,
}

/// Somebody who asks a service, and asks again while it is away.
///
/// An outage ends when one who waited is answered and nobody else waits any more: where a part of a service fails, the
/// answers to others say nothing about it.
#[derive(Debug)]
pub struct Asking {
    services: Services,
    service: Service,
    waits: bool,
}

impl Services {
    /// Begins to ask a service.
    pub fn ask(&self, service: Service) -> Asking {
        Asking { services: self.clone(), service, waits: false }
    }

    /// Whether a service is away, as it changes.
    pub fn away(&self, service: Service) -> watch::Receiver<bool> {
        self.watched(service).away.subscribe()
    }

    /// Why a service is away; nothing while it is there.
    pub fn reason(&self, service: Service) -> Option<String> {
        self.watched(service).outage().as_ref().map(|outage| outage.reason.clone())
    }

    fn watched(&self, service: Service) -> &Watched {
        match service {
            Service::Database => &self.0.database,
            Service::SideLooks => &self.0.side_looks,
            Service::Templates => &self.0.templates,
            Service::Maildir => &self.0.maildir,
            Service::Pbx => &self.0.pbx,
            Service::Publishing => &self.0.publishing,
            Service::ReceiptPull => &self.0.receipt_pull,
            Service::Webhook => &self.0.webhook,
            Service::Delays => &self.0.delays,
        }
    }
}

impl Watched {
    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        lock(&self.outage)
    }
}

impl Service {
    /// What the log and the probe call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::SideLooks => "database, beside the messages",
            Self::Templates => "database, for the register of templates",
            Self::Maildir => "maildir",
            Self::Pbx => "PBX",
            Self::Publishing => "broker",
            Self::ReceiptPull => "gateway",
            Self::Webhook => "the CRM's webhook",
            Self::Delays => "the broker's delays",
        }
    }
}

impl Asking {
    /// The service did not do what it was asked.
    pub fn failed(&mut self, problem: &impl Display) {
        let (service, watched) = (self.service.name(), self.services.watched(self.service));
        let mut outage = watched.outage();
        let reason = problem.to_string();
        let now = outage.get_or_insert_with(|| {
            warn!(service, problem = reason, "a service is away; waiting until it is back");
            Outage { since: Instant::now(), asked: 0, waiting: 0, reason: String::new() }
        });
        debug!(service, problem = reason, "a service is still away");
        now.asked = now.asked.saturating_add(1);
        now.waiting += usize::from(!self.waits);
        now.reason = reason;
        self.waits = true;
        watched.away.send_replace(true);
    }

    /// The service did what it was asked.
    pub fn answered(&mut self) {
        let watched = self.services.watched(self.service);
        if !*watched.away.borrow() {
            return;
        }
        let mut outage = watched.outage();
        let Some(now) = outage.as_mut() else { return };
        now.waiting = now.waiting.saturating_sub(usize::from(std::mem::take(&mut self.waits)));
        if now.waiting > 0 {
            return;
        }
        let lasted_ms = u64::try_from(now.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(service = self.service.name(), lasted_ms, asked_in_vain = now.asked, "a service is back");
        *outage = None;
        watched.away.send_replace(false);
    }
}

impl Drop for Asking {
    /// Who gives up leaves the outage to the next who is answered.
    fn drop(&mut self) {
        if self.waits
            && let Some(outage) = self.services.watched(self.service).outage().as_mut()
        {
            outage.waiting = outage.waiting.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_ends_when_all_who_wait_are_answered_and_not_by_the_answers_to_others() {
        let services = Services::default();
        let away = services.away(Service::Database);
        let (mut one, mut two) = (services.ask(Service::Database), services.ask(Service::Database));
        for _ in 0..1_000 {
            one.failed(&"no table");
            two.failed(&"no table");
        }
        services.ask(Service::Database).answered();
        assert!(*away.borrow());
        assert_eq!(services.reason(Service::Database).as_deref(), Some("no table"));
        one.answered();
        assert!(*away.borrow(), "another still waits");
        two.answered();
        assert!(!*away.borrow());
        assert_eq!(services.reason(Service::Database), None);
    }

    #[test]
    fn who_gives_up_leaves_the_outage_to_the_next_who_is_answered() {
        let services = Services::default();
        let away = services.away(Service::Publishing);
        let mut gone = services.ask(Service::Publishing);
        gone.failed(&"away");
        drop(gone);
        assert!(*away.borrow());
        services.ask(Service::Publishing).answered();
        assert!(!*away.borrow());
    }

    #[test]
    fn one_service_is_away_without_the_others() {
        let services = Services::default();
        services.ask(Service::ReceiptPull).failed(&"away");
        services.ask(Service::SideLooks).failed(&"no right to read one table");
        assert!(!*services.away(Service::Database).borrow());
        assert!(!*services.away(Service::Publishing).borrow());
    }
}
