//! The only crate that names PostgreSQL: claim, settle, receipts, dead letters, migrations.
