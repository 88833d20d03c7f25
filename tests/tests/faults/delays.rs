//! A broker that sends nothing home from its delays: no queue shows what waits in it, and the doctor says so all the same.

use closure_simulators::MailPhase;
use closure_store::DeliveryState;
use closure_tests::harness::{
    Fleet, FleetOptions, LONG, ProcessSpec, Services, eventually, jobs, rabbitmqctl, run,
};

const MAILS: usize = 3;
const TOLD: &str = "3 email job(s) should have come home from closure.retry.email.* to closure.email";

#[test]
fn jobs_that_do_not_come_home_from_the_delays_are_told_by_the_doctor_and_by_the_log_although_every_queue_is_empty()
 {
    run(async {
        let processes = vec![ProcessSpec::work("email", &["email"])];
        let options = FleetOptions::with("delays", processes).variable("FLEET_EMAIL_LADDER", "1s");
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        let services = Services::from_environment();
        let remove = format!(
            "rabbit_exchange:delete(rabbit_misc:r(<<\"{}\">>, exchange, <<\"closure.home\">>), false, <<\"test\">>).",
            fleet.vhost.name
        );
        rabbitmqctl(&services, &["eval", &remove]).await;
        fleet.smtp.say_at(MailPhase::RcptTo, b"451 4.3.0 try again later\r\n", Some(3));
        let mut ids = Vec::new();
        for mail in 0..MAILS {
            ids.push(fleet.publish(&jobs::email(&format!("delayed-{mail}@example.com"))).await);
        }
        for id in &ids {
            fleet.reaches(*id, DeliveryState::Waiting).await;
        }
        eventually("the delays to look empty", LONG, || async {
            let waiting = fleet.depth("closure.retry.email.1s").await;
            if waiting == 0 { Ok(()) } else { Err(format!("{waiting} wait")) }
        })
        .await;
        let doctor = fleet.cli(&["doctor"]).await;
        let known = "should have come home";
        assert!(!doctor.output.contains(known), "a moment late, as any job may be: {}", doctor.output);
        for earlier in [
            "UPDATE delayed SET due_at = due_at - interval '30 minutes'",
            "UPDATE delivery SET updated_at = updated_at - interval '30 minutes'",
        ] {
            fleet.database.query(earlier).await;
        }
        let doctor = fleet.cli(&["doctor"]).await.with_code(1);
        assert!(doctor.output.contains(TOLD), "{}", doctor.output);
        let told = eventually("a line of the log", LONG, || async {
            let warnings = fleet.warnings("email").await;
            let told = warnings.iter().find(|line| line.contains(TOLD)).cloned();
            told.ok_or_else(|| format!("{warnings:?}"))
        })
        .await;
        assert!(told.contains("the broker's delays"), "{told}");
        let (status, parts) = fleet.process("email").await.readiness().await.expect("it answers");
        assert!(
            status == 200 && parts.to_string().contains(TOLD),
            "people are told, and it works on: {status} {parts}"
        );

        fleet.cli(&["topology", "apply"]).await.with_code(0);
        for id in &ids {
            assert_eq!(fleet.outcomes_of(*id, 1).await[0].summary(), "email.accepted");
        }
        let doctor = fleet.cli(&["doctor"]).await.with_code(0);
        assert!(!doctor.output.contains(known), "{}", doctor.output);
        drop(watch);
        fleet.finish().await;
    });
}
