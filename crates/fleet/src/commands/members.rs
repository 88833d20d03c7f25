//! The keys of a process that stays up, read as it reads them itself.

use std::collections::BTreeSet;

use super::{
    Call,
    roles::{role_settings, rulebook_of},
};
use crate::{
    cli::{Member, Role},
    config::{self, ConfigError},
};

/// What a process of this kind would say of its configuration before it opens anything.
///
/// Broker and database are left out: each process has users of its own there, and we have their addresses only.
pub(super) fn check(call: &Call, member: Member) -> Result<(), ConfigError> {
    config::load(call.config.as_ref(), |source| match member {
        Member::Work(Role::Bounces) => {
            config::bounces(source);
        }
        Member::Work(Role::Webhooks) => {
            config::webhooks(source);
        }
        Member::Work(role) => work(source, role),
        Member::Advisor => {
            config::advisor(source);
        }
        Member::Intake => {
            config::intake(source);
        }
    })
}

fn work(source: &mut config::Source<'_>, role: Role) {
    let roles = BTreeSet::from([role]);
    rulebook_of(source, &roles);
    role_settings(source, &roles);
}
