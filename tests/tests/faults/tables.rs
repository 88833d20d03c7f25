//! A database that is there and does not do as it should: a table is missing, a right, a statement is stale, a row is
//! of a newer release, a settlement is refused.

use closure_contract::{
    Generation, JobId, ReceiptMessage,
    receipt::{Submission, SubmissionKind},
};
use closure_simulators::{DlrStatus, SmsBehaviour};
use closure_store::DeliveryState;
use closure_tests::harness::{Database, Fleet, FleetOptions, LONG, eventually, jobs, run};
use serde_json::{Value, json};

use crate::load::{address, all_are_heard, calls, customer_rings, digits, emails, one_end, texts};

/// Jobs of each kind before the fault and while it lasts.
const TEXTS: u16 = 24;
const EMAILS: u16 = 8;
const CALLS: u16 = 4;

/// Something that is taken from the database for a while.
struct Fault {
    takes: &'static str,
    /// What gives it back; nothing where the rights are given anew.
    gives_back: Option<&'static str>,
    /// Who must say so.
    roles: &'static [&'static str],
    /// What they say.
    why: &'static str,
    /// What the doctor says.
    finding: &'static str,
}

const TABLES: [Fault; 4] = [
    Fault {
        takes: "ALTER TABLE receipt RENAME TO elsewhere",
        gives_back: Some("ALTER TABLE elsewhere RENAME TO receipt"),
        roles: &["sms", "fallback"],
        why: "\"receipt\" does not exist",
        finding: "ILL  table receipt",
    },
    Fault {
        takes: "ALTER TABLE delivery RENAME TO elsewhere",
        gives_back: Some("ALTER TABLE elsewhere RENAME TO delivery"),
        roles: &["sms", "email", "dial", "fallback"],
        why: "\"delivery\" does not exist",
        finding: "ILL  table delivery",
    },
    Fault {
        takes: "ALTER TABLE attempt RENAME TO elsewhere",
        gives_back: Some("ALTER TABLE elsewhere RENAME TO attempt"),
        roles: &["sms", "email", "dial"],
        why: "\"attempt\" does not exist",
        finding: "ILL  table attempt",
    },
    Fault {
        takes: "ALTER TABLE tombstone RENAME TO elsewhere",
        gives_back: Some("ALTER TABLE elsewhere RENAME TO tombstone"),
        roles: &["sms", "email", "dial"],
        why: "\"tombstone\" does not exist",
        finding: "ILL  table tombstone",
    },
];

const RIGHTS: [Fault; 2] = [
    Fault {
        takes: "REVOKE ALL ON delivery FROM closure_courier",
        gives_back: None,
        roles: &["sms", "email", "dial"],
        why: "permission denied for table delivery",
        finding: "closure_sms lacks INSERT, SELECT, UPDATE on the table delivery",
    },
    Fault {
        takes: "REVOKE ALL ON receipt FROM closure_fallback",
        gives_back: None,
        roles: &["fallback"],
        why: "permission denied for table receipt",
        finding: "closure_fallback lacks INSERT, SELECT, UPDATE on the table receipt",
    },
];

/// Jobs of every kind; every second text fails and is answered by its email.
fn work(fleet: &Fleet, block: u16) -> Vec<Value> {
    let mut list = [texts(block, TEXTS), emails(block + 1, EMAILS), calls(block + 2, CALLS)].concat();
    // An agent who is still on the call before cannot make another.
    for (index, job) in (0_u16..).zip(&mut list[usize::from(TEXTS + EMAILS)..]) {
        job["agent"]["extension"] = json!((1_001 + block % 10 * CALLS + index).to_string());
    }
    for job in list.iter().take(usize::from(TEXTS)).step_by(2) {
        fleet.sms.behave(&digits(job), SmsBehaviour::Failed);
    }
    list
}

/// Waits until a role says that it is not ready, and why.
async fn says(fleet: &Fleet, role: &str, why: &str) {
    eventually(&format!("/readyz of {role} to say that {why}"), LONG, || async {
        let (status, parts) = fleet.process(role).await.readiness().await?;
        let said = parts.to_string().replace("\\\"", "\"");
        if status == 503 && said.contains(why) { Ok(()) } else { Err(format!("{status}: {said}")) }
    })
    .await;
}

