//! The SMS gateways of one process, how well they are, and what policy may know of them.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use closure_contract::Provider;
use closure_policy::gateway::reconcile::{Duplicates, LookUpBy, Recovery};
use closure_providers::{Capabilities, DuplicateRefusal, LookUpKey, Sender, SmsGateway};

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

/// What a gateway can do about a doubt, in policy's words.
pub fn recovery(capabilities: &Capabilities) -> Recovery {
    Recovery {
        look_up: match capabilities.look_up {
            LookUpKey::ClientReference => LookUpBy::ClientReference,
            LookUpKey::RecipientAndTime => LookUpBy::RecipientAndTime,
            LookUpKey::None => LookUpBy::Nothing,
        },
        duplicates: match capabilities.duplicate_refusal {
            DuplicateRefusal::ByClientReference => Duplicates::Refused,
            DuplicateRefusal::None => Duplicates::Carried,
        },
    }
}
