//! What a job is found by later: whom it was for, where, whose answer it is, and by which template.

use closure_contract::{
    Job,
    facts::{PersonalData, jobs::JobFacts, recipients::Recipient},
    job::Phone,
};

use crate::{
    email::address,
    number::{
        meaning::JobNumber,
        typed::{self, Typed},
    },
    template::TemplateFacts,
};

/// As many last digits of a number are kept in clear.
const TAIL_DIGITS: usize = 4;
/// A number with fewer digits would be told by its tail.
const DIGITS_MIN: usize = 8;

/// What a job is found by, with its number as it was read and the template of its text.
pub fn facts_of(job: &Job, number: &JobNumber, template: Option<&TemplateFacts>) -> JobFacts {
    let read = number.number();
    let (recipient, tail) = match job {
        Job::Sms(job) => of_phone(&job.to.phone, number),
        Job::Dial(job) => of_phone(&job.to.phone, number),
        Job::Email(job) => {
            let address = job.to.email.as_deref().and_then(address::compared);
            (address.map(|address| Recipient::Email(PersonalData(address))), None)
        }
    };
    let agent_id = match job {
        Job::Sms(job) => &job.agent.id,
        Job::Email(job) => &job.agent.id,
        Job::Dial(job) => &job.agent.id,
    };
    JobFacts {
        recipient,
        tail,
        country_code: read.map(|number| number.country_code),
        agent_id: Some(agent_id.clone()),
        template: template.and_then(TemplateFacts::used).map(|used| format!("{}/{}", used.id, used.version)),
    }
}

/// The last digits of a number that a person gives to be searched for: exactly four.
pub fn tail(text: &str) -> Option<String> {
    let is_one = text.len() == TAIL_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    is_one.then(|| text.to_owned())
}

/// A number that was read, and the tail of whatever was typed: a supervisor looks for the customer of a number that
/// could not be read by the four digits that the customer names.
fn of_phone(typed: &Phone, number: &JobNumber) -> (Option<Recipient>, Option<String>) {
    if let Some(number) = number.number() {
        let digits = number.e164.digits();
        let recipient = Recipient::Phone(PersonalData(digits.to_owned()));
        return (Some(recipient), tail_of(digits));
    }
    let (Phone::Whole { number, .. } | Phone::Separated { national_number: number, .. }) = typed;
    let digits = match typed::read(number) {
        Ok(Typed::Plus(digits) | Typed::Bare(digits)) => digits,
        Err(_) => number.chars().filter(char::is_ascii_digit).collect(),
    };
    (None, tail_of(&digits))
}

fn tail_of(digits: &str) -> Option<String> {
    (digits.len() >= DIGITS_MIN).then(|| digits[digits.len() - TAIL_DIGITS..].to_owned())
}
