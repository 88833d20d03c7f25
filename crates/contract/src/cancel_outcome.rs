//! What the CRM is told of a cancellation itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    ids::{JobId, Timestamp},
    job::{Cancel, CancelledConsultation, Channel, DecodeError, Document},
};

/// The answer to a cancellation (`closure.cancel-outcome/1`): whether it came in time.
///
/// It says what was known right after the cancellation was written down; whatever it leaves open is told by each job's
/// own outcome. Every cancellation that is read is answered, a repeated one again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelOutcome {
    /// Always `closure.cancel-outcome/1`.
    pub kind: CancelOutcomeKind,
    /// The same for every answer to this cancellation that says the same, and no other message's.
    pub outcome_id: Uuid,
    /// The cancellation that is answered.
    pub cancel_id: Uuid,
    /// What was taken back.
    pub consultation: CancelledConsultation,
    /// Whether it came in time; over the jobs that are listed.
    pub outcome: CancelOutcomeName,
    /// The jobs of the consultation with that revision or an older one that were known, newest revision first.
    pub jobs: Vec<CancelledJob>,
    /// Whether these are all of them; false where there are more than 100.
    pub complete: bool,
    /// When that was so; of several answers to a cancellation the latest holds.
    pub at: Timestamp,
}

/// The kind of an answer to a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum CancelOutcomeKind {
    /// Version 1.
    #[serde(rename = "closure.cancel-outcome/1")]
    V1,
}

/// Whether a cancellation came in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelOutcomeName {
    /// Nothing of it will be sent any more, and no provider is known to have any of it.
    Cancelled,
    /// A provider has what was to be sent.
    TooLate,
    /// A provider has some of it, and the rest will not be sent.
    Partly,
    /// A try is under way or in doubt, and that job's own outcome tells what became of it.
    UnderWay,
    /// No job of it is known yet; those that come later will not be sent.
    NothingYet,
}

/// A job of the consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancelledJob {
    /// The job; an email that answers in place of a text message is one too.
    pub job_id: JobId,
    /// Its channel.
    pub channel: Channel,
    /// Its revision of the answer.
    pub revision: u32,
    /// What the cancellation means for it.
    pub state: CancelledJobState,
}

/// What a cancellation means for one job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CancelledJobState {
    /// It will not be sent, and its own outcome says `cancelled`.
    Cancelled,
    /// A provider has it or had it; its own outcome says what became of it.
    TooLate,
    /// A try is under way or in doubt; it may still be stopped, and its own outcome says what became of it.
    UnderWay,
    /// It had ended otherwise before; a letter in the desk that is replayed ends as `cancelled`.
    Ended,
}

impl CancelOutcome {
    /// The kind and major version, which is also the message's `type`.
    pub const KIND: &'static str = "closure.cancel-outcome/1";

    /// The answer to a cancellation, from the jobs that were known at a time.
    pub fn new(cancel: &Cancel, jobs: Vec<CancelledJob>, complete: bool, at: Timestamp) -> Self {
        Self {
            kind: CancelOutcomeKind::V1,
            outcome_id: id_of(cancel, &jobs, complete),
            cancel_id: cancel.cancel_id,
            consultation: cancel.consultation.clone(),
            outcome: CancelOutcomeName::of(&jobs),
            jobs,
            complete,
            at,
        }
    }

    /// The routing key on `closure.outcomes`: `cancel.<outcome>`, where a job's outcome has its channel in front.
    pub fn routing_key(&self) -> String {
        format!("cancel.{}", self.outcome.as_str())
    }

    /// Reads an answer from the body of a message.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        Document::parse(body, usize::MAX)?.read().map(|(outcome, _)| outcome)
    }

    /// The answer as the body of a message.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an answer holds only strings, numbers and truth values")
    }
}

