//! What each gateway can do, as facts: the caller picks the way out of a doubt by them and not by a name.

use std::time::Duration;

use closure_contract::facts::{
    recovery::Recovery,
    texts::{TextKind, TextLimits},
};

/// What a gateway can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// What it can do about a message whose answer was lost.
    pub recovery: Recovery,
    /// How long a text it takes, by kind.
    pub text_limits: TextLimits,
    /// How long after it took a text its last word may come, of the kinds of which its documents say more than a day.
    pub receipt_due: &'static [(TextKind, Duration)],
    /// Country codes to which it promises to carry one-time codes alone.
    pub one_time_codes_only: &'static [u16],
}
