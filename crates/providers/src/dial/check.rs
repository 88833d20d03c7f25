//! Whether the PBX is set up as the dial worker needs it, asked without making any phone ring.

use closure_contract::{ClientRef, FailureCode};
use serde::{Deserialize, Serialize};

use super::{
    AriDial,
    answers::{self, Originated, harmless, originated, unreachable_pbx},
    failure,
};
use crate::{http::below, sender::SendFailure};

/// The extension of `deploy/asterisk/extensions.conf` that calls nobody.
const CHECK: &str = "closure-check";
/// What writes the record of calls.
const RECORDER: &str = "cel_pgsql.so";
/// A call without a phone takes no time.
const CHECK_TIMEOUT_S: u32 = 5;

/// What is wrong with the PBX, in words that say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PbxFault {
    /// There was no answer.
    #[error(
        "the PBX gave no answer: {0}; correct `dial.ari.base_url`, name the authority of its certificate in \
         `dial.ari.tls_ca`, or start Asterisk"
    )]
    Unreachable(&'static str),
    /// It refuses what was asked, or went away meanwhile.
    #[error("{}: {}; {}", .0.code, .0.detail, .0.code.remedy())]
    Said(SendFailure),
    /// The ARI user may not place calls.
    #[error("the ARI user may only read; write `read_only = no` in the PBX's ari.conf")]
    ReadOnly,
    /// Calls leave no record.
    #[error(
        "cel_pgsql.so does not run on the PBX, so that no call leaves a record; load it (`module load cel_pgsql.so`)"
    )]
    NoRecorder,
}

impl From<SendFailure> for PbxFault {
    fn from(said: SendFailure) -> Self {
        Self::Said(said)
    }
}

/// A call from the dialplan to itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CheckCall<'a> {
    endpoint: &'a str,
    context: &'a str,
    extension: &'a str,
    priority: u32,
    channel_id: &'a str,
    timeout: u32,
}

#[derive(Deserialize)]
struct Module {
    status: String,
}

impl AriDial {
    /// Whether ARI answers, lets this user write, knows the phones' technology and writes a record of calls.
    ///
    /// Answers the first thing that is wrong.
    pub async fn check(&self) -> Result<(), PbxFault> {
        let info = self.run(self.http.get(below(&self.base, &["asterisk", "info"]))).await;
        let info = info.map_err(|no_answer| PbxFault::Unreachable(no_answer.what()))?;
        if info.status != 200 {
            return Err(harmless(&info).into());
        }
        self.may_write().await?;
        self.has_technology().await?;
        self.has_recorder().await
    }

    /// Calls the dialplan's own check under this name; nobody's phone rings, and the record of it must arrive.
    pub async fn call_check(&self, channel_id: ClientRef) -> Result<(), SendFailure> {
        let (context, channel_id) = (self.settings.context.as_str(), channel_id.to_string());
        let call = CheckCall {
            endpoint: &format!("Local/{CHECK}@{context}"),
            context,
            extension: CHECK,
            priority: 1,
            channel_id: &channel_id,
            timeout: CHECK_TIMEOUT_S,
        };
        let answer = self.run(self.http.post(below(&self.base, &["channels"])).json(&call)).await;
        let answer = answer.map_err(unreachable_pbx)?;
        match originated(&answer, &channel_id) {
            Ok(Originated::Placed) => Ok(()),
            Ok(Originated::NoChannel) => Err(answers::allocation_failed(&answer, false)),
            // No phone is called, so that nothing is in doubt.
            Err(_) => Err(harmless(&answer)),
        }
    }

    /// A user who may only read is refused before anybody looks whether there is such a channel.
    async fn may_write(&self) -> Result<(), PbxFault> {
        let url = below(&self.base, &["channels", CHECK]);
        let answer = self.run(self.http.delete(url)).await.map_err(unreachable_pbx)?;
        match answer.status {
            404 if answers::is_no_channel(&answer.body) => Ok(()),
            403 => Err(PbxFault::ReadOnly),
            _ => Err(harmless(&answer).into()),
        }
    }

    /// Whether the PBX has the driver of the agents' phones.
    pub(super) async fn has_technology(&self) -> Result<(), SendFailure> {
        let technology = &self.settings.technology;
        let url = below(&self.base, &["endpoints", technology]);
        // ARI has no question about a technology but the one for all its phones, of which there may be thousands.
        let answer = self.glance(self.http.get(url)).await.map_err(unreachable_pbx)?;
        match answer.status {
            200 => Ok(()),
            404 if answers::is_no_technology(&answer.body) => {
                let detail = format!("the PBX has no driver for {technology}");
                Err(failure(FailureCode::PhoneTechnologyUnknown, &detail))
            }
            _ => Err(harmless(&answer)),
        }
    }

    async fn has_recorder(&self) -> Result<(), PbxFault> {
        let url = below(&self.base, &["asterisk", "modules", RECORDER]);
        let answer = self.run(self.http.get(url)).await.map_err(unreachable_pbx)?;
        let runs = || serde_json::from_slice::<Module>(&answer.body).is_ok_and(|one| one.status == "Running");
        match answer.status {
            200 if runs() => Ok(()),
            200 => Err(PbxFault::NoRecorder),
            404 if answers::is_no_module(&answer.body) => Err(PbxFault::NoRecorder),
            _ => Err(harmless(&answer).into()),
        }
    }
}
