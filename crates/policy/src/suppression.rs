//! Recipients who are not to be contacted (B6).

use closure_contract::{
    Channel, FailureCode, RuleId,
    facts::{
        PersonalData,
        preconditions::{Listing, Preconditions},
        recipients::Recipient,
    },
};

use crate::{
    email::address,
    findings::Findings,
    mask,
    number::{
        readings,
        typed::{self, Typed},
    },
    words::Sentence,
};

/// A text that names no recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is neither a number with plus and country code, such as +84912345678, nor an email address")]
pub struct NoRecipient;

/// Reads a number with its country code, or an address.
pub fn read(text: &str) -> Result<Recipient, NoRecipient> {
    if text.contains('@') {
        let address = address::compared(text).ok_or(NoRecipient)?;
        return Ok(Recipient::Email(PersonalData(address)));
    }
    match typed::read(text) {
        Ok(Typed::Plus(digits)) => {
            let number = readings::international(&digits).ok_or(NoRecipient)?;
            Ok(Recipient::Phone(PersonalData(number.e164.digits().to_owned())))
        }
        Ok(Typed::Bare(_)) | Err(_) => Err(NoRecipient),
    }
}

/// A recipient for people, with its middle hidden.
pub fn masked(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Phone(digits) => mask::phone(&format!("+{}", digits.0)),
        Recipient::Email(address) => mask::email(&address.0),
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
