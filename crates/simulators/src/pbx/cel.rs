//! Channel events in the form in which the PBX writes them to its database.

use serde::Serialize;
use serde_json::json;
use time::{OffsetDateTime, UtcOffset};

/// One row of the table `cel`.
#[derive(Clone, Serialize)]
pub(super) struct CelRow {
    eventtype: &'static str,
    #[serde(with = "time::serde::rfc3339")]
    eventtime: OffsetDateTime,
    userdeftype: &'static str,
    cid_name: &'static str,
    cid_num: String,
    cid_ani: String,
    cid_rdnis: &'static str,
    cid_dnid: &'static str,
    exten: String,
    context: String,
    channame: String,
    appname: &'static str,
    appdata: String,
    amaflags: i32,
    accountcode: &'static str,
    uniqueid: String,
    linkedid: String,
    userfield: &'static str,
    peer: String,
    extra: String,
}

/// A kind of channel event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CelEvent {
    ChanStart,
    Answer,
    AppStart,
    BridgeEnter,
    BridgeExit,
    Hangup { cause: u16, source_is_peer: bool, dial_status: &'static str },
    ChanEnd,
    LinkedIdEnd,
}

/// What a row says of the leg that it is about.
#[derive(Debug, Clone)]
pub(super) struct LegFacts {
    pub(super) unique_id: String,
    pub(super) channel_name: String,
    pub(super) caller_number: String,
    pub(super) extension: String,
    pub(super) context: String,
    pub(super) application: &'static str,
    pub(super) application_data: String,
}

/// What the rows of one call share.
#[derive(Debug, Clone)]
pub(super) struct CallFacts {
    pub(super) linked_id: String,
    pub(super) bridge_id: String,
}

/// Asterisk's number for calls that are to be documented, its default.
const AMA_DOCUMENTATION: i32 = 3;

impl CelRow {
    /// A row about one leg of a call.
    pub(super) fn new(
        event: CelEvent,
        call: &CallFacts,
        leg: &LegFacts,
        peer: Option<&LegFacts>,
        at: OffsetDateTime,
    ) -> Self {
        Self {
            eventtype: event.name(),
            eventtime: at.to_offset(UtcOffset::UTC),
            userdeftype: "",
            cid_name: "",
            cid_num: leg.caller_number.clone(),
            cid_ani: leg.caller_number.clone(),
            cid_rdnis: "",
            cid_dnid: "",
            exten: leg.extension.clone(),
            context: leg.context.clone(),
            channame: leg.channel_name.clone(),
            appname: leg.application,
            appdata: leg.application_data.clone(),
            amaflags: AMA_DOCUMENTATION,
            accountcode: "",
            uniqueid: leg.unique_id.clone(),
            linkedid: call.linked_id.clone(),
            userfield: "",
            peer: event.peer(peer),
            extra: event.extra(call, peer),
        }
    }
}

impl CelEvent {
    fn name(self) -> &'static str {
        match self {
            Self::ChanStart => "CHAN_START",
            Self::Answer => "ANSWER",
            Self::AppStart => "APP_START",
            Self::BridgeEnter => "BRIDGE_ENTER",
            Self::BridgeExit => "BRIDGE_EXIT",
            Self::Hangup { .. } => "HANGUP",
            Self::ChanEnd => "CHAN_END",
            Self::LinkedIdEnd => "LINKEDID_END",
        }
    }

    fn peer(self, peer: Option<&LegFacts>) -> String {
        match self {
            Self::BridgeEnter | Self::BridgeExit => {
                peer.map(|peer| peer.channel_name.clone()).unwrap_or_default()
            }
            Self::ChanStart
            | Self::Answer
            | Self::AppStart
            | Self::Hangup { .. }
            | Self::ChanEnd
            | Self::LinkedIdEnd => String::new(),
        }
    }

    fn extra(self, call: &CallFacts, peer: Option<&LegFacts>) -> String {
        match self {
            Self::BridgeEnter | Self::BridgeExit => {
                json!({ "bridge_id": call.bridge_id, "bridge_technology": "simple_bridge" }).to_string()
            }
            Self::Hangup { cause, source_is_peer, dial_status } => {
                let source = peer.filter(|_| source_is_peer).map(|peer| peer.channel_name.as_str());
                json!({
                    "hangupcause": cause,
                    "hangupsource": source.unwrap_or_default(),
                    "dialstatus": dial_status,
                })
                .to_string()
            }
            Self::ChanStart | Self::Answer | Self::AppStart | Self::ChanEnd | Self::LinkedIdEnd => {
                String::new()
            }
        }
    }
}
