//! What Twilio signs with: a secret, and the algorithm that the request's head names.
//!
//! Source: Twilio's page "Sign webhooks with shared keys" and the notes on it in its official libraries.
//! Without the settings header the account's auth token signs with HMAC-SHA1; with it a SharedKey does, with the
//! algorithm that the header names, and what is signed stays the same.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use subtle::Choice;

use crate::sms::doors::Headers;

const SIGNATURE_HEADER: &str = "x-twilio-signature";
/// `key=<the SharedKey's id>,algorithm=<one of ours>`; it comes only where a SharedKey signs.
const SETTINGS_HEADER: &str = "x-twilio-webhooks-signature-settings";

/// How a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    HmacSha1,
    HmacSha256,
}

impl Algorithm {
    /// The algorithm of a request; nothing where its head names one that is not known.
    fn of(header: &Headers<'_>) -> Option<Self> {
        let Some(settings) = header(SETTINGS_HEADER) else { return Some(Self::HmacSha1) };
        let settings = std::str::from_utf8(settings).ok()?;
        let mut named = settings.split(',').filter_map(|part| part.split_once('='));
        let (_, algorithm) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("algorithm"))?;
        match algorithm.trim() {
            "HMAC_SHA1" => Some(Self::HmacSha1),
            "HMAC_SHA256" => Some(Self::HmacSha256),
            _ => None,
        }
    }

    /// How many bytes a signature has.
    fn signature_bytes(self) -> usize {
        match self {
            Self::HmacSha1 => 20,
            Self::HmacSha256 => 32,
        }
    }
}

/// What a request's head brings as its signature.
pub(super) struct Signature {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl Signature {
    /// The signature of a head, if it has the form of one.
    pub(super) fn of(header: &Headers<'_>) -> Option<Self> {
        let algorithm = Algorithm::of(header)?;
        let bytes = STANDARD.decode(header(SIGNATURE_HEADER)?).ok()?;
        (bytes.len() == algorithm.signature_bytes()).then_some(Self { algorithm, bytes })
    }
}

/// A secret that signs, for either algorithm: whoever knows it may use either.
#[derive(Clone)]
pub(super) struct Key {
    sha1: Hmac<Sha1>,
    sha256: Hmac<Sha256>,
}

impl Key {
    /// The key of an auth token or of a SharedKey's secret.
    pub(super) fn new(secret: &str) -> Self {
        const ANY_LENGTH: &str = "HMAC takes a key of any length";
        let secret = secret.as_bytes();
        Self {
            sha1: Hmac::new_from_slice(secret).expect(ANY_LENGTH),
            sha256: Hmac::new_from_slice(secret).expect(ANY_LENGTH),
        }
    }

    /// Whether this key signed these parts, one after the other; in constant time.
    pub(super) fn signed<'a>(&self, signature: &Signature, parts: impl Iterator<Item = &'a [u8]>) -> Choice {
        match signature.algorithm {
            Algorithm::HmacSha1 => verified(self.sha1.clone(), &signature.bytes, parts),
            Algorithm::HmacSha256 => verified(self.sha256.clone(), &signature.bytes, parts),
        }
    }
}

fn verified<'a>(mut mac: impl Mac, signature: &[u8], parts: impl Iterator<Item = &'a [u8]>) -> Choice {
    parts.for_each(|part| mac.update(part));
    Choice::from(u8::from(mac.verify_slice(signature).is_ok()))
}
