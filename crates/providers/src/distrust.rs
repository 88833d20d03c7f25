//! Why TLS failed, in words that say what to look at.

use std::{error::Error, io};

use rustls::{CertificateError, OtherError};

/// What is wrong with a server's certificate, or that there was none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distrust {
    Expired,
    NotValidYet,
    UnknownAuthority,
    AnotherName,
    AnAuthoritys,
    BadCertificate,
    NoTls,
}

impl Distrust {
    /// What failed in an error or in one of its causes; nothing where it was not TLS.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(tls) = error.downcast_ref() {
            return Some(Self::of_tls(tls));
        }
        // An I/O error shows what it holds by this way alone.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match held {
            Some(held) => Self::of(held),
            None => error.source().and_then(Self::of),
        }
    }

    fn of_tls(error: &rustls::Error) -> Self {
        let rustls::Error::InvalidCertificate(certificate) = error else { return Self::NoTls };
        match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotValidYet,
            // Where another authority has the name of the one that signed it, only the signature tells them apart.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::AnotherName
            }
            CertificateError::Other(other) if is_an_authoritys(other) => Self::AnAuthoritys,
            _ => Self::BadCertificate,
        }
    }

    /// For people.
    pub(crate) fn what(self) -> &'static str {
        match self {
            Self::Expired => "the server's certificate has expired; nothing was sent",
            Self::NotValidYet => "the server's certificate is not valid yet, by our clock; nothing was sent",
            Self::UnknownAuthority => {
                "the server's certificate is signed by an authority that is not trusted here; nothing was sent"
            }
            Self::AnotherName => {
                "the server's certificate is not for the name or address that we asked; nothing was sent"
            }
            Self::AnAuthoritys => {
                "the server shows an authority's own certificate, which may not be a server's (CA:TRUE, as many \
                 self-signed ones are): sign one for the server with it, or make it without CA:TRUE; nothing was sent"
            }
            Self::BadCertificate => "the server's certificate cannot be verified; nothing was sent",
            Self::NoTls => "TLS failed, perhaps because the port speaks none; nothing was sent",
        }
    }
}

fn is_an_authoritys(error: &OtherError) -> bool {
    matches!(error.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_another_authority_with_the_same_name_is_one_that_is_not_trusted() {
        for certificate in [CertificateError::UnknownIssuer, CertificateError::BadSignature] {
            let error = rustls::Error::InvalidCertificate(certificate);
            assert_eq!(Distrust::of(&error), Some(Distrust::UnknownAuthority), "{error}");
        }
    }
}
