//! Record and judge, tell, ack.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use closure_contract::{
    Channel, Evidence, Generation, JobId, Outcome, OutcomeName, Receipt, Timestamp,
    job::Consultation,
    outcome::OutcomeKind,
    topology::{OUTCOMES, WorkQueue},
};
use lapin::message::Delivery;
use serde::Deserialize;
use time::OffsetDateTime;
use tokio::sync::{Notify, mpsc};
use tokio_postgres::{Client, Row, Statement};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Problem,
    acks::{Acks, Answer},
    batches::Batches,
    broker::{self, Consuming, Link, Message},
    server, tables,
    tasks::Tasks,
};

/// A receipt may come before the gateway's answer is settled; it is looked at again after this time, then twice this.
const LOOK_PAUSE: Duration = Duration::from_millis(10);
/// The longest time between two looks, as a power of two of the first.
const LOOK_DOUBLINGS_MAX: u32 = 5;
/// So often it is looked at before it goes back to the queue.
const LOOKS_MAX: u32 = 40;
/// What was told is written down with the next batch, or by itself where none comes for so long.
const PAYMENT_PAUSE: Duration = Duration::from_millis(100);

/// A receipt in hand.
struct Heard {
    tag: u64,
    receipt: Receipt,
    /// Its word may have been owed and not told by whoever had it before.
    redelivered: bool,
    looks: u32,
}

impl Heard {
    fn read(delivery: Delivery) -> Option<Self> {
        let receipt = serde_json::from_slice(&delivery.data).ok()?;
        Some(Self { tag: delivery.delivery_tag, receipt, redelivered: delivery.redelivered, looks: 0 })
    }
}

