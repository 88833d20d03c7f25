//! Who does something and why, as far as a command puts it on record.

use super::{Command, Dead, FallbackHoldCommand, Suppress, template::Template};

impl Command {
    /// The actor and the reason that go on record, if this command writes any.
    pub fn signature(&self) -> Option<(&str, &str)> {
        match self {
            Self::Dead(Dead::Replay(settle) | Dead::Discard(settle) | Dead::AnswerByEmail(settle)) => {
                Some((&settle.actor, &settle.reason))
            }
            Self::Template(
                Template::Add { by, .. }
                | Template::Import { by, .. }
                | Template::Submit { by, .. }
                | Template::Approve { by, .. }
                | Template::Revoke { by, .. },
            )
            | Self::FallbackHold(FallbackHoldCommand::Release { by, .. })
            | Self::Suppress(Suppress::Add { by, .. } | Suppress::Remove { by, .. }) => {
                Some((&by.actor, &by.reason))
            }
            Self::Cancel(cancel) => Some((&cancel.actor, &cancel.reason)),
            Self::Dead(Dead::List { .. } | Dead::Show { .. })
            | Self::Template(Template::List | Template::Show(_) | Template::Test { .. })
            | Self::FallbackHold(FallbackHoldCommand::List)
            | Self::Suppress(Suppress::List { .. })
            | Self::Work(_)
            | Self::Intake
            | Self::Advisor
            | Self::Enqueue(_)
            | Self::Explain(_)
            | Self::Show { .. }
            | Self::Gateways(_)
            | Self::Topology(_)
            | Self::Migrate
            | Self::Doctor(_)
            | Self::Outcomes(_)
            | Self::Schema { .. }
            | Self::Rules { .. }
            | Self::Keys
            | Self::Codes
            | Self::Words { .. }
            | Self::Probe { .. }
            | Self::Completions { .. } => None,
        }
    }
}
