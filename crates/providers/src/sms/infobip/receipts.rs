//! Infobip's delivery reports: a JSON document with up to a hundred `results`, each read for itself.
//!
//! The sender proves itself by HTTP basic authentication, one of the kinds that Infobip's subscriptions document
//! (`BASIC`, `HMAC`, `OAUTH`).
//! Its documents do not name the header and the encoding of `HMAC`, so that it is not guessed at here.

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_contract::{ClientRef, Provider, Receipt, Timestamp, receipt::ReceiptKind};
use time::{
    OffsetDateTime, UtcOffset,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

use super::{
    DESCRIPTOR,
    statuses::{said, status_code},
    wire::{Report, Reports},
};
use crate::config::ConfigError;
use crate::sms::{
    descriptor::Descriptor,
    doors::{Door, DoorError, DoorRequest, Headers, Opened},
    secrets::Secrets,
};

const SERVICE: &str = "Infobip webhook";
/// An id of ours is a UUID, and one of Infobip's own has at most 200 characters.
const MESSAGE_ID_CHARS_MAX: usize = 200;
const INFOBIP_TIME: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]][offset_hour sign:mandatory][offset_minute]"
);

const INFOBIP_QUERY_TIME: &[BorrowedFormatItem<'_>] = format_description!(
    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3][offset_hour sign:mandatory][offset_minute]"
);

/// Verifies and reads Infobip's reports.
#[derive(Clone)]
pub struct InfobipReceipts {
    secrets: Secrets,
}

impl fmt::Debug for InfobipReceipts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InfobipReceipts({:?})", self.secrets)
    }
}

impl InfobipReceipts {
    /// A door that opens to one `user:password`, or to two while it is being changed.
    pub fn new(credentials: &[String]) -> Result<Self, ConfigError> {
        let problem = "must be a user and a password, as user:password";
        if credentials.iter().any(|pair| pair.split_once(':').is_none_or(|(user, _)| user.is_empty())) {
            return Err(ConfigError::Setting { service: SERVICE, key: "secrets", problem });
        }
        Ok(Self { secrets: Secrets::new(SERVICE, credentials)? })
    }
}

impl Door for InfobipReceipts {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn accepts_head(&self, header: &Headers<'_>) -> bool {
        self.secrets.matches(header("authorization").and_then(basic).as_deref())
    }

    fn open(&self, request: &DoorRequest<'_>, received_at: Timestamp) -> Result<Opened, DoorError> {
        if !self.accepts_head(request.header) {
            return Err(DoorError::Forged);
        }
        let reports: Reports = serde_json::from_slice(request.raw_body)
            .map_err(|_| DoorError::Unreadable("no list of `results`"))?;
        Ok(opened(reports, received_at))
    }
}

/// The user and the password of a header; RFC 7617: the scheme in any case, spaces, and the pair in base64.
fn basic(authorization: &[u8]) -> Option<Vec<u8>> {
    let (scheme, encoded) = authorization.split_at_checked("Basic ".len())?;
    let is_basic = scheme.eq_ignore_ascii_case(b"Basic ");
    if is_basic { STANDARD.decode(encoded.trim_ascii()).ok() } else { None }
}

/// A batch of reports, whichever way they came.
pub(crate) fn opened(reports: Reports, received_at: Timestamp) -> Opened {
    let mut opened = Opened::default();
    for result in reports.results {
        match receipt(result, received_at) {
            Some(receipt) => opened.receipts.push(receipt),
            None => opened.unreadable += 1,
        }
    }
    opened
}

/// One report; nothing where it is not what the documents say.
///
/// Neither the message's id nor the data for the callback is required by the document, and each alone names the message.
fn receipt(result: serde_json::Value, received_at: Timestamp) -> Option<Receipt> {
    let report: Report = serde_json::from_value(result).ok()?;
    let callback = report.callback_data.as_deref().and_then(|data| data.parse::<ClientRef>().ok());
    let id = match report.message_id.filter(|id| !id.is_empty()) {
        Some(id) => id,
        None => callback?.to_string(),
    };
    let is_id = !id.is_empty()
        && id.len() <= MESSAGE_ID_CHARS_MAX
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !is_id {
        return None;
    }
    let named = status_code(&report.status)?;
    let said = said(&report.status, report.error.as_ref())?;
    let when: String = report
        .done_at
        .iter()
        .flat_map(|at| at.chars())
        .filter(char::is_ascii_alphanumeric)
        .take(32)
        .collect();
    Some(Receipt {
        kind: ReceiptKind::V1,
        receipt_id: format!("{id}:{named}:{when}"),
        provider: Provider::Infobip,
        provider_ref: Some(id.to_ascii_lowercase()),
        client_ref: id.parse().ok().or(callback),
        status: said.status,
        evidence: said.evidence,
        provider_code: said.code,
        failure_code: said.why,
        reported_sender: report.sender,
        occurred_at: report.done_at.as_deref().and_then(occurred_at),
        received_at,
    })
}

/// A time as Infobip writes it, `+0000`, or as RFC 3339 does, `Z` and `+00:00`.
fn occurred_at(text: &str) -> Option<Timestamp> {
    let time = OffsetDateTime::parse(text, INFOBIP_TIME).or_else(|_| OffsetDateTime::parse(text, &Rfc3339));
    Timestamp::of(time.ok()?)
}

/// A time as Infobip writes it.
pub(crate) fn infobip_time(at: Timestamp) -> Option<String> {
    at.0.to_offset(UtcOffset::UTC).format(INFOBIP_QUERY_TIME).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_utc_has_no_form_for_is_left_out() {
        for text in ["9999-12-31T23:59:59.999-2359", "-0001-01-01T00:00:00.000+2359"] {
            assert_eq!(occurred_at(text), None, "{text}");
        }
    }

    #[test]
    fn a_time_is_read_with_every_offset_that_its_form_allows() {
        let expected = occurred_at("2026-11-22T10:00:00.000+0900");
        assert!(expected.is_some());
        for text in [
            "2026-11-22T01:00:00.000Z",
            "2026-11-22T01:00:00Z",
            "2026-11-22T01:00:00.000+0000",
            "2026-11-22T10:00:00.000+09:00",
            "2026-11-22T10:00:00+0900",
        ] {
            assert_eq!(occurred_at(text), expected, "{text}");
        }
        for text in ["", "2026-11-22T10:00:00.000", "2026-11-22", "now"] {
            assert_eq!(occurred_at(text), None, "{text}");
        }
    }
}
