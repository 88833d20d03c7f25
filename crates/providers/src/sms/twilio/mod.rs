//! Twilio's Messages resource: send one message, and look for it by recipient, time and text.
//!
//! Field names are those of Twilio's OpenAPI document of 2010-04-01.

pub(super) mod codes;
pub(super) mod receipts;
pub(super) mod signature;
pub(super) mod statuses;
pub(super) mod wire;

use std::fmt;

use closure_contract::{
    Evidence, FailureCode, Provider, ReceiptStatus, SmsProvider,
    facts::{
        recovery::{Duplicates, LookUpBy, Recovery},
        texts::{TextLimit, TextLimits, TextMeasure},
    },
};
use reqwest::{
    RequestBuilder, Url,
    header::{ACCEPT, CONTENT_TYPE},
};
use time::{
    Duration, OffsetDateTime, UtcOffset,
    format_description::well_known::{Rfc2822, Rfc3339},
};

use super::{
    answers::{by_status, lost, unreadable},
    capabilities::Capabilities,
    descriptor::{Descriptor, DoorFacts},
    doors::{HeadProof, SINGLE_RECEIPT_BODY_BYTES_MAX},
    gateway::{Gateway, LookUp, LookUpQuery, SmsMessage, StatusQuery},
};
use crate::{
    config::{ConfigError, base_url, positive, token},
    http::{Answer, Http, HttpSettings, below},
    sender::{Accepted, SendFailure, Sender},
};
use codes::classify;
use statuses::{ERRORS, word};
use wire::{ApiError, CALLBACK_ANSWER_MAX, Message, Page, is_sid, message_sid, receipt_address};

const SERVICE: &str = "Twilio";
/// Twilio keeps a message in its queue for at most ten hours.
const VALIDITY_S_MAX: u64 = 36_000;
/// A page of a look-up has at most this many messages, so that the longest texts fit into the largest answer.
const PAGE_MESSAGES_MAX: usize = 20;
/// A look-up reads at most this many pages.
const PAGES_MAX: usize = 5;
/// A message that was created earlier than this before its attempt is another one; clocks differ by less.
const CREATED_BEFORE: Duration = Duration::minutes(1);
/// A message that was created later than this after its attempt began is another one: no request takes so long.
const CREATED_AFTER: Duration = Duration::minutes(10);
const CREATED: u16 = 201;
const LISTED: u16 = 200;

/// 1600 characters by its error 21617, which says as well that some count more than once: the larger count is taken.
const TEXT_LIMITS: &[TextLimit] = &[
    TextLimit { measure: TextMeasure::GsmSeptets, max: 1_600 },
    TextLimit { measure: TextMeasure::Ucs2Units, max: 1_600 },
];

/// What is known of it without asking.
pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    gateway: SmsProvider::Twilio,
    capabilities: Capabilities {
        recovery: Recovery { look_up: LookUpBy::RecipientAndTime, duplicates: Duplicates::Carried },
        text_limits: TextLimits { overseas: TEXT_LIMITS, domestic_sms: TEXT_LIMITS, domestic_lms: None },
        receipt_due: &[],
        one_time_codes_only: &[],
    },
    code_tables: &[codes::REFUSALS, statuses::STATUSES, statuses::ERRORS],
    door: DoorFacts {
        head_proof: HeadProof::OverTheBody,
        body_bytes_max: SINGLE_RECEIPT_BODY_BYTES_MAX,
        answer_max: Some(CALLBACK_ANSWER_MAX),
    },
};

/// How to reach Twilio.
#[derive(Clone)]
pub struct TwilioSettings {
    /// How its API is reached.
    pub http: HttpSettings,
    /// The account that sends.
    pub account_sid: String,
    /// The API key whose secret it is; without one the secret is the account's auth token.
    pub key_sid: Option<String>,
    /// The API key's secret, or the account's auth token.
    pub secret: String,
    /// The Messaging Service that sends; without one the message's own sender does.
    pub messaging_service_sid: Option<String>,
    /// The public address of the intake, without a query.
    pub receipt_url: String,
    /// How long a message may wait in Twilio's queue, in seconds.
    pub validity_s: u64,
}

