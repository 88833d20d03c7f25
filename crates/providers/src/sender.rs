//! The one shape that every outside service has for us.

use std::{fmt, future::Future};

use closure_contract::{FailureCode, Provider};

use crate::mask::masked;

/// One try at one outside service.
///
/// A sender never retries and never judges.
/// A `send` that is dropped before it ends has an unknown outcome, unless its [`Handover`](crate::Handover) says more.
pub trait Sender {
    /// What it sends.
    type Message;

    /// Who carries it.
    fn provider(&self) -> Provider;

    /// The longest that one `send` takes, in milliseconds.
    fn longest_send_ms(&self) -> u64;

    /// Tries once.
    fn send(&self, message: &Self::Message) -> impl Future<Output = Result<Accepted, SendFailure>> + Send;
}

/// The provider took it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The provider's own reference, by which its receipts speak of the message.
    pub provider_ref: Option<String>,
    /// The sender that the provider says it has, where a look-up told it (R12).
    pub reported_sender: Option<String>,
}

impl Accepted {
    /// What a provider says that takes a message: its own reference, and nothing more.
    pub fn under(provider_ref: Option<String>) -> Self {
        Self { provider_ref, reported_sender: None }
    }
}

/// The provider did not take it, or nobody can tell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct SendFailure {
    /// What went wrong, in our words.
    pub code: FailureCode,
    /// For people: masked, at most 300 characters.
    pub detail: String,
    /// How long the provider asks us to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The provider's own code.
    pub provider_code: Option<String>,
    /// What it may be about.
    pub about: About,
}

/// What a failure may be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The provider, whatever it was given.
    Provider,
    /// Perhaps this one message: the provider had seen some of it.
    Message,
    /// The provider's word about this one message, which was not understood: the provider is there, and the same message
    /// is asked about again before that counts.
    OneWord,
}

impl SendFailure {
    /// Whether it tells of the provider or of our account, and nothing of a message.
    pub fn is_outage(&self) -> bool {
        matches!(
            self.code,
            FailureCode::ProviderAuth
                | FailureCode::ProviderFault
                | FailureCode::ProviderQuota
                | FailureCode::ProviderThrottled
                | FailureCode::ProviderUnavailable
                | FailureCode::AnswerLost
        )
    }

    /// A failure with a detail, which is masked and cut to length here.
    pub fn new(code: FailureCode, detail: &str) -> Self {
        Self {
            code,
            detail: masked(detail),
            retry_after_ms: None,
            provider_code: None,
            about: About::Provider,
        }
    }

    pub(crate) fn about(self, about: About) -> Self {
        Self { about, ..self }
    }

    pub(crate) fn with_provider_code(mut self, provider_code: impl fmt::Display) -> Self {
        self.provider_code = crate::mask::code_text(&provider_code.to_string());
        self
    }

    pub(crate) fn with_retry_after_ms(mut self, retry_after_ms: Option<u64>) -> Self {
        self.retry_after_ms = retry_after_ms;
        self
    }
}
