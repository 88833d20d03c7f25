//! The sender that a gateway reports (R12): read where its documents name a field for it, and never what costs a word.

use closure_contract::{Receipt, Timestamp, job::Scope};
use closure_providers::{
    DoorRequest, InfobipReceipts, LookUp, LookUpQuery, NhnReceipts, ReceiptDoor, SmsGateway, TwilioReceipts,
};
use time::macros::datetime;

use crate::{
    infobip::infobip,
    support::{
        client_ref,
        http::{HttpServer, answer},
        signing,
    },
    twilio::{ACCOUNT, RECEIPT_URL, SID},
};

const INFOBIP: &str = include_str!("../recorded/infobip_reports.json");
const INFOBIP_LOGS: &str = include_str!("../recorded/infobip_logs.json");
const NHN: &str = include_str!("../recorded/nhn_result_update.json");
const TOKEN: &str = "auth-token-1";
const SECRET: &str = "closure:secret-one";
/// [`SECRET`] as RFC 7617 encodes it.
const BASIC: &str = "Basic Y2xvc3VyZTpzZWNyZXQtb25l";

/// What may stand in the field, as JSON, and what is kept of it.
const FIELDS: [(&str, Option<&str>); 17] = [
    ("\"KRIDE\"", Some("KRIDE")),
    ("\"+82234518120\"", Some("+82234518120")),
    ("\"NHNcorp\"", Some("NHNcorp")),
    ("\"AX-KRIDE\"", Some("AX-KRIDE")),
    ("\" Kakao T \"", Some("Kakao T")),
    ("10691234567890", Some("10691234567890")),
    ("\"카카오모빌리티\"", Some("카카오모빌리티")),
    ("\"12345678901234567890\"", Some("12345678901234567890")),
    ("\"123456789012345678901\"", None),
    ("\"\"", None),
    ("\"   \"", None),
    ("\"K\\u0000RIDE\"", None),
    ("\"\\u202eEDIRK\"", None),
    ("\"a\\nb\"", None),
    ("null", None),
    ("[\"KRIDE\", {\"a\": [1.5e300]}]", None),
    ("true", None),
];

fn open(door: &ReceiptDoor, header: &str, value: &str, query: &str, body: &str) -> Receipt {
    let header = |name: &str| (name == header).then_some(value.as_bytes());
    let request = DoorRequest { header: &header, path_and_query: query, raw_body: body.as_bytes() };
    let opened = door.open(&request, Timestamp(datetime!(2026-07-01 12:00:00 UTC)));
    let mut opened = opened.expect("authentic and readable");
    assert_eq!((opened.receipts.len(), opened.ignored, opened.unreadable), (1, 0, 0), "{body}");
    opened.receipts.remove(0)
}

fn over_infobip(body: &str) -> Receipt {
    let door = ReceiptDoor::Infobip(InfobipReceipts::new(&[SECRET.to_owned()]).expect("good settings"));
    open(&door, "authorization", BASIC, "", body)
}

fn over_nhn(body: &str) -> Receipt {
    let door = ReceiptDoor::Nhn(NhnReceipts::new(&["webhook-secret-1".to_owned()]).expect("good settings"));
    open(&door, "x-toast-webhook-signature", "webhook-secret-1", "", body)
}

fn over_twilio(from: &str) -> Receipt {
    let door = TwilioReceipts::new(&[TOKEN.to_owned()], RECEIPT_URL, ACCOUNT.to_owned());
    let door = ReceiptDoor::Twilio(door.expect("good settings"));
    let body = format!("MessageSid={SID}&MessageStatus=delivered&AccountSid={ACCOUNT}{from}");
    let signature = signing::signature(TOKEN, RECEIPT_URL, &body);
    open(&door, "x-twilio-signature", &signature, "", &body)
}

/// A receipt is the same in everything but the sender, whatever that is.
fn costs_nothing(read: &Receipt, plain: &Receipt, expected: Option<&str>, what: &str) {
    assert_eq!(read.reported_sender.as_deref(), expected, "{what}");
    assert_eq!(Receipt { reported_sender: None, ..read.clone() }, *plain, "{what}");
}

#[test]
fn a_receipts_sender_is_kept_if_it_could_be_one_and_costs_the_receipt_nothing() {
    let infobip = over_infobip(&INFOBIP.replace("\"sender\":\"KRIDE\",", ""));
    let nhn = over_nhn(&NHN.replace("\"sendNo\":\"0234518120\",", ""));
    assert_eq!((&infobip.reported_sender, &nhn.reported_sender), (&None, &None), "a missing one is none");
    for (field, expected) in FIELDS {
        let body = INFOBIP.replace("\"sender\":\"KRIDE\"", &format!("\"sender\":{field}"));
        costs_nothing(&over_infobip(&body), &infobip, expected, field);
        let body = NHN.replace("\"sendNo\":\"0234518120\"", &format!("\"sendNo\":{field}"));
        costs_nothing(&over_nhn(&body), &nhn, expected, field);
    }
}

#[test]
fn a_callbacks_sender_is_kept_if_it_could_be_one_and_costs_the_callback_nothing() {
    let plain = over_twilio("");
    assert_eq!(plain.reported_sender, None, "a missing one is none");
    for (from, expected) in [
        ("&From=%2B82234518120", Some("+82234518120")),
        ("&From=KRIDE", Some("KRIDE")),
        ("&From=10691234567890", Some("10691234567890")),
        ("&From=", None),
        ("&From=%00%ff%E2%80%AE", None),
        ("&From=123456789012345678901", None),
        ("&From=KRIDE&From=OTHER", None),
    ] {
        costs_nothing(&over_twilio(from), &plain, expected, from);
    }
}

#[tokio::test]
async fn a_look_ups_sender_is_kept_if_it_could_be_one_and_costs_the_look_up_nothing() {
    for (field, expected) in FIELDS {
        let body = INFOBIP_LOGS.replace("\"sender\":\"KRIDE\"", &format!("\"sender\":{field}"));
        let server = HttpServer::start(vec![answer(200, body)]).await;
        let since = Timestamp(datetime!(2026-07-01 20:00:00 UTC));
        let query = LookUpQuery { client_ref: client_ref(), scope: Scope::Overseas, since, message: None };
        let found = SmsGateway::Infobip(infobip(server.base_url())).look_up(&query).await;
        let Ok(LookUp::Found { reported_sender, .. }) = found else { panic!("{field}: {found:?}") };
        assert_eq!(reported_sender.as_deref(), expected, "{field}");
    }
}
