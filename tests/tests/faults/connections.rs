//! Connections cut under load: the database's, the broker's and the mail server's.

use closure_simulators::SmsBehaviour;
use closure_tests::harness::{Connections, Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};
use serde_json::Value;

use crate::load::{
    LOAD, address, all_are_heard, digits, emails, no_mail_is_lost_or_changed, no_text_is_doubled, one_end,
    texts, until,
};

async fn start(name: &'static str) -> Fleet {
    let worker = ProcessSpec::work("workers", &["sms", "email", "fallback", "dead"]).with_concurrency(5);
    let options = FleetOptions::with(name, vec![worker, ProcessSpec::intake()]);
    Fleet::start(options.gateway(|gateway| gateway.latency_ms = 60)).await
}

/// Every second text fails and is answered by its email; nothing else is.
async fn everything_ended_as_it_should(fleet: &Fleet, block: u16, list: &[Value]) {
    let ids: Vec<_> = list.iter().map(jobs::id).collect();
    all_are_heard(fleet, &ids).await;
    let answers: Vec<_> = ids.iter().step_by(2).map(|id| id.fallback_email()).collect();
    all_are_heard(fleet, &answers).await;
    fleet.drain().await;
    for (index, id) in ids.into_iter().enumerate() {
        let expected = if index % 2 == 0 { "sms.undelivered not_delivered" } else { "sms.delivered" };
        assert_eq!(one_end(fleet, id), expected);
    }
    no_text_is_doubled(fleet, list).await;
    no_mail_is_lost_or_changed(fleet, (0..LOAD).step_by(2).map(|index| address(block, index)));
    for index in (1..LOAD).step_by(2) {
        assert!(fleet.smtp.mails_to(&address(block, index)).is_empty(), "an outage makes no email");
    }
    assert!(fleet.letters().await.is_empty(), "an outage makes no dead letter");
}

#[test]
fn database_connections_that_are_ended_under_load_cost_nothing_but_time() {
    run(async {
        let fleet = start("cut-database").await;
        let list = texts(4201, LOAD);
        list.iter().step_by(2).for_each(|job| fleet.sms.behave(&digits(job), SmsBehaviour::Failed));
        fleet.publish_all(&list).await;
        for seen in [10, 30, 50, 70] {
            until("messages at the gateway", seen, || fleet.sms.sent().len()).await;
            fleet.database.terminate_connections().await;
        }
        everything_ended_as_it_should(&fleet, 4201, &list).await;
        fleet.finish().await;
    });
}

#[test]
fn a_database_that_is_away_for_a_while_makes_no_dead_letter_and_no_email() {
    run(async {
        let fleet = start("away-database").await;
        let list = texts(4202, LOAD);
        list.iter().step_by(2).for_each(|job| fleet.sms.behave(&digits(job), SmsBehaviour::Failed));
        fleet.publish_all(&list).await;
        until("messages at the gateway", 20, || fleet.sms.sent().len()).await;
        fleet.database.set_connections_allowed(Connections::Refused).await;
        eventually("the workers to notice", LONG, || async {
            let log = std::fs::read_to_string(&fleet.process("workers").await.log).unwrap_or_default();
            if log.contains("a service is away") { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await;
        let sent = fleet.sms.sent().len();
        assert!(sent < list.len(), "nothing new is sent without a claim");
        fleet.database.set_connections_allowed(Connections::Allowed).await;
        everything_ended_as_it_should(&fleet, 4202, &list).await;
        fleet.finish().await;
    });
}

#[test]
fn broker_connections_that_an_operator_closes_under_load_send_nothing_twice() {
    run(async {
        let fleet = start("cut-broker").await;
        let list = texts(4203, LOAD);
        list.iter().step_by(2).for_each(|job| fleet.sms.behave(&digits(job), SmsBehaviour::Failed));
        fleet.publish_all(&list).await;
        for seen in [10, 40, 70] {
            until("messages at the gateway", seen, || fleet.sms.sent().len()).await;
            fleet.vhost.close_connections().await;
        }
        everything_ended_as_it_should(&fleet, 4203, &list).await;
        fleet.finish().await;
    });
}

#[test]
fn a_mail_server_that_ends_its_connections_early_costs_no_mail_a_second_try() {
    run(async {
        let worker = ProcessSpec::work("email", &["email"]).with_concurrency(4);
        let options = FleetOptions::with("cut-mail", vec![worker]);
        let fleet =
            Fleet::start(options.mail_server(|server| server.mails_per_connection_max = Some(3))).await;
        let list = emails(4204, LOAD);
        fleet.publish_all(&list).await;
        let ids: Vec<_> = list.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for (index, id) in (0..LOAD).zip(ids) {
            assert_eq!(one_end(&fleet, id), "email.accepted");
            assert_eq!(fleet.story(id).await.expect("it is on record").tries.len(), 1);
            assert_eq!(fleet.smtp.mails_to(&address(4204, index)).len(), 1);
        }
        let connections = fleet.smtp.connections();
        assert!((34..=50).contains(&connections), "{connections} for {LOAD} mails, three over each");
        fleet.finish().await;
    });
}
