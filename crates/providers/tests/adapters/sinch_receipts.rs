//! Sinch's callbacks: who may bring them, and what they say.

use closure_contract::{Evidence, Provider, Receipt, ReceiptStatus, Timestamp};
use closure_providers::{DoorError, DoorRequest, HeadProof, Opened, ReceiptDoor, SinchReceipts};
use time::macros::datetime;

use crate::{
    sinch::BATCH,
    support::{client_ref, signing},
};

pub(crate) const CALLBACK: &str = include_str!("../recorded/sinch_callback.json");
const SECRET: &str = "a-secret-of-the-tests";

/// The example of Sinch's own client for Node, in the tests of its SMS package.
const THEIRS: Signed = Signed {
    secret: "SMSWebhooksSecret",
    body: r#"{"at":"2025-01-13T09:22:40.914Z","batch_id":"01JHFFHQ0P99JPPNQPJDV7JTBP","client_reference":"a client reference","code":0,"operator_status_at":"2025-01-13T09:22:00Z","recipient":"33662162466","status":"Delivered","type":"recipient_delivery_report_sms"}"#,
    nonce: "01JHFFHWYY7HSS4FWTMDTQEK8V",
    time: "1736760161",
    signature: "ZoHei66PPN/kZjw7hFVfGhJOnml3iGNCMWoyQVcE5o0=",
};

struct Signed {
    secret: &'static str,
    body: &'static str,
    nonce: &'static str,
    time: &'static str,
    signature: &'static str,
}

fn door(secrets: &[&str]) -> ReceiptDoor {
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    ReceiptDoor::Sinch(SinchReceipts::new(&secrets).expect("good secrets"))
}

fn knock(door: &ReceiptDoor, headers: &[(&str, &str)], body: &str) -> Result<Opened, DoorError> {
    let header =
        |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
    door.look_at_head(&header)?;
    let request =
        DoorRequest { header: &header, path_and_query: "/receipts/sinch", raw_body: body.as_bytes() };
    door.open(&request, Timestamp(datetime!(2026-07-01 20:00:06 UTC)))
}

fn open(body: &str) -> Result<Opened, DoorError> {
    let signed = signing::sinch(SECRET, body);
    let headers: Vec<(&str, &str)> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    knock(&door(&[SECRET]), &headers, body)
}

fn one(body: &str) -> Receipt {
    let mut opened = open(body).expect("authentic and readable");
    assert_eq!((opened.receipts.len(), opened.ignored, opened.unreadable), (1, 0, 0), "{body}");
    opened.receipts.remove(0)
}

