//! When to try again.

use closure_contract::{AttemptNumber, Channel, FailureCode, Provider, topology::DelayStep};

use crate::failure::{Class, class, fault};

/// A provider's wish to be left alone is obeyed up to this long, in milliseconds.
pub const RETRY_AFTER_MS_MAX: u64 = 3_600_000;
/// After so long a job comes back that another provider is ready for.
const AT_ONCE: DelayStep = DelayStep::Seconds1;

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

    /// The delay after the first try.
    pub fn first(&self) -> DelayStep {
        self.steps.first().copied().unwrap_or(DelayStep::Hours1)
    }

    /// The delay after this try, or the last one where the ladder is climbed.
    pub fn rung_or_last(&self, attempt: AttemptNumber) -> DelayStep {
        self.rung(attempt).or(self.steps.last().copied()).unwrap_or(DelayStep::Hours1)
    }

    /// The delay after this try; nothing where the ladder is climbed.
    fn rung(&self, attempt: AttemptNumber) -> Option<DelayStep> {
        let index = usize::try_from(attempt.0.saturating_sub(1)).unwrap_or(usize::MAX);
        self.steps.get(index).copied()
    }

    fn longest(&self) -> DelayStep {
        self.steps.iter().copied().max().unwrap_or(DelayStep::Hours1)
    }
}

/// What is known of a failed try beside its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// What carries the job.
    pub channel: Channel,
    /// Whether a request before this one may have reached the customer.
    pub earlier: EarlierRequest,
    /// How the provider stands with all jobs.
    pub circuit: Circuit,
    /// For how long the provider asks to be left alone, in milliseconds.
    pub retry_after_ms: Option<u64>,
}

/// Whether a request before this one may have reached the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlierRequest {
    /// There is none, or its end is known.
    None,
    /// Its provider may have it.
    InDoubt,
}

