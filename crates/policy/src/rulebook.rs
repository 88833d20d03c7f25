//! The settings of the rules, with the operating guide's values as defaults.

use std::sync::Arc;

use closure_contract::{Evidence, Provider, Timestamp, facts::texts::TextGateway};
use serde::{Deserialize, Serialize};

use crate::{
    caps::CapRules,
    email::frame::MailFrames,
    gateway::{
        circuit::CircuitRules,
        fallback_hold::FallbackHoldRules,
        route::{self, RoutingRule},
    },
    quiet::QuietHours,
    sms::invitation::Invitations,
    template::{Template, TemplateProblem},
    validate,
};

pub use crate::number::settings::{ClassRule, NumberRules};

/// Every setting of the rules; what a configuration leaves out keeps its default.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rulebook {
    /// Which numbers may be contacted, and how bare digits are read (R15).
    pub numbers: NumberRules,
    /// How a number is dialled (R2, R3).
    pub dial: DialRules,
    /// Text messages (R5–R13, R17).
    pub sms: SmsRules,
    /// China (R14b).
    pub china: ChinaRules,
    /// Email (R18–R20).
    pub email: EmailRules,
    /// How often a number, a country and the whole fleet may be contacted (B5).
    pub caps: CapRules,
    /// When nobody is contacted, by the recipient's clock (B7).
    pub quiet_hours: QuietHours,
    /// Words of ours: no evidence for a text's language, and one of them stands in each template.
    pub brand_words: Vec<String>,
    /// The receipt of an accepted text message is due after this long, in milliseconds.
    pub receipt_due_ms: u64,
    /// The most that a `delivered` is worth by country and gateway; elsewhere it may be worth the handset's word (R14f).
    pub receipt_evidence: Vec<CountryEvidence>,
    /// The least that a `delivered` is worth to count as an arrival; one that is worth less is silence (R14f).
    pub receipt_evidence_min: Evidence,
    /// The templates that are known (R14a); no setting, but what a register holds.
    #[serde(skip_serializing)]
    pub templates: Vec<TemplateSource>,
}

/// How a number is dialled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DialRules {
    /// Before country code and number: the outside line 9 and the carrier's international access code 001 (R2).
    pub overseas_prefix: String,
    /// Before a national number: the outside line (R3).
    pub domestic_prefix: String,
    /// A pause after the outside line, for PBXs that need one.
    pub pause: Option<Pause>,
    /// A click is fresh for so many seconds; later the agent is no longer at the phone (B1).
    pub click_fresh_s: u32,
}

/// A pause in a dial string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    /// Written `,`.
    Comma,
    /// Written `w`.
    W,
    /// Written `p`.
    P,
}

/// Text messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SmsRules {
    /// The one sender number (R11).
    pub sender: String,
    /// Other senders by country (R12).
    pub senders: Vec<CountrySender>,
    /// Which gateways carry the text messages of which countries; without any, the first connected one.
    pub routes: Vec<RoutingRule>,
    /// When a gateway is left alone, and when one job tries it again (R14e).
    pub circuit: CircuitRules,
    /// When the emails in place of text messages are held back, because too many fail (R14e).
    #[serde(alias = "brake")]
    pub fallback_hold: FallbackHoldRules,
    /// The most UTF-8 bytes of an overseas text, inclusive (R6).
    pub max_bytes: usize,
    /// The most bytes without a flag, inclusive (R7).
    pub near_limit_bytes: usize,
    /// What happens between the two (R7).
    pub near_limit: NearLimit,
    /// Over this many bytes a text is flagged as one that may be split (R8).
    pub split_bytes: usize,
    /// Characters that pass besides the policy's own (R9).
    pub extra_characters: String,
    /// Wording that invites a reply or a call to a number that cannot receive (R13); compared in lower case.
    pub reply_phrases: Vec<String>,
    /// Wording of a denial, by which a clause, and what it says before it of a condition, invites nobody (R13).
    pub reply_negations: Vec<String>,
    /// Wording of a clause that names another way, another person or our own act, and so invites nobody (R13).
    pub reply_elsewhere: Vec<String>,
    /// Whether templates may have variables of the class url (R14a).
    pub template_urls: TemplateUrls,
    /// A template has at most this many variables (R14a).
    pub template_variables_max: usize,
    /// At least this many letters stand in a template as they are (R14a).
    pub template_letters_min: usize,
    /// A domestic text of at most this many bytes is a plain SMS (R17).
    pub domestic_sms_bytes: usize,
    /// The most bytes of a domestic text (R17).
    pub domestic_max_bytes: usize,
    /// The subject of a domestic long message without one (R17).
    pub domestic_subject: String,
    /// The most bytes of a domestic subject (R17).
    pub domestic_subject_bytes_max: usize,
}

