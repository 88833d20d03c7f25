//! The decisions of [`crate::fallback`] as a table that people can read; every cell is worked out, none is written.

use closure_contract::{Channel, Evidence, FailureCode, ReceiptStatus, RuleEffect, RuleId};
use serde::Serialize;

use super::{
    Due, RecordedState, SmsState, due_by,
    state::{state, strongest},
};
use crate::{findings::Findings, rulebook::Rulebook, sms::country::AtOnce};

/// What is known about a text message, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The facts, for people.
    pub facts: &'static str,
    /// What became of the text message.
    #[serde(serialize_with = "as_word")]
    pub state: SmsState,
    /// Why it did not arrive, as a failure code.
    pub code: Option<FailureCode>,
    /// An email answers by these rules; without one, none does: to any country but the two below.
    pub elsewhere: Vec<RuleId>,
    /// The same to Vietnam.
    pub vietnam: Vec<RuleId>,
    /// The same to China where the text is Simplified Chinese.
    pub china_chinese: Vec<RuleId>,
    /// The same to China where the text is not Chinese or has Traditional characters.
    pub china_other: Vec<RuleId>,
}

/// The facts of one line: a text of so many parts, where it stands, its receipts, and whether the last one is late.
struct LineFacts {
    what: &'static str,
    parts: usize,
    recorded: RecordedState,
    receipts: &'static [(ReceiptStatus, Evidence)],
    due: Due,
}

/// Works the table out, for the least evidence that counts by default.
pub fn table() -> Vec<Line> {
    FACTS.iter().map(line).collect()
}

fn line(facts: &LineFacts) -> Line {
    let evidence_min = Rulebook::default().receipt_evidence_min;
    let strongest = strongest(facts.receipts, facts.parts, evidence_min);
    let (state, code) = state(facts.recorded, strongest, facts.due);
    let email = |at_once| {
        let mut findings = Findings::new(Channel::Sms);
        due_by(facts.recorded, state, code, at_once, &mut findings);
        let rules = findings.into_parts().0;
        rules.into_iter().filter(|rule| rule.effect == RuleEffect::Email).map(|rule| rule.id).collect()
    };
    Line {
        facts: facts.what,
        state,
        code,
        elsewhere: email(None),
        vietnam: email(Some(AtOnce::Vietnam)),
        china_chinese: email(None),
        china_other: email(Some(AtOnce::NotChinese)),
    }
}

fn as_word<S: serde::Serializer>(state: &SmsState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(name(*state))
}

/// A state's name in the database and in outcomes, or the one that comes nearest.
pub fn name(state: SmsState) -> &'static str {
    match state {
        SmsState::Pending => "pending",
        SmsState::Accepted => "accepted",
        SmsState::Delivered => "delivered",
        SmsState::Undelivered => "undelivered",
        SmsState::Unknown => "unknown",
        SmsState::Refused => "refused",
        SmsState::Expired => "expired",
        SmsState::WithPerson => "held",
        SmsState::TurnedBack => "dead",
    }
}

const HANDSET: (ReceiptStatus, Evidence) = (ReceiptStatus::Delivered, Evidence::Handset);
const CARRIER: (ReceiptStatus, Evidence) = (ReceiptStatus::Delivered, Evidence::Carrier);
const NOBODY: (ReceiptStatus, Evidence) = (ReceiptStatus::Delivered, Evidence::None);
const UNDELIVERED: (ReceiptStatus, Evidence) = (ReceiptStatus::Undelivered, Evidence::None);
const TIMED_OUT: (ReceiptStatus, Evidence) = (ReceiptStatus::Expired, Evidence::None);
const NO_IDEA: (ReceiptStatus, Evidence) = (ReceiptStatus::Unknown, Evidence::None);
const MOVING: (ReceiptStatus, Evidence) = (ReceiptStatus::InTransit, Evidence::Carrier);

const ACCEPTED: LineFacts =
    LineFacts { what: "", parts: 1, recorded: RecordedState::Accepted, receipts: &[], due: Due::NotYet };

const FACTS: &[LineFacts] = &[
    LineFacts { what: "not sent yet", recorded: RecordedState::Pending, ..ACCEPTED },
    LineFacts { what: "accepted, no receipt yet", ..ACCEPTED },
    LineFacts { what: "accepted, on its way", receipts: &[MOVING], ..ACCEPTED },
    LineFacts { what: "delivered, by the handset", receipts: &[HANDSET], ..ACCEPTED },
    LineFacts { what: "delivered, by a carrier", receipts: &[CARRIER], ..ACCEPTED },
    LineFacts { what: "“delivered” that is worth nothing, in time", receipts: &[NOBODY], ..ACCEPTED },
    LineFacts {
        what: "“delivered” that is worth nothing, overdue",
        receipts: &[NOBODY],
        due: Due::Overdue,
        ..ACCEPTED
    },
    LineFacts { what: "undelivered", receipts: &[UNDELIVERED], ..ACCEPTED },
    LineFacts { what: "its validity ended", receipts: &[TIMED_OUT], ..ACCEPTED },
    LineFacts { what: "the provider does not know", receipts: &[NO_IDEA], ..ACCEPTED },
    LineFacts { what: "accepted, and silence past the due time", due: Due::Overdue, ..ACCEPTED },
    LineFacts {
        what: "on its way, and silence past the due time",
        receipts: &[MOVING],
        due: Due::Overdue,
        ..ACCEPTED
    },
    LineFacts { what: "undelivered and delivered, one part", receipts: &[UNDELIVERED, HANDSET], ..ACCEPTED },
    LineFacts {
        what: "its validity ended and delivered, one part",
        receipts: &[TIMED_OUT, HANDSET],
        ..ACCEPTED
    },
    LineFacts {
        what: "undelivered and delivered, several parts",
        parts: 2,
        receipts: &[UNDELIVERED, HANDSET],
        ..ACCEPTED
    },
    LineFacts {
        what: "refused by our rules",
        recorded: RecordedState::Refused(FailureCode::BodyTooLong),
        ..ACCEPTED
    },
    LineFacts {
        what: "refused by the gateway: the number",
        recorded: RecordedState::Refused(FailureCode::RecipientRejected),
        ..ACCEPTED
    },
    LineFacts {
        what: "refused by the gateway: our credit",
        recorded: RecordedState::Refused(FailureCode::ProviderQuota),
        ..ACCEPTED
    },
    LineFacts {
        what: "refused by the gateway: an outage",
        recorded: RecordedState::Refused(FailureCode::ProviderUnavailable),
        ..ACCEPTED
    },
    LineFacts {
        what: "refused, and a late receipt says delivered",
        recorded: RecordedState::Refused(FailureCode::RecipientRejected),
        receipts: &[HANDSET],
        ..ACCEPTED
    },
    LineFacts { what: "in doubt, nothing known yet", recorded: RecordedState::InDoubt, ..ACCEPTED },
    LineFacts {
        what: "in doubt, and silence past the due time",
        recorded: RecordedState::InDoubt,
        due: Due::Overdue,
        ..ACCEPTED
    },
    LineFacts {
        what: "the answer is lost for good",
        recorded: RecordedState::Unknown(FailureCode::AnswerLost),
        ..ACCEPTED
    },
    LineFacts { what: "a person decides first", recorded: RecordedState::WithPerson, ..ACCEPTED },
    LineFacts { what: "too late to send", recorded: RecordedState::Expired, ..ACCEPTED },
];
