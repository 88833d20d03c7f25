//! The bearer tokens of the door: of each right two may live at once.

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// A token has at least so many characters: what a person could remember, a program could guess.
const TOKEN_CHARS_MIN: usize = 32;
/// And at most so many.
const TOKEN_CHARS_MAX: usize = 256;

/// What a token opens; none opens both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// What the rules say of a message that is not published yet.
    Rules,
    /// What became of the jobs that were published.
    Jobs,
}

/// A token as it is configured.
pub struct ConfiguredToken {
    /// The key of the configuration, which is the token's name in the log.
    pub name: &'static str,
    pub right: Right,
    pub secret: String,
}

/// A live token.
///
/// Digests are all of one length, so that the time of a comparison tells nothing, not even how long a token is.
#[derive(Clone, Copy)]
pub(super) struct Token {
    /// Its name in the log.
    pub(super) name: &'static str,
    pub(super) right: Right,
    digest: [u8; 32],
}

pub struct Tokens(Vec<Token>);

/// Why a text is no bearer token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It could be guessed, or no header can carry it.
    #[error(
        "`{0}`: a token has {TOKEN_CHARS_MIN} to {TOKEN_CHARS_MAX} characters of visible ASCII; make one with \
         `openssl rand -hex 32`"
    )]
    Unfit(&'static str),
    /// Another key has it as well, so that nobody could say what it opens.
    #[error("`{0}`: another key has the same token; make one for each with `openssl rand -hex 32`")]
    Twice(&'static str),
}

impl Tokens {
    /// These tokens, each for itself.
    pub fn new(configured: Vec<ConfiguredToken>) -> Result<Self, BadToken> {
        let mut tokens: Vec<Token> = Vec::with_capacity(configured.len());
        for ConfiguredToken { name, right, secret } in configured {
            let fits = (TOKEN_CHARS_MIN..=TOKEN_CHARS_MAX).contains(&secret.len())
                && secret.bytes().all(|byte| byte.is_ascii_graphic());
            if !fits {
                return Err(BadToken::Unfit(name));
            }
            let digest = digest(secret.as_bytes());
            if tokens.iter().any(|token| token.digest == digest) {
                return Err(BadToken::Twice(name));
            }
            tokens.push(Token { name, right, digest });
        }
        Ok(Self(tokens))
    }

    /// Every one of them, at the place that [`Tokens::find`] answers.
    pub(super) fn all(&self) -> &[Token] {
        &self.0
    }

    /// The place of the token that an `Authorization` header brings; every live one is compared, whatever the first says.
    pub(super) fn find(&self, authorization: &[u8]) -> Option<usize> {
        let given = bearer(authorization)?;
        let theirs = digest(given);
        let matches: Vec<Choice> = self.0.iter().map(|ours| ours.digest.ct_eq(&theirs)).collect();
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
    use super::{BadToken, ConfiguredToken, Right, Tokens};

    const LIVE: &str = "0123456789abcdef0123456789abcdef";
    const NEXT: &str = "fedcba9876543210fedcba9876543210";

    fn tokens(secrets: &[&str]) -> Result<Tokens, BadToken> {
        let configured = secrets.iter().zip(["first", "second"]).map(|(secret, name)| ConfiguredToken {
            name,
            right: Right::Rules,
            secret: (*secret).to_owned(),
        });
        Tokens::new(configured.collect())
    }

    #[test]
    fn both_live_tokens_are_found_and_nothing_like_them() {
        let tokens = tokens(&[LIVE, NEXT]).expect("both are tokens");
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
            assert!(matches!(tokens(&[token]), Err(BadToken::Unfit("first"))), "{token}");
        }
        assert!(matches!(tokens(&[LIVE, "short"]), Err(BadToken::Unfit("second"))));
    }

    #[test]
    fn one_token_under_two_keys_is_refused_because_nobody_could_say_what_it_opens() {
        assert!(matches!(tokens(&[LIVE, LIVE]), Err(BadToken::Twice("second"))));
    }
}