/// A UUID v5 of the cancellation's id and of everything that is said but the time.
fn id_of(cancel: &Cancel, jobs: &[CancelledJob], complete: bool) -> Uuid {
    let consultation = &cancel.consultation;
    // The consultation's name may hold any sign, so that it stands last.
    let mut said = format!("cancel-outcome:{complete}:");
    for job in jobs {
        said.push_str(&format!("{}={};", job.job_id, job.state.as_str()));
    }
    said.push_str(&format!(":{}:{}", consultation.revision, consultation.id));
    Uuid::new_v5(&cancel.cancel_id, said.as_bytes())
}

impl CancelOutcomeName {
    /// What the states of the jobs come to.
    fn of(jobs: &[CancelledJob]) -> Self {
        let any = |state| jobs.iter().any(|job| job.state == state);
        if jobs.is_empty() {
            Self::NothingYet
        } else if any(CancelledJobState::UnderWay) {
            Self::UnderWay
        } else if !any(CancelledJobState::TooLate) {
            Self::Cancelled
        } else if any(CancelledJobState::Cancelled) {
            Self::Partly
        } else {
            Self::TooLate
        }
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::TooLate => "too_late",
            Self::Partly => "partly",
            Self::UnderWay => "under_way",
            Self::NothingYet => "nothing_yet",
        }
    }
}

impl CancelledJobState {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::TooLate => "too_late",
            Self::UnderWay => "under_way",
            Self::Ended => "ended",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cancel() -> Cancel {
        Cancel::decode(include_bytes!("../fixtures/closure.cancel.1.json")).expect("a fixture decodes")
    }

    fn answer(cancel: &Cancel, states: &[CancelledJobState]) -> CancelOutcome {
        let jobs = (0..).zip(states).map(|(number, state)| CancelledJob {
            job_id: JobId(Uuid::from_u128(number)),
            channel: Channel::Sms,
            revision: 1,
            state: *state,
        });
        CancelOutcome::new(cancel, jobs.collect(), true, Timestamp::now())
    }

    #[test]
    fn the_states_of_the_jobs_come_to_one_word() {
        use CancelledJobState as State;
        for (states, word) in [
            (&[][..], "nothing_yet"),
            (&[State::Cancelled], "cancelled"),
            (&[State::Ended], "cancelled"),
            (&[State::Ended, State::Cancelled], "cancelled"),
            (&[State::TooLate], "too_late"),
            (&[State::Ended, State::TooLate], "too_late"),
            (&[State::TooLate, State::Cancelled], "partly"),
            (&[State::TooLate, State::Cancelled, State::UnderWay], "under_way"),
        ] {
            let answer = answer(&cancel(), states);
            assert_eq!(answer.routing_key(), format!("cancel.{word}"), "{states:?}");
        }
    }

    #[test]
    fn the_id_of_an_answer_is_the_same_in_every_release() {
        let fixture = include_bytes!("../fixtures/closure.cancel-outcome.1.json");
        let fixture = CancelOutcome::decode(fixture).expect("a fixture decodes for ever");
        let mut cancel = cancel();
        (cancel.cancel_id, cancel.consultation) = (fixture.cancel_id, fixture.consultation.clone());
        let made = CancelOutcome::new(&cancel, fixture.jobs.clone(), fixture.complete, fixture.at);
        assert_eq!(made, fixture);
    }

    #[test]
    fn an_answer_has_the_same_id_where_it_says_the_same_and_another_where_it_does_not() {
        use CancelledJobState as State;
        let first = answer(&cancel(), &[State::Cancelled]);
        assert_eq!(first.outcome_id, answer(&cancel(), &[State::Cancelled]).outcome_id);
        let mut others = [cancel(), cancel(), cancel()];
        others[0].cancel_id = Uuid::from_u128(7);
        others[1].consultation.revision += 1;
        others[2].consultation.id = String::from("another").try_into().expect("a name");
        let mut ids: Vec<Uuid> =
            others.iter().map(|other| answer(other, &[State::Cancelled]).outcome_id).collect();
        ids.extend([answer(&cancel(), &[]), answer(&cancel(), &[State::TooLate])].map(|one| one.outcome_id));
        ids.push(CancelOutcome::new(&cancel(), first.jobs.clone(), false, first.at).outcome_id);
        ids.push(first.outcome_id);
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
