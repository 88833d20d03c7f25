//! Replies in bytes of the test's own choice, as odd mail servers give them.

use std::{collections::HashMap, sync::Mutex};

use serde::{Deserialize, Serialize};

use crate::lock::locked;

/// A place of the dialogue at which the server says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailPhase {
    /// The greeting.
    Greeting,
    /// The reply to EHLO.
    Hello,
    /// The last reply to AUTH.
    Auth,
    /// The reply to MAIL.
    MailFrom,
    /// The reply to RCPT.
    RcptTo,
    /// The reply to DATA.
    Data,
    /// The reply to the final dot.
    AfterDot,
    /// The reply to RSET.
    Rset,
    /// The reply to QUIT.
    Quit,
}

/// What is said in place of the server's own words.
#[derive(Default)]
pub(super) struct RawReplies(Mutex<HashMap<MailPhase, RawReply>>);

struct RawReply {
    bytes: Vec<u8>,
    times: Option<u32>,
}

impl RawReplies {
    pub(super) fn say(&self, phase: MailPhase, bytes: Vec<u8>, times: Option<u32>) {
        locked(&self.0).insert(phase, RawReply { bytes, times });
    }

    pub(super) fn clear(&self) {
        locked(&self.0).clear();
    }

    /// What is said this time.
    pub(super) fn take(&self, phase: MailPhase) -> Option<Vec<u8>> {
        let mut replies = locked(&self.0);
        let reply = replies.get_mut(&phase)?;
        if let Some(times) = &mut reply.times {
            let left = times.checked_sub(1)?;
            *times = left;
        }
        Some(reply.bytes.clone())
    }
}

/// What the server itself makes of such bytes: the code that they begin with, or none.
pub(super) fn code_of(bytes: &[u8]) -> u16 {
    bytes
        .get(..3)
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or_default()
}
