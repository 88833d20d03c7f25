//! What can go wrong between the fleet and the broker.

use lapin::{
    ErrorKind,
    protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError},
};

use crate::differences::Difference;

/// Why the broker could not be reached or did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BrokerError {
    /// The settings cannot work.
    #[error("the broker's settings are not usable: {problem}; correct the configuration")]
    InvalidSettings {
        /// What is wrong, without the address.
        problem: &'static str,
    },
    /// No connection came about, or it broke.
    #[error("no connection to the broker at {endpoint}: {detail}; it is tried again by itself")]
    Unreachable {
        /// Host, port and virtual host.
        endpoint: String,
        /// The operating system's or the client library's words.
        detail: String,
    },
    /// The broker sent what the client library cannot read, most likely a message.
    #[error(
        "the client library cannot read what the broker at {endpoint} sent: {detail}; if it comes again, see \"A message that cannot be read\" in docs/runbook.md"
    )]
    Unreadable {
        /// Host, port and virtual host.
        endpoint: String,
        /// The client library's words.
        detail: String,
    },
    /// The broker did not answer in time.
    #[error("the broker did not answer to {what} within {waited_ms} ms; it is tried again by itself")]
    TimedOut {
        /// What was asked.
        what: &'static str,
        /// The limit.
        waited_ms: u64,
    },
    /// The broker refuses the user, the virtual host or the permission.
    #[error("the broker refuses access: {detail}; correct the user, its permissions or the virtual host")]
    AccessRefused {
        /// The broker's words.
        detail: String,
    },
    /// An exchange or queue does not exist.
    #[error("the broker misses something: {detail}; run: fleet topology apply")]
    NotFound {
        /// The broker's words.
        detail: String,
    },
    /// An exchange or queue exists with other arguments.
    #[error("the broker has it otherwise: {detail}; run: fleet topology check")]
    Different {
        /// The broker's words.
        detail: String,
    },
    /// The broker ended the consumer, because its queue was deleted or moved.
    #[error("the broker cancelled the consumer of {queue}; it is started again by itself")]
    Cancelled {
        /// The queue.
        queue: &'static str,
    },
    /// Messages are ready, there is room for them, and none comes.
    #[error(
        "nothing was delivered from {queue} for {quiet_ms} ms although {ready} messages are ready; the connection is rebuilt"
    )]
    Stalled {
        /// The queue.
        queue: &'static str,
        /// How long nothing happened.
        quiet_ms: u64,
        /// How many messages wait.
        ready: u32,
    },
    /// A message has been in hand for too long without an answer.
    #[error(
        "a message of {queue} has been in hand for {for_ms} ms and does not move; the connection is rebuilt, so that somebody else gets it"
    )]
    Stuck {
        /// The queue.
        queue: &'static str,
        /// For how long, at least.
        for_ms: u64,
    },
}

/// Whether time heals an error or a person has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cure {
    /// It is tried again soon.
    Time,
    /// It is tried again slowly, and logged as an error.
    Person,
}

impl BrokerError {
    pub(crate) fn of(endpoint: &str, error: &lapin::Error) -> Self {
        let unreachable = || Self::Unreachable { endpoint: endpoint.to_owned(), detail: error.to_string() };
        if let ErrorKind::ParsingError(_) = error.kind() {
            return Self::Unreadable { endpoint: endpoint.to_owned(), detail: error.to_string() };
        }
        let ErrorKind::ProtocolError(protocol) = error.kind() else {
            return unreachable();
        };
        let detail = protocol.get_message().to_string();
        match protocol.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED)
            | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => Self::AccessRefused { detail },
            AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Self::NotFound { detail },
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => Self::Different { detail },
            AMQPErrorKind::Soft(_) | AMQPErrorKind::Hard(_) => unreachable(),
        }
    }

    /// What is wrong where no node of a cluster could be used.
    ///
    /// What a person has to mend goes first: it is the same at every node that answers.
    pub(crate) fn of_every_node(endpoint: &str, mut failures: Vec<Self>) -> Self {
        if failures.len() == 1
            && let Some(only) = failures.pop()
        {
            return only;
        }
        let for_a_person = failures.iter().position(|failure| failure.cure() == Cure::Person);
        if let Some(position) = for_a_person {
            return failures.swap_remove(position);
        }
        let details: Vec<String> = failures
            .iter()
            .map(|failure| match failure {
                Self::Unreachable { endpoint, detail } => format!("{endpoint}: {detail}"),
                other => other.to_string(),
            })
            .collect();
        Self::Unreachable { endpoint: endpoint.to_owned(), detail: details.join("; ") }
    }

    pub(crate) fn cure(&self) -> Cure {
        match self {
            Self::Unreachable { .. }
            | Self::Unreadable { .. }
            | Self::TimedOut { .. }
            | Self::Different { .. }
            | Self::Cancelled { .. }
            | Self::Stalled { .. }
            | Self::Stuck { .. } => Cure::Time,
            Self::InvalidSettings { .. } | Self::AccessRefused { .. } | Self::NotFound { .. } => Cure::Person,
        }
    }
}

/// Why it is not known that every message arrived.
///
/// Whatever the variant, some of the messages may have arrived: publish all of them again, each under the same `message_id`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There was no connection, the broker blocked publishers, or it was too slow.
    #[error(
        "the broker did not confirm within {waited_ms} ms; keep the work and publish again with the same message_id"
    )]
    Unavailable {
        /// The limit.
        waited_ms: u64,
    },
    /// The connection or channel broke before the confirms came.
    #[error("the connection broke before the broker confirmed; publish again with the same message_id")]
    Lost,
    /// The broker refused to store messages, for instance because a queue is full.
    #[error("the broker refused {} message(s), first {}; its queue is full or failing: publish again later with the same message_id", message_ids.len(), first(message_ids))]
    Refused {
        /// The messages that were refused.
        message_ids: Vec<String>,
    },
    /// No queue is bound where the messages went.
    #[error("no queue takes {} message(s), first {}; run: fleet topology check", message_ids.len(), first(message_ids))]
    Returned {
        /// The messages that came back.
        message_ids: Vec<String>,
    },
    /// The message may not be published at all; nothing of the call was sent.
    #[error("message {message_id} may not be published: {problem}; this is a fault in the program")]
    Invalid {
        /// The message.
        message_id: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// One call has too many messages; nothing was sent.
    #[error("{messages} messages in one call are more than {limit}; publish them in several calls")]
    TooMany {
        /// How many there were.
        messages: usize,
        /// The limit.
        limit: usize,
    },
    /// The publisher was shut down.
    #[error("the publisher is shut down; publish again after the restart with the same message_id")]
    Stopped,
}

fn first(message_ids: &[String]) -> &str {
    message_ids.first().map_or("none", String::as_str)
}

/// Why the topology is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TopologyError {
    /// The broker could not be asked.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// What the broker has differs from what the fleet needs.
    #[error("the broker's topology differs in {} place(s):{}", differences.len(), listed(differences))]
    Differs {
        /// Every difference, in the order of declaration.
        differences: Vec<Difference>,
    },
}

fn listed(differences: &[Difference]) -> String {
    differences.iter().map(|difference| format!("\n  - {difference}")).collect()
}
