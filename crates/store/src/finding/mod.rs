//! What deliveries and letters are found by: keyed hashes of recipients, tails, countries, agents and templates.

pub(crate) mod backfill;
pub(crate) mod counts;
pub(crate) mod facts;
pub(crate) mod find;
pub(crate) mod keys;
