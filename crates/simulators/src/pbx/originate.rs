//! The request to place a call: read, checked in Asterisk's order, and placed.

use std::{collections::HashMap, sync::Arc};

use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    ari::AriError,
    call::{self, NewCall},
    cel::LegFacts,
    check::CheckCall,
    switchboard::{Channel, ChannelState, NotAdded, Switchboard},
};

const CHANNEL_ID_CHARS_MAX: usize = 149;
const TIMEOUT_DEFAULT_S: i64 = 30;
/// A request without a time-out (-1) rings this long at most.
const TIMEOUT_MAX_S: i64 = 3_600;

/// The parameters, from the query or from the JSON body; the body wins.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OriginateBody {
    endpoint: Option<String>,
    extension: Option<String>,
    context: Option<String>,
    app: Option<String>,
    caller_id: Option<String>,
    timeout: Option<i64>,
    channel_id: Option<String>,
    #[serde(default)]
    variables: HashMap<String, Value>,
}

impl OriginateBody {
    /// The parameters of a request, with the id that the path may name.
    pub(super) fn read(
        query: &HashMap<String, String>,
        body: &[u8],
        path_id: Option<String>,
    ) -> Result<Self, AriError> {
        let body: Self = if body.is_empty() {
            Self::default()
        } else {
            serde_json::from_slice(body).map_err(|_| AriError::BadRequest("Invalid JSON body"))?
        };
        let asked = |name: &str| query.get(name).filter(|text| !text.is_empty()).cloned();
        let timeout = match asked("timeout") {
            Some(text) => Some(text.parse().map_err(|_| AriError::BadRequest("Invalid timeout"))?),
            None => None,
        };
        Ok(Self {
            endpoint: body.endpoint.or_else(|| asked("endpoint")),
            extension: body.extension.or_else(|| asked("extension")),
            context: body.context.or_else(|| asked("context")),
            app: body.app.or_else(|| asked("app")),
            caller_id: body.caller_id.or_else(|| asked("callerId")),
            timeout: body.timeout.or(timeout),
            channel_id: path_id.or(body.channel_id).or_else(|| asked("channelId")),
            variables: body.variables,
        })
    }

    /// The extension that the agent is to be connected with.
    pub(super) fn dialled(&self) -> &str {
        self.extension.as_deref().unwrap_or_default()
    }

    /// A call from the dialplan to itself, which rings no phone.
    pub(super) fn check_call(&self) -> Option<CheckCall> {
        let (extension, context) = self.endpoint.as_deref()?.strip_prefix("Local/")?.split_once('@')?;
        Some(CheckCall {
            channel_id: self.channel_id.clone().unwrap_or_default(),
            extension: extension.to_owned(),
            context: context.to_owned(),
        })
    }

    fn variable(&self, name: &str) -> Option<String> {
        match self.variables.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn timeout_ms(&self) -> u64 {
        let seconds = match self.timeout.unwrap_or(TIMEOUT_DEFAULT_S) {
            seconds if seconds < 0 => TIMEOUT_MAX_S,
            0 => TIMEOUT_DEFAULT_S,
            seconds => seconds.min(TIMEOUT_MAX_S),
        };
        u64::try_from(seconds).unwrap_or_default() * 1_000
    }
}

/// The checks that need no channel.
pub(super) fn check(body: &OriginateBody) -> Result<(), AriError> {
    let endpoint = body.endpoint.as_deref().unwrap_or_default();
    if endpoint.is_empty() {
        return Err(AriError::BadRequest("Endpoint must be specified"));
    }
    if !endpoint.contains('/') {
        return Err(AriError::BadRequest("Invalid endpoint specified"));
    }
    let somewhere = body.app.iter().chain(&body.extension).any(|text| !text.is_empty());
    if !somewhere {
        return Err(AriError::BadRequest("Application or extension must be specified"));
    }
    if body.channel_id.as_deref().is_some_and(|id| id.chars().count() > CHANNEL_ID_CHARS_MAX) {
        return Err(AriError::BadRequest("Uniqueid length exceeds maximum of 149"));
    }
    Ok(())
}

/// Places a call and answers its channel.
pub(super) fn place(board: &Arc<Switchboard>, body: &OriginateBody) -> Result<Channel, AriError> {
    check(body)?;
    let endpoint = body.endpoint.as_deref().unwrap_or_default();
    let extension = endpoint.strip_prefix("PJSIP/").unwrap_or_default();
    let agent = board.agent(extension);
    let (leg, channel) = first_leg(board, body, extension);
    let life = board.add_first(channel.clone(), agent).map_err(|reason| match reason {
        NotAdded::Exists => AriError::Conflict,
        NotAdded::NotRegistered | NotAdded::Full => AriError::AllocationFailed,
    })?;
    call::record_start(board, &leg);
    let shown_to_agent = body.variable("CONNECTEDLINE(num)").or_else(|| body.caller_id.clone());
    let shown_to_customer = body.variable("CALLERID(num)").or_else(|| body.caller_id.clone());
    let new = NewCall {
        agent,
        agent_extension: extension.to_owned(),
        dialled: body.dialled().to_owned(),
        context: channel.context.clone(),
        fresh_until_s: body.variable("C2C_FRESH_UNTIL").and_then(|text| text.parse().ok()),
        timeout_ms: body.timeout_ms(),
        shown_to_agent,
        shown_to_customer,
        agent_leg: leg,
        hang_up: channel.hang_up.clone(),
        life,
    };
    board.tasks.spawn(call::run(Arc::clone(board), new));
    Ok(channel)
}

fn first_leg(board: &Switchboard, body: &OriginateBody, extension: &str) -> (LegFacts, Channel) {
    let number = board.next_number();
    let context =
        body.context.clone().filter(|text| !text.is_empty()).unwrap_or_else(|| "default".to_owned());
    let id = body.channel_id.clone().filter(|id| !id.is_empty());
    let leg = LegFacts {
        unique_id: id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        channel_name: format!("PJSIP/{extension}-{number:08x}"),
        caller_number: extension.to_owned(),
        extension: body.dialled().to_owned(),
        context: context.clone(),
        application: "AppDial2",
        application_data: "(Outgoing Line)".to_owned(),
    };
    let channel = Channel {
        id: leg.unique_id.clone(),
        name: leg.channel_name.clone(),
        state: ChannelState::Down,
        agent_extension: Some(extension.to_owned()),
        context,
        extension: leg.extension.clone(),
        application: leg.application,
        created_at: OffsetDateTime::now_utc(),
        hang_up: CancellationToken::new(),
    };
    (leg, channel)
}
