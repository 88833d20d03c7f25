//! Vietnam and China (R14a, R14b).

use closure_contract::{Evidence, FailureCode};
use closure_simulators::SmsBehaviour;
use closure_tests::harness::{
    SHORT, eventually, jobs,
    kride::{job_of, journey, walk},
};

#[test]
fn a_vietnamese_customer_gets_the_approved_template_and_an_email() {
    journey(async |fleet| {
        let ended = walk(fleet, "vietnam-template").await;
        let sms = ended.text();
        assert_eq!(sms.text, "[K.ride] Your inquiry A1042 was answered by email.");
        assert_eq!(sms.send_no, "KRIDE", "Vietnam has a sender of its own");
        let (sms, email) = (ended.outcome("sms.delivered"), ended.outcome("email.accepted"));
        assert_eq!(sms.fallback_job_id, Some(email.job_id));
        assert_eq!(sms.evidence, Evidence::Carrier, "a receipt from Vietnam proves no more");
        ended.mail();
    });
}

#[test]
fn a_vietnamese_customer_gets_an_email_as_soon_as_the_template_text_was_submitted() {
    journey(async |fleet| {
        let mut job = job_of("vietnam-template");
        let address = "vietnam-without-a-receipt@example.com";
        job["job_id"] = serde_json::json!(uuid::Uuid::new_v4());
        job["consultation"]["id"] = "C-vietnam-without-a-receipt".into();
        job["to"] = serde_json::json!({ "phone": { "number": "+84912149999" }, "email": address });
        fleet.sms.behave("84912149999", SmsBehaviour::NeverReceipt);
        let id = fleet.publish(&job).await;
        eventually("the mail", SHORT, || async {
            if fleet.smtp.mails_to(address).len() == 1 { Ok(()) } else { Err("no mail".to_owned()) }
        })
        .await;
        assert!(fleet.outcomes.of(id).is_empty(), "the mail waited for no receipt");
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].outcome.code, Some(FailureCode::NoReceipt));
        assert_eq!(fleet.smtp.mails_to(address).len(), 1, "silence makes no second mail");
    });
}

#[test]
fn free_text_never_goes_to_vietnam_and_the_email_does() {
    journey(async |fleet| {
        let ended = walk(fleet, "vietnam-free-text").await;
        ended.mail();
        assert_eq!(ended.outcome("sms.refused").attempts, 0);
    });
}

#[test]
fn a_template_that_is_not_approved_is_never_sent() {
    journey(async |fleet| {
        let mut job = job_of("vietnam-template");
        job["job_id"] = serde_json::json!(uuid::Uuid::new_v4());
        job["consultation"]["id"] = "C-template-not-approved".into();
        job["to"] =
            serde_json::json!({ "phone": { "number": "+84912148888" }, "email": "not-approved@example.com" });
        job["sms"]["template"] = "vn-not-approved".into();
        let id = fleet.publish(&job).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "sms.refused template_unknown");
        assert!(fleet.sms.sent_to("84912148888").is_empty());
        assert_eq!(fleet.smtp.mails_to("not-approved@example.com").len(), 1);
        assert_eq!(
            jobs::id(&job).fallback_email(),
            heard[0].outcome.fallback_job_id.expect("an email answers")
        );
    });
}

#[test]
fn chinese_text_to_china_needs_no_email() {
    journey(async |fleet| {
        let ended = walk(fleet, "china-in-chinese").await;
        assert_eq!(ended.text().text, "您好，您的退款已经完成。感谢您使用本服务。");
        assert!(ended.fallback.is_none());
    });
}

#[test]
fn english_text_to_china_is_tried_and_the_email_is_sure() {
    journey(async |fleet| {
        let ended = walk(fleet, "china-in-english").await;
        ended.text();
        ended.mail();
    });
}

#[test]
fn traditional_characters_to_china_make_an_email_due() {
    journey(async |fleet| {
        let ended = walk(fleet, "china-in-traditional").await;
        ended.text();
        ended.mail();
    });
}
