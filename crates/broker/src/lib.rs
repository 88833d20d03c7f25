#![warn(missing_docs, unreachable_pub)]
#![doc = include_str!("../README.md")]

mod addresses;
mod differences;
mod error;
mod link;
mod supervisor;

pub mod consumer;
pub mod mailbox;
pub mod message;
pub mod publisher;
pub mod settings;
pub mod topology;

pub use addresses::Turn;
pub use consumer::{Consumer, ConsumerHealth, ConsumerMonitor, ConsumerSettings, Incoming, Settler};
pub use error::{BrokerError, PublishError, TopologyError};
pub use mailbox::Mailbox;
pub use message::{Death, InMessage, OutMessage, Redelivered};
pub use publisher::{MESSAGES_PER_CALL_MAX, Publisher, PublisherHealth};
pub use settings::BrokerSettings;

/// Filter directives that keep the client library from writing into the log.
///
/// It warns about a returned message with its whole content, traces frames and credentials, and writes several lines
/// for each connection that breaks; what matters of it stands in our own errors.
pub const LOG_DIRECTIVES: &[&str] = &["lapin=off"];
