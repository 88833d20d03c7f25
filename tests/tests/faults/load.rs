//! A load of jobs, and what must be true of it whatever happened meanwhile.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use closure_contract::JobId;
use closure_simulators::Leg;
use closure_tests::harness::{Fleet, LONG, eventually, jobs};
use serde_json::Value;

/// A hundred jobs are the load of a fault.
pub(crate) const LOAD: u16 = 100;

/// So many text messages, each to a number and with an address of its own.
pub(crate) fn texts(block: u16, count: u16) -> Vec<Value> {
    (0..count).map(|index| jobs::sms(&jobs::number(block, index), &address(block, index))).collect()
}

/// So many emails.
pub(crate) fn emails(block: u16, count: u16) -> Vec<Value> {
    (0..count).map(|index| jobs::email(&address(block, index))).collect()
}

/// So many calls, each by an agent of its own.
pub(crate) fn calls(block: u16, count: u16) -> Vec<Value> {
    (0..count).map(|index| jobs::dial(&jobs::number(block, index), &(1_001 + index).to_string())).collect()
}

/// The address of an index.
pub(crate) fn address(block: u16, index: u16) -> String {
    format!("customer-{block}-{index}@example.com")
}

/// The digits of a job's number.
pub(crate) fn digits(job: &Value) -> String {
    job["to"]["phone"]["number"].as_str().expect("the job has a number").trim_start_matches('+').to_owned()
}

/// Waits until a count has come so far; looks often, because the load is short.
pub(crate) async fn until(what: &str, wanted: usize, count: impl Fn() -> usize) {
    let start = Instant::now();
    while count() < wanted {
        assert!(start.elapsed() < LONG, "waited for {wanted} {what}; there are {}", count());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until the CRM has heard the end of each of these jobs.
pub(crate) async fn all_are_heard(fleet: &Fleet, ids: &[JobId]) {
    eventually("every job's outcome", LONG, || async {
        let heard: BTreeSet<JobId> = fleet.outcomes.all().iter().map(|heard| heard.outcome.job_id).collect();
        let missing: Vec<_> = ids.iter().filter(|id| !heard.contains(id)).collect();
        match missing.first() {
            None => Ok(()),
            Some(first) => {
                let story = fleet.story(**first).await.map(|story| (story.state, story.tries));
                Err(format!("{} are not heard of, such as {first}: {story:?}", missing.len()))
            }
        }
    })
    .await;
}

/// The one end of a job: however often the message was repeated, it is the same statement.
pub(crate) fn one_end(fleet: &Fleet, id: JobId) -> String {
    let heard = fleet.outcomes.of(id);
    let statements: BTreeSet<_> = heard.iter().map(|heard| heard.outcome.outcome_id).collect();
    assert_eq!(statements.len(), 1, "{id} has {} ends: {heard:?}", statements.len());
    heard[0].summary()
}

/// How often the customer's phone rang.
pub(crate) fn customer_rings(fleet: &Fleet, job: &Value) -> usize {
    let digits = digits(job);
    let rings = fleet.pbx.rings();
    rings.iter().filter(|ring| ring.leg == Leg::Customer && ring.digits.ends_with(&digits)).count()
}

/// How often any customer's phone rang.
pub(crate) fn all_customer_rings(fleet: &Fleet) -> usize {
    fleet.pbx.rings().iter().filter(|ring| ring.leg == Leg::Customer).count()
}

/// Every text reached its customer once: a gateway that can be asked is asked before anything is sent again.
pub(crate) async fn no_text_is_doubled(fleet: &Fleet, list: &[Value]) {
    for job in list {
        let id = jobs::id(job);
        let accepted = fleet.sms.accepted_to(&digits(job)).len();
        let tries = fleet.story(id).await.expect("it is on record").tries;
        assert_eq!(accepted, 1, "{id} reached the gateway {accepted} times: {tries:?}");
    }
}

/// Every mail arrived; a further copy is the same message, byte by byte.
pub(crate) fn no_mail_is_lost_or_changed(fleet: &Fleet, addresses: impl Iterator<Item = String>) {
    for address in addresses {
        let mails = fleet.smtp.mails_to(&address);
        assert!(!mails.is_empty(), "{address} got nothing");
        let different: BTreeSet<&[u8]> = mails.iter().map(|mail| mail.raw.as_slice()).collect();
        assert_eq!(different.len(), 1, "{address} got different mails");
        assert!(mails[0].message_id.is_some(), "a copy is known by its Message-ID");
    }
}
