//! The HTTP client that every adapter shares: one request, with limits, and an honest account of how it failed.

use std::time::Duration;

use closure_contract::Timestamp;
use reqwest::{Certificate, Client, RequestBuilder, Response, Url, header::RETRY_AFTER, redirect, retry};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use crate::{
    addresses::{Addresses, PublicResolver},
    config::{ConfigError, PlainHttp, gateway_url, positive},
    distrust::Distrust,
};

/// A longer wait than this is not believed.
const RETRY_AFTER_MS_MAX: u64 = 3_600_000;
/// A parked connection is not used again after this time, because the other side may be closing it,
/// and a request that dies with its connection is in doubt.
const POOL_IDLE_MS: u64 = 4_000;
/// At most this many connections are parked for each host.
const POOL_CONNECTIONS_MAX: usize = 1_000;
/// An answer has at most this many headers.
const HEADERS_MAX: usize = 64;

/// How a gateway is reached.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Scheme and host, such as `https://sms.api.nhncloudservice.com`.
    pub base_url: String,
    /// Where plain HTTP may go.
    pub plain_http: PlainHttp,
    /// Where its host may be.
    pub addresses: Addresses,
    /// How long a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long the gateway may be silent while it answers, in milliseconds.
    pub read_timeout_ms: u64,
    /// How long a request may take, in milliseconds.
    pub total_timeout_ms: u64,
    /// How large an answer may be, in bytes.
    pub body_bytes_max: usize,
}

/// The limits of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HttpLimits {
    pub(crate) connect_timeout_ms: u64,
    /// Between two pieces of an answer, and before the first.
    pub(crate) read_timeout_ms: u64,
    pub(crate) total_timeout_ms: u64,
    pub(crate) body_bytes_max: usize,
}

/// A client of one service.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    client: Client,
    limits: HttpLimits,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after_ms: Option<u64>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The connection was never made, so nothing was sent.
    NotSent,
    /// TLS failed, so nothing was sent.
    Distrusted(Distrust),
    /// The request could not be built, so nothing was sent.
    Unbuildable,
    /// The time was up after the request had begun.
    TimedOut,
    /// The connection broke after the request had begun.
    Broken,
    /// The answer was larger than the limit.
    TooLarge,
}

impl NoAnswer {
    /// For people: no URL, because it holds the account's key.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::NotSent => "no connection; nothing was sent",
            Self::Distrusted(distrust) => distrust.what(),
            Self::Unbuildable => "the request could not be built; nothing was sent",
            Self::TimedOut => "the time was up before the answer was complete",
            Self::Broken => "the connection broke before the answer was complete",
            Self::TooLarge => "the answer was larger than the limit",
        }
    }

    /// Whether the other side may have the request.
    pub(crate) fn was_sent(self) -> bool {
        match self {
            Self::NotSent | Self::Distrusted(_) | Self::Unbuildable => false,
            Self::TimedOut | Self::Broken | Self::TooLarge => true,
        }
    }
}

impl Http {
    /// A gateway's client and its base URL.
    pub(crate) fn of_gateway(
        service: &'static str,
        settings: &HttpSettings,
    ) -> Result<(Self, Url), ConfigError> {
        let base = gateway_url(service, &settings.base_url, settings.plain_http, settings.addresses)?;
        let limits = HttpLimits {
            connect_timeout_ms: settings.connect_timeout_ms,
            read_timeout_ms: settings.read_timeout_ms,
            total_timeout_ms: settings.total_timeout_ms,
            body_bytes_max: settings.body_bytes_max,
        };
        Ok((Self::new(service, limits, settings.addresses, None)?, base))
    }

