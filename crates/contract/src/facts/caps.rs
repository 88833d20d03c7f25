//! Caps of contacts: whose contacts count, how many may be made, how many were (B5).

use super::PersonalData;
use crate::ids::Timestamp;

/// Whose contacts a cap counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CapKey {
    /// Those with the number of these digits, country code first.
    Number(PersonalData),
    /// Those with numbers that begin with these digits and have as many behind them.
    Prefix(PersonalData),
    /// The emails to this address, in the form in which addresses are compared.
    Address(PersonalData),
    /// Those with this country.
    Country(u16),
    /// All.
    Fleet,
}

/// A cap that a contact counts towards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapLimit {
    /// Whose contacts.
    pub key: CapKey,
    /// At most so many in a window.
    pub count: u32,
    /// The window's length in milliseconds.
    pub window_ms: u64,
}

/// What is used of a cap's present window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapWindow {
    /// Whose contacts.
    pub key: CapKey,
    /// The window's length in milliseconds.
    pub window_ms: u64,
    /// How many contacts were made in this window.
    pub count: u32,
    /// When the window ends.
    pub until: Timestamp,
}
