//! NHN Cloud SMS v3.0: send one message, and find out what became of it.

pub(super) mod codes;
pub(super) mod look_up;
pub(super) mod receipts;
pub(super) mod statuses;
pub(super) mod wire;

use std::{fmt, time::Duration};

use closure_contract::{
    Provider, SmsProvider, Timestamp,
    facts::{
        recovery::{Duplicates, LookUpBy, Recovery},
        texts::{TextKind, TextLimit, TextLimits, TextMeasure},
    },
    job::Scope,
};
use reqwest::{RequestBuilder, Url, header::HeaderValue};
use serde::de::DeserializeOwned;
use time::{format_description::BorrowedFormatItem, macros::format_description};

use super::{
    answers::{by_status, lost, unreadable},
    capabilities::Capabilities,
    descriptor::{Descriptor, DoorFacts},
    doors::Opened,
    gateway::{Gateway, LookUp, LookUpQuery, SmsMessage, StatusQuery},
    pulls::{More, Pull},
};
use crate::{
    config::{ConfigError, token},
    http::{Answer, Http, HttpSettings, below},
    sender::{Accepted, SendFailure, Sender},
};
use codes::SUCCESS;
use look_up::Single;
use receipts::{BadHook, polled};
use wire::{Envelope, ResultsAnswer, SendAnswer, SendRecipient, SendRequest, Verdict, provider_ref};

const SERVICE: &str = "NHN";
/// Up to this many EUC-KR bytes a domestic text is an SMS; a longer one is an LMS.
const DOMESTIC_SMS_BYTES_MAX: usize = 90;
/// A page of results has at most this many rows.
const RESULT_PAGE_ROWS: usize = 1_000;
/// So many pages are read at once.
const RESULT_PAGES_MAX: usize = 50;
const NHN_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// `international-sending-policy.md` splits a text overseas into at most five parts; `api-guide.md` has the sizes at home.
const TEXT_LIMITS: TextLimits = TextLimits {
    overseas: &[
        TextLimit { measure: TextMeasure::GsmSeptets, max: 765 },
        TextLimit { measure: TextMeasure::Ucs2Units, max: 335 },
    ],
    domestic_sms: &[TextLimit { measure: TextMeasure::KoreanBytes, max: DOMESTIC_SMS_BYTES_MAX }],
    domestic_lms: Some(&[TextLimit { measure: TextMeasure::KoreanBytes, max: 2_000 }]),
};

/// What is known of it without asking.
pub(super) const DESCRIPTOR: Descriptor = Descriptor {
    gateway: SmsProvider::Nhn,
    capabilities: Capabilities {
        recovery: Recovery { look_up: LookUpBy::ClientReference, duplicates: Duplicates::Carried },
        text_limits: TEXT_LIMITS,
        // `error-code.md`, result 2000: an LMS without a result ends after 80 hours; its receipt tells that a little later.
        receipt_due: &[(TextKind::DomesticLms, Duration::from_secs(81 * 3_600))],
        // `international-sending-policy.md`: in countries as strict as Vietnam a text arrives only if it is a one-time code;
        // until May 2025 the same sentence named China.
        one_time_codes_only: &[84, 86],
    },
    code_tables: &[codes::RESULTS, statuses::RECEIVING, statuses::DLR_STATUSES, statuses::DLR_ERRORS],
    door: DoorFacts::BATCHES,
};

/// How to reach NHN Cloud.
#[derive(Clone)]
pub struct NhnSettings {
    /// How its API is reached.
    pub http: HttpSettings,
    /// The project's key, part of the path.
    pub app_key: String,
    /// The secret of the header `X-Secret-Key`.
    pub secret_key: String,
}

impl fmt::Debug for NhnSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NhnSettings").field("http", &self.http).finish_non_exhaustive()
    }
}

/// The two lists that NHN keeps apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Sms,
    Lms,
}

impl Kind {
    fn in_scope(scope: Scope) -> &'static [Self] {
        match scope {
            Scope::Overseas => &[Self::Sms],
            Scope::Domestic => &[Self::Sms, Self::Lms],
        }
    }

    fn of(message: &SmsMessage) -> Self {
        match message.scope {
            Scope::Overseas => Self::Sms,
            Scope::Domestic => {
                let is_long = euc_kr_bytes(&message.text) > DOMESTIC_SMS_BYTES_MAX;
                if is_long || message.subject.is_some() { Self::Lms } else { Self::Sms }
            }
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Lms => "mms",
        }
    }
}

/// What NHN's header says of a request.
pub(super) enum Said {
    Done(Answer),
    Refused(SendFailure),
}

