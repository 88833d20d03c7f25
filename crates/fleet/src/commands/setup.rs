//! Commands that prepare what the fleet needs, or say what it is: topology, migrations, schemas, keys.

use std::path::Path;

use closure_broker::{BrokerSettings, topology};
use closure_contract::{schema, topology::WorkQueue};
use closure_store::Store;
use serde_json::json;

use super::{Failure, Invocation, printed, show_as};
use crate::{
    advisor::openapi,
    cli::Topology,
    config::{
        self,
        keys::{KEYS, Key, Secrecy, variable},
    },
    output::{self, Style},
    words::page,
};

/// `fleet topology apply` and `fleet topology check`.
pub async fn topology(invocation: &Invocation, what: &Topology) -> Result<(), Failure> {
    let (broker, has_webhook) = config::load(invocation.config.as_ref(), |source| {
        (config::broker(source, "topology"), config::has_webhook(source))
    })?;
    match what {
        Topology::Apply => {
            if !has_webhook {
                nobody_reads_webhooks(&broker).await?;
            }
            let applied = topology::apply(&broker).await?;
            topology::feed_webhooks(&broker, has_webhook).await?;
            let former = topology::former_queues(&broker).await?;
            let answer = json!({
                "exchanges": applied.exchanges, "queues": applied.queues, "bindings": applied.bindings,
                "webhook": has_webhook,
                "former_queues": former.iter().map(|(queue, ready)| json!({ "queue": queue, "ready": ready })).collect::<Vec<_>>(),
            });
            show_as(invocation.style, &answer, |_| {
                output::line(format!(
                    "{} exchanges, {} queues and {} bindings are declared",
                    applied.exchanges, applied.queues, applied.bindings
                ));
                output::line(if has_webhook {
                    "outcomes are led to the CRM's webhook; run `fleet work webhooks`"
                } else {
                    "outcomes are led to no webhook, because webhooks.url is not set"
                });
                for (queue, ready) in &former {
                    output::line(format!(
                        "{queue} is an earlier release's, {ready} wait in it; docs/operations.md says when to take it away"
                    ));
                }
            });
        }
        Topology::Check => {
            topology::check(&broker).await?;
            show_as(invocation.style, &json!({ "same": true }), |_| {
                output::line("the broker's topology is this release's");
            });
        }
    }
    Ok(())
}

/// `fleet words`: prints every word that people read, or writes them into a file as Markdown.
pub fn words(file: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = file else {
        output::lines(page::markdown().trim_end());
        return Ok(());
    };
    std::fs::write(path, page::markdown())
        .map_err(|problem| Failure::Input(format!("{}: {problem}", path.display())))
}

/// A configuration that forgot the webhook must not end the outcomes of a CRM that has one.
async fn nobody_reads_webhooks(broker: &BrokerSettings) -> Result<(), Failure> {
    let queue = WorkQueue::Webhooks.name();
    match topology::consumers(broker, queue).await? {
        0 => Ok(()),
        _ => Err(Failure::config(&format!(
            "webhooks.url is not set, and a webhooks worker reads {queue}: set it, or, where the CRM has no webhook any \
             more, stop the worker and apply again"
        ))),
    }
}

/// `fleet migrate`.
pub async fn migrate(invocation: &Invocation) -> Result<(), Failure> {
    let database = config::load(invocation.config.as_ref(), config::database)?;
    let applied = Store::migrate(database).await?;
    show_as(invocation.style, &json!({ "applied": applied }), |_| {
        if applied.is_empty() {
            output::line("the schema is this release's already");
        }
        for migration in &applied {
            output::line(format!("applied {migration}"));
        }
    });
    Ok(())
}

/// `fleet schema`.
pub fn schema(folder: Option<&Path>) -> Result<(), Failure> {
    let Some(folder) = folder else {
        let all: serde_json::Map<String, serde_json::Value> =
            schema::all().into_iter().map(|(name, schema)| (name.to_owned(), schema.to_value())).collect();
        output::json(&all);
        return Ok(());
    };
    let advisor = (openapi::FILE.to_owned(), openapi::text());
    for (name, text) in schema::files().into_iter().chain([advisor]).chain(printed::files()) {
        let path = folder.join(name);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, text))
            .map_err(|problem| Failure::Input(format!("{}: {problem}", path.display())))?;
    }
    Ok(())
}

/// `fleet keys`.
pub fn keys(style: Style) {
    match style {
        Style::Json => {
            let keys: Vec<_> = KEYS
                .iter()
                .map(|key| {
                    json!({ "key": key.name, "variable": variable(&key.name), "default": key.default,
                        "secret": key.secrecy == Secrecy::Secret, "meaning": key.meaning })
                })
                .collect();
            output::json(&keys);
        }
        Style::Text => KEYS.iter().for_each(|key| output::line(row(key))),
    }
}

/// A key as a row of the table in `docs/operations.md`.
fn row(key: &Key) -> String {
    let default = match (key.default, key.secrecy) {
        (None, _) => "required",
        (Some(""), _) => "—",
        (Some(value), _) => value,
    };
    let variable = variable(&key.name);
    let variable = match key.secrecy {
        Secrecy::Open => variable,
        Secrecy::Secret => format!("{variable} or {variable}_FILE"),
    };
    format!("| `{}` | `{variable}` | {default} | {} |", key.name, key.meaning)
}

#[cfg(test)]
mod tests {
    use super::{KEYS, row};

    #[test]
    fn the_page_of_operations_has_the_rows_that_fleet_keys_prints() {
        let page = include_str!("../../../../docs/operations.md");
        let documented: Vec<&str> =
            page.lines().filter(|line| line.starts_with("| `") && line.contains("` | `FLEET_")).collect();
        let known: Vec<String> = KEYS.iter().map(row).collect();
        assert!(documented == known, "run: fleet keys, and put it into the table of docs/operations.md");
    }
}
