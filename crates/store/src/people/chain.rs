//! Whether the record is the one that was written: each row is hashed with the one before.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::audit::{AuditRow, audit_columns, hex};
use crate::{error::StoreError, store::Store};

/// So many rows are read at once.
const ROWS_MAX: i64 = 1_000;
/// How rows are hashed by this release.
const FORM: i16 = 1;

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainBreak {
    /// A row before it is gone.
    RowsMissing,
    /// It does not follow the row before it as that one is now.
    DoesNotFollow,
    /// It is not as it was written.
    Changed,
    /// It was hashed in a way that this release does not know.
    UnknownForm,
    /// The hash that was kept elsewhere stands at no row any more: the end of the chain was taken away or written anew.
    WitnessMissing,
}

impl fmt::Display for ChainBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RowsMissing => "the row before it is gone",
            Self::DoesNotFollow => "it does not follow the row before it as that one stands now",
            Self::Changed => "it is not as it was written",
            Self::UnknownForm => "it was hashed in a way that this release does not know; verify by a newer one",
            Self::WitnessMissing => {
                "no row has the hash that was kept elsewhere; the end of the chain was taken away or written anew"
            }
        })
    }
}

/// What a walk along the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainCheck {
    /// How many rows fit, from the first on.
    pub rows: i64,
    /// The first row that is kept; a later one than 1 where old ones were removed by their age.
    pub first_id: Option<i64>,
    /// The last row that fits.
    pub last_id: Option<i64>,
    /// The hash of that row, to be kept elsewhere.
    pub head: Option<String>,
    /// The first row that does not fit, and why.
    pub broken: Option<(i64, ChainBreak)>,
}

impl Store {
    /// Walks along the whole chain, and stops at the first row that does not fit.
    ///
    /// Whoever owns the database can write a whole chain anew; that only a hash shows which was kept elsewhere.
    pub async fn verify_audit(&self, witness: Option<&str>) -> Result<ChainCheck, StoreError> {
        let mut walk = Walk {
            found: ChainCheck { rows: 0, first_id: None, last_id: None, head: None, broken: None },
            hash: vec![0; 32],
            witness_is_met: witness.is_none(),
        };
        loop {
            let rows = self.database.query(WALK, &[&walk.found.last_id.unwrap_or(0), &ROWS_MAX]).await?;
            for row in &rows {
                let row = AuditRow::read(row)?;
                if let Err(why) = walk.step(&row, witness) {
                    walk.found.broken = Some((row.id, why));
                    return Ok(walk.found);
                }
            }
            if rows.is_empty() {
                break;
            }
        }
        if !walk.witness_is_met {
            walk.found.broken = Some((walk.found.last_id.unwrap_or(0), ChainBreak::WitnessMissing));
        }
        Ok(walk.found)
    }
}

struct Walk {
    found: ChainCheck,
    hash: Vec<u8>,
    witness_is_met: bool,
}

impl Walk {
    fn step(&mut self, row: &AuditRow, witness: Option<&str>) -> Result<(), ChainBreak> {
        match self.found.last_id {
            Some(last) if row.id != last + 1 => return Err(ChainBreak::RowsMissing),
            // The first row that is kept may have had others before it, which have their time to be forgotten.
            None if row.id > 1 => {}
            Some(_) | None if row.prev_hash != self.hash => return Err(ChainBreak::DoesNotFollow),
            Some(_) | None => {}
        }
        if row.form != FORM {
            return Err(ChainBreak::UnknownForm);
        }
        if hash_of(row) != row.hash {
            return Err(ChainBreak::Changed);
        }
        let head = hex(&row.hash);
        self.witness_is_met |= witness == Some(head.as_str());
        self.hash.clone_from(&row.hash);
        self.found.rows += 1;
        self.found.first_id = self.found.first_id.or(Some(row.id));
        self.found.last_id = Some(row.id);
        self.found.head = Some(head);
        Ok(())
    }
}

/// The hash of a row as it stands, by the rule of `put_on_record()`.
fn hash_of(row: &AuditRow) -> Vec<u8> {
    let at_us = row.at.0.unix_timestamp_nanos().div_euclid(1_000);
    let (form, id, at) = (row.form.to_string(), row.id.to_string(), at_us.to_string());
    let user_id = row.user_id.map(|id| id.to_string());
    let fields: [Option<&str>; 18] = [
        Some(&form),
        Some(&id),
        Some(&at),
        user_id.as_deref(),
        Some(&row.account),
        Some(&row.proof),
        Some(&row.place),
        Some(&row.database_user),
        row.database_address.as_deref(),
        Some(&row.needs),
        Some(&row.act),
        Some(&row.verdict),
        Some(&row.subject_kind),
        Some(&row.subject_id),
        row.subject_hash.as_deref(),
        row.purpose.as_deref(),
        row.before_hash.as_deref(),
        row.after_hash.as_deref(),
    ];
    let mut hasher = Sha256::new();
    hasher.update(&row.prev_hash);
    for field in fields {
        match field {
            Some(value) => hasher.update(format!("{}:{value},", value.len())),
            None => hasher.update("-,"),
        }
    }
    hasher.finalize().to_vec()
}

pub(crate) const WALK: &str =
    concat!("SELECT ", audit_columns!(), " FROM audit WHERE id > $1 ORDER BY id LIMIT $2");
