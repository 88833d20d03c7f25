//! How the database is reached: pool, sessions, batches, rows, migrations, rights.

pub(crate) mod batch;
pub(crate) mod column_word;
mod connections;
pub(crate) mod hosts;
pub(crate) mod indexes;
pub(crate) mod json_text;
pub(crate) mod migrate;
#[cfg(test)]
pub(crate) mod plans;
pub(crate) mod pool;
pub(crate) mod rights;
pub(crate) mod row;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod text;
