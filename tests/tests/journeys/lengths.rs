//! Texts that the rules let pass and a gateway is too short for: another one carries them, or nobody is asked.

use closure_contract::{FailureCode, RuleEffect, RuleId};
use closure_simulators::InfobipSimSettings;
use closure_store::DeliveryState;
use closure_tests::harness::{Fleet, FleetOptions, jobs, run};
use serde_json::{Value, json};

use super::infobip::{digits, fleet_over};

/// Within 1000 bytes of UTF-8, and 643 characters in UCS-2, of which NHN Cloud takes 335.
fn long_job(index: u16, address: &str) -> Value {
    let mut job = jobs::sms(&jobs::number(3110, index), address);
    let sentence = "Kính chào quý khách hàng, chúng tôi trả lời câu hỏi. ";
    let text: String = sentence.repeat(13).chars().take(643).collect();
    job["sms"]["text"] = text.trim_end().into();
    job
}

#[test]
fn a_text_that_no_connected_gateway_takes_is_refused_with_limit_gateway_and_length_and_the_email_answers() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("too-long-for-nhn")).await;
        let job = long_job(0, "too-long-for-nhn@example.com");
        let file = fleet.file("long.json", job.to_string().as_bytes());
        let advice = fleet.cli(&["--json", "explain", &file]).await.with_code(1).json();
        assert_eq!((&advice["verdict"], &advice["code"]), (&json!("reject"), &json!("body_too_long")));
        let detail = advice["detail"].as_str().expect("it says why").to_owned();
        for part in ["643 characters in UCS-2", "nhn takes 335"] {
            assert!(detail.contains(part), "{detail}");
        }
        let over = json!([{ "gateway": "nhn", "measure": "ucs2_units", "length": 643, "max": 335 }]);
        assert_eq!(advice["sms"]["too_long_for"], over);
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].outcome.code, Some(FailureCode::BodyTooLong));
        let refused = |rule: &&closure_contract::AppliedRule| rule.effect == RuleEffect::Reject;
        let rule = heard[0].outcome.rules.iter().find(refused).expect("a rule refused it");
        assert_eq!((rule.id, rule.detail.as_str()), (RuleId::R6, detail.as_str()));
        let story = fleet.story(id).await.expect("it is on record");
        assert!(story.tries.is_empty(), "nobody was asked: {:?}", story.tries);
        assert!(fleet.sms.sent_to(&digits(&job)).is_empty());
        assert_eq!(fleet.smtp.mails_to("too-long-for-nhn@example.com").len(), 1);
        fleet.finish().await;
    });
}

#[test]
fn a_text_that_is_too_long_for_the_preferred_gateway_goes_to_one_that_takes_it() {
    run(async {
        let (gateway, fleet) = fleet_over(InfobipSimSettings::default(), "steered", "nhn,infobip").await;
        let (long, short) =
            (long_job(1, "steered@example.com"), jobs::sms(&jobs::number(3110, 2), "b@c.example"));
        let file = fleet.file("long.json", long.to_string().as_bytes());
        let advice = fleet.cli(&["explain", &file]).await.with_code(0).output;
        assert!(
            advice.contains("another gateway carries it: it has 643 characters in UCS-2, and nhn takes 335")
        );
        for (job, carrier) in [(&long, "infobip"), (&short, "nhn")] {
            let story = fleet.reaches(fleet.publish(job).await, DeliveryState::Delivered).await;
            let tries: Vec<&str> = story.tries.iter().map(|one| one.provider.as_str()).collect();
            assert_eq!(tries, [carrier]);
        }
        assert_eq!(gateway.accepted_to(&digits(&long)).len(), 1);
        assert!(fleet.sms.sent_to(&digits(&long)).is_empty(), "the one that cannot is never asked");
        fleet.drain().await;
        assert!(fleet.smtp.mails().is_empty());
        fleet.finish().await;
        gateway.stop().await;
    });
}
