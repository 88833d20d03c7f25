//! NHN's webhook: who may bring receipts, and what they say.

use closure_contract::{Evidence, FailureCode, Provider, Receipt, ReceiptStatus, Timestamp};
use closure_providers::{
    ConfigError, DoorError, DoorRequest, NhnReceipts, Notice, Opened, RECEIPT_BODY_BYTES_MAX, ReceiptDoor,
};
use proptest::prelude::{any, prop_assert, proptest};
use time::macros::datetime;

use crate::support::client_ref;

const RESULT: &str = include_str!("../recorded/nhn_result_update.json");
const DLR: &str = include_str!("../recorded/nhn_delivery_receipt.json");
const SECRET: &str = "webhook-secret-1";

fn door() -> ReceiptDoor {
    door_of(&[SECRET]).expect("good secrets")
}

fn door_of(secrets: &[&str]) -> Result<ReceiptDoor, ConfigError> {
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    NhnReceipts::new(&secrets).map(ReceiptDoor::Nhn)
}

fn now() -> Timestamp {
    Timestamp(datetime!(2026-07-01 12:00:00 UTC))
}

fn open_signed(door: &ReceiptDoor, signature: Option<&str>, body: &[u8]) -> Result<Opened, DoorError> {
    let signature = signature.map(str::as_bytes);
    let header = |name: &str| signature.filter(|_| name == "x-toast-webhook-signature");
    door.open(&DoorRequest { header: &header, path_and_query: "/receipts/nhn", raw_body: body }, now())
}

fn open(body: &str) -> Result<Opened, DoorError> {
    open_signed(&door(), Some(SECRET), body.as_bytes())
}

fn one(body: &str) -> Receipt {
    let mut opened = open(body).expect("authentic and readable");
    assert_eq!((opened.receipts.len(), opened.ignored, opened.unreadable), (1, 0, 0), "{body}");
    opened.receipts.remove(0)
}

#[test]
fn only_who_knows_a_live_secret_is_let_in_and_nothing_is_read_before() {
    let with_two = door_of(&["webhook-secret-old", SECRET]).expect("good secrets");
    for (door, signature, is_let_in) in [
        (door(), Some(SECRET), true),
        (with_two.clone(), Some(SECRET), true),
        (with_two, Some("webhook-secret-old"), true),
        (door(), None, false),
        (door(), Some(""), false),
        (door(), Some("webhook-secret"), false),
        (door(), Some("webhook-secret-11"), false),
        (door(), Some("webhook-secret-2"), false),
        (door(), Some("WEBHOOK-SECRET-1"), false),
        (door(), Some("webhook-secret-old"), false),
    ] {
        assert_eq!(open_signed(&door, signature, DLR.as_bytes()).is_ok(), is_let_in, "{signature:?}");
        if !is_let_in {
            assert_eq!(open_signed(&door, signature, b"not JSON"), Err(DoorError::Forged));
        }
    }
}

#[test]
fn a_door_needs_one_or_two_secrets_worth_the_name() {
    for secrets in [&[][..], &["short"], &[""], &["with a space"], &["secret-1", "secret-2", "secret-3"]] {
        assert!(door_of(secrets).is_err(), "{secrets:?}");
    }
    assert!(!format!("{:?}", door()).contains(SECRET));
}

