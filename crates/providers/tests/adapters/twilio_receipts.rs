//! What Twilio's door opens to, and what its callbacks become.

use closure_contract::{Evidence, FailureCode, Provider, ReceiptStatus, Timestamp};
use closure_providers::{
    ConfigError, DoorError, DoorRequest, HeadProof, Opened, ReceiptDoor, TwilioReceipts,
};
use time::macros::datetime;

use crate::{
    support::{client_ref, signing},
    twilio::{ACCOUNT, RECEIPT_URL, SID},
};

/// Signed by Twilio's own Python library 9.13.0: `RequestValidator(token).compute_signature(RECEIPT_URL + QUERY, FIELDS)`.
const QUERY: &str = "?ref=6f2b1a4e-8f54-5f0e-9d0a-111111111111";
const FIELDS: &str = "SmsSid=SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb&SmsStatus=undelivered&MessageStatus=undelivered\
    &To=%2B84912345678&MessageSid=SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb&AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\
    &From=%2B82234518120&ApiVersion=2010-04-01&ErrorCode=30003";
const TOKENS: [&str; 2] = ["auth-token-1", "auth-token-2"];
const SIGNED_BY_ONE: &str = "zH3yNUkA3hdDDB7m5CsUj01oZSM=";
const SIGNED_BY_TWO: &str = "edOct43hQwppGg9aD2SFqxbB5oc=";

fn twilio(tokens: &[String], receipt_url: &str) -> Result<TwilioReceipts, ConfigError> {
    TwilioReceipts::new(tokens, receipt_url, ACCOUNT.to_owned())
}

fn door() -> ReceiptDoor {
    let tokens = TOKENS.map(str::to_owned);
    ReceiptDoor::Twilio(twilio(&tokens, RECEIPT_URL).expect("good settings"))
}

fn open(signature: Option<&str>, query: &str, body: &str) -> Result<Opened, DoorError> {
    let header = |name: &str| signature.filter(|_| name == "x-twilio-signature").map(str::as_bytes);
    let path_and_query = format!("/somewhere/behind/a/proxy{query}");
    let request = DoorRequest { header: &header, path_and_query: &path_and_query, raw_body: body.as_bytes() };
    door().open(&request, Timestamp(datetime!(2026-07-01 12:00:00 UTC)))
}

/// The same fields with others in place, signed as the fuzz target signs.
fn signed(body: &str) -> Result<Opened, DoorError> {
    open(Some(&signing::signature(TOKENS[0], &format!("{RECEIPT_URL}{QUERY}"), body)), QUERY, body)
}

#[test]
fn a_door_opens_to_a_signature_of_either_live_token_over_the_configured_address() {
    for good in [SIGNED_BY_ONE, SIGNED_BY_TWO] {
        assert_eq!(open(Some(good), QUERY, FIELDS).map(|opened| opened.receipts.len()), Ok(1));
    }
    let other = twilio(&[TOKENS[0].to_owned()], &RECEIPT_URL.replace("https", "http"));
    let header = |name: &str| (name == "x-twilio-signature").then_some(SIGNED_BY_ONE.as_bytes());
    let request = DoorRequest { header: &header, path_and_query: QUERY, raw_body: FIELDS.as_bytes() };
    let opened = ReceiptDoor::Twilio(other.expect("good settings")).open(&request, Timestamp::now());
    assert_eq!(opened, Err(DoorError::Forged), "the scheme is signed too");
}

#[test]
fn the_order_in_which_the_fields_come_does_not_matter() {
    let mut fields: Vec<&str> = FIELDS.split('&').collect();
    fields.reverse();
    assert!(open(Some(SIGNED_BY_ONE), QUERY, &fields.join("&")).is_ok());
}

