//! The broker killed under load and started again; a binary of its own, because nothing else may run meanwhile.

use closure_simulators::SmsBehaviour;
use closure_tests::harness::{Fleet, FleetOptions, ProcessSpec, Services, jobs, restart_the_broker, run};

#[path = "faults/load.rs"]
#[expect(dead_code, reason = "the calls are the other faults' alone")]
mod load;

use load::{
    LOAD, address, all_are_heard, digits, emails, no_mail_is_lost_or_changed, no_text_is_doubled, one_end,
    texts, until,
};

#[test]
fn a_broker_that_is_killed_under_load_loses_no_job_and_nothing_is_sent_twice() {
    run(async {
        let worker =
            ProcessSpec::work("workers", &["sms", "email", "dial", "fallback", "dead"]).with_concurrency(5);
        let options = FleetOptions::with("broker-restart", vec![worker, ProcessSpec::intake()]);
        let fleet = Fleet::start(options.gateway(|gateway| gateway.latency_ms = 60)).await;
        let (list, mails) = (texts(4401, LOAD), emails(4402, LOAD));
        list.iter().step_by(2).for_each(|job| fleet.sms.behave(&digits(job), SmsBehaviour::Failed));
        fleet.publish_all(&list).await;
        fleet.publish_all(&mails).await;
        until("messages at the gateway", 30, || fleet.sms.sent().len()).await;
        restart_the_broker(&Services::from_environment()).await;
        // What comes after the restart is carried as before.
        let later = texts(4403, 10);
        fleet.publish_all_when_possible(&later).await;
        let texts: Vec<_> = list.iter().map(jobs::id).collect();
        let ids: Vec<_> = [&list, &mails, &later].into_iter().flatten().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        let answers: Vec<_> = texts.iter().step_by(2).map(|id| id.fallback_email()).collect();
        all_are_heard(&fleet, &answers).await;
        fleet.drain().await;
        for (index, id) in texts.iter().enumerate() {
            let expected = if index % 2 == 0 { "sms.undelivered not_delivered" } else { "sms.delivered" };
            assert_eq!(one_end(&fleet, *id), expected);
        }
        no_text_is_doubled(&fleet, &list).await;
        no_text_is_doubled(&fleet, &later).await;
        no_mail_is_lost_or_changed(&fleet, (0..LOAD).map(|index| address(4402, index)));
        no_mail_is_lost_or_changed(&fleet, (0..LOAD).step_by(2).map(|index| address(4401, index)));
        assert!(fleet.letters().await.is_empty(), "an outage makes no dead letter");
        fleet.finish().await;
    });
}
