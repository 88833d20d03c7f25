//! Recipients who are not to be contacted (B6).

use closure_contract::RuleId;
use closure_tests::harness::{Fleet, jobs, kride::journey};
use serde_json::Value;

const BY: [&str; 4] = ["--actor", "kim", "--reason", "the customer asked for it"];

async fn suppress(fleet: &Fleet, words: &[&str], code: i32) -> Value {
    let answer = fleet.cli(&[&["--json", "suppress"][..], words, &BY].concat()).await.with_code(code);
    if answer.output.is_empty() { Value::String(answer.errors) } else { answer.json() }
}

#[test]
fn a_suppressed_number_gets_no_text_and_no_call_and_an_email_answers() {
    journey(async |fleet| {
        suppress(fleet, &["add", "+81 90-4401-1001"], 0).await;
        let text = fleet.publish(&jobs::sms("+819044011001", "suppressed@example.com")).await;
        let heard = fleet.outcomes_of(text, 1).await;
        assert_eq!(heard[0].summary(), "sms.refused suppressed");
        assert!(heard[0].outcome.rules.iter().any(|rule| rule.id == RuleId::B6));
        let email = heard[0].outcome.fallback_job_id.expect("an email answers");
        assert_eq!(fleet.outcomes_of(email, 1).await[0].summary(), "email.accepted");
        assert_eq!(fleet.smtp.mails_to("suppressed@example.com").len(), 1);
        let call = fleet.publish(&jobs::dial("+819044011001", "4401")).await;
        assert_eq!(fleet.outcomes_of(call, 1).await[0].summary(), "dial.refused suppressed");
        assert!(fleet.sms.sent_to("819044011001").is_empty());
        assert!(fleet.pbx.calls_to("819044011001").is_empty());
        suppress(fleet, &["remove", "+819044011001"], 0).await;
        let again = fleet.publish(&jobs::sms("+819044011001", "suppressed@example.com")).await;
        assert_eq!(fleet.outcomes_of(again, 1).await[0].summary(), "sms.delivered");
    });
}

#[test]
fn a_suppressed_address_waits_for_a_person_who_can_give_another_one() {
    journey(async |fleet| {
        suppress(fleet, &["add", "Bounced@Example.com"], 0).await;
        let id = fleet.publish(&jobs::email("bounced@example.com")).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "email.dead suppressed");
        assert_eq!(fleet.letters_of(id).await.len(), 1);
        assert!(fleet.smtp.mails_to("bounced@example.com").is_empty());
    });
}

#[test]
fn the_list_shows_who_did_it_and_why_and_never_the_recipient() {
    journey(async |fleet| {
        assert_eq!(suppress(fleet, &["add", "+819044011002", "--opt-out"], 0).await["changed"], true);
        assert_eq!(suppress(fleet, &["add", "+819044011002"], 0).await["changed"], false, "it was on it");
        let list = fleet.cli(&["--json", "suppress", "list", "--limit", "1000"]).await.with_code(0);
        assert!(!list.output.contains("44011002"), "{}", list.output);
        let entries = list.json();
        let entry = entries
            .as_array()
            .and_then(|list| list.iter().find(|entry| entry["source"] == "opt_out"))
            .expect("the entry is listed");
        assert_eq!((&entry["actor"], &entry["kind"]), (&Value::from("kim"), &Value::from("phone")));
        suppress(fleet, &["remove", "+819044019998"], 1).await;
        suppress(fleet, &["add", "0904401"], 65).await;
    });
}
