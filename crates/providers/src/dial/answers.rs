//! What ARI's answers prove, as they were measured against Asterisk 22.

use closure_contract::FailureCode;
use serde::Deserialize;

use super::{Channel, failure};
use crate::{
    http::{Answer, NoAnswer},
    sender::SendFailure,
};

/// What an originate that was answered has come to, where it is not a failure at once.
pub(super) enum Originated {
    /// The call is alive.
    Placed,
    /// The PBX could make no channel, and nothing rings.
    NoChannel,
}

/// ARI's own way to say no; anything else of that status comes from another program, or from a web server without ARI.
#[derive(Deserialize)]
struct Said {
    #[serde(alias = "error")]
    message: String,
}

fn said(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Said>(body).ok().map(|said| said.message)
}

pub(super) fn is_no_channel(body: &[u8]) -> bool {
    said(body).is_some_and(|said| said == "Channel not found")
}

pub(super) fn is_no_endpoint(body: &[u8]) -> bool {
    said(body).is_some_and(|said| said == "Endpoint not found")
}

pub(super) fn is_no_technology(body: &[u8]) -> bool {
    said(body).is_some_and(|said| said.starts_with("No Endpoints found"))
}

pub(super) fn is_no_module(body: &[u8]) -> bool {
    said(body).is_some_and(|said| said.starts_with("Module could not be found"))
}

/// What the answer to an originate proves.
pub(super) fn originated(answer: &Answer, channel_id: &str) -> Result<Originated, SendFailure> {
    let is_ours = || serde_json::from_slice::<Channel>(&answer.body).is_ok_and(|made| made.id == channel_id);
    let code = match answer.status {
        200 if is_ours() => return Ok(Originated::Placed),
        // The id is in use: this very call is alive.
        409 => return Ok(Originated::Placed),
        401 | 403 => FailureCode::PbxAuth,
        404 => return Err(harmless(answer)),
        408 => FailureCode::CallInDoubt,
        400..=499 => FailureCode::PbxRefused,
        500 if said(&answer.body).is_some_and(|said| said == "Allocation failed") => {
            return Ok(Originated::NoChannel);
        }
        _ => FailureCode::CallInDoubt,
    };
    Err(of_status(code, answer.status))
}

/// The PBX says the same where the phone has no registration, and where it makes no new channel for anybody.
pub(super) fn allocation_failed(answer: &Answer, is_offline: bool) -> SendFailure {
    let code = if is_offline { FailureCode::AgentOffline } else { FailureCode::PbxTakesNoCalls };
    of_status(code, answer.status)
}

/// A status of a request that makes nothing ring.
pub(super) fn harmless(answer: &Answer) -> SendFailure {
    let code = match answer.status {
        401 | 403 => FailureCode::PbxAuth,
        // ARI that is on and lacks the module of this request says so in its own form.
        404 => FailureCode::PbxWithoutAri,
        400..=407 | 409..=428 | 430..=499 => FailureCode::PbxRefused,
        _ => FailureCode::PbxUnavailable,
    };
    of_status(code, answer.status)
}

pub(super) fn unreachable_pbx(no_answer: NoAnswer) -> SendFailure {
    failure(FailureCode::PbxUnavailable, no_answer.what())
}

fn of_status(code: FailureCode, status: u16) -> SendFailure {
    failure(code, &format!("the PBX answered HTTP {status}")).with_provider_code(status)
}
