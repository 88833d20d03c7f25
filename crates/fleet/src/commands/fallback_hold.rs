//! `fleet fallback-hold`: whether the emails in place of text messages are held back, and how to let them go (R14e).

use closure_policy::gateway::fallback_hold::{FallbackHoldRules, percent};
use closure_store::{EmailsOnHold, FallbackHoldRow, GatewayScope, Store, StoreError};
use serde::Serialize;

use super::{Failure, Invocation, show_as};
use crate::{
    cli::FallbackHoldCommand,
    config,
    desk::{self, Act, Desk},
    output,
};

/// What `fleet fallback-hold list` tells.
#[derive(Serialize)]
struct Listed {
    lanes: Vec<ListedScope>,
    held_emails: Vec<EmailsOnHold>,
}

#[derive(Serialize)]
struct ListedScope {
    #[serde(flatten)]
    row: FallbackHoldRow,
    recent_failed_percent: f64,
    usual_failed_percent: f64,
}

/// Runs one command about the emails that are held back.
pub async fn run(invocation: &Invocation, what: FallbackHoldCommand) -> Result<(), Failure> {
    let (database, rulebook) = config::load(invocation.config.as_ref(), |source| {
        (config::database(source), config::rulebook(source))
    })?;
    let desk = Desk::open(Store::new(database)?, &invocation.who).await?;
    match what {
        FallbackHoldCommand::List => {
            let listed = list(desk.store(), &rulebook.rules().sms.fallback_hold).await?;
            show_as(invocation.style, &listed, text);
        }
        FallbackHoldCommand::Release { gateway, country_code, for_minutes, by } => {
            let scope = GatewayScope { provider: gateway, country_code };
            let overrule_ms = u64::from(for_minutes).saturating_mul(60_000);
            let subject = desk::subject("gateway", name(scope));
            let store = desk.begin(Act::ReleaseHold, subject, Some(&by.reason)).await?;
            let signature = desk.signature();
            let scopes = store.overrule_fallback_hold(scope, overrule_ms, signature, &by.reason).await?;
            if scopes.is_empty() {
                return Err(Failure::Refused(format!(
                    "{}: no email is held; see fleet fallback-hold list",
                    name(scope)
                )));
            }
            show_as(invocation.style, &scopes, |scopes| {
                for scope in scopes {
                    output::line(format!(
                        "{}: the held emails go out, and none is held for {for_minutes} minutes",
                        name(*scope)
                    ));
                }
            });
        }
    }
    Ok(())
}

/// Where emails are held, for `fleet doctor`.
pub(super) async fn held(
    store: &Store,
    rules: &FallbackHoldRules,
) -> Result<Vec<(String, String)>, StoreError> {
    let listed = list(store, rules).await?;
    let held = listed.lanes.iter().filter_map(|scope| {
        let since = scope.row.held_since?;
        Some((
            name(scope.row.scope),
            format!(
                "emails are held since {since}, because unusually many texts fail; fleet fallback-hold list"
            ),
        ))
    });
    Ok(held.collect())
}

async fn list(store: &Store, rules: &FallbackHoldRules) -> Result<Listed, StoreError> {
    let lanes = store.fallback_holds(rules.half_lives()).await?.into_iter().map(|row| ListedScope {
        recent_failed_percent: tenths(percent(row.recent)),
        usual_failed_percent: tenths(rules.usual_percent(row.usual)),
        row,
    });
    Ok(Listed { lanes: lanes.collect(), held_emails: store.held_emails().await? })
}

fn tenths(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

fn text(listed: &Listed) {
    if listed.lanes.is_empty() {
        output::line("no text message has ended yet".to_owned());
    }
    for scope in &listed.lanes {
        let stands = match (scope.row.held_since, scope.row.overruled_until) {
            (Some(since), _) => format!("emails are HELD since {since}"),
            (None, Some(until)) => format!("emails flow whatever fails until {until}"),
            (None, None) => "emails flow".to_owned(),
        };
        output::line(format!(
            "{:<14} {:>5.1}% of {:>6.0} recent texts failed, usually {:>5.1}%; {stands}",
            name(scope.row.scope),
            scope.recent_failed_percent,
            scope.row.recent.ended,
            scope.usual_failed_percent,
        ));
    }
    for held in &listed.held_emails {
        output::line(format!("{}: {} email(s) wait", held.provider, held.count));
    }
}

fn name(scope: GatewayScope) -> String {
    let country = scope.country_code.map_or_else(String::new, |code| format!(" to +{code}"));
    format!("{}{country}", scope.provider)
}
