//! When the emails in place of text messages are held back, because so many fail that it is hardly the recipients'
//! doing (R14e).
//!
//! A gateway may lose everything and blame each recipient for it. The share of its text messages that fail is
//! therefore compared with the share that usually does; both are counted with a weight that fades with age, so that
//! each is a pair of numbers and needs no history.

use std::collections::BTreeSet;

use closure_contract::facts::share::{FailureShare, HalfLives};
use serde::{Deserialize, Serialize};

/// When emails are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FallbackHoldRules {
    /// So many ends of text messages must weigh in before their share of failures says anything; 0 turns the hold off.
    pub ended_min: u32,
    /// So many must weigh in since emails are held before they can flow again by themselves.
    pub recovered_min: u32,
    /// Emails are held while the share of failures lies so many percentage points above the usual one.
    pub margin_percent: u8,
    /// The share of failures that is taken for usual until enough is known, in percent.
    pub usual_percent: u8,
    /// What ended so long ago counts half in the share of the moment, in milliseconds.
    pub recent_half_life_ms: u64,
    /// What ended so long ago counts half in the usual share, in milliseconds.
    pub usual_half_life_ms: u64,
}

impl Default for FallbackHoldRules {
    /// Thirty ends are too many for an accident, and few emails; two days know the difference between day and night.
    fn default() -> Self {
        Self {
            ended_min: 30,
            recovered_min: 10,
            margin_percent: 30,
            usual_percent: 10,
            recent_half_life_ms: 300_000,
            usual_half_life_ms: 172_800_000,
        }
    }
}

/// How a text message ended, as far as that says anything about its gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmsEnd {
    /// It arrived.
    Arrived,
    /// By the gateway's word, or its silence, it did not.
    Failed,
}

/// Whether emails are held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FallbackHold {
    /// They flow.
    Off,
    /// They are held back, and the recent share counts what ended since.
    On,
    /// They flow for a while, whatever fails: a person has said so.
    Overruled,
}

/// Where the emails in place of one gateway's text messages are held back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HeldCountries {
    /// To these countries.
    These(BTreeSet<u16>),
    /// To every country, and where the country is not known.
    All,
}

/// What is to become of the hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HoldChange {
    /// It stays as it is.
    Stay,
    /// Emails are to be held back from now on.
    Hold,
    /// They are to flow again.
    Release,
}

/// The setting for what is usual weighs as much as so many text messages, so that the first few do not make a usual
/// share of their own.
const PRIOR_ENDED: f64 = 100.0;

/// What one ending adds.
pub fn share_of(ending: SmsEnd) -> FailureShare {
    let failed = match ending {
        SmsEnd::Arrived => 0.0,
        SmsEnd::Failed => 1.0,
    };
    FailureShare { ended: 1.0, failed }
}

/// The failed ones among a hundred; of none, none.
pub fn percent(share: FailureShare) -> f64 {
    if share.ended > 0.0 { 100.0 * share.failed / share.ended } else { 0.0 }
}

impl HeldCountries {
    /// Nowhere: they flow.
    pub const NONE: Self = Self::These(BTreeSet::new());

    /// Whether the emails in place of texts to this country are held back.
    pub fn covers(&self, country_code: Option<u16>) -> bool {
        match self {
            Self::These(countries) => country_code.is_some_and(|code| countries.contains(&code)),
            Self::All => true,
        }
    }
}

impl FallbackHoldRules {
    /// After how long an end counts half.
    pub fn half_lives(&self) -> HalfLives {
        HalfLives { recent_ms: self.recent_half_life_ms, usual_ms: self.usual_half_life_ms }
    }

    /// The share of failures that is usual, in percent.
    pub fn usual_percent(&self, usual: FailureShare) -> f64 {
        let prior =
            FailureShare { ended: PRIOR_ENDED, failed: PRIOR_ENDED * f64::from(self.usual_percent) / 100.0 };
        percent(usual + prior)
    }