/// Everything that was asked for is done, and once.
async fn all_is_done_once(fleet: &Fleet, block: u16, list: &[Value]) {
    let ids: Vec<JobId> = list.iter().map(jobs::id).collect();
    all_are_heard(fleet, &ids).await;
    let failed = ids.iter().take(usize::from(TEXTS)).step_by(2);
    let answers: Vec<JobId> = failed.map(|id| id.fallback_email()).collect();
    all_are_heard(fleet, &answers).await;
    fleet.drain().await;
    for (index, job) in (0..TEXTS).zip(list) {
        let (end, mails) =
            if index % 2 == 0 { ("sms.undelivered not_delivered", 1) } else { ("sms.delivered", 0) };
        assert_eq!(one_end(fleet, jobs::id(job)), end, "text {index}");
        assert_eq!(fleet.sms.accepted_to(&digits(job)).len(), 1, "text {index}");
        assert_eq!(fleet.smtp.mails_to(&address(block, index)).len(), mails, "text {index}");
    }
    for (index, job) in (0..EMAILS).zip(&list[usize::from(TEXTS)..]) {
        assert_eq!(one_end(fleet, jobs::id(job)), "email.accepted");
        assert_eq!(fleet.smtp.mails_to(&address(block + 1, index)).len(), 1, "mail {index}");
    }
    for job in &list[usize::from(TEXTS + EMAILS)..] {
        assert_eq!(
            (one_end(fleet, jobs::id(job)).as_str(), customer_rings(fleet, job)),
            ("dial.answered", 1)
        );
    }
    assert!(fleet.letters().await.is_empty(), "a fault of the database makes no dead letter");
}

/// A look at a delivery, which every role that reads receipts takes again later.
async fn prompt(fleet: &Fleet, job_id: JobId) {
    let look = Submission { kind: SubmissionKind::V1, job_id, generation: Generation::FIRST };
    fleet.publish_receipt(&ReceiptMessage::Submission(look).encode()).await;
}

async fn each_is_told_and_heals_by_itself(name: &'static str, faults: &[Fault], first_block: u16) {
    let fleet = Fleet::start(FleetOptions::apart(name)).await;
    let watch = fleet.watch();
    fleet.cli(&["doctor"]).await.with_code(0);
    for (fault, block) in faults.iter().zip((first_block..).step_by(10)) {
        let (before, while_it_lasts) = (work(&fleet, block), work(&fleet, block + 5));
        fleet.publish_all(&before).await;
        fleet.database.query(fault.takes).await;
        fleet.publish_all(&while_it_lasts).await;
        prompt(&fleet, jobs::id(&before[0])).await;
        for role in fault.roles {
            says(&fleet, role, fault.why).await;
        }
        let doctor = fleet.cli(&["doctor"]).await.with_code(1).output;
        assert!(doctor.contains(fault.finding), "{}: {doctor}", fault.finding);
        match fault.gives_back {
            Some(sql) => drop(fleet.database.query(sql).await),
            None => Database::grant(&fleet.database.url).await,
        }
        all_is_done_once(&fleet, block, &before).await;
        all_is_done_once(&fleet, block + 5, &while_it_lasts).await;
        for role in fault.roles {
            fleet.process(role).await.ready().await;
        }
        fleet.cli(&["doctor"]).await.with_code(0);
    }
    drop(watch);
    fleet.finish().await;
}

#[test]
fn a_table_that_is_missing_for_a_while_is_told_and_costs_nothing_but_time() {
    run(each_is_told_and_heals_by_itself("missing-tables", &TABLES, 4600));
}

#[test]
fn rights_that_are_missing_for_a_while_are_told_and_cost_nothing_but_time() {
    run(each_is_told_and_heals_by_itself("missing-rights", &RIGHTS, 4660));
}

