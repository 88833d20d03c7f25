//! The CRM's webhook: one signed POST of an outcome, as the Standard Webhooks specification has it.
//!
//! `webhook-id` is the outcome's id, `webhook-timestamp` the second of this try, and `webhook-signature` a
//! `v1,<base64 of HMAC-SHA256 over id.timestamp.body>` for each secret, separated by spaces
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_contract::Timestamp;
use reqwest::{Url, header::CONTENT_TYPE};
use ring::hmac;

use crate::{
    addresses::Addresses,
    config::{ConfigError, PlainHttp, base_url},
    http::{Http, HttpLimits},
};

const SERVICE: &str = "webhook";
const PREFIX: &str = "whsec_";
/// The specification asks for 24 to 64 bytes.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// The secret and, while it is being changed, the other one.
const SECRETS_MAX: usize = 2;
/// Only the status of an answer counts; of a longer body the rest is not read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Where outcomes go, and how they are signed.
#[derive(Clone)]
pub struct WebhookSettings {
    /// The endpoint: scheme, host, port and path.
    pub url: String,
    /// `whsec_` and the base64 of 24 to 64 bytes; two while one is being changed, and then both sign.
    pub secrets: Vec<String>,
    /// Whether plain HTTP may leave this machine.
    pub plain_http: PlainHttp,
    /// An authority that is trusted besides the public ones, in PEM.
    pub extra_roots_pem: Option<String>,
    /// Milliseconds for opening a connection.
    pub connect_timeout_ms: u64,
    /// Milliseconds for one whole request.
    pub total_timeout_ms: u64,
}

/// The endpoint.
#[derive(Clone)]
pub struct Webhook {
    http: Http,
    url: Url,
    signer: Signer,
}

/// What one try came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookReply {
    /// The endpoint answered.
    Answered {
        /// The answer's status.
        status: u16,
        /// How long it asks us to wait, in milliseconds.
        retry_after_ms: Option<u64>,
    },
    /// There is no answer.
    Silent {
        /// Whether the request may have reached the endpoint.
        was_sent: bool,
        /// What happened, for people.
        what: &'static str,
    },
}

/// Signs with every live secret.
#[derive(Clone)]
struct Signer(Vec<hmac::Key>);

impl Webhook {
    /// An endpoint whose settings are sound; no connection is opened.
    pub fn new(settings: &WebhookSettings) -> Result<Self, ConfigError> {
        let url = base_url(SERVICE, &settings.url, settings.plain_http)?;
        let limits = HttpLimits {
            connect_timeout_ms: settings.connect_timeout_ms,
            read_timeout_ms: settings.total_timeout_ms,
            total_timeout_ms: settings.total_timeout_ms,
            body_bytes_max: ANSWER_BYTES_MAX,
        };
        // The operator names it himself, and the CRM may well stand in a private network.
        let http = Http::new(SERVICE, limits, Addresses::Any, settings.extra_roots_pem.as_deref())?;
        Ok(Self { http, url, signer: Signer::new(&settings.secrets)? })
    }

    /// Posts a body as it is, once.
    pub async fn post(&self, id: &str, body: impl Into<Vec<u8>>) -> WebhookReply {
        let body = body.into();
        let timestamp = Timestamp::now().0.unix_timestamp();
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.signer.sign(id, timestamp, &body))
            .body(body);
        match self.http.glance(request).await {
            Ok(answer) => {
                WebhookReply::Answered { status: answer.status, retry_after_ms: answer.retry_after_ms }
            }
            Err(problem) => WebhookReply::Silent { was_sent: problem.was_sent(), what: problem.what() },
        }
    }
}

impl Signer {
    fn new(secrets: &[String]) -> Result<Self, ConfigError> {
        let setting = |problem| ConfigError::Setting { service: SERVICE, key: "secrets", problem };
        if secrets.is_empty() || secrets.len() > SECRETS_MAX {
            return Err(setting("must be one secret, or two while it is being changed"));
        }
        let key = |secret: &String| {
            let bytes = secret.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
            bytes
                .filter(|bytes| SECRET_BYTES.contains(&bytes.len()))
                .map(|bytes| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
                .ok_or_else(|| {
                    setting(
                        "must be whsec_ and the base64 of 24 to 64 bytes; make one with \
                         echo whsec_$(openssl rand -base64 32)",
                    )
                })
        };
        Ok(Self(secrets.iter().map(key).collect::<Result<_, _>>()?))
    }

    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signature = |key: &hmac::Key| {
            let mut said = hmac::Context::with_key(key);
            said.update(format!("{id}.{timestamp}.").as_bytes());
            said.update(body);
            format!("v1,{}", STANDARD.encode(said.sign()))
        };
        self.0.iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook(masked)")
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSettings").field("plain_http", &self.plain_http).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn signer(secrets: &[&str]) -> Result<Signer, ConfigError> {
        Signer::new(&secrets.iter().map(|secret| (*secret).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_signature_is_the_one_of_the_specifications_reference_libraries() {
        let said = signer(&[SECRET]).expect("a sound secret").sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(said, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn while_a_secret_is_being_changed_both_sign() {
        let other = format!("{PREFIX}{}", STANDARD.encode([7; 32]));
        let both = signer(&[SECRET, &other]).expect("two sound secrets").sign("a", 1, b"{}");
        let alone = |secret| signer(&[secret]).expect("a sound secret").sign("a", 1, b"{}");
        assert_eq!(both, format!("{} {}", alone(SECRET), alone(&other)));
    }

    #[test]
    fn a_secret_of_another_form_is_refused_and_never_repeated() {
        let short = format!("{PREFIX}{}", STANDARD.encode([7; 23]));
        let long = format!("{PREFIX}{}", STANDARD.encode([7; 65]));
        for wrong in [&SECRET[6..], "", "whsec_", "whsec_no base64!", &short, &long] {
            let problem = signer(&[wrong]).err().map(|problem| problem.to_string()).unwrap_or_default();
            assert!(problem.contains("whsec_ and the base64"), "{wrong}: {problem}");
            assert!(wrong.len() < 10 || !problem.contains(wrong), "{problem}");
        }
        assert!(signer(&[]).is_err() && signer(&[SECRET, SECRET, SECRET]).is_err());
    }

    #[test]
    fn outcomes_leave_this_machine_over_tls_alone_unless_the_network_is_said_to_be_trusted() {
        let settings = |url: &str| WebhookSettings {
            url: url.to_owned(),
            secrets: vec![SECRET.to_owned()],
            plain_http: PlainHttp::LoopbackOnly,
            extra_roots_pem: None,
            connect_timeout_ms: 1,
            total_timeout_ms: 2,
        };
        for url in ["http://crm.example.com/closure", "http://10.0.0.1/closure"] {
            let refused = Webhook::new(&settings(url)).err();
            assert_eq!(refused, Some(ConfigError::PlainText { service: SERVICE }), "{url}");
        }
        let refused = Webhook::new(&settings("https://user:hunter2@crm.example.com/")).err();
        assert_eq!(refused, Some(ConfigError::UrlExtras { service: SERVICE }));
    }
}
