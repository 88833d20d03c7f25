//! The limits of single fields that the JSON Schemas state: the decoder keeps them.

use serde::{Deserialize, Deserializer, de::Error};

/// No consultation is answered this often. A newer revision and a cancellation end everything below them, so that one
/// mistyped number must not end whatever may ever come.
pub(super) const REVISION_MAX: u32 = 1_000_000;

/// A revision: a number from 1 to [`REVISION_MAX`].
pub(super) fn revision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let number = u32::deserialize(deserializer)?;
    if (1..=REVISION_MAX).contains(&number) {
        return Ok(number);
    }
    Err(D::Error::custom(format!("a revision counts from 1 and is at most {REVISION_MAX}")))
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
