//! Templates that a carrier approved beforehand (R14a): what they consist of, and how a text is made from one.

pub(crate) mod matching;
pub(crate) mod parse;
pub(crate) mod search;

use std::collections::BTreeMap;

use closure_contract::{Language, Timestamp};
use serde::Serialize;

pub use self::{
    matching::Mismatch,
    search::{Instance, Nearest, NearestFacts, TemplateFacts, TemplateId, find},
};
use crate::{
    rulebook::{Rulebook, TemplateSource, TemplateUrls},
    sms::text,
    words::Words,
};

/// A variable's value has at most this many characters, whatever the template says.
pub const VALUE_CHARS_MAX: usize = 300;

/// A template ready for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The country in which it is approved.
    pub country_code: u16,
    pub(crate) approved: bool,
    pub(crate) valid_from: Option<Timestamp>,
    pub(crate) valid_until: Option<Timestamp>,
    pub(crate) parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Stands as it is.
    Literal(String),
    /// Stands for a value.
    Variable(Variable),
}

/// A typed variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Variable {
    /// Its name, unique within the template.
    pub name: String,
    /// What its value may consist of.
    pub class: VariableClass,
    /// Its value has at most this many characters.
    pub chars_max: usize,
}

/// What a variable's value may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VariableClass {
    /// ASCII digits.
    Digits,
    /// ASCII letters and digits.
    Alnum,
    /// One line of whatever a text message may carry.
    Text,
    /// Digits with `-`, `/` or `.`.
    Date,
    /// Digits with `:`.
    Time,
    /// Digits with `,` or `.`.
    Money,
    /// Digits with `+`, `-`, spaces or parentheses.
    Phone,
    /// A web address, if the configuration allows that.
    Url,
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// Two templates share name and version.
    #[error("the name and version occur twice; give each edition its own version")]
    Duplicate,
    /// The name cannot be one.
    #[error("the name must have 1 to 64 characters")]
    Name,
    /// The country code is not in use.
    #[error("no country has the country code {0}")]
    Country(u16),
    /// A brace is not closed or not opened.
    #[error("a brace has no counterpart at character {0}; write {{{{ or }}}} for a brace itself")]
    Brace(usize),
    /// A variable is not written as `{name:class:max}`.
    #[error(
        "variable {0} must be written {{name:class:max}}, the name in a-z, 0-9 and _, the maximum from 1 to 300"
    )]
    Variable(usize),
    /// A variable's class is unknown or switched off.
    #[error(
        "variable {0} has an unknown class; the classes are digits, alnum, text, date, time, money, phone, \
         and url where sms.template_urls is on"
    )]
    Class(usize),
    /// Two variables have the same name.
    #[error("the variable name `{0}` occurs twice")]
    Repeated(String),
    /// Two variables touch, so that nobody could tell their values apart.
    #[error("between the variables {0} and {1} there must be a literal")]
    Adjacent(usize, usize),
    /// It has more variables than the carriers take.
    #[error(
        "it has {variables} variables, and {max} are allowed (sms.template_variables_max); write more of it out"
    )]
    TooMany {
        /// How many it has.
        variables: usize,
        /// The most there may be.
        max: usize,
    },
    /// It has hardly any words of its own.
    #[error(
        "{letters} letters stand in it as they are, and at least {min} must (sms.template_letters_min); \
         carriers refuse a template that fits nearly any text"
    )]
    Letters {
        /// How many it has.
        letters: usize,
        /// The fewest there may be.
        min: usize,
    },
    /// It has no brand word.
    #[error("no brand word occurs in it; carriers require one, and brand_words lists them")]
    Brand,
    /// Its largest rendering is too large.
    #[error("its largest rendering has {bytes} bytes, and {max} are allowed; lower the maxima")]
    TooLong {
        /// Its size.
        bytes: usize,
        /// The most there may be.
        max: usize,
    },
    /// It has characters that an SMS may not carry or that would be changed.
    #[error(
        "character {0} of a literal may not stand in a text message as it is; use ASCII punctuation and NFC"
    )]
    Characters(usize),
    /// Its validity ends before it begins.
    #[error("valid_until is not after valid_from")]
    Validity,
}

/// Why a template's variables cannot be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableProblem {
    /// A variable has no value.
    #[error("the variable `{0}` has no value")]
    Missing(String),
    /// There is a value for a variable that the template does not have.
    #[error("there are {0} values that the template has no variable for")]
    Surplus(usize),
    /// A value does not fit.
    #[error("the value of `{name}` is not {} of 1 to {chars_max} characters", .class.as_str())]
    Unfit {
        /// The variable.
        name: String,
        /// Its class.
        class: VariableClass,
        /// Its most characters.
        chars_max: usize,
    },
    /// A value contains the words that follow it, so that the rendering could be read in another way.
    #[error("the value of `{0}` contains the words of the template that follow it")]
    Swallows(String),
}

impl VariableProblem {
    /// The variable of the template, where the problem is one variable's.
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Missing(name) | Self::Unfit { name, .. } | Self::Swallows(name) => Some(name),
            Self::Surplus(_) => None,
        }
    }
}

