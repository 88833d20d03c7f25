//! How a delivery ends: one pure table by channel and by what became of the job.

use closure_contract::{Channel, Evidence, FailureCode, topology::WorkQueue};
use closure_policy::explain::{Decision, Verdict};
use closure_providers::Accepted;
use closure_store::{AttemptUse, Ending, FinalState};

use super::email::RESENDS_MAX;
use crate::why::Why;

/// What became of a claimed job.
#[derive(Debug, Clone)]
pub enum AttemptResult {
    /// The provider took it; of a text message silence is an answer after so long.
    Taken { accepted: Accepted, receipt_due_ms: Option<u64> },
    /// The last try failed.
    Failed(Why),
    /// Nobody will ever tell whether the provider took it.
    AnswerLost,
    /// The rules do not let it be sent.
    Rejected(Why),
    /// Nothing was sent, and a person has to say what becomes of it.
    NeedsPerson(Why),
}

/// How a delivery ends.
///
/// | | text message | email | call |
/// | --- | --- | --- | --- |
/// | taken | `accepted`, its receipt is due | `accepted` for good | `accepted`, the PBX's record follows |
/// | failed | `refused` | `dead` | `undelivered`; `refused` where the agent has another call |
/// | answer lost | `unknown` | `dead` | `unknown` |
/// | rejected | by its code | by its code | by its code |
/// | needs a person | `dead` | `dead` | `dead` |
pub fn ending(channel: Channel, result: AttemptResult) -> Ending {
    use AttemptUse::{GivenBack, Spent};
    match (result, channel) {
        (AttemptResult::Taken { accepted, receipt_due_ms }, Channel::Sms) => taken(accepted, receipt_due_ms),
        (AttemptResult::Taken { accepted, .. }, Channel::Dial) => taken(accepted, None),
        (AttemptResult::Taken { accepted, .. }, Channel::Email) => Ending::Final {
            state: FinalState::Accepted,
            code: None,
            detail: None,
            evidence: Evidence::Gateway,
            provider_ref: accepted.provider_ref,
            attempt_use: Spent,
        },
        (AttemptResult::Failed(why), Channel::Sms) => ended(FinalState::Refused, Some(why), Spent),
        (AttemptResult::Failed(why), Channel::Email) => dead(channel, why, Spent),
        (AttemptResult::Failed(why), Channel::Dial) if why.code == FailureCode::AgentCallOpen => {
            ended(FinalState::Refused, Some(why), GivenBack)
        }
        (AttemptResult::Failed(why), Channel::Dial) => ended(FinalState::Undelivered, Some(why), Spent),
        (AttemptResult::AnswerLost, Channel::Sms | Channel::Dial) => {
            ended(FinalState::Unknown, Some(Why::of(doubt_code(channel))), Spent)
        }
        (AttemptResult::AnswerLost, Channel::Email) => {
            let code = doubt_code(channel);
            let detail = format!("{}, {RESENDS_MAX} resends included", code.what());
            dead(channel, Why { code, detail }, Spent)
        }
        (AttemptResult::Rejected(why), _) => ended(rejected_state(why.code), Some(why), GivenBack),
        (AttemptResult::NeedsPerson(why), _) => dead(channel, why, GivenBack),
    }
}

/// How a claimed job stands that the rules do not let pass: at its end, or given back until its time has come.
pub fn not_let_pass(channel: Channel, decision: &Decision) -> Ending {
    if decision.verdict == Verdict::Postpone && decision.postpone_until.is_some() {
        let (code, detail) = (decision.code, decision.detail.clone().unwrap_or_default());
        return Ending::GivenBack { code, detail };
    }
    let code = decision.code.unwrap_or(FailureCode::GivenUp);
    let why = Why { code, detail: decision.detail.clone().unwrap_or_else(|| code.what().to_owned()) };
    let result = match decision.verdict {
        Verdict::Reject => AttemptResult::Rejected(why),
        Verdict::NeedsPerson | Verdict::Send | Verdict::Postpone => AttemptResult::NeedsPerson(why),
    };
    ending(channel, result)
}

/// The code of a job of which nobody can tell whether it reached the customer.
pub fn doubt_code(channel: Channel) -> FailureCode {
    match channel {
        Channel::Sms => FailureCode::AnswerLost,
        Channel::Email => FailureCode::MailInDoubt,
        Channel::Dial => FailureCode::CallInDoubt,
    }
}

/// An end of which no provider gave evidence.
pub fn ended(state: FinalState, why: Option<Why>, attempt_use: AttemptUse) -> Ending {
    let (code, detail) = why.map(|why| (why.code, why.detail)).unzip();
    Ending::Final { state, code, detail, evidence: Evidence::None, provider_ref: None, attempt_use }
}

fn taken(accepted: Accepted, receipt_due_in_ms: Option<u64>) -> Ending {
    let Accepted { provider_ref, reported_sender } = accepted;
    Ending::Accepted { provider_ref, receipt_due_in_ms, reported_sender }
}

