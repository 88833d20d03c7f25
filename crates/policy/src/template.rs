//! Templates that a carrier approved beforehand (R14a): their language, and what is checked when they are loaded.

use std::collections::{BTreeMap, BTreeSet};

use closure_contract::Timestamp;

use crate::{
    rulebook::{Rulebook, TemplateSource, TemplateUrls},
    sms_text,
    template_match::{self, Mismatch},
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
    approved: bool,
    valid_from: Option<Timestamp>,
    valid_until: Option<Timestamp>,
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) class: VariableClass,
    pub(crate) chars_max: usize,
}

/// What a variable's value may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    #[error("the value of `{name}` is not {class:?} of 1 to {chars_max} characters")]
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

/// Checks one template and makes it ready for use.
pub(crate) fn compile(
    source: &TemplateSource,
    rulebook: &Rulebook,
) -> Result<Template, Vec<TemplateProblem>> {
    let parts = parse(&source.text, rulebook.sms.template_urls).map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    if source.name.is_empty() || source.name.chars().count() > 64 {
        problems.push(TemplateProblem::Name);
    }
    if !crate::readings::is_country_code(source.country_code) {
        problems.push(TemplateProblem::Country(source.country_code));
    }
    check_variables(&parts, &mut problems);
    check_literals(&parts, rulebook, &mut problems);
    let bytes = parts.iter().map(Part::bytes_max).sum();
    let max = rulebook.sms.near_limit_bytes;
    if bytes > max {
        problems.push(TemplateProblem::TooLong { bytes, max });
    }
    if let (Some(from), Some(until)) = (source.valid_from, source.valid_until)
        && until <= from
    {
        problems.push(TemplateProblem::Validity);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Template {
        name: source.name.clone(),
        version: source.version,
        country_code: source.country_code,
        approved: source.approved,
        valid_from: source.valid_from,
        valid_until: source.valid_until,
        parts,
    })
}

impl Template {
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
                        && template_match::ends_before(&format!("{value}{after}"), after) != Some(value.len())
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
        template_match::matches(&self.parts, text)
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
    fn bytes_max(&self) -> usize {
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
    fn named(name: &str, urls: TemplateUrls) -> Option<Self> {
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

    /// Whether a character may occur in a value of this class.
    pub(crate) fn accepts(self, character: char) -> bool {
        let digit = character.is_ascii_digit();
        match self {
            Self::Digits => digit,
            Self::Alnum => character.is_ascii_alphanumeric(),
            Self::Text => character != '\n' && sms_text::is_allowed(character),
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

/// Splits a template's text into literals and variables.
fn parse(text: &str, urls: TemplateUrls) -> Result<Vec<Part>, TemplateProblem> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut variables = 0;
    let mut characters = text.chars().enumerate().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '{' | '}' if characters.next_if(|(_, next)| *next == character).is_some() => {
                literal.push(character)
            }
            '}' => return Err(TemplateProblem::Brace(at)),
            '{' => {
                let mut inside = String::new();
                loop {
                    match characters.next() {
                        Some((_, '}')) => break,
                        Some((_, one)) if one != '{' => inside.push(one),
                        Some(_) | None => return Err(TemplateProblem::Brace(at)),
                    }
                }
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                variables += 1;
                parts.push(Part::Variable(variable(&inside, variables, urls)?));
            }
            _ => literal.push(character),
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

fn variable(inside: &str, position: usize, urls: TemplateUrls) -> Result<Variable, TemplateProblem> {
    let fields: Vec<&str> = inside.split(':').collect();
    let &[name, class, chars_max] = fields.as_slice() else {
        return Err(TemplateProblem::Variable(position));
    };
    let named = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let chars_max: usize = chars_max.parse().map_err(|_| TemplateProblem::Variable(position))?;
    if !named || !(1..=VALUE_CHARS_MAX).contains(&chars_max) {
        return Err(TemplateProblem::Variable(position));
    }
    let class = VariableClass::named(class, urls).ok_or(TemplateProblem::Class(position))?;
    Ok(Variable { name: name.to_owned(), class, chars_max })
}

fn check_variables(parts: &[Part], problems: &mut Vec<TemplateProblem>) {
    let mut names = BTreeSet::new();
    let mut position = 0;
    let mut after_variable = false;
    for part in parts {
        match part {
            Part::Literal(_) => after_variable = false,
            Part::Variable(variable) => {
                position += 1;
                if !names.insert(&variable.name) {
                    problems.push(TemplateProblem::Repeated(variable.name.clone()));
                }
                if after_variable {
                    problems.push(TemplateProblem::Adjacent(position - 1, position));
                }
                after_variable = true;
            }
        }
    }
}

fn check_literals(parts: &[Part], rulebook: &Rulebook, problems: &mut Vec<TemplateProblem>) {
    let mut branded = false;
    for part in parts {
        let Part::Literal(literal) = part else { continue };
        branded |=
            rulebook.brand_words.iter().any(|brand| !brand.is_empty() && literal.contains(brand.as_str()));
        let cleaned = sms_text::clean(literal, &rulebook.sms.extra_characters);
        if cleaned.rejected_count > 0 || cleaned.text != *literal {
            let unchanged =
                literal.chars().zip(cleaned.text.chars()).take_while(|(before, after)| before == after);
            let first = cleaned.rejected.first().map_or(usize::MAX, |rejected| rejected.offset);
            problems.push(TemplateProblem::Characters(first.min(unchanged.count())));
        }
    }
    if !branded {
        problems.push(TemplateProblem::Brand);
    }
}
