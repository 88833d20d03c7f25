//! Gateways that are left alone, as every process has to see them (R14e).

use closure_contract::{FailureCode, Provider, Timestamp};
use serde::Serialize;
use tokio_postgres::Row;
use uuid::Uuid;

use super::scope::{GatewayScope, read_known};
use crate::{
    database::{
        column_word::column_words,
        row::{Columns, millis},
        text,
    },
    error::StoreError,
    store::Store,
};

column_words! {
    /// What opened a circuit, and therefore what closes it.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum OpenedBy: "opened_by" {
        /// Requests that failed; one that is taken closes it.
        Request = "request",
        /// Receipts of texts that were taken and turned back; the receipt of one that was carried closes it.
        Receipt = "receipt",
    }
}

/// A circuit that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenCircuit {
    /// What is left alone.
    #[serde(flatten)]
    pub name: GatewayScope,
    /// What the latest failure was.
    pub code: FailureCode,
    /// The same in the provider's own words, masked, where it said any.
    pub detail: Option<String>,
    /// What opened it.
    pub opened_by: OpenedBy,
    /// Since when.
    pub opened_at: Timestamp,
    /// From when on one job may try it.
    pub probe_at: Timestamp,
    /// How long from now that is, in milliseconds; nothing is left of it once the time has come.
    pub probe_in_ms: u64,
    /// How many probes have failed in a row.
    pub probes_failed: u32,
    /// Which process has the right to the one try, as long as it lasts.
    #[serde(skip)]
    pub prober: Option<Uuid>,
}

/// Whether a circuit was opened by this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It was.
    Now,
    /// It is open already.
    Before,
}

impl Store {
    /// The circuits that are open, at most one for each gateway and country.
    pub async fn open_circuits(&self) -> Result<Vec<OpenCircuit>, StoreError> {
        read_known(&self.database.query(OPEN_CIRCUITS, &[]).await?, OpenCircuit::read)
    }

    /// Leaves a gateway alone; the first probe may be made after `probe_after_ms`.
    pub async fn open_circuit(
        &self,
        name: GatewayScope,
        (code, detail): (FailureCode, Option<&str>),
        opened_by: OpenedBy,
        probe_after_ms: u64,
    ) -> Result<Opened, StoreError> {
        let (provider, code, by) = (name.provider.as_str(), code.as_str(), opened_by.as_str());
        let rows = self
            .database
            .query(
                OPEN,
                &[&provider, &name.country(), &code, &by, &millis(probe_after_ms), &text::optional(detail)],
            )
            .await?;
        Ok(if rows.is_empty() { Opened::Before } else { Opened::Now })
    }

    /// Asks for the right to probe these providers for `lease_ms`: each of their open circuits whose time has come gives
    /// it to one process.
    pub async fn take_probes(
        &self,
        prober: Uuid,
        providers: &[Provider],
        lease_ms: u64,
    ) -> Result<Vec<GatewayScope>, StoreError> {
        let providers: Vec<&str> = providers.iter().map(|provider| provider.as_str()).collect();
        let rows = self.database.query(TAKE_PROBES, &[&prober, &millis(lease_ms), &providers]).await?;
        rows.iter().map(GatewayScope::read).collect()
    }

    /// The probe failed: the next one may be made after `probe_after_ms`.
    pub async fn probe_failed(
        &self,
        name: GatewayScope,
        prober: Uuid,
        (code, detail): (FailureCode, Option<&str>),
        probe_after_ms: u64,
    ) -> Result<(), StoreError> {
        let (provider, code) = (name.provider.as_str(), code.as_str());
        let detail = text::optional(detail);
        self.database
            .query(
                PROBE_FAILED,
                &[&provider, &name.country(), &prober, &code, &millis(probe_after_ms), &detail],
            )
            .await?;
        Ok(())
    }

