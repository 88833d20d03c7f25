//! The JSON that the gateway writes: answers, look-ups and receipts.

use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use uuid::Uuid;

use super::{
    codes::ResultCode,
    courier::FORGED_CLAIM,
    messages::{MessageStatus, SentSms},
    script::Statement,
    state::{KOREAN_TIME, NhnState},
};

/// The header that carries the shared secret.
pub(super) const SIGNATURE_HEADER: &str = "X-Toast-Webhook-Signature";

const LOOK_UP_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond digits:1]");
const RECEIPT_DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// The header of every answer.
pub(super) fn header(code: ResultCode) -> Value {
    json!({
        "isSuccessful": code == ResultCode::SUCCESS,
        "resultCode": code.number,
        "resultMessage": code.message,
    })
}

/// An answer without a body.
pub(super) fn refusal(code: ResultCode) -> Value {
    json!({ "header": header(code) })
}

/// One element of `sendResultList`.
pub(super) fn send_result(
    recipient_no: &str,
    code: ResultCode,
    recipient_seq: u32,
    grouping_key: Option<&str>,
) -> Value {
    json!({
        "recipientNo": recipient_no,
        "resultCode": code.number,
        "resultMessage": code.message,
        "recipientSeq": recipient_seq,
        "recipientGroupingKey": grouping_key,
    })
}

/// The answer to an accepted request.
pub(super) fn acceptance(request_id: &str, sender_grouping_key: Option<&str>, results: Vec<Value>) -> Value {
    json!({
        "header": header(ResultCode::SUCCESS),
        "body": { "data": {
            "requestId": request_id,
            "statusCode": "2",
            "senderGroupingKey": sender_grouping_key,
            "sendResultList": results,
        }},
    })
}

/// One page of a list.
pub(super) fn page(page_num: usize, page_size: usize, total: usize, data: Vec<Value>) -> Value {
    json!({
        "header": header(ResultCode::SUCCESS),
        "body": { "pageNum": page_num, "pageSize": page_size, "totalCount": total, "data": data },
    })
}

/// The answer to a look-up of one message, which alone tells the carrier's receipt.
pub(super) fn single(message: &SentSms) -> Value {
    let mut data = listed(message);
    data["dlr"] = match message.progress.dlr {
        Some(dlr) => json!({
            "dlrStatus": dlr.status.word(),
            "networkCode": network_code(message),
            "errorCode": dlr.error_code,
        }),
        None => Value::Null,
    };
    json!({ "header": header(ResultCode::SUCCESS), "body": { "data": data } })
}

/// A message as the list tells it.
pub(super) fn listed(message: &SentSms) -> Value {
    let long = message.title.is_some();
    let progress = &message.progress;
    json!({
        "requestId": message.request_id,
        "requestDate": look_up_date(message.at),
        "resultDate": progress.result_at.map(look_up_date),
        "templateId": null,
        "templateName": null,
        "categoryId": null,
        "categoryName": null,
        "title": message.title,
        "body": message.text,
        "sendNo": message.send_no,
        "countryCode": message.country_code,
        "recipientNo": message.recipient_no,
        "msgStatus": progress.status.number(),
        "msgStatusName": status_name(progress.status),
        "resultCode": progress.result_code,
        "resultCodeName": progress.result_code.map(|_| status_name(progress.status)),
        "telecomCode": null,
        "telecomCodeName": null,
        "recipientSeq": message.recipient_seq,
        "sendType": if long { "1" } else { "0" },
        "messageType": if long { "LMS" } else { "SMS" },
        "messageCount": 1,
        "userId": null,
        "adYn": "N",
        "resultMessage": "",
        "senderGroupingKey": message.sender_grouping_key,
        "recipientGroupingKey": message.recipient_grouping_key,
    })
}

