//! Reading a template's text, and everything that may be wrong with it at once (R14a).

use std::collections::BTreeSet;

use super::{Part, Template, TemplateProblem, VALUE_CHARS_MAX, Variable, VariableClass};
use crate::{
    rulebook::{Rulebook, TemplateSource, TemplateUrls},
    sms::text,
};

/// A name has at most this many characters.
const NAME_CHARS_MAX: usize = 64;

/// Checks one template and makes it ready for use.
pub(crate) fn compile(
    source: &TemplateSource,
    rulebook: &Rulebook,
) -> Result<Template, Vec<TemplateProblem>> {
    let (parts, mut problems) = parse(&source.text, rulebook.sms.template_urls);
    if source.name.is_empty() || source.name.chars().count() > NAME_CHARS_MAX {
        problems.push(TemplateProblem::Name);
    }
    if !crate::number::readings::is_country_code(source.country_code) {
        problems.push(TemplateProblem::Country(source.country_code));
    }
    check_variables(&parts, rulebook.sms.template_variables_max, &mut problems);
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

/// Splits a template's text into literals and variables; what cannot be read is told and left out.
fn parse(text: &str, urls: TemplateUrls) -> (Vec<Part>, Vec<TemplateProblem>) {
    let (mut parts, mut problems) = (Vec::new(), Vec::new());
    let mut literal = String::new();
    let mut position = 0;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let at = text[..text.len() - rest.len()].chars().count();
        let after = &rest[character.len_utf8()..];
        rest = after;
        match character {
            '{' | '}' if after.starts_with(character) => {
                literal.push(character);
                rest = &after[1..];
            }
            '}' => problems.push(TemplateProblem::Brace(at)),
            '{' => match after.split_once('}') {
                Some((inside, outside)) if !inside.contains('{') => {
                    if !literal.is_empty() {
                        parts.push(Part::Literal(std::mem::take(&mut literal)));
                    }
                    position += 1;
                    match variable(inside, position, urls) {
                        Ok(variable) => parts.push(Part::Variable(variable)),
                        Err(problem) => problems.push(problem),
                    }
                    rest = outside;
                }
                Some(_) | None => problems.push(TemplateProblem::Brace(at)),
            },
            _ => literal.push(character),
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    (parts, problems)
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

fn check_variables(parts: &[Part], max: usize, problems: &mut Vec<TemplateProblem>) {
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
    if position > max {
        problems.push(TemplateProblem::TooMany { variables: position, max });
    }
}

fn check_literals(parts: &[Part], rulebook: &Rulebook, problems: &mut Vec<TemplateProblem>) {
    let mut branded = false;
    let mut letters = 0;
    for part in parts {
        let Part::Literal(literal) = part else { continue };
        letters += literal.chars().filter(|one| one.is_alphabetic()).count();
        branded |=
            rulebook.brand_words.iter().any(|brand| !brand.is_empty() && literal.contains(brand.as_str()));
        let cleaned = text::clean(literal, &rulebook.sms.extra_characters);
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
    let min = rulebook.sms.template_letters_min;
    if letters < min {
        problems.push(TemplateProblem::Letters { letters, min });
    }
}
