//! A gateway that loses everything and blames each recipient for it: the emails wait until it is known whose fault it is.

use closure_contract::{JobId, OutcomeName};
use closure_simulators::SmsBehaviour;
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, eventually, jobs, run};
use serde_json::{Value, json};

use super::load::{address, all_are_heard, one_end, texts};

/// Messages in hand of the fallback worker.
const CONCURRENCY: u16 = 10;
/// The hold looks at this many ends.
const ENDED_MIN: u32 = 20;

fn options(name: &'static str) -> FleetOptions {
    let processes = vec![
        ProcessSpec::work("others", &["sms", "email", "dead", "cancel"]),
        ProcessSpec::work("fallback", &["fallback"]).with_concurrency(CONCURRENCY),
        ProcessSpec::intake(),
    ];
    FleetOptions::with(name, processes)
        .fallback_hold(ENDED_MIN)
        .gateway(|gateway| gateway.receipt_delay_ms = 1)
}

fn ids(list: &[Value]) -> Vec<JobId> {
    list.iter().map(jobs::id).collect()
}

/// Waits until every text message of a list that fails has ended; gives how many emails are held.
async fn all_have_failed(fleet: &Fleet, count: usize) -> usize {
    eventually("every text message to fail", LONG, || async {
        let sql = "SELECT count(*) FROM delivery WHERE state = 'undelivered'";
        let failed = fleet.database.query(sql).await.join("");
        if failed == count.to_string() { Ok(()) } else { Err(failed) }
    })
    .await;
    fleet.queues_are_empty().await;
    let held = "SELECT count(*) FROM delivery WHERE held_since IS NOT NULL";
    fleet.database.query(held).await.join("").parse().expect("a count")
}

/// Sends text messages that arrive until the share of failures has come down and nothing is held any more.
async fn recover(fleet: &Fleet) {
    for block in 3212..3262 {
        let list = texts(block, 20);
        fleet.publish_all(&list).await;
        all_are_heard(fleet, &ids(&list)).await;
        let holds = fleet.cli(&["--json", "fallback-hold", "list"]).await.with_code(0).json();
        let is_held = |lane: &Value| !lane["held_since"].is_null();
        if !holds["lanes"].as_array().expect("a list").iter().any(is_held) {
            return;
        }
    }
    panic!("a thousand text messages arrived, and the emails are still held");
}

/// Of each text message the CRM hears once that it failed and which email answers, and that email goes out once.
async fn each_has_one_email(fleet: &Fleet, block: u16, list: &[Value]) {
    all_are_heard(fleet, &ids(list)).await;
    fleet.drain().await;
    for (index, id) in (0_u16..).zip(ids(list)) {
        one_end(fleet, id);
        let heard = &fleet.outcomes.of(id)[0].outcome;
        assert_eq!(heard.outcome, OutcomeName::Undelivered);
        assert_eq!(heard.fallback_job_id, Some(id.fallback_email()));
        assert_eq!(fleet.smtp.mails_to(&address(block, index)).len(), 1);
    }
}

