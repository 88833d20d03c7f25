//! Sinch SMS: send a batch of one message under our reference, and find out what became of it.
//!
//! Field names are those of Sinch's OpenAPI document of the SMS API, `/xms/v1/{service_plan_id}`.

pub(super) mod carrier_errors;
pub(super) mod codes;
pub(super) mod receipts;
pub(super) mod statuses;
pub(super) mod wire;

use std::fmt;

use closure_contract::{
    ClientRef, Evidence, Provider, ReceiptStatus, SmsProvider, Timestamp,
    facts::{
        recovery::{Duplicates, LookUpBy, Recovery},
        texts::{TextLimit, TextLimits, TextMeasure},
    },
};
use reqwest::{
    RequestBuilder, Url,
    header::{ACCEPT, AUTHORIZATION, HeaderValue},
};
use time::Duration;

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
use statuses::said_of;
use wire::{ApiError, Batch, BatchReport, Batches, SendRequest, batch_id, is_ours};

const SERVICE: &str = "Sinch";
/// Sinch keeps trying for at most three days.
const VALIDITY_MINUTES_MAX: u64 = 4_320;
/// A batch of text.
const TEXT: &str = "mt_text";
/// A callback for each change of each message: the sum of a batch would name no message.
const EACH_CHANGE: &str = "per_recipient";
/// A look-up begins this long before the attempt, for clocks that differ.
const BEFORE: Duration = Duration::minutes(10);
/// The list reaches back 14 days; an attempt that is older, or nearly so, is not on it though it may have been taken.
const LISTED_FOR: Duration = Duration::days(13);
/// A look-up reads at most this many batches; our reference names one.
const BATCHES_MAX: usize = 20;
const CREATED: u16 = 201;
const READ: u16 = 200;

/// A body has at most 2,000 characters, whatever they are written in; it has one kind of text for every country.
const TEXT_LIMITS: &[TextLimit] = &[
    TextLimit { measure: TextMeasure::GsmSeptets, max: 2_000 },
    TextLimit { measure: TextMeasure::Ucs2Units, max: 2_000 },
];

/// What is known of it without asking.
///
/// No page says that a second batch of the same reference is refused, so that it is carried.
pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    gateway: SmsProvider::Sinch,
    capabilities: Capabilities {
        recovery: Recovery { look_up: LookUpBy::ClientReference, duplicates: Duplicates::Carried },
        text_limits: TextLimits { overseas: TEXT_LIMITS, domestic_sms: TEXT_LIMITS, domestic_lms: None },
        receipt_due: &[],
        one_time_codes_only: &[],
    },
    code_tables: &[codes::REFUSALS, statuses::STATUSES, statuses::ERRORS, carrier_errors::CARRIER_ERRORS],
    door: DoorFacts {
        head_proof: HeadProof::OverTheBody,
        body_bytes_max: SINGLE_RECEIPT_BODY_BYTES_MAX,
        answer_max: None,
    },
};

/// How to reach Sinch.
#[derive(Clone)]
pub struct SinchSettings {
    /// How its API is reached.
    pub http: HttpSettings,
    /// The service plan that sends.
    pub service_plan_id: String,
    /// The service plan's API token.
    pub api_token: String,
    /// The public address of the intake.
    pub receipt_url: String,
    /// How long the gateway keeps trying, in minutes, so that no text message comes after the email.
    pub validity_minutes: u64,
}

impl fmt::Debug for SinchSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinchSettings")
            .field("http", &self.http)
            .field("validity_minutes", &self.validity_minutes)
            .finish_non_exhaustive()
    }
}

/// The Sinch adapter.
#[derive(Clone)]
pub struct SinchSms {
    http: Http,
    batches: Url,
    bearer: HeaderValue,
    receipt_url: String,
    validity_s: u32,
}

impl fmt::Debug for SinchSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SinchSms(masked)")
    }
}

