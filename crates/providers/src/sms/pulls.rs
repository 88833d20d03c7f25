//! The gateways that can be asked for receipts, for where a webhook cannot reach the intake.

use closure_contract::{Provider, Timestamp};

use super::{doors::Opened, infobip::InfobipSms, nhn::NhnSms};
use crate::sender::{SendFailure, Sender};

/// A gateway that is asked.
#[derive(Debug, Clone)]
pub enum ReceiptPull {
    /// NHN Cloud's results by the time of their update.
    ///
    /// They name no handset's word, so that they bring failures alone; an arrival comes by webhook.
    Nhn(NhnSms),
    /// Infobip's delivery reports, each of which is given out once.
    Infobip(InfobipSms),
}

/// Whether a gateway has more to say at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// A full batch came, so that another may be waiting.
    AtOnce,
    /// Everything was said.
    Later,
}

impl ReceiptPull {
    /// Who is asked.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Nhn(gateway) => gateway.provider(),
            Self::Infobip(gateway) => gateway.provider(),
        }
    }

    /// What was said since then; a gateway that gives each receipt out once has it no longer.
    pub async fn pull(&self, since: Timestamp, now: Timestamp) -> Result<(Opened, More), SendFailure> {
        match self {
            Self::Nhn(gateway) => Ok((gateway.results(since, now).await?, More::Later)),
            Self::Infobip(gateway) => gateway.reports(now).await,
        }
    }

    /// What a process may have taken and lost when it died, as far as the gateway still shows it.
    pub async fn recall(&self, since: Timestamp, now: Timestamp) -> Result<Opened, SendFailure> {
        match self {
            // Results stay where they are.
            Self::Nhn(_) => Ok(Opened::default()),
            Self::Infobip(gateway) => gateway.ended(since, now).await,
        }
    }
}
