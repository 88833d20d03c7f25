//! What the fleet's own variables say.

use std::{net::SocketAddr, str::FromStr};

use crate::Problem;

/// The broker's address.
pub(crate) fn broker_uri() -> Result<String, Problem> {
    ours_or("BENCH_IDEAL_BROKER_URI", "FLEET_BROKER_URI")
}

/// The database's address, of a user who may create a schema.
pub(crate) fn database_url() -> Result<String, Problem> {
    ours_or("BENCH_IDEAL_DATABASE_URL", "FLEET_DATABASE_URL")
}

/// Where a worker says that it is ready; nowhere, where nothing is set.
pub(crate) fn health_listen() -> Result<Option<SocketAddr>, Problem> {
    maybe("FLEET_HEALTH_LISTEN")?.map(|text| parsed("FLEET_HEALTH_LISTEN", &text)).transpose()
}

/// Where the intake listens.
pub(crate) fn intake_listen() -> Result<SocketAddr, Problem> {
    parsed("FLEET_INTAKE_LISTEN", &text("FLEET_INTAKE_LISTEN")?)
}

/// A variable, or what stands in the file that its twin names.
pub(crate) fn text(name: &str) -> Result<String, Problem> {
    maybe(name)?.ok_or_else(|| format!("{name} is not set").into())
}

fn ours_or(name: &str, of_the_fleet: &str) -> Result<String, Problem> {
    match maybe(name)? {
        Some(text) => Ok(text),
        None => text(of_the_fleet),
    }
}

fn maybe(name: &str) -> Result<Option<String>, Problem> {
    if let Some(text) = var(name) {
        return Ok(Some(text));
    }
    match var(&format!("{name}_FILE")) {
        Some(path) => Ok(Some(std::fs::read_to_string(path)?.trim().to_owned())),
        None => Ok(None),
    }
}

fn var(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok().filter(|text| !text.is_empty())
}

fn parsed<T: FromStr>(name: &str, text: &str) -> Result<T, Problem>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|problem| format!("{name}: {problem}").into())
}