    pub(crate) fn new(
        service: &'static str,
        limits: HttpLimits,
        addresses: Addresses,
        extra_roots_pem: Option<&str>,
    ) -> Result<Self, ConfigError> {
        positive(service, "connect_timeout_ms", limits.connect_timeout_ms)?;
        positive(service, "read_timeout_ms", limits.read_timeout_ms)?;
        positive(service, "total_timeout_ms", limits.total_timeout_ms)?;
        positive(service, "body_bytes_max", limits.body_bytes_max as u64)?;
        if limits.connect_timeout_ms >= limits.total_timeout_ms {
            let problem = "must be less than `total_timeout_ms`, so that a failed connection is seen as one";
            return Err(ConfigError::Setting { service, key: "connect_timeout_ms", problem });
        }
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(ConfigError::NoTlsProvider { service });
        }
        let mut builder = Client::builder()
            .user_agent(concat!("closure-fleet/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
            .read_timeout(Duration::from_millis(limits.read_timeout_ms))
            .timeout(Duration::from_millis(limits.total_timeout_ms))
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .http1_max_headers(HEADERS_MAX)
            .pool_idle_timeout(Duration::from_millis(POOL_IDLE_MS))
            .pool_max_idle_per_host(POOL_CONNECTIONS_MAX);
        if addresses == Addresses::Public {
            builder = builder.dns_resolver(PublicResolver);
        }
        let unusable =
            |error: reqwest::Error| ConfigError::Client { service, problem: error.without_url().to_string() };
        if let Some(pem) = extra_roots_pem {
            let roots = Certificate::from_pem_bundle(pem.as_bytes()).map_err(unusable)?;
            if roots.is_empty() {
                let problem = "the file has no certificate; name a PEM file".to_owned();
                return Err(ConfigError::Client { service, problem });
            }
            builder = builder.tls_certs_merge(roots);
        }
        let client = builder.build().map_err(unusable)?;
        Ok(Self { client, limits })
    }

    pub(crate) fn get(&self, url: Url) -> RequestBuilder {
        self.client.get(url)
    }

    pub(crate) fn post(&self, url: Url) -> RequestBuilder {
        self.client.post(url)
    }

    pub(crate) fn delete(&self, url: Url) -> RequestBuilder {
        self.client.delete(url)
    }

    pub(crate) fn longest_request_ms(&self) -> u64 {
        self.limits.total_timeout_ms
    }

    /// One request, one answer; the body is read as a stream and never beyond the limit.
    pub(crate) async fn run(&self, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        let mut response = request.send().await.map_err(|error| no_answer(&error))?;
        let (status, retry_after_ms) = head(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))? {
            if body.len() + chunk.len() > self.limits.body_bytes_max {
                return Err(NoAnswer::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, retry_after_ms, body })
    }

    /// One request of whose answer the head is enough: whatever becomes of the rest, it was said.
    ///
    /// Of the rest so much is kept as the limit allows; what is within it is read, so that the connection can be used
    /// again.
    pub(crate) async fn glance(&self, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        let mut response = request.send().await.map_err(|error| no_answer(&error))?;
        let (status, retry_after_ms) = head(&response);
        let mut body = Vec::new();
        while let Ok(Some(chunk)) = response.chunk().await {
            let room = self.limits.body_bytes_max - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                break;
            }
        }
        Ok(Answer { status, retry_after_ms, body })
    }
}

/// The status of an answer, and how long it asks us to wait.
fn head(response: &Response) -> (u16, Option<u64>) {
    let asked = response
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| retry_after_ms(value, Timestamp::now()));
    (response.status().as_u16(), asked)
}

/// A URL below a base, each segment percent-encoded.
pub(crate) fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    if error.is_connect() {
        Distrust::of(error).map_or(NoAnswer::NotSent, NoAnswer::Distrusted)
    } else if error.is_builder() {
        NoAnswer::Unbuildable
    } else if error.is_timeout() {
        NoAnswer::TimedOut
    } else {
        NoAnswer::Broken
    }
}

/// Seconds or an HTTP date, as milliseconds from now, within reason.
fn retry_after_ms(value: &str, now: Timestamp) -> Option<u64> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse::<u64>().unwrap_or(u64::MAX);
        return Some(seconds.saturating_mul(1_000).min(RETRY_AFTER_MS_MAX));
    }
    let at = OffsetDateTime::parse(value, &Rfc2822).ok()?;
    let wait_ms = (at - now.0).whole_milliseconds().max(0);
    Some(u64::try_from(wait_ms).unwrap_or(u64::MAX).min(RETRY_AFTER_MS_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_wait_is_read_from_seconds_and_from_dates_and_never_exceeds_an_hour() {
        let now = Timestamp(datetime!(2026-07-01 12:00:00 UTC));
        for (value, wait_ms) in [
            ("1", Some(1_000)),
            (" 120 ", Some(120_000)),
            ("0", Some(0)),
            ("999999999999999999999999", Some(3_600_000)),
            ("Wed, 01 Jul 2026 12:00:30 GMT", Some(30_000)),
            ("Wed, 01 Jul 2026 11:00:00 GMT", Some(0)),
            ("Fri, 01 Jul 2033 11:00:00 GMT", Some(3_600_000)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after_ms(value, now), wait_ms, "{value}");
        }
    }

    #[test]
    fn a_path_segment_cannot_leave_its_place() {
        let base = Url::parse("https://example.com/root/").expect("a URL");
        assert_eq!(below(&base, &["a/b", "c?d"]).as_str(), "https://example.com/root/a%2Fb/c%3Fd");
    }
}
