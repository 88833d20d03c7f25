//! NHN's searches: a list by our reference, and one message by NHN's own, which alone tells the carrier's receipt.

use std::time::Duration;

use closure_contract::{ClientRef, Evidence, FailureCode, ReceiptStatus, Timestamp};

use super::{
    Kind, NhnSms, Said, nhn_time, read, same_key,
    statuses::{self, DLR_ERRORS, DLR_STATUSES},
    wire::{ListAnswer, ListedMessage, SingleAnswer, SingleMessage, provider_ref},
};
use crate::sms::{answers::unreadable, codes::CodeReading, gateway::LookUp};
use crate::{http::below, mask::code_text, sender::SendFailure};

/// A look-up begins this long before the attempt, for clocks that differ.
const BEFORE: Duration = Duration::from_secs(600);
/// A look-up ends this long after the attempt began; a message is registered within the request.
const AFTER: Duration = Duration::from_secs(24 * 3_600);
/// A look-up reads at most this many messages; our reference names one.
const ROWS_MAX: usize = 20;

impl NhnSms {
    /// The message of an attempt, by the grouping key that we gave it.
    pub(super) async fn listed(
        &self,
        client_ref: ClientRef,
        kind: Kind,
        since: Timestamp,
    ) -> Result<LookUp, SendFailure> {
        let key = client_ref.to_string();
        let mut url = self.url(kind);
        url.query_pairs_mut()
            .append_pair("startRequestDate", &nhn_time(since.0 - BEFORE))
            .append_pair("endRequestDate", &nhn_time(since.0 + AFTER))
            .append_pair("recipientGroupingKey", &key)
            .append_pair("pageNum", "1")
            .append_pair("pageSize", &ROWS_MAX.to_string());
        let answer = self.run(self.http.get(url)).await?;
        let list: ListAnswer = read(&answer)?;
        let rows = list.body.data.unwrap_or_default();
        // The filter is the server's; a row of another attempt must never be taken for ours.
        let ours: Vec<&ListedMessage> = rows
            .iter()
            .filter(|row| row.recipient_grouping_key.as_deref().is_some_and(|theirs| same_key(theirs, &key)))
            .collect();
        match ours.first() {
            Some(row) => found(row),
            None if list.body.total_count == 0 && rows.is_empty() => Ok(LookUp::NotFound),
            None => Err(SendFailure::new(
                FailureCode::AnswerUnreadable,
                "NHN listed messages that do not carry the reference that was asked for",
            )),
        }
    }

    /// One message by NHN's reference, if this list has it.
    pub(super) async fn single(
        &self,
        request_id: &str,
        sequence: &str,
        kind: Kind,
    ) -> Result<Single, SendFailure> {
        let mut url = below(&self.url(kind), &[request_id]);
        url.query_pairs_mut().append_pair("recipientSeq", sequence);
        let answer = match self.ask(self.http.get(url)).await? {
            Said::Done(answer) => answer,
            Said::Refused(why) if why.is_outage() => return Err(why),
            Said::Refused(why) => return Ok(Single::Refused(why)),
        };
        let answer: SingleAnswer = read(&answer)?;
        let Some(message) = answer.body.data else { return Ok(Single::NotListed) };
        let is_it = message.row.request_id == request_id && message.row.recipient_seq.to_string() == sequence;
        if !is_it {
            return Err(unreadable("NHN answered with another message than was asked for"));
        }
        by_receipt(&message).map(Single::Found)
    }
}

/// What one of NHN's lists says of a message.
pub(super) enum Single {
    Found(LookUp),
    /// It answers with nothing.
    NotListed,
    /// It refuses a request that is not its own.
    Refused(SendFailure),
}

/// What the list says of our message, by `msgStatus`.
///
/// Overseas "success" is read as "handed to the carrier", for the reason that `receipts` gives.
fn found(row: &ListedMessage) -> Result<LookUp, SendFailure> {
    let provider_ref = provider_ref(&row.request_id, row.recipient_seq)
        .ok_or_else(|| unreadable("NHN's list has no usable request id"))?;
    let is_domestic = row.country_code.as_deref() == Some("82");
    let (status, evidence) = match (row.msg_status.as_deref(), is_domestic) {
        // Failed; then cancelled, refused as a duplicate, refused as an advertisement.
        (Some("0"), _) => (statuses::failed_status(row.result_code.as_deref()), Evidence::None),
        (Some("4" | "5" | "6"), _) => (ReceiptStatus::Undelivered, Evidence::None),
        (Some("3"), true) => (ReceiptStatus::Delivered, Evidence::Handset),
        (Some("3"), false) => (ReceiptStatus::InTransit, Evidence::Carrier),
        // Requested, processing, waiting for a permitted hour, and whatever the next release adds.
        _ => (ReceiptStatus::InTransit, Evidence::Gateway),
    };
    let provider_code = row.result_code.as_deref().and_then(crate::mask::code_text);
    let failure_code = statuses::RECEIVING.why(row.result_code.as_deref());
    let reported_sender = row.send_no.clone();
    Ok(LookUp::Found { provider_ref, status, evidence, provider_code, failure_code, reported_sender })
}

/// What the carrier's receipt says, where there is one, and else the message itself.
///
/// A receipt that is no end takes nothing from a message that came to one.
fn by_receipt(message: &SingleMessage) -> Result<LookUp, SendFailure> {
    let mut looked = found(&message.row)?;
    let said = message.dlr.as_ref().and_then(|dlr| Some((dlr, dlr.dlr_status.as_deref()?)));
    if let LookUp::Found { status, evidence, provider_code, failure_code, .. } = &mut looked
        && let Some((dlr, word)) = said
        && let Some(CodeReading::Word { status: its_status, evidence: its_evidence, .. }) =
            DLR_STATUSES.reading(word)
        && (is_end(its_status) || !is_end(*status))
    {
        (*status, *evidence) = (its_status, its_evidence);
        let error = dlr.error_code.as_deref().and_then(code_text);
        *failure_code = DLR_ERRORS
            .why_ended(its_status, error.as_deref())
            .or_else(|| statuses::RECEIVING.why_ended(its_status, message.row.result_code.as_deref()));
        *provider_code = match error {
            Some(error) => code_text(&format!("{word}-{error}")),
            None => code_text(word),
        };
    }
    Ok(looked)
}

/// Whether nothing else is said of the message after it.
fn is_end(status: ReceiptStatus) -> bool {
    match status {
        ReceiptStatus::Delivered | ReceiptStatus::Undelivered | ReceiptStatus::Expired => true,
        ReceiptStatus::InTransit | ReceiptStatus::Unknown => false,
    }
}
