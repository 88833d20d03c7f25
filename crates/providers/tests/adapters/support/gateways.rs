//! Every gateway with its recorded answers, so that what holds of one is tried at all.

use closure_contract::{SmsProvider, Timestamp, job::Scope};
use closure_providers::{
    Addresses, ConfigError, HttpSettings, InfobipReceipts, InfobipSettings, InfobipSms, LookUpQuery,
    NhnReceipts, NhnSettings, NhnSms, PlainHttp, ReceiptDoor, SmsGateway, SmsMessage, TwilioReceipts,
    TwilioSettings, TwilioSms,
};
use time::macros::datetime;

use super::{client_ref, install_tls, signing};
use crate::{
    infobip::{self, LOGS},
    nhn_send,
    twilio::{self, ACCOUNT, RECEIPT_URL},
};

const SECRET: &str = "a-secret-of-the-tests";
/// A user and a password, and both as RFC 7617 encodes them.
const CREDENTIALS: &str = "closure:secret-one";
const AUTHORIZATION: &str = "Basic Y2xvc3VyZTpzZWNyZXQtb25l";

/// A gateway's answers to a request, to a look-up that finds it, and to one that finds nothing.
pub(crate) struct Recorded {
    /// The status of the answer to a request that was taken.
    pub(crate) taken: u16,
    pub(crate) send_ok: &'static str,
    pub(crate) found: String,
    /// An empty list lets a text message be sent again, so that no part of it may be taken for one.
    pub(crate) none: &'static str,
}

/// Another gateway joins with an arm here and in the functions below.
pub(crate) fn recorded(gateway: SmsProvider) -> Recorded {
    match gateway {
        SmsProvider::Nhn => Recorded {
            taken: 200,
            send_ok: nhn_send::OK,
            found: format!(
                r#"{{"header":{{"isSuccessful":true,"resultCode":0}},"body":{{"totalCount":1,"data":[{{"requestId":"20180810100630ReZQ6KZzAH0","msgStatus":"3","recipientSeq":1,"recipientGroupingKey":"{}"}}]}}}}"#,
                client_ref()
            ),
            none: r#"{"header":{"isSuccessful":true,"resultCode":0,"resultMessage":"SUCCESS"},"body":{"pageNum":1,"pageSize":20,"totalCount":0,"data":[]}}"#,
        },
        SmsProvider::Infobip => {
            Recorded { taken: 200, send_ok: infobip::OK, found: LOGS.to_owned(), none: r#"{"results":[]}"# }
        }
        SmsProvider::Twilio => Recorded {
            taken: 201,
            send_ok: twilio::OK,
            found: format!(r#"{{"messages":[{}],"next_page_uri":null}}"#, twilio::OK.trim()),
            none: r#"{"messages":[],"page":0,"page_size":20,"next_page_uri":null}"#,
        },
    }
}

/// The adapter, or what is wrong with how its API is reached.
pub(crate) fn adapter(gateway: SmsProvider, http: HttpSettings) -> Result<SmsGateway, ConfigError> {
    let url = String::new();
    match gateway {
        SmsProvider::Nhn => NhnSms::new(NhnSettings { http, ..nhn_send::settings(url) }).map(SmsGateway::Nhn),
        SmsProvider::Infobip => {
            InfobipSms::new(InfobipSettings { http, ..infobip::settings(url) }).map(SmsGateway::Infobip)
        }
        SmsProvider::Twilio => {
            TwilioSms::new(TwilioSettings { http, ..twilio::settings(url) }).map(SmsGateway::Twilio)
        }
    }
}

/// The same at a server of the tests.
pub(crate) fn at(gateway: SmsProvider, base_url: String) -> SmsGateway {
    adapter(gateway, http(base_url)).expect("good settings")
}

/// How a server of the tests is reached.
pub(crate) fn http(base_url: String) -> HttpSettings {
    install_tls();
    HttpSettings {
        base_url,
        plain_http: PlainHttp::LoopbackOnly,
        addresses: Addresses::Any,
        connect_timeout_ms: 5_000,
        read_timeout_ms: 20_000,
        total_timeout_ms: 20_000,
        body_bytes_max: 64 * 1024,
    }
}

/// The door, and the value of the header by which a body that came with this query proves itself.
pub(crate) fn door(gateway: SmsProvider, query: &str, body: &str) -> (ReceiptDoor, String) {
    let secrets = [SECRET.to_owned()];
    match gateway {
        SmsProvider::Nhn => {
            (ReceiptDoor::Nhn(NhnReceipts::new(&secrets).expect("good secrets")), SECRET.to_owned())
        }
        SmsProvider::Infobip => {
            let door = InfobipReceipts::new(&[CREDENTIALS.to_owned()]).expect("good credentials");
            (ReceiptDoor::Infobip(door), AUTHORIZATION.to_owned())
        }
        SmsProvider::Twilio => {
            let door = TwilioReceipts::new(&secrets, RECEIPT_URL, ACCOUNT.to_owned()).expect("good settings");
            let signature = signing::signature(SECRET, &format!("{RECEIPT_URL}{query}"), body);
            (ReceiptDoor::Twilio(door), signature)
        }
    }
}

/// Every documented code of a gateway as a recorded exchange, one a line.
pub(crate) fn codes(gateway: SmsProvider) -> String {
    let path = format!("{}/tests/recorded/{gateway}_codes.jsonl", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{path}: {problem}"))
}

/// A text message abroad.
pub(crate) fn message() -> SmsMessage {
    SmsMessage {
        client_ref: client_ref(),
        to_digits: "84912345678".to_owned(),
        country_code: 84,
        sender: "+82234518120".to_owned(),
        text: "Xin chào".to_owned(),
        scope: Scope::Overseas,
        subject: None,
    }
}

/// The question what became of it.
pub(crate) fn query(message: &SmsMessage) -> LookUpQuery<'_> {
    let since = Timestamp(datetime!(2026-07-01 20:00:00 UTC));
    LookUpQuery { client_ref: message.client_ref, scope: message.scope, since, message: Some(message) }
}
