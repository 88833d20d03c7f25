//! `fleet template`: the register of templates at the command line.

use std::{collections::BTreeMap, io::Read as _, path::PathBuf};

use closure_contract::Timestamp;
use closure_policy::{
    rulebook::{CompiledRulebook, TemplateSource},
    sms::segments,
    template::{self, NearestFacts, Template as Compiled, TemplateFacts},
};
use closure_store::{
    Added, Deed, NewTemplate, Store, StoredTemplate, TemplateChange, TemplateError, TemplateState,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Failure, Invocation, show_as};
use crate::{
    cli::template::{By, Edition, Template},
    config,
    desk::{self, Act, Desk},
    live_rulebook, output,
};

/// A template's file has at most this many bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The part of a file that is imported.
#[derive(Deserialize)]
struct Import {
    templates: Vec<TemplateSource>,
}

/// Who changes the register, why, and through what.
struct Changing<'a> {
    desk: &'a Desk,
    by: By,
}

impl Changing<'_> {
    fn deed(&self) -> Deed<'_> {
        Deed { actor: self.desk.signature(), reason: &self.by.reason }
    }

    async fn begin(&self, act: Act, name: &str, version: Option<u32>) -> Result<Store, Failure> {
        let id = version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}"));
        Ok(self.desk.begin(act, desk::subject("template", id), Some(&self.by.reason)).await?)
    }
}

impl From<TemplateError> for Failure {
    fn from(problem: TemplateError) -> Self {
        match problem {
            TemplateError::Store(problem) => problem.into(),
            TemplateError::NotFound { .. } => Self::Input(problem.to_string()),
            TemplateError::Exists { .. } | TemplateError::State { .. } | TemplateError::Full => {
                Self::Refused(problem.to_string())
            }
        }
    }
}

/// Runs one of the register's commands.
pub async fn run(invocation: &Invocation, template: Template) -> Result<(), Failure> {
    let (settings, database) = config::load(invocation.config.as_ref(), |source| {
        (config::rulebook(source), config::database(source))
    })?;
    let desk = Desk::open(Store::new(database)?, &invocation.who).await?;
    let by = |by: By| Changing { desk: &desk, by };
    match template {
        Template::Add { name, text, file, country, version, by: why } => {
            let text = match text {
                Some(text) => text,
                None => read(&file.unwrap_or_else(|| PathBuf::from("-")))?,
            };
            // An editor ends a file with a line end that nobody meant.
            let text =
                text.strip_suffix('\n').map_or(text.as_str(), |text| text.trim_end_matches('\r')).to_owned();
            let new = NewTemplate { name, version, country_code: country, text };
            add(invocation, &settings, &new, &by(why)).await
        }
        Template::Import { file, by: why } => import(invocation, &settings, &file, &by(why)).await,
        Template::List => list(invocation, desk.store()).await,
        Template::Show(edition) => show(invocation, desk.store(), &edition).await,
        Template::Submit { edition, reference, by: why } => {
            let submit = TemplateChange::Submit { carrier_ref: reference };
            change(invocation, &edition, Act::SubmitTemplate, &submit, &by(why)).await
        }
        Template::Approve { edition, reference, from, until, by: why } => {
            if from.zip(until).is_some_and(|(from, until)| until <= from) {
                return Err(Failure::Input("--until must lie after --from".to_owned()));
            }
            let approve =
                TemplateChange::Approve { carrier_ref: reference, valid_from: from, valid_until: until };
            change(invocation, &edition, Act::ApproveTemplate, &approve, &by(why)).await
        }
        Template::Revoke { edition, by: why } => {
            change(invocation, &edition, Act::RevokeTemplate, &TemplateChange::Revoke, &by(why)).await
        }
        Template::Test { name, text, variables, country } => {
            let register = desk.store().template_register().await?;
            let sources: Vec<TemplateSource> = register.templates.iter().map(live_rulebook::source).collect();
            let (rulebook, _unsound) = settings.with_templates(&sources);
            let (answer, verdict) = match text {
                Some(text) => test_text(&rulebook, name.as_deref(), country, &text),
                None => test_variables(&rulebook, name.as_deref(), country, &variables)?,
            };
            show_as(invocation.style, &answer, output::json);
            verdict
        }
    }
}

