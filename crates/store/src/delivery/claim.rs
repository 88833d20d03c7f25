//! The right to make the next attempt, or the reason why not.

use std::fmt;

use bytes::Bytes;
use closure_contract::{
    AttemptNumber, Channel, ClientRef, ConsultationId, Generation, JobId, Provider, Timestamp,
    facts::jobs::JobFacts,
};
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    leases::{Lease, LeaseFor},
    snapshot::{Snapshot, snapshot_fields},
    state::{DeliveryPhase, DeliveryState, in_flight_states},
};
use crate::{
    database::{
        batch::{Batch, by_job, column},
        json_text::JsonText,
        pool::Database,
        row::{Columns, int, millis},
    },
    error::StoreError,
    finding::facts::{FactArrays, FactColumns},
    store::Store,
};

/// What a worker asks for when it has read a job.
#[derive(Clone)]
pub struct NewClaim {
    /// What tells this claim from any other: asked again with the same, one whose answer was lost is granted.
    pub token: Uuid,
    /// The job.
    pub job_id: JobId,
    /// The worker's channel.
    pub channel: Channel,
    /// Kind and major version of the body.
    pub kind: String,
    /// The consultation that the job closes.
    pub consultation_id: ConsultationId,
    /// Which edition of the answer.
    pub revision: u32,
    /// The generation that the message names.
    pub generation: Generation,
    /// The try that the message asks for.
    pub attempt: AttemptNumber,
    /// The message's bytes.
    pub body: Bytes,
    /// Of a fallback email: the SMS that it stands in for.
    pub source_job_id: Option<JobId>,
    /// Who is to carry it.
    pub provider: Provider,
    /// How long the claim lasts: longer than the slowest try.
    pub lease_ms: u64,
    /// What is to be sent, where a retry must send the same bytes; the first ones stay.
    pub rendered: Option<Bytes>,
    /// Every rule that had a say.
    pub rules: JsonText,
    /// Of a text message: the sender that the provider is asked to show.
    pub sender_asked: Option<String>,
    /// The W3C trace context of the message; the first one stays.
    pub traceparent: Option<String>,
    /// What the delivery is found by; the first claim's stay.
    pub found_by: JobFacts,
}

/// One attempt, given to one worker alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// The right to settle it.
    pub lease: Lease,
    /// Its number.
    pub attempt: AttemptNumber,
    /// Its name towards the provider.
    pub client_ref: ClientRef,
    /// Who is to carry it, or was tried: the one to ask, whatever is chosen for others by now.
    pub provider: Provider,
    /// The bytes that were stored first, if any.
    pub rendered: Option<Bytes>,
    /// For how long it has been put off for failures that cost no try, in milliseconds.
    pub postponed_ms: u64,
}

/// An attempt that began and whose end is not on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doubt {
    /// When the attempt began.
    pub since: Timestamp,
    /// How often the provider was asked about the latest request and knew nothing.
    pub lookups: u32,
    /// How often it was sent again because of the doubt.
    pub resends: u32,
}

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// Make this attempt: it is on record, and a crash from here on leaves a doubt.
    Granted(Grant),
    /// Find out what became of this attempt; never send blindly.
    Reconcile(Grant, Doubt),
    /// The attempt that the message asks for was made; its retry may be lost, so publish the next one again.
    Scheduled {
        /// The try that is due.
        next: AttemptNumber,
    },
    /// It was settled before; what followed from that may not have been told.
    Settled(Box<Snapshot>),
    /// Another holds the lease.
    Leased {
        /// For how much longer.
        remaining_ms: u64,
    },
    /// The message is of an older generation than the delivery.
    Stale {
        /// The delivery's generation.
        generation: Generation,
    },
    /// The same job was given before with other bytes, or its source has another fallback, or the message names a
    /// generation that no replay made.
    Conflict,
}