    /// The gateway took the probe, which proves nothing here; the next one may be made after `probe_after_ms`, if no
    /// receipt has closed the circuit by then.
    pub async fn probe_taken(
        &self,
        name: GatewayScope,
        prober: Uuid,
        probe_after_ms: u64,
    ) -> Result<(), StoreError> {
        let provider = name.provider.as_str();
        self.database
            .query(PROBE_TAKEN, &[&provider, &name.country(), &prober, &millis(probe_after_ms)])
            .await?;
        Ok(())
    }

    /// A receipt says that the gateway carried a text which was tried at this time: what receipts opened before it
    /// closes.
    pub async fn close_by_receipt(
        &self,
        scope: GatewayScope,
        tried_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let provider = scope.provider.as_str();
        let rows = self.database.query(CLOSE_BY_RECEIPT, &[&provider, &scope.country(), &tried_at.0]).await?;
        Ok(!rows.is_empty())
    }

    /// The probe came through, or a person says that the gateway is well: jobs flow again.
    pub async fn close_circuit(&self, name: GatewayScope) -> Result<bool, StoreError> {
        let rows = self.database.query(CLOSE, &[&name.provider.as_str(), &name.country()]).await?;
        Ok(!rows.is_empty())
    }

    /// The next probes may be made at once, and not only when their time has come; gives how many circuits are open.
    pub async fn probe_now(&self, provider: Provider) -> Result<usize, StoreError> {
        Ok(self.act(PROBE_NOW, &[&provider.as_str()]).await?.len())
    }
}

pub(crate) const OPEN_CIRCUITS: &str = "
SELECT provider, country_code, failure_code, detail, opened_by, opened_at, probe_at, probes_failed, prober,
    greatest(0, extract(epoch FROM probe_at - now()) * 1000)::bigint AS probe_in_ms
FROM circuit ORDER BY provider, country_code";

pub(crate) const OPEN: &str = "
INSERT INTO circuit (provider, country_code, failure_code, opened_by, probe_at, detail)
VALUES ($1, $2, $3, $4, now() + $5::bigint * interval '1 millisecond', $6)
ON CONFLICT (provider, country_code) DO NOTHING
RETURNING provider";

pub(crate) const TAKE_PROBES: &str = "
UPDATE circuit SET prober = $1, probing_until = now() + $2::bigint * interval '1 millisecond'
WHERE provider = ANY($3) AND probe_at <= now() AND (probing_until IS NULL OR probing_until <= now())
RETURNING provider, country_code";

pub(crate) const PROBE_FAILED: &str = "
UPDATE circuit SET failure_code = $4, detail = $6, probes_failed = probes_failed + 1, prober = NULL, probing_until = NULL,
    probe_at = now() + $5::bigint * interval '1 millisecond'
WHERE provider = $1 AND country_code = $2 AND prober = $3
RETURNING provider";

pub(crate) const PROBE_TAKEN: &str = "
UPDATE circuit SET prober = NULL, probing_until = NULL, probe_at = now() + $4::bigint * interval '1 millisecond'
WHERE provider = $1 AND country_code = $2 AND prober = $3
RETURNING provider";

pub(crate) const CLOSE_BY_RECEIPT: &str = "
DELETE FROM circuit
WHERE provider = $1 AND country_code = $2 AND opened_by = 'receipt' AND opened_at <= $3
RETURNING provider";

pub(crate) const CLOSE: &str =
    "DELETE FROM circuit WHERE provider = $1 AND country_code = $2 RETURNING provider";

pub(crate) const PROBE_NOW: &str =
    "UPDATE circuit SET probe_at = least(probe_at, now()) WHERE provider = $1 RETURNING provider";

impl OpenCircuit {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            name: GatewayScope::read(row)?,
            code: columns.code("failure_code")?,
            detail: columns.get("detail")?,
            opened_by: columns.word("opened_by")?,
            opened_at: columns.time("opened_at")?,
            probe_at: columns.time("probe_at")?,
            probe_in_ms: columns.millis("probe_in_ms")?,
            probes_failed: columns.count("probes_failed")?,
            prober: columns.get("prober")?,
        })
    }
}
