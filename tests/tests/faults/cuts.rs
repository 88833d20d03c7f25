//! Connections to the broker that break again and again while the database is away.

use closure_store::DeliveryState;
use closure_tests::harness::{Connections, Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};

use crate::load::{all_are_heard, digits, one_end, texts};

/// So often each connection is closed: more often than the broker delivers a message before it gives it up.
const CUTS: usize = 30;
const JOBS: u16 = 200;
/// An outage of the database and one of each connection: a line when each begins, whatever is tried meanwhile.
const WARNINGS_MAX: usize = 12;

#[test]
fn thirty_cuts_of_every_connection_while_the_database_is_away_kill_no_job_and_write_a_handful_of_lines() {
    run(async {
        let processes = vec![
            ProcessSpec::work("sms", &["sms"]).with_concurrency(JOBS),
            ProcessSpec::work("rest", &["fallback", "email", "dead"]),
            ProcessSpec::intake(),
        ];
        let options =
            FleetOptions::with("thirty-cuts", processes).variable("FLEET_BROKER_BACKOFF_MAX_MS", "200");
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        fleet.database.set_connections_allowed(Connections::Refused).await;
        let list = texts(4800, JOBS);
        fleet.publish_all(&list).await;
        eventually("the worker to say that the database is away", LONG, || async {
            let (status, parts) = fleet.process("sms").await.readiness().await?;
            if status == 503 { Ok(()) } else { Err(parts.to_string()) }
        })
        .await;
        for cut in 1..=CUTS {
            eventually(&format!("a connection to be there for cut {cut}"), LONG, || async {
                match fleet.vhost.close_connections_of("fleet sms").await {
                    0 => Err("there is none".to_owned()),
                    _ => Ok(()),
                }
            })
            .await;
        }
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for (job, id) in list.iter().zip(&ids) {
            assert_eq!(one_end(&fleet, *id), "sms.delivered");
            assert_eq!(fleet.sms.accepted_to(&digits(job)).len(), 1, "{id}");
            assert_eq!(fleet.story(*id).await.expect("it is on record").state, DeliveryState::Delivered);
        }
        assert!(fleet.letters().await.is_empty(), "an outage makes no dead letter");
        fleet.process("sms").await.ready().await;
        let warnings = fleet.warnings("sms").await;
        assert!(warnings.len() <= WARNINGS_MAX, "{} lines:\n{}", warnings.len(), warnings.join("\n"));
        for line in ["a service is away", "a service is back", "asked_in_vain", "the connection is back"] {
            assert!(fleet.has_logged(line), "{line}");
        }
        drop(watch);
        fleet.finish().await;
    });
}