impl Store {
    /// Claims the next attempt of a job; concurrent claims share one commit.
    pub async fn claim(&self, claim: NewClaim) -> Result<Claim, StoreError> {
        let mut claim = claim;
        claim.attempt = claim.attempt.max(AttemptNumber::FIRST);
        let asked = Asked {
            token: claim.token,
            body_hash: Sha256::digest(&claim.body).to_vec(),
            client_ref: match claim.channel {
                Channel::Dial => ClientRef::of_call(claim.job_id, claim.generation, claim.attempt),
                Channel::Sms | Channel::Email => ClientRef::of(claim.job_id, claim.generation, claim.attempt),
            },
            found_by: FactColumns::of(&claim.found_by, &self.keys),
            claim,
        };
        match self.claims.ask(asked).await {
            Err(error) if error.violates(SOURCE_CONSTRAINT) => Ok(Claim::Conflict),
            answer => answer,
        }
    }
}

/// One SMS has one fallback, whatever job id another message gives it.
const SOURCE_CONSTRAINT: &str = "delivery_source_job";

/// A claim with what is computed from it.
pub(crate) struct Asked {
    claim: NewClaim,
    token: Uuid,
    body_hash: Vec<u8>,
    client_ref: ClientRef,
    found_by: FactColumns,
}

/// The batched work.
pub(crate) struct Claims(pub(crate) Database);

impl Batch for Claims {
    type Item = Asked;
    type Answer = Claim;
    type Key = JobId;

    fn key(item: &Asked) -> JobId {
        item.claim.job_id
    }

    async fn run(&self, items: &[&Asked]) -> Result<Vec<Claim>, StoreError> {
        let rows = self.rows(items).await?;
        let by_job = by_job(&rows)?;
        let answers = items.iter().map(|asked| {
            let row = by_job.get(&asked.claim.job_id).expect("an upsert returns every row that it was given");
            answer(asked, row)
        });
        answers.collect()
    }
}

impl Claims {
    async fn rows(&self, items: &[&Asked]) -> Result<Vec<Row>, StoreError> {
        let facts = FactArrays::of(items, |asked| &asked.found_by);
        self.0
            .query(
                CLAIM,
                &[
                    &column(items, |asked| asked.claim.job_id.0),
                    &column(items, |asked| asked.claim.channel.as_str()),
                    &column(items, |asked| asked.claim.kind.as_str()),
                    &column(items, |asked| asked.claim.consultation_id.as_str()),
                    &column(items, |asked| int(asked.claim.revision)),
                    &column(items, |asked| int(asked.claim.generation.0)),
                    &column(items, |asked| int(asked.claim.attempt.0)),
                    &column(items, |asked| asked.client_ref.0),
                    &column(items, |asked| &asked.claim.body[..]),
                    &column(items, |asked| &asked.body_hash[..]),
                    &column(items, |asked| asked.claim.source_job_id.map(|id| id.0)),
                    &column(items, |asked| asked.claim.provider.as_str()),
                    &column(items, |asked| asked.token),
                    &column(items, |asked| millis(asked.claim.lease_ms)),
                    &column(items, |asked| asked.claim.rendered.as_deref()),
                    &column(items, |asked| &asked.claim.rules),
                    &column(items, |asked| asked.claim.sender_asked.as_deref()),
                    &column(items, |asked| asked.claim.traceparent.as_deref()),
                    &facts.hashes,
                    &facts.hash_keys,
                    &facts.tails,
                    &facts.country_codes,
                    &facts.agent_ids,
                    &facts.templates,
                ],
            )
            .await
    }
}

