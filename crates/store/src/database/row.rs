//! Reading columns into the words of the contract.

use std::str::FromStr;

use bytes::Bytes;
use closure_contract::{
    AttemptNumber, ConsultationId, FailureCode, Generation, JobId, Timestamp,
    facts::preconditions::RevocationRecord,
};
use time::OffsetDateTime;
use tokio_postgres::Row;
use uuid::Uuid;

use super::column_word::ColumnWord;
use crate::error::StoreError;

/// A row whose columns are read by name.
///
/// A column that is missing or of another type is an error, never a panic: it means that a migration is missing.
/// A value that makes no sense to this release is an error of its row alone.
pub(crate) struct Columns<'a>(pub(crate) &'a Row);

impl<'a> Columns<'a> {
    pub(crate) fn get<T>(&self, name: &str) -> Result<T, StoreError>
    where
        T: tokio_postgres::types::FromSql<'a>,
    {
        self.0.try_get(name).map_err(|error| StoreError::Schema(format!("column {name}: {error}")))
    }

    pub(crate) fn job(&self, name: &str) -> Result<JobId, StoreError> {
        self.get(name).map(JobId)
    }

    pub(crate) fn maybe_job(&self, name: &str) -> Result<Option<JobId>, StoreError> {
        Ok(self.get::<Option<Uuid>>(name)?.map(JobId))
    }

    pub(crate) fn time(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.get(name).map(Timestamp)
    }

    pub(crate) fn maybe_time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.get::<Option<OffsetDateTime>>(name)?.map(Timestamp))
    }

    pub(crate) fn count(&self, name: &str) -> Result<u32, StoreError> {
        let value: i32 = self.get(name)?;
        u32::try_from(value).map_err(|_| StoreError::NewerRow(format!("column {name}: {value}")))
    }

    pub(crate) fn maybe_count(&self, name: &str) -> Result<Option<u32>, StoreError> {
        Ok(self.get::<Option<i32>>(name)?.and_then(|count| u32::try_from(count).ok()))
    }

    pub(crate) fn generation(&self, name: &str) -> Result<Generation, StoreError> {
        self.count(name).map(Generation)
    }

    pub(crate) fn attempt(&self, name: &str) -> Result<AttemptNumber, StoreError> {
        self.count(name).map(AttemptNumber)
    }

    pub(crate) fn millis(&self, name: &str) -> Result<u64, StoreError> {
        Ok(u64::try_from(self.get::<i64>(name)?).unwrap_or(0))
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<Bytes, StoreError> {
        self.get::<&[u8]>(name).map(Bytes::copy_from_slice)
    }

    pub(crate) fn maybe_bytes(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(self.get::<Option<&[u8]>>(name)?.map(Bytes::copy_from_slice))
    }

    pub(crate) fn code(&self, name: &str) -> Result<FailureCode, StoreError> {
        failure_code(self.get(name)?)
    }

    pub(crate) fn maybe_code(&self, name: &str) -> Result<Option<FailureCode>, StoreError> {
        self.get::<Option<&str>>(name)?.map(failure_code).transpose()
    }

    pub(crate) fn consultation(&self, name: &str) -> Result<ConsultationId, StoreError> {
        ConsultationId::try_from(self.get::<String>(name)?)
            .map_err(|error| StoreError::NewerRow(format!("column {name}: {error}")))
    }

    pub(crate) fn revocation(&self) -> Result<RevocationRecord, StoreError> {
        Ok(RevocationRecord {
            newest_revision: self.maybe_count("newest_revision")?,
            cancelled_through: self.maybe_count("cancelled_through")?,
        })
    }

    pub(crate) fn word<T: ColumnWord>(&self, name: &str) -> Result<T, StoreError> {
        T::read(self.get(name)?)
    }

    pub(crate) fn maybe_word<T: ColumnWord>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.get::<Option<&str>>(name)?.map(T::read).transpose()
    }
}

fn failure_code(text: &str) -> Result<FailureCode, StoreError> {
    FailureCode::from_str(text).map_err(|error| StoreError::NewerRow(error.to_string()))
}

/// A count as the column's type; what does not fit is as good as endless.
pub(crate) fn int(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// A number of milliseconds as the column's type; what does not fit is as good as endless.
///
/// PostgreSQL's own times end in the year 294276, so that the longest wait is a year.
pub(crate) fn millis(wait_ms: u64) -> i64 {
    const WAIT_MS_MAX: i64 = 365 * 24 * 3_600_000;
    i64::try_from(wait_ms).unwrap_or(WAIT_MS_MAX).min(WAIT_MS_MAX)
}
