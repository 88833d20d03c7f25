//! Whose configuration a look at everything includes.

use clap::{Args, ValueEnum};

use super::Role;

/// Whose keys are checked beside the doctor's own.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The processes that run with this configuration; without one, no role's own keys are looked at.
    #[arg(value_enum, value_name = "PROCESS")]
    pub members: Vec<Member>,
}

/// One process of the fleet that stays up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Member {
    /// `fleet work sms`.
    Sms,
    /// `fleet work email`.
    Email,
    /// `fleet work dial`.
    Dial,
    /// `fleet work fallback`.
    Fallback,
    /// `fleet work dead`.
    Dead,
    /// `fleet work cancel`.
    Cancel,
    /// `fleet work bounces`.
    Bounces,
    /// `fleet intake`.
    Intake,
    /// `fleet advisor`.
    Advisor,
}

impl Member {
    /// The role that it works in; the two doors have none.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Sms => Some(Role::Sms),
            Self::Email => Some(Role::Email),
            Self::Dial => Some(Role::Dial),
            Self::Fallback => Some(Role::Fallback),
            Self::Dead => Some(Role::Dead),
            Self::Cancel => Some(Role::Cancel),
            Self::Bounces => Some(Role::Bounces),
            Self::Intake | Self::Advisor => None,
        }
    }
}
