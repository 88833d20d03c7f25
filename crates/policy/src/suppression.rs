//! Recipients who are not to be contacted (B6).

use std::fmt;

use closure_contract::{
    Channel, FailureCode, RuleId,
    facts::preconditions::{Listing, Preconditions},
};

use crate::{
    email::address,
    findings::Findings,
    mask,
    number::{
        phone::E164,
        readings,
        typed::{self, Typed},
    },
    words::Sentence,
};

/// A recipient as the suppression list has it.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A number.
    Phone(E164),
    /// An address in the one form in which addresses are compared.
    Email(String),
}

/// A text that names no recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a number with plus and country code, such as +84912345678, nor an email address")]
pub struct NoTarget;

impl Target {
    /// Reads a number with its country code, or an address.
    pub fn read(text: &str) -> Result<Self, NoTarget> {
        if text.contains('@') {
            return address::compared(text).map(Self::Email).ok_or(NoTarget);
        }
        match typed::read(text) {
            Ok(Typed::Plus(digits)) => {
                readings::international(&digits).map(|number| Self::Phone(number.e164)).ok_or(NoTarget)
            }
            Ok(Typed::Bare(_)) | Err(_) => Err(NoTarget),
        }
    }

    /// For people, with its middle hidden.
    pub fn masked(&self) -> String {
        match self {
            Self::Phone(number) => mask::phone(&number.plus()),
            Self::Email(address) => mask::email(address),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

const NUMBER_LISTED: Sentence =
    Sentence::fixed("the number is on the suppression list", "번호가 발송 제외 목록에 있습니다");
const ADDRESS_LISTED: Sentence =
    Sentence::fixed("the address is on the suppression list", "이메일 주소가 발송 제외 목록에 있습니다");

/// A suppressed number gets no text message, so that the email answers, and no call; a suppressed address waits for a
/// person, because there is no other answer.
pub(crate) fn check(channel: Channel, standing: &Preconditions, findings: &mut Findings) {
    let (listing, what) = match channel {
        Channel::Sms | Channel::Dial => (standing.phone, NUMBER_LISTED),
        Channel::Email => (standing.email, ADDRESS_LISTED),
    };
    match listing {
        Listing::Clear => {}
        Listing::Suppressed => findings.refuse(RuleId::B6, FailureCode::Suppressed, what),
    }
}
