//! A fleet whose PBX is a real one.

use closure_contract::{JobId, Timestamp};
use closure_tests::harness::{Asterisk, Fleet, FleetOptions, LONG, ProcessSpec, eventually};
use serde_json::Value;

/// What a hang-up row says: the cause by Q.850, and how the dialling ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HangUp {
    pub(crate) cause: u64,
    pub(crate) dial_status: String,
}

/// The dial worker with so many calls in hand, and who takes letters.
pub(crate) fn dial_worker(concurrency: u16) -> Vec<ProcessSpec> {
    vec![
        ProcessSpec::work("dial", &["dial"]).with_concurrency(concurrency),
        ProcessSpec::work("dead", &["dead"]),
    ]
}

/// A PBX whose phones ring for seconds and not for a minute.
pub(crate) async fn impatient_pbx() -> Asterisk {
    let pbx = Asterisk::prepare().await;
    pbx.change("extensions.conf", "CLOSURE_RING_S=60", "CLOSURE_RING_S=4");
    pbx
}

/// A fleet on that PBX; both run.
pub(crate) async fn started(pbx: &mut Asterisk, options: FleetOptions) -> Fleet {
    let fleet = prepared(pbx, options).await;
    fleet.start_process("dead").await;
    fleet.start_process("dial").await;
    fleet
}

/// The same, and of the fleet nothing runs yet.
pub(crate) async fn prepared(pbx: &mut Asterisk, options: FleetOptions) -> Fleet {
    let options = pbx.serves(options);
    let fleet = Fleet::prepare(options).await;
    pbx.start(&fleet.database).await;
    fleet
}

/// The hang-up of the agent's leg, or of the customer's, by the PBX's own record.
pub(crate) async fn hang_up(fleet: &Fleet, id: JobId, agents: bool) -> Option<HangUp> {
    let sql = format!(
        "SELECT c.extra FROM cel AS c JOIN delivery AS d ON d.client_ref::text = c.linkedid \
         WHERE d.job_id = '{id}' AND c.eventtype = 'HANGUP' AND (c.uniqueid = c.linkedid) = {agents}"
    );
    let row = fleet.database.query(&sql).await.into_iter().next()?;
    let said: Value = serde_json::from_str(&row).expect("the record's details are JSON");
    Some(HangUp {
        cause: said["hangupcause"].as_u64().expect("a hang-up has a cause"),
        dial_status: said["dialstatus"].as_str().unwrap_or_default().to_owned(),
    })
}

/// The cause of a leg and the word beside it, in the document's form.
pub(crate) fn cause(hang_up: Option<&HangUp>) -> String {
    match hang_up {
        Some(HangUp { cause, dial_status }) if dial_status.is_empty() => cause.to_string(),
        Some(HangUp { cause, dial_status }) => format!("{cause} {dial_status}"),
        None => "–".to_owned(),
    }
}

/// Waits until a count of phones that rang is this.
pub(crate) async fn rung(what: &str, expected: usize, count: impl Fn() -> usize) {
    eventually(what, LONG, || async {
        let seen = count();
        if seen == expected { Ok(()) } else { Err(format!("{seen} of {expected}")) }
    })
    .await;
}

/// A job without a click, which is too late after so many seconds.
pub(crate) fn in_time_for(mut job: Value, seconds: i64) -> (Value, Timestamp) {
    let until = Timestamp(Timestamp::now().0 + time::Duration::seconds(seconds));
    job["expires_at"] = serde_json::to_value(until).expect("a time is JSON");
    if let Some(fields) = job.as_object_mut() {
        fields.remove("clicked_at");
    }
    (job, until)
}

/// A job whose click is fresh for so many seconds more.
pub(crate) fn fresh_for(mut job: Value, seconds: i64) -> (Value, Timestamp) {
    const CLICK_FRESH_S: i64 = 30;
    let until = Timestamp(Timestamp::now().0 + time::Duration::seconds(seconds));
    let clicked_at = Timestamp(until.0 - time::Duration::seconds(CLICK_FRESH_S));
    job["clicked_at"] = serde_json::to_value(clicked_at).expect("a time is JSON");
    (job, until)
}
