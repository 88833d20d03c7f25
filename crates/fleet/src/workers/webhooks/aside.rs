//! Why an outcome was set aside, on its way to the dead-letter desk: the routing key of the fanout says it.

use std::fmt;

/// The last try of an outcome that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aside {
    /// What the webhook answered; nothing where it gave no answer.
    pub status: Option<u16>,
    /// How often it was tried.
    pub tries: u32,
}

/// In the place of a status.
const SILENT: &str = "silent";

impl Aside {
    /// The reason as a routing key, such as `422.3`.
    pub fn routing_key(self) -> String {
        let answer = self.status.map_or_else(|| SILENT.to_owned(), |status| status.to_string());
        format!("{answer}.{}", self.tries)
    }

    /// The reason that a routing key says; nothing where the webhooks worker did not write it.
    pub fn read(routing_key: &str) -> Option<Self> {
        let (answer, tries) = routing_key.split_once('.')?;
        let status = if answer == SILENT { None } else { Some(answer.parse().ok()?) };
        Some(Self { status, tries: tries.parse().ok()? })
    }
}

impl fmt::Display for Aside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "the webhook answered {status}")?,
            None => f.write_str("the webhook gave no answer")?,
        }
        write!(f, " at the last of {} tries, and took other outcomes meanwhile", self.tries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_as_it_was_written() {
        for reason in [Aside { status: Some(422), tries: 3 }, Aside { status: None, tries: 40 }] {
            assert_eq!(Aside::read(&reason.routing_key()), Some(reason));
        }
        for foreign in ["", "sms.delivered", "silent", "silent.", "silent.often", "422"] {
            assert_eq!(Aside::read(foreign), None, "{foreign}");
        }
    }
}
