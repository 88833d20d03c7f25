//! Signatures as Twilio and Sinch make them.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

/// The header that comes only where a SharedKey signs.
pub(crate) const SETTINGS_HEADER: &str = "x-twilio-webhooks-signature-settings";

/// HMAC-SHA1 of an address and of a form's fields in the order of their names.
pub(crate) fn signature(token: &str, address: &str, form: &str) -> String {
    let mut fields: Vec<(String, String)> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    fields.sort_unstable();
    let text: String = fields.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]).collect();
    let mut mac: Hmac<Sha1> =
        KeyInit::new_from_slice(token.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(address.as_bytes());
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// The headers by which Sinch proves itself: HMAC-SHA256 of the body, a nonce and a time, with full stops between them.
pub(crate) fn sinch(secret: &str, body: &str) -> Vec<(&'static str, String)> {
    const NONCE: &str = "01JHFFHWYY7HSS4FWTMDTQEK8V";
    const TIME: &str = "1736760161";
    let mut mac: Hmac<Sha256> =
        KeyInit::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{body}.{NONCE}.{TIME}").as_bytes());
    vec![
        ("x-sinch-webhook-signature", STANDARD.encode(mac.finalize().into_bytes())),
        ("x-sinch-webhook-signature-algorithm", "HmacSHA256".to_owned()),
        ("x-sinch-webhook-signature-nonce", NONCE.to_owned()),
        ("x-sinch-webhook-signature-timestamp", TIME.to_owned()),
    ]
}
