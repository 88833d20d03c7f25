//! How ids and times are written: what the JSON Schemas allow, the decoder takes, and nothing else.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

use crate::ids::{JobId, Timestamp};

const A_UUID: &str = "a UUID such as 8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01";
const A_TIME: &str = "a time by RFC 3339 with a zone, such as 2026-11-22T09:00:00+09:00";

/// Reads a text, and says what belongs there where it does not fit.
struct Text<T> {
    wanted: &'static str,
    read: fn(&str) -> Result<T, &'static str>,
}

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).map_err(|what| E::custom(format!("{what}; expected {}", self.wanted)))
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| Uuid::parse_str(text).map(JobId).map_err(|_| "it is no UUID");
        deserializer.deserialize_str(Text { wanted: A_UUID, read })
    }
}

impl JsonSchema for JobId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "JobId".into()
    }

    // `format` would refuse what libraries write beside the plain form: braces, no hyphens, `urn:uuid:`.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        const PLAIN: &str = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";
        json_schema!({
            "description":
                "A UUID; it is the same one in capitals, in braces, without hyphens or after urn:uuid:, \
                 and outcomes write it plain and in small letters.",
            "type": "string",
            "pattern": format!("^((urn:uuid:)?{PLAIN}|\\{{{PLAIN}\\}}|[0-9A-Fa-f]{{32}})$"),
            "maxLength": 45,
            // `$` stands before a last line feed in some languages.
            "not": { "type": "string", "pattern": "\\s" },
        })
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| {
            written(text)?;
            OffsetDateTime::parse(text, &Rfc3339).map(Timestamp).map_err(|_| "there is no such time")
        };
        deserializer.deserialize_str(Text { wanted: A_TIME, read })
    }
}

/// What is wrong with the writing of a time; whether there is such a day is not looked at here.
fn written(text: &str) -> Result<(), &'static str> {
    let bytes = text.as_bytes();
    if bytes.is_empty() {
        return Err("it is empty");
    }
    // Java's `toString` leaves them away where they are 0.
    let is_a_minute = bytes.get(..16).is_some_and(|minute| is_of(minute, b"0000-00-00T00:00"));
    if is_a_minute && bytes.get(16) != Some(&b':') {
        return Err("the seconds are missing");
    }
    let (Some(day), Some(clock)) = (bytes.get(..10), bytes.get(10..19)) else {
        return Err(if is_of(bytes, b"0000-00-00") { "the time of day is missing" } else { "it is no time" });
    };
    if !is_of(day, b"0000-00-00") || !is_of(&clock[1..], b"00:00:00") {
        return Err("it is no time");
    }
    if !matches!(clock[0], b'T' | b't') {
        return Err("a T belongs between day and time");
    }
    if clock[7] > b'5' {
        return Err("a minute has the seconds 0 to 59");
    }
    let mut rest = &bytes[19..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            return Err("digits are missing after the point");
        }
        rest = &fraction[digits..];
    }
    match rest {
        b"Z" | b"z" => Ok(()),
        b"" => Err("the zone is missing"),
        [b'+' | b'-', zone @ ..] if is_of(zone, b"00:00") => {
            if zone[..2] > b"23"[..] || zone[3] > b'5' {
                Err("there is no such zone")
            } else {
                Ok(())
            }
        }
        [b'+' | b'-', zone @ ..] if is_of(zone, b"0000") || is_of(zone, b"00") => {
            Err("the zone lacks its colon and minutes")
        }
        _ => Err("the zone is neither Z nor of the form +09:00"),
    }
}

/// Whether a text has the form of another one, in which every 0 stands for a digit.
fn is_of(text: &[u8], form: &[u8]) -> bool {
    text.len() == form.len()
        && text
            .iter()
            .zip(form)
            .all(|(byte, form)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form })
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    // Validators differ over `date-time`: some take a zone without its colon, and some no leap second.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A time by RFC 3339 with a zone, such as 2026-11-22T09:00:00+09:00.",
            "type": "string",
            "format": "date-time",
            "pattern":
                "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})$",
            "not": { "type": "string", "pattern": "\\s" },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> Option<String> {
        let read: Result<Timestamp, _> = serde_json::from_value(serde_json::json!(text));
        read.err().map(|problem| problem.to_string())
    }

    #[test]
    fn a_time_is_written_by_rfc_3339_and_whatever_differs_is_named() {
        for good in [
            "2026-11-22T09:00:00+09:00",
            "2026-11-22T00:00:00Z",
            "2026-11-22t00:00:00.123456789z",
            "2024-02-29T23:59:59-11:30",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
        for (bad, said) in [
            ("2026-11-22T09:00:00+0900", "the zone lacks its colon"),
            ("2026-11-22T09:00:00+09", "the zone lacks its colon"),
            ("2026-11-22T09:00:00", "the zone is missing"),
            ("2026-11-22T09:00:00.5", "the zone is missing"),
            ("2026-11-22 09:00:00+09:00", "a T belongs"),
            ("2026-11-22", "the time of day is missing"),
            ("2026-02-30T09:00:00Z", "there is no such time"),
            ("2026-11-22T25:00:00Z", "there is no such time"),
            ("2026-11-22T23:59:60Z", "a minute has the seconds"),
            ("2026-11-22T09:00:00+24:00", "there is no such zone"),
            ("2026-11-22T09:00:00KST", "the zone is neither"),
            ("2026-11-22T09:00:00Z\n", "the zone is neither"),
            ("2026-11-22T09:00:00.Z", "digits are missing"),
            ("1763802000", "it is no time"),
            ("한국 시간", "it is no time"),
            ("", "it is empty"),
            ("2026-11-22T09:00+09:00", "the seconds are missing"),
            ("2026-11-22T09:00Z", "the seconds are missing"),
            ("2026-11-22T09:00", "the seconds are missing"),
            ("2026-11-22T09:00:0Z", "it is no time"),
        ] {
            let problem = problem(bad).unwrap_or_default();
            assert!(problem.starts_with(said) && problem.contains(A_TIME), "{bad}: {problem}");
        }
    }

    #[test]
    fn a_uuid_is_the_same_in_every_way_in_which_libraries_write_it() {
        let plain = "8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01";
        let read = |text: &str| serde_json::from_value::<JobId>(serde_json::json!(text));
        let id = read(plain).expect("it is plain");
        for text in [
            plain.to_uppercase(),
            format!("{{{plain}}}"),
            plain.replace('-', ""),
            format!("urn:uuid:{plain}"),
        ] {
            assert_eq!(read(&text).expect("it is a UUID"), id, "{text}");
        }
        for text in [format!("{plain} "), format!("{plain}\n"), plain[1..].to_owned(), String::new()] {
            let problem = read(&text).expect_err("it is none").to_string();
            assert!(problem.contains(A_UUID), "{problem}");
        }
    }
}
