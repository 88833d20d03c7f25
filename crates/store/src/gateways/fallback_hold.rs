//! How many text messages end and fail, and whether the emails in their place are held back, as every process has to
//! see it (R14e).
//!
//! A counter is a weight that halves with every half-life, written down as it was when it was counted last, so that
//! no history is read and nothing has to be removed.

use closure_contract::{
    Provider, Timestamp,
    facts::share::{FailureShare, HalfLives},
};
use serde::Serialize;
use tokio_postgres::Row;

use super::scope::{GatewayScope, read_known};
use crate::{
    database::{
        row::{Columns, millis},
        text,
    },
    error::StoreError,
    store::Store,
};

/// Emails whose hold is over are looked at after this long: whoever looks must have heard of the release by then, or
/// would hold them for another while.
pub const RELEASE_LOOK_MS: u64 = 3_000;

/// What is known about a gateway, or about its way to a country.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FallbackHoldRow {
    /// Which gateway, or which way of it.
    #[serde(flatten)]
    pub scope: GatewayScope,
    /// What ended of late; while emails are held, what ended since.
    pub recent: FailureShare,
    /// What usually ends.
    pub usual: FailureShare,
    /// Since when emails are held.
    pub held_since: Option<Timestamp>,
    /// Until when a person wants them to flow whatever fails; nothing once that is over.
    pub overruled_until: Option<Timestamp>,
}

/// How many emails are held at a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct EmailsOnHold {
    /// The gateway.
    pub provider: Provider,
    /// How many text messages wait for an email to go in their place.
    pub count: u64,
}

/// Whether a hold was moved by this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    /// It was.
    Now,
    /// It stood so already, or must not be moved.
    Before,
}

impl Store {
    /// Adds what ended.
    ///
    /// Asked again after an answer was lost it counts twice, which moves a share a little and decides nothing alone.
    pub async fn count_endings(
        &self,
        mut endings: Vec<(GatewayScope, FailureShare)>,
        half_lives: HalfLives,
    ) -> Result<(), StoreError> {
        // Always in the same order, so that two processes never wait for each other's rows.
        endings.sort_unstable_by_key(|(scope, _)| (scope.provider.as_str(), scope.country_code));
        let providers: Vec<&str> = endings.iter().map(|(scope, _)| scope.provider.as_str()).collect();
        let countries: Vec<i32> = endings.iter().map(|(scope, _)| scope.country()).collect();
        let ended: Vec<f64> = endings.iter().map(|(_, counts)| counts.ended).collect();
        let failed: Vec<f64> = endings.iter().map(|(_, counts)| counts.failed).collect();
        let (recent, usual) = columns(half_lives);
        self.database.query(COUNT, &[&recent, &usual, &providers, &countries, &ended, &failed]).await?;
        Ok(())
    }

    /// Every gateway, and way to a country, that ever ended a text message, as it stands now; at most one for each
    /// gateway and country.
    pub async fn fallback_holds(&self, half_lives: HalfLives) -> Result<Vec<FallbackHoldRow>, StoreError> {
        let (recent, usual) = columns(half_lives);
        let rows = self.database.query(HOLDS, &[&recent, &usual]).await?;
        read_known(&rows, FallbackHoldRow::read)
    }

    /// Holds emails back from now on, and begins to count anew.
    pub async fn hold_emails(&self, scope: GatewayScope, half_lives: HalfLives) -> Result<Moved, StoreError> {
        let (_, usual) = columns(half_lives);
        let (provider, country) = (scope.provider.as_str(), scope.country());
        let rows = self.database.query(HOLD, &[&usual, &provider, &country]).await?;
        Ok(if rows.is_empty() { Moved::Before } else { Moved::Now })
    }

    /// Lets emails flow again, because the text messages arrive again.
    pub async fn release_emails(&self, scope: GatewayScope) -> Result<Moved, StoreError> {
        let rows = self
            .database
            .query(RELEASE, &[&scope.provider.as_str(), &scope.country(), &millis(RELEASE_LOOK_MS)])
            .await?;
        Ok(if rows.is_empty() { Moved::Before } else { Moved::Now })
    }

    /// Lets the emails of a gateway, or those of its way to one country, flow for `overrule_ms` whatever fails,
    /// because a person says so; gives the scopes at which they were held, and changes nothing where there is none.
    pub async fn overrule_fallback_hold(
        &self,
        scope: GatewayScope,
        overrule_ms: u64,
        actor: &str,
        reason: &str,
    ) -> Result<Vec<GatewayScope>, StoreError> {
        let country = scope.country_code.map(|_| scope.country());
        let rows = self
            .act(
                OVERRULE,
                &[
                    &scope.provider.as_str(),
                    &country,
                    &millis(overrule_ms),
                    &text::detail(actor),
                    &text::detail(reason),
                    &millis(RELEASE_LOOK_MS),
                ],
            )
            .await?;
        rows.iter().map(GatewayScope::read).collect()
    }

    /// How many emails are held at each gateway, for people.
    pub async fn held_emails(&self) -> Result<Vec<EmailsOnHold>, StoreError> {
        read_known(&self.database.query(HELD, &[]).await?, EmailsOnHold::read)
    }
}

