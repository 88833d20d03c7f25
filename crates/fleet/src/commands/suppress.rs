//! `fleet suppress`: who is not to be contacted (B6).

use std::io::Read;

use closure_contract::facts::recipients::Recipient;
use closure_policy::suppression::{self, masked};
use closure_store::{ListChange, NewSuppression, Subject, Suppression, SuppressionSource};
use serde_json::json;

use super::{Failure, Invocation, show_as};
use crate::{
    cli::{Suppress, Whom},
    desk::{self, Act},
    output,
};

/// A recipient from standard input has at most this many bytes; an address has 254.
const RECIPIENT_BYTES_MAX: u64 = 1_024;

/// Runs one command of the list.
pub async fn run(invocation: &Invocation, what: Suppress) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    match what {
        Suppress::Add { whom, opt_out, by } => {
            let recipient = read(&whom)?;
            let source = if opt_out { SuppressionSource::OptOut } else { SuppressionSource::Operator };
            let new = NewSuppression {
                masked: masked(&recipient),
                recipient,
                source,
                actor: desk.signature().to_owned(),
                reason: by.reason.clone(),
            };
            let masked = new.masked.clone();
            let store = desk.begin(Act::Suppress, subject(&masked), Some(&by.reason)).await?;
            say(
                invocation,
                &masked,
                store.suppress(new).await?,
                "is on the list now",
                "was on the list already",
            );
        }
        Suppress::Remove { whom, by } => {
            let recipient = read(&whom)?;
            let masked = masked(&recipient);
            let store = desk.begin(Act::Unsuppress, subject(&masked), Some(&by.reason)).await?;
            let change = store.unsuppress(&recipient, desk.signature(), &by.reason).await?;
            if change == ListChange::AsBefore {
                return Err(Failure::Refused(format!(
                    "{masked} is not on the list; see fleet suppress list"
                )));
            }
            say(invocation, &masked, change, "is off the list", "was off the list already");
        }
        Suppress::List { limit } => {
            let store = desk.look(Act::ListSuppressed, subject("all")).await?;
            let entries = store.suppressions(limit).await?;
            show_as(invocation.style, &entries, |entries| entries.iter().for_each(line));
        }
    }
    Ok(())
}

fn subject(recipient: &str) -> Subject {
    desk::subject("recipient", recipient)
}

fn say(invocation: &Invocation, masked: &str, change: ListChange, made: &str, as_before: &str) {
    let changed = change == ListChange::Made;
    show_as(invocation.style, &json!({ "recipient": masked, "changed": changed }), |_| {
        output::line(format!("{masked} {}", if changed { made } else { as_before }));
    });
}

fn line(entry: &Suppression) {
    output::line(format!(
        "{:<8} {:<28} {:<12} since {} by {}: {}",
        entry.kind,
        entry.masked,
        entry.source.as_str(),
        entry.since,
        entry.actor,
        entry.reason
    ));
}

fn read(whom: &Whom) -> Result<Recipient, Failure> {
    recipient(&whom.recipient)
}

/// A recipient as it is typed; `-` reads it from standard input.
pub(super) fn recipient(typed: &str) -> Result<Recipient, Failure> {
    let mut text = typed.to_owned();
    if text == "-" {
        text.clear();
        std::io::stdin()
            .take(RECIPIENT_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|problem| Failure::Input(format!("standard input: {problem}")))?;
    }
    suppression::read(text.trim()).map_err(|problem| Failure::Input(problem.to_string()))
}