impl fmt::Debug for TwilioSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioSettings")
            .field("http", &self.http)
            .field("validity_s", &self.validity_s)
            .finish_non_exhaustive()
    }
}

/// The Twilio adapter.
#[derive(Clone)]
pub struct TwilioSms {
    http: Http,
    account: Url,
    messages: Url,
    user: String,
    secret: String,
    messaging_service_sid: Option<String>,
    receipt_url: String,
    validity_s: u64,
}

impl fmt::Debug for TwilioSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TwilioSms(masked)")
    }
}

impl TwilioSms {
    /// An adapter, or what is wrong with the settings; no connection is made.
    pub fn new(settings: TwilioSettings) -> Result<Self, ConfigError> {
        let (http, base) = Http::of_gateway(SERVICE, &settings.http)?;
        sid("account_sid", "AC", &settings.account_sid, "must be AC and 32 hexadecimal digits")?;
        if let Some(key) = &settings.key_sid {
            sid("key_sid", "SK", key, "must be SK and 32 hexadecimal digits")?;
        }
        if let Some(service) = &settings.messaging_service_sid {
            sid("messaging_service_sid", "MG", service, "must be MG and 32 hexadecimal digits")?;
        }
        token(SERVICE, "secret", &settings.secret)?;
        positive(SERVICE, "validity_s", settings.validity_s)?;
        if settings.validity_s > VALIDITY_S_MAX {
            let problem = "must be at most 36000, which is ten hours";
            return Err(ConfigError::Setting { service: SERVICE, key: "validity_s", problem });
        }
        base_url(SERVICE, &settings.receipt_url, settings.http.plain_http)?;
        let account = below(&base, &["2010-04-01", "Accounts", &settings.account_sid]);
        Ok(Self {
            http,
            messages: below(&account, &["Messages.json"]),
            account,
            user: settings.key_sid.unwrap_or(settings.account_sid),
            secret: settings.secret,
            messaging_service_sid: settings.messaging_service_sid,
            receipt_url: settings.receipt_url,
            validity_s: settings.validity_s,
        })
    }

    /// One request; what comes back has the one status that means success.
    async fn run(&self, request: RequestBuilder, expected: u16) -> Result<Answer, SendFailure> {
        let request = request.basic_auth(&self.user, Some(&self.secret)).header(ACCEPT, "application/json");
        let answer = self.http.run(request).await.map_err(|none| lost(SERVICE, none))?;
        if answer.status == expected {
            return Ok(answer);
        }
        Err(refused(&answer).with_retry_after_ms(answer.retry_after_ms))
    }

    fn form(&self, message: &SmsMessage) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("To", &e164(message));
        match &self.messaging_service_sid {
            Some(service) => form.append_pair("MessagingServiceSid", service),
            None => form.append_pair("From", &message.sender),
        };
        form.append_pair("Body", &message.text)
            .append_pair("StatusCallback", &receipt_address(&self.receipt_url, message.client_ref))
            .append_pair("ValidityPeriod", &self.validity_s.to_string());
        form.finish()
    }

    /// Everything that was sent to the recipient since then, as far as the pages that are read go.
    async fn listed(&self, message: &SmsMessage, since: OffsetDateTime) -> Result<Listed, SendFailure> {
        let mut url = self.messages.clone();
        url.query_pairs_mut()
            .append_pair("To", &e164(message))
            .append_pair("DateSent>", &iso8601(since)?)
            .append_pair("PageSize", &PAGE_MESSAGES_MAX.to_string());
        let mut messages = Vec::new();
        for _ in 0..PAGES_MAX {
            let answer = self.run(self.http.get(url), LISTED).await?;
            let page: Page = serde_json::from_slice(&answer.body)
                .map_err(|_| unreadable("Twilio's list is not the JSON that it documents"))?;
            messages.extend(page.messages);
            let Some(next) = page.next_page_uri else { return Ok(Listed { messages, is_whole: true }) };
            url = self.next_page(&next)?;
        }
        Ok(Listed { messages, is_whole: false })
    }

    /// The credentials go to our account's own list and nowhere else, whatever a page says.
    fn next_page(&self, next: &str) -> Result<Url, SendFailure> {
        let url = self
            .messages
            .join(next)
            .ok()
            .filter(|url| url.origin() == self.messages.origin() && url.path() == self.messages.path());
        url.ok_or_else(|| unreadable("Twilio's list goes on at another place than its own"))
    }
}

