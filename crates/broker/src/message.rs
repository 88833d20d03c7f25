//! A message as the fleet sees it, on the way out and on the way in.

use std::fmt;

use bytes::Bytes;
use closure_contract::{
    AttemptNumber, Channel, Generation, Timestamp,
    topology::{
        DelayStep, FALLBACK, HEADER_ATTEMPT, HEADER_GENERATION, HEADER_TRACEPARENT, HOME, JOBS, OUTCOMES,
        RECEIPTS, WEBHOOKS_AGAIN, WEBHOOKS_ASIDE,
    },
};
use lapin::{
    BasicProperties,
    message::Delivery,
    types::{AMQPValue, FieldTable, ShortString},
};

/// A message has at most this many bytes.
pub const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// A routing key, id, kind or trace context has at most this many bytes.
pub const TEXT_BYTES_MAX: usize = 255;
/// What the `app_id` of everything that the fleet publishes says.
pub const APP_ID: &str = "closure-fleet";

const CONTENT_TYPE: &str = "application/json";
const PERSISTENT: u8 = 2;

/// A message to publish; it is always persistent and confirmed.
#[derive(Clone, PartialEq, Eq)]
pub struct OutMessage {
    /// `closure.jobs`, `closure.fallback`, `closure.receipts`, `closure.outcomes` or the exchange of a channel's delay.
    pub exchange: &'static str,
    /// Where it goes from there.
    pub routing_key: String,
    /// The same for every copy of it.
    pub message_id: String,
    /// Its kind and major version, as AMQP's `type`.
    pub kind: String,
    /// Which try this copy asks for.
    pub attempt: AttemptNumber,
    /// Which generation of the job it belongs to.
    pub generation: Generation,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// The body, in JSON.
    pub body: Bytes,
}

/// A message that was delivered.
#[derive(Clone, PartialEq, Eq)]
pub struct InMessage {
    /// The body, not yet read.
    pub body: Bytes,
    /// The publisher's id for it; bytes that are no UTF-8 as escapes, so that it may be longer than it was.
    pub message_id: Option<String>,
    /// Its kind and major version, read in the same way.
    pub kind: Option<String>,
    /// Which try it asks for: 1 unless the fleet itself let it wait.
    ///
    /// Only the broker publishes to `closure.home`, and only what our workers gave to a delay of their channel.
    pub attempt: AttemptNumber,
    /// Which generation of the job it says that it belongs to; 1 where the header is missing or makes no sense.
    ///
    /// Whoever may publish may write any: see [`InMessage::is_our_copy`].
    pub generation: Generation,
    /// W3C trace context; nothing where it is none.
    pub traceparent: Option<String>,
    /// Whether it may have been delivered before.
    pub redelivered: Redelivered,
    /// The key under which it came.
    pub routing_key: String,
    /// The exchange through which it came.
    pub exchange: String,
    /// Why the broker gave it up last; for the dead worker alone.
    pub death: Option<Death>,
}

/// Whether the broker gave a message to somebody before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redelivered {
    /// This is the first time.
    No,
    /// Somebody had it and did not answer.
    Maybe,
}

/// Why and where the broker gave a message up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Death {
    /// `rejected`, `delivery_limit`, `expired` or `maxlen`.
    pub reason: String,
    /// The queue that it left.
    pub queue: String,
    /// How often this happened to it there.
    pub count: u32,
}

impl OutMessage {
    /// What forbids to publish this message, if anything does.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let may_write = [JOBS, FALLBACK, RECEIPTS, OUTCOMES, WEBHOOKS_AGAIN, WEBHOOKS_ASIDE]
            .contains(&self.exchange)
            || DelayStep::ALL
                .iter()
                .any(|step| Channel::ALL.iter().any(|channel| step.exchange(*channel) == self.exchange));
        if !may_write {
            return Some("the fleet does not publish to this exchange");
        }
        if self.message_id.is_empty() {
            return Some("it has no message_id");
        }
        let traceparent = self.traceparent.as_deref().unwrap_or_default();
        let texts = [self.routing_key.as_str(), &self.message_id, &self.kind, traceparent];
        if texts.iter().any(|text| text.len() > TEXT_BYTES_MAX) {
            return Some("its routing key, message_id, kind or traceparent is longer than 255 bytes");
        }
        if self.body.len() > MESSAGE_BYTES_MAX {
            return Some("its body is larger than 1 MiB");
        }
        None
    }

    /// Whether it must find a queue; an outcome may have no listener yet.
    pub(crate) fn is_mandatory(&self) -> bool {
        self.exchange != OUTCOMES
    }

    pub(crate) fn properties(&self, now: Timestamp) -> BasicProperties {
        let mut headers = FieldTable::default();
        headers.insert(HEADER_ATTEMPT.into(), number(self.attempt.0));
        headers.insert(HEADER_GENERATION.into(), number(self.generation.0));
        if let Some(traceparent) = &self.traceparent {
            headers.insert(HEADER_TRACEPARENT.into(), AMQPValue::LongString(traceparent.as_str().into()));
        }
        BasicProperties::default()
            .with_content_type(CONTENT_TYPE.into())
            .with_delivery_mode(PERSISTENT)
            .with_app_id(APP_ID.into())
            .with_message_id(self.message_id.as_str().into())
            .with_type(self.kind.as_str().into())
            .with_timestamp(u64::try_from(now.0.unix_timestamp()).unwrap_or_default())
            .with_headers(headers)
    }
}

