//! Signatures as Twilio makes them.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

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
