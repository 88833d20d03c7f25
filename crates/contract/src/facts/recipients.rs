//! Recipients as the suppression list has them (B6).

use super::PersonalData;

/// A recipient, in the one form in which recipients are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// The digits of a number, country code first.
    Phone(PersonalData),
    /// An address in lower case.
    Email(PersonalData),
}
