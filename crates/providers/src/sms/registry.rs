//! The gateways of this release; another one is an arm of each list below.
//!
//! This is the only file of this crate that names them all: what differs between them otherwise stands in their
//! folders, behind three traits and one [`Descriptor`].

use std::time::Duration;

use closure_contract::{Provider, SmsProvider, Timestamp};

use super::{
    capabilities::Capabilities,
    descriptor::Descriptor,
    doors::{Door, DoorError, DoorRequest, HeadProof, Headers, Opened, says_nothing},
    gateway::{Gateway, LookUp, LookUpQuery, SmsMessage, StatusQuery},
    infobip::{self, InfobipSms, receipts::InfobipReceipts},
    nhn::{self, NhnSms, receipts::NhnReceipts},
    pulls::{More, Pull},
    sinch::{self, SinchSms, receipts::SinchReceipts},
    twilio::{self, TwilioSms, receipts::TwilioReceipts},
};
use crate::sender::{Accepted, SendFailure, Sender};

/// A gateway that sends.
#[derive(Debug, Clone)]
pub enum SmsGateway {
    /// NHN Cloud SMS v3.0.
    Nhn(NhnSms),
    /// Infobip SMS v3.
    Infobip(InfobipSms),
    /// Twilio's Messages resource.
    Twilio(TwilioSms),
    /// Sinch SMS.
    Sinch(SinchSms),
}

/// A gateway whose receipts are read.
#[derive(Debug, Clone)]
pub enum ReceiptDoor {
    /// NHN Cloud's webhook.
    Nhn(NhnReceipts),
    /// Infobip's delivery reports.
    Infobip(InfobipReceipts),
    /// Twilio's status callbacks.
    Twilio(TwilioReceipts),
    /// Sinch's callbacks.
    Sinch(SinchReceipts),
}

/// A gateway that is asked for receipts, for where a webhook cannot reach the intake.
#[derive(Debug, Clone)]
pub enum ReceiptPull {
    /// NHN Cloud's results by the time of their update.
    ///
    /// They name no handset's word, so that they bring failures alone; an arrival comes by webhook.
    Nhn(NhnSms),
    /// Infobip's delivery reports, each of which is given out once.
    Infobip(InfobipSms),
}

/// Hands a call on to what every gateway has.
macro_rules! each {
    ($list:ident, $one:expr, $own:ident => $call:expr) => {
        match $one {
            $list::Nhn($own) => $call,
            $list::Infobip($own) => $call,
            $list::Twilio($own) => $call,
            $list::Sinch($own) => $call,
        }
    };
}

/// Hands a call on to those that can be asked for receipts.
macro_rules! each_pull {
    ($one:expr, $own:ident => $call:expr) => {
        match $one {
            ReceiptPull::Nhn($own) => $call,
            ReceiptPull::Infobip($own) => $call,
        }
    };
}

impl Descriptor {
    /// The facts about a gateway.
    pub fn of(gateway: SmsProvider) -> &'static Self {
        match gateway {
            SmsProvider::Nhn => &nhn::DESCRIPTOR,
            SmsProvider::Infobip => &infobip::DESCRIPTOR,
            SmsProvider::Twilio => &twilio::DESCRIPTOR,
            SmsProvider::Sinch => &sinch::DESCRIPTOR,
        }
    }

    /// The facts about every gateway.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        SmsProvider::ALL.iter().copied().map(Self::of)
    }
}

impl Capabilities {
    /// What a provider can do as a gateway; nothing for one that carries no text messages.
    pub fn of(provider: Provider) -> Option<&'static Self> {
        Some(&Descriptor::of(provider.sms()?).capabilities)
    }
}

impl SmsGateway {
    /// What this gateway can do.
    pub fn capabilities(&self) -> Capabilities {
        each!(Self, self, gateway => gateway.descriptor()).capabilities
    }

    /// Asks what became of an attempt.
    pub async fn look_up(&self, query: &LookUpQuery<'_>) -> Result<LookUp, SendFailure> {
        each!(Self, self, gateway => gateway.look_up(query).await)
    }

    /// Asks what became of a message that the gateway took.
    pub async fn status(&self, query: &StatusQuery<'_>) -> Result<LookUp, SendFailure> {
        each!(Self, self, gateway => gateway.status(query).await)
    }
}

impl Sender for SmsGateway {
    type Message = SmsMessage;

    fn provider(&self) -> Provider {
        each!(Self, self, gateway => gateway.provider())
    }

    fn longest_send_ms(&self) -> u64 {
        each!(Self, self, gateway => gateway.longest_send_ms())
    }

    async fn send(&self, message: &SmsMessage) -> Result<Accepted, SendFailure> {
        each!(Self, self, gateway => gateway.send(message).await)
    }
}

impl ReceiptDoor {
    fn descriptor(&self) -> &'static Descriptor {
        each!(Self, self, door => door.descriptor())
    }

    /// Whose receipts come through this door.
    pub fn provider(&self) -> Provider {
        self.descriptor().gateway.provider()
    }

    /// How many bytes a body may have that comes through this door.
    pub fn body_bytes_max(&self) -> usize {
        self.descriptor().door.body_bytes_max
    }

    /// How long an answer may take where the gateway waits no longer, and forgets for good what it tried in vain.
    pub fn answer_max(&self) -> Option<Duration> {
        self.descriptor().door.answer_max
    }

    /// Looks at the head alone: who cannot be the provider is refused before his body is read.
    pub fn look_at_head(&self, header: &Headers<'_>) -> Result<HeadProof, DoorError> {
        let is_good = each!(Self, self, door => door.accepts_head(header));
        if is_good { Ok(self.descriptor().door.head_proof) } else { Err(DoorError::Forged) }
    }

    /// Verifies the sender over the raw request, and only then reads it.
    pub fn open(&self, request: &DoorRequest<'_>, received_at: Timestamp) -> Result<Opened, DoorError> {
        if request.raw_body.len() > self.body_bytes_max() {
            return Err(DoorError::TooLarge);
        }
        let mut opened = each!(Self, self, door => door.open(request, received_at))?;
        opened.unknown = opened.receipts.iter().filter(|receipt| says_nothing(receipt)).count();
        Ok(opened)
    }
}

impl ReceiptPull {
    /// Who is asked.
    pub fn provider(&self) -> Provider {
        each_pull!(self, gateway => gateway.provider())
    }

    /// What was said since then; a gateway that gives each receipt out once has it no longer.
    pub async fn pull(&self, since: Timestamp, now: Timestamp) -> Result<(Opened, More), SendFailure> {
        each_pull!(self, gateway => gateway.pull(since, now).await)
    }

    /// What a process may have taken and lost when it died, as far as the gateway still shows it.
    pub async fn recall(&self, since: Timestamp, now: Timestamp) -> Result<Opened, SendFailure> {
        each_pull!(self, gateway => gateway.recall(since, now).await)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_gateway_has_the_descriptor_of_its_own_folder() {
        for gateway in SmsProvider::ALL {
            assert_eq!(Descriptor::of(*gateway).gateway, *gateway);
        }
    }

    #[test]
    fn no_code_stands_in_two_rows_and_every_row_says_what_it_means() {
        for descriptor in Descriptor::all() {
            assert!(!descriptor.code_tables.is_empty(), "{} documents no code", descriptor.gateway);
            for table in descriptor.code_tables {
                let mut seen = BTreeSet::new();
                for row in table.rows {
                    let place = format!("{} {}: {}", descriptor.gateway, table.what, row.code);
                    assert!(seen.insert(row.code), "{place}");
                    assert!(!row.meaning.is_empty(), "{place}");
                }
            }
        }
    }
}