#[test]
fn the_documents_own_samples_are_read() {
    let receipt = one(RESULT);
    assert_eq!(receipt.receipt_id, "20261122100009HookNumber1");
    assert_eq!(receipt.provider, Provider::Nhn);
    assert_eq!(receipt.provider_ref.as_deref(), Some("20261122100002RequestTwo00:1"));
    assert_eq!(receipt.client_ref, Some(client_ref()));
    assert_eq!((receipt.status, receipt.evidence), (ReceiptStatus::Delivered, Evidence::Handset));
    assert_eq!(receipt.provider_code.as_deref(), Some("1000"));
    assert_eq!(receipt.occurred_at, Some(Timestamp(datetime!(2024-04-29 11:58:04 UTC))));
    assert_eq!(receipt.received_at, now());

    let receipt = one(DLR);
    assert_eq!(receipt.receipt_id, "202611221000118HookNumbX0");
    assert_eq!(receipt.provider_ref.as_deref(), Some("20261122100005RequestOne00:1"));
    assert_eq!((receipt.client_ref, receipt.occurred_at), (None, None));
    assert_eq!((receipt.status, receipt.evidence), (ReceiptStatus::InTransit, Evidence::Gateway));
    assert_eq!(receipt.provider_code.as_deref(), Some("ACCEPTED-0"));
}

#[test]
fn a_delivery_receipt_says_what_its_status_says() {
    use Evidence::{Carrier, Gateway, Handset, None};
    use ReceiptStatus::{Delivered, Expired, InTransit, Undelivered, Unknown};
    for (dlr, status, evidence) in [
        ("DELIVERED", Delivered, Handset),
        ("ACCEPTED", InTransit, Gateway),
        ("BUFFERED", InTransit, Carrier),
        ("EXPIRED", Expired, None),
        ("FAILED", Undelivered, None),
        ("REJECTED", Undelivered, None),
        ("UNKNOWN", Unknown, None),
        ("DELETED", InTransit, None),
    ] {
        let receipt = one(&DLR.replace("\"ACCEPTED\"", &format!("\"{dlr}\"")));
        assert_eq!((receipt.status, receipt.evidence), (status, evidence), "{dlr}");
    }
    for nothing in ["null", "\"\""] {
        let opened = open(&DLR.replace("\"ACCEPTED\"", nothing)).expect("readable");
        assert_eq!(opened, Opened { ignored: 1, ..Opened::default() }, "{nothing}");
    }
}