/// Reads why a row was granted, or why not.
fn answer(asked: &Asked, row: &Row) -> Result<Claim, StoreError> {
    let columns = Columns(row);
    let lease = Lease { job_id: asked.claim.job_id, token: asked.token };
    if columns.get::<Option<Uuid>>("lease_token")? == Some(asked.token) {
        return match columns.word("lease_for")? {
            LeaseFor::Try => Ok(Claim::Granted(grant(lease, &columns)?)),
            // What was to be sent again may have been.
            LeaseFor::FindOut | LeaseFor::Resend => {
                Ok(Claim::Reconcile(grant(lease, &columns)?, doubt(&columns)?))
            }
        };
    }
    let generation = columns.generation("generation")?;
    if generation > asked.claim.generation {
        return Ok(Claim::Stale { generation });
    }
    if generation < asked.claim.generation || columns.get::<&[u8]>("body_hash")? != asked.body_hash {
        return Ok(Claim::Conflict);
    }
    let state: DeliveryState = columns.word("state")?;
    Ok(match state.phase() {
        DeliveryPhase::Unsent if state == DeliveryState::Waiting => {
            Claim::Scheduled { next: columns.attempt("attempts")?.next() }
        }
        DeliveryPhase::Unsent | DeliveryPhase::InFlight => {
            Claim::Leased { remaining_ms: columns.millis("remaining_ms")? }
        }
        DeliveryPhase::Accepted | DeliveryPhase::Ended | DeliveryPhase::WithPerson => {
            Claim::Settled(Box::new(Snapshot::read(row)?))
        }
    })
}

fn grant(lease: Lease, columns: &Columns<'_>) -> Result<Grant, StoreError> {
    Ok(Grant {
        lease,
        attempt: columns.attempt("attempts")?,
        client_ref: columns.get("client_ref").map(ClientRef)?,
        provider: columns.word("provider")?,
        rendered: columns.maybe_bytes("rendered")?,
        postponed_ms: columns.millis("postponed_ms")?,
    })
}

fn doubt(columns: &Columns<'_>) -> Result<Doubt, StoreError> {
    Ok(Doubt {
        since: columns.time("tried_at")?,
        lookups: columns.count("lookups")?,
        resends: columns.count("resends")?,
    })
}