/// A person finds it in the dead-letter desk, from where it can go back to its channel's queue.
fn dead(channel: Channel, Why { code, detail }: Why, attempt_use: AttemptUse) -> Ending {
    let queue = WorkQueue::Jobs(channel);
    Ending::Dead { code, detail, queue: queue.name(), routing_key: queue.routing_key(), attempt_use }
}

/// The end of a job that the rules refuse: most are refused, and some are no longer wanted.
fn rejected_state(code: FailureCode) -> FinalState {
    match code {
        FailureCode::Expired => FinalState::Expired,
        FailureCode::Superseded => FinalState::Superseded,
        FailureCode::Cancelled => FinalState::Cancelled,
        _ => FinalState::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(code: FailureCode) -> Why {
        Why { code, detail: "its detail".to_owned() }
    }

    /// The end that one row of the table names, with the code and the detail of a reason.
    fn end(state: FinalState, Why { code, detail }: Why, attempt_use: AttemptUse) -> Ending {
        Ending::Final {
            state,
            code: Some(code),
            detail: Some(detail),
            evidence: Evidence::None,
            provider_ref: None,
            attempt_use,
        }
    }

    fn letter(queue: &'static str, routing_key: &'static str, why: Why, attempt_use: AttemptUse) -> Ending {
        Ending::Dead { code: why.code, detail: why.detail, queue, routing_key, attempt_use }
    }

    #[test]
    fn what_a_provider_took_awaits_its_receipt_or_its_call_record_and_a_mail_has_ended() {
        let taken = || {
            let reported_sender = Some("1588".to_owned());
            let accepted = Accepted { provider_ref: Some("ref".to_owned()), reported_sender };
            AttemptResult::Taken { accepted, receipt_due_ms: Some(7) }
        };
        let accepted = |receipt_due_in_ms| Ending::Accepted {
            provider_ref: Some("ref".to_owned()),
            receipt_due_in_ms,
            reported_sender: Some("1588".to_owned()),
        };
        assert_eq!(ending(Channel::Sms, taken()), accepted(Some(7)));
        assert_eq!(ending(Channel::Dial, taken()), accepted(None), "no receipt is due for a call");
        let mail = Ending::Final {
            state: FinalState::Accepted,
            code: None,
            detail: None,
            evidence: Evidence::Gateway,
            provider_ref: Some("ref".to_owned()),
            attempt_use: AttemptUse::Spent,
        };
        assert_eq!(ending(Channel::Email, taken()), mail);
    }

    #[test]
    fn what_failed_for_good_is_refused_or_undelivered_and_a_mail_waits_for_a_person() {
        let failed = |channel, code| ending(channel, AttemptResult::Failed(why(code)));
        let (rejected, bounced) = (FailureCode::RecipientRejected, FailureCode::MailboxRefused);
        let spent = AttemptUse::Spent;
        assert_eq!(failed(Channel::Sms, rejected), end(FinalState::Refused, why(rejected), spent));
        assert_eq!(failed(Channel::Email, bounced), letter("closure.email", "email", why(bounced), spent));
        let busy = FailureCode::AgentBusy;
        assert_eq!(failed(Channel::Dial, busy), end(FinalState::Undelivered, why(busy), spent));
        let open = FailureCode::AgentCallOpen;
        assert_eq!(
            failed(Channel::Dial, open),
            end(FinalState::Refused, why(open), AttemptUse::GivenBack),
            "the PBX was not asked to place it"
        );
    }

    #[test]
    fn an_answer_that_is_lost_leaves_a_text_and_a_call_unknown_and_a_mail_to_a_person() {
        let lost = |channel| ending(channel, AttemptResult::AnswerLost);
        let spent = AttemptUse::Spent;
        for (channel, code) in
            [(Channel::Sms, FailureCode::AnswerLost), (Channel::Dial, FailureCode::CallInDoubt)]
        {
            assert_eq!(lost(channel), end(FinalState::Unknown, Why::of(code), spent));
        }
        let code = FailureCode::MailInDoubt;
        let detail = format!("{}, 2 resends included", code.what());
        assert_eq!(lost(Channel::Email), letter("closure.email", "email", Why { code, detail }, spent));
    }

    #[test]
    fn what_was_never_sent_spends_no_try_on_any_channel() {
        let unspent = AttemptUse::GivenBack;
        for (channel, queue, routing_key) in [
            (Channel::Sms, "closure.sms", "sms"),
            (Channel::Email, "closure.email", "email"),
            (Channel::Dial, "closure.dial", "dial"),
        ] {
            for (code, state) in [
                (FailureCode::Expired, FinalState::Expired),
                (FailureCode::Superseded, FinalState::Superseded),
                (FailureCode::Cancelled, FinalState::Cancelled),
                (FailureCode::InvalidNumber, FinalState::Refused),
            ] {
                let rejected = ending(channel, AttemptResult::Rejected(why(code)));
                assert_eq!(rejected, end(state, why(code), unspent), "{code}");
            }
            let waits = why(FailureCode::AmbiguousNumber);
            let asked = ending(channel, AttemptResult::NeedsPerson(waits.clone()));
            assert_eq!(asked, letter(queue, routing_key, waits, unspent));
        }
    }
}
