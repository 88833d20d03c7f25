//! The text of a text message: free, or made from an approved template (R14a).

use std::collections::BTreeMap;

use closure_contract::{
    FailureCode, SmsJob, Timestamp,
    job::{Scope, SmsBody},
};

use crate::{
    country::VIETNAM,
    rulebook::CompiledRulebook,
    sms_text::{self, CleanText},
    template::{self, NearestFacts, Template, TemplateFacts},
};

/// A text that is an instance of no approved template.
struct Miss {
    facts: Option<TemplateFacts>,
    detail: String,
}

/// A text, as far as there is one.
pub(crate) struct Composed {
    pub(crate) text: Option<CleanText>,
    pub(crate) template: Option<TemplateFacts>,
    /// Why the text may not go out as far as templates are concerned.
    pub(crate) refusal: Option<(FailureCode, String)>,
}

/// Makes the text, and holds it against the templates of its country.
pub(crate) fn compose(
    job: &SmsJob,
    country_code: Option<u16>,
    rulebook: &CompiledRulebook,
    now: Timestamp,
) -> Composed {
    let extra = &rulebook.rules().sms.extra_characters;
    match &job.sms.body {
        SmsBody::Text(text) => {
            let text = sms_text::clean(text, extra);
            let needs_template = job.scope == Scope::Overseas && country_code == Some(VIETNAM);
            if !needs_template {
                return Composed { text: Some(text), template: None, refusal: None };
            }
            let (template, refusal) = match instance(&text.text, rulebook, now) {
                Ok(facts) => (Some(facts), None),
                Err(Miss { facts, detail }) => (facts, Some((FailureCode::TemplateMismatch, detail))),
            };
            Composed { text: Some(text), template, refusal }
        }
        SmsBody::Template { template, variables } => match named(template, country_code, rulebook, now) {
            Err(detail) => {
                let refusal = Some((FailureCode::TemplateUnknown, detail.to_owned()));
                Composed { text: None, template: None, refusal }
            }
            Ok(template) => match template.render(&clean_values(variables, extra)) {
                Ok(text) => {
                    let text = sms_text::clean(&text, extra);
                    Composed { text: Some(text), template: Some(used(template)), refusal: None }
                }
                Err(problem) => {
                    let refusal = Some((FailureCode::TemplateVariables, problem.to_string()));
                    Composed { text: None, template: Some(used(template)), refusal }
                }
            },
        },
    }
}

/// The text for an email in place of the text message.
///
/// An email may say what an SMS may not, so that free text stays as it was written and a template needs no approval;
/// an edition that has one goes before one that has none, and then a newer one before an older one.
pub(crate) fn text_for_email(job: &SmsJob, rulebook: &CompiledRulebook) -> Option<String> {
    match &job.sms.body {
        SmsBody::Text(text) => Some(sms_text::unix_lines(text)),
        SmsBody::Template { template, variables } => {
            let values = clean_values(variables, &rulebook.rules().sms.extra_characters);
            let mut editions: Vec<&Template> =
                rulebook.templates().iter().filter(|candidate| candidate.name == *template).collect();
            editions.sort_by_key(|edition| std::cmp::Reverse((edition.approved, edition.version)));
            editions.into_iter().find_map(|edition| edition.render(&values).ok())
        }
    }
}

fn clean_values(variables: &BTreeMap<String, String>, extra: &str) -> BTreeMap<String, String> {
    variables.iter().map(|(name, value)| (name.clone(), sms_text::clean(value, extra).text)).collect()
}

/// The newest approved edition of the template that the job names.
fn named<'a>(
    name: &str,
    country_code: Option<u16>,
    rulebook: &'a CompiledRulebook,
    now: Timestamp,
) -> Result<&'a Template, &'static str> {
    let editions: Vec<&Template> =
        rulebook.templates().iter().filter(|template| template.name == name).collect();
    if editions.is_empty() {
        return Err("no template has the name that the job gives");
    }
    let here: Vec<&Template> = editions
        .into_iter()
        .filter(|template| country_code.is_none_or(|country_code| template.country_code == country_code))
        .collect();
    if here.is_empty() {
        return Err("the template is not one of the number's country");
    }
    here.into_iter()
        .filter(|template| template.is_approved(now))
        .max_by_key(|template| template.version)
        .ok_or("no edition of the template is approved at this time")
}

/// The approved template of Vietnam of which a text is an instance: the most literal one, or why there is none.
fn instance(text: &str, rulebook: &CompiledRulebook, now: Timestamp) -> Result<TemplateFacts, Miss> {
    let (approved, others): (Vec<&Template>, Vec<&Template>) = rulebook
        .templates()
        .iter()
        .filter(|template| template.country_code == VIETNAM)
        .partition(|template| template.is_approved(now));
    let nearest = match template::find(approved, text) {
        Ok(instance) => return Ok(TemplateFacts::from(&instance)),
        Err(nearest) => nearest,
    };
    let facts = match (template::find(others, text), nearest) {
        (Ok(instance), _) => Some(TemplateFacts::Unapproved { unapproved: instance.template.id() }),
        (Err(_), nearest) => {
            nearest.map(|nearest| TemplateFacts::Missed { nearest: NearestFacts::from(nearest) })
        }
    };
    let detail = facts.as_ref().map_or_else(
        || format!("no template is approved for country {VIETNAM} at this time"),
        TemplateFacts::to_string,
    );
    Err(Miss { facts, detail })
}

fn used(template: &Template) -> TemplateFacts {
    TemplateFacts::Used { template: template.id(), also: Vec::new() }
}
