//! Where a text message stands, by what was settled and what its receipts say together (R14e, R14f).

use closure_contract::{Evidence, FailureCode, ReceiptStatus, facts::receipts::ReceiptFact};

use crate::failure::{Fault, fault};

/// Where the record says that a text message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordedState {
    /// Not settled yet.
    Pending,
    /// The gateway may have it.
    InDoubt,
    /// The gateway took it.
    Accepted,
    /// The gateway took it, and a receipt said that it arrived.
    Delivered,
    /// The gateway took it, and a receipt said that it did not arrive.
    Undelivered,
    /// Nobody will ever know whether the gateway has it, or what became of it there.
    Unknown(FailureCode),
    /// It was refused, by the gateway or by our own rules.
    Refused(FailureCode),
    /// It was too late to send.
    Expired,
    /// It waits for a person.
    WithPerson,
}

impl RecordedState {
    /// The same as a judgement would say it.
    pub(crate) fn state(self) -> SmsState {
        match self {
            Self::Pending | Self::InDoubt => SmsState::Pending,
            Self::Accepted => SmsState::Accepted,
            Self::Delivered => SmsState::Delivered,
            Self::Undelivered => SmsState::Undelivered,
            Self::Unknown(_) => SmsState::Unknown,
            Self::Refused(_) => SmsState::Refused,
            Self::Expired => SmsState::Expired,
            Self::WithPerson => SmsState::WithPerson,
        }
    }
}

/// Whether the final receipt is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// There is time left.
    NotYet,
    /// It is late.
    Overdue,
}

/// The state of a text message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmsState {
    /// Nothing is settled yet, or it is in doubt.
    Pending,
    /// The gateway took it.
    Accepted,
    /// A receipt says that it arrived.
    Delivered,
    /// A receipt says that it did not.
    Undelivered,
    /// Nobody knows.
    Unknown,
    /// It was never sent.
    Refused,
    /// It was too late to send.
    Expired,
    /// It waits for a person.
    WithPerson,
    /// The gateway took it and then did not carry it because of our account: a person is to mend that, and to send
    /// it again.
    TurnedBack,
}

/// What the receipts say together: the strongest statement among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strongest {
    /// There is none.
    Nothing,
    /// It is on its way, or a `delivered` is worth too little to count.
    Moving,
    /// It arrived, by the word of the handset, a carrier or the gateway.
    Delivered(Evidence),
    /// Of several parts one arrived, and another did not, for this reason.
    Partly(FailureCode),
    /// It did not arrive, for this reason.
    Failed(FailureCode),
    /// The provider does not know.
    Unknown,
}

/// The strongest statement among the receipts, which neither their order nor their repetition changes.
///
/// A later truth beats an earlier one for a single part, and `delivered` is the last; of several parts, the failure
/// of one is the failure of the whole, which the delivery of another does not heal.
pub(crate) fn strongest(
    receipts: &[(ReceiptStatus, Evidence)],
    parts: usize,
    evidence_min: Evidence,
) -> Strongest {
    let said = |status| receipts.iter().any(|(said, _)| *said == status);
    let arrival = arrivals(receipts).max();
    let counted = arrival.filter(|evidence| *evidence >= evidence_min);
    let failed = if said(ReceiptStatus::Undelivered) {
        Some(FailureCode::NotDelivered)
    } else {
        said(ReceiptStatus::Expired).then_some(FailureCode::ReceiptExpired)
    };
    match (counted, failed) {
        (Some(_), Some(code)) if parts > 1 => Strongest::Partly(code),
        (Some(evidence), _) => Strongest::Delivered(evidence),
        (None, Some(code)) => Strongest::Failed(code),
        (None, None) if said(ReceiptStatus::Unknown) => Strongest::Unknown,
        (None, None) if said(ReceiptStatus::InTransit) || arrival.is_some() => Strongest::Moving,
        (None, None) => Strongest::Nothing,
    }
}

