//! Mails that came back in every form that is known, and in forms that nobody knows: each is read, or left to a person.

use std::{collections::BTreeSet, path::Path};

use closure_contract::facts::bounces::DsnAction;
use closure_contract::{Generation, JobId};
use closure_providers::{BounceAddresses, BounceError, BounceMail, BounceReport, read_bounce};

const RECIPIENT: &str = "gone@example.net";

fn addresses() -> BounceAddresses {
    let secret = "a-secret-of-the-tests-0123456789-0123456789".to_owned();
    BounceAddresses::new("bounce.example.com", &[secret]).expect("good settings")
}

fn job() -> JobId {
    "0198c0de-0000-7000-8000-00000000abcd".parse().expect("a UUID")
}

/// A recorded mail as it would have come to a bounce address of ours.
fn delivered(raw: &[u8]) -> Vec<u8> {
    const PLACE: &[u8] = b"@OURS@";
    let ours = addresses().sender(job(), Generation(2));
    let mut mail = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.windows(PLACE.len()).position(|window| window == PLACE) {
        mail.extend_from_slice(&rest[..at]);
        mail.extend_from_slice(ours.as_bytes());
        rest = &rest[at + PLACE.len()..];
    }
    mail.extend_from_slice(rest);
    mail
}

fn told(report: &BounceReport) -> String {
    let [one] = &report.recipients[..] else { return format!("{} recipients", report.recipients.len()) };
    let action = match one.action {
        DsnAction::Failed => "failed",
        DsnAction::Delayed => "delayed",
        DsnAction::Delivered => "delivered",
        DsnAction::Relayed => "relayed",
        DsnAction::Expanded => "expanded",
    };
    format!("{action} {}", one.status.map_or_else(|| "-".to_owned(), |status| status.to_string()))
}

fn verdict(mail: &[u8]) -> String {
    match read_bounce(mail, &addresses()) {
        Ok(BounceMail::Report(report)) => {
            assert_eq!((report.job_id, report.generation), (job(), Generation(2)));
            format!("report {}", told(&report))
        }
        Ok(BounceMail::Notice(notice)) => match notice.about(&RECIPIENT.to_uppercase()) {
            Some(report) => told(&report).replace("failed", "notice"),
            None => "another".to_owned(),
        },
        Ok(BounceMail::Complaint(complaint)) => {
            assert_eq!((complaint.job_id, complaint.generation), (job(), Generation(2)));
            format!("complaint {:?}", complaint.feedback)
        }
        Ok(BounceMail::NoReport) => "harmless".to_owned(),
        Ok(BounceMail::Unread(_)) => "unread".to_owned(),
        Err(BounceError::Forged) => "forged".to_owned(),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn every_notice_is_read_as_what_it_says_or_left_to_a_person() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/notices");
    let verdicts = std::fs::read_to_string(folder.join("verdicts.tsv")).expect("the table is there");
    let mut wrong = Vec::new();
    let mut listed = BTreeSet::new();
    for line in verdicts.lines().filter(|line| !line.starts_with('#')) {
        let (name, expected) = line.split_once('\t').expect("a name and a verdict");
        listed.insert(format!("{name}.eml"));
        let raw = std::fs::read(folder.join(format!("{name}.eml"))).expect("the notice is there");
        let found = verdict(&delivered(&raw));
        if found != expected {
            wrong.push(format!("{name}: {found}, and not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), listed.len(), wrong.join("\n"));
    let there = std::fs::read_dir(&folder).expect("the folder is there").flatten();
    let there = there.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let unlisted: Vec<String> =
        there.filter(|name| name.ends_with(".eml") && !listed.contains(name)).collect();
    assert!(unlisted.is_empty(), "no verdict is given for {unlisted:?}");
}

/// What the reader makes of half a notice may differ, but it may not fall over it, and nothing of it is harmless.
#[test]
fn a_mail_servers_notice_that_is_cut_anywhere_is_never_harmless() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded/notices");
    for name in
        ["postfix", "inside-mixed", "report-in-base64", "qmail", "exchange-korean", "exchange-html-alone"]
    {
        let raw = std::fs::read(folder.join(format!("{name}.eml"))).expect("the notice is there");
        let mail = delivered(&raw);
        let head = mail.windows(2).position(|window| window == b"\n\n").expect("a head");
        for cut in head..mail.len() {
            assert_ne!(verdict(&mail[..cut]), "harmless", "{name} after {cut} bytes");
        }
    }
}
