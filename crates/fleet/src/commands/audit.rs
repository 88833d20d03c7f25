//! `fleet audit`: what people did, whether its record is whole, and the report that somebody reads each month.

use std::collections::BTreeMap;

use closure_contract::Timestamp;
use closure_store::{ActorProof, AuditFilter, AuditRow, AuditSummary, AuditVerdict, ChainCheck, Store};
use serde::Serialize;

use super::{Failure, Invocation, show_as};
use crate::{
    cli::{Audit, people::Month},
    config,
    desk::{self, Act},
    output,
};

/// Runs one command about the record.
pub async fn run(invocation: &Invocation, what: Audit) -> Result<(), Failure> {
    match what {
        Audit::List { account, act, subject, before, limit } => {
            let filter = AuditFilter { account, act, subject_id: subject, before, limit };
            list(invocation, &filter).await
        }
        Audit::Verify { head } => verify(invocation, head.as_deref()).await,
        Audit::Review { month } => review(invocation, month).await,
    }
}

async fn list(invocation: &Invocation, filter: &AuditFilter) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    desk.note(Act::ReadAudit, desk::subject("audit", "rows"), None).await?;
    let rows = desk.store().audit(filter).await?;
    show_as(invocation.style, &rows, |rows| rows.iter().for_each(line));
    Ok(())
}

fn line(row: &AuditRow) {
    let purpose = row.purpose.as_ref().map_or_else(String::new, |purpose| format!(": {purpose}"));
    output::line(format!(
        "{:>6}  {}  {} ({})  {} {} {} needs {} {}  from {} as {}{purpose}",
        row.id,
        row.at,
        row.account,
        row.proof,
        row.act,
        row.subject_kind,
        row.subject_id,
        row.needs,
        row.verdict,
        row.place,
        row.database_user,
    ));
}

/// Needs no right of a user: it tells nothing but whether the record is whole, and a timer is to run it.
async fn verify(invocation: &Invocation, head: Option<&str>) -> Result<(), Failure> {
    let store = Store::new(config::load(invocation.config.as_ref(), config::database)?)?;
    let check = store.verify_audit(head).await?;
    show_as(invocation.style, &check, verified);
    match check.broken {
        None => Ok(()),
        Some((row, why)) => Err(Failure::Refused(format!("row {row}: {why}"))),
    }
}

fn verified(check: &ChainCheck) {
    let (Some(first), Some(last), Some(head)) = (check.first_id, check.last_id, &check.head) else {
        output::line("no row fits; nothing was ever put on record, or the first row was changed");
        return;
    };
    output::line(format!("{} row(s) fit, from {first} to {last}", check.rows));
    output::line(format!("head {head}; keep it where the database's owner cannot write, for --head"));
}

/// What one account did within a month.
#[derive(Debug, Default, Serialize)]
struct Reviewed {
    /// What was done, reveals and exports among it.
    acts: i64,
    /// What was shown as it is.
    reveals: i64,
    /// What was taken out.
    exports: i64,
    /// What was asked for without the right to it.
    refusals: i64,
    /// What nothing proves: the account was nobody's, or shared.
    unproven: i64,
    /// When for the last time.
    latest_at: Option<Timestamp>,
    /// Each kind of act, and what became of it.
    deeds: Vec<AuditSummary>,
}

#[derive(Serialize)]
struct Review {
    from: Timestamp,
    to: Timestamp,
    accounts: BTreeMap<String, Reviewed>,
}

async fn review(invocation: &Invocation, month: Option<Month>) -> Result<(), Failure> {
    let month = month.or_else(|| Month::before(Timestamp::now()));
    let Month { from, to } = month.expect("there is a month before this one");
    let desk = invocation.desk().await?;
    desk.note(Act::ReviewAudit, desk::subject("audit", from), None).await?;
    let review = Review { from, to, accounts: by_account(desk.store().audit_review(from, to).await?) };
    show_as(invocation.style, &review, report);
    Ok(())
}

fn by_account(summaries: Vec<AuditSummary>) -> BTreeMap<String, Reviewed> {
    let mut accounts: BTreeMap<String, Reviewed> = BTreeMap::new();
    for summary in summaries {
        let account = accounts.entry(summary.account.clone()).or_default();
        let is_proven =
            [ActorProof::OsAccount, ActorProof::Password].iter().any(|proof| proof.as_str() == summary.proof);
        if summary.verdict == AuditVerdict::Denied.as_str() {
            account.refusals += summary.count;
        } else {
            account.acts += summary.count;
            account.unproven += if is_proven { 0 } else { summary.count };
            match summary.act.rsplit_once('.') {
                Some((_, "reveal")) => account.reveals += summary.count,
                Some((_, "export")) => account.exports += summary.count,
                Some(_) | None => {}
            }
        }
        account.latest_at = account.latest_at.max(Some(summary.latest_at));
        account.deeds.push(summary);
    }
    accounts
}

fn report(review: &Review) {
    output::line(format!("from {} to {}", review.from, review.to));
    if review.accounts.is_empty() {
        output::line("nobody did anything");
    }
    for (account, reviewed) in &review.accounts {
        output::line(format!(
            "{account}: {} act(s), {} reveal(s), {} export(s), {} refusal(s), {} without proof",
            reviewed.acts, reviewed.reveals, reviewed.exports, reviewed.refusals, reviewed.unproven
        ));
        for deed in &reviewed.deeds {
            output::line(format!(
                "  {:>6} x {} {} ({}), {} subject(s), the latest {}",
                deed.count, deed.act, deed.verdict, deed.proof, deed.subjects, deed.latest_at
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(act: &str, verdict: AuditVerdict, proof: ActorProof, count: i64) -> AuditSummary {
        AuditSummary {
            account: "kim".to_owned(),
            proof: proof.as_str().to_owned(),
            act: act.to_owned(),
            needs: "see".to_owned(),
            verdict: verdict.as_str().to_owned(),
            count,
            subjects: 1,
            latest_at: Timestamp::now(),
        }
    }

    #[test]
    fn a_review_counts_what_was_done_shown_taken_out_and_refused_by_each_account() {
        let accounts = by_account(vec![
            summary("letter.reveal", AuditVerdict::Done, ActorProof::OsAccount, 3),
            summary("letter.reveal", AuditVerdict::Denied, ActorProof::OsAccount, 2),
            summary("history.export", AuditVerdict::Done, ActorProof::SharedAccount, 1),
            summary("letter.replay", AuditVerdict::WithoutEffect, ActorProof::None, 5),
        ]);
        let kim = &accounts["kim"];
        assert_eq!((kim.acts, kim.reveals, kim.exports, kim.refusals, kim.unproven), (9, 3, 1, 2, 6));
        assert_eq!(kim.deeds.len(), 4);
    }
}
