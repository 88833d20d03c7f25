//! The text of a text message: free, or made from an approved template (R14a).

use std::collections::BTreeMap;

use closure_contract::{
    Facts, FailureCode, SmsJob, Timestamp,
    job::{Scope, SmsBody},
};

use super::{
    country::VIETNAM,
    text::{self, CleanText},
};
use crate::{
    rulebook::CompiledRulebook,
    template::{self, NearestFacts, Template, TemplateFacts, TemplateId},
    words::{Sentence, Words, words},
};

/// A text, as far as there is one.
pub(crate) struct Composed {
    pub(crate) text: Option<CleanText>,
    pub(crate) template: Option<TemplateFacts>,
    /// Why the text may not go out as far as templates are concerned.
    pub(crate) refusal: Option<(FailureCode, Sentence, Facts)>,
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
            let text = text::clean(text, extra);
            let needs_template = job.scope == Scope::Overseas && country_code == Some(VIETNAM);
            if !needs_template {
                return Composed { text: Some(text), template: None, refusal: None };
            }
            let template = instance(&text.text, rulebook, now);
            let fits = template.as_ref().is_some_and(|facts| facts.used().is_some());
            let refusal = (!fits).then(|| {
                let facts = Facts { template: template.as_ref().and_then(nearest_id), ..Facts::default() };
                (FailureCode::TemplateMismatch, miss(template.as_ref()), facts)
            });
            Composed { text: Some(text), template, refusal }
        }
        SmsBody::Template { template, variables } => match named(template, country_code, rulebook, now) {
            Err(detail) => {
                let facts = Facts { template: known_name(template, rulebook), ..Facts::default() };
                let refusal = Some((FailureCode::TemplateUnknown, detail, facts));
                Composed { text: None, template: None, refusal }
            }
            Ok(template) => match template.render(&clean_values(variables, extra)) {
                Ok(text) => {
                    let text = text::clean(&text, extra);
                    Composed { text: Some(text), template: Some(used(template)), refusal: None }
                }
                Err(problem) => {
                    let facts = Facts {
                        template: Some(named_id(&template.id())),
                        variable: problem.variable().map(str::to_owned),
                        ..Facts::default()
                    };
                    let said = Sentence::of(|language| problem.said(language));
                    let refusal = Some((FailureCode::TemplateVariables, said, facts));
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
        SmsBody::Text(text) => Some(text::unix_lines(text)),
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
    variables.iter().map(|(name, value)| (name.clone(), text::clean(value, extra).text)).collect()
}

/// The newest approved edition of the template that the job names.
fn named<'a>(
    name: &str,
    country_code: Option<u16>,
    rulebook: &'a CompiledRulebook,
    now: Timestamp,
) -> Result<&'a Template, Sentence> {
    let editions: Vec<&Template> =
        rulebook.templates().iter().filter(|template| template.name == name).collect();
    if editions.is_empty() {
        return Err(Sentence::fixed(
            "no template has the name that the job gives",
            "작업이 지정한 이름의 템플릿이 없습니다",
        ));
    }
    let here: Vec<&Template> = editions
        .into_iter()
        .filter(|template| country_code.is_none_or(|country_code| template.country_code == country_code))
        .collect();
    if here.is_empty() {
        return Err(Sentence::fixed(
            "the template is not one of the number's country",
            "번호의 국가에서 사용하는 템플릿이 아닙니다",
        ));
    }
    here.into_iter()
        .filter(|template| template.is_approved(now))
        .max_by_key(|template| template.version)
        .ok_or(Sentence::fixed(
            "no edition of the template is approved at this time",
            "현재 승인된 버전이 없는 템플릿입니다",
        ))
}

/// The approved template of Vietnam of which a text is an instance: the most literal one, or what comes nearest to one.
fn instance(text: &str, rulebook: &CompiledRulebook, now: Timestamp) -> Option<TemplateFacts> {
    let (approved, others): (Vec<&Template>, Vec<&Template>) = rulebook
        .templates()
        .iter()
        .filter(|template| template.country_code == VIETNAM)
        .partition(|template| template.is_approved(now));
    let nearest = match template::find(approved, text) {
        Ok(instance) => return Some(TemplateFacts::from(&instance)),
        Err(nearest) => nearest,
    };
    match (template::find(others, text), nearest) {
        (Ok(instance), _) => Some(TemplateFacts::Unapproved { unapproved: instance.template.id() }),
        (Err(_), nearest) => {
            nearest.map(|nearest| TemplateFacts::Missed { nearest: NearestFacts::from(nearest) })
        }
    }
}

/// Why a text is an instance of no approved template.
fn miss(facts: Option<&TemplateFacts>) -> Sentence {
    match facts {
        Some(facts) => Sentence::of(|language| facts.said(language)),
        None => Sentence::of(words!(
            "no template is approved for country {VIETNAM} at this time",
            "국가번호 {VIETNAM}에서 현재 승인된 템플릿이 없습니다"
        )),
    }
}

/// A template as a named value.
fn named_id(TemplateId { id, version }: &TemplateId) -> String {
    format!("{id} v{version}")
}

/// The approved template from which a text differs least.
fn nearest_id(facts: &TemplateFacts) -> Option<String> {
    match facts {
        TemplateFacts::Missed { nearest } => Some(named_id(&nearest.template)),
        TemplateFacts::Used { .. } | TemplateFacts::Unapproved { .. } => None,
    }
}

/// The name that a job gives, where it is one of ours and not any text.
fn known_name(name: &str, rulebook: &CompiledRulebook) -> Option<String> {
    rulebook.templates().iter().any(|template| template.name == name).then(|| name.to_owned())
}

fn used(template: &Template) -> TemplateFacts {
    TemplateFacts::Used { template: template.id(), also: Vec::new() }
}