impl SinchSms {
    /// An adapter, or what is wrong with the settings; no connection is made.
    pub fn new(settings: SinchSettings) -> Result<Self, ConfigError> {
        let (http, base) = Http::of_gateway(SERVICE, &settings.http)?;
        let setting = |key, problem| ConfigError::Setting { service: SERVICE, key, problem };
        token(SERVICE, "service_plan_id", &settings.service_plan_id)?;
        token(SERVICE, "api_token", &settings.api_token)?;
        positive(SERVICE, "validity_minutes", settings.validity_minutes)?;
        let validity_s = u32::try_from(settings.validity_minutes.saturating_mul(60)).ok();
        let validity_s = validity_s
            .filter(|_| settings.validity_minutes <= VALIDITY_MINUTES_MAX)
            .ok_or_else(|| setting("validity_minutes", "must be at most 4320, which is three days"))?;
        base_url(SERVICE, &settings.receipt_url, settings.http.plain_http)?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", settings.api_token))
            .map_err(|_| setting("api_token", "cannot be a header"))?;
        bearer.set_sensitive(true);
        let batches = below(&base, &["xms", "v1", &settings.service_plan_id, "batches"]);
        Ok(Self { http, batches, bearer, receipt_url: settings.receipt_url, validity_s })
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Answer, SendFailure> {
        let request = request.header(AUTHORIZATION, self.bearer.clone()).header(ACCEPT, "application/json");
        self.http.run(request).await.map_err(|none| lost(SERVICE, none))
    }

    /// One request; what comes back has the one status that means success.
    async fn run(&self, request: RequestBuilder, expected: u16) -> Result<Answer, SendFailure> {
        let answer = self.ask(request).await?;
        if answer.status == expected { Ok(answer) } else { Err(refused(&answer)) }
    }

    /// What became of the one message of a batch; nothing where the gateway has no such batch.
    async fn reported(&self, id: &str, sender: Option<String>) -> Result<Option<LookUp>, SendFailure> {
        let mut url = below(&self.batches, &[id, "delivery_report"]);
        url.query_pairs_mut().append_pair("type", "summary");
        let answer = self.ask(self.http.get(url)).await?;
        match answer.status {
            READ => {}
            404 => return Ok(None),
            _ => return Err(refused(&answer)),
        }
        let report: BatchReport = serde_json::from_slice(&answer.body)
            .map_err(|_| unreadable("Sinch's report is not the JSON that it documents"))?;
        if report.batch_id != id {
            return Err(unreadable("Sinch reported on another batch than was asked for"));
        }
        match report.statuses.as_slice() {
            [] => Ok(Some(on_its_way(id, sender))),
            [one] if one.count == 1 => {
                let said = said_of(&one.status, one.code);
                Ok(Some(LookUp::Found {
                    provider_ref: id.to_owned(),
                    status: said.status,
                    evidence: said.evidence,
                    provider_code: said.named,
                    failure_code: said.why,
                    reported_sender: sender,
                }))
            }
            _ => Err(unreadable("Sinch reported on more than the one message of a batch")),
        }
    }

    /// The batch of an attempt, by the reference that we gave it.
    async fn listed(&self, client_ref: ClientRef, since: Timestamp) -> Result<Option<Batch>, SendFailure> {
        let mut url = self.batches.clone();
        let from = Timestamp::of(since.0.saturating_sub(BEFORE)).unwrap_or(since);
        url.query_pairs_mut()
            .append_pair("client_reference", &client_ref.to_string())
            .append_pair("start_date", &whole_seconds(from))
            .append_pair("page", "0")
            .append_pair("page_size", &BATCHES_MAX.to_string());
        let answer = self.run(self.http.get(url), READ).await?;
        let list: Batches = serde_json::from_slice(&answer.body)
            .map_err(|_| unreadable("Sinch's list is not the JSON that it documents"))?;
        let is_empty = list.count == 0 && list.batches.is_empty();
        // The filter is the server's; a batch of another reference must never be taken for ours.
        let mut ours = list.batches.into_iter();
        match ours.find(|batch| is_ours(batch.client_reference.as_deref(), client_ref)) {
            Some(batch) => Ok(Some(batch)),
            None if is_empty => Ok(None),
            None => {
                Err(unreadable("Sinch listed batches that do not carry the reference that was asked for"))
            }
        }
    }
}

impl Gateway for SinchSms {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    /// Looks for the batch of our reference, and then asks what became of it.
    async fn look_up(&self, query: &LookUpQuery<'_>) -> Result<LookUp, SendFailure> {
        if Timestamp::now().0 - query.since.0 > LISTED_FOR {
            return Ok(LookUp::CannotTell);
        }
        let Some(batch) = self.listed(query.client_ref, query.since).await? else {
            return Ok(LookUp::NotFound);
        };
        let id = batch.id.as_deref().and_then(batch_id);
        let id = id.ok_or_else(|| unreadable("Sinch's list has no usable id of a batch"))?;
        // A batch that is listed was taken, whether or not its report is there yet.
        let reported = self.reported(id, batch.from.clone()).await?;
        Ok(reported.unwrap_or_else(|| on_its_way(id, batch.from.clone())))
    }

