//! Which receipts follow a message, and when.

use super::{
    behaviour::SmsBehaviour,
    messages::{Dlr, DlrStatus, MessageStatus},
};

/// One receipt to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// How long after the step before it, in milliseconds.
    pub(super) after_ms: u64,
    /// Steps of one identity carry the same hook id: the same receipt, told again.
    pub(super) identity: usize,
    pub(super) statement: Statement,
}

/// What a receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statement {
    /// `INTERNATIONAL_DELIVERY_RECEIPT`.
    Dlr(Dlr),
    /// `INTERNATIONAL_DELIVERY_RECEIPT` with nothing but nulls.
    EmptyDlr,
    /// `MESSAGE_RESULT_UPDATE`.
    Result(MessageStatus, &'static str),
    /// A failure with a wrong signature: not the gateway's word at all.
    Forged,
}

/// The waits that a script is made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) receipt_delay_ms: u64,
    pub(super) late_ms: u64,
}

/// The receipts of a message.
///
/// Overseas the carrier's receipt comes first and the result follows it, which the documents say since
/// March 2025; at home there is only the result.
pub(super) fn script(behaviour: SmsBehaviour, domestic: bool, pace: Pace) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut wait_ms = pace.receipt_delay_ms;
    for status in statuses(behaviour) {
        match status {
            Told::Status(status) => {
                let late = behaviour == SmsBehaviour::Late && status == DlrStatus::Delivered;
                let after_ms = if late { pace.late_ms } else { wait_ms };
                steps.extend(statements(status, domestic, after_ms));
            }
            Told::Empty if domestic => {}
            Told::Empty => {
                steps.push(Step { after_ms: wait_ms, identity: 0, statement: Statement::EmptyDlr })
            }
            Told::Forged => steps.push(Step { after_ms: wait_ms, identity: 0, statement: Statement::Forged }),
        }
        // What follows a first receipt follows it soon.
        wait_ms = pace.receipt_delay_ms.min(100);
    }
    number(&mut steps, behaviour);
    steps
}

fn number(steps: &mut [Step], behaviour: SmsBehaviour) {
    let once = steps.len() / 3;
    for (index, step) in steps.iter_mut().enumerate() {
        let told_again = behaviour == SmsBehaviour::DeliveredThrice && (once..2 * once).contains(&index);
        step.identity = if told_again { index - once } else { index };
    }
}

/// The receipts that say one thing.
pub(super) fn statements(status: DlrStatus, domestic: bool, after_ms: u64) -> Vec<Step> {
    let result = match status {
        DlrStatus::Accepted | DlrStatus::Buffered => None,
        DlrStatus::Delivered => Some(Statement::Result(MessageStatus::Succeeded, "1000")),
        DlrStatus::Expired => Some(Statement::Result(MessageStatus::Failed, "1019")),
        DlrStatus::Failed => Some(Statement::Result(MessageStatus::Failed, "4005")),
        DlrStatus::Rejected => Some(Statement::Result(MessageStatus::Failed, "4008")),
        DlrStatus::Unknown => Some(Statement::Result(MessageStatus::Failed, "4007")),
    };
    let dlr = (!domestic).then_some(Statement::Dlr(Dlr { status, error_code: error_code(status) }));
    dlr.into_iter()
        .chain(result)
        .enumerate()
        .map(|(index, statement)| Step {
            after_ms: if index == 0 { after_ms } else { 0 },
            identity: index,
            statement,
        })
        .collect()
}

enum Told {
    Status(DlrStatus),
    Empty,
    Forged,
}

fn statuses(behaviour: SmsBehaviour) -> Vec<Told> {
    use DlrStatus::{Accepted, Buffered, Delivered, Expired, Failed, Rejected, Unknown};
    use Told::{Empty, Forged, Status};

    match behaviour {
        SmsBehaviour::Delivered
        | SmsBehaviour::AnswerLost
        | SmsBehaviour::GarbageAnswer
        | SmsBehaviour::TooManyRequests
        | SmsBehaviour::SlowAnswer
        | SmsBehaviour::OutOfCredit
        | SmsBehaviour::ReceiptBeforeAnswer
        | SmsBehaviour::ServerErrorAccepted
        | SmsBehaviour::RequestLost => vec![Status(Delivered)],
        SmsBehaviour::NeverReceipt
        | SmsBehaviour::RefusedRecipient
        | SmsBehaviour::ServerError
        | SmsBehaviour::HeaderCode(_)
        | SmsBehaviour::RecipientCode(_) => Vec::new(),
        SmsBehaviour::Failed => vec![Status(Failed)],
        SmsBehaviour::Late => vec![Status(Buffered), Status(Delivered)],
        SmsBehaviour::DeliveredThrice => vec![Status(Delivered), Status(Delivered), Status(Delivered)],
        SmsBehaviour::OutOfOrder => vec![Status(Delivered), Status(Buffered), Status(Accepted)],
        SmsBehaviour::Expired => vec![Status(Expired)],
        SmsBehaviour::Unknown => vec![Status(Unknown)],
        SmsBehaviour::FailedThenDelivered => vec![Status(Failed), Status(Delivered)],
        SmsBehaviour::EmptyThenDelivered => vec![Empty, Status(Delivered)],
        SmsBehaviour::Rejected => vec![Status(Rejected)],
        SmsBehaviour::ForgedThenDelivered => vec![Forged, Status(Delivered)],
    }
}

fn error_code(status: DlrStatus) -> &'static str {
    match status {
        DlrStatus::Accepted | DlrStatus::Buffered | DlrStatus::Delivered => "0",
        DlrStatus::Expired => "2",
        DlrStatus::Failed => "3",
        DlrStatus::Rejected => "6",
        DlrStatus::Unknown => "1",
    }
}
