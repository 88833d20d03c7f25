//! Mails that come back in odd forms: folded fields, odd line ends and broken lines.

use closure_providers::{BounceMail, UnreadReason};

use crate::bounces::{POSTFIX, READ, away, ours, qmail, read, report, unread};

/// A report about a reader with these fields.
fn reading(fields: &str) -> String {
    let head = format!("Return-Path: <>\r\nTo: {}\r\n", ours());
    report(&head, fields).replace("delivery-status", "disposition-notification")
}

#[test]
fn the_fields_about_a_reader_are_whole_however_they_are_folded_and_a_bare_return_hides_none() {
    let said = "manual-action/MDN-sent-manually; displayed";
    for folded in [
        "automatic-action/MDN-sent-automatically;\r\n displayed",
        "automatic-action/MDN-sent-automatically;\n\tdisplayed",
        "automatic-action/MDN-sent-automatically;\r displayed",
        "\r\n automatic-action/\r\n MDN-sent-automatically;\r\n  deleted",
    ] {
        assert_eq!(read(&reading(&READ.replace(said, folded))), Ok(BounceMail::NoReport), "{folded:?}");
    }
    for hidden in ["Action: failed", "Status: 5.1.1", "Diagnostic-Code: smtp; 550", "Failure: no such user"] {
        let fields = READ.replace("Mailer\r\n", &format!("Mailer\r{hidden}\r\n"));
        assert_eq!(read(&reading(&fields)), unread(UnreadReason::Reading), "{hidden}");
    }
    for folded in ["displayed;\r\n failed", "displayed/\r\n error", "\r\n dispatched"] {
        assert_eq!(
            read(&reading(&READ.replace("displayed", folded))),
            unread(UnreadReason::Reading),
            "{folded:?}"
        );
    }
}

#[test]
fn a_mail_with_carriage_returns_alone_is_read_like_any_other_wherever_a_line_feed_is_in_it() {
    let failed = report(
        &format!("Received: from mx.example.net\r\n\tby mx.example.com\r\nTo: {}\r\n", ours()),
        POSTFIX,
    );
    let expected = read(&failed);
    assert!(matches!(expected, Ok(BounceMail::Report(_))));
    let returns = failed.replace("\r\n", "\r");
    for (at, _) in returns.match_indices('\r') {
        let mut mail = returns.clone();
        mail.replace_range(at..=at, "\n");
        // Behind a return the line feed would belong to it.
        if !returns[..at].ends_with('\r') {
            assert_eq!(read(&mail), expected, "a line feed at {at}");
        }
        mail.clone_from(&returns);
        mail.replace_range(at..=at, "\r\n");
        assert_eq!(read(&mail), expected, "a whole line end at {at}");
    }
    // The program that stored it put its own fields before it.
    for stored in [
        "From MAILER-DAEMON\n",
        "Return-Path: <>\nDelivered-To: b@bounce.example.com\n",
        "Return-Path: <>\r\n",
    ] {
        assert_eq!(read(&format!("{stored}{returns}")), expected, "{stored}");
    }
    // A return within a line of any other mail ends no line.
    let stray =
        failed.replace("Undelivered Mail", "Undelivered\rMail").replace("I'm sorry", "I'm\r\rTo: sorry");
    assert_eq!(read(&stray), expected);
}

#[test]
fn words_mean_the_same_wherever_their_lines_are_broken() {
    let to = ours();
    for words in [
        "Your mail could not be delivered because I am on vacation.",
        "This mailbox is full and your mail was returned to sender.",
        "I am away and the address couldn\u{2019}t be found.",
        "The account does not exist any more, says the user unknown to us.",
        "I am away. The mail has been delayed.",
        "자리에 없습니다. 메일 배달 실패 안내입니다.",
    ] {
        let expected = unread(UnreadReason::Words);
        assert_eq!(read(&away(&to, words)), expected, "{words}");
        for line_end in ["\r\n", "\r\n   ", " \r\n\r\n"] {
            assert_eq!(read(&away(&to, &words.replace(' ', line_end))), expected, "{line_end:?}: {words}");
            for (at, _) in words.match_indices(' ') {
                let mut broken = words.to_owned();
                broken.replace_range(at..=at, line_end);
                assert_eq!(read(&away(&to, &broken)), expected, "{broken:?}");
            }
        }
    }
    // Languages without spaces, and Korean in narrow columns, are broken within a word.
    for words in ["您的邮件未送达", "邮箱不存在", "このメールは届きません", "메일이 반송되었습니다"]
    {
        for (at, _) in words.char_indices().skip(1) {
            let broken = format!("{}\r\n{}", &words[..at], &words[at..]);
            assert_eq!(read(&away(&to, &broken)), unread(UnreadReason::Words), "{broken:?}");
        }
    }
    let notice = qmail(&to, "I wasn't able to deliver your message to the following addresses.");
    let broken = notice.replace("This is the qmail-send program", "This is the\r\nqmail-send program");
    let broken = broken.replace("I wasn't able to deliver", "I could\r\nnot deliver");
    assert!(matches!(read(&broken), Ok(BounceMail::Notice(_))), "{:?}", read(&broken));
}