/// What a look-up read.
struct Listed {
    messages: Vec<Message>,
    /// Whether no page was left unread.
    is_whole: bool,
}

impl Gateway for TwilioSms {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    /// Looks for the one message to the recipient that was created about then and has exactly the text.
    ///
    /// The list has nothing of ours, so that two closures of one text to one recipient look alike: where more than one
    /// fits, nothing is guessed and a receipt, whose address has our reference, decides.
    /// One that fits may still be the other closure's, which the caller knows by its SID.
    /// A message that waits in Twilio's queue has no date of sending yet and is not listed: `NotFound` proves nothing.
    async fn look_up(&self, query: &LookUpQuery<'_>) -> Result<LookUp, SendFailure> {
        let Some(message) = query.message else { return Ok(LookUp::CannotTell) };
        let (from, to) = (query.since.0 - CREATED_BEFORE, query.since.0 + CREATED_AFTER);
        let listed = self.listed(message, from).await?;
        let recipient = e164(message);
        let mut ours = Vec::new();
        for row in &listed.messages {
            if row.to.as_deref() != Some(&recipient) {
                return Err(unreadable("Twilio listed messages to another recipient than was asked for"));
            }
            let is_outgoing = row.direction.as_deref() == Some("outbound-api");
            if is_outgoing
                && row.body.as_deref() == Some(&message.text)
                && (from..=to).contains(&created(row)?)
            {
                ours.push(row);
            }
        }
        match (ours.as_slice(), listed.is_whole) {
            ([one], true) => found(one),
            ([], true) => Ok(LookUp::NotFound),
            (_, _) => Ok(LookUp::CannotTell),
        }
    }

    /// Twilio answers a message's SID with the message itself.
    async fn status(&self, query: &StatusQuery<'_>) -> Result<LookUp, SendFailure> {
        let Some(sid) = message_sid(query.provider_ref) else { return Ok(LookUp::CannotTell) };
        let url = below(&self.account, &["Messages", &format!("{sid}.json")]);
        let answer = self.run(self.http.get(url), LISTED).await?;
        let message: Message = serde_json::from_slice(&answer.body)
            .map_err(|_| unreadable("Twilio's message is not the JSON that it documents"))?;
        if message.sid.as_deref() != Some(sid) {
            return Err(unreadable("Twilio answered with another message than was asked for"));
        }
        found(&message)
    }
}

impl Sender for TwilioSms {
    type Message = SmsMessage;

    fn provider(&self) -> Provider {
        Provider::Twilio
    }

    fn longest_send_ms(&self) -> u64 {
        self.http.longest_request_ms()
    }

