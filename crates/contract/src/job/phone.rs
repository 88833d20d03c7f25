//! A phone number in the forms in which it comes.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A phone number in one of the forms that the CRM knows (R15, R16).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "PhoneFields", into = "PhoneFields")]
#[schemars(with = "PhoneFields")]
pub enum Phone {
    /// Country code and the rest, apart: `{country_code, national_number}`.
    Separated {
        /// Digits of the country code, such as `84`.
        country_code: String,
        /// The rest, as it was typed.
        national_number: String,
    },
    /// The whole number in one text: `{number: "+84…"}`, `{number: "84…", form: "with_country_code"}` or
    /// `{number: "84…", country_hint: "84"}`.
    Whole {
        /// The number, as it was typed.
        number: String,
        /// The country that the record or the agent names; it must agree with the number.
        country_hint: Option<String>,
        /// What the sender knows about how the number is written.
        form: Option<PhoneForm>,
    },
}

/// What is known about how a whole number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneForm {
    /// It begins with its country code, with or without a plus, as the record of a call has it (R4).
    WithCountryCode,
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(masked)")
    }
}

/// The wire form of a [`Phone`].
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(
    rename = "Phone",
    extend("oneOf" = [
        {
            "type": "object",
            "required": ["country_code", "national_number"],
            "properties": {
                "country_code": { "type": "string" }, "national_number": { "type": "string" },
                "number": { "type": "null" }, "country_hint": { "type": "null" }, "form": { "type": "null" },
            },
        },
        {
            "type": "object",
            "required": ["number"],
            "properties": {
                "number": { "type": "string" },
                "country_code": { "type": "null" }, "national_number": { "type": "null" },
                // Makers of types take what one form alone names for that form's.
                "country_hint": { "type": ["string", "null"] }, "form": { "type": ["string", "null"] },
            },
        },
    ])
)]
struct PhoneFields {
    /// Digits of the country code, such as `84`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    country_code: Option<String>,
    /// The number without its country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    national_number: Option<String>,
    /// The whole number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    number: Option<String>,
    /// The country that a bare number belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    country_hint: Option<String>,
    /// `with_country_code` for a whole number that begins with its country code, as the record of a call has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    form: Option<PhoneForm>,
}

impl TryFrom<PhoneFields> for Phone {
    type Error = &'static str;

    fn try_from(fields: PhoneFields) -> Result<Self, Self::Error> {
        match fields {
            PhoneFields {
                country_code: Some(country_code),
                national_number: Some(national_number),
                number: None,
                country_hint: None,
                form: None,
            } => Ok(Self::Separated { country_code, national_number }),
            PhoneFields {
                country_code: None,
                national_number: None,
                number: Some(number),
                country_hint,
                form,
            } => Ok(Self::Whole { number, country_hint, form }),
            PhoneFields { number: Some(_), country_code, national_number, .. }
                if country_code.is_some() || national_number.is_some() =>
            {
                Err("number stands beside country_code or national_number; \
                     expected number alone, or the other two")
            }
            PhoneFields { country_code: Some(_), national_number: Some(_), .. } => {
                Err("form and country_hint belong to number; expected country_code and national_number alone")
            }
            PhoneFields { country_code: Some(_), .. } => {
                Err("national_number is missing beside country_code; expected both, or number alone")
            }
            PhoneFields { national_number: Some(_), .. } => {
                Err("country_code is missing beside national_number; expected both, or number alone")
            }
            _ => Err("number is missing; expected country_code and national_number, \
                      or number with a plus sign such as +84912345678"),
        }
    }
}

impl From<Phone> for PhoneFields {
    fn from(phone: Phone) -> Self {
        match phone {
            Phone::Separated { country_code, national_number } => Self {
                country_code: Some(country_code),
                national_number: Some(national_number),
                number: None,
                country_hint: None,
                form: None,
            },
            Phone::Whole { number, country_hint, form } => {
                Self { country_code: None, national_number: None, number: Some(number), country_hint, form }
            }
        }
    }
}
