//! Mails that come back, in the forms of several mail servers; only the address that we made is believed.

use closure_contract::{Generation, JobId};
use closure_providers::{
    BounceAddresses, BounceError, BounceMail, BounceReport, DsnAction, REPORT_BYTES_MAX, UnreadBounce,
    UnreadReason, read_bounce, read_large_bounce,
};

const SECRET: &str = "a-secret-of-the-tests-0123456789-0123456789";

fn addresses() -> BounceAddresses {
    BounceAddresses::new("bounce.example.com", &[SECRET.to_owned()]).expect("good settings")
}

fn job() -> JobId {
    "0198c0de-0000-7000-8000-00000000abcd".parse().expect("a UUID")
}

fn ours() -> String {
    addresses().sender(job(), Generation(2))
}

/// A report with this `To` and these groups of fields.
fn report(headers: &str, fields: &str) -> String {
    format!(
        "{headers}From: MAILER-DAEMON@mx.example.com\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Date: Wed, 1 Jul 2026 12:00:00 +0000\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\n{fields}\r\n\
         --b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: noreply@example.com\r\nSubject: x\r\n\r\nbody\r\n--b1--\r\n"
    )
}

const POSTFIX: &str = "Reporting-MTA: dns; mx.example.com\r\nX-Postfix-Queue-ID: 4XyZ12\r\n\r\n\
    Final-Recipient: rfc822; kim@example.net\r\nOriginal-Recipient: rfc822;kim@example.net\r\nAction: failed\r\n\
    Status: 5.1.1\r\nRemote-MTA: dns; mx.example.net\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 <kim@example.net>: Recipient address rejected:\r\n    User unknown\r\n";
const EXIM: &str = "Reporting-MTA: dns; mx.example.com\r\n\r\nAction: failed\r\n\
    Final-Recipient: rfc822;kim@example.net\r\nStatus: 5.0.0\r\nRemote-MTA: dns; mx.example.net\r\n\
    Diagnostic-Code: smtp; 550-5.2.1 The email account that you tried to reach is disabled.\r\n";
const EXCHANGE: &str = "Reporting-MTA: dns;mx.example.com\r\nReceived-From-MTA: dns;relay.example.com\r\n\r\n\
    Final-Recipient: rfc822;kim@example.net\r\nAction: failed\r\nStatus: 5.1.10\r\n\
    Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\r\n";
const DELAYED: &str = "Reporting-MTA: dns; mx.example.com\r\n\r\nFinal-Recipient: rfc822; kim@example.net\r\n\
    Action: delayed\r\nStatus: 4.4.1\r\nWill-Retry-Until: Mon, 6 Jul 2026 12:00:00 +0000\r\n";

/// Whole reports of a real Postfix: about a recipient that the next server refused, about a server that does not answer,
/// and about the same when the mail was given up.
const RECORDED: [(&str, DsnAction, &str); 3] = [
    (include_str!("../recorded/postfix/failed.eml"), DsnAction::Failed, "5.1.1"),
    (include_str!("../recorded/postfix/delayed.eml"), DsnAction::Delayed, "4.4.1"),
    (include_str!("../recorded/postfix/given_up.eml"), DsnAction::Failed, "4.4.1"),
];

fn read(mail: &str) -> Result<BounceMail, BounceError> {
    read_bounce(mail.as_bytes(), &addresses())
}

fn unread(why: UnreadReason) -> Result<BounceMail, BounceError> {
    Ok(BounceMail::Unread(UnreadBounce { job_id: job(), generation: Generation(2), why }))
}

fn read_report(mail: &str) -> BounceReport {
    match read(mail) {
        Ok(BounceMail::Report(report)) => report,
        other => panic!("no report: {other:?}"),
    }
}

#[test]
fn the_reports_of_postfix_exim_and_exchange_say_what_became_of_the_mail_and_why() {
    for (fields, action, status) in [
        (POSTFIX, DsnAction::Failed, "5.1.1"),
        (EXIM, DsnAction::Failed, "5.2.1"),
        (EXCHANGE, DsnAction::Failed, "5.1.10"),
        (DELAYED, DsnAction::Delayed, "4.4.1"),
    ] {
        let found = read_report(&report(&format!("To: {}\r\n", ours()), fields));
        assert_eq!((found.job_id, found.generation), (job(), Generation(2)));
        assert_eq!(found.written_at.map(|at| at.0.unix_timestamp()), Some(1_782_907_200));
        assert_eq!(found.recipients.len(), 1, "{fields}");
        assert_eq!(found.recipients[0].action, action, "{fields}");
        assert_eq!(found.recipients[0].status.map(|status| status.to_string()).as_deref(), Some(status));
        assert!(!format!("{found:?}").contains("kim"), "{found:?}");
    }
    let found = read_report(&report(&format!("To: {}\r\n", ours()), POSTFIX));
    let diagnostic = found.recipients[0].diagnostic.as_deref().expect("a diagnostic");
    assert!(diagnostic.contains("(address)") && diagnostic.ends_with("User unknown"), "{diagnostic}");
}

