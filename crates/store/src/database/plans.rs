//! The plan trap: what is prepared while the tables are empty must be right when they are large.

use tokio_postgres::{Client, SimpleQueryMessage};

use super::settings::{Planning, StoreSettings};
use crate::{
    calls::{self, placing},
    contacts::{cancellations, caps, preconditions, suppression},
    dead_letters::{self, case, editions, record, reopen, replay, replays_owed},
    delivery::{claim, delayed, leases, owed, postponed, resend, returns, settle, sweep_work},
    finding::{backfill, counts, facts as facts_found, find, keys},
    gateways::{circuits, fallback_hold, rates},
    history::{self, summary},
    people::{audit, chain},
    receipts::{apply, bounces, facts, inbox, inquiries, overdue},
    templates::{self, changes},
    test_database::{TestDatabase, run},
};

/// Every statement whose cost must not grow with the history.
const STATEMENTS: &[(&str, &str)] = &[
    ("claim", claim::CLAIM),
    ("settle", settle::SETTLE),
    ("resend lock", resend::RESEND_LOCK),
    ("resend", resend::RESEND),
    ("repeat", resend::REPEAT),
    ("renew leases", leases::RENEW),
    ("whose a reference is", resend::ANOTHERS),
    ("record a receipt", inbox::RECORD),
    ("record a bounce", bounces::RECORD),
    ("the mail that a report speaks of", bounces::REPORTED),
    ("tell of a bounce at once", bounces::TELL_AT_ONCE),
    ("suppress after a complaint", bounces::LIST_AFTER_COMPLAINT),
    ("keep an unread bounce", bounces::KEEP_UNREAD),
    ("lock for a judgement", facts::LOCK),
    ("receipts for a judgement", facts::RECEIPTS),
    ("apply a judgement", apply::APPLY),
    ("find the fallback", apply::FALLBACK),
    ("create the fallback", apply::CREATE_FALLBACK),
    ("what there is for a sweep", sweep_work::WORK),
    ("overdue", overdue::OVERDUE),
    ("look again", overdue::LOOK_AGAIN),
    ("unheard", inquiries::UNHEARD),
    ("answered", inquiries::ANSWERED),
    ("owed", owed::OWED),
    ("pay", owed::PAY),
    ("note a delay", delayed::NOTE_DELAY),
    ("what is not home", delayed::NOT_HOME),
    ("forget delays", delayed::FORGET),
    ("postponed", postponed::POSTPONED),
    ("put a job off", postponed::PUT_OFF),
    ("match the inbox", overdue::MATCH),
    ("open calls", calls::OPEN),
    ("whether an agent has another call", placing::ANOTHER),
    ("begin to place a call", placing::BEGIN),
    ("note whether a call is gone", placing::NOTE_PRESENCE),
    ("note a hang-up", placing::NOTE_HANG_UP),
    ("call events", calls::EVENTS),
    ("conclude", calls::CONCLUDE),
    ("lock a dead delivery", record::LOCK_DELIVERY),
    ("kill", record::KILL),
    ("keep a dead letter", record::KEEP),
    ("the delivery of a dead letter", record::TOLD),
    ("list dead letters", dead_letters::LIST),
    ("list dead letters that wait", dead_letters::LIST_WAITING),
    ("one dead letter", dead_letters::ONE),
    ("actions", dead_letters::ACTIONS),
    ("lock for a replay", case::LOCK_DELIVERY),
    ("lock a dead letter", case::LOCK_LETTER),
    ("the latest action", case::LATEST_ACTION),
    ("editions of a job before", editions::EARLIER_EDITIONS),
    ("deaths of a letter before", editions::EARLIER_DEATHS),
    ("editions of a letter", editions::OF_LETTER),
    ("editions of a letter's job", editions::OF_JOB),
    ("has a generation", replay::HAS_GENERATION),
    ("plan a return", returns::PLAN),
    ("due returns", returns::DUE),
    ("returned", returns::RETURNED),
    ("revive", replay::REVIVE),
    ("begin a replay", replay::BEGIN),
    ("discard a delivery", replay::DISCARD_DELIVERY),
    ("discard the deliveries that are due", reopen::DISCARD_DUE),
    ("open a letter again", reopen::REOPEN),
    ("replays that nobody publishes", replays_owed::STRANDED),
    ("discards that nobody tells of", replays_owed::UNTOLD),
    ("a replay is published", replays_owed::PUBLISHED),
    ("snapshot", history::SNAPSHOT),
    ("tries", history::TRIES),
    ("receipts of a story", history::RECEIPTS),
    ("letters of a story", history::LETTERS),
    ("consultation", history::CONSULTATION),
    ("how a job stands", summary::JOB),
    ("how a consultation's jobs stand", summary::CONSULTATION),
    ("what was told of jobs before", summary::EARLIER),
    ("version of the templates", templates::VERSION),
    ("lock the templates", changes::LOCK),
    ("newest edition", changes::NEWEST),
    ("one edition", changes::EDITION),
    ("add an edition", changes::ADD),
    ("change an edition", changes::CHANGE),
    ("actions on a template", templates::ACTIONS),
    ("standing", preconditions::STANDING),
    ("supersede", preconditions::SUPERSEDE),
    ("cancel", cancellations::CANCEL),
    ("the jobs of a cancellation", cancellations::JOBS),
    ("undo a cancellation", cancellations::UNDO),
    ("raise tallies", caps::RAISE),
    ("lower tallies", caps::LOWER),
    ("give a contact back", caps::GIVE_BACK),
    ("forget tallies", caps::FORGET),
    ("suppress", suppression::ADD),
    ("unsuppress", suppression::REMOVE),
    ("open a circuit", circuits::OPEN),
    ("a probe failed", circuits::PROBE_FAILED),
    ("a probe was taken", circuits::PROBE_TAKEN),
    ("close a circuit by a receipt", circuits::CLOSE_BY_RECEIPT),
    ("close a circuit", circuits::CLOSE),
    ("probe now", circuits::PROBE_NOW),
    ("take slots", rates::TAKE),
    ("the next free slot", rates::FREE_IN),
    ("register keys", keys::REGISTER),
    ("note what a job is found by", facts_found::NOTE),
    ("deliveries to read again", backfill::UNREAD_DELIVERIES),
    ("letters to read again", backfill::UNREAD_LETTERS),
    ("write what deliveries are found by", backfill::WRITE_DELIVERIES),
    ("write what letters are found by", backfill::WRITE_LETTERS),
    ("list suppressions", suppression::LIST),
    ("count endings", fallback_hold::COUNT),
    ("hold emails", fallback_hold::HOLD),
    ("release emails", fallback_hold::RELEASE),
    ("overrule a hold", fallback_hold::OVERRULE),
    ("list the record", audit::LIST),
    ("walk along the record", chain::WALK),
];

