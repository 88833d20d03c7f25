//! A gateway that fails everybody: jobs wait in their queue, one probe at a time goes out, and nobody gets an email.

use closure_contract::{FailureCode, Provider, topology::WorkQueue};
use closure_simulators::{
    Credit, InfobipBehaviour, InfobipSimSettings, InfobipSimulator, Rule, SmsBehaviour, Target,
};
use closure_store::{DeliveryState, GatewayScope, Opened, OpenedBy};
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};

use super::load::{texts, until};

/// Messages in hand of one worker.
const CONCURRENCY: u16 = 100;
const WORKERS: [&str; 3] = ["sms-1", "sms-2", "sms-3"];

/// Three workers of text messages, and one process for everything else.
fn three_workers(name: &'static str) -> FleetOptions {
    let mut processes: Vec<ProcessSpec> = WORKERS
        .iter()
        .map(|worker| ProcessSpec::work(worker, &["sms"]).with_concurrency(CONCURRENCY))
        .collect();
    processes.push(ProcessSpec::work("others", &["email", "fallback", "dead", "cancel"]));
    processes.push(ProcessSpec::intake());
    FleetOptions::with(name, processes)
}

async fn all_are_delivered(fleet: &Fleet, count: usize) {
    eventually("every text message to arrive", LONG, || async {
        let sql = "SELECT count(*) FROM delivery WHERE state = 'delivered'";
        let delivered = fleet.database.query(sql).await.join("");
        if delivered == count.to_string() { Ok(()) } else { Err(delivered) }
    })
    .await;
}

/// What an outage must never lead to.
async fn nobody_was_troubled(fleet: &Fleet) {
    assert!(fleet.smtp.mails().is_empty(), "an outage is not the recipients' failure");
    assert!(fleet.letters().await.is_empty(), "a good job never dies of an outage");
}

