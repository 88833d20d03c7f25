//! The keys of a process that stays up, read as it reads them itself.

use std::{collections::BTreeSet, sync::Arc};

use closure_providers::AriDial;

use super::{
    Invocation,
    advisor::advisor_settings,
    bounces::bounces_settings,
    roles::{role_settings, work_settings},
    webhooks::webhooks_settings,
    work::intake_settings,
};
use crate::{
    cli::{Member, Role},
    config::{self, ConfigError, DialSettings},
};

/// What a process of this kind would say of its configuration before it opens anything.
///
/// Broker and database are left out: each process has users of its own there, and we have their addresses only.
pub(super) fn check(invocation: &Invocation, member: Member) -> Result<(), ConfigError> {
    config::load(invocation.config.as_ref(), |source| read(source, member))
}

/// What doctor's own keys have wrong, and what the processes would say besides.
pub(super) fn all_told(invocation: &Invocation, members: &[Member], mut problem: ConfigError) -> ConfigError {
    for more in members.iter().filter_map(|member| check(invocation, *member).err()) {
        for error in more.errors {
            if !problem.errors.contains(&error) {
                problem.errors.push(error);
            }
        }
    }
    problem
}

/// Reads by the very functions that the process itself begins with, so that it refuses nothing that is not told here.
fn read(source: &mut config::Source<'_>, member: Member) {
    config::log(source);
    match member {
        Member::Work(Role::Bounces) => drop(bounces_settings(source)),
        Member::Work(Role::Webhooks) => drop(webhooks_settings(source, None)),
        Member::Work(role) => drop(work_settings(source, &BTreeSet::from([role]), None)),
        Member::Advisor => drop(advisor_settings(source)),
        Member::Intake => drop(intake_settings(source)),
    }
}

/// The PBX of the role dial; nothing where its keys are wrong.
pub(super) fn pbx(invocation: &Invocation) -> Option<(Arc<AriDial>, DialSettings)> {
    let roles = BTreeSet::from([Role::Dial]);
    config::load(invocation.config.as_ref(), |source| role_settings(source, &roles)).ok()?.dial
}