/// What happens to a text that comes near the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NearLimit {
    /// It is sent and flagged.
    Flag,
    /// It is refused.
    Reject,
}

/// Whether templates may have variables of the class url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateUrls {
    /// They may not.
    Off,
    /// They may.
    On,
}

/// The sender for one country.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CountrySender {
    /// The country.
    pub country_code: u16,
    /// A number such as `+82234518120`, or a registered name.
    pub sender: String,
}

/// China.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChinaRules {
    /// Whether a text that is not Chinese is attempted.
    pub non_chinese_sms: NonChineseSms,
    /// Whether Traditional characters make an email due.
    pub traditional_is_trigger: bool,
    /// A Chinese text has at least this many Han characters.
    pub han_min: u32,
    /// A Chinese text's units are Han to at least this many percent.
    pub han_percent_min: u8,
}

/// What happens to a text to China that is not Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NonChineseSms {
    /// It is sent all the same, beside the email.
    Attempt,
    /// The email alone answers.
    Skip,
}

/// Email.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailRules {
    /// The sender's name (R20).
    pub from_name: String,
    /// The sender's address (R20).
    pub from_address: String,
    /// When the mail server is left alone, and when one mail tries it again (R14e).
    pub circuit: CircuitRules,
    /// The subject of a fallback email overseas that has no English one (R19).
    pub default_subject: String,
    /// The subject of a domestic fallback email that has none.
    pub default_subject_domestic: String,
    /// The most characters of a subject (R19).
    pub subject_chars_max: usize,
    /// The language of the frame for a customer overseas of whose language there is no frame (R20).
    pub default_language: String,
    /// The same for a customer in Korea who has no language on file.
    pub default_language_domestic: String,
    /// Frames in the place of the shipped ones, or in further languages (R20).
    pub frames: Vec<FrameSource>,
}

/// What stands around a reply in one language, as it stands in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FrameSource {
    /// A BCP 47 tag such as `vi` or `zh-Hant`.
    pub language: String,
    /// The plain text: a template that shows `{{ reply }}` once.
    pub text: String,
    /// The HTML: the same, and everything but the reply is escaped.
    pub html: String,
}

/// The most that a `delivered` is worth in one country.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CountryEvidence {
    /// The country.
    pub country_code: u16,
    /// The gateway whose word it is; left out for every other one.
    #[serde(default)]
    pub provider: Option<Provider>,
    /// The most that it is worth.
    pub evidence: Evidence,
}

/// A template as it stands in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TemplateSource {
    /// Its name, unique together with the version.
    pub name: String,
    /// Its version; the highest approved one is used.
    #[serde(default = "first_version")]
    pub version: u32,
    /// The country in which it is approved.
    pub country_code: u16,
    /// Literals and variables `{name:class:max}`; `{{` and `}}` stand for braces.
    pub text: String,
    /// Whether the carrier has approved it.
    #[serde(default)]
    pub approved: bool,
    /// The approval begins here, written as a quoted RFC 3339 time.
    #[serde(default)]
    pub valid_from: Option<Timestamp>,
    /// The approval ends here.
    #[serde(default)]
    pub valid_until: Option<Timestamp>,
}

fn first_version() -> u32 {
    1
}

/// A rulebook whose settings are sound and whose templates are ready for use.
#[derive(Debug, Clone)]
pub struct CompiledRulebook {
    rules: Rulebook,
    templates: Vec<Template>,
    frames: MailFrames,
    invitations: Arc<Invitations>,
    gateways: Vec<TextGateway>,
}

