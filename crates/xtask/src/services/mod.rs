//! A private RabbitMQ node and a private PostgreSQL cluster, for tests, demo and benches.

pub mod command;
mod description;
mod folder;
pub mod guard;
mod marker;
mod ports;
pub mod postgres;
pub mod rabbitmq;
pub mod release;
mod run;

pub use guard::Leftovers;
pub use postgres::{Durability, StatementCounts};
pub use run::{ServiceOptions, Services};
