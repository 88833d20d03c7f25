//! DKIM signatures (RFC 6376, RFC 8463): written once, with the mail, so that every resend carries the same bytes.
//!
//! The mail library's own signer brings an RSA implementation with an open advisory (RUSTSEC-2023-0071); the signatures
//! here are made by the library that already encrypts our connections.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use closure_contract::{
    Timestamp,
    facts::mail::{DkimKeyKind, DkimRecord},
};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivateKeyDer, pem::PemObject};
use sha2::{Digest, Sha256};

use crate::config::{ConfigError, is_domain};

const SERVICE: &str = "DKIM";
const NO_KEY: &str =
    "must be an RSA key of at least 2048 bits or an Ed25519 key in PEM; openssl genpkey makes one";
/// What a signature covers where the mail has it.
const SIGNED: [&str; 8] =
    ["from", "to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted"];
/// Named once more than they occur, so that nobody adds a second one on the way.
const ONCE_ONLY: [&str; 3] = ["from", "to", "subject"];
/// A signature is folded into lines of this many characters.
const LINE_CHARS: usize = 72;

/// Signs mail in the name of one domain; a clone shares the key.
#[derive(Clone)]
pub struct DkimSigner {
    domain: String,
    keys: Vec<(String, Key)>,
}

#[derive(Clone)]
enum Key {
    Rsa(Arc<RsaKeyPair>),
    Ed25519(Arc<Ed25519KeyPair>),
}

fn refuse(key: &'static str, problem: &'static str) -> ConfigError {
    ConfigError::Setting { service: SERVICE, key, problem }
}

impl DkimSigner {
    /// A signer for `selector._domainkey.domain` with an RSA or Ed25519 key in PEM (PKCS #8, or PKCS #1 for RSA).
    pub fn new(domain: &str, selector: &str, key_pem: &str) -> Result<Self, ConfigError> {
        if !is_domain(domain) {
            return Err(refuse("dkim_domain", "must be a domain name, such as example.com"));
        }
        if !is_domain(selector) {
            return Err(refuse("dkim_selector", "must be a name of DNS, such as fleet1"));
        }
        let key = Key::read(key_pem).ok_or_else(|| refuse("dkim_key", NO_KEY))?;
        Ok(Self { domain: domain.to_ascii_lowercase(), keys: vec![(selector.to_ascii_lowercase(), key)] })
    }

    /// The same with a second signature, by a key under another selector: Ed25519 beside RSA, which every receiver knows.
    pub fn and(mut self, selector: &str, key_pem: &str) -> Result<Self, ConfigError> {
        let selector = selector.to_ascii_lowercase();
        if !is_domain(&selector) || self.keys.iter().any(|(known, _)| *known == selector) {
            return Err(refuse("dkim_second_selector", "must be a name of DNS of its own, such as fleet2"));
        }
        let key = Key::read(key_pem).ok_or_else(|| refuse("dkim_second_key", NO_KEY))?;
        self.keys.push((selector, key));
        Ok(self)
    }

    /// What the domain has to publish of each key.
    pub fn records(&self) -> Vec<DkimRecord> {
        let record = |(selector, key): &(String, Key)| DkimRecord {
            name: format!("{selector}._domainkey.{}", self.domain),
            domain: self.domain.clone(),
            kind: match key {
                Key::Rsa(_) => DkimKeyKind::Rsa,
                Key::Ed25519(_) => DkimKeyKind::Ed25519,
            },
            public_key: STANDARD.encode(key.public()),
        };
        self.keys.iter().map(record).collect()
    }

    /// The mail with its signatures before it; nothing if the mail has no header or a key fails.
    pub fn sign(&self, mail: &[u8], now: Timestamp) -> Option<Vec<u8>> {
        let signatures: Option<String> = self.keys.iter().map(|one| self.signature(one, mail, now)).collect();
        Some([signatures?.as_bytes(), mail].concat())
    }

