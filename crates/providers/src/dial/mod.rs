//! Calls through Asterisk's REST interface (ARI): the agent's phone rings first, then the dialplan dials the customer.
//!
//! Our reference of the attempt is the channel's id.
//! As long as the call lives the PBX refuses the same id again (409); once it has ended it would ring again,
//! so nobody may call [`AriDial::place`] a second time without having looked.

mod answers;
mod check;

use std::{fmt, sync::Arc, time::Duration};

use closure_contract::{
    ClientRef, FailureCode, Timestamp,
    facts::calls::{ChannelPresence, ChannelState},
};
use reqwest::{RequestBuilder, Url};
use serde::{Deserialize, Serialize};

use crate::{
    addresses::Addresses,
    config::{ConfigError, PlainHttp, base_url, token},
    handover::Handover,
    http::{Answer, Http, HttpLimits, NoAnswer, below},
    sender::{Accepted, SendFailure},
};

pub use check::PbxFault;

use answers::{Originated, allocation_failed, harmless, is_no_channel, originated, unreachable_pbx};

const SERVICE: &str = "ARI";
/// An agent's phone rings at most this long, in seconds.
const RING_TIMEOUT_S_MAX: u32 = 120;
/// What follows the outside line: long enough that no emergency number fits.
const DIALLED_DIGITS: std::ops::RangeInclusive<usize> = 4..=22;
const EXTENSION_DIGITS: std::ops::RangeInclusive<usize> = 2..=10;

/// How to reach the PBX.
#[derive(Clone)]
pub struct AriSettings {
    /// Scheme, host and port, such as `https://pbx.example.com:8089`; `/ari` is added where it is missing.
    pub base_url: String,
    /// Where plain HTTP may go.
    pub plain_http: PlainHttp,
    /// The ARI user; it needs the right to write.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The dialplan's context that dials the customer.
    pub context: String,
    /// The channel technology of the agents' phones, such as `PJSIP`.
    pub technology: String,
    /// The authority of the PBX's certificate in PEM, besides the public ones.
    pub extra_roots_pem: Option<String>,
    /// Our own number, which the carrier sees, in digits.
    pub trunk_caller_id: String,
    /// The digits that reach an outside line; every dial string begins with them.
    pub outside_line: String,
    /// How long the agent's phone rings, in seconds.
    pub ring_timeout_s: u32,
    /// How long a connection may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a request may take, in milliseconds.
    pub total_timeout_ms: u64,
    /// How large an answer may be, in bytes.
    pub body_bytes_max: usize,
}

impl fmt::Debug for AriSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AriSettings")
            .field("base_url", &self.base_url)
            .field("plain_http", &self.plain_http)
            .field("context", &self.context)
            .field("technology", &self.technology)
            .field("ring_timeout_s", &self.ring_timeout_s)
            .finish_non_exhaustive()
    }
}

/// One call.
#[derive(Clone)]
pub struct Call {
    /// Our name for this attempt, and the channel's id.
    pub channel_id: ClientRef,
    /// The agent's phone.
    pub extension: String,
    /// What the dialplan dials, with the outside line.
    pub dial_string: String,
    /// From then on no customer is called, even if a phone answers by itself.
    pub fresh_until: Option<Timestamp>,
    /// Asked right before a phone is made to ring: another worker may have taken the call over.
    pub handover: Arc<Handover>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("channel_id", &self.channel_id).finish_non_exhaustive()
    }
}

/// The ARI adapter.
#[derive(Clone)]
pub struct AriDial {
    http: Http,
    base: Url,
    settings: AriSettings,
}

impl fmt::Debug for AriDial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AriDial(masked)")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Originate<'a> {
    endpoint: &'a str,
    context: &'a str,
    extension: &'a str,
    priority: u32,
    channel_id: &'a str,
    timeout: u32,
    variables: Variables<'a>,
}

/// The agent's display shows the customer and the carrier sees our line;
/// `callerId` would set both to the same number, which carriers refuse.
#[derive(Serialize)]
struct Variables<'a> {
    #[serde(rename = "C2C_JOB")]
    job: &'a str,
    #[serde(rename = "CONNECTEDLINE(num)")]
    connected_line: &'a str,
    #[serde(rename = "CALLERID(num)")]
    caller_id: &'a str,
    /// In seconds since 1970, which the dialplan compares with its own clock.
    #[serde(rename = "C2C_FRESH_UNTIL", skip_serializing_if = "Option::is_none")]
    fresh_until: Option<String>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(default)]
    state: Option<String>,
    channel_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Channel {
    id: String,
    state: String,
}

