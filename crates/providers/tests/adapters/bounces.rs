//! Mails that come back, in the forms of several mail servers; only the address that we made is believed.

use closure_contract::{Generation, JobId, facts::bounces::DsnAction};
use closure_providers::{
    BounceAddresses, BounceError, BounceMail, BounceReport, REPORT_BYTES_MAX, UnreadBounce, UnreadReason,
    read_bounce, read_large_bounce,
};

const SECRET: &str = "a-secret-of-the-tests-0123456789-0123456789";

pub(crate) fn addresses() -> BounceAddresses {
    BounceAddresses::new("bounce.example.com", &[SECRET.to_owned()]).expect("good settings")
}

fn job() -> JobId {
    "0198c0de-0000-7000-8000-00000000abcd".parse().expect("a UUID")
}

pub(crate) fn ours() -> String {
    addresses().sender(job(), Generation(2))
}

/// A report with this `To` and these groups of fields.
pub(crate) fn report(headers: &str, fields: &str) -> String {
    format!(
        "{headers}From: MAILER-DAEMON@mx.example.com\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Date: Wed, 1 Jul 2026 12:00:00 +0000\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: text/plain\r\n\r\nI'm sorry to have to inform you.\r\n\r\n\
         --b1\r\nContent-Type: message/delivery-status\r\n\r\n{fields}\r\n\
         --b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: noreply@example.com\r\nSubject: x\r\n\r\nbody\r\n--b1--\r\n"
    )
}

pub(crate) const POSTFIX: &str = "Reporting-MTA: dns; mx.example.com\r\nX-Postfix-Queue-ID: 4XyZ12\r\n\r\n\
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

pub(crate) fn read(mail: &str) -> Result<BounceMail, BounceError> {
    read_bounce(mail.as_bytes(), &addresses())
}

pub(crate) fn unread(why: UnreadReason) -> Result<BounceMail, BounceError> {
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
        report(&format!("To: {to}\r\n"), READ).replace("delivery-status", "disposition-notification"),
        away(&to, "I am away until Monday.\r\n"),
    ] {
        assert_eq!(read(&mail), Ok(BounceMail::NoReport), "{mail}");
    }
}

/// What a mail program writes that showed the mail (RFC 8098).
pub(crate) const READ: &str = "Reporting-UA: pc.example.net; Mailer\r\nFinal-Recipient: rfc822; kim@example.net\r\n\
    Disposition: manual-action/MDN-sent-manually; displayed\r\n";

/// A note of an answering machine that writes without a sender.
pub(crate) fn away(to: &str, words: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: kim@example.net\r\nTo: {to}\r\nAuto-Submitted: auto-replied (vacation)\r\n\
         Subject: Out of office: your reply\r\n\r\n{words}"
    )
}

#[test]
fn a_report_about_a_reader_that_names_none_and_an_away_note_that_may_tell_of_a_failure_are_left_to_a_person()
{
    let to = ours();
    let head = format!("Return-Path: <>\r\nTo: {to}\r\n");
    let reading = |fields: &str| report(&head, fields).replace("delivery-status", "disposition-notification");
    for fields in [
        POSTFIX.to_owned(),
        DELAYED.to_owned(),
        format!("{READ}Action: failed\r\n"),
        READ.replace("displayed", "failed"),
        READ.replace("displayed", "displayed/error"),
        READ.replace("displayed", "dispatched"),
        READ.replace("Disposition", "Subject"),
        String::new(),
    ] {
        assert_eq!(read(&reading(&fields)), unread(UnreadReason::Reading), "{fields}");
    }
    for words in [
        "I am away. Your message was not delivered.\r\n",
        "This mailbox is full; your mail was returned to sender.\r\n",
        "This account is no longer in use, mail to it is not delivered to anybody.\r\n",
        "Your mail could not be delivered because I am on vacation.\r\n",
        "메일이 반송되었습니다.\r\n",
    ] {
        assert_eq!(read(&away(&to, words)), unread(UnreadReason::Words), "{words}");
    }
}

/// A notice of qmail about one recipient, in these words.
pub(crate) fn qmail(to: &str, words: &str) -> String {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.net\r\nTo: {to}\r\nSubject: failure notice\r\n\r\n\
         Hi. This is the qmail-send program at mx.example.net.\r\n{words}\r\n\r\n<kim@example.net>:\r\n\
         192.0.2.1 does not like recipient.\r\nRemote host said: 550 5.1.1 no such user\r\n{GIVING_UP}"
    )
}

const GIVING_UP: &str = "Giving up on 192.0.2.1.\r\n\r\n--- Below this line is a copy of the message.\r\n\r\n\
    Subject: Your consultation was delivered to us\r\n";

#[test]
fn a_notice_that_says_anywhere_that_the_mail_was_delivered_is_left_to_a_person() {
    let to = ours();
    let sure = "I'm afraid I wasn't able to deliver your message to the following addresses.\r\n\
                This is a permanent error; I've given up. Sorry it didn't work out.";
    assert!(matches!(read(&qmail(&to, sure)), Ok(BounceMail::Notice(_))), "{:?}", read(&qmail(&to, sure)));
    let denied =
        format!("{sure} It could not\r\nbe delivered to the address below, and nothing was delivered");
    let denied = denied.replace("and nothing was delivered", "and has not been delivered.");
    assert!(matches!(read(&qmail(&to, &denied)), Ok(BounceMail::Notice(_))), "{denied}");
    for words in [
        "The first try failed; the second try delivered it. I'm not going to try again.",
        "I wasn't able to deliver it at first. It was delivered at the second try.",
        "The message below has been delivered\r\nafter all.",
        "A first attempt failed. The second one succeeded; I'm not going to try again.",
        "A first attempt failed. The message went through later.",
    ] {
        assert_eq!(read(&qmail(&to, words)), unread(UnreadReason::Words), "{words}");
    }
}

#[test]
fn a_mail_in_utf_16_or_with_carriage_returns_alone_is_read_like_any_other_or_put_aside_for_what_it_is() {
    let le = |mail: &str| mail.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let be = |mail: &str| mail.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let to = format!("To: {}\r\n", ours());
    let failed = report(&to, POSTFIX);
    let expected = read(&failed);
    assert!(matches!(expected, Ok(BounceMail::Report(_))));
    for bytes in [
        le(&failed),
        be(&failed),
        le(&format!("\u{feff}{failed}")),
        be(&format!("\u{feff}{failed}")),
        failed.replace("\r\n", "\r").into_bytes(),
        le(&failed.replace("\r\n", "\r")),
    ] {
        assert_eq!(read_bounce(&bytes, &addresses()), expected, "{}", bytes[..80].escape_ascii());
        assert_eq!(read_large_bounce(&bytes, &addresses()).map(|large| large.job_id), Ok(job()));
    }
    let forged = failed.replace(&ours(), "b+x.1.y@bounce.example.com");
    assert_eq!(read_bounce(&le(&forged), &addresses()), Err(BounceError::Forged));
    let without = report(&to, "Reporting-MTA: dns; x\r\n");
    assert_eq!(read_bounce(&le(&without), &addresses()), unread(UnreadReason::Report));
    // Its groups of fields are in UTF-16 within a mail that is not.
    let (before, after) = failed.split_at(failed.find("Reporting-MTA").expect("the fields"));
    let (fields, after) = after.split_at(after.find("\r\n--b1").expect("their end"));
    let within = [before.as_bytes(), &le(fields), after.as_bytes()].concat();
    assert_eq!(read_bounce(&within, &addresses()), expected);
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