#[test]
fn without_credit_a_thousand_jobs_stay_in_their_queue_and_all_go_out_once_it_is_topped_up() {
    run(async {
        let fleet = Fleet::start(three_workers("no-credit").gateway(|gateway| {
            gateway.credit = Credit::UsedUp;
            gateway.receipt_delay_ms = 1;
        }))
        .await;
        let watch = fleet.watch();
        fleet.sms.behave_all(SmsBehaviour::OutOfCredit);
        let list = texts(3200, 1_000);
        fleet.publish_all(&list).await;
        let circuit = eventually("three probes to fail", LONG, || async {
            let open = fleet.store.open_circuits().await.map_err(|problem| problem.to_string())?;
            let failed = open.into_iter().find(|circuit| circuit.probes_failed >= 3);
            failed.ok_or_else(|| "fewer".to_owned())
        })
        .await;
        assert_eq!((circuit.name.provider, circuit.name.country_code), (Provider::Nhn, None));
        // What was in the workers' hands when the credit was found used up, and then one probe at a time.
        let asked = fleet.sms.sent().len();
        let in_hand = usize::from(CONCURRENCY) * WORKERS.len();
        assert!(asked <= in_hand + 50, "{asked} requests to a gateway without credit");
        let waiting = fleet.depth(WorkQueue::Jobs(closure_contract::Channel::Sms).name()).await;
        assert!(waiting >= 500, "{waiting} jobs wait in their queue");
        let listed = fleet.cli(&["--json", "gateways", "list"]).await.with_code(0).json();
        assert_eq!(listed[0]["provider"], "nhn");
        assert_eq!(listed[0]["code"], "provider_quota");
        let doctor = fleet.cli(&["doctor"]).await.with_code(1);
        assert!(doctor.output.contains("gateway nhn"), "{}", doctor.output);
        nobody_was_troubled(&fleet).await;

        fleet.sms.set_credit(Credit::ToppedUp);
        all_are_delivered(&fleet, list.len()).await;
        fleet.drain().await;
        nobody_was_troubled(&fleet).await;
        assert_eq!(fleet.store.open_circuits().await, Ok(vec![]), "jobs flow again by themselves");
        for job in &list {
            assert_eq!(fleet.sms.accepted_to(&super::load::digits(job)).len(), 1, "each customer gets one");
        }
        let spent = fleet.database.query("SELECT max(attempts) FROM delivery").await.join("");
        assert_eq!(spent, "1", "what was put off spent no attempt");
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn the_first_job_of_a_worker_that_had_nothing_to_do_meets_the_circuit_that_another_has_just_opened() {
    run(async {
        let fleet = Fleet::start(FleetOptions::apart("idle")).await;
        let watch = fleet.watch();
        let nhn = GatewayScope { provider: Provider::Nhn, country_code: None };
        let said = (FailureCode::ProviderQuota, None);
        // It is probed after the job's next try, or by that.
        let opened = fleet.store.open_circuit(nhn, said, OpenedBy::Request, 10_000).await;
        assert_eq!(opened, Ok(Opened::Now));
        let id = fleet.publish(&texts(3210, 1)[0]).await;
        let story = eventually("the job to be on record", LONG, || async {
            fleet.story(id).await.ok_or_else(|| "nothing is known of it".to_owned())
        })
        .await;
        assert_eq!(story.state, DeliveryState::Pending, "it is put off");
        assert!(fleet.sms.sent().is_empty(), "nobody asked a gateway that is left alone");
        fleet.reaches(id, DeliveryState::Delivered).await;
        assert_eq!(fleet.store.open_circuits().await, Ok(vec![]), "the probe closed it");
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn three_workers_together_stay_under_the_rate_of_one_account() {
    run(async {
        // The gateway lets more pass than the account's own rate, because a request may reach it a little early or late.
        let options = three_workers("rate")
            .variable("FLEET_SMS_NHN_RATE_PER_S", "40")
            .variable("FLEET_SMS_NHN_COUNTRY_RATES_PER_S", "84=5")
            .gateway(|gateway| gateway.requests_per_s_max = Some(60));
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        let list = texts(3201, 300);
        fleet.publish_all(&list).await;
        all_are_delivered(&fleet, list.len()).await;
        assert_eq!(fleet.sms.refused_for_speed(), 0, "{} in one second", fleet.sms.busiest_second());
        fleet.drain().await;
        nobody_was_troubled(&fleet).await;
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_gateway_that_asks_everybody_to_slow_down_gets_every_job_in_the_end_and_once() {
    run(async {
        let options = three_workers("storm").gateway(|gateway| gateway.requests_per_s_max = Some(40));
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        let list = texts(3202, 200);
        fleet.publish_all(&list).await;
        all_are_delivered(&fleet, list.len()).await;
        assert!(fleet.sms.refused_for_speed() > 0, "there was a storm");
        fleet.drain().await;
        nobody_was_troubled(&fleet).await;
        for job in &list {
            assert_eq!(fleet.sms.accepted_to(&super::load::digits(job)).len(), 1);
        }
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_country_that_the_account_may_not_send_to_keeps_no_other_country_waiting() {
    run(async {
        let fleet = Fleet::start(three_workers("country")).await;
        let watch = fleet.watch();
        // NHN's -2046: the country is blocked for our service.
        let blocked = texts(3203, 12);
        for job in &blocked {
            fleet.sms.behave(&super::load::digits(job), SmsBehaviour::HeaderCode(-2046));
        }
        fleet.publish_all(&blocked).await;
        let circuit = eventually("the country's circuit to open", LONG, || async {
            let open = fleet.store.open_circuits().await.map_err(|problem| problem.to_string())?;
            open.into_iter().next().ok_or_else(|| "none is open".to_owned())
        })
        .await;
        assert_eq!(circuit.name.country_code, Some(81));
        let elsewhere = jobs::sms("+886912345678", "taiwan@example.com");
        let id = fleet.publish(&elsewhere).await;
        fleet.reaches(id, DeliveryState::Delivered).await;
        fleet.sms.clear_rules();
        all_are_delivered(&fleet, blocked.len() + 1).await;
        fleet.drain().await;
        nobody_was_troubled(&fleet).await;
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_gateway_that_takes_every_text_and_turns_it_back_by_receipt_is_left_alone_until_it_carries_one() {
    run(async {
        let settings = InfobipSimSettings {
            api_key: "outage-key".to_owned(),
            webhook_password: "outage-secret".to_owned(),
            ..InfobipSimSettings::default()
        };
        let gateway = InfobipSimulator::start(settings).await.expect("the gateway can be started");
        let everybody = |behaviour| Rule { target: Target::Suffix(String::new()), behaviour, times: None };
        // Slow enough that receipts come while most of the jobs still wait.
        let options = three_workers("turned-back")
            .variable("FLEET_SMS_GATEWAYS", "infobip")
            .variable("FLEET_SMS_INFOBIP_BASE_URL", &gateway.base_url())
            .variable("FLEET_SMS_INFOBIP_API_KEY", "outage-key")
            .variable("FLEET_SMS_INFOBIP_RATE_PER_S", "30")
            .variable("FLEET_INTAKE_INFOBIP_SECRET", "closure:outage-secret");
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        gateway.set_webhook(fleet.receipts_url().await.replace("/receipts/nhn", "/receipts/infobip"));
        gateway.add_rule(everybody(InfobipBehaviour::CreditGoneLater));
        let list = texts(3204, 400);
        fleet.publish_all(&list).await;
        let circuit = eventually("the receipts to open the circuit", LONG, || async {
            let open = fleet.store.open_circuits().await.map_err(|problem| problem.to_string())?;
            open.into_iter().next().ok_or_else(|| "none is open".to_owned())
        })
        .await;
        assert_eq!((circuit.opened_by, circuit.name.country_code), (OpenedBy::Receipt, None));
        let all_came_back = async || {
            eventually("every text to be turned back", LONG, || async {
                let (letters, sent) = (fleet.letters().await.len(), requests(&gateway));
                if letters == sent { Ok(letters) } else { Err(format!("{letters} of {sent}")) }
            })
            .await
        };
        let known = all_came_back().await;
        assert!(known <= 200, "{known} of 400 were given to a gateway that carries none");
        until("probes", known + 5, || requests(&gateway)).await;
        let turned_back = all_came_back().await;
        let open = fleet.store.open_circuits().await.expect("the database answers");
        assert_eq!(open[0].opened_at, circuit.opened_at, "a probe that is taken proves nothing");
        let listed = fleet.cli(&["gateways", "list"]).await.with_code(0).output;
        assert!(listed.contains("by receipt"), "{listed}");

        gateway.add_rule(everybody(InfobipBehaviour::Delivered));
        eventually("what waited to arrive", LONG, || async {
            let sql = "SELECT count(*) FROM delivery WHERE state IN ('delivered', 'dead')";
            let ended = fleet.database.query(sql).await.join("");
            if ended == list.len().to_string() { Ok(()) } else { Err(ended) }
        })
        .await;
        fleet.drain().await;
        let letters = fleet.letters().await.len();
        assert!(letters <= turned_back + 5, "{letters} letters: only probes are at stake once it is known");
        assert!(fleet.smtp.mails().is_empty(), "an outage is not the recipients' failure");
        assert_eq!(fleet.store.open_circuits().await, Ok(vec![]), "jobs flow again by themselves");
        drop(watch);
        fleet.finish().await;
        gateway.stop().await;
    });
}

fn requests(gateway: &InfobipSimulator) -> usize {
    usize::try_from(gateway.send_requests()).expect("a count")
}
