//! A pooler between the fleet and its database, as `docs/pgbouncer.md` describes it.

use std::path::Path;

use closure_simulators::SmsBehaviour;
use closure_tests::harness::{Answer, Database, Fleet, FleetOptions, Pooling, cli, run};

use crate::load::{all_are_heard, calls, digits, emails, texts};

const SESSION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/pgbouncer/session.sql");
/// What the database has to keep by itself where the pooler swallows it.
const KEPT: [&str; 9] = [
    "enable_seqscan",
    "enable_bitmapscan",
    "enable_hashjoin",
    "enable_mergejoin",
    "jit",
    "plan_cache_mode",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
];

/// What the doctor finds through the pooler.
async fn doctor(fleet: &Fleet) -> Answer {
    let mut environment = fleet.environment.clone();
    environment
        .push(("FLEET_DATABASE_URL".to_owned(), fleet.between.instead_of(&fleet.database.url_of("doctor"))));
    cli(&environment, &["doctor"]).await
}

#[test]
fn through_a_pooler_of_sessions_every_job_ends_as_without_one_and_the_doctor_names_what_is_not_in_force() {
    run(async {
        let fleet = Fleet::start(FleetOptions::apart("pooled").pooled(Pooling::AsShipped)).await;
        let found = doctor(&fleet).await.with_code(1);
        for setting in KEPT {
            assert!(
                found.output.contains(&format!("ILL  setting {setting} ")),
                "{setting}: {}",
                found.output
            );
        }
        Database::run_file(&fleet.database.url, Path::new(SESSION)).await;
        fleet.database.terminate_connections().await;
        doctor(&fleet).await.with_code(0);
        let (list, mails, rings) = (texts(4601, 20), emails(4602, 20), calls(4603, 4));
        list.iter().step_by(2).for_each(|job| fleet.sms.behave(&digits(job), SmsBehaviour::Failed));
        for jobs in [&list, &mails, &rings] {
            fleet.publish_all(jobs).await;
        }
        let ids: Vec<_> =
            [&list, &mails, &rings].into_iter().flatten().map(closure_tests::harness::jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        assert!(fleet.letters().await.is_empty(), "a pooler makes no dead letter");
        fleet.finish().await;
    });
}

#[test]
fn a_pooler_that_knows_no_options_is_named_with_the_line_that_it_needs() {
    run(async {
        let options = FleetOptions::without_processes("unpooled").pooled(Pooling::NoOptions);
        let fleet = Fleet::prepare(options).await;
        let found = doctor(&fleet).await.with_code(1);
        assert!(found.output.contains("write ignore_startup_parameters = options"), "{}", found.output);
        fleet.finish().await;
    });
}

#[test]
fn a_pooler_of_transactions_that_loses_statements_is_named_and_no_migration_is_asked_for() {
    run(async {
        let options = FleetOptions::without_processes("transactions").pooled(Pooling::Transactions);
        let fleet = Fleet::prepare(options).await;
        Database::run_file(&fleet.database.url, Path::new(SESSION)).await;
        let mut found = doctor(&fleet).await;
        for _ in 0..20 {
            if found.output.contains("a pooler gave this connection") {
                break;
            }
            found = doctor(&fleet).await;
        }
        assert!(found.output.contains("let it pool sessions"), "{} {}", found.output, found.errors);
        assert!(!found.output.contains("fleet migrate"), "{}", found.output);
        fleet.finish().await;
    });
}
