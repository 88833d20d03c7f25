//! The envelope senders of our mail, one for each job and generation, which nobody else can make up (VERP).

use std::fmt;

use closure_contract::{Generation, JobId};
use ring::hmac;
use subtle::ConstantTimeEq;

use crate::config::{ConfigError, is_domain};

const SERVICE: &str = "bounces";
/// What the local part begins with; a mail server with the usual delimiter gives it to the user `b`.
const PREFIX: &str = "b+";
/// A shorter secret could be guessed from a single address.
const SECRET_CHARS_MIN: usize = 32;
/// Sixteen characters of five bits each: the 80 bits below which RFC 2104 advises not to cut.
const MAC_CHARS: usize = 16;
/// Lower case alone, because some servers on the way change the case of an address.
const MAC_ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes and reads the addresses `b+<job>.<generation>.<mac>@<bounce domain>`.
///
/// With the largest generation the local part has 62 characters; RFC 5321 allows 64.
#[derive(Clone)]
pub struct BounceAddresses {
    domain: String,
    keys: Vec<hmac::Key>,
}

impl BounceAddresses {
    /// Addresses at a domain: the first secret makes them, and all of them are accepted.
    pub fn new(domain: &str, secrets: &[String]) -> Result<Self, ConfigError> {
        let refuse = |key, problem| Err(ConfigError::Setting { service: SERVICE, key, problem });
        if !is_domain(domain) {
            return refuse("domain", "must be a domain name, such as bounce.example.com");
        }
        if secrets.is_empty() || secrets.iter().any(|secret| secret.len() < SECRET_CHARS_MIN) {
            return refuse("secret", "must have at least 32 characters; make one with openssl rand -hex 32");
        }
        let keys =
            secrets.iter().map(|secret| hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())).collect();
        Ok(Self { domain: domain.to_ascii_lowercase(), keys })
    }

    /// The envelope sender of a job's mail.
    pub fn sender(&self, job: JobId, generation: Generation) -> String {
        let mac = self.mac(self.keys.first().expect("new refuses an empty list"), job, generation);
        format!("{PREFIX}{}.{generation}.{mac}@{}", job.0.simple(), self.domain)
    }

    /// Whose mail an address belongs to; nothing unless we made it.
    pub fn read(&self, address: &str) -> Option<(JobId, Generation)> {
        let address = address.trim().trim_start_matches('<').trim_end_matches('>').to_ascii_lowercase();
        let (local, domain) = address.rsplit_once('@')?;
        let (named, mac) = local.strip_prefix(PREFIX)?.rsplit_once('.')?;
        let (job, generation) = named.split_once('.')?;
        let job: JobId = job.parse().ok()?;
        let generation = Generation(generation.parse().ok()?);
        let is_named_once = named == format!("{}.{generation}", job.0.simple());
        let is_ours = self.keys.iter().fold(false, |found, key| {
            let expected = self.mac(key, job, generation);
            found | bool::from(expected.as_bytes().ct_eq(mac.as_bytes()))
        });
        (domain == self.domain && is_named_once && is_ours).then_some((job, generation))
    }

    fn mac(&self, key: &hmac::Key, job: JobId, generation: Generation) -> String {
        let said = format!("closure-bounce/1 {}.{generation}@{}", job.0.simple(), self.domain);
        let tag = hmac::sign(key, said.as_bytes());
        let letters = tag.as_ref().iter().take(MAC_CHARS);
        letters.map(|byte| char::from(MAC_ALPHABET[usize::from(byte & 31)])).collect()
    }
}

impl fmt::Debug for BounceAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BounceAddresses(at {}, secrets masked)", self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "an-old-secret-0123456789-0123456789";
    const NEW: &str = "a-new-secret-0123456789-0123456789";

    fn addresses(secrets: &[&str]) -> BounceAddresses {
        let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
        BounceAddresses::new("Bounce.Example.com", &secrets).expect("good settings")
    }

    fn job() -> JobId {
        "0198c0de-0000-7000-8000-00000000abcd".parse().expect("a UUID")
    }

    #[test]
    fn an_address_names_its_job_and_fits_into_a_local_part_whatever_the_generation() {
        for generation in [Generation::FIRST, Generation(7), Generation(u32::MAX)] {
            let address = addresses(&[OLD]).sender(job(), generation);
            let (local, domain) = address.split_once('@').expect("an address");
            assert!(local.len() <= 62 && domain == "bounce.example.com", "{address}");
            assert!(crate::email::address(&address).is_some(), "{address}");
            for said in [address.clone(), address.to_uppercase(), format!(" <{address}> ")] {
                assert_eq!(addresses(&[OLD]).read(&said), Some((job(), generation)), "{said}");
            }
        }
    }

    #[test]
    fn an_address_that_we_did_not_make_is_nobodys() {
        let ours = addresses(&[OLD]).sender(job(), Generation::FIRST);
        assert_ne!(ours, addresses(&[NEW]).sender(job(), Generation::FIRST));
        let altered = |from: &str, to: &str| {
            let altered = ours.replacen(from, to, 1);
            assert_ne!(altered, ours, "{from}");
            altered
        };
        for forged in [
            altered("abcd.1.", "abce.1."),
            altered(".1.", ".2."),
            altered(".1.", ".01."),
            altered(".1.", "."),
            altered("b+", ""),
            altered("bounce.example.com", "bounce.example.org"),
            ours.split_once('@')
                .map(|(local, _)| format!("{}@bounce.example.com", &local[..local.len() - 1]))
                .expect("it"),
            "noreply@bounce.example.com".to_owned(),
            String::new(),
        ] {
            assert_eq!(addresses(&[OLD]).read(&forged), None, "{forged}");
        }
        assert_eq!(addresses(&[NEW]).read(&ours), None);
    }

    #[test]
    fn an_old_secret_is_accepted_as_long_as_it_is_listed() {
        let old = addresses(&[OLD]).sender(job(), Generation::FIRST);
        let both = addresses(&[NEW, OLD]);
        assert_eq!(both.read(&old), Some((job(), Generation::FIRST)));
        assert_eq!(both.sender(job(), Generation::FIRST), addresses(&[NEW]).sender(job(), Generation::FIRST));
    }

    #[test]
    fn a_short_secret_and_a_domain_that_is_none_are_refused() {
        let secrets = |text: &str| vec![text.to_owned()];
        assert!(BounceAddresses::new("bounce.example.com", &secrets("short")).is_err());
        assert!(BounceAddresses::new("bounce.example.com", &[]).is_err());
        assert!(BounceAddresses::new("two words", &secrets(OLD)).is_err());
        assert!(!format!("{:?}", addresses(&[OLD])).contains(OLD));
    }
}