/// The NHN Cloud adapter.
#[derive(Clone)]
pub struct NhnSms {
    pub(super) http: Http,
    base: Url,
    app_key: String,
    secret: HeaderValue,
}

impl fmt::Debug for NhnSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NhnSms(masked)")
    }
}

impl NhnSms {
    /// An adapter, or what is wrong with the settings; no connection is made.
    pub fn new(settings: NhnSettings) -> Result<Self, ConfigError> {
        let (http, base) = Http::of_gateway(SERVICE, &settings.http)?;
        token(SERVICE, "app_key", &settings.app_key)?;
        token(SERVICE, "secret_key", &settings.secret_key)?;
        let mut secret = HeaderValue::from_str(&settings.secret_key).map_err(|_| ConfigError::Setting {
            service: SERVICE,
            key: "secret_key",
            problem: "cannot be a header",
        })?;
        secret.set_sensitive(true);
        Ok(Self { http, base, app_key: settings.app_key, secret })
    }

    pub(super) fn url(&self, kind: Kind) -> Url {
        below(&self.base, &["sms", "v3.0", "appKeys", &self.app_key, "sender", kind.path()])
    }

    /// One request; what comes back is an answer whose header says success.
    pub(super) async fn run(&self, request: RequestBuilder) -> Result<Answer, SendFailure> {
        match self.ask(request).await? {
            Said::Done(answer) => Ok(answer),
            Said::Refused(why) => Err(why),
        }
    }

    /// One request, and whether NHN's own header refuses it; an error is everything else that is no success.
    pub(super) async fn ask(&self, request: RequestBuilder) -> Result<Said, SendFailure> {
        let request = request.header("X-Secret-Key", self.secret.clone());
        let answer = self.http.run(request).await.map_err(|none| lost(SERVICE, none))?;
        let envelope = serde_json::from_slice::<Envelope>(&answer.body).ok();
        match answer.status {
            200..=299 => {}
            status => return refused(status, envelope, answer.retry_after_ms),
        }
        let Some(Envelope { header }) = envelope else {
            return Err(unreadable("NHN's answer is not the JSON that it documents"));
        };
        match header.verdict() {
            Verdict::Success => Ok(Said::Done(answer)),
            Verdict::Failure => {
                Ok(Said::Refused(by_code(header.result_code, header.result_message.as_deref())))
            }
            Verdict::Contradiction => Err(unreadable("NHN's answer says success and failure at once")
                .with_provider_code(header.result_code)),
        }
    }
}

impl Gateway for NhnSms {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    /// Asks for the attempt by the grouping key that we gave it; overseas messages are never LMS.
    ///
    /// `NotFound` is true of this moment only: a request that is still on its way is not listed yet.
    async fn look_up(&self, query: &LookUpQuery<'_>) -> Result<LookUp, SendFailure> {
        for kind in Kind::in_scope(query.scope) {
            let found = self.listed(query.client_ref, *kind, query.since).await?;
            if found != LookUp::NotFound {
                return Ok(found);
            }
        }
        Ok(LookUp::NotFound)
    }

    async fn status(&self, query: &StatusQuery<'_>) -> Result<LookUp, SendFailure> {
        let Some((request_id, sequence)) = query.provider_ref.split_once(':') else {
            return Ok(LookUp::CannotTell);
        };
        let (mut refused, mut is_not_listed) = (None, false);
        for kind in Kind::in_scope(query.scope) {
            match self.single(request_id, sequence, *kind).await? {
                Single::Found(found) => return Ok(found),
                Single::NotListed => is_not_listed = true,
                Single::Refused(why) => refused = Some(why),
            }
        }
        match refused {
            // The other list refuses what is not its own.
            Some(why) if !is_not_listed => Err(why),
            Some(_) | None => Ok(LookUp::NotFound),
        }
    }
}

impl Pull for NhnSms {
    /// The results that were made since then, at most a day ago.
    async fn pull(&self, since: Timestamp, now: Timestamp) -> Result<(Opened, More), SendFailure> {
        let mut opened = Opened::default();
        for page in 1..=RESULT_PAGES_MAX {
            let mut url = below(&self.base, &["sms", "v3.0", "appKeys", &self.app_key, "message-results"]);
            url.query_pairs_mut()
                .append_pair("startUpdateDate", &nhn_time(since.0))
                .append_pair("endUpdateDate", &nhn_time(now.0))
                .append_pair("pageNum", &page.to_string())
                .append_pair("pageSize", &RESULT_PAGE_ROWS.to_string());
            let results: ResultsAnswer = read(&self.run(self.http.get(url)).await?)?;
            let rows = results
                .body
                .rows()
                .ok_or_else(|| unreadable("NHN's results are in a shape that it does not document"))?;
            let is_last = rows.len() < RESULT_PAGE_ROWS;
            for row in rows {
                match polled(row, now) {
                    Ok(Some(receipt)) => opened.receipts.push(receipt),
                    Ok(None) => opened.ignored += 1,
                    Err(BadHook) => opened.unreadable += 1,
                }
            }
            if is_last {
                return Ok((opened, More::Later));
            }
        }
        Err(unreadable("NHN has more results than are read at once; ask more often"))
    }

