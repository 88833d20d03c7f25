//! The keys that hash recipients, so that a customer is found by a number which is written down nowhere.
//!
//! There are at most 10¹¹ numbers: a hash without a key is read back in minutes by whoever has the table.

use std::{collections::BTreeMap, fmt, str::FromStr};

use closure_contract::facts::recipients::Recipient;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{database::row::Columns, error::StoreError, store::Store};

/// A key has exactly this many bytes.
const KEY_BYTES: usize = 32;
/// What a key is told from another by is a hash of this.
const FINGERPRINTED: &[u8] = b"closure-fleet: which key this is";

/// The number of a key, which stands beside every hash that it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HashKeyNumber(pub i16);

impl fmt::Display for HashKeyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The keys that this process knows; none where none is configured, and then no hash is made.
///
/// New hashes are made by the key with the highest number, and look-ups try each.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HashKeys(BTreeMap<HashKeyNumber, [u8; KEY_BYTES]>);

/// Why a text holds no keys; it repeats none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "write each key as NUMBER:HEX, such as 1: and the 64 digits that `openssl rand -hex 32` prints, a number once and from 1 to 32767; \
     several are one a line, or with commas"
)]
pub struct NoHashKeys;

impl FromStr for HashKeys {
    type Err = NoHashKeys;

    fn from_str(text: &str) -> Result<Self, NoHashKeys> {
        let mut keys = BTreeMap::new();
        for one in text.split([',', '\n', '\r']).map(str::trim).filter(|one| !one.is_empty()) {
            let (number, key) = one.split_once(':').ok_or(NoHashKeys)?;
            let number: i16 = number.trim().parse().map_err(|_| NoHashKeys)?;
            let key = bytes_of(key.trim()).ok_or(NoHashKeys)?;
            if number < 1 || keys.insert(HashKeyNumber(number), key).is_some() {
                return Err(NoHashKeys);
            }
        }
        Ok(Self(keys))
    }
}

fn bytes_of(hex: &str) -> Option<[u8; KEY_BYTES]> {
    if hex.len() != 2 * KEY_BYTES || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?;
    }
    Some(key)
}

/// A keyed hash of a recipient.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyedHash {
    pub(crate) key: HashKeyNumber,
    pub(crate) hash: Vec<u8>,
}

impl HashKeys {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of the key by which hashes are made from now on.
    pub(crate) fn newest_number(&self) -> Option<HashKeyNumber> {
        self.0.last_key_value().map(|(number, _)| *number)
    }

    /// The hash by which a recipient is written down from now on.
    pub(crate) fn newest(&self, recipient: &Recipient) -> Option<KeyedHash> {
        let (number, key) = self.0.last_key_value()?;
        Some(KeyedHash { key: *number, hash: keyed(key, recipient) })
    }

    /// Every hash by which a recipient may have been written down.
    pub(crate) fn every(&self, recipient: &Recipient) -> Vec<Vec<u8>> {
        self.0.values().map(|key| keyed(key, recipient)).collect()
    }
}

/// A number is never an address, so that the two share no hash.
fn keyed(key: &[u8; KEY_BYTES], recipient: &Recipient) -> Vec<u8> {
    let (kind, value) = match recipient {
        Recipient::Phone(digits) => ("phone:", digits),
        Recipient::Email(address) => ("email:", address),
    };
    mac(key, &[kind.as_bytes(), value.0.as_bytes()])
}

fn mac(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// How the keys of this process stand to those by which hashes were made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HashKeyReport {
    /// Those that this process knows.
    pub known: Vec<HashKeyNumber>,
    /// Those by which hashes were made and that this process does not know: it finds nothing by them.
    pub lost: Vec<HashKeyNumber>,
}

impl Store {
    /// Whose data something is, as the record of what people do names them; nothing where no key is configured.
    pub fn whose(&self, recipient: &Recipient) -> Option<Vec<u8>> {
        self.keys.newest(recipient).map(|keyed| keyed.hash)
    }

