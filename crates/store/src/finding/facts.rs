//! What a job is found by, as the columns of a delivery and a letter.

use closure_contract::{JobId, facts::jobs::JobFacts};
use sha2::{Digest, Sha256};

use super::keys::{HashKeys, KeyedHash};
use crate::{
    database::{batch::column, text},
    dead_letters::job_letter::job_key,
    error::StoreError,
    store::Store,
};

/// The columns, each as it is written.
#[derive(Clone, Default)]
pub(crate) struct FactColumns {
    hashed: Option<KeyedHash>,
    tail: Option<String>,
    country_code: Option<i32>,
    agent_id: Option<String>,
    template: Option<String>,
}

impl FactColumns {
    /// The recipient is hashed here, and goes no further.
    pub(crate) fn of(facts: &JobFacts, keys: &HashKeys) -> Self {
        let reference = |text: &Option<String>| text.as_deref().map(text::reference);
        Self {
            hashed: facts.recipient.as_ref().and_then(|recipient| keys.newest(recipient)),
            tail: reference(&facts.tail),
            country_code: facts.country_code.map(i32::from),
            agent_id: reference(&facts.agent_id),
            template: reference(&facts.template),
        }
    }

    pub(crate) fn hash(&self) -> Option<&[u8]> {
        self.hashed.as_ref().map(|hashed| &hashed.hash[..])
    }

    pub(crate) fn hash_key(&self) -> Option<i16> {
        self.hashed.as_ref().map(|hashed| hashed.key.0)
    }

    pub(crate) fn tail(&self) -> Option<&str> {
        self.tail.as_deref()
    }

    pub(crate) fn country_code(&self) -> Option<i32> {
        self.country_code
    }

    pub(crate) fn agent_id(&self) -> Option<&str> {
        self.agent_id.as_deref()
    }

    pub(crate) fn template(&self) -> Option<&str> {
        self.template.as_deref()
    }
}

/// The same of many rows, one vector a column.
pub(crate) struct FactArrays<'a> {
    pub(crate) hashes: Vec<Option<&'a [u8]>>,
    pub(crate) hash_keys: Vec<Option<i16>>,
    pub(crate) tails: Vec<Option<&'a str>>,
    pub(crate) country_codes: Vec<Option<i32>>,
    pub(crate) agent_ids: Vec<Option<&'a str>>,
    pub(crate) templates: Vec<Option<&'a str>>,
}

impl<'a> FactArrays<'a> {
    pub(crate) fn of<I>(items: &[&'a I], facts: impl Fn(&'a I) -> &'a FactColumns) -> Self {
        Self {
            hashes: column(items, |item| facts(item).hash()),
            hash_keys: column(items, |item| facts(item).hash_key()),
            tails: column(items, |item| facts(item).tail()),
            country_codes: column(items, |item| facts(item).country_code()),
            agent_ids: column(items, |item| facts(item).agent_id()),
            templates: column(items, |item| facts(item).template()),
        }
    }
}

impl Store {
    /// Writes what a delivery is found by after a person brought it another content, and its letter with it.
    ///
    /// It is written of that content alone: whatever came in between knows better.
    pub async fn note_facts(
        &self,
        job_id: JobId,
        body: &[u8],
        found_by: &JobFacts,
    ) -> Result<(), StoreError> {
        let facts = FactColumns::of(found_by, &self.keys);
        let body_hash = Sha256::digest(body).to_vec();
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 8] = [
            &job_id.0,
            &body_hash,
            &facts.hash(),
            &facts.hash_key(),
            &facts.tail(),
            &facts.country_code(),
            &facts.agent_id(),
            &facts.template(),
        ];
        self.database.query(NOTE, &values).await?;
        Ok(())
    }
}

pub(crate) const NOTE: &str = concat!(
    "
WITH noted AS (
    UPDATE delivery SET
        recipient_hash = $3, hash_key = $4, recipient_tail = $5, country_code = $6, agent_id = $7, template = $8
    WHERE job_id = $1 AND body_hash = $2
    RETURNING job_id
)
UPDATE dead_letter SET
    recipient_hash = $3, hash_key = $4, recipient_tail = $5, country_code = $6, agent_id = $7, template = $8,
    search = NULL
WHERE key = ",
    job_key!("$1::uuid"),
    " AND EXISTS (SELECT FROM noted)"
);