/// Every claim of a batch is an upsert, so that its plan cannot depend on the table's size.
///
/// A row that exists is decided upon under its lock. `try` is right where nobody has tried this generation, where
/// the retry that was planned has come, or where a try began that surely never reached its provider, and its lease is
/// over; `find_out` where any other began and its lease is over. In every other case the row is written back as it was,
/// and says itself why it was not granted.
/// `unread`: it was written without what it is found by: by an older release, as put off before its first claim, or with
/// the content that a person brought. Every job that can be read has an agent.
///
/// A batch whose answer was lost is asked for again with the same tokens: the rows that the first one granted are
/// ours already, and their attempts are on record.
pub(crate) const CLAIM: &str = concat!(
    "WITH asked AS (
        SELECT * FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::integer[], $6::integer[], $7::integer[], $8::uuid[],
            $9::bytea[], $10::bytea[], $11::uuid[], $12::text[], $13::uuid[], $14::bigint[], $15::bytea[], $16::jsonb[],
            $17::text[], $18::text[], $19::bytea[], $20::smallint[], $21::text[], $22::integer[], $23::text[], $24::text[]
        ) AS asked (
            job_id, channel, kind, consultation_id, revision, generation, attempt, client_ref,
            body, body_hash, source_job_id, provider, token, lease_ms, rendered, rules, sender_asked,
            traceparent, recipient_hash, hash_key, recipient_tail, country_code, agent_id, template
        )
    ), taken AS (
        INSERT INTO delivery AS d (
            job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash, attempts,
            client_ref, source_job_id, provider, lease_token, lease_until, lease_for, tried_at, rendered, rules,
            sender_asked, traceparent, handed_over, recipient_hash, hash_key, recipient_tail, country_code, agent_id,
            template
        )
        SELECT
            job_id, channel, kind, consultation_id, revision, generation, 'sending', body, body_hash, attempt,
            client_ref, source_job_id, provider, token, clock_timestamp() + lease_ms * interval '1 millisecond', 'try',
            clock_timestamp(), rendered, rules, sender_asked, traceparent, CASE channel WHEN 'dial' THEN false END,
            recipient_hash, hash_key, recipient_tail, country_code, agent_id, template
        FROM asked
        ORDER BY job_id
        ON CONFLICT (job_id) DO UPDATE SET (
            state, attempts, lookups, client_ref, provider, tried_at, rendered, rules, sender_asked, handed_over,
            lease_token, lease_until, lease_for, updated_at,
            recipient_hash, hash_key, recipient_tail, country_code, agent_id, template
        ) = (
            SELECT
                CASE WHEN try THEN 'sending' ELSE d.state END,
                CASE WHEN try THEN excluded.attempts ELSE d.attempts END,
                CASE WHEN try THEN 0 ELSE d.lookups END,
                -- A try that surely never reached its provider is made under the name that stands on record.
                CASE WHEN try AND d.state <> 'sending' THEN excluded.client_ref ELSE d.client_ref END,
                CASE WHEN try THEN excluded.provider ELSE d.provider END,
                CASE WHEN try THEN excluded.tried_at ELSE d.tried_at END,
                CASE WHEN try THEN coalesce(d.rendered, excluded.rendered) ELSE d.rendered END,
                CASE WHEN try THEN excluded.rules ELSE d.rules END,
                CASE WHEN try THEN excluded.sender_asked ELSE d.sender_asked END,
                CASE WHEN try THEN excluded.handed_over ELSE d.handed_over END,
                CASE WHEN try OR find_out THEN excluded.lease_token ELSE d.lease_token END,
                CASE WHEN try OR find_out THEN excluded.lease_until ELSE d.lease_until END,
                CASE WHEN try THEN 'try' WHEN find_out THEN 'find_out' ELSE d.lease_for END,
                CASE WHEN try OR find_out THEN now() ELSE d.updated_at END,
                CASE WHEN unread THEN excluded.recipient_hash ELSE d.recipient_hash END,
                CASE WHEN unread THEN excluded.hash_key ELSE d.hash_key END,
                CASE WHEN unread THEN excluded.recipient_tail ELSE d.recipient_tail END,
                CASE WHEN unread THEN excluded.country_code ELSE d.country_code END,
                CASE WHEN unread THEN excluded.agent_id ELSE d.agent_id END,
                CASE WHEN unread THEN excluded.template ELSE d.template END
            FROM (
                SELECT
                    same AND (
                        d.state = 'pending'
                        OR d.state = 'waiting' AND excluded.attempts > d.attempts
                        OR d.state = 'sending' AND d.handed_over IS FALSE AND over AND excluded.attempts = d.attempts
                    ) AS try,
                    same AND d.state IN (",
    in_flight_states!(),
    ") AND over AS find_out,
                    same AND d.agent_id IS NULL AS unread
                FROM (
                    SELECT
                        d.generation = excluded.generation AND d.body_hash = excluded.body_hash AS same,
                        d.lease_until IS NULL OR d.lease_until <= clock_timestamp() AS over
                ) AS message
            ) AS answer
        )
        RETURNING
            ",
    snapshot_fields!(),
    ",
            CASE WHEN d.lease_token = ANY ($13::uuid[]) THEN ''::bytea ELSE d.body END AS body,
            d.body_hash, d.lease_token, d.lease_for, d.client_ref, d.provider, d.rendered, d.tried_at, d.lookups,
            d.resends,
            coalesce(ceil(extract(epoch FROM d.lease_until - clock_timestamp()) * 1000), 0)::bigint AS remaining_ms,
            coalesce(extract(epoch FROM clock_timestamp() - d.postponed_since) * 1000, 0)::bigint AS postponed_ms
    ), begun AS (
        INSERT INTO attempt (job_id, generation, number, client_ref, provider, state, started_at)
        SELECT job_id, generation, attempts, client_ref, provider, 'sending', tried_at
        FROM taken
        WHERE lease_for = 'try' AND lease_token = ANY ($13::uuid[])
        ON CONFLICT DO NOTHING
    )
    SELECT * FROM taken"
);

impl fmt::Debug for NewClaim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewClaim")
            .field("job_id", &self.job_id)
            .field("channel", &self.channel)
            .field("generation", &self.generation)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("job_id", &self.lease.job_id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