/// Everything that is wrong with an edition, as one failure.
fn check(settings: &CompiledRulebook, source: &TemplateSource) -> Result<Compiled, Failure> {
    Compiled::compile(source, settings.rules()).map_err(|problems| {
        let problems: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
        Failure::Input(format!(
            "template `{}`: {} problem(s){}",
            source.name,
            problems.len(),
            problems.concat()
        ))
    })
}

fn unapproved(new: &NewTemplate) -> TemplateSource {
    TemplateSource {
        name: new.name.clone(),
        version: new.version.unwrap_or(1),
        country_code: new.country_code,
        text: new.text.clone(),
        approved: false,
        valid_from: None,
        valid_until: None,
    }
}

async fn add(
    invocation: &Invocation,
    settings: &CompiledRulebook,
    new: &NewTemplate,
    by: &Changing<'_>,
) -> Result<(), Failure> {
    let compiled = check(settings, &unapproved(new))?;
    let store = by.begin(Act::AddTemplate, &new.name, new.version).await?;
    let (stored, word) = match store.add_template(new, by.deed()).await? {
        Added::New(stored) => (stored, "added"),
        Added::There(stored) => (stored, "there already"),
    };
    let answer = json!({ "result": word, "template": stored, "bytes_max": compiled.bytes_max() });
    show_as(invocation.style, &answer, |_| {
        output::line(format!(
            "{} version {}: {word}, {}",
            stored.name,
            stored.version,
            stored.state.as_str()
        ));
    });
    Ok(())
}

/// Adds what is missing; the state of an edition that is there already is never changed by a file.
async fn import(
    invocation: &Invocation,
    settings: &CompiledRulebook,
    file: &std::path::Path,
    by: &Changing<'_>,
) -> Result<(), Failure> {
    let import: Import = toml::from_str(&read(file)?)
        .map_err(|problem| Failure::Input(format!("{}: {problem}", file.display())))?;
    for source in &import.templates {
        check(settings, source)?;
    }
    let mut results = Vec::new();
    for source in import.templates {
        let (name, version) = (source.name, source.version);
        let new = NewTemplate {
            name: name.clone(),
            version: Some(version),
            country_code: source.country_code,
            text: source.text,
        };
        let store = by.begin(Act::ImportTemplate, &name, Some(version)).await?;
        let (word, state) = match store.add_template(&new, by.deed()).await? {
            Added::There(stored) => ("there already", stored.state),
            Added::New(_) if source.approved => {
                let approve = TemplateChange::Approve {
                    carrier_ref: None,
                    valid_from: source.valid_from,
                    valid_until: source.valid_until,
                };
                ("added", store.change_template(&name, version, &approve, by.deed()).await?.state)
            }
            Added::New(stored) => ("added", stored.state),
        };
        results.push(json!({ "name": name, "version": version, "result": word, "state": state }));
    }
    show_as(invocation.style, &results, |results| {
        for result in results {
            output::line(format!(
                "{} version {}: {}, {}",
                output::word(&result["name"]),
                result["version"],
                output::word(&result["result"]),
                output::word(&result["state"])
            ));
        }
    });
    Ok(())
}

async fn list(invocation: &Invocation, store: &Store) -> Result<(), Failure> {
    let templates = store.template_register().await?.templates;
    show_as(invocation.style, &templates, |templates| {
        let date = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
        let rows = templates.iter().map(|one| {
            vec![
                one.name.clone(),
                one.version.to_string(),
                one.country_code.to_string(),
                one.state.as_str().to_owned(),
                date(one.valid_from),
                date(one.valid_until),
                one.text.clone(),
            ]
        });
        output::table(&["name", "version", "country", "state", "from", "until", "text"], rows.collect());
    });
    Ok(())
}

