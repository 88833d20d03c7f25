//! Replies by email (R18–R20).

use closure_store::DeliveryState;
use closure_tests::harness::{
    jobs,
    kride::{id_of, journey, walk},
};

#[test]
fn a_board_reply_goes_out_from_the_fixed_sender_as_an_agents_own_mail() {
    journey(async |fleet| {
        let ended = walk(fleet, "board-email").await;
        let mail = ended.mail();
        assert_eq!(ended.mails[0].from, "noreply@kakaomobility.com");
        assert!(mail.contains("Subject: Your lost item\r\n"), "{mail}");
        assert!(!mail.contains("Auto-Submitted: auto-generated"), "an agent wrote it: {mail}");
        let expected = format!("<{}@mcrm.kakaomobility.com>", id_of("board-email"));
        assert_eq!(ended.mails[0].message_id.as_deref(), Some(expected.as_str()));
        assert_eq!(ended.story().state, DeliveryState::Accepted);
    });
}

#[test]
fn a_korean_subject_overseas_waits_for_a_person() {
    journey(async |fleet| {
        let ended = walk(fleet, "korean-subject").await;
        assert!(ended.story().tries.is_empty(), "no mail server was tried");
    });
}

#[test]
fn a_mail_server_that_asks_to_come_back_later_is_tried_again_with_the_same_bytes() {
    journey(async |fleet| {
        let ended = walk(fleet, "greylisted").await;
        ended.mail();
        assert_eq!(ended.outcome("email.accepted").attempts, 2);
        assert_eq!(fleet.smtp.tries_to("greylist-once@example.com"), 2);
    });
}

#[test]
fn a_mailbox_that_does_not_exist_goes_to_a_person_after_one_try() {
    journey(async |fleet| {
        let ended = walk(fleet, "unknown-mailbox").await;
        assert_eq!(ended.outcome("email.dead").attempts, 1);
        assert_eq!(fleet.smtp.tries_to("unknown@example.com"), 1);
    });
}

#[test]
fn a_connection_lost_before_the_final_dot_is_tried_again_and_one_mail_arrives() {
    journey(async |fleet| {
        let id = fleet.publish(&jobs::email("drop-before-dot-1@example.com")).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard[0].summary(), "email.accepted");
        assert_eq!(fleet.smtp.mails_to("drop-before-dot-1@example.com").len(), 1);
    });
}

#[test]
fn a_connection_lost_after_the_final_dot_sends_the_same_bytes_again() {
    journey(async |fleet| {
        let id = fleet.publish(&jobs::email("drop-after-dot-1@example.com")).await;
        let heard = fleet.outcomes_of(id, 1).await;
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].summary(), "email.accepted");
        let mails = fleet.smtp.mails_to("drop-after-dot-1@example.com");
        assert_eq!(mails.len(), 2, "nobody can ask a mail server, so that it is sent once more");
        assert_eq!(mails[0].raw, mails[1].raw, "byte by byte, Message-ID included");
    });
}

#[test]
fn a_vietnamese_customer_reads_vietnamese_around_the_reply_and_an_unknown_language_is_answered_in_english() {
    journey(async |fleet| {
        for (language, address, words) in [
            ("vi-VN", "framed-vi@example.com", "quý khách"),
            ("zh-TW", "framed-hant@example.com", "無法接收回覆"),
            ("tlh", "framed-unknown@example.com", "only sends"),
        ] {
            let mut job = jobs::email(address);
            job["to"]["language"] = language.into();
            let id = fleet.publish(&job).await;
            let heard = fleet.outcomes_of(id, 1).await;
            assert_eq!(heard[0].summary(), "email.accepted");
            let mails = fleet.smtp.mails_to(address);
            let mail = mail_parser::MessageParser::default().parse(&mails[0].raw).expect("a mail");
            assert_eq!(mail.subject(), Some("Your lost item"), "the subject stays English (R19)");
            for body in [mail.body_text(0), mail.body_html(0)] {
                let body = body.expect("both bodies");
                assert!(body.contains(words) && body.contains("your refund was completed today"), "{body}");
            }
        }
    });
}

#[test]
fn a_mail_to_a_japanese_carrier_takes_the_quoted_form_on_the_wire() {
    journey(async |fleet| {
        let id = fleet.publish(&jobs::email("journey..0511.@docomo.ne.jp")).await;
        assert_eq!(fleet.outcomes_of(id, 1).await[0].summary(), "email.accepted");
        assert_eq!(fleet.smtp.mails_to("\"journey..0511.\"@docomo.ne.jp").len(), 1);
    });
}