#[test]
fn whoever_changes_anything_is_refused() {
    let flipped: String = SIGNED_BY_ONE.chars().rev().collect();
    let bad_signatures =
        [None, Some(""), Some("!"), Some("AAAA"), Some(&SIGNED_BY_ONE[..8]), Some(flipped.as_str())];
    for bad in bad_signatures {
        assert_eq!(open(bad, QUERY, FIELDS), Err(DoorError::Forged), "{bad:?}");
    }
    let other_reference = QUERY.replace('6', "7");
    for query in ["", "?", "?ref=", other_reference.as_str(), "?ref=6f2b1a4e-8f54-5f0e-9d0a-111111111111&a=b"]
    {
        assert_eq!(open(Some(SIGNED_BY_ONE), query, FIELDS), Err(DoorError::Forged), "{query}");
    }
    for (from, to) in [
        ("undelivered", "delivered"),
        ("ErrorCode=30003", "ErrorCode=30004"),
        ("&ErrorCode=30003", ""),
        ("&ErrorCode=30003", "&ErrorCode=30003&New=1"),
        ("MessageSid=SMb", "MessageSid=SMc"),
    ] {
        assert!(FIELDS.contains(from), "{from}");
        let changed = FIELDS.replacen(from, to, 1);
        assert_eq!(open(Some(SIGNED_BY_ONE), QUERY, &changed), Err(DoorError::Forged), "{changed}");
    }
    assert!(twilio(&["short".to_owned()], RECEIPT_URL).is_err());
    assert!(twilio(&[TOKENS[0].to_owned()], &format!("{RECEIPT_URL}?a=b")).is_err());
}

#[test]
fn a_callback_is_read_with_our_reference_from_its_address() {
    let opened = open(Some(SIGNED_BY_ONE), QUERY, FIELDS).expect("authentic and readable");
    let receipt = &opened.receipts[0];
    assert_eq!((receipt.provider, receipt.client_ref), (Provider::Twilio, Some(client_ref())));
    assert_eq!(receipt.provider_ref.as_deref(), Some(SID));
    assert_eq!((receipt.status, receipt.evidence), (ReceiptStatus::Undelivered, Evidence::None));
    assert_eq!(receipt.provider_code.as_deref(), Some("undelivered-30003"));
    let again = open(Some(SIGNED_BY_TWO), QUERY, FIELDS).expect("authentic and readable");
    assert_eq!(again.receipts[0].receipt_id, receipt.receipt_id, "the same statement has the same id");
}

#[test]
fn sent_is_not_the_last_word_and_a_status_of_a_later_release_decides_nothing() {
    for (status, error, expected) in [
        ("sent", "", Some((ReceiptStatus::InTransit, Evidence::Carrier))),
        ("delivered", "", Some((ReceiptStatus::Delivered, Evidence::Carrier))),
        ("failed", "&ErrorCode=30036", Some((ReceiptStatus::Expired, Evidence::None))),
        ("failed", "&ErrorCode=99999", Some((ReceiptStatus::Undelivered, Evidence::None))),
        // An error beside a good status explains nothing.
        ("delivered", "&ErrorCode=30036", Some((ReceiptStatus::Delivered, Evidence::Carrier))),
        ("teleported", "", Some((ReceiptStatus::InTransit, Evidence::None))),
        ("received", "", None),
    ] {
        let opened = signed(&format!("MessageSid={SID}&MessageStatus={status}{error}&AccountSid={ACCOUNT}"))
            .expect("authentic");
        let read = opened.receipts.first().map(|receipt| (receipt.status, receipt.evidence));
        assert_eq!(read, expected, "{status}{error}");
        assert_eq!((opened.ignored, opened.unreadable), (usize::from(expected.is_none()), 0), "{status}");
        assert_eq!(opened.unknown, usize::from(status == "teleported"), "{status}: it is told");
    }
}

#[test]
fn a_warning_beside_a_good_word_is_no_cause() {
    let lost = Some(FailureCode::NotDelivered);
    for (status, error, why) in [
        ("delivered", "30025", None),
        ("delivered", "30026", None),
        ("sent", "30025", None),
        ("undelivered", "30003", lost),
        ("undelivered", "30025", lost),
    ] {
        let body = format!("MessageSid={SID}&MessageStatus={status}&ErrorCode={error}&AccountSid={ACCOUNT}");
        let opened = signed(&body).expect("authentic");
        let receipt = &opened.receipts[0];
        assert_eq!(receipt.failure_code, why, "{status} {error}");
        assert_eq!(receipt.provider_code, Some(format!("{status}-{error}")), "the code itself is kept");
    }
}