/// One thing that is wrong with a rulebook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulebookError {
    /// A setting cannot be.
    #[error("`{key}`: {problem}")]
    Setting {
        /// The setting's key.
        key: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A template cannot be.
    #[error("template `{name}` version {version}: {problem}")]
    Template {
        /// The template's name.
        name: String,
        /// Its version.
        version: u32,
        /// What is wrong and what to do.
        problem: TemplateProblem,
    },
    /// A frame of mail cannot be.
    #[error("mail frame `{language}`: {part} {problem}")]
    Frame {
        /// The frame's language.
        language: String,
        /// Which part of it: `language`, `text` or `html`.
        part: &'static str,
        /// What is wrong and what to do.
        problem: String,
    },
}

impl Rulebook {
    /// Finds every error of the settings, the templates and the frames.
    pub fn validate(&self) -> Result<(), Vec<RulebookError>> {
        self.clone().compile().map(drop)
    }

    /// Makes the rulebook ready for use, or says everything that is wrong with it.
    pub fn compile(self) -> Result<CompiledRulebook, Vec<RulebookError>> {
        let (templates, mut errors) = validate::check(&self);
        let (frames, problems) = MailFrames::compile(&self.email);
        errors.extend(problems);
        if !errors.is_empty() {
            return Err(errors);
        }
        let invitations = Arc::new(Invitations::of(&self.sms));
        Ok(CompiledRulebook { rules: self, templates, frames, invitations, gateways: Vec::new() })
    }
}

impl CompiledRulebook {
    /// The settings.
    pub fn rules(&self) -> &Rulebook {
        &self.rules
    }

    /// The same settings with these templates in place of its own.
    ///
    /// Those that are not sound under these settings are left out and told, so that one of them takes no other with it.
    pub fn with_templates(&self, sources: &[TemplateSource]) -> (Self, Vec<RulebookError>) {
        let mut errors = Vec::new();
        let templates = validate::templates(sources, &self.rules, &mut errors);
        (Self { templates, ..self.clone() }, errors)
    }

    /// The same rules over these connected gateways, the preferred one first; without any no gateway's limit is known.
    pub fn over_gateways(self, gateways: Vec<TextGateway>) -> Self {
        Self { gateways, ..self }
    }

    /// The connected gateways that may carry the texts of a country.
    pub(crate) fn gateways_of(&self, country_code: u16) -> impl Iterator<Item = &TextGateway> {
        let connected: Vec<Provider> = self.gateways.iter().map(|one| one.gateway).collect();
        let routed = route::gateways_of(country_code, &self.rules.sms.routes, &connected);
        self.gateways.iter().filter(move |one| routed.contains(&one.gateway))
    }

    /// The wordings that invite an answer.
    pub(crate) fn invitations(&self) -> &Invitations {
        &self.invitations
    }

    /// The compiled templates.
    pub fn templates(&self) -> &[Template] {
        &self.templates
    }

    /// The frames of mail.
    pub(crate) fn frames(&self) -> &MailFrames {
        &self.frames
    }

    /// The receipt of an accepted text message is due after this long, in milliseconds.
    pub fn receipt_due_ms(&self) -> u64 {
        self.rules.receipt_due_ms
    }
}

impl Rulebook {
    /// The sender shown in a country, and whether it is that country's own.
    pub(crate) fn sender_for(&self, country_code: u16) -> (&str, SenderOrigin) {
        match self.sms.senders.iter().find(|sender| sender.country_code == country_code) {
            Some(own) => (&own.sender, SenderOrigin::Country),
            None => (&self.sms.sender, SenderOrigin::Default),
        }
    }

    /// The most that a gateway's `delivered` is worth in a country: the gateway's own entry there, or else the
    /// country's.
    pub(crate) fn evidence_cap(&self, country_code: u16, provider: Provider) -> Evidence {
        let entry = |provider: Option<Provider>| {
            self.receipt_evidence
                .iter()
                .find(|entry| entry.country_code == country_code && entry.provider == provider)
        };
        entry(Some(provider)).or_else(|| entry(None)).map_or(Evidence::Handset, |entry| entry.evidence)
    }
}

/// Where a sender comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SenderOrigin {
    /// The one sender number.
    Default,
    /// The table of other senders by country.
    Country,
}
