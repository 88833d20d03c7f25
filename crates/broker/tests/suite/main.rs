//! The broker crate against a real RabbitMQ, each test in a virtual host of its own.

mod consuming;
mod nodes;
mod publishing;
mod routing;
mod support;
mod topology;
mod unreadable;