/// A message as the search by time of result tells it.
pub(super) fn result_update(message: &SentSms) -> Value {
    json!({
        "messageType": if message.title.is_some() { "LMS" } else { "SMS" },
        "requestId": message.request_id,
        "recipientSeq": message.recipient_seq,
        "resultCode": message.progress.result_code,
        "resultCodeName": status_name(message.progress.status),
        "requestDate": look_up_date(message.at),
        "resultDate": message.progress.result_at.map(look_up_date),
        "updateDate": message.progress.result_at.map(look_up_date),
        "telecomCode": null,
        "telecomCodeName": null,
        "senderGroupingKey": message.sender_grouping_key,
        "recipientGroupingKey": message.recipient_grouping_key,
    })
}

/// The body of a receipt.
pub(super) fn webhook(state: &NhnState, message: &SentSms, statement: Statement, hook_id: &str) -> Vec<u8> {
    let (event, hook) = match statement {
        Statement::Dlr(dlr) => (
            "INTERNATIONAL_DELIVERY_RECEIPT",
            json!({
                "hookId": hook_id,
                "requestId": message.request_id,
                "recipientSeq": message.recipient_seq,
                "dlrStatus": dlr.status.word(),
                "networkCode": network_code(message),
                "errorCode": dlr.error_code,
            }),
        ),
        Statement::EmptyDlr => (
            "INTERNATIONAL_DELIVERY_RECEIPT",
            json!({
                "hookId": hook_id,
                "requestId": message.request_id,
                "recipientSeq": message.recipient_seq,
                "dlrStatus": null,
                "networkCode": null,
                "errorCode": null,
            }),
        ),
        Statement::Result(status, code) => {
            ("MESSAGE_RESULT_UPDATE", result_hook(state, message, status, code, hook_id))
        }
        Statement::Forged => {
            let (status, code) = FORGED_CLAIM;
            ("MESSAGE_RESULT_UPDATE", result_hook(state, message, status, code, hook_id))
        }
    };
    let body = json!({
        "hooksId": Uuid::new_v4().simple().to_string(),
        "webhookConfigId": "simulated",
        "productName": "SMS",
        "appKey": state.settings.app_key,
        "event": event,
        "hooks": [hook],
    });
    body.to_string().into_bytes()
}

fn result_hook(
    state: &NhnState,
    message: &SentSms,
    status: MessageStatus,
    code: &str,
    hook_id: &str,
) -> Value {
    let request_id = message.request_id.as_deref().unwrap_or_default();
    let path = format!("/sms/v3.0/appKeys/{}/sender/sms/{request_id}", state.settings.app_key);
    let received_at = message.progress.result_at.unwrap_or(message.at);
    json!({
        "hookId": hook_id,
        "senderType": if message.title.is_some() { "NORMAL_LMS" } else { "NORMAL_SMS" },
        "requestId": message.request_id,
        "recipientSeq": message.recipient_seq,
        "requestDate": receipt_date(message.at),
        "receiveDate": receipt_date(received_at),
        "sendNo": message.send_no,
        "recipientNo": message.recipient_no,
        "messageStatus": status.word(),
        "recipientGroupingKey": message.recipient_grouping_key,
        "senderGroupingKey": message.sender_grouping_key,
        "resultCode": code,
        "messageCount": 1,
        "_links": { "self": {
            "href": format!("{}{path}?recipientSeq={}", state.base_url, message.recipient_seq),
        }},
    })
}

fn network_code(message: &SentSms) -> String {
    format!("SIM-{}", message.country_code)
}

fn status_name(status: MessageStatus) -> &'static str {
    match status {
        MessageStatus::Failed => "failed",
        MessageStatus::Processing => "processing",
        MessageStatus::Succeeded => "successful",
    }
}

fn look_up_date(at: OffsetDateTime) -> String {
    korean(at, LOOK_UP_DATE)
}

fn receipt_date(at: OffsetDateTime) -> String {
    korean(at, RECEIPT_DATE)
}

fn korean(at: OffsetDateTime, format: &[BorrowedFormatItem<'_>]) -> String {
    at.to_offset(KOREAN_TIME).format(format).expect("a date has every part that its format names")
}
