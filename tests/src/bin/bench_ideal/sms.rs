//! Claim, send, settle, ack.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use closure_contract::{AttemptNumber, Channel, ClientRef, Generation, JobId, topology::WorkQueue};
use lapin::message::Delivery;
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_postgres::{Client, Statement};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Problem,
    acks::{Acks, Answer},
    batches::Batches,
    broker::Consuming,
    gateway::{self, Gateway},
    server, tables,
    tasks::Tasks,
};

/// A text message to send.
struct Job {
    tag: u64,
    id: Uuid,
    client_ref: Uuid,
    body: Vec<u8>,
    request: Bytes,
}

/// A text message that the gateway took.
struct Taken {
    tag: u64,
    id: Uuid,
    provider_ref: String,
}

#[derive(Deserialize)]
struct Wire<'a> {
    job_id: Uuid,
    #[serde(borrow)]
    to: To<'a>,
    #[serde(borrow)]
    sms: Text<'a>,
}

#[derive(Deserialize)]
struct To<'a> {
    #[serde(borrow)]
    phone: Phone<'a>,
}

#[derive(Deserialize)]
struct Phone<'a> {
    #[serde(borrow)]
    number: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Text<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

impl Job {
    fn read(delivery: Delivery) -> Option<Self> {
        let body = delivery.data;
        let Wire { job_id, to, sms } = serde_json::from_slice(&body).ok()?;
        let client_ref = ClientRef::of(JobId(job_id), Generation::FIRST, AttemptNumber::FIRST).0;
        let digits = to.phone.number.trim_start_matches('+');
        let request = gateway::request(digits, &sms.text, &client_ref.to_string())?;
        Some(Self { tag: delivery.delivery_tag, id: job_id, client_ref, body, request })
    }
}

/// A job that is new is ours, and so is one whose lease is over: it may then be sent twice, under the same reference.
const CLAIM: &str = "
INSERT INTO ideal.job AS j (job_id, body, client_ref, lease_token, lease_until)
SELECT job_id, body, client_ref, $4, clock_timestamp() + interval '15 seconds'
FROM unnest($1::uuid[], $2::bytea[], $3::uuid[]) AS asked (job_id, body, client_ref)
ON CONFLICT (job_id) DO UPDATE SET (lease_token, lease_until) = (
    SELECT
        CASE WHEN over THEN excluded.lease_token ELSE j.lease_token END,
        CASE WHEN over THEN excluded.lease_until ELSE j.lease_until END
    FROM (SELECT j.state = 'sending' AND j.lease_until <= clock_timestamp() AS over) AS lease
)
RETURNING job_id, lease_token = $4 AS ours, state = 'sending' AS open";

const SETTLE: &str = "
UPDATE ideal.job AS j SET
    state = 'accepted', provider_ref = taken.provider_ref, accepted_at = now(), lease_token = NULL, lease_until = NULL
FROM unnest($1::uuid[], $2::text[]) AS taken (job_id, provider_ref)
WHERE j.job_id = taken.job_id AND j.state = 'sending'";

/// What every stage works with.
struct Sms {
    claiming: Client,
    claim: Statement,
    settling: Client,
    settle: Statement,
    gateway: Gateway,
    acks: Acks,
    tasks: Tasks,
}

/// Works the queue off until the stop.
pub(crate) async fn run(tasks: &Tasks, stop: &CancellationToken) -> Result<(), Problem> {
    tables::make(tasks).await?;
    let (claiming, settling) = (tables::connect(tasks).await?, tables::connect(tasks).await?);
    let (claim, settle) = (claiming.prepare(CLAIM).await?, settling.prepare(SETTLE).await?);
    let queue = WorkQueue::Jobs(Channel::Sms);
    let Consuming { link, acks, messages, again: _ } = Consuming::of(queue, Job::read, tasks, stop).await?;
    let gateway = Gateway::of_settings()?;
    let sms = Arc::new(Sms { claiming, claim, settling, settle, gateway, acks, tasks: tasks.clone() });
    server::say_ready(tasks, stop).await?;

    let (to, taken) = mpsc::unbounded_channel();
    tokio::try_join!(sms.claim_all(messages, to), sms.settle_all(taken))?;
    let Sms { acks, .. } = Arc::into_inner(sms).ok_or("something is still in hand")?;
    acks.written().await;
    link.close().await
}

