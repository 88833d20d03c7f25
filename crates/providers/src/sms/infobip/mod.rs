//! Infobip SMS v3: send one message under our own id, and find out what became of it.
//!
//! Field names are those of Infobip's OpenAPI document of `/sms/3/messages` and `/sms/3/logs`.

pub(super) mod codes;
pub(super) mod errors;
pub(super) mod handset_errors;
pub(super) mod receipts;
pub(super) mod statuses;
pub(super) mod wire;

use std::fmt;

use closure_contract::{
    ClientRef, FailureCode, Provider, ReceiptStatus, SmsProvider, Timestamp,
    facts::{
        recovery::{Duplicates, LookUpBy, Recovery},
        texts::{TextLimit, TextLimits, TextMeasure},
    },
};
use reqwest::{
    RequestBuilder, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
};

use super::{
    answers::{by_status, lost, unreadable},
    capabilities::Capabilities,
    codes::CodeReading,
    descriptor::{Descriptor, DoorFacts},
    doors::Opened,
    gateway::{Gateway, LookUp, LookUpQuery, SmsMessage, StatusQuery},
    pulls::{More, Pull},
};
use crate::{
    config::{ConfigError, base_url, positive, token},
    http::{Answer, Http, HttpSettings, below},
    sender::{Accepted, SendFailure, Sender},
};
use receipts::{infobip_time, opened};
use statuses::{reading, status_code};
use wire::{
    ApiError, Content, Delivery, Destination, LogAnswer, LoggedMessage, Message, Options, Reports,
    SendAnswer, SendRequest, Status, ValidityPeriod, Webhooks,
};

const SERVICE: &str = "Infobip";
/// A look-up reads at most this many rows; our id names one message and the duplicates that were refused.
const LOOK_UP_ROWS_MAX: usize = 20;
/// A batch of reports has at most this many, which is the most that the gateway gives.
const PULLED_ROWS_MAX: usize = 1_000;
/// So many pages of the logs are read at once; the gateway answers 120 such requests a minute.
const LOG_PAGES_MAX: usize = 50;
/// Infobip keeps trying for at most two days.
const VALIDITY_MINUTES_MAX: u64 = 2_880;
/// The status of a request that was refused because the gateway has its message.
const DUPLICATE: i64 = 23;

/// What its status 25, REJECTED_MESSAGE_TOO_LONG, names; it has one kind of text for every country.
const TEXT_LIMITS: &[TextLimit] = &[
    TextLimit { measure: TextMeasure::Parts, max: 25 },
    TextLimit { measure: TextMeasure::Utf8Bytes, max: 4_000 },
];

/// What is known of it without asking.
pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    gateway: SmsProvider::Infobip,
    capabilities: Capabilities {
        recovery: Recovery { look_up: LookUpBy::ClientReference, duplicates: Duplicates::Refused },
        text_limits: TextLimits { overseas: TEXT_LIMITS, domestic_sms: TEXT_LIMITS, domestic_lms: None },
        receipt_due: &[],
        one_time_codes_only: &[],
    },
    code_tables: &[
        codes::STATUSES,
        codes::GROUPS,
        errors::USER_ERRORS,
        errors::OPERATOR_ERRORS,
        handset_errors::HANDSET_ERRORS,
    ],
    door: DoorFacts::BATCHES,
};

/// How to reach Infobip.
#[derive(Clone)]
pub struct InfobipSettings {
    /// How its API is reached.
    pub http: HttpSettings,
    /// The key of the header `Authorization: App …`.
    pub api_key: String,
    /// Where reports of each message go; without it, where the account's own settings say.
    pub receipt_url: Option<String>,
    /// How long the gateway keeps trying, in minutes, so that no text message comes after the email.
    pub validity_minutes: u64,
}

impl fmt::Debug for InfobipSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InfobipSettings")
            .field("http", &self.http)
            .field("validity_minutes", &self.validity_minutes)
            .finish_non_exhaustive()
    }
}

/// The Infobip adapter.
#[derive(Clone)]
pub struct InfobipSms {
    http: Http,
    base: Url,
    key: HeaderValue,
    receipt_url: Option<String>,
    validity_minutes: u64,
}

impl fmt::Debug for InfobipSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InfobipSms(masked)")
    }
}

