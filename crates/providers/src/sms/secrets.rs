//! The secrets that a door opens to: one, or two while one is being changed.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::config::{ConfigError, token};

/// The current secret and, while it is being changed, the other one.
const SECRETS_MAX: usize = 2;
const SECRET_BYTES_MIN: usize = 8;

/// The digests of static secrets.
#[derive(Clone)]
pub(crate) struct Secrets(Vec<[u8; 32]>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// One secret or two, each long enough.
    pub(crate) fn new(service: &'static str, secrets: &[String]) -> Result<Self, ConfigError> {
        Self::check(service, secrets)?;
        Ok(Self(secrets.iter().map(|secret| digest(secret.as_bytes())).collect()))
    }

    /// Whether these may be the secrets of a door.
    pub(crate) fn check(service: &'static str, secrets: &[String]) -> Result<(), ConfigError> {
        let setting = |problem| ConfigError::Setting { service, key: "secrets", problem };
        if secrets.is_empty() || secrets.len() > SECRETS_MAX {
            return Err(setting("must be one secret, or two while it is being changed"));
        }
        for secret in secrets {
            token(service, "secrets", secret)?;
            if secret.len() < SECRET_BYTES_MIN {
                return Err(setting("must have at least 8 characters"));
            }
        }
        Ok(())
    }

    /// Compares digests, so that neither the time nor the length tells anything about a secret.
    pub(crate) fn matches(&self, given: Option<&[u8]>) -> bool {
        let Some(given) = given else { return false };
        let theirs = digest(given);
        let matches = self.0.iter().fold(Choice::from(0), |matches, ours| matches | ours.ct_eq(&theirs));
        matches.into()
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
