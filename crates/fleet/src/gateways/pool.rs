//! The SMS gateways of one process.

use closure_contract::Provider;
use closure_providers::{Sender, SmsGateway};

/// The gateways that are configured, the preferred one first; never empty.
#[derive(Debug)]
pub struct Gateways {
    first: SmsGateway,
    others: Vec<SmsGateway>,
}

impl Gateways {
    /// Nothing if the list is empty.
    pub fn new(gateways: Vec<SmsGateway>) -> Option<Self> {
        let mut gateways = gateways.into_iter();
        let first = gateways.next()?;
        Some(Self { first, others: gateways.collect() })
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

    /// The longest that one request to any of them takes, in milliseconds.
    pub fn longest_send_ms(&self) -> u64 {
        self.all().map(Sender::longest_send_ms).max().unwrap_or(0)
    }
}
