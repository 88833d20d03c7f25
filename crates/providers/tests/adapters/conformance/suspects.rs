//! Adapters that do one thing wrong, each of which the suite has to find; and one that can do less than every gateway of
//! today, which it has to let pass.

use std::{fmt, sync::LazyLock};

use closure_contract::{
    ClientRef, Evidence, FailureCode, Provider, ReceiptStatus, SmsProvider, Timestamp,
    facts::recovery::{Duplicates, LookUpBy, Recovery},
};
use closure_providers::{
    Accepted, Addresses, Capabilities, ConfigError, Descriptor, DoorError, HttpSettings, LookUp, LookUpQuery,
    Opened, ReceiptDoor, SendFailure, Sender, SmsGateway, SmsMessage, StatusQuery,
};

use super::{
    candidate::{Asked, Candidate, Recorded, Verdict, passes},
    candidates::{sinch::Sinch, twilio::Twilio},
    suite::{codes, cuts, doubts, limits, receipts, secrets, sending},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    SendsTwice,
    TrimsTheText,
    BelievesWhatItCannotRead,
    TakesACutListForAnEmptyOne,
    PromisesThatDuplicatesAreRefused,
    AnswersThoughItSaysThatItCannot,
    TakesAnyRowForOurs,
    ForgetsHowLongToWait,
    CallsAFaultARefusal,
    RepeatsTheNumber,
    ShowsItsToken,
    OpensToEverybody,
    GivesEveryWordOneId,
    DocumentsNothing,
    TrustsEverybodyOnOurNetwork,
}

/// Sinch's adapter with a fault.
struct Suspect(Fault);

struct Faulty {
    gateway: SmsGateway,
    fault: Fault,
}

impl fmt::Debug for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.fault == Fault::ShowsItsToken { "api-token-1" } else { "masked" })
    }
}

/// The same gateway without a word about its codes.
static UNDOCUMENTED: LazyLock<Descriptor> =
    LazyLock::new(|| Descriptor { code_tables: &[], ..*Sinch.descriptor() });

impl Sender for Faulty {
    type Message = SmsMessage;

    fn provider(&self) -> Provider {
        self.gateway.provider()
    }

    fn longest_send_ms(&self) -> u64 {
        self.gateway.longest_send_ms()
    }

    async fn send(&self, message: &SmsMessage) -> Result<Accepted, SendFailure> {
        let trimmed = SmsMessage { text: message.text.trim().to_owned(), ..message.clone() };
        let message = if self.fault == Fault::TrimsTheText { &trimmed } else { message };
        let mut sent = self.gateway.send(message).await;
        if self.fault == Fault::SendsTwice {
            sent = self.gateway.send(message).await;
        }
        if let Err(failure) = &mut sent {
            match self.fault {
                Fault::ForgetsHowLongToWait => failure.retry_after_ms = None,
                Fault::CallsAFaultARefusal if failure.code == FailureCode::AnswerLost => {
                    failure.code = FailureCode::ProviderFault;
                }
                Fault::RepeatsTheNumber => failure.detail.push_str(&message.to_digits),
                Fault::BelievesWhatItCannotRead if failure.code == FailureCode::AnswerUnreadable => {
                    return Ok(Accepted::under(None));
                }
                _ => {}
            }
        }
        sent
    }
}

impl Asked for Faulty {
    fn capabilities(&self) -> Capabilities {
        let mut can = self.gateway.capabilities();
        match self.fault {
            Fault::PromisesThatDuplicatesAreRefused => can.recovery.duplicates = Duplicates::Refused,
            Fault::AnswersThoughItSaysThatItCannot => can.recovery.look_up = LookUpBy::Nothing,
            _ => {}
        }
        can
    }

    async fn look_up(&self, query: &LookUpQuery<'_>) -> Result<LookUp, SendFailure> {
        let looked = self.gateway.look_up(query).await;
        match (self.fault, &looked) {
            (Fault::TakesACutListForAnEmptyOne, Err(_)) => Ok(LookUp::NotFound),
            (Fault::TakesAnyRowForOurs, Err(_)) => Ok(LookUp::Found {
                provider_ref: "01JHFFHQ0P99JPPNQPJDV7JTBP".to_owned(),
                status: ReceiptStatus::InTransit,
                evidence: Evidence::Gateway,
                provider_code: None,
                failure_code: None,
                reported_sender: None,
            }),
            _ => looked,
        }
    }

    async fn status(&self, query: &StatusQuery<'_>) -> Result<LookUp, SendFailure> {
        self.gateway.status(query).await
    }
}

impl Candidate for Suspect {
    type Adapter = Faulty;

    fn gateway(&self) -> SmsProvider {
        Sinch.gateway()
    }

    fn adapter(&self, http: HttpSettings) -> Result<Faulty, ConfigError> {
        let http = match self.0 {
            Fault::TrustsEverybodyOnOurNetwork => HttpSettings { addresses: Addresses::Any, ..http },
            _ => http,
        };
        Ok(Faulty { gateway: Sinch.adapter(http)?, fault: self.0 })
    }

