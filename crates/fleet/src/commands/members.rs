//! The keys of a process that stays up, read as it reads them itself.

use std::{collections::BTreeSet, sync::Arc};

use closure_providers::AriDial;

use super::{
    Invocation,
    roles::{role_settings, rulebook_of},
};
use crate::{
    cli::{Member, Role},
    config::{self, ConfigError, DialSettings},
};

/// What a process of this kind would say of its configuration before it opens anything.
///
/// Broker and database are left out: each process has users of its own there, and we have their addresses only.
pub(super) fn check(invocation: &Invocation, member: Member) -> Result<(), ConfigError> {
    config::load(invocation.config.as_ref(), |source| match member {
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

/// The PBX of the role dial; nothing where its keys are wrong.
pub(super) fn pbx(invocation: &Invocation) -> Option<(Arc<AriDial>, DialSettings)> {
    let roles = BTreeSet::from([Role::Dial]);
    config::load(invocation.config.as_ref(), |source| role_settings(source, &roles)).ok()?.dial
}

fn work(source: &mut config::Source<'_>, role: Role) {
    let roles = BTreeSet::from([role]);
    rulebook_of(source, &roles);
    role_settings(source, &roles);
}
