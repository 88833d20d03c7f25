//! The settings of numbers.

use closure_contract::job::ConsultationChannel;
use serde::{Deserialize, Serialize};

/// Which numbers may be contacted, and how bare digits are read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NumberRules {
    /// The only country codes that may be contacted; empty for all.
    pub allowed_country_codes: Vec<u16>,
    /// Country codes that are never contacted: satellites and world-wide premium services by default.
    pub denied_country_codes: Vec<u16>,
    /// The countries as whose home numbers digits without a country may be meant: those the customers come from.
    ///
    /// Empty for all, the default: only then is an accepted number never another country's. Naming countries holds
    /// fewer numbers, and sends some customers' answers to strangers; docs/decisions/phone-library.md has the counts.
    pub plausible_country_codes: Vec<u16>,
    /// Consultations whose bare digits always begin with their country code, as the record of a call has them (R15).
    ///
    /// It says for every job of theirs what `"form": "with_country_code"` says for one. Where a record may also hold a
    /// number as it is written at home, such digits reach strangers.
    pub with_country_code: Vec<ConsultationChannel>,
    /// Korean carriers' access codes, which are never taken off and make a leading `00` ambiguous.
    pub access_codes: Vec<String>,
    /// Domestic short service numbers that may be dialled, such as `114` (R3).
    pub short_numbers: Vec<String>,
    /// Korea's 050 numbers, which stand for a customer's own: called and texted (R3).
    pub korean_safety_numbers: ClassRule,
    /// Korea's 080 numbers, free for the caller: called (R3).
    pub korean_toll_free_numbers: ClassRule,
    /// Korea's representative numbers, such as 1588-1234: called (R3).
    pub korean_representative_numbers: ClassRule,
    /// Korea's 060 numbers, dear for the caller: called (R3).
    pub korean_premium_numbers: ClassRule,
}

/// Whether the numbers of a class may be contacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassRule {
    /// They may.
    Allow,
    /// They may not.
    Refuse,
}