impl InMessage {
    /// Whether it is a copy that the fleet itself let wait, so that its headers are our own.
    pub fn is_our_copy(&self) -> bool {
        self.exchange == HOME
    }

    pub(crate) fn of(delivery: &mut Delivery) -> Self {
        let properties = &delivery.properties;
        let headers = properties.headers().as_ref();
        let exchange = delivery.exchange.to_string();
        let counts = if exchange == HOME { headers } else { None };
        Self {
            message_id: properties.message_id().as_ref().map(ShortString::to_string),
            kind: properties.kind().as_ref().map(ShortString::to_string),
            attempt: counted(counts, HEADER_ATTEMPT).map_or(AttemptNumber::FIRST, AttemptNumber),
            generation: counted(headers, HEADER_GENERATION).map_or(Generation::FIRST, Generation),
            traceparent: headers
                .and_then(|headers| text(headers, HEADER_TRACEPARENT))
                .filter(|text| is_traceparent(text)),
            redelivered: if delivery.redelivered { Redelivered::Maybe } else { Redelivered::No },
            routing_key: delivery.routing_key.to_string(),
            exchange,
            death: headers.and_then(death),
            body: Bytes::from(std::mem::take(&mut delivery.data)),
        }
    }
}

impl fmt::Debug for OutMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutMessage")
            .field("exchange", &self.exchange)
            .field("message_id", &self.message_id)
            .field("attempt", &self.attempt)
            .field("generation", &self.generation)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for InMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InMessage")
            .field("exchange", &self.exchange)
            .field("attempt", &self.attempt)
            .field("generation", &self.generation)
            .field("redelivered", &self.redelivered)
            .field("death", &self.death)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

fn number(value: u32) -> AMQPValue {
    AMQPValue::LongInt(i32::try_from(value).unwrap_or(i32::MAX))
}

/// A count of at least 1 in a header, whatever integer type the publisher's library chose.
fn counted(headers: Option<&FieldTable>, name: &str) -> Option<u32> {
    let value = integer(headers?.inner().get(name)?)?;
    u32::try_from(value).ok().filter(|count| *count > 0)
}

fn integer(value: &AMQPValue) -> Option<i64> {
    match value {
        AMQPValue::ShortShortInt(value) => Some(i64::from(*value)),
        AMQPValue::ShortShortUInt(value) => Some(i64::from(*value)),
        AMQPValue::ShortInt(value) => Some(i64::from(*value)),
        AMQPValue::ShortUInt(value) => Some(i64::from(*value)),
        AMQPValue::LongInt(value) => Some(i64::from(*value)),
        AMQPValue::LongUInt(value) => Some(i64::from(*value)),
        AMQPValue::LongLongInt(value) => Some(*value),
        AMQPValue::Boolean(_)
        | AMQPValue::Float(_)
        | AMQPValue::Double(_)
        | AMQPValue::DecimalValue(_)
        | AMQPValue::ShortString(_)
        | AMQPValue::LongString(_)
        | AMQPValue::FieldArray(_)
        | AMQPValue::Timestamp(_)
        | AMQPValue::FieldTable(_)
        | AMQPValue::ByteArray(_)
        | AMQPValue::Void => None,
    }
}

/// Whether a text is the `traceparent` of W3C's Trace Context, version 00: 55 characters, its hexadecimal digits in
/// lower case, and neither id all zeros.
fn is_traceparent(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else { return false };
    let is_hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_id = |part: &str, digits: usize| is_hex(part, digits) && part.bytes().any(|byte| byte != b'0');
    *version == "00" && is_id(trace, 32) && is_id(parent, 16) && is_hex(flags, 2)
}

fn text(headers: &FieldTable, name: &str) -> Option<String> {
    match headers.inner().get(name)? {
        AMQPValue::LongString(value) => std::str::from_utf8(value.as_bytes()).ok().map(str::to_owned),
        AMQPValue::ShortString(value) => Some(value.to_string()),
        _ => None,
    }
}

