//! What a report about an accepted mail means: whether it failed for good, and whether the mailbox is to blame.

use closure_contract::facts::bounces::{DsnAction, DsnStatus, Feedback, RecipientReport};

/// What follows from a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounce {
    /// Nothing but that it is on record.
    Recorded,
    /// The mail did not arrive.
    Undelivered(Mailbox),
}

/// Whether the mailbox takes mail at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailbox {
    /// It may take the next one: it was full, or the message was not liked, or the way was blocked.
    MayTakeTheNext,
    /// There is none, or it was closed: nothing is sent there again before a person says so.
    Gone,
}

/// Reads a report.
///
/// A mail that went on for any recipient, behind a forwarding address for example, may have reached the customer and
/// is not called undelivered. `failed` ends it whatever the class of its code, because a server that gives up after
/// days of trying says 4.x.x and will not try again.
pub fn judge(said: &[RecipientReport]) -> Bounce {
    if said.is_empty() || said.iter().any(|one| one.action != DsnAction::Failed) {
        return Bounce::Recorded;
    }
    let is_gone = said.iter().all(|one| one.status.is_some_and(says_gone));
    Bounce::Undelivered(if is_gone { Mailbox::Gone } else { Mailbox::MayTakeTheNext })
}

/// What follows from a complaint about a mail that arrived (B6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complained {
    /// Nothing but that it is on record.
    Recorded,
    /// The address is not written to again before a person says so.
    Unwanted,
}

/// Reads a complaint: whoever calls our answer unwanted, or a fraud, has asked for no more of them.
pub fn complained(feedback: Feedback) -> Complained {
    match feedback {
        Feedback::Abuse | Feedback::Fraud | Feedback::OptOut => Complained::Unwanted,
        Feedback::NotSpam | Feedback::Other => Complained::Recorded,
    }
}

/// The codes that speak of the recipient's mailbox itself: unknown, at no such domain, misspelt, moved away, or closed.
///
/// 5.1.0 and 5.1.5 say nothing about it, 5.1.7 and 5.1.8 speak of our own address.
fn says_gone(status: DsnStatus) -> bool {
    matches!((status.class, status.subject, status.detail), (5, 1, 1 | 2 | 3 | 4 | 6 | 10) | (5, 2, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(action: DsnAction, status: Option<(u16, u16, u16)>) -> RecipientReport {
        let status = status.map(|(class, subject, detail)| DsnStatus { class, subject, detail });
        RecipientReport { action, status, diagnostic: None }
    }

    fn failed(status: (u16, u16, u16)) -> RecipientReport {
        report(DsnAction::Failed, Some(status))
    }

    #[test]
    fn a_report_means_what_its_action_and_its_code_say() {
        let undelivered = Bounce::Undelivered(Mailbox::MayTakeTheNext);
        let gone = Bounce::Undelivered(Mailbox::Gone);
        for (status, expected, why) in [
            ((5, 1, 0), undelivered, "some address, nobody says whose"),
            ((5, 1, 1), gone, "no such mailbox"),
            ((5, 1, 2), gone, "no such domain"),
            ((5, 1, 3), gone, "not an address"),
            ((5, 1, 6), gone, "moved away"),
            ((5, 1, 7), undelivered, "our own address is malformed"),
            ((5, 1, 8), undelivered, "our own domain is unknown"),
            ((5, 1, 10), gone, "the domain takes no mail"),
            ((5, 2, 1), gone, "closed"),
            ((5, 2, 2), undelivered, "full"),
            ((5, 2, 3), undelivered, "too large for it"),
            ((5, 4, 4), undelivered, "no way there"),
            ((5, 7, 1), undelivered, "policy"),
            ((5, 7, 26), undelivered, "our mail is not authenticated"),
            ((5, 0, 0), undelivered, "no reason given"),
            ((4, 4, 7), undelivered, "given up after days"),
            ((4, 2, 1), undelivered, "closed for now, and given up"),
        ] {
            assert_eq!(judge(&[failed(status)]), expected, "{status:?}: {why}");
        }
        assert_eq!(judge(&[report(DsnAction::Failed, None)]), undelivered, "no code at all");
    }

    #[test]
    fn what_is_still_being_tried_or_went_on_is_only_recorded() {
        for action in [DsnAction::Delayed, DsnAction::Delivered, DsnAction::Relayed, DsnAction::Expanded] {
            for status in [(4, 1, 1), (5, 1, 1), (2, 0, 0)] {
                assert_eq!(judge(&[report(action, Some(status))]), Bounce::Recorded, "{action:?}");
            }
        }
        assert_eq!(judge(&[]), Bounce::Recorded);
    }

    #[test]
    fn one_of_several_recipients_who_may_have_it_is_enough_not_to_call_it_undelivered() {
        let relayed = report(DsnAction::Relayed, None);
        assert_eq!(judge(&[failed((5, 1, 1)), relayed]), Bounce::Recorded);
        assert_eq!(
            judge(&[failed((5, 1, 1)), failed((5, 2, 2))]),
            Bounce::Undelivered(Mailbox::MayTakeTheNext)
        );
        assert_eq!(judge(&[failed((5, 1, 1)), failed((5, 1, 1))]), Bounce::Undelivered(Mailbox::Gone));
    }

    #[test]
    fn a_complaint_takes_the_address_out_unless_it_says_that_the_mail_was_wanted() {
        for feedback in [Feedback::Abuse, Feedback::Fraud, Feedback::OptOut] {
            assert_eq!(complained(feedback), Complained::Unwanted, "{feedback:?}");
        }
        for feedback in [Feedback::NotSpam, Feedback::Other] {
            assert_eq!(complained(feedback), Complained::Recorded, "{feedback:?}");
        }
    }
}