impl Words for &VariableProblem {
    fn said(self, language: Language) -> String {
        match (language, self) {
            (Language::English, _) => self.to_string(),
            (Language::Korean, VariableProblem::Missing(name)) => format!("변수 `{name}`의 값이 없습니다"),
            (Language::Korean, VariableProblem::Surplus(count)) => {
                format!("템플릿에 없는 변수의 값이 {count}개 있습니다")
            }
            (Language::Korean, VariableProblem::Unfit { name, class, chars_max }) => {
                let class = class.as_str();
                format!("변수 `{name}`의 값은 {class} 형식의 1~{chars_max}자여야 합니다")
            }
            (Language::Korean, VariableProblem::Swallows(name)) => {
                format!("변수 `{name}`의 값에 템플릿에서 그 뒤에 이어지는 문구가 들어 있습니다")
            }
        }
    }
}

impl Template {
    /// Checks one template and makes it ready for use, or says everything that is wrong with it.
    pub fn compile(source: &TemplateSource, rules: &Rulebook) -> Result<Self, Vec<TemplateProblem>> {
        parse::compile(source, rules)
    }

    /// Its name and version.
    pub fn id(&self) -> TemplateId {
        TemplateId { id: self.name.clone(), version: self.version }
    }

    /// Its variables in their order.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Variable(variable) => Some(variable),
        })
    }

    /// The UTF-8 bytes of its largest rendering.
    pub fn bytes_max(&self) -> usize {
        self.parts.iter().map(Part::bytes_max).sum()
    }

    /// Whether it is approved at this moment.
    pub fn is_approved(&self, now: Timestamp) -> bool {
        self.approved
            && self.valid_from.is_none_or(|from| from <= now)
            && self.valid_until.is_none_or(|until| now < until)
    }

    /// The text that these values make; it always matches the template again, with the same values.
    pub fn render(&self, values: &BTreeMap<String, String>) -> Result<String, VariableProblem> {
        let mut text = String::new();
        let mut used = 0;
        let mut parts = self.parts.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Variable(variable) => {
                    let name = &variable.name;
                    let value = values.get(name).ok_or_else(|| VariableProblem::Missing(name.clone()))?;
                    if !variable.accepts(value) {
                        let (class, chars_max) = (variable.class, variable.chars_max);
                        return Err(VariableProblem::Unfit { name: name.clone(), class, chars_max });
                    }
                    if let Some(Part::Literal(after)) = parts.peek()
                        && matching::ends_before(&format!("{value}{after}"), after) != Some(value.len())
                    {
                        return Err(VariableProblem::Swallows(name.clone()));
                    }
                    used += 1;
                    text.push_str(value);
                }
            }
        }
        if values.len() > used { Err(VariableProblem::Surplus(values.len() - used)) } else { Ok(text) }
    }

    /// The values that make this text, or where it first differs.
    pub fn matches(&self, text: &str) -> Result<BTreeMap<String, String>, Mismatch> {
        matching::matches(&self.parts, text)
    }

    /// How many characters stand in it as they are; the more, the closer the template.
    pub(crate) fn literal_chars(&self) -> usize {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Literal(literal) => literal.chars().count(),
                Part::Variable(_) => 0,
            })
            .sum()
    }
}

impl Part {
    pub(crate) fn bytes_max(&self) -> usize {
        match self {
            Self::Literal(literal) => literal.len(),
            Self::Variable(variable) => match variable.class {
                VariableClass::Text => variable.chars_max * char::MAX_LEN_UTF8,
                VariableClass::Digits
                | VariableClass::Alnum
                | VariableClass::Date
                | VariableClass::Time
                | VariableClass::Money
                | VariableClass::Phone
                | VariableClass::Url => variable.chars_max,
            },
        }
    }
}

impl Variable {
    /// Whether a value may stand here.
    pub(crate) fn accepts(&self, value: &str) -> bool {
        let length = value.chars().count();
        let characters =
            length > 0 && length <= self.chars_max && value.chars().all(|one| self.class.accepts(one));
        characters && self.class.accepts_whole(value)
    }
}

impl VariableClass {
    pub(crate) fn named(name: &str, urls: TemplateUrls) -> Option<Self> {
        match name {
            "digits" => Some(Self::Digits),
            "alnum" => Some(Self::Alnum),
            "text" => Some(Self::Text),
            "date" => Some(Self::Date),
            "time" => Some(Self::Time),
            "money" => Some(Self::Money),
            "phone" => Some(Self::Phone),
            "url" if urls == TemplateUrls::On => Some(Self::Url),
            _ => None,
        }
    }

    /// The class as templates write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Alnum => "alnum",
            Self::Text => "text",
            Self::Date => "date",
            Self::Time => "time",
            Self::Money => "money",
            Self::Phone => "phone",
            Self::Url => "url",
        }
    }

    /// Whether a character may occur in a value of this class.
    pub(crate) fn accepts(self, character: char) -> bool {
        let digit = character.is_ascii_digit();
        match self {
            Self::Digits => digit,
            Self::Alnum => character.is_ascii_alphanumeric(),
            Self::Text => character != '\n' && text::is_allowed(character),
            Self::Date => digit || matches!(character, '-' | '/' | '.'),
            Self::Time => digit || character == ':',
            Self::Money => digit || matches!(character, ',' | '.'),
            Self::Phone => digit || matches!(character, '+' | '-' | ' ' | '(' | ')'),
            Self::Url => character.is_ascii_graphic(),
        }
    }

    fn accepts_whole(self, value: &str) -> bool {
        match self {
            Self::Digits | Self::Alnum => true,
            Self::Text => !value.trim().is_empty(),
            Self::Date | Self::Time | Self::Money | Self::Phone => {
                value.chars().any(|one| one.is_ascii_digit())
            }
            Self::Url => value.starts_with("https://") || value.starts_with("http://"),
        }
    }
}
