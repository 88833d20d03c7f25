//! The dialplan's own check: a call without a phone, of which nothing but the record is left.

use axum::Json;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    call::NORMAL_CLEARING,
    cel::{CallFacts, CelEvent, CelRow, LegFacts},
    switchboard::Switchboard,
};

/// The extension of the dialplan that hangs up at once.
pub(super) const CHECK: &str = "closure-check";

/// A call of the dialplan to itself.
pub(super) struct CheckCall {
    pub(super) channel_id: String,
    pub(super) extension: String,
    pub(super) context: String,
}

impl CheckCall {
    /// Whether or not the dialplan has the extension, ARI takes the call.
    pub(super) fn answer(&self, board: &Switchboard) -> Json<Value> {
        let is_known = self.extension == CHECK && self.context == board.settings.context;
        let cause = if is_known { NORMAL_CLEARING } else { 0 };
        let facts = CallFacts { linked_id: self.channel_id.clone(), bridge_id: String::new() };
        let number = board.next_number();
        let leg = |half: u8, unique_id: String| LegFacts {
            unique_id,
            channel_name: format!("Local/{}@{}-{number:08x};{half}", self.extension, self.context),
            caller_number: String::new(),
            extension: self.extension.clone(),
            context: self.context.clone(),
            application: "",
            application_data: String::new(),
        };
        let near = leg(1, self.channel_id.clone());
        let far = leg(2, format!("pbx-check.{number}"));
        let hangup = || CelEvent::Hangup { cause, source_is_peer: false, dial_status: "" };
        for (event, leg) in [
            (CelEvent::ChanStart, &near),
            (CelEvent::ChanStart, &far),
            (hangup(), &far),
            (CelEvent::ChanEnd, &far),
            (hangup(), &near),
            (CelEvent::ChanEnd, &near),
            (CelEvent::LinkedIdEnd, &near),
        ] {
            board.cel.write(CelRow::new(event, &facts, leg, None, OffsetDateTime::now_utc()));
        }
        Json(json!({ "id": self.channel_id, "name": near.channel_name, "state": "Down" }))
    }
}