async fn show(invocation: &Invocation, store: &Store, edition: &Edition) -> Result<(), Failure> {
    let (name, version) = (&edition.name, edition.version);
    let stored = store
        .template_register()
        .await?
        .templates
        .into_iter()
        .find(|one| one.name == *name && one.version == version)
        .ok_or_else(|| TemplateError::NotFound { name: name.clone(), version })?;
    let actions = store.template_actions(name, version).await?;
    show_as(invocation.style, &json!({ "template": stored, "actions": actions }), |_| {
        output::line(format!("{} version {}  {}", stored.name, stored.version, stored.state.as_str()));
        output::quoted(&stored.text);
        for action in &actions {
            output::line(format!(
                "  {}  {} by {}: {}",
                action.at, action.action, action.actor, action.reason
            ));
        }
    });
    Ok(())
}

async fn change(
    invocation: &Invocation,
    edition: &Edition,
    act: Act,
    change: &TemplateChange,
    by: &Changing<'_>,
) -> Result<(), Failure> {
    let store = by.begin(act, &edition.name, Some(edition.version)).await?;
    let stored: StoredTemplate =
        store.change_template(&edition.name, edition.version, change, by.deed()).await?;
    show_as(invocation.style, &json!({ "template": stored }), |_| {
        output::line(format!("{} version {} is {}", stored.name, stored.version, stored.state.as_str()));
        if stored.state == TemplateState::Approved {
            output::line("it may be sent from now on, within its validity");
        }
    });
    Ok(())
}

/// The newest edition last looks first: without a name the approved ones, with one every edition of it.
fn candidates<'a>(rulebook: &'a CompiledRulebook, name: Option<&str>, country: u16) -> Vec<&'a Compiled> {
    let now = Timestamp::now();
    let wanted = |one: &&Compiled| {
        one.country_code == country && name.map_or_else(|| one.is_approved(now), |name| one.name == name)
    };
    rulebook.templates().iter().filter(wanted).collect()
}

fn test_text(
    rulebook: &CompiledRulebook,
    name: Option<&str>,
    country: u16,
    text: &str,
) -> (Value, Result<(), Failure>) {
    let text = closure_policy::sms::text::clean(text, &rulebook.rules().sms.extra_characters).text;
    match template::find(candidates(rulebook, name, country), &text) {
        Ok(instance) => {
            let template = TemplateFacts::from(&instance);
            (json!({ "result": "match", "template": template, "variables": instance.values }), Ok(()))
        }
        Err(nearest) => {
            let refused = Failure::Refused("the text is an instance of no such template".to_owned());
            (json!({ "result": "mismatch", "nearest": nearest.map(NearestFacts::from) }), Err(refused))
        }
    }
}

fn test_variables(
    rulebook: &CompiledRulebook,
    name: Option<&str>,
    country: u16,
    variables: &[String],
) -> Result<(Value, Result<(), Failure>), Failure> {
    let name = name.ok_or_else(|| Failure::Input("give --text, or --name with --var".to_owned()))?;
    let values = variables
        .iter()
        .map(|pair| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect::<Option<BTreeMap<String, String>>>()
        .ok_or_else(|| Failure::Input("write a variable as --var NAME=VALUE".to_owned()))?;
    let edition = candidates(rulebook, Some(name), country)
        .into_iter()
        .max_by_key(|edition| (edition.is_approved(Timestamp::now()), edition.version))
        .ok_or_else(|| Failure::Input(format!("country {country} has no template `{name}`")))?;
    Ok(match edition.render(&values) {
        Ok(text) => {
            let parts = segments::count(&text);
            let answer = json!({ "result": "rendering", "template": edition.id(), "text": text,
                "bytes": text.len(), "segments": parts.segments, "encoding": parts.encoding });
            (answer, Ok(()))
        }
        Err(problem) => {
            let refused = Failure::Refused(problem.to_string());
            let answer =
                json!({ "result": "problem", "template": edition.id(), "problem": problem.to_string() });
            (answer, Err(refused))
        }
    })
}

fn read(path: &std::path::Path) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(FILE_BYTES_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text))
    };
    read.map(|_| text).map_err(|problem| Failure::Input(format!("{}: {problem}", path.display())))
}