impl InfobipSms {
    /// An adapter, or what is wrong with the settings; no connection is made.
    pub fn new(settings: InfobipSettings) -> Result<Self, ConfigError> {
        let (http, base) = Http::of_gateway(SERVICE, &settings.http)?;
        token(SERVICE, "api_key", &settings.api_key)?;
        positive(SERVICE, "validity_minutes", settings.validity_minutes)?;
        if settings.validity_minutes > VALIDITY_MINUTES_MAX {
            let problem = "must be at most 2880, which is two days";
            return Err(ConfigError::Setting { service: SERVICE, key: "validity_minutes", problem });
        }
        if let Some(url) = &settings.receipt_url {
            base_url(SERVICE, url, settings.http.plain_http)?;
        }
        let mut key = HeaderValue::from_str(&format!("App {}", settings.api_key)).map_err(|_| {
            ConfigError::Setting { service: SERVICE, key: "api_key", problem: "cannot be a header" }
        })?;
        key.set_sensitive(true);
        let (receipt_url, validity_minutes) = (settings.receipt_url, settings.validity_minutes);
        Ok(Self { http, base, key, receipt_url, validity_minutes })
    }

    async fn pulled(&self, url: Url) -> Result<Reports, SendFailure> {
        let answer = self.run(self.http.get(url)).await?;
        serde_json::from_slice(&answer.body)
            .map_err(|_| unreadable("Infobip's reports are not the JSON that it documents"))
    }

    /// One request; what comes back has a status of 2xx.
    async fn run(&self, request: RequestBuilder) -> Result<Answer, SendFailure> {
        let request = request.header(AUTHORIZATION, self.key.clone()).header(ACCEPT, "application/json");
        let answer = self.http.run(request).await.map_err(|none| lost(SERVICE, none))?;
        match answer.status {
            200..=299 => Ok(answer),
            status => Err(refused(status, &answer.body).with_retry_after_ms(answer.retry_after_ms)),
        }
    }

    /// The message of an attempt, as the logs have it.
    async fn logged(&self, client_ref: ClientRef) -> Result<LookUp, SendFailure> {
        let id = client_ref.to_string();
        let mut url = below(&self.base, &["sms", "3", "logs"]);
        url.query_pairs_mut()
            .append_pair("messageId", &id)
            .append_pair("limit", &LOOK_UP_ROWS_MAX.to_string());
        let answer = self.run(self.http.get(url)).await?;
        let log: LogAnswer = serde_json::from_slice(&answer.body)
            .map_err(|_| unreadable("Infobip's logs are not the JSON that it documents"))?;
        // The filter is the server's; a row of another message must never be taken for ours.
        let is_ours = |row: &&LoggedMessage| {
            row.message_id.as_deref().is_some_and(|theirs| theirs.eq_ignore_ascii_case(&id))
        };
        let ours: Vec<&LoggedMessage> = log.results.iter().filter(is_ours).collect();
        // A repeat that was refused has a row too, which says nothing of the message itself.
        let row = ours.iter().find(|row| row.status.id != Some(DUPLICATE)).or_else(|| ours.first());
        match row {
            Some(row) => found(id, row),
            None if log.results.is_empty() => Ok(LookUp::NotFound),
            None => Err(unreadable("Infobip listed messages that do not carry the id that was asked for")),
        }
    }
}

impl Gateway for InfobipSms {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    /// Asks the logs, which reach back 48 hours, for the id that we gave it.
    async fn look_up(&self, query: &LookUpQuery<'_>) -> Result<LookUp, SendFailure> {
        self.logged(query.client_ref).await
    }

    /// Our reference is the message's id here, so that both questions are one.
    async fn status(&self, query: &StatusQuery<'_>) -> Result<LookUp, SendFailure> {
        self.logged(query.client_ref).await
    }
}

impl Pull for InfobipSms {
    /// The reports that nobody has taken yet; the gateway gives each out once.
    async fn pull(&self, _since: Timestamp, now: Timestamp) -> Result<(Opened, More), SendFailure> {
        let mut url = below(&self.base, &["sms", "3", "reports"]);
        url.query_pairs_mut().append_pair("limit", &PULLED_ROWS_MAX.to_string());
        let reports = self.pulled(url).await?;
        let more = if reports.results.len() < PULLED_ROWS_MAX { More::Later } else { More::AtOnce };
        Ok((opened(reports, now), more))
    }

    /// What the logs say of messages that came to an end; they reach back 48 hours, and are read page by page.
    ///
    /// Where they go on after the last page that is read, that is the past which was wanted least: the newest come first.
    /// Those before a page that does not come are kept, and whoever asks is told that there is more.
    async fn recall(&self, since: Timestamp, now: Timestamp) -> Result<Opened, SendFailure> {
        let since = infobip_time(since)
            .ok_or_else(|| SendFailure::new(FailureCode::RequestRefused, "the time has no text"))?;
        let mut ended = Opened::default();
        let mut cursor: Option<String> = None;
        for _ in 0..LOG_PAGES_MAX {
            let mut url = below(&self.base, &["sms", "3", "logs"]);
            url.query_pairs_mut()
                .append_pair("sentSince", &since)
                .append_pair("limit", &PULLED_ROWS_MAX.to_string())
                .append_pair("useCursor", "true");
            if let Some(cursor) = &cursor {
                url.query_pairs_mut().append_pair("cursor", cursor);
            }
            let page = match (self.pulled(url).await, &cursor) {
                (Ok(page), _) => page,
                (Err(problem), Some(_)) => {
                    ended.cut_short = Some(problem.to_string());
                    break;
                }
                (Err(problem), None) => return Err(problem),
            };
            let next = page.next_cursor().map(str::to_owned);
            let page = opened(page, now);
            ended.receipts.extend(page.receipts);
            ended.unreadable += page.unreadable;
            // The same cursor again would lead to the same page again.
            if next.is_none() || next == cursor {
                break;
            }
            cursor = next;
        }
        ended.receipts.retain(|receipt| receipt.status != ReceiptStatus::InTransit);
        Ok(ended)
    }
}

