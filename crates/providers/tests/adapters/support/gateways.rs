//! What is sent, asked and reached alike at every gateway.

use closure_contract::{ClientRef, job::Scope};
use closure_providers::{Addresses, HttpSettings, PlainHttp, SmsMessage, StatusQuery};

use super::{client_ref, install_tls};

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

/// The question by the gateway's own name for it.
pub(crate) fn status_query(client_ref: ClientRef, provider_ref: &str) -> StatusQuery<'_> {
    StatusQuery { client_ref, provider_ref, scope: Scope::Overseas }
}
