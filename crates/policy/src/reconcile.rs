//! What to do about a text message of which nobody can tell whether it was taken.

/// Look-ups before the one resend, and again after it.
pub const LOOKUPS_PER_SEND: u32 = 2;
/// Resends of one message in doubt.
pub const RESENDS_MAX: u32 = 1;

/// Whether a gateway can be asked about a message whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LookUpCapability {
    /// By the reference that we gave it with the request.
    ByClientReference,
    /// Not at all: only a receipt can tell.
    None,
}

/// The next step of finding out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reconcile {
    /// Ask the gateway, after a wait.
    LookUp,
    /// It was not taken as far as anybody can tell: send once more.
    Resend,
    /// Nobody will ever know: the delivery is unknown, and an email answers.
    GiveUp,
}

/// The next step after `lookups_missed` look-ups in all that found nothing, and `resends` resends.
///
/// An extra email is cheap and an extra text message is not, so that a gateway that cannot be asked is never sent
/// the same message twice.
pub fn reconcile(capability: LookUpCapability, lookups_missed: u32, resends: u32) -> Reconcile {
    match capability {
        LookUpCapability::None => Reconcile::GiveUp,
        LookUpCapability::ByClientReference => {
            let looked_enough = lookups_missed >= LOOKUPS_PER_SEND.saturating_mul(resends.saturating_add(1));
            match (looked_enough, resends < RESENDS_MAX) {
                (false, _) => Reconcile::LookUp,
                (true, true) => Reconcile::Resend,
                (true, false) => Reconcile::GiveUp,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_look_ups_come_before_the_only_resend_and_two_after_it() {
        let asked = |lookups, resends| reconcile(LookUpCapability::ByClientReference, lookups, resends);
        assert_eq!([asked(0, 0), asked(1, 0)], [Reconcile::LookUp; 2]);
        assert_eq!(asked(2, 0), Reconcile::Resend);
        assert_eq!([asked(2, 1), asked(3, 1)], [Reconcile::LookUp; 2]);
        assert_eq!(asked(4, 1), Reconcile::GiveUp);
        assert_eq!(asked(u32::MAX, u32::MAX), Reconcile::GiveUp);
    }

    #[test]
    fn a_gateway_that_cannot_be_asked_never_gets_the_message_twice() {
        assert_eq!(reconcile(LookUpCapability::None, 0, 0), Reconcile::GiveUp);
    }
}
