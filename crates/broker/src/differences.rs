//! Where the broker differs from the topology, and what to do about it.

use std::fmt;

use closure_contract::topology::{self as contract, Writer};

/// One thing that the broker misses or has otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub object: Object,
    /// How it differs.
    pub problem: Problem,
}

/// A thing that the topology names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Object {
    /// An exchange.
    Exchange(String),
    /// A queue.
    Queue(String),
    /// A binding.
    Binding {
        /// From this exchange.
        exchange: String,
        /// To this queue.
        queue: String,
        /// With this key.
        routing_key: String,
    },
}

/// How a thing differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It does not exist.
    Missing,
    /// It has another kind or other arguments, in the broker's words.
    Otherwise(String),
}

impl Difference {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match (&self.object, &self.problem) {
            (_, Problem::Missing) => "run: fleet topology apply".to_owned(),
            (Object::Queue(queue), Problem::Otherwise(_)) => format!(
                "stop the workers, let {queue} run empty or move its messages, delete it, then run: fleet topology apply"
            ),
            (Object::Exchange(name), Problem::Otherwise(_)) if is_the_brokers_own(name) => {
                "run: fleet topology apply".to_owned()
            }
            (Object::Exchange(name), Problem::Otherwise(_)) => {
                format!("stop the publishers, delete the exchange {name}, then run: fleet topology apply")
            }
            (Object::Binding { .. }, Problem::Otherwise(_)) => {
                "delete the binding, then run: fleet topology apply".to_owned()
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.object {
            Object::Exchange(name) => write!(f, "exchange {name}")?,
            Object::Queue(name) => write!(f, "queue {name}")?,
            Object::Binding { exchange, queue, routing_key } => {
                write!(f, "binding of {queue} to {exchange} with the key `{routing_key}`")?;
            }
        }
        match &self.problem {
            Problem::Missing => write!(f, " does not exist")?,
            Problem::Otherwise(detail) => write!(f, " is different: {detail}")?,
        }
        write!(f, "; {}", self.remedy())
    }
}

/// Whether only the broker publishes to an exchange, so that it can be replaced while everything runs.
fn is_the_brokers_own(exchange: &str) -> bool {
    contract::exchanges().iter().any(|spec| spec.name == exchange && spec.writer == Writer::Broker)
}