/// How a provider stands that failed a job as it would fail every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Circuit {
    /// Jobs go to it, as far as is known.
    Closed,
    /// It is left alone for this long.
    Open(DelayStep),
    /// Another provider stands in for it.
    Bypassed(Provider),
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
    /// The same, and it is known already that others fail alike: the circuit stands for all of them.
    Reroute {
        /// How long to wait for another provider, or until its own may be asked.
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
pub fn next(code: FailureCode, attempt: AttemptNumber, ladder: &Ladder, situation: Situation) -> Next {
    let at_least = |step| lengthened(step, situation.retry_after_ms);
    let circuit = match situation.earlier {
        EarlierRequest::None => situation.circuit,
        // What is in doubt stays with the provider that may have it.
        EarlierRequest::InDoubt => Circuit::Closed,
    };
    match (class(code), fault(code).hits_everyone()) {
        (Class::Permanent, _) => Next::GiveUp,
        (Class::InDoubt, _) => Next::Reconcile { step: at_least(ladder.rung_or_last(attempt)) },
        // No click stays fresh until an outage has passed.
        (Class::Transient, true) if situation.channel != Channel::Dial => match circuit {
            Circuit::Open(step) => Next::Reroute { step },
            Circuit::Bypassed(_) => Next::Reroute { step: AT_ONCE },
            Circuit::Closed => Next::Postpone { step: at_least(ladder.first()) },
        },
        (Class::Transient, _) => match ladder.rung(attempt) {
            Some(step) => Next::Retry { step: at_least(patient(code, step, ladder)) },
            None => Next::GiveUp,
        },
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

    /// A text message whose gateway is not known to fail others.
    const TEXT: Situation = Situation {
        channel: Channel::Sms,
        earlier: EarlierRequest::None,
        circuit: Circuit::Closed,
        retry_after_ms: None,
    };

    fn after(code: FailureCode, attempt: u32) -> Next {
        next(code, AttemptNumber(attempt), &Ladder::sms(), TEXT)
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
        let deferred = |attempt| next(FailureCode::MailDeferred, AttemptNumber(attempt), &ladder, TEXT);
        assert_eq!(deferred(1), Next::Retry { step: DelayStep::Minutes10 });
        assert_eq!(deferred(2), Next::Retry { step: DelayStep::Hours1 });
        assert_eq!(deferred(3), Next::GiveUp);
        assert_eq!(deferred(u32::MAX), Next::GiveUp);
    }

    #[test]
    fn a_greylisted_mail_waits_at_least_ten_minutes_unless_the_ladder_is_shorter() {
        let deferred = |ladder: &Ladder| next(FailureCode::MailDeferred, AttemptNumber::FIRST, ladder, TEXT);
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
                let step = DelayStep::Seconds5;
                assert_eq!(after(code, attempt), Next::Postpone { step }, "{code} after {attempt}");
            }
        }
    }

    #[test]
    fn behind_a_circuit_what_hits_every_job_comes_back_after_the_first_step() {
        let after = |code, retry_after_ms| {
            next(code, AttemptNumber(4), &Ladder::sms(), Situation { retry_after_ms, ..TEXT })
        };
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
    fn a_job_waits_for_its_providers_circuit_or_goes_to_the_one_that_stands_in_unless_it_is_in_doubt() {
        let (open, bypassed) = (Circuit::Open(DelayStep::Minutes2), Circuit::Bypassed(Provider::Infobip));
        let postponed = Next::Postpone { step: DelayStep::Minutes10 };
        let own_step = Next::Retry { step: DelayStep::Minutes10 };
        for (code, earlier, circuit, expected) in [
            (
                FailureCode::ProviderFault,
                EarlierRequest::None,
                open,
                Next::Reroute { step: DelayStep::Minutes2 },
            ),
            (
                FailureCode::ProviderFault,
                EarlierRequest::None,
                bypassed,
                Next::Reroute { step: DelayStep::Seconds1 },
            ),
            (FailureCode::ProviderFault, EarlierRequest::None, Circuit::Closed, postponed),
            (FailureCode::ProviderFault, EarlierRequest::InDoubt, open, postponed),
            (FailureCode::ProviderFault, EarlierRequest::InDoubt, bypassed, postponed),
            (FailureCode::MailDeferred, EarlierRequest::None, open, own_step),
            (FailureCode::RecipientRejected, EarlierRequest::None, bypassed, Next::GiveUp),
        ] {
            let asked = Situation { earlier, circuit, retry_after_ms: Some(300_000), ..TEXT };
            let next = next(code, AttemptNumber::FIRST, &Ladder::sms(), asked);
            assert_eq!(next, expected, "{code} {asked:?}");
        }
    }

    #[test]
    fn a_call_that_rang_nobody_is_tried_while_its_click_is_fresh_and_one_in_doubt_never() {
        let after = |code, attempt| {
            let call = Situation { channel: Channel::Dial, ..TEXT };
            next(code, AttemptNumber(attempt), &Ladder::dial(), call)
        };
        for code in [FailureCode::PbxUnavailable, FailureCode::PbxTakesNoCalls, FailureCode::PbxWithoutAri] {
            assert_eq!(after(code, 1), Next::Retry { step: DelayStep::Seconds1 }, "{code}");
            assert_eq!(after(code, 4), Next::Retry { step: DelayStep::Seconds5 }, "{code}");
            assert_eq!(after(code, 5), Next::GiveUp, "{code}");
        }
        assert_eq!(after(FailureCode::AgentBusy, 1), Next::GiveUp);
        assert_eq!(after(FailureCode::PbxAuth, 1), Next::GiveUp);
        assert_eq!(after(FailureCode::CallInDoubt, 1), Next::Reconcile { step: DelayStep::Seconds1 });
        assert_eq!(after(FailureCode::CallInDoubt, 9), Next::Reconcile { step: DelayStep::Seconds5 });
    }

    #[test]
    fn what_is_in_doubt_is_reconciled_and_never_tried_blindly() {
        assert_eq!(after(FailureCode::AnswerLost, 1), Next::Reconcile { step: DelayStep::Seconds5 });
        assert_eq!(after(FailureCode::CallInDoubt, 9), Next::Reconcile { step: DelayStep::Hours1 });
    }

    #[test]
    fn retry_after_lengthens_a_wait_and_never_shortens_it() {
        let throttled = |wait| {
            let asked = Situation { retry_after_ms: Some(wait), ..TEXT };
            next(FailureCode::ProviderThrottled, AttemptNumber(2), &Ladder::sms(), asked)
        };
        assert_eq!(throttled(1), Next::Postpone { step: DelayStep::Seconds5 });
        assert_eq!(throttled(5_001), Next::Postpone { step: DelayStep::Seconds30 });
        assert_eq!(throttled(30_001), Next::Postpone { step: DelayStep::Minutes2 });
        assert_eq!(throttled(u64::MAX), Next::Postpone { step: DelayStep::Hours1 });
    }
}
