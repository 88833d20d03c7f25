//! A mail server that is away for everybody: mails wait in their queue, and one line stands for all of them.

use closure_contract::{Channel, Provider, topology::WorkQueue};
use closure_simulators::MailPhase;
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};

use super::load::{address, all_are_heard, emails, one_end};

const MAILS: u16 = 200;
/// More than open a circuit when they are of different mails.
const TRIES: u32 = 8;
/// Messages in hand of one worker.
const CONCURRENCY: u16 = 20;
const WORKERS: [&str; 2] = ["email-1", "email-2"];
/// The tries of one process that open the circuit, and the line which says that it is open.
const WARNINGS_MAX: usize = 6;

#[test]
fn while_the_mail_server_is_away_mails_stay_in_their_queue_a_few_lines_say_so_and_each_goes_out_once() {
    run(async {
        let mut processes: Vec<ProcessSpec> = WORKERS
            .iter()
            .map(|worker| ProcessSpec::work(worker, &["email"]).with_concurrency(CONCURRENCY))
            .collect();
        processes.push(ProcessSpec::work("dead", &["dead"]));
        let fleet = Fleet::start(FleetOptions::with("mail-server-away", processes)).await;
        let watch = fleet.watch();
        fleet.smtp.say_at(MailPhase::Greeting, b"421 4.3.2 the system is shutting down\r\n", None);
        let mails = emails(1, MAILS);
        fleet.publish_all(&mails).await;
        let circuit = eventually("two probes to fail", LONG, || async {
            let open = fleet.store.open_circuits().await.map_err(|problem| problem.to_string())?;
            let failed = open.into_iter().find(|circuit| circuit.probes_failed >= 2);
            failed.ok_or_else(|| "fewer".to_owned())
        })
        .await;
        assert_eq!((circuit.name.provider, circuit.name.country_code), (Provider::Smtp, None));
        let put_off = "SELECT DISTINCT failure_code FROM delivery WHERE state = 'pending'";
        let codes = fleet.database.query(put_off).await;
        assert_eq!(codes, ["mail_server_unavailable"], "what waits is told under the mail server's own code");
        let waiting = fleet.depth(WorkQueue::Jobs(Channel::Email).name()).await;
        assert!(waiting >= 100, "{waiting} mails wait in their queue");
        let doctor = fleet.cli(&["doctor"]).await.with_code(1);
        assert!(doctor.output.contains("gateway smtp"), "{}", doctor.output);
        let list = fleet.cli(&["gateways", "list"]).await.with_code(0);
        for told in [&doctor.output, &list.output] {
            assert!(
                told.contains("421 4.3.2 the system is shutting down"),
                "in the server's own words: {told}"
            );
        }
        for worker in WORKERS {
            let warnings = fleet.warnings(worker).await;
            assert!(warnings.len() <= WARNINGS_MAX, "{} lines:\n{}", warnings.len(), warnings.join("\n"));
        }

        fleet.smtp.clear_replies();
        fleet.cli(&["gateways", "probe", "smtp"]).await.with_code(0);
        let ids: Vec<_> = mails.iter().map(jobs::id).collect();
        all_are_heard(&fleet, &ids).await;
        fleet.drain().await;
        for (index, id) in (0..).zip(&ids) {
            assert_eq!(one_end(&fleet, *id), "email.accepted");
            assert_eq!(fleet.smtp.mails_to(&address(1, index)).len(), 1, "{id}");
        }
        assert!(fleet.letters().await.is_empty(), "an outage makes no dead letter");
        assert_eq!(fleet.store.open_circuits().await, Ok(vec![]), "mails flow again by themselves");
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn one_mail_over_which_the_mail_server_fails_each_time_leaves_the_mail_server_to_all_others() {
    run(async {
        let processes = vec![ProcessSpec::work("email", &["email", "dead"])];
        let options = FleetOptions::with("poisonous-mail", processes).variable("FLEET_EMAIL_LADDER", "1s");
        let fleet = Fleet::start(options).await;
        fleet.smtp.say_at(MailPhase::RcptTo, b"421 4.3.0 try again later\r\n", Some(TRIES));
        let poison = fleet.publish(&jobs::email("poison@example.com")).await;
        eventually("the mail to fail more often than opens a circuit", LONG, || async {
            assert_eq!(fleet.store.open_circuits().await, Ok(vec![]), "it is one mail's failure");
            let tries = fleet.smtp.tries_to("poison@example.com");
            if tries >= TRIES as usize { Ok(()) } else { Err(format!("{tries} tries")) }
        })
        .await;
        let told = fleet.warnings("email").await;
        assert_eq!(told.len(), 1, "one line when it begins: {told:?}");
        let good = fleet.publish(&jobs::email("good@example.com")).await;
        for id in [poison, good] {
            let heard = fleet.outcomes_of(id, 1).await;
            assert_eq!(heard[0].summary(), "email.accepted");
        }
        assert_eq!(fleet.smtp.mails_to("poison@example.com").len(), 1);
        fleet.finish().await;
    });
}

#[test]
fn a_mail_that_is_put_off_alone_is_asked_ever_more_rarely_and_told_when_it_begins_and_when_it_ends() {
    run(async {
        let processes = vec![ProcessSpec::work("email", &["email", "dead"])];
        let options = FleetOptions::with("alone-rarely", processes).variable("FLEET_EMAIL_LADDER", "1s");
        let fleet = Fleet::start(options).await;
        let refusals = |times| fleet.smtp.say_at(MailPhase::RcptTo, b"421 4.3.0 not this one\r\n", times);
        refusals(None);
        let alone = fleet.publish(&jobs::email("alone@example.com")).await;
        let wait = "SELECT extract(epoch FROM w.due_at - d.updated_at)::integer FROM delayed AS w JOIN delivery AS d USING (job_id)";
        eventually("its first waits to be short", LONG, || async {
            let waits = fleet.database.query(wait).await;
            if waits == ["1"] { Ok(()) } else { Err(format!("{waits:?}")) }
        })
        .await;
        eventually("a longer wait", LONG, || async {
            let waits = fleet.database.query(wait).await;
            if waits == ["5"] { Ok(()) } else { Err(format!("{waits:?}")) }
        })
        .await;
        fleet.smtp.clear_replies();
        assert_eq!(fleet.outcomes_of(alone, 1).await[0].summary(), "email.accepted");
        let told = fleet.warnings("email").await;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(fleet.has_logged("a job that was put off came through"), "and one when it ends");
        fleet.finish().await;
    });
}