    async fn send(&self, message: &SmsMessage) -> Result<Accepted, SendFailure> {
        let request = self
            .http
            .post(self.messages.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(self.form(message));
        let answer = self.run(request, CREATED).await?;
        accepted(&answer.body)
    }
}

/// Reads the one message of an answer of status 201.
fn accepted(body: &[u8]) -> Result<Accepted, SendFailure> {
    let message: Message = serde_json::from_slice(body)
        .map_err(|_| unreadable("Twilio's answer says success but is not the JSON that it documents"))?;
    let Some(sid) = message.sid.as_deref().and_then(message_sid) else {
        return Err(unreadable("Twilio's answer has no SID of a message"));
    };
    match word(&message.status, error_text(&message).as_deref()) {
        Some((ReceiptStatus::InTransit | ReceiptStatus::Delivered, evidence))
            if evidence > Evidence::None =>
        {
            Ok(Accepted::under(Some(sid.to_owned())))
        }
        Some((ReceiptStatus::Undelivered | ReceiptStatus::Expired, _)) => Err(failed(&message)),
        Some((ReceiptStatus::InTransit | ReceiptStatus::Delivered | ReceiptStatus::Unknown, _)) | None => {
            Err(unreadable("Twilio's answer has a status that no message of ours can have"))
        }
    }
}

/// A message that exists and has failed already: it reaches nobody.
fn failed(message: &Message) -> SendFailure {
    let code = match message.error_code {
        Some(code) => classify(code).unwrap_or(FailureCode::NotDelivered),
        None => FailureCode::NotDelivered,
    };
    let failure = SendFailure::new(code, &format!("Twilio took it and says {}", message.status));
    match message.error_code {
        Some(code) => failure.with_provider_code(code),
        None => failure.with_provider_code(&message.status),
    }
}

fn found(row: &Message) -> Result<LookUp, SendFailure> {
    let sid = row.sid.as_deref().and_then(message_sid);
    let sid = sid.ok_or_else(|| unreadable("Twilio's list has no SID of a message"))?;
    let error = error_text(row);
    let (status, evidence) =
        word(&row.status, error.as_deref()).unwrap_or((ReceiptStatus::InTransit, Evidence::None));
    let failure_code = ERRORS.why_ended(status, error.as_deref());
    let provider_code = error.or_else(|| crate::mask::code_text(&row.status));
    Ok(LookUp::Found {
        provider_ref: sid.to_owned(),
        status,
        evidence,
        provider_code,
        failure_code,
        reported_sender: row.from.clone(),
    })
}

/// Any status but the expected one: a 4xx names its reason, and everything else may have been carried out.
fn refused(answer: &Answer) -> SendFailure {
    let error = serde_json::from_slice::<ApiError>(&answer.body).ok();
    match (answer.status, error) {
        (200..=299, _) => unreadable("Twilio's answer has another status of success than it documents"),
        (400..=499, Some(error)) => {
            let Some(code) = classify(error.code) else {
                return by_status(SERVICE, answer.status).with_provider_code(error.code);
            };
            let detail = format!("Twilio {}: {}", error.code, error.message.as_deref().unwrap_or("no text"));
            SendFailure::new(code, &detail).with_provider_code(error.code)
        }
        (status, _) => by_status(SERVICE, status),
    }
}

fn created(row: &Message) -> Result<OffsetDateTime, SendFailure> {
    let date = row.date_created.as_deref().and_then(|text| OffsetDateTime::parse(text, &Rfc2822).ok());
    date.ok_or_else(|| unreadable("Twilio listed a message without the date of its creation"))
}

fn error_text(message: &Message) -> Option<String> {
    message.error_code.map(|code| code.to_string())
}

fn e164(message: &SmsMessage) -> String {
    format!("+{}", message.to_digits)
}

/// Twilio's own libraries write a time so: UTC, whole seconds.
fn iso8601(at: OffsetDateTime) -> Result<String, SendFailure> {
    let seconds = at.to_offset(UtcOffset::UTC).replace_nanosecond(0);
    let text = seconds.ok().and_then(|at| at.format(&Rfc3339).ok());
    text.ok_or_else(|| SendFailure::new(FailureCode::RequestRefused, "the time of the attempt has no text"))
}

fn sid(key: &'static str, kind: &str, text: &str, problem: &'static str) -> Result<(), ConfigError> {
    if is_sid(kind, text) {
        return Ok(());
    }
    Err(ConfigError::Setting { service: SERVICE, key, problem })
}