    fn api_secret(&self) -> &'static str {
        Sinch.api_secret()
    }

    fn recorded(&self) -> Recorded {
        Sinch.recorded()
    }

    fn since(&self) -> Timestamp {
        Sinch.since()
    }

    fn door(&self, secrets: &[String]) -> Result<ReceiptDoor, ConfigError> {
        Sinch.door(secrets)
    }

    fn door_secrets(&self) -> [&'static str; 2] {
        Sinch.door_secrets()
    }

    fn proof(&self, secret: &str, query: &str, body: &str) -> Vec<(&'static str, String)> {
        Sinch.proof(secret, query, body)
    }

    fn descriptor(&self) -> &'static Descriptor {
        if self.0 == Fault::DocumentsNothing { &UNDOCUMENTED } else { Sinch.descriptor() }
    }

    fn knock(&self, secrets: &[&str], headers: &[(&str, String)], body: &str) -> Result<Opened, DoorError> {
        let mut opened = match self.0 {
            Fault::OpensToEverybody => {
                let [secret, _] = Sinch.door_secrets();
                Sinch.knock(&[secret], &Sinch.proof(secret, "", body), body)
            }
            _ => Sinch.knock(secrets, headers, body),
        };
        if let (Fault::GivesEveryWordOneId, Ok(opened)) = (self.0, &mut opened) {
            opened.receipts.iter_mut().for_each(|receipt| "one".clone_into(&mut receipt.receipt_id));
        }
        opened
    }
}

/// What the suite says where this fault is looked for.
async fn said_of(fault: Fault) -> Verdict {
    let suspect = &Suspect(fault);
    match fault {
        Fault::SendsTwice => sending::one_request(suspect).await,
        Fault::TrimsTheText => sending::the_very_text(suspect).await,
        Fault::BelievesWhatItCannotRead => cuts::send(suspect).await,
        Fault::TakesACutListForAnEmptyOne => cuts::look_up(suspect).await,
        Fault::PromisesThatDuplicatesAreRefused | Fault::AnswersThoughItSaysThatItCannot => {
            doubts::as_declared(suspect).await
        }
        Fault::TakesAnyRowForOurs => doubts::never_anothers(suspect).await,
        Fault::ForgetsHowLongToWait | Fault::CallsAFaultARefusal => limits::refusals(suspect).await,
        Fault::RepeatsTheNumber => secrets::masks(suspect).await,
        Fault::ShowsItsToken => secrets::shown(suspect).await,
        Fault::OpensToEverybody => secrets::doors(suspect),
        Fault::GivesEveryWordOneId => receipts::any_order(suspect),
        Fault::DocumentsNothing => codes::all_recorded(suspect),
        Fault::TrustsEverybodyOnOurNetwork => limits::addresses(suspect).await,
    }
}

#[tokio::test]
async fn the_suite_finds_an_adapter_that_does_one_thing_wrong() {
    for fault in [
        Fault::SendsTwice,
        Fault::TrimsTheText,
        Fault::BelievesWhatItCannotRead,
        Fault::TakesACutListForAnEmptyOne,
        Fault::PromisesThatDuplicatesAreRefused,
        Fault::AnswersThoughItSaysThatItCannot,
        Fault::TakesAnyRowForOurs,
        Fault::ForgetsHowLongToWait,
        Fault::CallsAFaultARefusal,
        Fault::RepeatsTheNumber,
        Fault::ShowsItsToken,
        Fault::OpensToEverybody,
        Fault::GivesEveryWordOneId,
        Fault::DocumentsNothing,
        Fault::TrustsEverybodyOnOurNetwork,
    ] {
        assert!(said_of(fault).await.is_err(), "{fault:?} passes");
    }
}

/// A gateway that takes no reference of ours and can be asked by its own alone.
struct Bare;

#[derive(Debug)]
struct BareAdapter(SmsGateway);

impl Sender for BareAdapter {
    type Message = SmsMessage;

    fn provider(&self) -> Provider {
        self.0.provider()
    }

    fn longest_send_ms(&self) -> u64 {
        self.0.longest_send_ms()
    }

    async fn send(&self, message: &SmsMessage) -> Result<Accepted, SendFailure> {
        let nobodys: ClientRef = "00000000-0000-4000-8000-000000000000".parse().expect("a UUID");
        self.0.send(&SmsMessage { client_ref: nobodys, ..message.clone() }).await
    }
}

impl Asked for BareAdapter {
    fn capabilities(&self) -> Capabilities {
        let recovery = Recovery { look_up: LookUpBy::Nothing, duplicates: Duplicates::Carried };
        Capabilities { recovery, ..self.0.capabilities() }
    }

    async fn look_up(&self, _query: &LookUpQuery<'_>) -> Result<LookUp, SendFailure> {
        Ok(LookUp::CannotTell)
    }

    async fn status(&self, query: &StatusQuery<'_>) -> Result<LookUp, SendFailure> {
        self.0.status(query).await
    }
}

impl Candidate for Bare {
    type Adapter = BareAdapter;

    fn gateway(&self) -> SmsProvider {
        Twilio.gateway()
    }

    fn adapter(&self, http: HttpSettings) -> Result<BareAdapter, ConfigError> {
        Twilio.adapter(http).map(BareAdapter)
    }

    fn api_secret(&self) -> &'static str {
        Twilio.api_secret()
    }

    fn recorded(&self) -> Recorded {
        Recorded { receipt_query: String::new(), ..Twilio.recorded() }
    }

    fn door(&self, secrets: &[String]) -> Result<ReceiptDoor, ConfigError> {
        Twilio.door(secrets)
    }

    fn door_secrets(&self) -> [&'static str; 2] {
        Twilio.door_secrets()
    }

    fn proof(&self, secret: &str, query: &str, body: &str) -> Vec<(&'static str, String)> {
        Twilio.proof(secret, query, body)
    }
}

#[tokio::test]
async fn a_gateway_without_a_reference_of_ours_and_without_a_look_up_passes() {
    passes(sending::one_request(&Bare).await);
    passes(sending::the_very_text(&Bare).await);
    passes(cuts::send(&Bare).await);
    passes(cuts::status(&Bare).await);
    passes(doubts::as_declared(&Bare).await);
    passes(doubts::never_anothers(&Bare).await);
    passes(receipts::any_order(&Bare));
    passes(secrets::doors(&Bare));
}