    /// Writes down which keys there are, before the first hash is made by one.
    ///
    /// Another key under the number of an earlier one would hide everything that the earlier one hashed: it is an error of
    /// the configuration.
    pub async fn register_hash_keys(&self) -> Result<(), StoreError> {
        if self.keys.is_empty() {
            return Ok(());
        }
        let (numbers, prints) = self.fingerprints();
        self.database.query(REGISTER, &[&numbers, &prints]).await?;
        self.hash_keys().await.map(drop)
    }

    /// Which keys there are, and which of them are lost to this process.
    pub async fn hash_keys(&self) -> Result<HashKeyReport, StoreError> {
        let (numbers, prints) = self.fingerprints();
        let mut report =
            HashKeyReport { known: numbers.iter().copied().map(HashKeyNumber).collect(), lost: Vec::new() };
        for row in &self.database.query(REGISTERED, &[]).await? {
            let columns = Columns(row);
            let number: i16 = columns.get("number")?;
            match numbers.iter().position(|known| *known == number) {
                None => report.lost.push(HashKeyNumber(number)),
                Some(at) if prints.get(at).map(Vec::as_slice) != Some(columns.get("fingerprint")?) => {
                    return Err(StoreError::Settings(format!(
                        "recipients.hash_keys: key {number} is another than the one by which recipients were hashed under that \
                         number; bring that one back, and give a new one the next number"
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(report)
    }

    fn fingerprints(&self) -> (Vec<i16>, Vec<Vec<u8>>) {
        self.keys.0.iter().map(|(number, key)| (number.0, mac(key, &[FINGERPRINTED]))).unzip()
    }
}

pub(crate) const REGISTER: &str = "
INSERT INTO recipient_key (number, fingerprint)
SELECT * FROM unnest($1::smallint[], $2::bytea[])
ON CONFLICT DO NOTHING";

const REGISTERED: &str = "SELECT number, fingerprint FROM recipient_key ORDER BY number";

impl fmt::Debug for HashKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use closure_contract::facts::PersonalData;

    use super::*;

    const FIRST: &str = "1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const SECOND: &str = "2:ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn phone() -> Recipient {
        Recipient::Phone(PersonalData("84912345678".to_owned()))
    }

    #[test]
    fn new_hashes_are_made_by_the_newest_key_and_looked_up_by_each() {
        let both: HashKeys = format!("{SECOND}\n{FIRST}\n").parse().expect("two keys");
        let first: HashKeys = FIRST.parse().expect("a key");
        let newest = both.newest(&phone()).expect("there is a key");
        assert_eq!(newest.key, HashKeyNumber(2));
        let old = first.newest(&phone()).expect("there is a key");
        assert!(old.hash != newest.hash, "another key makes another hash");
        assert_eq!(both.every(&phone()), [old.hash, newest.hash]);
    }

    /// Worked out with Python's hmac module.
    #[test]
    fn the_hash_is_the_hmac_of_kind_and_digits() {
        let keys: HashKeys = FIRST.parse().expect("a key");
        let hash = keys.newest(&phone()).expect("there is a key").hash;
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "47859d205a1279675a445e5eeee9e6f005f6b38752baccf37fde5221766d9336");
        let email = Recipient::Email(PersonalData("84912345678".to_owned()));
        assert_ne!(keys.every(&email), [hash], "a number and an address share no hash");
    }

    #[test]
    fn a_text_that_holds_no_keys_is_refused_without_repeating_it() {
        for wrong in [
            "hunter2",
            "1:hunter2",
            "0:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e",
            "1:+00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            &format!("{FIRST},{FIRST}"),
        ] {
            let said = wrong.parse::<HashKeys>().expect_err(wrong).to_string();
            assert!(!said.contains("hunter2") && !said.contains("0001"), "{said}");
        }
        assert_eq!("\n".parse::<HashKeys>().expect("none").newest(&phone()).map(|hash| hash.key), None);
        let shown = format!("{:?}", FIRST.parse::<HashKeys>());
        assert!(!shown.contains("0001"), "{shown}");
    }
}
