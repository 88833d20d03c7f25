//! The scenario file: which messages the CRM publishes, and what each must come to.

use std::path::Path;

use serde::Deserialize;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::error::{Context, Result};

/// What the demo plays.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it is about.
    pub title: String,
    /// One row for each case.
    pub rows: Vec<Row>,
}

/// One case.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its name in the table.
    pub name: String,
    /// What the operating guide asks.
    pub guide: String,
    /// What the CRM publishes, in this order.
    pub publish: Vec<Publication>,
    /// What it must come to.
    pub expect: Expectation,
}

/// One message of the CRM's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// A job.
    pub job: Option<Value>,
    /// Or a body that is no job.
    pub raw: Option<String>,
    /// Or a body of so many bytes.
    pub filler_bytes: Option<usize>,
    /// The routing key, where it is not the job's own.
    pub key: Option<String>,
}

/// What a row must come to; what is not named is not looked at.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The customer's number as the gateway sees it.
    pub digits: Option<String>,
    /// Requests that the gateway got for that number.
    pub sms: Option<usize>,
    /// The customer's address.
    pub address: Option<String>,
    /// Mails that the mail server took for that address.
    pub mails: Option<usize>,
    /// The digits that the PBX was given.
    pub dialled: Option<String>,
    /// How often the agent's phone rang.
    pub agent_rings: Option<usize>,
    /// How often the customer's phone rang.
    pub customer_rings: Option<usize>,
    /// Every outcome that the CRM heard, as `channel.outcome` and the code behind it, sorted.
    pub outcomes: Vec<String>,
    /// The codes of the letters in the dead-letter desk.
    pub dead_letters: Vec<String>,
    /// Rules that must be among those that had a say.
    pub rules: Vec<String>,
}

impl Scenario {
    /// Reads the scenario and puts real times in the place of `now+3s` and `now-60s`.
    pub fn read(path: &Path) -> Result<Scenario> {
        let text = std::fs::read_to_string(path)
            .context(|| format!("cannot read the scenario {}", path.display()))?;
        let mut scenario: Scenario = serde_json::from_str(&text)
            .context(|| format!("the scenario {} is not of its form", path.display()))?;
        let now = OffsetDateTime::now_utc();
        for publication in scenario.rows.iter_mut().flat_map(|row| &mut row.publish) {
            if let Some(Value::Object(job)) = &mut publication.job {
                for field in ["not_before", "expires_at"] {
                    if let Some(value) = job.get_mut(field)
                        && let Some(moment) = value.as_str().and_then(|text| moment(text, now))
                    {
                        *value = Value::String(moment);
                    }
                }
            }
        }
        Ok(scenario)
    }

    /// How many outcomes the CRM hears at least.
    pub fn outcomes(&self) -> usize {
        self.rows.iter().map(|row| row.expect.outcomes.len()).sum()
    }
}

impl Publication {
    /// The message's body.
    pub fn body(&self) -> String {
        match (&self.job, &self.raw, self.filler_bytes) {
            (Some(job), _, _) => job.to_string(),
            (None, Some(raw), _) => raw.clone(),
            (None, None, bytes) => "x".repeat(bytes.unwrap_or(0)),
        }
    }

    /// The routing key: the one named, or the one of the job's kind.
    pub fn routing_key(&self) -> &str {
        let kind = self.job.as_ref().and_then(|job| job.get("kind")).and_then(Value::as_str);
        match (&self.key, kind) {
            (Some(key), _) => key,
            (None, Some("closure.email/1")) => "email",
            (None, Some("closure.dial/1")) => "dial",
            (None, Some(_) | None) => "sms",
        }
    }

    /// The job's id, if it is a job.
    pub fn job_id(&self) -> Option<&str> {
        self.job.as_ref()?.get("job_id")?.as_str()
    }
}

/// `now+3s` and `now-60s` as RFC 3339 in UTC.
fn moment(text: &str, now: OffsetDateTime) -> Option<String> {
    let offset_s: i64 = text.strip_prefix("now")?.strip_suffix('s')?.parse().ok()?;
    now.checked_add(Duration::seconds(offset_s))?.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::moment;

    #[test]
    fn only_the_two_relative_forms_are_replaced() {
        let now = datetime!(2026-11-22 00:00:00 UTC);
        assert_eq!(moment("now+3s", now).as_deref(), Some("2026-11-22T00:00:03Z"));
        assert_eq!(moment("now-60s", now).as_deref(), Some("2026-11-21T23:59:00Z"));
        assert_eq!(moment("2026-11-23T00:00:00Z", now), None);
    }
}
