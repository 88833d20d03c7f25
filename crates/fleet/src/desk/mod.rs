//! The one way by which people act: who it is, whether they may, and that it stands on record.
//!
//! The command line goes through here, and whatever else lets people act is to go the same way, so that a right or a
//! row of the record cannot depend on the door.

mod actor;
pub mod acts;
pub mod masked;
pub mod password;

use closure_store::{AuditVerdict, NewAudit, Right, Store, StoreError, Subject};

pub use self::{
    actor::{Actor, Who},
    acts::Act,
};

/// Why somebody may not do something.
#[derive(Debug, thiserror::Error)]
pub enum Denial {
    /// The right is missing, or nobody knows who it is.
    #[error("{0}; it is on record that this was asked for")]
    Right(String),
    /// The database could not tell.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A store, and the person who works with it.
pub struct Desk {
    store: Store,
    actor: Actor,
}

impl Desk {
    /// Finds out who acts; whether they may is asked with each act.
    pub async fn open(store: Store, who: &Who) -> Result<Self, StoreError> {
        let users = store.users().await?;
        let actor = Actor::find(users, who);
        Ok(Self { store, actor })
    }

    /// The name under which what is done is signed.
    pub fn signature(&self) -> &str {
        &self.actor.signature
    }

    /// The store as it is, for what needs no right.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Whether somebody may read lists and stories; only a refusal is put on record.
    pub async fn look(&self, act: Act, subject: Subject) -> Result<&Store, Denial> {
        self.check(&self.entry(act, subject, None), act).await?;
        Ok(&self.store)
    }

    /// The store as this person acts on it: the next change through it is put on record with its own commit.
    pub async fn begin(&self, act: Act, subject: Subject, reason: Option<&str>) -> Result<Store, Denial> {
        let entry = self.entry(act, subject, reason);
        self.check(&entry, act).await?;
        Ok(self.store.on_record(entry))
    }

    /// Puts on record what changes no table of ours, before it is done: a reveal, an export, a message to the broker.
    pub async fn note(&self, act: Act, subject: Subject, reason: Option<&str>) -> Result<(), Denial> {
        let entry = self.entry(act, subject, reason);
        self.check(&entry, act).await?;
        Ok(self.store.record(&entry, AuditVerdict::Done).await?)
    }

    /// The first user is made while there is nobody to ask; the store looks whether that is so.
    pub fn begin_as_first(&self, act: Act, subject: Subject) -> Store {
        self.store.on_record(self.entry(act, subject, None))
    }

    fn entry(&self, act: Act, subject: Subject, reason: Option<&str>) -> NewAudit {
        NewAudit {
            user: self.actor.user.as_ref().map(|user| user.id),
            account: self.actor.account.clone(),
            proof: self.actor.proof,
            place: self.actor.place.clone(),
            needs: act.needs(),
            act: act.word(),
            subject,
            purpose: reason.map(str::to_owned),
        }
    }

    /// A refusal is on record too.
    async fn check(&self, entry: &NewAudit, act: Act) -> Result<(), Denial> {
        match self.actor.lacks(act) {
            None => Ok(()),
            Some((right, why)) => {
                let purpose = self.actor.refused(entry.purpose.as_deref());
                let refused = NewAudit { needs: right, purpose, ..entry.clone() };
                self.store.record(&refused, AuditVerdict::Denied).await?;
                Err(Denial::Right(why))
            }
        }
    }
}

/// What an act is about, without personal data.
pub fn subject(kind: &'static str, id: impl std::fmt::Display) -> Subject {
    Subject { kind, id: id.to_string(), hash: None }
}

/// Every right in a row, for whoever has to write one.
pub fn right_words() -> String {
    Right::ALL.map(Right::as_str).join(", ")
}
