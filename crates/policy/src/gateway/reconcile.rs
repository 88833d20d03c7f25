//! What to do about a text message of which nobody can tell whether it was taken.
//!
//! The way out follows from what the gateway can do, never from its name.

use closure_contract::facts::recovery::{Duplicates, LookUpBy, Recovery};

/// Look-ups by our reference that find nothing before the one resend of a gateway that would carry a second message,
/// and again after it.
pub const LOOKUPS_PER_SEND: u32 = 2;
/// Resends, as a new message, of one message in doubt.
pub const RESENDS_MAX: u32 = 1;
/// Look-ups that find nothing before the same reference is sent again to a gateway that refuses duplicates.
pub const LOOKUPS_PER_REPEAT: u32 = 1;
/// Repeats of one reference.
pub const REPEATS_MAX: u32 = 3;
/// A reference is not repeated later than this after the try, in milliseconds: gateways keep what they know for 48
/// hours, and how long they refuse a duplicate they do not say.
pub const REPEAT_WITHIN_MS: u64 = 24 * 3_600_000;

/// How far a doubt has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DoubtSoFar {
    /// Look-ups since the latest request that found nothing.
    pub lookups_missed: u32,
    /// Requests made because of the doubt.
    pub resends: u32,
    /// Milliseconds since the try began.
    pub waited_ms: u64,
    /// Milliseconds after a try at which a receipt is overdue.
    pub receipt_due_ms: u64,
}

/// The next step of finding out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reconcile {
    /// Ask the gateway.
    LookUp,
    /// Nobody can be asked: wait for a receipt.
    Wait,
    /// Make the same request under the same reference again: the gateway refuses it if it has it.
    Repeat,
    /// It was not taken as far as anybody can tell: send it once more, as a new message.
    Resend,
    /// Nobody will ever know: the delivery is unknown, and an email answers.
    GiveUp,
}

/// The next step in a doubt.
///
/// An extra email is cheap and an extra text message is not, so that a gateway that cannot be asked by our reference
/// and carries duplicates never gets the same message twice.
pub fn reconcile(recovery: Recovery, doubt: DoubtSoFar) -> Reconcile {
    match (recovery.look_up, recovery.duplicates) {
        (_, Duplicates::Refused) => repeat(recovery.look_up, doubt),
        (LookUpBy::ClientReference, Duplicates::Carried) => {
            match (doubt.lookups_missed >= LOOKUPS_PER_SEND, doubt.resends < RESENDS_MAX) {
                (false, _) => Reconcile::LookUp,
                (true, true) => Reconcile::Resend,
                (true, false) => Reconcile::GiveUp,
            }
        }
        (_, Duplicates::Carried) if doubt.waited_ms >= doubt.receipt_due_ms => Reconcile::GiveUp,
        (LookUpBy::RecipientAndTime, Duplicates::Carried) => Reconcile::LookUp,
        (LookUpBy::Nothing, Duplicates::Carried) => Reconcile::Wait,
    }
}

fn repeat(look_up: LookUpBy, doubt: DoubtSoFar) -> Reconcile {
    let can_look = look_up != LookUpBy::Nothing;
    if can_look && doubt.lookups_missed < LOOKUPS_PER_REPEAT {
        Reconcile::LookUp
    } else if doubt.resends < REPEATS_MAX && doubt.waited_ms < REPEAT_WITHIN_MS {
        Reconcile::Repeat
    } else {
        Reconcile::GiveUp
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BY_REFERENCE: Recovery =
        Recovery { look_up: LookUpBy::ClientReference, duplicates: Duplicates::Carried };
    const IDEMPOTENT: Recovery =
        Recovery { look_up: LookUpBy::ClientReference, duplicates: Duplicates::Refused };
    const DUE_MS: u64 = 90_000_000;

    fn doubt(lookups_missed: u32, resends: u32) -> DoubtSoFar {
        DoubtSoFar { lookups_missed, resends, waited_ms: 60_000, receipt_due_ms: DUE_MS }
    }

    #[test]
    fn two_look_ups_come_before_the_only_resend_and_two_after_it() {
        let next = |lookups, resends| reconcile(BY_REFERENCE, doubt(lookups, resends));
        assert_eq!([next(0, 0), next(1, 0)], [Reconcile::LookUp; 2]);
        assert_eq!(next(2, 0), Reconcile::Resend);
        // The count begins anew with the resend.
        assert_eq!([next(0, 1), next(1, 1)], [Reconcile::LookUp; 2]);
        assert_eq!(next(2, 1), Reconcile::GiveUp);
        assert_eq!(next(u32::MAX, u32::MAX), Reconcile::GiveUp);
    }

    #[test]
    fn a_gateway_that_refuses_duplicates_is_asked_once_before_each_repeat() {
        let next = |lookups, resends| reconcile(IDEMPOTENT, doubt(lookups, resends));
        for resends in 0..REPEATS_MAX {
            assert_eq!([next(0, resends), next(1, resends)], [Reconcile::LookUp, Reconcile::Repeat]);
        }
        assert_eq!([next(0, REPEATS_MAX), next(1, REPEATS_MAX)], [Reconcile::LookUp, Reconcile::GiveUp]);
        let late = DoubtSoFar { waited_ms: REPEAT_WITHIN_MS, ..doubt(1, 0) };
        assert_eq!(
            reconcile(IDEMPOTENT, late),
            Reconcile::GiveUp,
            "nobody knows whether it is still refused"
        );
    }

    #[test]
    fn a_gateway_that_carries_duplicates_and_knows_no_reference_never_gets_the_message_twice() {
        for look_up in [LookUpBy::RecipientAndTime, LookUpBy::Nothing] {
            let recovery = Recovery { look_up, duplicates: Duplicates::Carried };
            for (lookups, resends, waited_ms) in
                [(0, 0, 0), (50, 0, DUE_MS - 1), (u32::MAX, u32::MAX, u64::MAX)]
            {
                let doubt = DoubtSoFar { waited_ms, ..doubt(lookups, resends) };
                let next = reconcile(recovery, doubt);
                assert!(!matches!(next, Reconcile::Resend | Reconcile::Repeat), "{doubt:?}: {next:?}");
                assert_eq!(next == Reconcile::GiveUp, waited_ms >= DUE_MS, "{doubt:?}: {next:?}");
            }
        }
    }

    #[test]
    fn only_a_gateway_that_can_be_asked_is_asked() {
        let deaf = Recovery { look_up: LookUpBy::Nothing, duplicates: Duplicates::Carried };
        assert_eq!(reconcile(deaf, doubt(0, 0)), Reconcile::Wait);
        let vague = Recovery { look_up: LookUpBy::RecipientAndTime, duplicates: Duplicates::Carried };
        assert_eq!(reconcile(vague, doubt(7, 0)), Reconcile::LookUp);
    }
}
