//! The bearer tokens of the door, of which two may live at once.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A token has at least so many characters: what a person could remember, a program could guess.
const TOKEN_CHARS_MIN: usize = 32;
/// And at most so many.
const TOKEN_CHARS_MAX: usize = 256;

/// The digests of the live tokens.
///
/// Digests are all of one length, so that the time of a comparison tells nothing, not even how long a token is.
pub struct Tokens(Vec<[u8; 32]>);

/// Why a text is no bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a token has {TOKEN_CHARS_MIN} to {TOKEN_CHARS_MAX} characters of visible ASCII; make one with `openssl rand -hex 32`"
)]
pub struct BadToken;

impl Tokens {
    /// These tokens, the live one and perhaps the next.
    pub fn new(tokens: &[String]) -> Result<Self, BadToken> {
        let good = |token: &String| {
            (TOKEN_CHARS_MIN..=TOKEN_CHARS_MAX).contains(&token.len())
                && token.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if tokens.is_empty() || !tokens.iter().all(good) {
            return Err(BadToken);
        }
        Ok(Self(tokens.iter().map(|token| digest(token.as_bytes())).collect()))
    }

    /// How many live.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Which token an `Authorization` header brings; every live one is compared, whatever the first says.
    pub(super) fn find(&self, authorization: &[u8]) -> Option<usize> {
        let given = bearer(authorization)?;
        let theirs = digest(given);
        let matches: Vec<Choice> = self.0.iter().map(|ours| ours.ct_eq(&theirs)).collect();
        matches.into_iter().position(bool::from)
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// RFC 6750: the scheme in any case, one or more spaces, the token.
fn bearer(authorization: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = authorization.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::{BadToken, Tokens};

    const LIVE: &str = "0123456789abcdef0123456789abcdef";
    const NEXT: &str = "fedcba9876543210fedcba9876543210";

    #[test]
    fn both_live_tokens_are_found_and_nothing_like_them() {
        let tokens = Tokens::new(&[LIVE.to_owned(), NEXT.to_owned()]).expect("both are tokens");
        assert_eq!(tokens.find(format!("Bearer {LIVE}").as_bytes()), Some(0));
        assert_eq!(tokens.find(format!("bearer   {NEXT}").as_bytes()), Some(1));
        let mut wrong =
            vec![String::new(), "Bearer".to_owned(), "Bearer ".to_owned(), format!("Basic {LIVE}")];
        wrong.extend((0..LIVE.len()).map(|end| format!("Bearer {}", &LIVE[..end])));
        wrong.push(format!("Bearer {LIVE}0"));
        wrong.push(format!("Bearer {}", LIVE.to_uppercase()));
        for header in wrong {
            assert_eq!(tokens.find(header.as_bytes()), None, "{header}");
        }
    }

    #[test]
    fn a_token_that_could_be_guessed_is_refused() {
        for token in ["", "short", &"x".repeat(31), &"x".repeat(257), &"한".repeat(32), &" ".repeat(40)] {
            assert!(matches!(Tokens::new(&[token.to_owned()]), Err(BadToken)), "{token}");
        }
        assert!(matches!(Tokens::new(&[LIVE.to_owned(), "short".to_owned()]), Err(BadToken)));
        assert!(matches!(Tokens::new(&[]), Err(BadToken)));
    }
}
