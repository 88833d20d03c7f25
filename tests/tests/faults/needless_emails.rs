//! Texts that all arrive, under kills of workers and intake and a gateway that breaks off: an email for one of them is
//! needless, and the inquiries before silence counts save it.

use closure_contract::JobId;
use closure_simulators::SmsBehaviour;
use closure_tests::harness::{Fleet, FleetOptions, ProcessSpec, count_from_environment, jobs, run};

use serde_json::Value;

use crate::load::{address, all_are_heard, digits, texts, until};

/// So many texts in the suite; `CLOSURE_TEXTS` asks for more.
const TEXTS: u16 = 40;
/// Silence counts after this long, which the kills and what follows from them do not take.
const DUE_MS: u64 = 45_000;
/// So often everything is killed once.
const ROUNDS: usize = 4;

/// What became of the texts of one run.
#[derive(Debug)]
struct Counted {
    texts: u16,
    needless_emails: usize,
    /// Texts of which the gateway was asked, and said that they arrived.
    found_out: usize,
}

/// The gateway breaks off some requests: of every ten texts one answer is lost, one is no JSON, and one request is lost.
fn break_off(fleet: &Fleet, job: &Value, index: usize) {
    let behaviour = match index % 10 {
        3 => SmsBehaviour::AnswerLost,
        6 => SmsBehaviour::GarbageAnswer,
        9 => SmsBehaviour::RequestLost,
        _ => return,
    };
    fleet.sms.behave_times(&digits(job), behaviour, 1);
}

/// Publishes texts that all arrive, kills everything in turn meanwhile, and counts the emails.
///
/// While the intake is dead its receipts are lost: the gateway takes each for delivered.
async fn under_kills(name: &'static str, block: u16, inquire_before_due_ms: u64) -> Counted {
    let texts_of_run = count_from_environment("CLOSURE_TEXTS", TEXTS.into());
    let count = u16::try_from(texts_of_run).expect("each text has a number of its own");
    let sms = ProcessSpec::work("sms", &["sms"]).with_concurrency(5);
    let fallback = ProcessSpec::work("fallback", &["fallback"]).with_concurrency(5);
    let rest = ProcessSpec::work("rest", &["email", "dead"]);
    let options = FleetOptions::with(name, vec![sms, fallback, rest, ProcessSpec::intake()])
        .receipts_due(DUE_MS, DUE_MS)
        .variable("FLEET_SMS_INQUIRE_BEFORE_DUE_MS", &inquire_before_due_ms.to_string());
    let fleet = Fleet::start(options.gateway(|gateway| gateway.latency_ms = 30)).await;
    let list = texts(block, count);
    for (index, job) in list.iter().enumerate() {
        break_off(&fleet, job, index);
    }
    fleet.publish_all(&list).await;
    for round in 1..=ROUNDS {
        let wanted = usize::from(count) * round / (ROUNDS + 1);
        until("messages at the gateway", wanted, || fleet.sms.sent().len()).await;
        fleet.kill("sms").await;
        fleet.kill("fallback").await;
        fleet.kill("intake").await;
        fleet.sms.set_webhook(format!("{}/nowhere", fleet.sms.base_url()));
        fleet.start_process("sms").await;
        let before = fleet.sms.sent().len();
        // Some of what is sent now has no receipt that anybody reads.
        until("messages without an intake", (before + 3).min(usize::from(count)), || fleet.sms.sent().len())
            .await;
        fleet.start_process("fallback").await;
        fleet.start_process("intake").await;
    }
    let ids: Vec<_> = list.iter().map(jobs::id).collect();
    all_are_heard(&fleet, &ids).await;
    fleet.drain().await;
    let mut needless_emails = 0;
    for (index, job) in (0..count).zip(&list) {
        let id = jobs::id(job);
        let (arrived, mails) =
            (fleet.sms.accepted_to(&digits(job)).len(), fleet.smtp.mails_to(&address(block, index)).len());
        assert!(arrived <= 1, "{id} arrived {arrived} times");
        // A text whose every try was cut off before the gateway had it has its email rightly.
        needless_emails += arrived * mails;
        let word = last_word(&fleet, id);
        assert!(mails == 1 || word == "sms.delivered", "{id} has {mails} emails and the word {word}");
    }
    let asked = "SELECT count(DISTINCT job_id)::text FROM receipt WHERE receipt_id LIKE 'asked:%' AND status = 'delivered'";
    let found_out = fleet.database.query(asked).await[0].parse().expect("a count is a number");
    fleet.finish().await;
    Counted { texts: count, needless_emails, found_out }
}

/// What the CRM knows in the end; a receipt that comes after the email corrects what was told before.
fn last_word(fleet: &Fleet, id: JobId) -> String {
    fleet.outcomes.of(id).last().expect("every text was heard of").summary()
}

#[test]
fn texts_that_all_arrive_cost_no_email_however_often_workers_gateway_and_intake_are_killed() {
    run(async {
        let asked = under_kills("needless-asked", 4010, DUE_MS).await;
        let unasked = under_kills("needless-unasked", 4011, 0).await;
        tell(&asked, &unasked);
        assert_eq!(asked.needless_emails, 0, "{asked:?}");
        assert!((1..=usize::from(asked.texts)).contains(&asked.found_out), "{asked:?}");
        assert!(unasked.needless_emails > 0, "without an inquiry the lost receipts cost emails: {unasked:?}");
    });
}

#[expect(clippy::print_stderr, reason = "the two counts are what a longer run is for")]
fn tell(asked: &Counted, unasked: &Counted) {
    eprintln!("with inquiries {asked:?}, without {unasked:?}");
}
