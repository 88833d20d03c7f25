//! The CRM's webhook.

use std::time::Duration;

use closure_providers::{Webhook, WebhookSettings};

use super::{
    sections::{pem, plain_http},
    source::Source,
};

/// The role that carries outcomes to the CRM's webhook.
pub struct WebhooksSettings {
    pub webhook: Webhook,
    /// Requests under way at once.
    pub connections_max: usize,
    /// How long an outcome may wait in hand.
    pub in_hand_max: Duration,
}

/// Whoever gives everything back more often than this does nothing else.
const IN_HAND_MAX_MS_MIN: u64 = 1_000;

/// The role's settings; nothing is returned where an error was recorded.
pub fn webhooks(source: &mut Source<'_>) -> Option<WebhooksSettings> {
    let mut secrets = vec![source.require::<String>("webhooks.secret")];
    secrets.extend(source.maybe("webhooks.secret_next"));
    let settings = WebhookSettings {
        url: source.require("webhooks.url"),
        secrets,
        plain_http: plain_http(source),
        extra_roots_pem: pem(source, "webhooks.tls_ca"),
        connect_timeout_ms: source.value("webhooks.connect_timeout_ms"),
        total_timeout_ms: source.value("webhooks.total_timeout_ms"),
    };
    let connections_max = source.value("webhooks.connections_max");
    if connections_max == 0 {
        source.refuse("`webhooks.connections_max`: at least 1; with 0 no outcome is ever sent".to_owned());
    }
    let in_hand_max_ms = source.value("webhooks.in_hand_max_ms");
    if in_hand_max_ms < IN_HAND_MAX_MS_MIN {
        source.refuse(format!("`webhooks.in_hand_max_ms`: at least {IN_HAND_MAX_MS_MIN}"));
    }
    let in_hand_max = Duration::from_millis(in_hand_max_ms);
    // What is not there was recorded as missing.
    if settings.url.is_empty() || settings.secrets.iter().any(String::is_empty) {
        return None;
    }
    match Webhook::new(&settings) {
        Ok(webhook) => Some(WebhooksSettings { webhook, connections_max, in_hand_max }),
        Err(problem) => {
            source.refuse(format!("`webhooks`: {problem}"));
            None
        }
    }
}

/// Whether the CRM has a webhook, to which outcomes are to be led.
pub fn has_webhook(source: &mut Source<'_>) -> bool {
    source.maybe::<String>("webhooks.url").is_some()
}