#[test]
fn the_reports_that_a_real_postfix_delivered_are_read_with_either_line_end_and_from_each_of_its_headers() {
    for (recorded, action, status) in RECORDED {
        assert!(recorded.contains("@OURS@") && !recorded.contains('\r'), "as it was delivered:\n{recorded}");
        let theirs = recorded.replace("@OURS@", "somebody@example.com");
        assert_eq!(read(&theirs), Err(BounceError::Forged));
        let mut mails = vec![recorded.replace("@OURS@", &ours())];
        mails.push(mails[0].replace('\n', "\r\n"));
        mails.extend(["X-Original-To: ", "Delivered-To: ", "To: "].map(|header| {
            theirs.replacen(&format!("\n{header}somebody@example.com"), &format!("\n{header}{}", ours()), 1)
        }));
        for mail in mails {
            let found = read_report(&mail);
            assert_eq!((found.job_id, found.generation), (job(), Generation(2)));
            let [one] = &found.recipients[..] else { panic!("one recipient was written to: {found:?}") };
            assert_eq!((one.action, one.status.map(|it| it.to_string()).as_deref()), (action, Some(status)));
            assert!(found.written_at.is_some() && one.diagnostic.is_some(), "{found:?}");
            assert!(!format!("{found:?}").contains("@example.net"), "{found:?}");
        }
    }
}

#[test]
fn a_report_is_ours_by_whichever_header_the_mail_server_writes_the_address_down_in() {
    for headers in [
        format!("To: {}\r\n", ours()),
        format!("To: <{}>\r\n", ours().to_uppercase()),
        format!("Delivered-To: {}\r\nTo: undisclosed-recipients:;\r\n", ours()),
        format!(
            "X-Original-To: {}\r\nDelivered-To: b@bounce.example.com\r\nTo: b@bounce.example.com\r\n",
            ours()
        ),
        format!("Envelope-to: <{}>\r\n", ours()),
    ] {
        assert_eq!(read_report(&report(&headers, POSTFIX)).job_id, job(), "{headers}");
    }
}

#[test]
fn a_report_to_no_address_of_ours_is_a_forgery_whatever_it_holds() {
    let forged = ours().replacen("abcd.2", "abcd.1", 1);
    for headers in [
        String::new(),
        "To: noreply@example.com\r\n".to_owned(),
        format!("To: {forged}\r\n"),
        format!("Subject: {}\r\n", ours()),
        format!("To: x@example.com\r\nX-Failed-Recipients: {}\r\n", ours()),
    ] {
        assert_eq!(read(&report(&headers, POSTFIX)), Err(BounceError::Forged), "{headers}");
    }
    let within = report("", &format!("{POSTFIX}\r\nDelivered-To: {}\r\n", ours()));
    assert_eq!(read(&within), Err(BounceError::Forged));
    let other = BounceAddresses::new("bounce.example.com", &[SECRET.to_uppercase()]).expect("good settings");
    let mail = report(&format!("To: {}\r\n", ours()), POSTFIX);
    assert_eq!(read_bounce(mail.as_bytes(), &other), Err(BounceError::Forged));
}

#[test]
fn an_answering_machine_reports_nothing_however_it_words_it() {
    let to = ours();
    for mail in [
        format!(
            "Return-Path: <kim@example.net>\r\nTo: {to}\r\nAuto-Submitted: auto-replied\r\n\
             Subject: Out of office\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        ),
        format!(
            "Return-Path: <kim@example.net>\r\nTo: {to}\r\n\
             Subject: Undelivered Mail Returned to Sender\r\n\r\nI am away; 550 5.1.1\r\n"
        ),
        // A receipt for a mail that was read.
        report(&format!("To: {to}\r\n"), POSTFIX).replace("delivery-status", "disposition-notification"),
    ] {
        assert_eq!(read(&mail), Ok(BounceMail::NoReport), "{mail}");
    }
}

#[test]
fn a_report_without_an_action_or_beyond_every_measure_is_left_to_a_person() {
    let to = format!("To: {}\r\n", ours());
    for fields in [
        "Reporting-MTA: dns; x\r\n".to_owned(),
        "Final-Recipient: rfc822; x\r\nStatus: 5.1.1\r\n".to_owned(),
        "Action: exploded\r\nStatus: 5.1.1\r\n".to_owned(),
        "Action: failed\r\n\r\n".repeat(33),
    ] {
        assert_eq!(read(&report(&to, &fields)), unread(UnreadReason::Report), "{fields}");
    }
    assert_eq!(read(""), Err(BounceError::Unreadable));
    assert_eq!(read(&"x".repeat(REPORT_BYTES_MAX + 1)), Err(BounceError::TooLarge));
    let large =
        |head: &str| read_large_bounce(format!("{head}\r\n{}", "x".repeat(10_000)).as_bytes(), &addresses());
    let why = UnreadReason::TooLarge;
    assert_eq!(large(&to), Ok(UnreadBounce { job_id: job(), generation: Generation(2), why }));
    assert_eq!(large("To: noreply@example.com\r\n"), Err(BounceError::TooLarge));
}

#[test]
fn a_report_with_several_recipients_names_each_of_them() {
    let fields = format!("{POSTFIX}\r\nFinal-Recipient: rfc822; lee@example.net\r\nAction: relayed\r\n");
    let found = read_report(&report(&format!("To: {}\r\n", ours()), &fields));
    let actions: Vec<_> = found.recipients.iter().map(|one| one.action).collect();
    assert_eq!(actions, [DsnAction::Failed, DsnAction::Relayed]);
    assert_eq!(found.recipients[1].status, None);
}
