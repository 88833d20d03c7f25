//! What can happen to a text message here, and the table of suffixes that chooses it.

use serde::{Deserialize, Serialize};

use super::{codes::ResultCode, state::Credit};

/// What happens to one message: the answer that our request gets, and the receipts that follow.
///
/// The comment gives the recipient's last four digits that choose it where no rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmsBehaviour {
    /// `0001` and every number not in this table: delivered.
    Delivered,
    /// `0002`: the receipt says failed.
    Failed,
    /// `0003`: accepted, and never a receipt.
    NeverReceipt,
    /// `0004`: buffered, and delivered only after `late_ms`.
    Late,
    /// `0005`: the receipt of delivery comes twice, and once more later.
    DeliveredThrice,
    /// `0006`: the receipts come in the wrong order, delivered first.
    OutOfOrder,
    /// `0007`: the receipt says expired.
    Expired,
    /// `0008`: the recipient is refused in the answer.
    RefusedRecipient,
    /// `0009`: the receipt says unknown.
    Unknown,
    /// `0010`: the receipts say failed and afterwards delivered.
    FailedThenDelivered,
    /// `0011`: a receipt without any information, and delivered afterwards.
    EmptyThenDelivered,
    /// `0012`: the receipt says rejected.
    Rejected,
    /// `0013`: a receipt of failure with a wrong signature, and a good one of delivery.
    ForgedThenDelivered,
    /// `0020`: status 500; nothing is accepted.
    ServerError,
    /// `0021`: accepted, and the connection breaks before the answer; delivered.
    AnswerLost,
    /// `0022`: accepted, and the answer is an HTML page; delivered.
    GarbageAnswer,
    /// `0023`: the first two tries get status 429 with `Retry-After: 1`; delivered afterwards.
    TooManyRequests,
    /// `0024`: accepted at once, answered after `slow_ms`; delivered.
    SlowAnswer,
    /// `0025`: refused for lack of credit until the credit is topped up; delivered afterwards.
    OutOfCredit,
    /// `0026`: the receipt arrives before the answer.
    ReceiptBeforeAnswer,
    /// `0027`: accepted, although the answer is status 500; delivered.
    ServerErrorAccepted,
    /// `0028`: the first try is lost with its connection and nothing is accepted; delivered afterwards.
    RequestLost,
    /// No suffix: the whole request is refused with this result code.
    HeaderCode(i32),
    /// No suffix: this recipient is refused with this result code inside a successful answer.
    RecipientCode(i32),
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnswerPlan {
    /// Properly and at once.
    Prompt,
    /// Properly and late.
    Slow,
    /// Properly, once the receipt was taken.
    AfterReceipt,
    /// Accepted, but the connection breaks.
    Lost,
    /// Not accepted, and the connection breaks.
    RequestLost,
    /// Accepted, but the answer is no JSON.
    Garbage,
    /// Not accepted: status 500.
    ServerError,
    /// Accepted, although the status is 500.
    ServerErrorAccepted,
    /// Not accepted: status 429.
    TooManyRequests,
    /// Not accepted: a result code in the header.
    Refused(ResultCode),
}

/// After so many refusals for speed a message passes.
const TOO_MANY_TRIES: u32 = 2;

impl SmsBehaviour {
    /// The behaviour that a number's last four digits choose.
    pub fn by_suffix(digits: &str) -> Self {
        match digits.get(digits.len().saturating_sub(4)..).unwrap_or_default() {
            "0002" => Self::Failed,
            "0003" => Self::NeverReceipt,
            "0004" => Self::Late,
            "0005" => Self::DeliveredThrice,
            "0006" => Self::OutOfOrder,
            "0007" => Self::Expired,
            "0008" => Self::RefusedRecipient,
            "0009" => Self::Unknown,
            "0010" => Self::FailedThenDelivered,
            "0011" => Self::EmptyThenDelivered,
            "0012" => Self::Rejected,
            "0013" => Self::ForgedThenDelivered,
            "0020" => Self::ServerError,
            "0021" => Self::AnswerLost,
            "0022" => Self::GarbageAnswer,
            "0023" => Self::TooManyRequests,
            "0024" => Self::SlowAnswer,
            "0025" => Self::OutOfCredit,
            "0026" => Self::ReceiptBeforeAnswer,
            "0027" => Self::ServerErrorAccepted,
            "0028" => Self::RequestLost,
            _ => Self::Delivered,
        }
    }

    /// How the request is answered at this try for the recipient, counted from 1.
    pub(super) fn answer(self, try_number: u32, credit: Credit) -> AnswerPlan {
        match self {
            Self::Delivered
            | Self::Failed
            | Self::NeverReceipt
            | Self::Late
            | Self::DeliveredThrice
            | Self::OutOfOrder
            | Self::Expired
            | Self::RefusedRecipient
            | Self::Unknown
            | Self::FailedThenDelivered
            | Self::EmptyThenDelivered
            | Self::Rejected
            | Self::ForgedThenDelivered
            | Self::RecipientCode(_) => AnswerPlan::Prompt,
            Self::ServerError => AnswerPlan::ServerError,
            Self::ServerErrorAccepted => AnswerPlan::ServerErrorAccepted,
            Self::AnswerLost => AnswerPlan::Lost,
            Self::GarbageAnswer => AnswerPlan::Garbage,
            Self::SlowAnswer => AnswerPlan::Slow,
            Self::ReceiptBeforeAnswer => AnswerPlan::AfterReceipt,
            Self::TooManyRequests if try_number <= TOO_MANY_TRIES => AnswerPlan::TooManyRequests,
            Self::RequestLost if try_number == 1 => AnswerPlan::RequestLost,
            Self::TooManyRequests | Self::RequestLost => AnswerPlan::Prompt,
            Self::OutOfCredit => match credit {
                Credit::UsedUp => AnswerPlan::Refused(ResultCode::BLOCK_LIMIT),
                Credit::ToppedUp => AnswerPlan::Prompt,
            },
            Self::HeaderCode(number) => AnswerPlan::Refused(ResultCode::of(number)),
        }
    }

    /// The result code of this recipient inside a successful answer.
    pub(super) fn recipient_code(self) -> ResultCode {
        match self {
            Self::RefusedRecipient => ResultCode::RECIPIENT_INVALID,
            Self::RecipientCode(number) => ResultCode::of(number),
            Self::Delivered
            | Self::Failed
            | Self::NeverReceipt
            | Self::Late
            | Self::DeliveredThrice
            | Self::OutOfOrder
            | Self::Expired
            | Self::Unknown
            | Self::FailedThenDelivered
            | Self::EmptyThenDelivered
            | Self::Rejected
            | Self::ForgedThenDelivered
            | Self::ServerError
            | Self::AnswerLost
            | Self::GarbageAnswer
            | Self::TooManyRequests
            | Self::SlowAnswer
            | Self::OutOfCredit
            | Self::ReceiptBeforeAnswer
            | Self::ServerErrorAccepted
            | Self::RequestLost
            | Self::HeaderCode(_) => ResultCode::SUCCESS,
        }
    }
}
