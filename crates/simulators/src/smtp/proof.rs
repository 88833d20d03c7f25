//! How a sender proves who it is.

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{SmtpAuth, behaviour::reply, raw::MailPhase, session::Session};

impl Session<'_> {
    pub(super) async fn authenticate(&mut self, argument: &str) -> io::Result<()> {
        let auth = self.state.auth();
        if auth == SmtpAuth::NotOffered {
            return self.say(reply(503, "5.5.1 Authentication is not offered")).await;
        }
        let (mechanism, initial) = argument.split_once(' ').unwrap_or((argument, ""));
        let proof = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => self.plain_proof(initial).await?,
            "LOGIN" => self.login_proof(initial).await?,
            _ => return self.say(reply(504, "5.5.4 Mechanism not known")).await,
        };
        let granted = match (&auth, proof) {
            (SmtpAuth::Required { username, password }, Some(proof)) => {
                proof == (username.clone(), password.clone())
            }
            (SmtpAuth::Required { .. } | SmtpAuth::AlwaysRefused | SmtpAuth::NotOffered, _) => false,
        };
        let ours = if granted {
            reply(235, "2.7.0 Authenticated")
        } else {
            reply(535, "5.7.8 Authentication failed")
        };
        self.authenticated = self.answer(MailPhase::Auth, ours).await? == 235;
        Ok(())
    }

    async fn plain_proof(&mut self, initial: &str) -> io::Result<Option<(String, String)>> {
        let encoded = if initial.is_empty() { self.challenge("").await? } else { Some(initial.to_owned()) };
        let decoded = encoded.and_then(|text| STANDARD.decode(text.trim()).ok());
        let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| {
            let mut parts = text.split('\0').skip(1);
            Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
        }))
    }

    async fn login_proof(&mut self, initial: &str) -> io::Result<Option<(String, String)>> {
        let username =
            if initial.is_empty() { self.challenge("Username:").await? } else { Some(initial.to_owned()) };
        let password = self.challenge("Password:").await?;
        let decode = |text: Option<String>| {
            let bytes = text.and_then(|text| STANDARD.decode(text.trim()).ok());
            bytes.and_then(|bytes| String::from_utf8(bytes).ok())
        };
        Ok(decode(username).zip(decode(password)))
    }

    async fn challenge(&mut self, question: &str) -> io::Result<Option<String>> {
        self.write_line(&format!("334 {}", STANDARD.encode(question))).await?;
        self.read_command().await
    }
}
