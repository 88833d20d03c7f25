//! What the CRM's webhook answers to an outcome means: taken, again later, or a person must look.
//!
//! An outcome is never given up because the endpoint is away: only one that the endpoint refuses while it takes others is
//! set aside, so that neither a wrong secret nor an outage turns a backlog into letters.

use crate::patience::PatienceRules;

/// An outcome that the endpoint calls wrong while it takes others is sent so often, because a deployment of the receiver
/// may be under way.
const REFUSALS_MAX: u32 = 3;
/// So many jobs that fail in a row, with none taken in between, are no matter of single outcomes any more.
pub const FAILING_IN_A_ROW: usize = 3;
const PAUSE_MS_MIN: u64 = 1_000;
/// The longest pause between two tries of one outcome, and so the longest time that a receiver which is mended waits.
const OUTCOME_PAUSE_MS_MAX: u64 = 300_000;
/// The longest pause between two tries of an endpoint that is away.
const ENDPOINT_PAUSE_MS_MAX: u64 = 60_000;
/// An endpoint that asks for a longer pause than this is asked sooner.
const ASKED_PAUSE_MS_MAX: u64 = 600_000;

/// What a try says about the endpoint and about the outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No outcome would be taken now: nobody is there, or whoever is there does not know us.
    Endpoint,
    /// It failed this time, and may take the same outcome later.
    Moment,
    /// The endpoint calls this outcome wrong, and will call it so again.
    Outcome,
}

/// What an answer's status means; nothing where the outcome was taken.
pub fn fault(status: u16) -> Option<Fault> {
    match status {
        200..=299 => None,
        // A redirect is not followed: the signed outcome would go to somebody whom nobody has configured.
        300..=399 => Some(Fault::Endpoint),
        // Signature, path, method and media type are the same for every outcome; 410 says of the endpoint that it is
        // gone for good, which is for a person to settle at the endpoint and not at each outcome.
        401 | 403 | 404 | 405 | 407 | 410 | 415 | 421 | 429 => Some(Fault::Endpoint),
        408 | 409 | 425 => Some(Fault::Moment),
        400..=499 => Some(Fault::Outcome),
        _ => Some(Fault::Moment),
    }
}

/// What it means that there is no answer.
pub fn fault_of_silence(was_sent: bool) -> Fault {
    if was_sent { Fault::Moment } else { Fault::Endpoint }
}

/// How long an outcome has failed alone, while the endpoint took others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alone {
    /// How often it was tried meanwhile.
    pub tries: u32,
    /// For how long, in milliseconds.
    pub for_ms: u64,
}

/// What becomes of an outcome that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is tried again after so many milliseconds, and the later ones of its job wait for it.
    Again {
        /// How long it waits.
        after_ms: u64,
    },
    /// It goes to the dead-letter desk.
    Aside,
}

/// What becomes of an outcome after `tries` tries; the endpoint may have asked for a pause.
pub fn next(
    rules: &PatienceRules,
    fault: Fault,
    tries: u32,
    alone: Option<Alone>,
    asked_ms: Option<u64>,
) -> Next {
    let is_over = |alone: Alone| {
        alone.for_ms >= rules.alone_max_ms || (fault == Fault::Outcome && alone.tries >= REFUSALS_MAX)
    };
    if alone.is_some_and(is_over) {
        Next::Aside
    } else {
        Next::Again { after_ms: pause_ms(tries, asked_ms, OUTCOME_PAUSE_MS_MAX) }
    }
}

/// How long an endpoint is left alone that was tried in vain so often in a row, and may have asked for a pause.
pub fn endpoint_pause_ms(tries: u32, asked_ms: Option<u64>) -> u64 {
    pause_ms(tries, asked_ms, ENDPOINT_PAUSE_MS_MAX)
}

/// Twice as long after each try, and never shorter than the endpoint asks for within reason.
fn pause_ms(tries: u32, asked_ms: Option<u64>, max_ms: u64) -> u64 {
    let doubled = PAUSE_MS_MIN.saturating_mul(1_u64.checked_shl(tries.saturating_sub(1)).unwrap_or(u64::MAX));
    doubled.min(max_ms).max(asked_ms.unwrap_or_default().min(ASKED_PAUSE_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: PatienceRules =
        PatienceRules { alarm_ms: 10, alone_max_ms: 60_000, everyone_max_ms: 1_000_000 };

    #[test]
    fn each_status_is_the_endpoints_the_moments_or_the_outcomes_fault() {
        for (status, expected) in [
            (200, None),
            (204, None),
            (301, Some(Fault::Endpoint)),
            (400, Some(Fault::Outcome)),
            (401, Some(Fault::Endpoint)),
            (404, Some(Fault::Endpoint)),
            (408, Some(Fault::Moment)),
            (409, Some(Fault::Moment)),
            (410, Some(Fault::Endpoint)),
            (413, Some(Fault::Outcome)),
            (422, Some(Fault::Outcome)),
            (425, Some(Fault::Moment)),
            (429, Some(Fault::Endpoint)),
            (500, Some(Fault::Moment)),
            (503, Some(Fault::Moment)),
            (100, Some(Fault::Moment)),
        ] {
            assert_eq!(fault(status), expected, "{status}");
        }
    }

    #[test]
    fn an_outcome_is_set_aside_only_while_others_are_taken_and_never_in_an_outage() {
        let after = |fault, alone| next(&RULES, fault, 9, alone, None);
        let alone = |tries, for_ms| Some(Alone { tries, for_ms });
        let again = Next::Again { after_ms: 256_000 };
        for fault in [Fault::Endpoint, Fault::Moment, Fault::Outcome] {
            assert_eq!(after(fault, None), again, "{fault:?}");
            assert_eq!(after(fault, alone(1, 60_000)), Next::Aside, "{fault:?}");
        }
        assert_eq!(after(Fault::Outcome, alone(2, 59_999)), again);
        assert_eq!(after(Fault::Outcome, alone(3, 0)), Next::Aside);
        assert_eq!(after(Fault::Moment, alone(u32::MAX, 59_999)), again);
    }

    #[test]
    fn pauses_double_up_to_their_limit_and_are_as_long_as_the_endpoint_asks_within_reason() {
        let pauses: Vec<u64> = (0..9).map(|tries| endpoint_pause_ms(tries, None)).collect();
        assert_eq!(pauses, [1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        assert_eq!(endpoint_pause_ms(1, Some(90_000)), 90_000);
        assert_eq!(endpoint_pause_ms(7, Some(5)), 60_000);
        assert_eq!(endpoint_pause_ms(1, Some(u64::MAX)), 600_000);
    }
}
