//! What every outcome says of itself, whatever its kind and whatever release wrote it.

use serde::Deserialize;
use uuid::Uuid;

/// The ids of an outcome or of an answer to a cancellation, which is all that whoever carries it needs to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeIds {
    /// The same for every repeat of this outcome, and no other outcome's.
    pub outcome_id: Uuid,
    /// What it speaks of: a job, or a cancellation.
    pub subject: Uuid,
}

#[derive(Deserialize)]
struct Written {
    outcome_id: Uuid,
    job_id: Option<Uuid>,
    cancel_id: Option<Uuid>,
}

impl OutcomeIds {
    /// Reads the ids from the body of a message; nothing where it names none.
    pub fn decode(body: &[u8]) -> Option<Self> {
        let Written { outcome_id, job_id, cancel_id } = serde_json::from_slice(body).ok()?;
        Some(Self { outcome_id, subject: job_id.or(cancel_id)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ids_of_both_kinds_are_read_and_of_one_that_this_release_does_not_know() {
        let outcome =
            OutcomeIds::decode(include_bytes!("../fixtures/closure.outcome.1.json")).expect("it has ids");
        assert_ne!(outcome.outcome_id, outcome.subject);
        let answer = include_bytes!("../fixtures/closure.cancel-outcome.1.json");
        assert!(OutcomeIds::decode(answer).is_some());
        let (id, job) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let newer = format!(r#"{{"kind":"closure.outcome/2","outcome_id":"{id}","job_id":"{job}","a":[]}}"#);
        assert_eq!(OutcomeIds::decode(newer.as_bytes()), Some(OutcomeIds { outcome_id: id, subject: job }));
    }

    #[test]
    fn what_names_no_id_is_none() {
        for body in [&b""[..], b"{}", b"[]", br#"{"outcome_id":"6a1c"}"#] {
            assert_eq!(OutcomeIds::decode(body), None);
        }
    }
}