impl Endpoint {
    fn is_offline(&self) -> bool {
        self.state.as_deref() == Some("offline")
    }
}

impl AriDial {
    /// An adapter, or what is wrong with the settings; no connection is made.
    pub fn new(settings: AriSettings) -> Result<Self, ConfigError> {
        let setting = |key, problem| ConfigError::Setting { service: SERVICE, key, problem };
        let mut base = base_url(SERVICE, &settings.base_url, settings.plain_http)?;
        if base.path_segments().and_then(|mut path| path.rfind(|segment| !segment.is_empty())) != Some("ari")
        {
            base = below(&base, &["ari"]);
        }
        token(SERVICE, "username", &settings.username)?;
        token(SERVICE, "password", &settings.password)?;
        token(SERVICE, "context", &settings.context)?;
        if settings.username.contains(':') {
            return Err(setting("username", "must not hold a colon"));
        }
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_word(&settings.technology) {
            return Err(setting("technology", "must be a word such as PJSIP"));
        }
        for (key, digits) in
            [("trunk_caller_id", &settings.trunk_caller_id), ("outside_line", &settings.outside_line)]
        {
            if digits.is_empty() || !is_digits(digits) {
                return Err(setting(key, "must be digits"));
            }
        }
        if settings.ring_timeout_s == 0 || settings.ring_timeout_s > RING_TIMEOUT_S_MAX {
            return Err(setting("ring_timeout_s", "must be 1 to 120 seconds"));
        }
        let limits = HttpLimits {
            connect_timeout_ms: settings.connect_timeout_ms,
            // Its answers are short, so that the whole time is the one that counts.
            read_timeout_ms: settings.total_timeout_ms,
            total_timeout_ms: settings.total_timeout_ms,
            body_bytes_max: settings.body_bytes_max,
        };
        let http = Http::new(SERVICE, limits, Addresses::Any, settings.extra_roots_pem.as_deref())?;
        Ok(Self { http, base, settings })
    }

    /// Whether the call lives now.
    pub async fn channel(&self, channel_id: ClientRef) -> Result<ChannelPresence, SendFailure> {
        let url = below(&self.base, &["channels", &channel_id.to_string()]);
        let answer = self.run(self.http.get(url)).await.map_err(unreachable_pbx)?;
        match answer.status {
            200 => {
                let channel: Channel = serde_json::from_slice(&answer.body)
                    .map_err(|_| failure(FailureCode::PbxUnavailable, "the PBX's answer makes no sense"))?;
                Ok(ChannelPresence::Alive { state: channel_state(&channel.state) })
            }
            // Any other 404 says that ARI is off, or that our address is not ARI's, and nothing of a call.
            404 if is_no_channel(&answer.body) => Ok(ChannelPresence::Gone),
            _ => Err(harmless(&answer)),
        }
    }

    /// Ends the call; one that has already ended is well too.
    pub async fn hang_up(&self, channel_id: ClientRef) -> Result<(), SendFailure> {
        let url = below(&self.base, &["channels", &channel_id.to_string()]);
        let answer = self.run(self.http.delete(url)).await.map_err(unreachable_pbx)?;
        match answer.status {
            200..=299 => Ok(()),
            404 if is_no_channel(&answer.body) => Ok(()),
            _ => Err(harmless(&answer)),
        }
    }

    /// Looks at the agent's phone without making it ring.
    pub async fn look_at_phone(&self, call: &Call) -> Result<AgentPhone, SendFailure> {
        self.check_digits(call)?;
        let endpoint = self.endpoint(&call.extension).await?;
        let channel_id = call.channel_id.to_string();
        if endpoint.channel_ids.contains(&channel_id) {
            return Ok(AgentPhone::InThisCall);
        }
        if endpoint.is_offline() {
            return Err(failure(FailureCode::AgentOffline, "the agent's phone is not registered"));
        }
        if !endpoint.channel_ids.is_empty() {
            return Err(failure(FailureCode::AgentBusy, "the agent's phone is on another call"));
        }
        Ok(AgentPhone::Free)
    }

