//! When to try again.

use closure_contract::{AttemptNumber, FailureCode, topology::DelayStep};

use crate::failure::{Class, Fault, class, fault};

/// A provider's wish to be left alone is obeyed up to this long, in milliseconds.
pub const RETRY_AFTER_MS_MAX: u64 = 3_600_000;

/// The ordered delays between tries; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// The delay after the first try, after the second, and so on.
    pub steps: Vec<DelayStep>,
}

impl Ladder {
    /// For text messages: an hour and a quarter in all.
    pub fn sms() -> Self {
        Self {
            steps: vec![
                DelayStep::Seconds5,
                DelayStep::Seconds30,
                DelayStep::Minutes2,
                DelayStep::Minutes10,
                DelayStep::Hours1,
            ],
        }
    }

    /// For email: a day in all, because a deferring mail server may need it, and a later reply is no use.
    pub fn email() -> Self {
        let mut steps =
            vec![DelayStep::Seconds5, DelayStep::Minutes2, DelayStep::Minutes10, DelayStep::Minutes10];
        steps.extend([DelayStep::Hours1; 24]);
        Self { steps }
    }

    /// For calls that rang nobody's phone: as long as a click is fresh.
    pub fn dial() -> Self {
        Self {
            steps: vec![DelayStep::Seconds1, DelayStep::Seconds5, DelayStep::Seconds5, DelayStep::Seconds5],
        }
    }

    fn last(&self) -> DelayStep {
        self.steps.last().copied().unwrap_or(DelayStep::Hours1)
    }

    fn longest(&self) -> DelayStep {
        self.steps.iter().copied().max().unwrap_or(DelayStep::Hours1)
    }
}

/// What to do after a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Wait, then make the next try.
    Retry {
        /// How long to wait.
        step: DelayStep,
    },
    /// Wait, then make the same try: the failure was not the job's, so that it costs no try; `patience` ends it.
    Postpone {
        /// How long to wait.
        step: DelayStep,
    },
    /// Wait, then find out what became of the try; never send blindly.
    Reconcile {
        /// How long to wait.
        step: DelayStep,
    },
    /// No other try.
    GiveUp,
}

/// What to do after try number `attempt` failed with `code`; a `Retry-After` may only lengthen the wait.
pub fn next(code: FailureCode, attempt: AttemptNumber, ladder: &Ladder, retry_after_ms: Option<u64>) -> Next {
    let rung = usize::try_from(attempt.0.saturating_sub(1)).unwrap_or(usize::MAX);
    let rung_or_last = ladder.steps.get(rung).copied().unwrap_or_else(|| ladder.last());
    let at_least = |step| lengthened(step, retry_after_ms);
    match (class(code), fault(code)) {
        (Class::Permanent, _) => Next::GiveUp,
        (Class::InDoubt, _) => Next::Reconcile { step: at_least(rung_or_last) },
        // Only a person can mend these, so that asking often is of no use.
        (Class::Transient, Fault::Account | Fault::Sender) => {
            Next::Postpone { step: at_least(ladder.last()) }
        }
        (Class::Transient, Fault::Provider) => Next::Postpone { step: at_least(rung_or_last) },
        (Class::Transient, Fault::Message | Fault::Recipient | Fault::Content | Fault::Agent) => {
            match ladder.steps.get(rung) {
                Some(step) => Next::Retry { step: at_least(patient(code, *step, ladder)) },
                None => Next::GiveUp,
            }
        }
    }
}

/// The same where a circuit keeps what hits every job alike from being asked often: then a job need not wait long.
pub fn next_behind_a_circuit(
    code: FailureCode,
    attempt: AttemptNumber,
    ladder: &Ladder,
    retry_after_ms: Option<u64>,
) -> Next {
    match (class(code), fault(code).hits_everyone()) {
        (Class::Transient, true) => Next::Postpone {
            step: lengthened(ladder.steps.first().copied().unwrap_or_else(|| ladder.last()), retry_after_ms),
        },
        (Class::Permanent | Class::Transient | Class::InDoubt, _) => {
            next(code, attempt, ladder, retry_after_ms)
        }
    }
}

/// A greylisting server counts a try within five minutes as none, so that short rungs would be spent in vain.
fn patient(code: FailureCode, step: DelayStep, ladder: &Ladder) -> DelayStep {
    if code == FailureCode::MailDeferred {
        step.max(DelayStep::Minutes10.min(ladder.longest()))
    } else {
        step
    }
}

