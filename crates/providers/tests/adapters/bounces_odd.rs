//! Mails that come back in odd forms: folded fields and odd line ends.

use closure_providers::{BounceMail, UnreadReason};

use crate::bounces::{POSTFIX, READ, ours, read, report, unread};

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