    /// One signature as a field of the head; it covers no other one.
    fn signature(&self, (selector, key): &(String, Key), mail: &[u8], now: Timestamp) -> Option<String> {
        let text = std::str::from_utf8(mail).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let fields = fields(head);
        let present: Vec<&str> =
            SIGNED.into_iter().filter(|wanted| fields.iter().any(|(name, _)| name == wanted)).collect();
        let names: Vec<&str> = present.iter().copied().chain(ONCE_ONLY).collect();
        let unsigned = format!(
            "v=1; a={}; c=relaxed/relaxed; d={}; s={}; t={};\r\n\th={};\r\n\tbh={};\r\n\tb=",
            key.algorithm(),
            self.domain,
            selector,
            now.0.unix_timestamp(),
            names.join(":"),
            STANDARD.encode(Sha256::digest(relaxed_body(body))),
        );
        let mut covered = String::new();
        for wanted in present {
            let (name, value) = fields.iter().find(|(name, _)| name == wanted)?;
            covered.push_str(&format!("{name}:{value}\r\n"));
        }
        covered.push_str(&format!("dkim-signature:{}", relaxed_value(&unsigned)));
        let signature = STANDARD.encode(key.sign(covered.as_bytes())?);
        let lines: Vec<&str> = (0..signature.len())
            .step_by(LINE_CHARS)
            .map(|start| &signature[start..signature.len().min(start + LINE_CHARS)])
            .collect();
        Some(format!("DKIM-Signature: {unsigned}{}\r\n", lines.join("\r\n\t")))
    }
}

impl Key {
    fn read(pem: &str) -> Option<Self> {
        match PrivateKeyDer::from_pem_slice(pem.as_bytes()).ok()? {
            PrivateKeyDer::Pkcs1(der) => {
                RsaKeyPair::from_der(der.secret_pkcs1_der()).ok().map(|key| Self::Rsa(Arc::new(key)))
            }
            PrivateKeyDer::Pkcs8(der) => {
                let der = der.secret_pkcs8_der();
                let rsa = || RsaKeyPair::from_pkcs8(der).ok().map(|key| Self::Rsa(Arc::new(key)));
                let ed25519 = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok();
                ed25519.map(|key| Self::Ed25519(Arc::new(key))).or_else(rsa)
            }
            _ => None,
        }
    }

    /// The public part as a record has it: an RSA key with its kind before it (RFC 5280), the bare key otherwise (RFC 8463).
    fn public(&self) -> Vec<u8> {
        match self {
            Self::Rsa(key) => {
                let key = key.public().as_ref();
                let bits = der(0x03, &[&[0], key].concat());
                der(0x30, &[&RSA_ENCRYPTION[..], &bits].concat())
            }
            Self::Ed25519(key) => key.public_key().as_ref().to_vec(),
        }
    }

    fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa-sha256",
            Self::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// RFC 8463: Ed25519 signs the digest, and RSA makes the digest itself.
    fn sign(&self, covered: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), covered, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ed25519(key) => Some(key.sign(&Sha256::digest(covered)).as_ref().to_vec()),
        }
    }
}

/// The algorithm of an RSA key in DER: its identifier, and nothing more about it.
const RSA_ENCRYPTION: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// A value of DER with its tag and its length.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match (length.as_slice(), u8::try_from(length.len())) {
        ([], _) => out.push(0),
        ([short @ 0..=0x7f], _) => out.push(*short),
        (long, Ok(count)) => {
            out.push(0x80 | count);
            out.extend_from_slice(long);
        }
        (_, Err(_)) => {}
    }
    out.extend_from_slice(value);
    out
}

/// Every header field by its name in lower case, its value relaxed (RFC 6376, 3.4.2).
fn fields(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    unfolded
        .split("\r\n")
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim_end().to_ascii_lowercase(), relaxed_value(value)))
        .collect()
}

fn relaxed_value(value: &str) -> String {
    value.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// RFC 6376, 3.4.4: runs of white space as one space, none at a line's end, no empty lines at the end.
fn relaxed_body(body: &str) -> String {
    let mut lines: Vec<String> = body.split("\r\n").map(relaxed_line).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.iter().fold(String::new(), |text, line| text + line + "\r\n")
}

fn relaxed_line(line: &str) -> String {
    let mut relaxed = String::with_capacity(line.len());
    for character in line.trim_end_matches([' ', '\t']).chars() {
        match character {
            ' ' | '\t' if relaxed.ends_with(' ') => {}
            ' ' | '\t' => relaxed.push(' '),
            other => relaxed.push(other),
        }
    }
    relaxed
}

impl fmt::Debug for DkimSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let selectors: Vec<&str> = self.keys.iter().map(|(selector, _)| selector.as_str()).collect();
        write!(f, "DkimSigner({}._domainkey.{}, key masked)", selectors.join(","), self.domain)
    }
}
