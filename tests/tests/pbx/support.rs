//! A fleet whose PBX is a real one.

use closure_contract::JobId;
use closure_tests::harness::{Asterisk, Fleet, FleetOptions, ProcessSpec};
use serde_json::Value;

/// What a hang-up row says: the cause by Q.850, and how the dialling ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HangUp {
    pub cause: u64,
    pub dial_status: String,
}

/// The dial worker with so many calls in hand, and who takes letters.
pub fn dial_worker(concurrency: u16) -> Vec<ProcessSpec> {
    vec![
        ProcessSpec::work("dial", &["dial"]).with_concurrency(concurrency),
        ProcessSpec::work("dead", &["dead"]),
    ]
}

/// A PBX whose phones ring for seconds and not for a minute.
pub async fn impatient_pbx() -> Asterisk {
    let pbx = Asterisk::prepare().await;
    pbx.change("extensions.conf", "CLOSURE_RING_S=60", "CLOSURE_RING_S=4");
    pbx
}

/// A fleet on that PBX; both run.
pub async fn started(pbx: &mut Asterisk, options: FleetOptions) -> Fleet {
    let fleet = prepared(pbx, options).await;
    fleet.start_process("dead").await;
    fleet.start_process("dial").await;
    fleet
}

/// The same, and of the fleet nothing runs yet.
pub async fn prepared(pbx: &mut Asterisk, options: FleetOptions) -> Fleet {
    let options = pbx.serves(options).variable("FLEET_DIAL_ARI_RING_TIMEOUT_S", "3");
    let fleet = Fleet::prepare(options).await;
    pbx.start(&fleet.database).await;
    fleet
}

/// The hang-up of the agent's leg, or of the customer's, by the PBX's own record.
pub async fn hang_up(fleet: &Fleet, id: JobId, agents: bool) -> Option<HangUp> {
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