    /// Results stay where they are, so that nothing was lost.
    async fn recall(&self, _since: Timestamp, _now: Timestamp) -> Result<Opened, SendFailure> {
        Ok(Opened::default())
    }
}

impl Sender for NhnSms {
    type Message = SmsMessage;

    fn provider(&self) -> Provider {
        Provider::Nhn
    }

    fn longest_send_ms(&self) -> u64 {
        self.http.longest_request_ms()
    }

    async fn send(&self, message: &SmsMessage) -> Result<Accepted, SendFailure> {
        let key = message.client_ref.to_string();
        let send_no = send_no(&message.sender);
        let kind = Kind::of(message);
        let request = SendRequest {
            title: match kind {
                Kind::Sms => None,
                Kind::Lms => message.subject.as_deref(),
            },
            body: &message.text,
            send_no: &send_no,
            sender_grouping_key: &key,
            recipient_list: [SendRecipient {
                international_recipient_no: &message.to_digits,
                recipient_grouping_key: &key,
            }],
        };
        let answer = self.run(self.http.post(self.url(kind)).json(&request)).await?;
        accepted(read(&answer)?, &key)
    }
}

/// Reads the one recipient of a request that the header calls successful.
fn accepted(answer: SendAnswer, key: &str) -> Result<Accepted, SendFailure> {
    const STATUS_FAILED: &str = "3";
    let data = answer.body.data;
    let [result] = data.send_result_list.as_slice() else {
        return Err(unreadable("NHN's answer does not speak of exactly one recipient"));
    };
    if result.result_code != SUCCESS {
        return Err(by_code(result.result_code, result.result_message.as_deref()));
    }
    if result.recipient_grouping_key.as_deref().is_some_and(|theirs| !same_key(theirs, key)) {
        return Err(unreadable("NHN's answer carries the reference of another request"));
    }
    if data.status_code.as_deref() == Some(STATUS_FAILED) {
        return Err(unreadable("NHN's answer says success and failure at once"));
    }
    let provider_ref = provider_ref(&data.request_id, result.recipient_seq)
        .ok_or_else(|| unreadable("NHN's answer has no usable request id"))?;
    Ok(Accepted::under(Some(provider_ref)))
}

pub(super) fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T, SendFailure> {
    serde_json::from_slice(&answer.body)
        .map_err(|_| unreadable("NHN's answer says success but is not the JSON that it documents"))
}

/// Any status but 2xx: 4xx is a refusal, everything else may have been carried out.
fn refused(
    status: u16,
    envelope: Option<Envelope>,
    retry_after_ms: Option<u64>,
) -> Result<Said, SendFailure> {
    if let (400..=499, Some(Envelope { header })) = (status, envelope)
        && matches!(header.verdict(), Verdict::Failure)
    {
        let why = by_code(header.result_code, header.result_message.as_deref());
        return Ok(Said::Refused(why.with_retry_after_ms(retry_after_ms)));
    }
    Err(by_status(SERVICE, status).with_retry_after_ms(retry_after_ms))
}

fn by_code(result_code: i64, message: Option<&str>) -> SendFailure {
    let detail = format!("NHN result {result_code}: {}", message.unwrap_or("no message"));
    SendFailure::new(codes::classify(result_code), &detail).with_provider_code(result_code)
}

pub(super) fn same_key(theirs: &str, ours: &str) -> bool {
    theirs.eq_ignore_ascii_case(ours)
}

/// NHN wants a Korean sender in its national form; any other sender goes as it is.
fn send_no(sender: &str) -> String {
    match sender.strip_prefix("+82") {
        Some(national) => format!("0{national}"),
        None => sender.trim_start_matches('+').to_owned(),
    }
}

/// NHN's clock is Korea's and its times name no zone.
pub(super) fn nhn_time(at: time::OffsetDateTime) -> String {
    at.to_offset(time::macros::offset!(+9)).format(NHN_TIME).expect("a date and a time are formattable")
}

/// One byte for ASCII, two for everything else that EUC-KR has.
fn euc_kr_bytes(text: &str) -> usize {
    text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum()
}
