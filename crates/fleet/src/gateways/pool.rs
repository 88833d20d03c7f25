//! The SMS gateways of one process, and how well they are.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use closure_contract::Provider;
use closure_providers::{Sender, SmsGateway};

/// A gateway that failed in a way that hits every job alike is passed over for so long, where another can stand in.
const UNWELL_FOR: Duration = Duration::from_secs(30);

/// The gateways that are configured, the preferred one first; never empty.
#[derive(Debug)]
pub struct Gateways {
    first: SmsGateway,
    others: Vec<SmsGateway>,
    failed_at: Mutex<HashMap<Provider, Instant>>,
}

impl Gateways {
    /// Nothing if the list is empty.
    pub fn new(gateways: Vec<SmsGateway>) -> Option<Self> {
        let mut gateways = gateways.into_iter();
        let first = gateways.next()?;
        Some(Self { first, others: gateways.collect(), failed_at: Mutex::default() })
    }

    pub fn all(&self) -> impl Iterator<Item = &SmsGateway> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The gateway of a name, as long as it is configured.
    pub fn get(&self, provider: Provider) -> Option<&SmsGateway> {
        self.all().find(|gateway| gateway.provider() == provider)
    }

    /// Their names, the preferred one first.
    pub fn names(&self) -> Vec<Provider> {
        self.all().map(Sender::provider).collect()
    }

    /// The one that the configuration names first.
    pub fn preferred(&self) -> Provider {
        self.first.provider()
    }

    /// Remembers that a gateway failed in a way that hits every job alike.
    pub fn failed(&self, provider: Provider) {
        self.failures().insert(provider, Instant::now());
    }

    /// Those that failed so lately.
    pub fn unwell(&self) -> Vec<Provider> {
        let failures = self.failures();
        let lately = failures.iter().filter(|(_, at)| at.elapsed() < UNWELL_FOR);
        lately.map(|(provider, _)| *provider).collect()
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, HashMap<Provider, Instant>> {
        self.failed_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The longest that one request to any of them takes, in milliseconds.
    pub fn longest_send_ms(&self) -> u64 {
        self.all().map(Sender::longest_send_ms).max().unwrap_or(0)
    }
}
