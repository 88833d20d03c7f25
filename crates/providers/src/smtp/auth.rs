//! Proving who we are (RFC 4954), by the two mechanisms that every mail server has one of.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{
    connect::{Broken, SmtpCredentials},
    dialogue::Connection,
    reply::{Phase, Reply},
};

/// The server goes on asking with this code, and ends with another.
const CHALLENGE: u16 = 334;

/// How we prove it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// User and password at once (RFC 4616).
    Plain,
    /// The user, then the password.
    Login,
}

impl Mechanism {
    /// The one to be used, of those that a reply to EHLO offers.
    pub(crate) fn offered(hello: &Reply) -> Option<Self> {
        let offers = |wanted: &str| {
            hello.lines.iter().skip(1).any(|line| {
                // Some old servers write `AUTH=LOGIN` beside, or in place of, `AUTH LOGIN`.
                let mut words = line.split([' ', '\t', '=']);
                words.next().is_some_and(|keyword| keyword.eq_ignore_ascii_case("AUTH"))
                    && words.any(|word| word.eq_ignore_ascii_case(wanted))
            })
        };
        [(Self::Plain, "PLAIN"), (Self::Login, "LOGIN")]
            .into_iter()
            .find_map(|(mechanism, name)| offers(name).then_some(mechanism))
    }

    /// What is said first, and to each question after it.
    fn words(self, credentials: &SmtpCredentials) -> Vec<String> {
        let SmtpCredentials { username, password } = credentials;
        let encoded = |text: &str| format!("{}\r\n", STANDARD.encode(text));
        match self {
            Self::Plain => {
                let proof = encoded(&format!("\0{username}\0{password}"));
                // A server that takes no word along with the command asks for it.
                vec![format!("AUTH PLAIN {proof}"), proof]
            }
            Self::Login => vec!["AUTH LOGIN\r\n".to_owned(), encoded(username), encoded(password)],
        }
    }
}

impl Connection {
    /// Proves who we are; a server that asks for more than the mechanism has is out of step.
    pub(crate) async fn prove(
        &mut self,
        mechanism: Mechanism,
        credentials: &SmtpCredentials,
    ) -> Result<(), Broken> {
        let mut last = CHALLENGE;
        for word in mechanism.words(credentials) {
            if last != CHALLENGE {
                break;
            }
            last = self.ask(Phase::Auth, &word).await?.basic;
        }
        match last {
            200..=299 => Ok(()),
            code => Err(Broken::OutOfStep(Phase::Auth, code)),
        }
    }
}