#[test]
fn what_sinchs_own_client_signs_is_good_and_every_change_of_it_is_bad() {
    let Signed { secret, body, nonce, time, signature } = THEIRS;
    let full = [
        ("x-sinch-webhook-signature", signature),
        ("x-sinch-webhook-signature-algorithm", "HmacSHA256"),
        ("x-sinch-webhook-signature-nonce", nonce),
        ("x-sinch-webhook-signature-timestamp", time),
    ];
    let good = knock(&door(&[secret]), &full, body).expect("their own example");
    assert_eq!(good.receipts[0].status, ReceiptStatus::Delivered);
    assert_eq!(good.receipts[0].client_ref, None, "their reference is none of ours");
    for secrets in [&["another-secret", secret], &[secret, "another-secret"]] {
        assert!(knock(&door(secrets), &full, body).is_ok(), "either of two live secrets");
    }
    let mut changed = vec![
        (full.to_vec(), body.replace("Delivered", "Failed")),
        (full.to_vec(), format!("{body} ")),
        (full.to_vec(), String::new()),
    ];
    for (index, other) in [
        (0, "ZoHei66PPN/kZjw7hFVfGhJOnml3iGNCMWoyQVcE5o0"),
        (0, "invalid-signature"),
        (0, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        (0, ""),
        (1, "HmacSHA1"),
        (1, ""),
        (2, "01JHFFHWYY7HSS4FWTMDTQEK8W"),
        (3, "1736760162"),
    ] {
        let mut headers = full.to_vec();
        headers[index].1 = other;
        changed.push((headers, body.to_owned()));
    }
    for missing in [0, 2, 3] {
        let mut headers = full.to_vec();
        headers.remove(missing);
        changed.push((headers, body.to_owned()));
    }
    for (headers, body) in &changed {
        assert_eq!(knock(&door(&[secret]), headers, body), Err(DoorError::Forged), "{headers:?} {body}");
    }
    assert_eq!(knock(&door(&["another-secret"]), &full, body), Err(DoorError::Forged));
    let unnamed: Vec<_> = full.iter().copied().filter(|(name, _)| !name.ends_with("algorithm")).collect();
    assert!(knock(&door(&[secret]), &unnamed, body).is_ok(), "its own clients need no algorithm");
}

#[test]
fn a_callback_speaks_of_our_message_by_their_batch_and_by_our_reference() {
    let receipt = one(CALLBACK.trim());
    assert_eq!(receipt.provider, Provider::Sinch);
    assert_eq!(receipt.provider_ref.as_deref(), Some(BATCH));
    assert_eq!(receipt.client_ref, Some(client_ref()));
    assert_eq!((receipt.status, receipt.evidence), (ReceiptStatus::Delivered, Evidence::Carrier));
    assert_eq!(receipt.receipt_id, format!("{BATCH}:Delivered-0"));
    assert_eq!(receipt.provider_code.as_deref(), Some("Delivered-0"));
    assert_eq!(receipt.reported_sender.as_deref(), Some("KRIDE"));
    assert_eq!(receipt.occurred_at, Some(Timestamp(datetime!(2026-07-01 20:00:05 UTC))));
    let without = one(&CALLBACK.replace("operator_status_at", "x").replace("applied_originator", "y"));
    assert_eq!(without.occurred_at, Some(Timestamp(datetime!(2026-07-01 20:00:05.914 UTC))));
    assert_eq!(without.reported_sender, None);
    let foreign = one(&CALLBACK.replace(&client_ref().to_string(), "spring-campaign"));
    assert_eq!((foreign.client_ref, foreign.provider_ref.as_deref()), (None, Some(BATCH)));
    let later = one(&CALLBACK.replace("Delivered", "Teleported"));
    assert_eq!(
        (later.status, later.evidence),
        (ReceiptStatus::InTransit, Evidence::None),
        "it decides nothing"
    );
}

#[test]
fn another_event_says_nothing_of_a_message_and_one_that_cannot_be_read_is_counted() {
    for body in [
        r#"{"type":"mo_text","id":"x","from":"84912345678","to":"82234518120","body":"hi","received_at":"2026-07-01T20:00:00Z"}"#,
        r#"{"type":"delivery_report_sms","batch_id":"x","statuses":[],"total_message_count":1}"#,
        r#"{"type":"of_a_later_release"}"#,
    ] {
        let opened = open(body).expect("authentic");
        assert_eq!((opened.receipts.len(), opened.ignored, opened.unreadable), (0, 1, 0), "{body}");
    }
    for body in [
        CALLBACK.replace(BATCH, ""),
        CALLBACK.replace(BATCH, "a/b"),
        CALLBACK.replace("\"code\":0", "\"code\":\"zero\""),
        CALLBACK.replace("\"Delivered\"", "null"),
        CALLBACK.replace("\"Delivered\"", "\"a b\""),
    ] {
        let opened = open(&body).expect("authentic");
        assert_eq!((opened.receipts.len(), opened.ignored, opened.unreadable), (0, 0, 1), "{body}");
    }
    for body in ["", "{}", "[]", "null", "<html>", r#"{"type":7}"#] {
        assert!(matches!(open(body), Err(DoorError::Unreadable(_))), "{body}");
    }
}

#[test]
fn a_door_reads_no_body_larger_than_one_callback_and_shows_no_secret() {
    let door = door(&[SECRET]);
    assert_eq!(door.body_bytes_max(), 64 * 1024);
    let body = " ".repeat(64 * 1024 + 1);
    assert_eq!(open(&body), Err(DoorError::TooLarge));
    assert!(!format!("{door:?}").contains(SECRET));
    let signed = signing::sinch(SECRET, "{}");
    let header =
        |name: &str| signed.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_bytes());
    assert_eq!(door.look_at_head(&header), Ok(HeadProof::OverTheBody));
}
