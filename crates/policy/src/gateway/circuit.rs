//! When a gateway is left alone, and when one job tries it again (R14e).
//!
//! A failure that hits every job alike is the gateway's or our account's: after a few of them in a row a circuit
//! opens, and jobs wait where they are until one of them, sent as a probe, has come through.

use closure_contract::FailureCode;
use serde::{Deserialize, Serialize};

use crate::failure::{Class, class, fault};

/// When circuits open, and how long they stay so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CircuitRules {
    /// So many failures in a row, of those that hit every job alike, open a circuit; at least 1.
    pub failures_to_open: u32,
    /// Milliseconds until the first probe; each probe that fails doubles the wait.
    pub probe_after_ms: u64,
    /// The longest wait for a probe, in milliseconds.
    pub probe_after_ms_max: u64,
    /// A gateway's wish to be left alone (`Retry-After`) is obeyed up to this long, in milliseconds.
    pub throttle_ms_max: u64,
}

impl Default for CircuitRules {
    /// Five failures in a row are no accident, and a minute is soon enough to notice that an account was topped up.
    fn default() -> Self {
        Self {
            failures_to_open: 5,
            probe_after_ms: 5_000,
            probe_after_ms_max: 60_000,
            throttle_ms_max: 300_000,
        }
    }
}

/// How much a failure says about: a whole gateway, or its way to one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extent {
    /// Every job of the gateway.
    Gateway,
    /// Every job of the gateway to the same country.
    Country,
}

/// What the end of a request says about the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sign {
    /// It works: it took the message, or refused it for a reason of the message's own.
    Well,
    /// It does not, for everything within this extent.
    Unwell(Extent),
}

/// What the receipts of a text message say about our account at its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountSignal {
    /// It works: the gateway carried the text, to whatever end.
    Works,
    /// The gateway took the text and turned it back for this reason, which hits everything within this extent.
    Fails(FailureCode, Extent),
}

/// What a failed request says about its gateway.
///
/// An answer that was lost counts as well: of a gateway that answers nobody, nothing else is ever heard.
pub fn sign(code: FailureCode) -> Sign {
    match (class(code), fault(code).hits_everyone()) {
        (Class::Permanent, _) | (Class::Transient, false) => Sign::Well,
        (Class::Transient | Class::InDoubt, _) => Sign::Unwell(extent(code)),
    }
}

/// How many jobs a failure is about.
fn extent(code: FailureCode) -> Extent {
    match code {
        // Each country has a sender number of its own at some gateways (R12).
        FailureCode::ProviderCountryBlocked | FailureCode::SenderRejected => Extent::Country,
        _ => Extent::Gateway,
    }
}

/// How long to wait for the next probe, in milliseconds, after so many probes in a row have failed.
pub fn probe_after_ms(rules: &CircuitRules, probes_failed: u32, retry_after_ms: Option<u64>) -> u64 {
    let doubled = rules.probe_after_ms.saturating_mul(1_u64.checked_shl(probes_failed).unwrap_or(u64::MAX));
    let own = doubled.min(rules.probe_after_ms_max).max(rules.probe_after_ms.min(rules.probe_after_ms_max));
    own.max(retry_after_ms.unwrap_or(0).min(rules.throttle_ms_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_hits_every_job_alike_counts_against_a_gateway() {
        for code in [
            FailureCode::ProviderAuth,
            FailureCode::ProviderQuota,
            FailureCode::ProviderThrottled,
            FailureCode::ProviderUnavailable,
            FailureCode::ProviderFault,
            FailureCode::AnswerLost,
            FailureCode::AnswerUnreadable,
            FailureCode::RequestRefused,
        ] {
            assert_eq!(sign(code), Sign::Unwell(Extent::Gateway), "{code}");
        }
        for code in [FailureCode::RecipientRejected, FailureCode::ContentRejected] {
            assert_eq!(sign(code), Sign::Well, "{code}: a gateway that refuses a message answers");
        }
    }

    #[test]
    fn a_blocked_country_or_its_sender_number_says_nothing_about_other_countries() {
        for code in [FailureCode::ProviderCountryBlocked, FailureCode::SenderRejected] {
            assert_eq!(sign(code), Sign::Unwell(Extent::Country), "{code}");
        }
    }

    #[test]
    fn each_probe_that_fails_doubles_the_wait_up_to_a_minute() {
        let rules = CircuitRules::default();
        let waits: Vec<u64> = (0..6).map(|failed| probe_after_ms(&rules, failed, None)).collect();
        assert_eq!(waits, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
        assert_eq!(probe_after_ms(&rules, u32::MAX, None), 60_000);
    }

    #[test]
    fn a_wish_to_be_left_alone_is_obeyed_up_to_five_minutes() {
        let rules = CircuitRules::default();
        let wait = |retry_after_ms| probe_after_ms(&rules, 0, Some(retry_after_ms));
        assert_eq!(wait(1), 5_000, "it never shortens the wait");
        assert_eq!(wait(90_000), 90_000);
        assert_eq!(wait(u64::MAX), 300_000);
    }
}
