//! Which of several templates a text is an instance of, and which is nearest where it is one of none (R14a).

use std::{collections::BTreeMap, fmt};

use closure_contract::Language;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Template, matching::Mismatch};
use crate::words::Words;

/// Name and version of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TemplateId {
    /// Its name, as a job names it.
    pub id: String,
    /// Its version.
    pub version: u32,
}

/// What templates have to do with a text; it serialises to the answer's `template`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum TemplateFacts {
    /// The text is made from an approved template, or is an instance of one.
    Used {
        /// The template.
        #[serde(flatten)]
        template: TemplateId,
        /// Less literal templates of which it is an instance as well.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        also: Vec<TemplateId>,
    },
    /// The text is an instance of a template that is not approved at this time.
    Unapproved {
        /// The template.
        unapproved: TemplateId,
    },
    /// The text is an instance of no template.
    Missed {
        /// The approved template that comes nearest.
        nearest: NearestFacts,
    },
}

/// The template that comes nearest to a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NearestFacts {
    /// The template.
    #[serde(flatten)]
    pub template: TemplateId,
    /// Where the text differs from it, without any of the text.
    #[serde(flatten)]
    pub mismatch: Mismatch,
}

/// A text read as an instance of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance<'a> {
    /// The most literal template of which it is one; of equals the newest.
    pub template: &'a Template,
    /// The values of its variables.
    pub values: BTreeMap<String, String>,
    /// The other templates of which it is one.
    pub also: Vec<&'a Template>,
}

/// The template that comes nearest to a text which is an instance of none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest<'a> {
    /// The one from which the text differs last.
    pub template: &'a Template,
    /// Where it does.
    pub mismatch: Mismatch,
}

/// Reads a text as an instance of one of these templates; where there is none at all, nothing is nearest.
pub fn find<'a>(
    templates: impl IntoIterator<Item = &'a Template>,
    text: &str,
) -> Result<Instance<'a>, Option<Nearest<'a>>> {
    let mut instances = Vec::new();
    let mut nearest: Option<Nearest<'a>> = None;
    for template in templates {
        match template.matches(text) {
            Ok(values) => instances.push((template, values)),
            Err(mismatch) => {
                if nearest.as_ref().is_none_or(|other| mismatch.offset > other.mismatch.offset) {
                    nearest = Some(Nearest { template, mismatch });
                }
            }
        }
    }
    instances.sort_by_key(|(template, _)| {
        std::cmp::Reverse((template.literal_chars(), template.version, template.name.clone()))
    });
    let mut instances = instances.into_iter();
    let Some((template, values)) = instances.next() else { return Err(nearest) };
    Ok(Instance { template, values, also: instances.map(|(template, _)| template).collect() })
}

impl TemplateFacts {
    /// The template that the text is made from or an instance of.
    pub fn used(&self) -> Option<&TemplateId> {
        match self {
            Self::Used { template, .. } => Some(template),
            Self::Unapproved { .. } | Self::Missed { .. } => None,
        }
    }
}

impl From<&Instance<'_>> for TemplateFacts {
    fn from(instance: &Instance<'_>) -> Self {
        Self::Used {
            template: instance.template.id(),
            also: instance.also.iter().map(|template| template.id()).collect(),
        }
    }
}

impl From<Nearest<'_>> for NearestFacts {
    fn from(nearest: Nearest<'_>) -> Self {
        Self { template: nearest.template.id(), mismatch: nearest.mismatch }
    }
}

impl fmt::Display for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", self.id, self.version)
    }
}

impl Words for &TemplateFacts {
    fn said(self, language: Language) -> String {
        match (language, self) {
            (Language::English, _) => self.to_string(),
            (Language::Korean, TemplateFacts::Used { template: TemplateId { id, version }, also }) => {
                let also: String = also
                    .iter()
                    .map(|other| {
                        format!(
                            ". 더 느슨한 템플릿 {}(버전 {})의 형식과도 일치합니다",
                            other.id, other.version
                        )
                    })
                    .collect();
                format!("템플릿 {id}(버전 {version})의 형식과 일치합니다{also}")
            }
            (Language::Korean, TemplateFacts::Unapproved { unapproved: TemplateId { id, version } }) => {
                format!("현재 승인되지 않은 템플릿 {id}(버전 {version})의 형식과 일치합니다")
            }
            (Language::Korean, TemplateFacts::Missed { nearest }) => {
                let NearestFacts { template: TemplateId { id, version }, mismatch } = nearest;
                let Mismatch { offset, expected, found: _ } = mismatch;
                format!(
                    "가장 가까운 승인 템플릿은 {id}(버전 {version})이며, 본문은 처음 {offset}자까지만 일치합니다. 템플릿에는 \
                     그다음에 {expected} 부분이 있습니다"
                )
            }
        }
    }
}

impl fmt::Display for TemplateFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Used { template, also } => {
                write!(f, "an instance of template {template}")?;
                also.iter().try_for_each(|other| write!(f, " and of the less literal {other}"))
            }
            Self::Unapproved { unapproved } => {
                write!(f, "an instance of template {unapproved}, which is not approved at this time")
            }
            Self::Missed { nearest } => {
                write!(f, "the nearest approved template is {}: {}", nearest.template, nearest.mismatch)
            }
        }
    }
}