#[test]
fn an_authentic_body_that_names_no_message_is_no_receipt() {
    for body in ["", "a=b", "MessageStatus=sent", "MessageSid=SM1&MessageStatus=sent", "{\"MessageSid\":1}"] {
        let opened = signed(body).expect("authentic");
        assert_eq!((opened.receipts.len(), opened.unreadable), (0, 1), "{body}");
    }
}

#[test]
fn the_port_of_the_address_may_be_signed_or_not_as_twilio_documents() {
    for (configured, also) in [
        ("https://intake.example.com/receipts/twilio", "https://intake.example.com:443/receipts/twilio"),
        ("https://intake.example.com:443/receipts/twilio", "https://intake.example.com/receipts/twilio"),
        ("https://intake.example.com:8443/r", "https://intake.example.com/r"),
        ("http://[::1]/receipts/twilio", "http://[::1]:80/receipts/twilio"),
        ("http://[::1]:8081/receipts/twilio", "http://[::1]/receipts/twilio"),
        ("https://intake.example.com", "https://intake.example.com:443"),
    ] {
        let door = ReceiptDoor::Twilio(twilio(&[TOKENS[0].to_owned()], configured).expect("good settings"));
        let opens = |address: &str| {
            let signature = signing::signature(TOKENS[0], &format!("{address}{QUERY}"), FIELDS);
            let header = |name: &str| (name == "x-twilio-signature").then_some(signature.as_bytes());
            let request = DoorRequest { header: &header, path_and_query: QUERY, raw_body: FIELDS.as_bytes() };
            door.open(&request, Timestamp::now()).is_ok()
        };
        assert!(opens(configured) && opens(also), "{configured} and {also}");
        for other in
            ["https://intake.example.com:444/receipts/twilio", "https://intake.example.org/receipts/twilio"]
        {
            assert!(!opens(other), "{configured}: {other}");
        }
    }
}

#[test]
fn a_callback_of_another_account_or_that_contradicts_itself_is_no_word_of_ours() {
    let good = format!(
        "MessageSid={SID}&SmsSid={SID}&MessageStatus=delivered&SmsStatus=delivered&AccountSid={ACCOUNT}"
    );
    assert_eq!(signed(&good).map(|opened| opened.receipts.len()), Ok(1));
    let other_sid = SID.replace('b', "c");
    let other_account = ACCOUNT.replace('a', "b");
    for bad in [
        good.replace(ACCOUNT, &other_account),
        good.replace(&format!("&AccountSid={ACCOUNT}"), ""),
        format!("{good}&AccountSid={other_account}"),
        good.replacen(&format!("SmsSid={SID}"), &format!("SmsSid={other_sid}"), 1),
        format!("{good}&MessageSid={other_sid}"),
        good.replace("SmsStatus=delivered", "SmsStatus=undelivered"),
        format!("{good}&MessageStatus=sent"),
        format!("{good}&ErrorCode=30003&ErrorCode=30005"),
    ] {
        assert!(matches!(signed(&bad), Err(DoorError::Unreadable(_))), "{bad}");
    }
}

#[test]
fn a_head_without_what_could_be_a_signature_is_refused_before_its_body() {
    let look = |signature: Option<&str>| {
        door().look_at_head(&|name| signature.filter(|_| name == "x-twilio-signature").map(str::as_bytes))
    };
    assert_eq!(look(Some(SIGNED_BY_ONE)), Ok(HeadProof::OverTheBody));
    for bad in [None, Some(""), Some("!"), Some("AAAA"), Some(&SIGNED_BY_ONE[..8])] {
        assert_eq!(look(bad), Err(DoorError::Forged), "{bad:?}");
    }
}