/// Every statement of a person's search, which is planned when it is asked and for the tables as they are.
const SEARCHES: &[(&str, &str)] = &[
    ("find by recipient", find::BY_RECIPIENT),
    ("find by tail", find::BY_TAIL),
    ("find by consultation", find::BY_CONSULTATION),
    ("find by country", find::BY_COUNTRY),
    ("find what is in doubt", find::IN_DOUBT),
    ("letters by recipient", find::STRAYS_BY_RECIPIENT),
    ("letters by tail", find::STRAYS_BY_TAIL),
    ("letters by consultation", find::STRAYS_BY_CONSULTATION),
    ("letters by country", find::STRAYS_BY_COUNTRY),
    ("count deliveries", counts::COUNT),
];

#[test]
fn every_search_begins_at_an_index_with_the_plans_of_the_command_line() {
    run(async |database: &TestDatabase| {
        database
            .execute(
                "INSERT INTO delivery (job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash,
                     recipient_hash, hash_key, recipient_tail, country_code, agent_id, created_at)
                 SELECT gen_random_uuid(), 'sms', 'closure.sms/1', 'c' || n, 1, 1, 'delivered', repeat('b', 900)::bytea, 'h',
                     sha256(n::text::bytea), 1, lpad((n % 10000)::text, 4, '0'), 1 + n % 200, 'agent-' || n % 300,
                     now() - (30000 - n) * interval '1 minute'
                 FROM generate_series(1, 30000) AS n;
                 INSERT INTO dead_letter (key, queue, routing_key, code, detail, body, state, generation, consultation_id,
                     recipient_hash, recipient_tail, country_code)
                 SELECT 'bytes:' || n, 'closure.sms', 'sms', 'crash_loop', '', 'b',
                     CASE WHEN n % 100 = 0 THEN 'open' ELSE 'resolved' END, 1, 'c' || n, sha256(n::text::bytea),
                     lpad((n % 10000)::text, 4, '0'), 1 + n % 200
                 FROM generate_series(1, 20000) AS n;
                 INSERT INTO attempt (job_id, generation, number, client_ref, provider, state)
                 SELECT job_id, 1, 1, gen_random_uuid(), 'nhn', 'accepted' FROM delivery",
            )
            .await;
        database.execute("VACUUM ANALYZE").await;
        let client = planner(database, Planning::Free).await;
        let mut wrong = Vec::new();
        for (name, sql) in SEARCHES {
            let plan = generic_plan(&client, sql).await;
            let lines: Vec<&str> = plan.lines().map(str::trim).collect();
            let reads_all = lines.iter().any(|line| line.contains("Seq Scan on"));
            let by_index = lines.iter().any(|line| line.starts_with("Index Cond"));
            if reads_all || !by_index {
                wrong.push(format!("{name}:\n{plan}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn every_statement_probes_an_index_even_when_it_is_planned_on_empty_tables() {
    probes_an_index_after("SELECT");
}

/// The server looks at a table's size again only when some fifty rows have changed; a plan that is right for ten is
/// right for all that it can see.
#[test]
fn every_statement_probes_an_index_even_when_it_is_planned_on_small_tables() {
    probes_an_index_after(
        "INSERT INTO delivery (job_id, channel, kind, consultation_id, revision, generation, state, body, body_hash)
         SELECT gen_random_uuid(), 'sms', 'closure.sms/1', 'c' || n, 1, 1, 'pending', 'b', 'h'
         FROM generate_series(1, 10) AS n;
         INSERT INTO attempt (job_id, generation, number, client_ref, provider, provider_ref, state)
         SELECT job_id, 1, 1, gen_random_uuid(), 'nhn', job_id::text, 'sending' FROM delivery;
         INSERT INTO receipt (provider, receipt_id, provider_ref, status, evidence, received_at, job_id)
         SELECT 'nhn', job_id::text, job_id::text, 'delivered', 'none', now(), job_id FROM delivery;
         INSERT INTO dead_letter (key, job_id, queue, routing_key, code, detail, body, state, generation)
         SELECT 'job:' || job_id, job_id, 'closure.sms', 'sms', 'crash_loop', '', 'b', 'open', 1 FROM delivery;
         INSERT INTO dead_letter_action (dead_letter_id, action, actor, reason, generation)
         SELECT id, 'replay', 'a', 'r', 1 FROM dead_letter;
         INSERT INTO template (name, version, country_code, text, added_by)
         SELECT 't' || n, 1, 84, 't', 'a' FROM generate_series(1, 10) AS n;
         INSERT INTO template_action (name, version, action, actor, reason)
         SELECT name, 1, 'add', 'a', 'r' FROM template;
         INSERT INTO tombstone (consultation_id, newest_revision) SELECT consultation_id, 2 FROM delivery;
         INSERT INTO suppression (kind, value_hash, masked, source, actor, reason)
         SELECT 'phone', consultation_id::bytea, '***', 'operator', 'a', 'r' FROM delivery;
         INSERT INTO contact_tally (counter, window_start, window_end, count)
         SELECT 'number:' || consultation_id, now(), now(), 1 FROM delivery;
         ANALYZE",
    );
}

/// A session that plans as this one does, and shows the plans that it would keep.
async fn planner(database: &TestDatabase, planning: Planning) -> tokio_postgres::Client {
    let settings = StoreSettings { url: database.url(), planning, ..StoreSettings::default() };
    let (client, connection) = settings
        .config()
        .expect("the test's address")
        .connect(tokio_postgres::NoTls)
        .await
        .expect("the test's database");
    tokio::spawn(connection);
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await.expect("a setting");
    client
}

fn probes_an_index_after(preparation: &str) {
    run(async |database: &TestDatabase| {
        database.execute(preparation).await;
        let client = planner(database, Planning::ByIndex).await;
        let mut wrong = Vec::new();
        for (name, sql) in STATEMENTS {
            let plan = generic_plan(&client, sql).await;
            wrong.extend(
                scans_without_a_condition(&plan).into_iter().map(|scan| format!("{name}: {scan}\n{plan}")),
            );
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

/// The plan that a session keeps for a statement: the one that knows no values.
async fn generic_plan(client: &Client, sql: &str) -> String {
    client.batch_execute(&format!("PREPARE planned AS {sql}")).await.expect(sql);
    let count: i32 = client
        .query_one(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'planned'",
            &[],
        )
        .await
        .expect("the statement is prepared")
        .get(0);
    let values = vec!["NULL"; usize::try_from(count).expect("a count")].join(", ");
    let execute = if values.is_empty() { String::new() } else { format!("({values})") };
    let lines = client.simple_query(&format!("EXPLAIN EXECUTE planned{execute}")).await.expect(sql);
    client.batch_execute("DEALLOCATE planned").await.expect("the statement is prepared");
    let text = lines.iter().filter_map(|line| match line {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    text.collect::<Vec<_>>().join("\n")
}

/// A scan of a whole table: a sequential one, or one of a whole index.
fn scans_without_a_condition(plan: &str) -> Vec<String> {
    let lines: Vec<&str> = plan.lines().collect();
    let mut wrong = Vec::new();
    for (number, line) in lines.iter().enumerate() {
        let scan = line.trim().trim_start_matches("->").trim();
        let next = lines.get(number + 1).map_or("", |next| next.trim());
        let whole_table = scan.starts_with("Seq Scan") || scan.starts_with("Bitmap");
        let whole_index =
            (scan.starts_with("Index")) && scan.contains(" Scan ") && !next.starts_with("Index Cond");
        if whole_table || whole_index {
            wrong.push(scan.to_owned());
        }
    }
    wrong
}
