//! A machine whose clock is an hour wrong: what is due when is decided by the database's clock alone.

use closure_simulators::{DlrStatus, ReceiptSwitch, SmsBehaviour};
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, LONG, eventually, faketime, jobs, run};
use serde_json::{Value, json};

use crate::load::{address, digits, one_end};

/// Every process of the fleet lives an hour ahead of the database.
fn an_hour_ahead(name: &'static str) -> FleetOptions {
    FleetOptions::apart(name)
        .variable("LD_PRELOAD", &faketime())
        .variable("FAKETIME", "+1h")
        .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
}

/// A moment by the database's clock, half an hour from now, as a job writes it.
async fn half_an_hour_on(fleet: &Fleet) -> String {
    let sql =
        "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '30 minutes', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
    fleet.database.query(sql).await.join("")
}

#[test]
fn a_worker_whose_clock_is_an_hour_ahead_neither_expires_a_job_nor_loses_its_fallback_email() {
    run(async {
        let fleet = Fleet::start(an_hour_ahead("clock-ahead")).await;
        let watch = fleet.watch();
        let soon = half_an_hour_on(&fleet).await;
        let mut text = jobs::sms(&jobs::number(4900, 0), &address(4900, 0));
        text["expires_at"] = json!(soon);
        let in_time = fleet.publish(&text).await;
        assert_eq!(fleet.outcomes_of(in_time, 1).await[0].summary(), "sms.delivered");
        // The approval ends within the half hour; the email that answers is made from the template as well.
        let sql = format!("UPDATE template SET valid_until = '{soon}' WHERE name = 'vn-answer-by-email'");
        fleet.database.query(&sql).await;
        fleet.database.query("UPDATE template_register SET version = version + 1").await;
        let vietnam = to_vietnam("+84912149900", &address(4901, 0));
        fleet.sms.behave(&digits(&vietnam), SmsBehaviour::Failed);
        let id = fleet.publish(&vietnam).await;
        let answer = id.fallback_email();
        assert_eq!(fleet.outcomes_of(answer, 1).await[0].summary(), "email.accepted");
        let mails = fleet.smtp.mails_to(&address(4901, 0));
        assert_eq!(mails.len(), 1);
        let raw = String::from_utf8_lossy(&mails[0].raw).into_owned();
        assert!(raw.contains("was answered by email"), "the template was still approved: {raw}");
        fleet.drain().await;
        drop(watch);
        fleet.finish().await;
    });
}

fn to_vietnam(number: &str, address: &str) -> Value {
    let mut job = jobs::sms(number, address);
    job["sms"] = json!({ "template": "vn-answer-by-email", "variables": { "ticket": "A1" } });
    job["fallback"] = json!({ "subject": jobs::SUBJECT });
    job
}

#[test]
fn a_doubt_is_as_old_as_the_databases_clock_says() {
    run(async {
        let options = an_hour_ahead("doubt-ahead").gateway(|gateway| gateway.receipts = ReceiptSwitch::Off);
        let fleet = Fleet::start(options).await;
        let watch = fleet.watch();
        // A gateway that is not configured here any more cannot be asked, so that only time or a receipt ends the doubt.
        fleet
            .database
            .query(
                "CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN NEW.provider := 'infobip'; RETURN NEW; END $$;
                 CREATE TRIGGER elsewhere BEFORE UPDATE ON delivery FOR EACH ROW
                 WHEN (NEW.state = 'in_doubt') EXECUTE FUNCTION elsewhere()",
            )
            .await;
        let text = jobs::sms(&jobs::number(4910, 0), &address(4910, 0));
        fleet.sms.behave(&digits(&text), SmsBehaviour::AnswerLost);
        let id = fleet.publish(&text).await;
        eventually("the doubt to be looked into", LONG, || async {
            let sql = format!("SELECT state || ' ' || detail FROM delivery WHERE job_id = '{id}'");
            let seen = fleet.database.query(&sql).await.join("");
            assert!(
                !seen.starts_with("unknown"),
                "given up for want of a receipt before its due time: {seen}"
            );
            if seen.contains("only a receipt can tell") { Ok(()) } else { Err(seen) }
        })
        .await;
        fleet.database.query("DROP TRIGGER elsewhere ON delivery; DROP FUNCTION elsewhere").await;
        let ours = format!("UPDATE delivery SET provider = 'nhn' WHERE job_id = '{id}'");
        fleet.database.query(&ours).await;
        let taken = fleet.sms.accepted_to(&digits(&text));
        let request = taken[0].request_id.as_deref().expect("the gateway took it");
        assert!(fleet.sms.say(request, taken[0].recipient_seq, DlrStatus::Delivered));
        fleet.reaches(id, DeliveryState::Delivered).await;
        fleet.drain().await;
        assert_eq!(one_end(&fleet, id), "sms.delivered");
        assert_eq!(fleet.sms.accepted_to(&digits(&text)).len(), 1);
        drop(watch);
        fleet.finish().await;
    });
}
