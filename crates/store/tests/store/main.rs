//! The store against a real PostgreSQL, whose superuser's address is in `CLOSURE_TEST_PG`.

mod batches;
mod bounces;
mod calls;
mod cancellations;
mod circuits;
mod claims;
mod dead_letters;
mod fallback;
mod fallback_holds;
mod homecoming;
mod inquiries;
mod leases;
mod migrations;
mod newer_rows;
mod outages;
mod owed;
mod postponed;
mod rates;
mod receipts;
mod returns;
mod senders;
mod settlements;
mod stories;
mod support;
mod sweeps;
mod usage;
