//! What a doubt asks of the record: whose a message is that was found, and what is put down before it is sent again.

use closure_contract::{AttemptNumber, ClientRef, Provider};

use super::{leases::Lease, state::in_flight_states};
use crate::{
    database::{
        pool::query,
        row::{Columns, int, millis},
        text,
    },
    error::StoreError,
    store::Store,
};

impl Store {
    /// Puts another attempt on record because of a doubt, under the same lease; without the lease, nothing.
    pub async fn resend(
        &self,
        lease: Lease,
        provider: Provider,
        lease_ms: u64,
    ) -> Result<Option<(AttemptNumber, ClientRef)>, StoreError> {
        self.database
            .bounded(async {
                let mut session = self.database.session().await?;
                let transaction = session.transaction().await?;
                let found = query(&transaction, RESEND_LOCK, &[&lease.job_id.0, &lease.token]).await?;
                let Some(row) = found.first() else {
                    transaction.commit().await?;
                    session.done();
                    return Ok(None);
                };
                let columns = Columns(row);
                let (generation, attempt) =
                    (columns.generation("generation")?, columns.attempt("attempts")?.next());
                let client_ref = match provider {
                    Provider::Asterisk => ClientRef::of_call(lease.job_id, generation, attempt),
                    Provider::Nhn
                    | Provider::Infobip
                    | Provider::Twilio
                    | Provider::Sinch
                    | Provider::Smtp => ClientRef::of(lease.job_id, generation, attempt),
                };
                let values: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
                    &lease.job_id.0,
                    &int(generation.0),
                    &int(attempt.0),
                    &client_ref.0,
                    &provider.as_str(),
                    &millis(lease_ms),
                ];
                query(&transaction, RESEND, &values).await?;
                transaction.commit().await?;
                session.done();
                Ok(Some((attempt, client_ref)))
            })
            .await
    }

    /// Prolongs the lease for the same request under the same name once more, which the provider refuses if it has
    /// it; without the lease, nothing.
    ///
    /// The attempt stays the one in doubt, so that a repeat that is put off unmakes nothing.
    pub async fn repeat(&self, lease: Lease, lease_ms: u64) -> Result<Option<AttemptNumber>, StoreError> {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&lease.job_id.0, &lease.token, &millis(lease_ms)];
        let rows = self.database.query(REPEAT, &values).await?;
        rows.first().map(|row| Columns(row).attempt("attempts")).transpose()
    }

    /// Whether a provider's reference is on record as that of another attempt than this one.
    pub async fn names_another_attempt(
        &self,
        provider: Provider,
        provider_ref: &str,
        client_ref: ClientRef,
    ) -> Result<bool, StoreError> {
        let provider_ref = text::reference(provider_ref);
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&provider.as_str(), &provider_ref, &client_ref.0];
        let rows = self.database.query(ANOTHERS, &values).await?;
        rows.first().map_or(Ok(false), |row| Columns(row).get("anothers"))
    }
}

pub(crate) const ANOTHERS: &str = "
SELECT EXISTS (
    SELECT FROM attempt WHERE provider = $1 AND provider_ref = $2 AND client_ref <> $3
) AS anothers";

/// Of the job `$1`: the lease `$2` holds it, and no receipt has spoken.
macro_rules! is_in_doubt {
    () => {
        concat!(
            "job_id = $1 AND lease_token = $2 AND lease_for IS NOT NULL AND state IN (",
            in_flight_states!(),
            ")"
        )
    };
}

pub(crate) const RESEND_LOCK: &str =
    concat!("SELECT generation, attempts FROM delivery WHERE ", is_in_doubt!(), " FOR UPDATE");

/// The attempt before stays in doubt for ever; the new one is on record before anything is sent.
pub(crate) const RESEND: &str = "
WITH changed AS (
    UPDATE delivery SET
        state = 'sending', attempts = $3, resends = resends + 1, lookups = 0, client_ref = $4, provider = $5,
        tried_at = clock_timestamp(), lease_for = 'resend',
        lease_until = clock_timestamp() + $6::bigint * interval '1 millisecond', updated_at = now()
    WHERE job_id = $1
), doubted AS (
    UPDATE attempt SET state = 'in_doubt', ended_at = coalesce(ended_at, now())
    WHERE job_id = $1 AND generation = $2 AND number = $3 - 1
)
INSERT INTO attempt (job_id, generation, number, client_ref, provider, state, started_at)
VALUES ($1, $2, $3, $4, $5, 'sending', clock_timestamp())";

/// The attempt, its name and its time stay; only the count of requests and the lease change.
pub(crate) const REPEAT: &str = concat!(
    "
UPDATE delivery SET
    resends = resends + 1, lookups = 0, updated_at = now(),
    lease_until = clock_timestamp() + $3::bigint * interval '1 millisecond'
WHERE ",
    is_in_doubt!(),
    " RETURNING attempts"
);
