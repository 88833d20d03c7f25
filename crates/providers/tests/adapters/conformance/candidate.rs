//! What a gateway brings to the suite.

use std::{fmt::Debug, future::Future};

use closure_contract::{SmsProvider, Timestamp};
use closure_providers::{
    Capabilities, ConfigError, Descriptor, DoorError, DoorRequest, HttpSettings, LookUp, LookUpQuery, Opened,
    ReceiptDoor, ReceiptPull, SendFailure, Sender, SmsGateway, SmsMessage, StatusQuery,
};
use time::macros::datetime;

use crate::support::gateways::http;

/// What the suite found: nothing, or what is wrong.
pub(crate) type Verdict = Result<(), String>;

/// Something is wrong unless this holds.
macro_rules! ensure {
    ($holds:expr, $($said:tt)+) => {
        if !$holds {
            return Err(format!($($said)+));
        }
    };
}
pub(crate) use ensure;

pub(crate) fn passes(verdict: Verdict) {
    if let Err(problem) = verdict {
        panic!("{problem}");
    }
}

/// What is asked of an adapter.
pub(crate) trait Asked: Sender<Message = SmsMessage> + Debug {
    fn capabilities(&self) -> Capabilities;
    fn look_up(&self, query: &LookUpQuery<'_>) -> impl Future<Output = Result<LookUp, SendFailure>>;
    fn status(&self, query: &StatusQuery<'_>) -> impl Future<Output = Result<LookUp, SendFailure>>;
}

impl Asked for SmsGateway {
    fn capabilities(&self) -> Capabilities {
        Self::capabilities(self)
    }

    async fn look_up(&self, query: &LookUpQuery<'_>) -> Result<LookUp, SendFailure> {
        Self::look_up(self, query).await
    }

    async fn status(&self, query: &StatusQuery<'_>) -> Result<LookUp, SendFailure> {
        Self::status(self, query).await
    }
}

/// A gateway with its settings and its recorded answers.
pub(crate) trait Candidate {
    type Adapter: Asked;

    fn gateway(&self) -> SmsProvider;

    /// The adapter, or what is wrong with how its API is reached.
    fn adapter(&self, http: HttpSettings) -> Result<Self::Adapter, ConfigError>;

    /// What the API is asked with and nobody may see.
    fn api_secret(&self) -> &'static str;

    fn recorded(&self) -> Recorded;

    /// When the recorded message was sent.
    fn since(&self) -> Timestamp {
        Timestamp(datetime!(2026-07-01 20:00:00 UTC))
    }

    /// The question what became of it.
    fn query<'a>(&self, message: &'a SmsMessage) -> LookUpQuery<'a> {
        let SmsMessage { client_ref, scope, .. } = *message;
        LookUpQuery { client_ref, scope, since: self.since(), message: Some(message) }
    }

    fn door(&self, secrets: &[String]) -> Result<ReceiptDoor, ConfigError>;

    /// Two that may be the door's.
    fn door_secrets(&self) -> [&'static str; 2];

    /// The headers by which a body that came with this query proves itself, as the gateway makes them.
    fn proof(&self, secret: &str, query: &str, body: &str) -> Vec<(&'static str, String)>;

    /// What is asked for receipts, and its answer with one or more; nothing for a gateway that cannot be asked.
    fn pull(&self, _http: HttpSettings) -> Option<(ReceiptPull, String)> {
        None
    }

    fn descriptor(&self) -> &'static Descriptor {
        Descriptor::of(self.gateway())
    }

    /// The same at a server of the tests.
    fn at(&self, base_url: String) -> Self::Adapter {
        self.adapter(http(base_url)).expect("good settings")
    }

    /// What a request to the door brings, head first as at the intake.
    fn knock(&self, secrets: &[&str], headers: &[(&str, String)], body: &str) -> Result<Opened, DoorError> {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        let door = self.door(&secrets).expect("good secrets");
        let header =
            |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
        door.look_at_head(&header)?;
        let path = self.recorded().receipt_query;
        let request = DoorRequest { header: &header, path_and_query: &path, raw_body: body.as_bytes() };
        door.open(&request, Timestamp(datetime!(2026-07-01 20:01:00 UTC)))
    }

    /// What an authentic request brings.
    fn opened(&self, body: &str) -> Result<Opened, DoorError> {
        let [secret, _] = self.door_secrets();
        let headers = self.proof(secret, &self.recorded().receipt_query, body);
        self.knock(&[secret], &headers, body)
    }
}

/// A gateway's answers, as its documents show them.
pub(crate) struct Recorded {
    /// The status of the answer to a request that was taken.
    pub(crate) taken: u16,
    /// That answer.
    pub(crate) send_ok: String,
    /// The gateway's name for the message in it.
    pub(crate) provider_ref: String,
    /// The answers, one after the other, to a look-up that finds the message.
    pub(crate) found: Vec<String>,
    /// An empty list lets a text message be sent again, so that no part of it may be taken for one.
    pub(crate) none: String,
    /// The answers, one after the other, to the question by the gateway's own name.
    pub(crate) status: Vec<String>,
    /// Bodies of receipts about the message, of different words.
    pub(crate) receipts: Vec<String>,
    /// The query of the address to which they come.
    pub(crate) receipt_query: String,
}
