//! The limits of single fields that the JSON Schemas state: the decoder keeps them.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};
use uuid::Uuid;

use crate::ids::JobId;

/// No consultation is answered this often. A newer revision and a cancellation end everything below them, so that one
/// mistyped number must not end whatever may ever come.
pub(super) const REVISION_MAX: u32 = 1_000_000;

/// What a revision is that nobody names.
pub(super) fn first_revision() -> u32 {
    1
}

/// A revision: a number from 1 to [`REVISION_MAX`].
pub(super) fn revision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Revision::deserialize(deserializer).map(|revision| revision.0)
}

/// The same, and the first one for null.
pub(super) fn revision_or_first<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(Option::<Revision>::deserialize(deserializer)?.map_or(first_revision(), |revision| revision.0))
}

struct Revision(u32);

impl<'de> Deserialize<'de> for Revision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_u64(RevisionVisitor)
    }
}

/// Takes whole numbers of any size and sign, so that each one that is none is told the same bounds.
struct RevisionVisitor;

impl Visitor<'_> for RevisionVisitor {
    type Value = Revision;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number from 1 on")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Revision, E> {
        let number = u32::try_from(number).ok().filter(|number| (1..=REVISION_MAX).contains(number));
        number.map(Revision).ok_or_else(beyond)
    }

    fn visit_i64<E: Error>(self, _negative: i64) -> Result<Revision, E> {
        Err(beyond())
    }
}

fn beyond<E: Error>() -> E {
    E::custom(format!("a revision counts from 1 and is at most {REVISION_MAX}"))
}

/// A UUID in any form that is read.
pub(super) fn uuid<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Uuid, D::Error> {
    JobId::deserialize(deserializer).map(|id| id.0)
}

/// The CRM's name for an agent: 1 to 128 characters.
pub(super) fn agent_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    if (1..=128).contains(&id.chars().count()) {
        return Ok(id);
    }
    Err(D::Error::custom("an agent's id has 1 to 128 characters"))
}

/// A language tag of 2 to 35 characters, if there is one.
pub(super) fn language<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let tag = Option::<String>::deserialize(deserializer)?;
    if tag.as_ref().is_none_or(|tag| (2..=35).contains(&tag.chars().count())) {
        return Ok(tag);
    }
    Err(D::Error::custom("a language tag has 2 to 35 characters"))
}
