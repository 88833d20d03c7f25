//! Whose configuration a look at everything includes.

use clap::{Args, ValueEnum, builder::PossibleValue};

use super::Role;

/// Whose keys are checked beside the doctor's own.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The processes that run with this configuration; without one, no role's own keys are looked at.
    #[arg(value_enum, value_name = "PROCESS")]
    pub members: Vec<Member>,
}

/// One process of the fleet that stays up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Member {
    /// `fleet work` in this role.
    Work(Role),
    /// `fleet intake`.
    Intake,
    /// `fleet advisor`.
    Advisor,
}

impl ValueEnum for Member {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Work(Role::Sms),
            Self::Work(Role::Email),
            Self::Work(Role::Dial),
            Self::Work(Role::Fallback),
            Self::Work(Role::Dead),
            Self::Work(Role::Cancel),
            Self::Work(Role::Bounces),
            Self::Work(Role::Webhooks),
            Self::Intake,
            Self::Advisor,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Work(role) => role.to_possible_value(),
            Self::Intake => Some(PossibleValue::new("intake").help("`fleet intake`")),
            Self::Advisor => Some(PossibleValue::new("advisor").help("`fleet advisor`")),
        }
    }
}
