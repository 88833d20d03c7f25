//! The SMS gateways of one process, and what policy may know of them.

use closure_contract::Provider;
use closure_policy::gateway::reconcile::{Duplicates, LookUpBy, Recovery};
use closure_providers::{Capabilities, DuplicateRefusal, LookUpKey, Sender, SmsGateway};

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
