//! A database of its own for every test, and the words that the tests share.

mod database;
mod words;

pub(crate) use database::{TestDatabase, run};
pub(crate) use words::{
    accepted, claim, claim_granted, dead, final_state, in_doubt, new_job, receipt, settle, settled,
    settlement,
};