#[test]
fn statements_that_become_stale_under_load_cost_nothing_but_time() {
    run(async {
        let fleet = Fleet::start(FleetOptions::apart("stale-statements")).await;
        let watch = fleet.watch();
        let columns = [("delivery", "kind"), ("attempt", "provider_ref"), ("receipt", "provider_code")];
        for (kind, block) in ["varchar(128)", "text"].into_iter().zip((4690..).step_by(5)) {
            let list = work(&fleet, block);
            fleet.publish_all(&list).await;
            for (table, column) in columns {
                let sql = format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE {kind}");
                fleet.database.query(&sql).await;
            }
            // The test's own statements are stale as well.
            eventually("the test to read again", LONG, || async {
                let read = fleet.store.job_history(jobs::id(&list[0])).await;
                read.map(drop).map_err(|problem| problem.to_string())
            })
            .await;
            all_is_done_once(&fleet, block, &list).await;
        }
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_job_whose_row_only_a_newer_release_can_read_waits_and_keeps_nobody_else_waiting() {
    run(async {
        let fleet = Fleet::start(FleetOptions::apart("newer-row")).await;
        let watch = fleet.watch();
        let strange = jobs::sms(&jobs::number(4710, 0), &address(4710, 0));
        let id = jobs::id(&strange);
        fleet.sms.behave(&digits(&strange), SmsBehaviour::NeverReceipt);
        fleet.publish(&strange).await;
        fleet.reaches(id, DeliveryState::Accepted).await;
        let code = |code: &str| format!("UPDATE delivery SET failure_code = {code} WHERE job_id = '{id}'");
        fleet.database.query(&code("'of_a_later_release'")).await;
        // In the hands of the text message's worker and of the fallback worker, with others before and behind it.
        let list = work(&fleet, 4711);
        let (first, rest) = list.split_at(list.len() / 2);
        fleet.publish_all(first).await;
        fleet.publish(&strange).await;
        prompt(&fleet, id).await;
        fleet.publish_all(rest).await;
        let ids: Vec<JobId> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        for line in
            ["a job waits for a process of a newer release", "a delivery waits for a process of a newer"]
        {
            eventually(line, LONG, || async {
                if fleet.has_logged(line) { Ok(()) } else { Err("not yet".to_owned()) }
            })
            .await;
        }
        for role in ["sms", "fallback"] {
            fleet.process(role).await.ready().await;
        }
        assert!(fleet.outcomes.of(id).is_empty(), "how it stands is for the newer release to tell");
        // The newer release comes.
        fleet.database.query(&code("NULL")).await;
        let taken = fleet.sms.accepted_to(&digits(&strange));
        let request = taken[0].request_id.as_deref().expect("the gateway took it");
        assert!(fleet.sms.say(request, taken[0].recipient_seq, DlrStatus::Delivered));
        fleet.reaches(id, DeliveryState::Delivered).await;
        all_is_done_once(&fleet, 4711, &list).await;
        assert_eq!(one_end(&fleet, id), "sms.delivered");
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_settlement_that_the_database_refuses_after_the_send_is_a_letter_with_its_reason() {
    run(async {
        let fleet = Fleet::start(FleetOptions::apart("refused-settlement")).await;
        let watch = fleet.watch();
        let strange = jobs::sms(&jobs::number(4720, 0), &address(4720, 0));
        let id = jobs::id(&strange);
        fleet.sms.behave(&digits(&strange), SmsBehaviour::NeverReceipt);
        let refuse = format!(
            "ALTER TABLE delivery ADD CONSTRAINT refused_on_purpose \
             CHECK (state <> 'accepted' OR job_id <> '{id}')"
        );
        fleet.database.query(&refuse).await;
        let list = work(&fleet, 4721);
        let (first, rest) = list.split_at(2);
        fleet.publish_all(first).await;
        fleet.publish(&strange).await;
        fleet.publish_all(rest).await;
        let ids: Vec<JobId> = list.iter().map(jobs::id).chain([id]).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        assert_eq!(one_end(&fleet, id), "sms.dead given_up");
        assert_eq!(fleet.sms.accepted_to(&digits(&strange)).len(), 1, "it is never sent again by itself");
        let letters = fleet.letters().await;
        assert_eq!(letters.len(), 1, "the others are done");
        let detail = &letters[0].summary.detail;
        assert_eq!(letters[0].summary.job_id, Some(id));
        assert!(detail.contains("23514") && detail.contains("refused_on_purpose"), "{detail}");
        assert!(detail.contains("a try may have gone out"), "{detail}");
        drop(watch);
        fleet.finish().await;
    });
}
