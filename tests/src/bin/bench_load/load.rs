//! The jobs of a measurement, and what must have become of them.

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher};
use closure_contract::{
    AttemptNumber, Channel, ClientRef, Generation, JobId,
    topology::{JOBS, WorkQueue},
};
use closure_store::{DeliveryState, Store};
use closure_tests::harness::jobs;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Problem;

/// So many jobs share a phone number, so that the gateway can be asked for them in answers of bounded size.
const JOBS_PER_NUMBER: usize = 500;
/// A block has so many phone numbers; the last digits below 1000 mean something to the gateway.
const NUMBERS_PER_BLOCK: usize = 8_000;
/// One publish takes so many jobs.
const PUBLISH_BATCH: usize = 500;
/// So many deliveries are read at once: as many as the store has connections.
const READERS: usize = 4;

/// One job of the load.
pub(crate) struct Job {
    /// Its id.
    pub(crate) id: JobId,
    message: OutMessage,
}

impl Job {
    /// The message that asks for it.
    pub(crate) fn message(&self) -> OutMessage {
        self.message.clone()
    }

    /// Our name for its only attempt, as the gateway has it.
    pub(crate) fn client_ref(&self) -> ClientRef {
        ClientRef::of(self.id, Generation::FIRST, AttemptNumber::FIRST)
    }
}

/// Text messages to a block of phone numbers that the gateway delivers; ids rise with time, as we ask of producers.
pub(crate) fn make(count: usize, block: u16) -> Result<Vec<Job>, Problem> {
    if count > NUMBERS_PER_BLOCK * JOBS_PER_NUMBER {
        return Err(format!("{count} jobs are more than a block of phone numbers has room for").into());
    }
    (0..count)
        .map(|index| {
            let number = jobs::number(block, u16::try_from(index / JOBS_PER_NUMBER)?);
            let mut body = jobs::sms(&number, "bench@example.com");
            let id = JobId(Uuid::now_v7());
            body["job_id"] = id.to_string().into();
            let message = OutMessage {
                exchange: JOBS,
                routing_key: WorkQueue::Jobs(Channel::Sms).routing_key().to_owned(),
                message_id: id.to_string(),
                kind: "closure.sms/1".to_owned(),
                attempt: AttemptNumber::FIRST,
                generation: Generation::FIRST,
                traceparent: None,
                body: Bytes::from(body.to_string()),
            };
            Ok(Job { id, message })
        })
        .collect()
}

/// The phone numbers of so many jobs, as the gateway has them: digits alone.
pub(crate) fn numbers(count: usize, block: u16) -> Result<Vec<String>, Problem> {
    (0..count.div_ceil(JOBS_PER_NUMBER))
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

/// Makes sure that every delivery is in this state after a single attempt.
pub(crate) async fn all_are(store: &Store, jobs: &[Job], state: DeliveryState) -> Result<(), Problem> {
    let mut readers = JoinSet::new();
    for part in jobs.chunks(jobs.len().div_ceil(READERS).max(1)) {
        let (store, ids) = (store.clone(), part.iter().map(|job| job.id).collect::<Vec<_>>());
        readers.spawn(async move { part_is(&store, &ids, state).await });
    }
    while let Some(ended) = readers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn part_is(store: &Store, ids: &[JobId], state: DeliveryState) -> Result<(), Problem> {
    for id in ids {
        let Some(snapshot) = store.snapshot(*id).await? else {
            return Err(format!("the database knows nothing of job {id}").into());
        };
        if (snapshot.state, snapshot.attempts) != (state, 1) {
            let (found, attempts) = (snapshot.state, snapshot.attempts);
            return Err(format!("job {id} is {found} after {attempts} attempts, not {state} after 1").into());
        }
    }
    Ok(())
}