    async fn endpoint(&self, extension: &str) -> Result<Endpoint, SendFailure> {
        let url = below(&self.base, &["endpoints", &self.settings.technology, extension]);
        let answer = self.run(self.http.get(url)).await.map_err(unreachable_pbx)?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body)
                .map_err(|_| failure(FailureCode::PbxUnavailable, "the PBX's answer makes no sense")),
            404 if answers::is_no_endpoint(&answer.body) => {
                // The PBX says the same of a phone and of a whole technology that it does not know.
                self.has_technology().await?;
                Err(failure(FailureCode::AgentOffline, "the PBX does not know the agent's phone"))
            }
            _ => Err(harmless(&answer)),
        }
    }

    /// Makes the agent's phone ring, if the call is still our own; whoever asks has looked at the phone.
    pub async fn place(&self, call: &Call) -> Result<Accepted, SendFailure> {
        let longest = Duration::from_millis(self.longest_request_ms());
        let begun = call.handover.begin(longest).await;
        begun.map_err(|late| failure(FailureCode::StaleClick, &late.to_string()))?;
        let channel_id = call.channel_id.to_string();
        let dialled = call.dial_string.strip_prefix(&self.settings.outside_line).unwrap_or_default();
        let request = Originate {
            endpoint: &format!("{}/{}", self.settings.technology, call.extension),
            context: &self.settings.context,
            extension: &call.dial_string,
            priority: 1,
            channel_id: &channel_id,
            timeout: self.settings.ring_timeout_s,
            variables: Variables {
                job: &channel_id,
                connected_line: dialled,
                caller_id: &self.settings.trunk_caller_id,
                fresh_until: call.fresh_until.map(|until| until.0.unix_timestamp().to_string()),
            },
        };
        let url = below(&self.base, &["channels"]);
        let answer = self.run(self.http.post(url).json(&request)).await.map_err(|lost| match lost {
            NoAnswer::NotSent | NoAnswer::Distrusted(_) => unreachable_pbx(lost),
            NoAnswer::Unbuildable => failure(FailureCode::PbxRefused, lost.what()),
            NoAnswer::TimedOut | NoAnswer::Broken | NoAnswer::TooLarge => {
                failure(FailureCode::CallInDoubt, lost.what())
            }
        })?;
        match originated(&answer, &channel_id)? {
            Originated::Placed => Ok(Accepted::under(Some(channel_id))),
            Originated::NoChannel => {
                // It proves that nothing rang; whose fault it is the phone tells.
                let endpoint = self.endpoint(&call.extension).await;
                let is_offline = match endpoint {
                    Ok(endpoint) => endpoint.is_offline(),
                    Err(problem) => problem.code == FailureCode::AgentOffline,
                };
                Err(allocation_failed(&answer, is_offline))
            }
        }
    }

    /// The longest that one request takes, in milliseconds; the one that makes a phone ring is not to be cut.
    pub fn longest_request_ms(&self) -> u64 {
        self.http.longest_request_ms()
    }

    async fn run(&self, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        self.http.run(self.signed(request)).await
    }

    /// For a question whose answer has no end that could be known beforehand.
    async fn glance(&self, request: RequestBuilder) -> Result<Answer, NoAnswer> {
        self.http.glance(self.signed(request)).await
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.settings.username, Some(&self.settings.password))
    }

    /// Only digits may reach the PBX: `&` in a dial string calls a second number, and `+` drops the agent.
    fn check_digits(&self, call: &Call) -> Result<(), SendFailure> {
        let dialled = call.dial_string.strip_prefix(&self.settings.outside_line);
        if !dialled.is_some_and(|rest| DIALLED_DIGITS.contains(&rest.len()) && is_digits(rest)) {
            let detail = "the dial string is not the outside line and 4 to 22 digits; nothing was sent";
            return Err(failure(FailureCode::PbxRefused, detail));
        }
        if !EXTENSION_DIGITS.contains(&call.extension.len()) || !is_digits(&call.extension) {
            return Err(failure(
                FailureCode::PbxRefused,
                "the extension is not 2 to 10 digits; nothing was sent",
            ));
        }
        Ok(())
    }
}

/// What the agent's phone is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentPhone {
    /// Nothing.
    Free,
    /// It is in this very call.
    InThisCall,
}

fn channel_state(text: &str) -> ChannelState {
    match text {
        "Down" | "Rsrvd" => ChannelState::Down,
        "Ring" | "Ringing" => ChannelState::Ringing,
        "Up" => ChannelState::Up,
        _ => ChannelState::Other,
    }
}

fn failure(code: FailureCode, detail: &str) -> SendFailure {
    SendFailure::new(code, detail)
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
