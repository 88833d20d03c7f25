//! Plain facts that policy, store and providers hand to each other.
//!
//! Whoever decides, stores or sends names these types instead of a mirror of them; what follows from a fact is decided
//! in policy alone, so that nothing here branches.

use std::fmt;

pub mod bounces;
pub mod calls;
pub mod caps;
pub mod jobs;
pub mod mail;
pub mod preconditions;
pub mod quota;
pub mod receipts;
pub mod recipients;
pub mod recovery;
pub mod share;
pub mod texts;

/// A number or an address, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PersonalData(pub String);

impl fmt::Debug for PersonalData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("masked")
    }
}
