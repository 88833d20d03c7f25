//! The decisions of [`crate::fallback`] as a table that people can read; every cell is worked out, none is written.

use closure_contract::{Channel, Evidence, FailureCode, ReceiptStatus, RuleEffect, RuleId};
use serde::Serialize;

use super::{
    Due, SmsState, Submission, due_by,
    state::{state, word},
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

/// The facts of one line: a text of so many parts, its submission, its receipts, and whether the last one is late.
struct Facts {
    what: &'static str,
    parts: usize,
    submission: Submission,
    receipts: &'static [(ReceiptStatus, Evidence)],
    due: Due,
}

/// Works the table out, for the least evidence that counts by default.
pub fn table() -> Vec<Line> {
    FACTS.iter().map(line).collect()
}

fn line(facts: &Facts) -> Line {
    let evidence_min = Rulebook::default().receipt_evidence_min;
    let word = word(facts.receipts, facts.parts, evidence_min);
    let (state, code) = state(facts.submission, word, facts.due);
    let email = |at_once| {
        let mut findings = Findings::new(Channel::Sms);
        due_by(facts.submission, state, code, at_once, &mut findings);
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

const ACCEPTED: Facts =
    Facts { what: "", parts: 1, submission: Submission::Accepted, receipts: &[], due: Due::NotYet };

const FACTS: &[Facts] = &[
    Facts { what: "not sent yet", submission: Submission::Pending, ..ACCEPTED },
    Facts { what: "accepted, no receipt yet", ..ACCEPTED },
    Facts { what: "accepted, on its way", receipts: &[MOVING], ..ACCEPTED },
    Facts { what: "delivered, by the handset", receipts: &[HANDSET], ..ACCEPTED },
    Facts { what: "delivered, by a carrier", receipts: &[CARRIER], ..ACCEPTED },
    Facts { what: "“delivered” that is worth nothing, in time", receipts: &[NOBODY], ..ACCEPTED },
    Facts {
        what: "“delivered” that is worth nothing, overdue",
        receipts: &[NOBODY],
        due: Due::Overdue,
        ..ACCEPTED
    },
    Facts { what: "undelivered", receipts: &[UNDELIVERED], ..ACCEPTED },
    Facts { what: "its validity ended", receipts: &[TIMED_OUT], ..ACCEPTED },
    Facts { what: "the provider does not know", receipts: &[NO_IDEA], ..ACCEPTED },
    Facts { what: "accepted, and silence past the due time", due: Due::Overdue, ..ACCEPTED },
    Facts {
        what: "on its way, and silence past the due time",
        receipts: &[MOVING],
        due: Due::Overdue,
        ..ACCEPTED
    },
    Facts { what: "undelivered and delivered, one part", receipts: &[UNDELIVERED, HANDSET], ..ACCEPTED },
    Facts { what: "its validity ended and delivered, one part", receipts: &[TIMED_OUT, HANDSET], ..ACCEPTED },
    Facts {
        what: "undelivered and delivered, several parts",
        parts: 2,
        receipts: &[UNDELIVERED, HANDSET],
        ..ACCEPTED
    },
    Facts {
        what: "refused by our rules",
        submission: Submission::Refused(FailureCode::BodyTooLong),
        ..ACCEPTED
    },
    Facts {
        what: "refused by the gateway: the number",
        submission: Submission::Refused(FailureCode::RecipientRejected),
        ..ACCEPTED
    },
    Facts {
        what: "refused by the gateway: our credit",
        submission: Submission::Refused(FailureCode::ProviderQuota),
        ..ACCEPTED
    },
    Facts {
        what: "refused by the gateway: an outage",
        submission: Submission::Refused(FailureCode::ProviderUnavailable),
        ..ACCEPTED
    },
    Facts {
        what: "refused, and a late receipt says delivered",
        submission: Submission::Refused(FailureCode::RecipientRejected),
        receipts: &[HANDSET],
        ..ACCEPTED
    },
    Facts { what: "in doubt, nothing known yet", submission: Submission::InDoubt, ..ACCEPTED },
    Facts {
        what: "in doubt, and silence past the due time",
        submission: Submission::InDoubt,
        due: Due::Overdue,
        ..ACCEPTED
    },
    Facts {
        what: "the answer is lost for good",
        submission: Submission::Unknown(FailureCode::AnswerLost),
        ..ACCEPTED
    },
    Facts { what: "a person decides first", submission: Submission::WithPerson, ..ACCEPTED },
    Facts { what: "too late to send", submission: Submission::Expired, ..ACCEPTED },
];