impl Sms {
    async fn claim_all(
        self: &Arc<Self>,
        jobs: mpsc::UnboundedReceiver<Job>,
        to: mpsc::UnboundedSender<Taken>,
    ) -> Result<(), Problem> {
        let mut batches = Batches::of(jobs);
        while let Some(batch) = batches.next().await? {
            let (sms, to) = (Arc::clone(self), to.clone());
            self.tasks.spawn(async move {
                let ours = sms.claim(batch.items).await?;
                drop(batch.in_hand);
                for job in ours {
                    let (ours, to) = (Arc::clone(&sms), to.clone());
                    sms.tasks.spawn(async move {
                        let provider_ref = ours.gateway.send(job.request).await?;
                        let taken = Taken { tag: job.tag, id: job.id, provider_ref };
                        to.send(taken).map_err(|_gone| "nobody settles")?;
                        Ok(())
                    });
                }
                Ok(())
            });
        }
        Ok(())
    }

    /// Answers the jobs that are ours to send; the broker hears of the others.
    async fn claim(&self, mut jobs: Vec<Job>) -> Result<Vec<Job>, Problem> {
        // Rows are locked in their order, so that no two batches wait for each other.
        jobs.sort_unstable_by_key(|job| job.id);
        let mut copies = Vec::new();
        jobs.dedup_by(|copy, first| {
            let is_copy = copy.id == first.id;
            if is_copy {
                copies.push(copy.tag);
            }
            is_copy
        });
        let ids: Vec<Uuid> = jobs.iter().map(|job| job.id).collect();
        let bodies: Vec<&[u8]> = jobs.iter().map(|job| &job.body[..]).collect();
        let client_refs: Vec<Uuid> = jobs.iter().map(|job| job.client_ref).collect();
        let token = Uuid::new_v4();
        let rows = self.claiming.query(&self.claim, &[&ids, &bodies, &client_refs, &token]).await?;
        let (mut ours, mut settled) = (Vec::with_capacity(jobs.len()), Vec::new());
        if rows.len() != jobs.len() {
            return Err("an upsert answered for other rows than it was given".into());
        }
        for (job, row) in jobs.into_iter().zip(&rows) {
            let (id, is_ours, is_open): (Uuid, Option<bool>, bool) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if id != job.id {
                return Err("an upsert answered in another order than it was asked".into());
            }
            match (is_ours, is_open) {
                (Some(true), _) => ours.push(job),
                (_, true) => copies.push(job.tag),
                (_, false) => settled.push(job.tag),
            }
        }
        if !copies.is_empty() {
            self.acks.return_later(copies, &self.tasks);
        }
        if !settled.is_empty() {
            self.acks.answer(settled, Answer::Ack)?;
        }
        Ok(ours)
    }

    async fn settle_all(self: &Arc<Self>, taken: mpsc::UnboundedReceiver<Taken>) -> Result<(), Problem> {
        let mut batches = Batches::of(taken);
        while let Some(batch) = batches.next().await? {
            let sms = Arc::clone(self);
            self.tasks.spawn(async move {
                let mut taken = batch.items;
                taken.sort_unstable_by_key(|taken| taken.id);
                let ids: Vec<Uuid> = taken.iter().map(|taken| taken.id).collect();
                let references: Vec<&str> = taken.iter().map(|taken| &taken.provider_ref[..]).collect();
                sms.settling.execute(&sms.settle, &[&ids, &references]).await?;
                sms.acks.answer(taken.iter().map(|taken| taken.tag).collect(), Answer::Ack)?;
                drop(sms);
                drop(batch.in_hand);
                Ok(())
            });
        }
        Ok(())
    }
}
