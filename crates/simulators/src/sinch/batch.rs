//! What the gateway remembers of a batch, and the documents that show it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// A text has at most so many characters.
const BODY_CHARS_MAX: usize = 2_000;

/// A message that the gateway took.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SinchSms {
    /// The gateway's name for its batch.
    pub id: String,
    /// The recipient's digits.
    pub to: String,
    /// The sender that was asked for.
    pub from: String,
    /// The text.
    pub body: String,
    /// Our reference.
    pub client_reference: Option<String>,
    /// Where callbacks go, as it was asked for.
    pub callback_url: Option<String>,
    /// When it ends, as it was asked for.
    pub expire_at: Option<String>,
    /// What its report says.
    pub status: String,
    /// The code beside it.
    pub code: u16,
    #[serde(skip)]
    pub(super) created_at: OffsetDateTime,
    /// So many looks at the list do not find it yet.
    #[serde(skip)]
    pub(super) hidden_looks: u32,
}

impl fmt::Debug for SinchSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinchSms").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

/// A request to send a batch of text.
#[derive(Deserialize)]
struct Request {
    #[serde(rename = "type", default)]
    kind: Option<String>,
    to: Vec<String>,
    from: String,
    body: String,
    delivery_report: Option<String>,
    expire_at: Option<String>,
    callback_url: Option<String>,
    client_reference: Option<String>,
}

/// Why a request is refused.
pub(super) enum Refused {
    Json,
    Format,
    Constraint,
}

impl SinchSms {
    /// The one message of a request; batches of several are not simulated.
    pub(super) fn read(body: &[u8], now: OffsetDateTime) -> Result<Self, Refused> {
        let request: Request = serde_json::from_slice(body).map_err(|_| Refused::Json)?;
        let [to] = request.to.as_slice() else { return Err(Refused::Constraint) };
        let to = to.trim_start_matches('+').to_owned();
        if to.is_empty() || !to.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refused::Format);
        }
        let expires = request.expire_at.as_deref().map(|text| OffsetDateTime::parse(text, &Rfc3339));
        let expires = expires.transpose().map_err(|_| Refused::Format)?;
        let reports = request.delivery_report.as_deref().unwrap_or("none");
        if request.kind.is_some_and(|kind| kind != "mt_text")
            || request.body.is_empty()
            || request.body.chars().count() > BODY_CHARS_MAX
            || expires.is_some_and(|at| at <= now || at > now + time::Duration::days(3))
            || !["none", "summary", "full", "per_recipient", "per_recipient_final"].contains(&reports)
        {
            return Err(Refused::Constraint);
        }
        Ok(Self {
            id: format!("01{}", &Uuid::new_v4().simple().to_string().to_uppercase()[..24]),
            to,
            from: request.from.trim_start_matches('+').to_owned(),
            body: request.body,
            client_reference: request.client_reference,
            callback_url: request.callback_url.filter(|_| reports == "per_recipient"),
            expire_at: request.expire_at,
            status: "Queued".to_owned(),
            code: 400,
            created_at: now,
            hidden_looks: 0,
        })
    }

    /// The batch as its answer and the list show it.
    pub(super) fn resource(&self) -> Value {
        let created_at = self.created_at.format(&Rfc3339).unwrap_or_default();
        json!({
            "id": self.id,
            "to": [self.to],
            "from": self.from,
            "canceled": false,
            "body": self.body,
            "type": "mt_text",
            "created_at": created_at,
            "modified_at": created_at,
            "delivery_report": "per_recipient",
            "expire_at": self.expire_at,
            "callback_url": self.callback_url,
            "client_reference": self.client_reference,
            "feedback_enabled": false,
            "flash_message": false,
        })
    }

    /// The sum of the batch.
    pub(super) fn summary(&self) -> Value {
        json!({
            "type": "delivery_report_sms",
            "batch_id": self.id,
            "client_reference": self.client_reference,
            "total_message_count": 1,
            "statuses": [{ "code": self.code, "status": self.status, "count": 1 }],
        })
    }

    /// What a callback says of the one message.
    pub(super) fn report(&self, status: &str, code: u16, at: OffsetDateTime) -> Value {
        let at = at.format(&Rfc3339).unwrap_or_default();
        json!({
            "type": "recipient_delivery_report_sms",
            "batch_id": self.id,
            "client_reference": self.client_reference,
            "recipient": self.to,
            "code": code,
            "status": status,
            "at": at,
            "operator_status_at": at,
        })
    }
}