/// A column of `brake AS b` as its weight is now.
///
/// PostgreSQL takes a product that is too small to be written for an error, so that what weighs as good as nothing is
/// rounded to nothing.
macro_rules! faded {
    ($column:literal, $half_life:literal) => {
        concat!(
            "round((b.",
            $column,
            " * power(0.5::double precision, least(60, greatest(0, extract(epoch FROM now() - b.counted_at)
                * 1000 / ",
            $half_life,
            "::bigint))::double precision))::numeric, 6)::double precision"
        )
    };
}

pub(crate) const COUNT: &str = concat!(
    "
INSERT INTO brake AS b (provider, country_code, recent_ended, recent_failed, usual_ended, usual_failed)
SELECT provider, country_code, ended, failed, ended, failed
FROM unnest($3::text[], $4::integer[], $5::double precision[], $6::double precision[])
    AS asked (provider, country_code, ended, failed)
ON CONFLICT (provider, country_code) DO UPDATE SET
    recent_ended = ",
    faded!("recent_ended", "$1"),
    " + excluded.recent_ended,
    recent_failed = ",
    faded!("recent_failed", "$1"),
    " + excluded.recent_failed,
    usual_ended = CASE WHEN b.held_since IS NULL THEN ",
    faded!("usual_ended", "$2"),
    " + excluded.usual_ended ELSE b.usual_ended END,
    usual_failed = CASE WHEN b.held_since IS NULL THEN ",
    faded!("usual_failed", "$2"),
    " + excluded.usual_failed ELSE b.usual_failed END,
    counted_at = now()"
);

pub(crate) const HOLDS: &str = concat!(
    "
SELECT provider, country_code, held_since,
    CASE WHEN overruled_until > now() THEN overruled_until END AS overruled_until, ",
    faded!("recent_ended", "$1"),
    " AS recent_ended, ",
    faded!("recent_failed", "$1"),
    " AS recent_failed, ",
    faded!("usual_ended", "$2"),
    " AS usual_ended, ",
    faded!("usual_failed", "$2"),
    " AS usual_failed
FROM brake AS b ORDER BY provider, country_code"
);

pub(crate) const HOLD: &str = concat!(
    "
UPDATE brake AS b SET
    held_since = now(), recent_ended = 0, recent_failed = 0, counted_at = now(),
    usual_ended = ",
    faded!("usual_ended", "$1"),
    ", usual_failed = ",
    faded!("usual_failed", "$1"),
    "
WHERE provider = $2 AND country_code = $3 AND held_since IS NULL
    AND (overruled_until IS NULL OR overruled_until <= now())
RETURNING provider"
);

pub(crate) const RELEASE: &str = "
WITH released AS (
    UPDATE brake SET held_since = NULL
    WHERE provider = $1 AND country_code = $2 AND held_since IS NOT NULL
    RETURNING provider
), woken AS (
    UPDATE delivery AS d SET look_at = now() + $3::bigint * interval '1 millisecond'
    FROM released WHERE d.held_since IS NOT NULL AND d.provider = released.provider
)
SELECT provider FROM released";

pub(crate) const OVERRULE: &str = "
WITH held AS MATERIALIZED (
    SELECT provider, country_code FROM brake
    WHERE provider = $1 AND country_code = coalesce($2, country_code) AND held_since IS NOT NULL
    ORDER BY country_code FOR UPDATE
), overruled AS (
    UPDATE brake AS b SET held_since = NULL, overruled_until = now() + $3::bigint * interval '1 millisecond'
    WHERE b.provider = $1 AND b.country_code = coalesce($2, b.country_code) AND EXISTS (SELECT FROM held)
), recorded AS (
    INSERT INTO brake_action (provider, country_code, action, actor, reason)
    SELECT provider, country_code, 'release', $4, $5 FROM held
), woken AS (
    UPDATE delivery AS d SET look_at = now() + $6::bigint * interval '1 millisecond'
    WHERE d.held_since IS NOT NULL AND d.provider = $1 AND EXISTS (SELECT FROM held)
)
SELECT provider, country_code FROM held";

const HELD: &str = "
SELECT provider, count(*) AS count FROM delivery WHERE held_since IS NOT NULL AND provider IS NOT NULL
GROUP BY provider ORDER BY provider";

fn columns(half_lives: HalfLives) -> (i64, i64) {
    (millis(half_lives.recent_ms.max(1)), millis(half_lives.usual_ms.max(1)))
}

impl FallbackHoldRow {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            scope: GatewayScope::read(row)?,
            recent: FailureShare {
                ended: columns.get("recent_ended")?,
                failed: columns.get("recent_failed")?,
            },
            usual: FailureShare { ended: columns.get("usual_ended")?, failed: columns.get("usual_failed")? },
            held_since: columns.maybe_time("held_since")?,
            overruled_until: columns.maybe_time("overruled_until")?,
        })
    }
}

impl EmailsOnHold {
    fn read(row: &Row) -> Result<Self, StoreError> {
        let columns = Columns(row);
        Ok(Self {
            provider: columns.word("provider")?,
            count: u64::try_from(columns.get::<i64>("count")?).unwrap_or(0),
        })
    }
}
