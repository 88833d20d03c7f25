//! What each role of a process needs: its settings and its queues.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    num::NonZeroU64,
    sync::Arc,
    time::Duration,
};

use closure_contract::{Channel, Provider, topology::WorkQueue};
use closure_policy::{gateway::receipt_due::ReceiptDue, rulebook::CompiledRulebook};
use closure_providers::{AriDial, BounceAddresses, DkimSigner, Smtp};

use crate::{
    cli::Role,
    config::{
        self, BounceSettings, DialSettings, FallbackSettings, InquirySettings, WebhooksSettings,
        WorkerSettings,
    },
    gateways::{pool::Gateways, rate_limit::Rates},
    workers::dead,
};

/// The settings of the roles that were asked for; nothing is read for the others.
pub(super) struct RoleSettings {
    pub(super) sms: Option<SmsSettings>,
    pub(super) email: Option<EmailSettings>,
    pub(super) dial: Option<(Arc<AriDial>, DialSettings)>,
    pub(super) fallback: Option<FallbackSettings>,
    pub(super) bounces: Option<BounceSettings>,
    pub(super) webhooks: Option<WebhooksSettings>,
}

/// What the SMS role needs.
pub(super) struct SmsSettings {
    pub(super) gateways: Gateways,
    pub(super) rates: Rates,
    pub(super) quotas: Vec<(Provider, Option<NonZeroU64>)>,
    pub(super) inquiries: InquirySettings,
    pub(super) receipt_dues: HashMap<Provider, ReceiptDue>,
}

/// What the email role needs.
pub(super) struct EmailSettings {
    pub(super) smtp: Arc<Smtp>,
    pub(super) message_id_domain: String,
    pub(super) bounces: Option<BounceAddresses>,
    pub(super) signer: Option<DkimSigner>,
}

/// The rules' settings of these roles; one that sends abroad must say to which countries.
fn rulebook_of(source: &mut config::Source<'_>, roles: &BTreeSet<Role>) -> CompiledRulebook {
    if roles.contains(&Role::Sms) || roles.contains(&Role::Dial) {
        config::sending_rulebook(source)
    } else {
        config::rulebook(source)
    }
}

/// What a worker reads of the configuration besides broker and database.
pub(super) struct WorkSettings {
    pub(super) rulebook: CompiledRulebook,
    pub(super) templates_refresh: Duration,
    pub(super) worker: WorkerSettings,
    pub(super) health_listen: Option<SocketAddr>,
    pub(super) roles: RoleSettings,
}

/// Reads what a worker of these roles needs; `concurrency` from the command line wins.
pub(super) fn work_settings(
    source: &mut config::Source<'_>,
    roles: &BTreeSet<Role>,
    concurrency: Option<u16>,
) -> WorkSettings {
    WorkSettings {
        rulebook: rulebook_of(source, roles),
        templates_refresh: config::templates_refresh(source),
        worker: config::worker(source, concurrency),
        health_listen: config::health(source),
        roles: role_settings(source, roles),
    }
}

/// Reads the settings of these roles.
pub(super) fn role_settings(source: &mut config::Source<'_>, roles: &BTreeSet<Role>) -> RoleSettings {
    let mut settings =
        RoleSettings { sms: None, email: None, dial: None, fallback: None, bounces: None, webhooks: None };
    if roles.contains(&Role::Sms) {
        let (rates, quotas) = (config::rates(source), config::quotas(source));
        let (inquiries, receipt_dues) = (config::inquiries(source), config::receipt_dues(source));
        settings.sms = Gateways::new(config::sms(source)).map(|gateways| SmsSettings {
            gateways,
            rates,
            quotas,
            inquiries,
            receipt_dues,
        });
    }
    if roles.contains(&Role::Email) {
        let email = config::email(source);
        let message_id_domain = config::message_id_domain(source);
        let bounces = config::bounce_addresses(source);
        let signer = config::dkim(source);
        match Smtp::new(&email) {
            Ok(smtp) => {
                let smtp = Arc::new(smtp);
                settings.email = Some(EmailSettings { smtp, message_id_domain, bounces, signer });
            }
            Err(problem) => source.refuse(format!("`email`: {problem}")),
        }
    }
    if roles.contains(&Role::Dial) {
        let dial = config::dial(source);
        match AriDial::new(dial.ari.clone()) {
            Ok(ari) => settings.dial = Some((Arc::new(ari), dial)),
            Err(problem) => source.refuse(format!("`dial.ari`: {problem}")),
        }
    }
    if roles.contains(&Role::Fallback) {
        settings.fallback = Some(config::fallback(source));
    }
    if roles.contains(&Role::Bounces) {
        settings.bounces = config::bounces(source);
    }
    if roles.contains(&Role::Webhooks) {
        settings.webhooks = config::webhooks(source);
    }
    settings
}

/// The queues that these roles consume.
pub(super) fn queues(roles: &BTreeSet<Role>) -> Vec<&'static str> {
    roles
        .iter()
        .flat_map(|role| match role {
            Role::Sms => vec![WorkQueue::Jobs(Channel::Sms).name()],
            Role::Email => vec![WorkQueue::Jobs(Channel::Email).name()],
            Role::Dial => vec![WorkQueue::Jobs(Channel::Dial).name()],
            Role::Fallback => vec![WorkQueue::Receipts.name()],
            Role::Dead => dead::queues(),
            Role::Cancel => vec![WorkQueue::Cancels.name()],
            // It reads a maildir.
            Role::Bounces => Vec::new(),
            Role::Webhooks => vec![WorkQueue::Webhooks.name()],
        })
        .collect()
}

/// These roles by name, for people.
pub(super) fn name(roles: &BTreeSet<Role>) -> String {
    roles.iter().map(|role| format!("{role:?}").to_lowercase()).collect::<Vec<_>>().join(" ")
}