impl Sender for InfobipSms {
    type Message = SmsMessage;

    fn provider(&self) -> Provider {
        Provider::Infobip
    }

    fn longest_send_ms(&self) -> u64 {
        self.http.longest_request_ms()
    }

    async fn send(&self, message: &SmsMessage) -> Result<Accepted, SendFailure> {
        let id = message.client_ref.to_string();
        let request = SendRequest {
            messages: [Message {
                sender: message.sender.trim_start_matches('+'),
                destinations: [Destination { to: &message.to_digits, message_id: &id }],
                content: Content { text: &message.text },
                options: Options {
                    validity_period: ValidityPeriod { amount: self.validity_minutes, time_unit: "MINUTES" },
                },
                webhooks: Webhooks {
                    delivery: self.receipt_url.as_deref().map(|url| Delivery { url }),
                    content_type: "application/json",
                    callback_data: &id,
                },
            }],
        };
        let url = below(&self.base, &["sms", "3", "messages"]);
        let answer = self.run(self.http.post(url).json(&request)).await?;
        accepted(&answer.body, id)
    }
}

/// Reads the one message of an answer of status 2xx.
fn accepted(body: &[u8], id: String) -> Result<Accepted, SendFailure> {
    let answer: SendAnswer = serde_json::from_slice(body)
        .map_err(|_| unreadable("Infobip's answer says success but is not the JSON that it documents"))?;
    let [message] = answer.messages.as_slice() else {
        return Err(unreadable("Infobip's answer does not speak of exactly one message"));
    };
    if !message.message_id.eq_ignore_ascii_case(&id) {
        return Err(unreadable("Infobip's answer carries the id of another message"));
    }
    let taken = Ok(Accepted::under(Some(id)));
    match reading(&message.status) {
        Some(CodeReading::Taken) => taken,
        Some(CodeReading::Word { status: ReceiptStatus::InTransit | ReceiptStatus::Delivered, .. }) => taken,
        Some(CodeReading::Failure(code)) => Err(said(code, &message.status)),
        Some(CodeReading::Word {
            status: ReceiptStatus::Undelivered | ReceiptStatus::Expired,
            why: Some(code),
            ..
        }) => Err(said(code, &message.status)),
        Some(CodeReading::Word { .. }) | None => Err(said(FailureCode::AnswerUnreadable, &message.status)),
    }
}

/// What the logs say of our message.
fn found(id: String, row: &LoggedMessage) -> Result<LookUp, SendFailure> {
    let said = statuses::said(&row.status, row.error.as_ref())
        .ok_or_else(|| unreadable("Infobip's logs have our message without a status"))?;
    Ok(LookUp::Found {
        provider_ref: id,
        status: said.status,
        evidence: said.evidence,
        provider_code: said.code,
        failure_code: said.why,
        reported_sender: row.sender.clone(),
    })
}

fn said(code: FailureCode, status: &Status) -> SendFailure {
    let (named, name) = (status_code(status), status.name.as_deref().unwrap_or("no name"));
    let named = named.as_deref().unwrap_or("none");
    SendFailure::new(code, &format!("Infobip status {named}: {name}")).with_provider_code(named)
}

/// Any status but 2xx; a 400 names the part of the request that it refuses.
fn refused(status: u16, body: &[u8]) -> SendFailure {
    let Some(error) = serde_json::from_slice::<ApiError>(body).ok().filter(|_| status == 400) else {
        return by_status(SERVICE, status);
    };
    let names = |part: &str| {
        error.violations.iter().any(|violation| {
            let property = violation.property.as_deref().unwrap_or_default();
            property.split(['.', '[', ']']).any(|segment| segment == part)
        })
    };
    let code = if names("to") {
        FailureCode::RecipientRejected
    } else if names("text") {
        FailureCode::ContentRejected
    } else if names("sender") {
        FailureCode::SenderRejected
    } else {
        FailureCode::RequestRefused
    };
    let detail =
        format!("Infobip {}: {}", error.error_code, error.description.as_deref().unwrap_or("no text"));
    SendFailure::new(code, &detail).with_provider_code(error.error_code)
}