/// The latest death in the broker's own record, which lists the latest one first.
///
/// `x-first-death-*` names the first one, which for a retried job is its stay in a delay queue.
fn death(headers: &FieldTable) -> Option<Death> {
    let latest = match headers.inner().get("x-death") {
        Some(AMQPValue::FieldArray(deaths)) => deaths.as_slice().first(),
        _ => None,
    };
    if let Some(AMQPValue::FieldTable(entry)) = latest {
        return Some(Death {
            reason: text(entry, "reason")?,
            queue: text(entry, "queue")?,
            count: counted(Some(entry), "count").unwrap_or(1),
        });
    }
    Some(Death {
        reason: text(headers, "x-last-death-reason").or_else(|| text(headers, "x-first-death-reason"))?,
        queue: text(headers, "x-last-death-queue").or_else(|| text(headers, "x-first-death-queue"))?,
        count: 1,
    })
}

#[cfg(test)]
mod tests {
    use lapin::types::FieldArray;

    use super::*;

    fn message(exchange: &'static str) -> OutMessage {
        OutMessage {
            exchange,
            routing_key: "sms".to_owned(),
            message_id: "6a1c".to_owned(),
            kind: "closure.sms/1".to_owned(),
            attempt: AttemptNumber(3),
            generation: Generation(2),
            traceparent: None,
            body: Bytes::from_static(b"{\"phone\":\"+84912345678\"}"),
        }
    }

    #[test]
    fn only_the_exchanges_that_the_fleet_writes_to_may_be_published_to() {
        let ours = [JOBS, FALLBACK, RECEIPTS, OUTCOMES, WEBHOOKS_AGAIN, WEBHOOKS_ASIDE];
        for exchange in ours.into_iter().chain(["closure.retry.sms.1s", "closure.retry.dial.1h"]) {
            assert_eq!(message(exchange).problem(), None, "{exchange}");
        }
        for exchange in
            ["", "closure.home", "closure.dead", "closure.unroutable", "closure.retry.1s", "amq.direct"]
        {
            assert!(message(exchange).problem().is_some(), "{exchange}");
        }
    }

    #[test]
    fn a_text_that_amqp_cannot_carry_is_refused_before_it_is_sent() {
        let mut long = message(JOBS);
        long.routing_key = "k".repeat(256);
        assert!(long.problem().is_some());
    }

    #[test]
    fn only_a_trace_context_of_w3c_is_passed_on() {
        let sound = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert!(is_traceparent(sound));
        for other in [
            String::new(),
            "x".repeat(300),
            sound.to_uppercase(),
            sound.replace("00-4", "ff-4"),
            sound.replace("00f067aa0ba902b7", "0000000000000000"),
            format!("{sound}-00"),
            format!("{sound} "),
        ] {
            assert!(!is_traceparent(&other), "{other}");
        }
    }

    #[test]
    fn debug_output_never_shows_a_body_or_a_routing_key() {
        let mut shown = message(JOBS);
        shown.routing_key = "+84912345678".to_owned();
        assert!(!format!("{shown:?}").contains("84912345678"));
    }

    #[test]
    fn only_an_outcome_may_be_published_without_a_listener() {
        assert!(message(JOBS).is_mandatory());
        assert!(!message(OUTCOMES).is_mandatory());
    }

    #[test]
    fn a_count_is_read_from_any_integer_and_must_be_at_least_one() {
        let mut headers = FieldTable::default();
        for (value, read) in [
            (AMQPValue::LongInt(3), Some(3)),
            (AMQPValue::LongLongInt(3), Some(3)),
            (AMQPValue::ShortShortUInt(3), Some(3)),
            (AMQPValue::LongInt(0), None),
            (AMQPValue::LongLongInt(-1), None),
            (AMQPValue::LongLongInt(i64::MAX), None),
            (AMQPValue::LongString("3".into()), None),
        ] {
            headers.insert(HEADER_ATTEMPT.into(), value.clone());
            assert_eq!(counted(Some(&headers), HEADER_ATTEMPT), read, "{value:?}");
        }
    }

    #[test]
    fn the_latest_death_counts_and_not_the_stay_in_a_delay_queue_before_it() {
        let entry = |reason: &str, queue: &str, count| {
            let mut entry = FieldTable::default();
            entry.insert("reason".into(), AMQPValue::LongString(reason.into()));
            entry.insert("queue".into(), AMQPValue::LongString(queue.into()));
            entry.insert("count".into(), AMQPValue::LongLongInt(count));
            AMQPValue::FieldTable(entry)
        };
        let mut headers = FieldTable::default();
        headers.insert("x-first-death-reason".into(), AMQPValue::LongString("expired".into()));
        headers.insert("x-first-death-queue".into(), AMQPValue::LongString("closure.retry.1s".into()));
        headers.insert(
            "x-death".into(),
            AMQPValue::FieldArray(FieldArray::from(vec![
                entry("delivery_limit", "closure.sms", 2),
                entry("expired", "closure.retry.1s", 1),
            ])),
        );
        let expected =
            Death { reason: "delivery_limit".to_owned(), queue: "closure.sms".to_owned(), count: 2 };
        assert_eq!(death(&headers), Some(expected));
    }
}