/// The first word of the gateway that is an end is what becomes of the delivery; a later receipt only has its row.
///
/// One that names no delivery yet is not written: it stays in its queue, and to look again costs a probe of an index.
/// What is owed stands in the same commit, and what was told since the last batch is paid with it.
/// Of a message that somebody had before, what is owed is answered too.
const RECORD: &str = "
WITH said AS (
    SELECT * FROM unnest(
        $1::text[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
        $9::timestamptz[], $10::boolean[]
    ) AS said (
        receipt_id, provider_ref, client_ref, status, evidence, provider_code, reported_sender, occurred_at, received_at,
        redelivered
    )
), named AS MATERIALIZED (
    SELECT said.*, j.job_id, j.state FROM said LEFT JOIN ideal.job AS j ON j.provider_ref = said.provider_ref
), kept AS (
    INSERT INTO ideal.receipt AS r (
        receipt_id, job_id, provider_ref, client_ref, status, evidence, provider_code, reported_sender, occurred_at,
        received_at
    )
    SELECT
        receipt_id, job_id, provider_ref, client_ref, status, evidence, provider_code, reported_sender, occurred_at,
        received_at
    FROM named WHERE job_id IS NOT NULL ORDER BY receipt_id
    ON CONFLICT (receipt_id) DO UPDATE SET received_at = least(r.received_at, excluded.received_at)
), ended AS (
    UPDATE ideal.job AS j SET state = word.status, evidence = word.evidence, ended_at = now()
    FROM (
        SELECT DISTINCT ON (job_id) job_id, status, evidence FROM named
        WHERE state = 'accepted' AND status <> 'in_transit'
        ORDER BY job_id
    ) AS word
    WHERE j.job_id = word.job_id AND j.state = 'accepted'
    RETURNING j.job_id, j.state, j.evidence, j.ended_at, j.body
), owes AS (
    INSERT INTO ideal.owed (job_id) SELECT job_id FROM ended
), paid AS (
    DELETE FROM ideal.owed WHERE job_id = ANY ($11::uuid[])
)
SELECT NULL AS unnamed, job_id, state, evidence, ended_at, body FROM ended
UNION ALL
SELECT NULL, j.job_id, j.state, j.evidence, j.ended_at, j.body
FROM (SELECT DISTINCT job_id FROM named WHERE redelivered) AS again
JOIN ideal.owed AS o ON o.job_id = again.job_id
JOIN ideal.job AS j ON j.job_id = o.job_id
UNION ALL
SELECT receipt_id, NULL, NULL, NULL, NULL, NULL FROM named WHERE job_id IS NULL";

const PAY: &str = "DELETE FROM ideal.owed WHERE job_id = ANY ($1::uuid[])";

/// What was told and is not written down yet.
#[derive(Default)]
struct Told {
    jobs: Mutex<Vec<Uuid>>,
    some: Notify,
}

impl Told {
    fn add(&self, jobs: impl Iterator<Item = Uuid>) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).extend(jobs);
        self.some.notify_one();
    }

    fn take(&self) -> Vec<Uuid> {
        std::mem::take(&mut *self.jobs.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

struct Fallback {
    database: Client,
    record: Statement,
    pay: Statement,
    publishing: Link,
    told: Told,
    acks: Acks,
    again: mpsc::WeakUnboundedSender<Heard>,
    tasks: Tasks,
}

/// Reads the receipts until the stop.
pub(crate) async fn run(tasks: &Tasks, stop: &CancellationToken) -> Result<(), Problem> {
    tables::make(tasks).await?;
    let database = tables::connect(tasks).await?;
    let (record, pay) = (database.prepare(RECORD).await?, database.prepare(PAY).await?);
    let publishing = Link::publishing().await?;
    let Consuming { link, acks, messages, again } =
        Consuming::of(WorkQueue::Receipts, Heard::read, tasks, stop).await?;
    let told = Told::default();
    let tasks = tasks.clone();
    let fallback = Arc::new(Fallback { database, record, pay, publishing, told, acks, again, tasks });
    server::say_ready(&fallback.tasks, stop).await?;

    let mut batches = Batches::of(messages);
    let all = async {
        while let Some(batch) = batches.next().await? {
            let ours = Arc::clone(&fallback);
            fallback.tasks.spawn(async move {
                ours.take(batch.items).await?;
                drop(ours);
                drop(batch.in_hand);
                Ok(())
            });
        }
        Ok::<(), Problem>(())
    };
    tokio::select! {
        ended = all => ended?,
        ended = fallback.pay_where_nothing_comes() => ended?,
    }
    fallback.pay().await?;
    let Fallback { publishing, acks, .. } = Arc::into_inner(fallback).ok_or("something is still in hand")?;
    acks.written().await;
    publishing.close().await?;
    link.close().await
}

impl Fallback {
    async fn take(&self, heard: Vec<Heard>) -> Result<(), Problem> {
        let (rows, unnamed) = self.record(&heard).await?;
        let messages = rows.iter().map(outcome).collect::<Result<Vec<_>, _>>()?;
        if !messages.is_empty() {
            broker::publish(&self.publishing.channel, &messages).await?;
            self.told.add(rows.iter().map(|row| row.job_id));
        }
        let (unnamed, done): (Vec<_>, Vec<_>) =
            heard.into_iter().partition(|heard| unnamed.contains(&heard.receipt.receipt_id));
        if !done.is_empty() {
            self.acks.answer(done.iter().map(|heard| heard.tag).collect(), Answer::Ack)?;
        }
        self.look_again(unnamed)
    }

    /// Writes the receipts and what they mean; answers which deliveries ended, and which receipts name none.
    async fn record(&self, heard: &[Heard]) -> Result<(Vec<Ended>, HashSet<String>), Problem> {
        // A copy of a receipt has the same row.
        let mut seen = HashSet::with_capacity(heard.len());
        let ours: Vec<&Heard> =
            heard.iter().filter(|heard| seen.insert(heard.receipt.receipt_id.as_str())).collect();
        let receipts = || ours.iter().map(|heard| &heard.receipt);
        let rows = self
            .database
            .query(
                &self.record,
                &[
                    &receipts().map(|receipt| receipt.receipt_id.as_str()).collect::<Vec<_>>(),
                    &receipts().map(|receipt| receipt.provider_ref.as_deref()).collect::<Vec<_>>(),
                    &receipts().map(|receipt| receipt.client_ref.map(|one| one.0)).collect::<Vec<_>>(),
                    &receipts().map(|receipt| receipt.status.as_str()).collect::<Vec<_>>(),
                    &receipts().map(|receipt| receipt.evidence.as_str()).collect::<Vec<_>>(),
                    &receipts().map(|receipt| receipt.provider_code.as_deref()).collect::<Vec<_>>(),
                    &receipts().map(|receipt| receipt.reported_sender.as_deref()).collect::<Vec<_>>(),
                    &receipts().map(|receipt| receipt.occurred_at.map(|at| at.0)).collect::<Vec<_>>(),
                    &receipts().map(|receipt| receipt.received_at.0).collect::<Vec<_>>(),
                    &ours.iter().map(|heard| heard.redelivered).collect::<Vec<_>>(),
                    &self.told.take(),
                ],
            )
            .await?;
        let (mut ended, mut unnamed) = (Vec::with_capacity(rows.len()), HashSet::new());
        for row in &rows {
            match row.try_get(0)? {
                Some(receipt_id) => drop(unnamed.insert(receipt_id)),
                None => ended.push(Ended::read(row)?),
            }
        }
        Ok((ended, unnamed))
    }

    fn look_again(&self, unnamed: Vec<Heard>) -> Result<(), Problem> {
        if unnamed.is_empty() {
            return Ok(());
        }
        let tags = unnamed.iter().map(|heard| heard.tag).collect();
        let patient = unnamed.iter().all(|heard| heard.looks < LOOKS_MAX);
        match self.again.upgrade() {
            Some(again) if patient => {
                let doublings = unnamed.iter().map(|heard| heard.looks).min().unwrap_or_default();
                let pause = LOOK_PAUSE * (1 << doublings.min(LOOK_DOUBLINGS_MAX));
                self.tasks.spawn(async move {
                    tokio::time::sleep(pause).await;
                    for heard in unnamed {
                        let looks = heard.looks + 1;
                        again.send(Heard { looks, ..heard }).map_err(|_gone| "nobody takes receipts")?;
                    }
                    Ok(())
                });
                Ok(())
            }
            Some(_) | None => self.acks.answer(tags, Answer::Return),
        }
    }

    async fn pay_where_nothing_comes(&self) -> Result<(), Problem> {
        loop {
            self.told.some.notified().await;
            tokio::time::sleep(PAYMENT_PAUSE).await;
            self.pay().await?;
        }
    }

    async fn pay(&self) -> Result<(), Problem> {
        let jobs = self.told.take();
        if !jobs.is_empty() {
            self.database.execute(&self.pay, &[&jobs]).await?;
        }
        Ok(())
    }
}

/// A delivery that came to its end.
struct Ended {
    job_id: Uuid,
    state: String,
    evidence: String,
    at: OffsetDateTime,
    body: Vec<u8>,
}

impl Ended {
    fn read(row: &Row) -> Result<Self, Problem> {
        Ok(Self {
            job_id: row.try_get(1)?,
            state: row.try_get(2)?,
            evidence: row.try_get(3)?,
            at: row.try_get(4)?,
            body: row.try_get(5)?,
        })
    }
}

#[derive(Deserialize)]
struct Job {
    consultation: Consultation,
}

/// The outcome as the fleet tells it, of a delivery that no rule had a say in.
fn outcome(ended: &Ended) -> Result<Message, Problem> {
    let (job_id, generation) = (JobId(ended.job_id), Generation::FIRST);
    let Job { consultation } = serde_json::from_slice(&ended.body)?;
    let name = match ended.state.as_str() {
        "delivered" => OutcomeName::Delivered,
        "undelivered" | "expired" => OutcomeName::Undelivered,
        _ => OutcomeName::Unknown,
    };
    let evidence = match ended.evidence.as_str() {
        "handset" => Evidence::Handset,
        "carrier" => Evidence::Carrier,
        "gateway" => Evidence::Gateway,
        _ => Evidence::None,
    };
    let outcome = Outcome {
        kind: OutcomeKind::V1,
        outcome_id: Outcome::id_of(job_id, generation, 1, name),
        word: 1,
        corrects: None,
        job_id,
        generation,
        consultation: Some(consultation),
        channel: Channel::Sms,
        outcome: name,
        evidence,
        code: None,
        detail: None,
        rules: Vec::new(),
        attempts: 1,
        at: Timestamp::of(ended.at).ok_or("the database's clock is of no year that can be written")?,
        fallback_job_id: None,
        fallback_of: None,
        call: None,
        sender: None,
    };
    Ok(Message {
        exchange: OUTCOMES,
        routing_key: outcome.routing_key(),
        message_id: outcome.outcome_id.to_string(),
        kind: "closure.outcome/1",
        body: outcome.encode(),
    })
}