/// The failure of our own account in the bad receipts, where none of them names a cause of another kind.
///
/// One bad word about this recipient is enough for an email: then the message is lost whatever else went wrong.
pub(crate) fn account_failure(receipts: &[ReceiptFact]) -> Option<FailureCode> {
    let failed = |receipt: &&ReceiptFact| {
        matches!(receipt.status, ReceiptStatus::Undelivered | ReceiptStatus::Expired)
    };
    let codes: Vec<FailureCode> = receipts.iter().filter(failed).filter_map(|receipt| receipt.code).collect();
    let is_ours = codes.iter().all(|code| is_our_accounts(*code));
    codes.into_iter().min().filter(|_| is_ours)
}

/// Whether a person of ours can mend it: credit, credentials, an open country, a registered sender.
///
/// A gateway's own fault, once it is its last word, is left to the email: nobody here can mend it, and the message
/// is lost.
fn is_our_accounts(code: FailureCode) -> bool {
    match fault(code) {
        Fault::Account | Fault::Sender => true,
        Fault::Message | Fault::Recipient | Fault::Content | Fault::Provider | Fault::Agent => false,
    }
}

/// What each arrival is worth.
pub(crate) fn arrivals(receipts: &[(ReceiptStatus, Evidence)]) -> impl Iterator<Item = Evidence> {
    receipts.iter().filter(|(status, _)| *status == ReceiptStatus::Delivered).map(|(_, evidence)| *evidence)
}

/// The state of a text message, and why it did not arrive where it did not.
pub(crate) fn state(
    recorded: RecordedState,
    strongest: Strongest,
    due: Due,
) -> (SmsState, Option<FailureCode>) {
    let silence = (SmsState::Unknown, Some(FailureCode::NoReceipt));
    let told = match strongest {
        Strongest::Nothing | Strongest::Moving => None,
        Strongest::Delivered(_) => Some((SmsState::Delivered, None)),
        Strongest::Partly(code) | Strongest::Failed(code) => Some((SmsState::Undelivered, Some(code))),
        Strongest::Unknown => Some(silence),
    };
    // What arrived, if only in part, was sent, whatever was settled when it seemed not to be.
    let arrived = told.filter(|_| matches!(strongest, Strongest::Delivered(_) | Strongest::Partly(_)));
    match recorded {
        RecordedState::Pending => (SmsState::Pending, None),
        RecordedState::WithPerson => (SmsState::WithPerson, None),
        RecordedState::Accepted
        | RecordedState::Delivered
        | RecordedState::Undelivered
        | RecordedState::Unknown(FailureCode::NoReceipt)
        | RecordedState::InDoubt
            if let Strongest::Failed(code) = strongest
                && is_our_accounts(code) =>
        {
            (SmsState::TurnedBack, Some(code))
        }
        // Its receipts are judged anew, all together, and silence with them: what comes late counts.
        RecordedState::Accepted
        | RecordedState::Delivered
        | RecordedState::Undelivered
        | RecordedState::Unknown(FailureCode::NoReceipt) => told.unwrap_or(match due {
            Due::NotYet => (SmsState::Accepted, None),
            Due::Overdue => silence,
        }),
        // A receipt proves that the gateway had it.
        RecordedState::InDoubt => told.unwrap_or(match (due, strongest) {
            (Due::Overdue, _) => silence,
            (Due::NotYet, Strongest::Moving) => (SmsState::Accepted, None),
            (Due::NotYet, _) => (SmsState::Pending, None),
        }),
        RecordedState::Unknown(code) => told.unwrap_or((SmsState::Unknown, Some(code))),
        RecordedState::Refused(code) if fault(code).hits_everyone() => {
            arrived.unwrap_or((SmsState::WithPerson, Some(code)))
        }
        RecordedState::Refused(code) => arrived.unwrap_or((SmsState::Refused, Some(code))),
        RecordedState::Expired => arrived.unwrap_or((SmsState::Expired, Some(FailureCode::Expired))),
    }
}
