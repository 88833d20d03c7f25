//! When silence about a text counts, by the gateway that took it.

use std::collections::HashMap;

use closure_contract::{
    Provider, SmsJob,
    facts::texts::TextKind,
    job::{Scope, SmsBody},
};
use closure_policy::{
    explain::SmsPlan,
    gateway::{receipt_due::ReceiptDue, texts},
};
use closure_providers::Capabilities;

/// The times of all connected gateways.
#[derive(Debug, Clone)]
pub struct ReceiptsDue {
    /// The rulebook's, for whatever has none of its own.
    pub rulebook_ms: u64,
    /// Those of single gateways.
    pub gateways: HashMap<Provider, ReceiptDue>,
}

impl ReceiptsDue {
    /// The milliseconds after which this gateway's silence about a text counts.
    ///
    /// The rules may no longer let a text pass that was sent a while ago; its own words then say what kind it was.
    pub fn ms(&self, gateway: Provider, job: &SmsJob, plan: Option<&SmsPlan>) -> u64 {
        let (Some(due), Some(capabilities)) = (self.gateways.get(&gateway), Capabilities::of(gateway)) else {
            return self.rulebook_ms;
        };
        let limits = &capabilities.text_limits;
        let kind = match (plan, &job.sms.body) {
            (Some(plan), _) => texts::kind(limits, plan.scope, &plan.text, plan.subject.as_deref()),
            (None, SmsBody::Text(text)) => texts::kind(limits, job.scope, text, None),
            // Templates are approved for countries abroad.
            (None, SmsBody::Template { .. }) => match job.scope {
                Scope::Overseas => TextKind::Overseas,
                Scope::Domestic => TextKind::DomesticSms,
            },
        };
        due.ms(kind, plan.map(|plan| plan.country_code), self.rulebook_ms)
    }
}