#[test]
fn when_every_text_fails_the_emails_wait_and_the_gateways_recovery_lets_them_go() {
    run(async {
        let fleet = Fleet::start(options("hold-recovery")).await;
        let watch = fleet.watch();
        fleet.sms.behave_all(SmsBehaviour::Failed);
        let list = texts(3210, 200);
        fleet.publish_all(&list).await;
        let held = all_have_failed(&fleet, list.len()).await;
        let mailed = list.len() - held;
        assert!(
            mailed <= ENDED_MIN as usize + usize::from(CONCURRENCY),
            "{mailed} emails before they were held"
        );
        assert_eq!(fleet.smtp.mails().len(), mailed);
        let told = ids(&list).iter().filter(|id| !fleet.outcomes.of(**id).is_empty()).count();
        assert_eq!(told, mailed, "the CRM hears of an end when it is known which email answers");

        assert!(fleet.has_logged("unusually many text messages fail"), "somebody is told");

        // What the country asks for is not held, whatever fails.
        let china = jobs::sms("+8613812345678", "china@example.com");
        let china_id = fleet.publish(&china).await;
        assert!(fleet.outcomes.first(china_id).await.outcome.fallback_job_id.is_some());

        let doctor = fleet.cli(&["doctor"]).await.with_code(1);
        assert!(doctor.output.contains("emails nhn"), "{}", doctor.output);
        let listed = fleet.cli(&["--json", "fallback-hold", "list"]).await.with_code(0).json();
        assert_eq!(listed["held_emails"], json!([{ "provider": "nhn", "count": held }]));
        let listed = fleet.cli(&["fallback-hold", "list"]).await.with_code(0).output;
        assert!(listed.contains("emails are HELD since"), "{listed}");
        assert!(listed.contains(&format!("nhn: {held} email(s) wait")), "{listed}");
        let waiting = ids(&list).into_iter().find(|id| fleet.outcomes.of(*id).is_empty()).expect("one waits");
        let shown = fleet.cli(&["show", &waiting.to_string()]).await.with_code(0);
        assert!(shown.output.contains("an email is due and held since"), "{}", shown.output);

        // A worker that dies forgets nothing that is held, nor why.
        fleet.kill("fallback").await;
        fleet.start_process("fallback").await;
        let one_more = texts(3211, 1);
        fleet.publish_all(&one_more).await;
        assert_eq!(all_have_failed(&fleet, list.len() + 2).await, held + 1);

        fleet.sms.clear_rules();
        recover(&fleet).await;
        each_has_one_email(&fleet, 3210, &list).await;
        each_has_one_email(&fleet, 3211, &one_more).await;
        fleet.cli(&["doctor"]).await.with_code(0);
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_person_who_knows_that_the_failures_are_real_lets_the_emails_go() {
    run(async {
        let fleet = Fleet::start(options("hold-person")).await;
        let watch = fleet.watch();
        let by = ["--actor", "kim", "--reason", "a wrong list"];
        let release =
            |gateway| ["fallback-hold", "release", gateway].into_iter().chain(by).collect::<Vec<_>>();
        let early = fleet.cli(&release("nhn")).await.with_code(1);
        assert!(early.errors.contains("no email is held"), "{}", early.errors);
        fleet.cli(&release("smtp")).await.with_code(1);
        fleet.cli(&release("pigeon")).await.with_code(2);

        fleet.sms.behave_all(SmsBehaviour::Failed);
        let list = texts(3220, 60);
        fleet.publish_all(&list).await;
        let held = all_have_failed(&fleet, list.len()).await;
        assert!(held > 0, "emails are held");
        fleet.cli(&release("nhn")).await.with_code(0);
        each_has_one_email(&fleet, 3220, &list).await;
        let more = texts(3221, 60);
        fleet.publish_all(&more).await;
        each_has_one_email(&fleet, 3221, &more).await;
        let actions = "SELECT DISTINCT actor || ': ' || reason FROM brake_action";
        assert_eq!(fleet.database.query(actions).await, ["kim: a wrong list"]);
        drop(watch);
        fleet.finish().await;
    });
}

#[test]
fn a_text_that_arrives_after_all_while_its_email_is_held_gets_none() {
    run(async {
        let options = options("hold-late").receipts_due(600_000, 4_000);
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        fleet.sms.behave_all(SmsBehaviour::Failed);
        let list = texts(3230, 60);
        fleet.publish_all(&list).await;
        assert!(all_have_failed(&fleet, list.len()).await > 0, "emails are held");
        let late = ids(&list).into_iter().find(|id| fleet.outcomes.of(*id).is_empty()).expect("one is held");
        let sent = fleet.story(late).await.expect("it is on record").tries;
        let reference = sent[0].provider_ref.clone().expect("the gateway took it");
        let (request, number) = reference.split_once(':').unwrap_or((&reference, "1"));
        let number = number.parse().expect("a recipient's number");
        assert!(fleet.sms.say(request, number, closure_simulators::DlrStatus::Delivered), "{reference}");
        assert_eq!(fleet.outcomes.first(late).await.outcome.outcome, OutcomeName::Delivered);
        // By the name that the command had before.
        fleet.cli(&["brake", "release", "nhn", "--actor", "kim", "--reason", "known"]).await.with_code(0);
        all_are_heard(&fleet, &ids(&list)).await;
        fleet.drain().await;
        assert_eq!(fleet.smtp.mails().len(), list.len() - 1);
        drop(watch);
        fleet.finish().await;
    });
}
