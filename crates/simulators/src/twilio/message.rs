//! What the gateway remembers of a message, and the Message resource that shows it.

use std::{collections::HashMap, fmt};

use serde::Serialize;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};
use uuid::Uuid;

/// A segment of a text that needs more than one has so many 16-bit units or more.
const SEGMENT_UNITS: usize = 67;

/// A message that the gateway took.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TwilioSms {
    /// The gateway's name for it.
    pub sid: String,
    /// The recipient with plus sign.
    pub to: String,
    /// The sender, or nothing where a Messaging Service sends.
    pub from: Option<String>,
    /// The Messaging Service that sends.
    pub messaging_service_sid: Option<String>,
    /// The text.
    pub body: String,
    /// Where callbacks go, as it was asked for.
    pub status_callback: Option<String>,
    /// How long it may wait in the queue, in seconds.
    pub validity_period_s: Option<u64>,
    /// What the list says of it.
    pub status: String,
    /// The error of a bad end.
    pub error_code: Option<u32>,
    #[serde(skip)]
    pub(super) created_at: OffsetDateTime,
    /// Nothing while it waits in the queue, where no list shows it.
    #[serde(skip)]
    pub(super) sent_at: Option<OffsetDateTime>,
}

impl fmt::Debug for TwilioSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioSms")
            .field("sid", &self.sid)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

impl TwilioSms {
    /// The message of a request's form; nothing without recipient, sender or text.
    pub(super) fn read(form: &[u8], now: OffsetDateTime) -> Option<Self> {
        let fields: HashMap<String, String> = form_urlencoded::parse(form).into_owned().collect();
        let field = |name: &str| fields.get(name).filter(|value| !value.is_empty()).cloned();
        let (from, messaging_service_sid) = (field("From"), field("MessagingServiceSid"));
        if from.is_none() && messaging_service_sid.is_none() {
            return None;
        }
        Some(Self {
            sid: format!("SM{}", Uuid::new_v4().simple()),
            to: field("To")?,
            status: if messaging_service_sid.is_some() { "accepted" } else { "queued" }.to_owned(),
            from,
            messaging_service_sid,
            body: field("Body")?,
            status_callback: field("StatusCallback"),
            validity_period_s: field("ValidityPeriod").and_then(|text| text.parse().ok()),
            error_code: None,
            created_at: now,
            sent_at: Some(now),
        })
    }

    /// The Message resource.
    pub(super) fn resource(&self, account_sid: &str) -> Value {
        let uri = format!("/2010-04-01/Accounts/{account_sid}/Messages/{}", self.sid);
        let segments = self.body.encode_utf16().count().div_ceil(SEGMENT_UNITS);
        json!({
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": rfc2822(Some(self.created_at)),
            "date_sent": rfc2822(self.sent_at),
            "date_updated": rfc2822(Some(self.created_at)),
            "direction": "outbound-api",
            "error_code": self.error_code,
            "error_message": null,
            "from": self.from,
            "messaging_service_sid": self.messaging_service_sid,
            "num_media": "0",
            "num_segments": segments.to_string(),
            "price": null,
            "price_unit": null,
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": { "media": format!("{uri}/Media.json") },
            "to": self.to,
            "uri": format!("{uri}.json"),
        })
    }
}

fn rfc2822(at: Option<OffsetDateTime>) -> Option<String> {
    at.and_then(|at| at.format(&Rfc2822).ok())
}