    /// Sinch answers a batch's id with how many of its messages are in which state, and ours has one.
    async fn status(&self, query: &StatusQuery<'_>) -> Result<LookUp, SendFailure> {
        let Some(id) = batch_id(query.provider_ref) else { return Ok(LookUp::CannotTell) };
        Ok(self.reported(id, None).await?.unwrap_or(LookUp::NotFound))
    }
}

impl Sender for SinchSms {
    type Message = SmsMessage;

    fn provider(&self) -> Provider {
        Provider::Sinch
    }

    fn longest_send_ms(&self) -> u64 {
        self.http.longest_request_ms()
    }

    async fn send(&self, message: &SmsMessage) -> Result<Accepted, SendFailure> {
        let request = SendRequest {
            kind: TEXT,
            from: message.sender.trim_start_matches('+'),
            to: [&message.to_digits],
            body: &message.text,
            delivery_report: EACH_CHANGE,
            expire_at: whole_seconds(Timestamp::now().later_by_s(self.validity_s)),
            callback_url: &self.receipt_url,
            client_reference: &message.client_ref.to_string(),
        };
        let answer = self.run(self.http.post(self.batches.clone()).json(&request), CREATED).await?;
        accepted(&answer.body, message.client_ref)
    }
}

/// Reads the batch of an answer of status 201.
fn accepted(body: &[u8], client_ref: ClientRef) -> Result<Accepted, SendFailure> {
    let batch: Batch = serde_json::from_slice(body)
        .map_err(|_| unreadable("Sinch's answer says success but is not the JSON that it documents"))?;
    let Some(id) = batch.id.as_deref().and_then(batch_id) else {
        return Err(unreadable("Sinch's answer has no id of a batch"));
    };
    if batch.kind != TEXT || !is_ours(batch.client_reference.as_deref(), client_ref) {
        return Err(unreadable("Sinch's answer is about another batch"));
    }
    if batch.canceled == Some(true) {
        return Err(unreadable("Sinch's answer says that the batch was taken back"));
    }
    Ok(Accepted::under(Some(id.to_owned())))
}

fn on_its_way(id: &str, reported_sender: Option<String>) -> LookUp {
    LookUp::Found {
        provider_ref: id.to_owned(),
        status: ReceiptStatus::InTransit,
        evidence: Evidence::Gateway,
        provider_code: None,
        failure_code: None,
        reported_sender,
    }
}

/// Any status but the expected one: a 400 and a 403 name their reason, and a 5xx may have been carried out.
fn refused(answer: &Answer) -> SendFailure {
    let error = serde_json::from_slice::<ApiError>(&answer.body).ok();
    let failure = match (answer.status, error) {
        (200..=299, _) => unreadable("Sinch's answer has another status of success than it documents"),
        (400..=499, Some(error)) => {
            let detail = format!("Sinch {}: {}", error.code, error.text.as_deref().unwrap_or("no text"));
            match classify(&error.code) {
                Some(code) => SendFailure::new(code, &detail).with_provider_code(error.code),
                None => by_status(SERVICE, answer.status).with_provider_code(error.code),
            }
        }
        (status, _) => by_status(SERVICE, status),
    };
    failure.with_retry_after_ms(answer.retry_after_ms)
}

/// A time in UTC, as RFC 3339 writes it.
fn whole_seconds(at: Timestamp) -> String {
    Timestamp(at.0.replace_nanosecond(0).unwrap_or(at.0)).to_string()
}