#[test]
fn a_batch_tells_each_blocked_country_once_and_nothing_that_is_no_country() {
    let blocks: Vec<String> =
        (0..25_000).map(|at| format!(r#"{{"countryCode":{}}}"#, [84, 1, 66][at % 3])).collect();
    let opened = open(&format!(r#"{{"event":"CONVERSION_BLOCK","hooks":[{}]}}"#, blocks.join(",")));
    let told = [1, 66, 84].map(|country_code| Notice::CountryBlocked { country_code });
    assert_eq!(opened, Ok(Opened { notices: told.to_vec(), ..Opened::default() }));
    let others: Vec<String> = (1_000..9_000).map(|code| format!(r#"{{"countryCode":{code}}}"#)).collect();
    let opened = open(&format!(r#"{{"event":"CONVERSION_BLOCK","hooks":[{}]}}"#, others.join(",")));
    assert_eq!(
        opened,
        Ok(Opened { unreadable: 8_000, ..Opened::default() }),
        "calling codes have three digits"
    );
}

#[test]
fn an_error_beside_a_word_that_is_no_bad_end_is_no_cause() {
    for (dlr, why) in
        [("DELIVERED", None), ("BUFFERED", None), ("FAILED", Some(FailureCode::RecipientRejected))]
    {
        let body = DLR
            .replace("\"ACCEPTED\"", &format!("\"{dlr}\""))
            .replace("\"errorCode\":\"0\"", "\"errorCode\":\"3\"");
        assert_eq!(one(&body).failure_code, why, "{dlr}");
    }
}

#[test]
fn a_country_that_nhn_blocks_is_told_and_no_receipt() {
    let hooks = r#"[{"hookId":"20240429205809GcSUXthVA00","countryCode":"1","blockedDateTime":"2024-05-28T09:00:00.000+09:00"},
        {"hookId":"h","countryCode":84},{"hookId":"h","countryCode":null},{"hookId":"h"},7]"#;
    let body = format!(r#"{{"hooksId":"1","event":"CONVERSION_BLOCK","hooks":{hooks}}}"#);
    let opened = open(&body).expect("authentic and readable");
    let told = [1, 84].map(|country_code| Notice::CountryBlocked { country_code });
    assert_eq!(opened, Opened { notices: told.to_vec(), unreadable: 3, ..Opened::default() });
}

#[test]
fn a_result_without_a_code_is_read_by_the_messages_status() {
    for (status, expected, evidence) in [
        ("COMPLETED", ReceiptStatus::InTransit, Evidence::Carrier),
        ("FAILED", ReceiptStatus::Undelivered, Evidence::None),
        ("CANCEL", ReceiptStatus::Undelivered, Evidence::None),
    ] {
        let body = RESULT.replace("\"1000\"", "null").replace("\"COMPLETED\"", &format!("\"{status}\""));
        let receipt = one(&body);
        assert_eq!((receipt.status, receipt.evidence), (expected, evidence), "{status}");
        assert_eq!((receipt.provider_code.as_deref(), receipt.failure_code), (Some(status), None));
    }
}

#[test]
fn a_result_says_delivered_for_korean_numbers_only() {
    use Evidence::{Carrier, Handset, None};
    use ReceiptStatus::{Delivered, Expired, InTransit, Undelivered};
    for (number, message, code, status, evidence) in [
        ("01012341234", "COMPLETED", "1000", Delivered, Handset),
        // Safety numbers and VoIP lines take texts at home, and no carrier overseas says more of them.
        ("8250422123456", "COMPLETED", "1000", Delivered, Handset),
        ("050422123456", "COMPLETED", "1000", Delivered, Handset),
        ("05071234567", "COMPLETED", "1000", Delivered, Handset),
        ("827012345678", "COMPLETED", "1000", Delivered, Handset),
        // An Indian, a Vietnamese and an Italian number without their country's code, and a whole Mexican one.
        ("8210123456", "COMPLETED", "1000", InTransit, Carrier),
        ("825012345", "COMPLETED", "1000", InTransit, Carrier),
        ("0502212345", "COMPLETED", "1000", InTransit, Carrier),
        ("5215512345678", "COMPLETED", "1000", InTransit, Carrier),
        ("821012341234", "COMPLETED", "1000", Delivered, Handset),
        ("0161234567", "COMPLETED", "1000", Delivered, Handset),
        ("01012341234", "COMPLETED", "2003", InTransit, Carrier),
        ("84912345678", "COMPLETED", "1000", InTransit, Carrier),
        ("912345678", "COMPLETED", "1000", InTransit, Carrier),
        ("8613812345678", "COMPLETED", "1000", InTransit, Carrier),
        ("13812345678", "COMPLETED", "1000", InTransit, Carrier),
        ("12025550123", "COMPLETED", "1000", InTransit, Carrier),
        ("390612345678", "COMPLETED", "1000", InTransit, Carrier),
        ("84912345678", "FAILED", "4005", Undelivered, None),
        ("84912345678", "FAILED", "2000", Expired, None),
        ("01012341234", "FAILED", "1019", Expired, None),
        ("84912345678", "CANCEL", "E900", Undelivered, None),
        ("84912345678", "DUPLICATED", "E915", Undelivered, None),
        ("84912345678", "FAILED_AD", "E919", Undelivered, None),
        ("01012341234", "SOMETHING_NEW", "1000", InTransit, None),
    ] {
        let body = RESULT
            .replace("\"01012341234\"", &format!("\"{number}\""))
            .replace("\"COMPLETED\"", &format!("\"{message}\""))
            .replace("\"1000\"", &format!("\"{code}\""));
        let receipt = one(&body);
        assert_eq!((receipt.status, receipt.evidence), (status, evidence), "{number} {message} {code}");
        assert_eq!(receipt.provider_code.as_deref(), Some(code));
    }
}

#[test]
fn the_same_statement_has_the_same_id_with_and_without_a_hook_id() {
    let anonymous = RESULT.replace("\"hookId\":\"20261122100009HookNumber1\",", "");
    let first = one(&anonymous).receipt_id;
    assert_eq!(first, "20261122100002RequestTwo00:1:COMPLETED:20240429T205804");
    assert_eq!(one(&anonymous).receipt_id, first);
    assert_ne!(one(&anonymous.replace("COMPLETED", "FAILED")).receipt_id, first);
    assert_ne!(one(&anonymous.replace("\"recipientSeq\":1", "\"recipientSeq\":2")).receipt_id, first);
    // An id that is none is not believed.
    let strange = RESULT.replace("20261122100009HookNumber1", "<script> 1");
    assert_eq!(one(&strange).receipt_id, first);
}

#[test]
fn one_bad_element_does_not_lose_the_others() {
    let (head, tail) = DLR.split_once("\"hooks\":[").expect("hooks");
    let good = tail.strip_suffix("]}\n").expect("the end");
    let second = good.replace("HookNumbX0", "HookNumbX1");
    for bad in [
        "{}",
        "null",
        "7",
        "\"text\"",
        "[]",
        &good.replace("\"recipientSeq\":1", "\"recipientSeq\":-1"),
        &good.replace("\"recipientSeq\":1", "\"recipientSeq\":{}"),
        &good.replace("\"requestId\":\"2026", "\"requestId\":\"../2026"),
        &good.replace("\"dlrStatus\":\"ACCEPTED\"", "\"dlrStatus\":5"),
    ] {
        let body = format!("{head}\"hooks\":[{good},{bad},{second}]}}");
        let opened = open(&body).expect("readable");
        let ids: Vec<&str> = opened.receipts.iter().map(|receipt| receipt.receipt_id.as_str()).collect();
        assert_eq!(ids, ["202611221000118HookNumbX0", "202611221000118HookNumbX1"], "{bad}");
        assert_eq!((opened.unreadable, opened.ignored), (1, 0), "{bad}");
    }
}

#[test]
fn other_events_are_let_in_and_ignored() {
    for event in ["UNSUBSCRIBE", "SOMETHING_NEW"] {
        let opened = open(&DLR.replace("INTERNATIONAL_DELIVERY_RECEIPT", event)).expect("readable");
        assert_eq!(opened, Opened { ignored: 1, ..Opened::default() }, "{event}");
    }
}

#[test]
fn a_body_that_is_not_as_documented_is_refused_as_a_whole() {
    for body in ["", "{}", "[]", "null", "<html>", "{\"event\":\"X\"}", "{\"event\":1,\"hooks\":[]}"] {
        assert!(matches!(open(body), Err(DoorError::Unreadable(_))), "{body}");
    }
    for cut in 0..RESULT.trim_end().len() {
        assert!(matches!(open(&RESULT[..cut]), Err(DoorError::Unreadable(_))), "cut at {cut}");
    }
    let large = format!("{}{}", DLR, " ".repeat(RECEIPT_BODY_BYTES_MAX));
    assert_eq!(open(&large), Err(DoorError::TooLarge));
}

proptest! {
    #[test]
    fn a_changed_byte_never_makes_more_than_one_receipt_of_one(at in 0..DLR.len(), byte in any::<u8>()) {
        let mut body = DLR.as_bytes().to_vec();
        body[at] = byte;
        let opened = open_signed(&door(), Some(SECRET), &body);
        prop_assert!(opened.map_or(0, |opened| opened.receipts.len()) <= 1);
    }

    #[test]
    fn a_changed_signature_is_forged(at in 0..SECRET.len(), byte in any::<u8>()) {
        let mut signature = SECRET.as_bytes().to_vec();
        let is_same = signature[at] == byte;
        signature[at] = byte;
        let header = |_: &str| Some(signature.as_slice());
        let request =
            DoorRequest { header: &header, path_and_query: "/receipts/nhn", raw_body: DLR.as_bytes() };
        let opened = door().open(&request, now());
        prop_assert!(opened.is_ok() == is_same);
    }
}
