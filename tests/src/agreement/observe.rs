//! What became of the jobs of a wave: by the database, by the CRM's ear, and by what the outside world received.

use std::collections::HashMap;

use closure_contract::Outcome;
use closure_simulators::{Leg, SentSms};
use serde_json::Value;

use super::generate::Wave;
use crate::harness::Fleet;

/// Everything that was seen of one wave.
pub(super) struct Seen {
    /// The deliveries by job id, the fallback emails among them.
    pub(super) deliveries: HashMap<String, Value>,
    /// The codes of the dead letters by the message that died.
    pub(super) letters: HashMap<String, Vec<String>>,
    /// The outcomes by job id.
    pub(super) outcomes: HashMap<String, Vec<Outcome>>,
    /// What the gateway was asked, by our reference.
    pub(super) texts: HashMap<String, Vec<SentSms>>,
    /// How often the mail server took a message, by its Message-ID.
    pub(super) mails: HashMap<String, usize>,
    /// What the PBX dialled for the customers, by our reference.
    pub(super) calls: HashMap<String, Vec<String>>,
}

impl Seen {
    /// Looks at everything once; the fleet has come to rest.
    pub(super) async fn of(fleet: &Fleet, wave: &Wave) -> Self {
        let mut seen = Self {
            deliveries: HashMap::new(),
            letters: HashMap::new(),
            outcomes: HashMap::new(),
            texts: HashMap::new(),
            mails: HashMap::new(),
            calls: HashMap::new(),
        };
        for row in rows(fleet, &deliveries_sql(wave)).await {
            seen.deliveries.insert(text(&row, "job_id"), row);
        }
        for row in rows(fleet, &letters_sql(wave)).await {
            seen.letters.entry(text(&row, "id")).or_default().push(text(&row, "code"));
        }
        for heard in fleet.outcomes.take() {
            let of_job = seen.outcomes.entry(heard.outcome.job_id.to_string()).or_default();
            // A repeat under the same id says nothing new, as the contract has it.
            if of_job.iter().all(|known| known.outcome_id != heard.outcome.outcome_id) {
                of_job.push(heard.outcome);
            }
        }
        for sent in fleet.sms.sent() {
            let reference = sent.sender_grouping_key.clone().unwrap_or_default();
            seen.texts.entry(reference).or_default().push(sent);
        }
        for mail in fleet.smtp.mails() {
            *seen.mails.entry(mail.message_id.unwrap_or_default()).or_default() += 1;
        }
        for ring in fleet.pbx.rings().into_iter().filter(|ring| ring.leg == Leg::Customer) {
            seen.calls.entry(ring.channel_id).or_default().push(ring.digits);
        }
        seen
    }

    /// How often the mail server took the mail of a job.
    pub(super) fn mails_of(&self, job: &str) -> usize {
        let head = format!("<{job}@");
        self.mails.iter().filter(|(id, _)| id.starts_with(&head)).map(|(_, count)| count).sum()
    }
}

/// The text of a field; nothing where there is none.
pub(super) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}

async fn rows(fleet: &Fleet, sql: &str) -> Vec<Value> {
    let lines = fleet.database.query(sql).await;
    lines.iter().map(|line| serde_json::from_str(line).expect("the row is one line of JSON")).collect()
}

fn deliveries_sql(wave: &Wave) -> String {
    format!(
        "SELECT jsonb_build_object('job_id', job_id, 'channel', channel, 'state', state, 'attempts', attempts, \
         'code', failure_code, 'client_ref', client_ref, 'rules', rules, 'fallback', fallback_job_id, \
         'tried_at', to_char(tried_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')) \
         FROM delivery WHERE starts_with(consultation_id, '{}')",
        wave.consultations()
    )
}

/// A letter of a body that could not be read has no job, and a message that died has its id.
fn letters_sql(wave: &Wave) -> String {
    format!(
        "SELECT jsonb_build_object('id', coalesce(job_id::text, message_id), 'code', code) FROM dead_letter \
         WHERE first_died_at >= '{}'",
        wave.made_at
    )
}