    /// Says what is to become of a hold, by what ended of late and what usually does.
    pub fn judge(&self, hold: FallbackHold, recent: FailureShare, usual: FailureShare) -> HoldChange {
        let (share, usual) = (percent(recent), self.usual_percent(usual));
        let margin = f64::from(self.margin_percent);
        match hold {
            FallbackHold::On if self.ended_min == 0 => HoldChange::Release,
            // Half of the margin keeps the hold from turning on and off about the same share.
            FallbackHold::On
                if recent.ended >= f64::from(self.recovered_min) && share < usual + margin / 2.0 =>
            {
                HoldChange::Release
            }
            FallbackHold::Off
                if self.ended_min > 0
                    && recent.ended >= f64::from(self.ended_min)
                    && share >= usual + margin =>
            {
                HoldChange::Hold
            }
            FallbackHold::Off | FallbackHold::On | FallbackHold::Overruled => HoldChange::Stay,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(ended: f64, failed: f64) -> FailureShare {
        FailureShare { ended, failed }
    }

    fn judge(hold: FallbackHold, recent: FailureShare, usual: FailureShare) -> HoldChange {
        FallbackHoldRules::default().judge(hold, recent, usual)
    }

    #[test]
    fn emails_are_held_once_enough_ended_and_the_share_of_failures_left_the_usual_one() {
        let usual = share(10_000.0, 1_000.0);
        assert_eq!(
            judge(FallbackHold::Off, share(29.0, 29.0), usual),
            HoldChange::Stay,
            "too few to say anything"
        );
        assert_eq!(judge(FallbackHold::Off, share(30.0, 30.0), usual), HoldChange::Hold);
        assert_eq!(
            judge(FallbackHold::Off, share(100.0, 39.0), usual),
            HoldChange::Stay,
            "29 points above the usual"
        );
        assert_eq!(
            judge(FallbackHold::Off, share(100.0, 40.0), usual),
            HoldChange::Hold,
            "30 points above it"
        );
    }

    #[test]
    fn what_fails_as_often_as_ever_holds_nothing() {
        assert_eq!(judge(FallbackHold::Off, share(500.0, 300.0), share(10_000.0, 6_000.0)), HoldChange::Stay);
    }

    #[test]
    fn a_new_installation_takes_its_settings_for_the_usual_share() {
        assert_eq!(judge(FallbackHold::Off, share(30.0, 12.0), FailureShare::default()), HoldChange::Hold);
        assert_eq!(judge(FallbackHold::Off, share(30.0, 11.0), FailureShare::default()), HoldChange::Stay);
    }

    #[test]
    fn held_emails_flow_again_once_enough_arrived_since() {
        let usual = share(10_000.0, 1_000.0);
        assert_eq!(
            judge(FallbackHold::On, share(0.0, 0.0), usual),
            HoldChange::Stay,
            "silence is no recovery"
        );
        assert_eq!(judge(FallbackHold::On, share(9.0, 0.0), usual), HoldChange::Stay, "nor are a few");
        assert_eq!(
            judge(FallbackHold::On, share(20.0, 5.0), usual),
            HoldChange::Stay,
            "25% is no usual share"
        );
        assert_eq!(judge(FallbackHold::On, share(20.0, 4.0), usual), HoldChange::Release);
    }

    #[test]
    fn while_a_person_has_overruled_it_the_hold_stays_off() {
        assert_eq!(
            judge(FallbackHold::Overruled, share(500.0, 500.0), FailureShare::default()),
            HoldChange::Stay
        );
    }

    #[test]
    fn a_hold_that_is_turned_off_holds_nothing_and_lets_go() {
        let off = FallbackHoldRules { ended_min: 0, ..FallbackHoldRules::default() };
        assert_eq!(
            off.judge(FallbackHold::Off, share(500.0, 500.0), FailureShare::default()),
            HoldChange::Stay
        );
        assert_eq!(
            off.judge(FallbackHold::On, share(500.0, 500.0), FailureShare::default()),
            HoldChange::Release
        );
    }
}