/// The shortest step that waits both for its own time and for as long as the provider asked.
fn lengthened(step: DelayStep, retry_after_ms: Option<u64>) -> DelayStep {
    let wait_ms = retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MS_MAX);
    DelayStep::ALL
        .into_iter()
        .find(|candidate| *candidate >= step && u64::from(candidate.millis()) >= wait_ms)
        .unwrap_or(DelayStep::Hours1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(code: FailureCode, attempt: u32) -> Next {
        next(code, AttemptNumber(attempt), &Ladder::sms(), None)
    }

    #[test]
    fn a_permanent_failure_is_given_up_at_once() {
        for code in FailureCode::ALL.iter().copied().filter(|code| class(*code) == Class::Permanent) {
            assert_eq!(after(code, 1), Next::GiveUp, "{code}");
        }
    }

    #[test]
    fn a_deferred_mail_climbs_the_ladder_and_is_given_up_when_it_is_spent() {
        let ladder = Ladder { steps: vec![DelayStep::Minutes10, DelayStep::Hours1] };
        let deferred = |attempt| next(FailureCode::MailDeferred, AttemptNumber(attempt), &ladder, None);
        assert_eq!(deferred(1), Next::Retry { step: DelayStep::Minutes10 });
        assert_eq!(deferred(2), Next::Retry { step: DelayStep::Hours1 });
        assert_eq!(deferred(3), Next::GiveUp);
        assert_eq!(deferred(u32::MAX), Next::GiveUp);
    }

    #[test]
    fn a_greylisted_mail_waits_at_least_ten_minutes_unless_the_ladder_is_shorter() {
        let deferred = |ladder: &Ladder| next(FailureCode::MailDeferred, AttemptNumber::FIRST, ladder, None);
        assert_eq!(deferred(&Ladder::email()), Next::Retry { step: DelayStep::Minutes10 });
        let short = Ladder { steps: vec![DelayStep::Seconds1; 3] };
        assert_eq!(deferred(&short), Next::Retry { step: DelayStep::Seconds1 });
    }

    #[test]
    fn what_hits_every_job_is_postponed_and_never_given_up() {
        for code in FailureCode::ALL
            .iter()
            .copied()
            .filter(|code| class(*code) == Class::Transient && fault(*code).hits_everyone())
        {
            for attempt in [1, 5, 6, 1_000] {
                assert!(matches!(after(code, attempt), Next::Postpone { .. }), "{code} after {attempt}");
            }
        }
        assert_eq!(after(FailureCode::ProviderQuota, 1), Next::Postpone { step: DelayStep::Hours1 });
        assert_eq!(after(FailureCode::ProviderUnavailable, 1), Next::Postpone { step: DelayStep::Seconds5 });
        assert_eq!(after(FailureCode::ProviderUnavailable, 99), Next::Postpone { step: DelayStep::Hours1 });
    }

    #[test]
    fn behind_a_circuit_what_hits_every_job_comes_back_after_the_first_step() {
        let after = |code, wait| next_behind_a_circuit(code, AttemptNumber(4), &Ladder::sms(), wait);
        assert_eq!(
            after(FailureCode::ProviderQuota, None),
            Next::Postpone { step: DelayStep::Seconds5 },
            "the circuit keeps the gateway from being asked, and the job need not wait an hour for its top-up"
        );
        assert_eq!(
            after(FailureCode::ProviderThrottled, Some(60_000)),
            Next::Postpone { step: DelayStep::Minutes2 }
        );
        assert_eq!(after(FailureCode::RecipientRejected, None), Next::GiveUp);
        assert_eq!(after(FailureCode::AnswerLost, None), Next::Reconcile { step: DelayStep::Minutes10 });
    }

    #[test]
    fn what_is_in_doubt_is_reconciled_and_never_tried_blindly() {
        assert_eq!(after(FailureCode::AnswerLost, 1), Next::Reconcile { step: DelayStep::Seconds5 });
        assert_eq!(after(FailureCode::CallInDoubt, 9), Next::Reconcile { step: DelayStep::Hours1 });
    }

    #[test]
    fn retry_after_lengthens_a_wait_and_never_shortens_it() {
        let throttled =
            |wait| next(FailureCode::ProviderThrottled, AttemptNumber(2), &Ladder::sms(), Some(wait));
        assert_eq!(throttled(1), Next::Postpone { step: DelayStep::Seconds30 });
        assert_eq!(throttled(30_001), Next::Postpone { step: DelayStep::Minutes2 });
        assert_eq!(throttled(u64::MAX), Next::Postpone { step: DelayStep::Hours1 });
    }
}
