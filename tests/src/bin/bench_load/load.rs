//! The jobs of a measurement.

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher};
use closure_contract::{
    AttemptNumber, Channel, ClientRef, Generation, JobId,
    topology::{JOBS, WorkQueue},
};
use closure_tests::harness::jobs;
use uuid::Uuid;

use crate::Problem;

/// So many texts share a phone number, so that the gateway can be asked for them in answers of bounded size.
const TEXTS_PER_NUMBER: usize = 500;
/// A block has so many phone numbers; the last digits below 1000 mean something to the gateway.
const NUMBERS_PER_BLOCK: usize = 8_000;
/// The PBX simulator's agents that answer.
const AGENTS: usize = 99;
/// No job of a measurement is tried more often.
const ATTEMPTS_MAX: usize = 4;
/// One publish takes so many jobs.
const PUBLISH_BATCH: usize = 500;

/// What the jobs ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text message, with an address for the email in its place.
    Text,
    /// An email.
    Email,
    /// An email to a mailbox that nobody knows.
    DoomedEmail,
    /// A call, each to a number of its own.
    Call,
}

impl Kind {
    fn channel(self) -> Channel {
        match self {
            Self::Text => Channel::Sms,
            Self::Email | Self::DoomedEmail => Channel::Email,
            Self::Call => Channel::Dial,
        }
    }
}

/// One job of the load.
pub(crate) struct Job {
    /// Its id.
    pub(crate) id: JobId,
    /// The customer's address.
    pub(crate) address: String,
    message: OutMessage,
}

impl Job {
    /// The message that asks for it.
    pub(crate) fn message(&self) -> OutMessage {
        self.message.clone()
    }

    /// Our names for its attempts, as the gateway has them; more than the first are rare.
    ///
    /// Revisions that are measured beside this one have named them by a hash alone.
    pub(crate) fn client_refs(&self) -> impl Iterator<Item = ClientRef> {
        let attempts = std::iter::successors(Some(AttemptNumber::FIRST), |attempt| Some(attempt.next()));
        attempts.take(ATTEMPTS_MAX).flat_map(|attempt| {
            let name = format!("attempt:{}:{attempt}", Generation::FIRST);
            [
                ClientRef::of(self.id, Generation::FIRST, attempt),
                ClientRef(Uuid::new_v5(&self.id.0, name.as_bytes())),
            ]
        })
    }
}

/// So many jobs of a kind; ids rise with time, as we ask of producers.
pub(crate) fn make(kind: Kind, count: usize, block: u16) -> Result<Vec<Job>, Problem> {
    if count > NUMBERS_PER_BLOCK * TEXTS_PER_NUMBER || (kind == Kind::Call && count > NUMBERS_PER_BLOCK) {
        return Err(format!("{count} jobs are more than a block of phone numbers has room for").into());
    }
    (0..count).map(|index| job(kind, index, block)).collect()
}

fn job(kind: Kind, index: usize, block: u16) -> Result<Job, Problem> {
    let address = match kind {
        Kind::Text | Kind::Email | Kind::Call => format!("bench-{block}-{index}@example.com"),
        Kind::DoomedEmail => format!("unknown-{block}-{index}@example.com"),
    };
    let mut body = match kind {
        Kind::Text => jobs::sms(&jobs::number(block, u16::try_from(index / TEXTS_PER_NUMBER)?), &address),
        Kind::Email | Kind::DoomedEmail => jobs::email(&address),
        Kind::Call => {
            let number = jobs::number(block, u16::try_from(index)?);
            jobs::dial(&number, &(1_001 + index % AGENTS).to_string())
        }
    };
    let id = JobId(Uuid::now_v7());
    body["job_id"] = id.to_string().into();
    let message = OutMessage {
        exchange: JOBS,
        routing_key: WorkQueue::Jobs(kind.channel()).routing_key().to_owned(),
        message_id: id.to_string(),
        kind: body["kind"].as_str().unwrap_or_default().to_owned(),
        attempt: AttemptNumber::FIRST,
        generation: Generation::FIRST,
        traceparent: None,
        body: Bytes::from(body.to_string()),
    };
    Ok(Job { id, address, message })
}

/// The phone numbers of so many texts, as the gateway has them: digits alone.
pub(crate) fn numbers(count: usize, block: u16) -> Result<Vec<String>, Problem> {
    (0..count.div_ceil(TEXTS_PER_NUMBER))
        .map(|index| Ok(jobs::number(block, u16::try_from(index)?).trim_start_matches('+').to_owned()))
        .collect()
}

/// Publishes every job, each confirmed.
pub(crate) async fn publish_all(publisher: &Publisher, jobs: &[Job]) -> Result<(), Problem> {
    for part in jobs.chunks(PUBLISH_BATCH) {
        publisher.publish(part.iter().map(Job::message).collect()).await?;
    }
    Ok(())
}
