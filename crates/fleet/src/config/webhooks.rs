//! The CRM's webhook.

use closure_providers::{Webhook, WebhookSettings};

use super::{
    sections::{pem, plain_http},
    source::Source,
};

/// The role that carries outcomes to the CRM's webhook.
pub struct WebhooksSettings {
    /// The endpoint.
    pub webhook: Webhook,
    /// Requests under way at once.
    pub connections_max: usize,
}

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
    // What is not there was recorded as missing.
    if settings.url.is_empty() || settings.secrets.iter().any(String::is_empty) {
        return None;
    }
    match Webhook::new(&settings) {
        Ok(webhook) => Some(WebhooksSettings { webhook, connections_max }),
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
