//! Mails that come back in odd forms: broken and folded lines, odd line ends and charsets, and one thing without an end.

use base64::{Engine, prelude::BASE64_STANDARD};
use closure_providers::{BounceMail, REPORT_BYTES_MAX, UnreadReason, read_bounce};

use crate::bounces::{POSTFIX, READ, addresses, away, ours, qmail, read, report, unread};

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
fn a_text_in_utf_16_says_what_it_says_whatever_its_charset_is_called_and_one_that_nobody_can_read_is_no_away_note()
 {
    let le = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let be = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>();
    let note = |kind: &str, encoding: &str, body: &[u8]| {
        let fields = format!(
            "Subject: Out of office\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n"
        );
        let head = away(&ours(), "").replace("Subject: Out of office: your reply\r\n", &fields);
        read_bounce(&[head.as_bytes(), body].concat(), &addresses())
    };
    let failure = "I am away. Your message was not delivered.";
    for (said, expected) in [
        ("I am away until Monday.", Ok(BounceMail::NoReport)),
        (failure, unread(UnreadReason::Words)),
        ("부재중입니다. 메일이 반송되었습니다. Sorry!", unread(UnreadReason::Words)),
    ] {
        let html = format!("<html><body><p>{said}</p></body></html>");
        for kind in ["text/plain", "text/plain; charset=utf-8", "text/plain; charset=us-ascii", "text/html"] {
            let said = if kind == "text/html" { html.as_str() } else { said };
            for bytes in [le(&format!("\u{feff}{said}")), be(&format!("\u{feff}{said}"))] {
                let quoted: String = bytes.iter().map(|byte| format!("={byte:02X}")).collect();
                let base64 = BASE64_STANDARD.encode(&bytes);
                assert_eq!(note(kind, "8bit", &bytes), expected, "{kind}: {said}");
                assert_eq!(note(kind, "quoted-printable", quoted.as_bytes()), expected, "{kind}: {said}");
                assert_eq!(note(kind, "base64", base64.as_bytes()), expected, "{kind}: {said}");
            }
        }
    }
    for unmarked in [le(failure), be(failure)] {
        assert_eq!(note("text/plain", "8bit", &unmarked), unread(UnreadReason::Words));
    }
    // The same in Korean without a mark, and in the charset of its country without its name.
    let korean = le("메일이반송되었습니다메일이반송되었습니다메일이반송되었습니다메일이반송되었습니다");
    assert_eq!(note("text/plain", "8bit", &korean), unread(UnreadReason::Words));
    let euc_kr = b"\xb8\xde\xc0\xcf\xc0\xcc \xb9\xdd\xbc\xdb\xb5\xc7\xbe\xfa\xbd\xc0\xb4\xcf\xb4\xd9.";
    assert_eq!(note("text/plain", "8bit", euc_kr), unread(UnreadReason::Words));
    assert_eq!(note("text/plain; charset=euc-kr", "8bit", euc_kr), unread(UnreadReason::Words));
    // Japanese in seven bits without the charset's name.
    let iso_2022_jp = b"\x1b$BG[?.$G$-$^$;$s$G$7$?\x1b(B";
    assert_eq!(note("text/plain", "7bit", iso_2022_jp), unread(UnreadReason::Words));
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

#[test]
fn a_denial_binds_within_its_clause_alone() {
    let to = ours();
    for words in [
        "The first try failed, but the second try delivered it. I'm not going to try again.",
        "The first try failed, the second try delivered it.",
        "The first try failed but the second one delivered it.",
        "The first try failed and the second delivered it.",
        "The first try failed then the second delivered it.",
        "The first try failed: the second delivered it.",
        "The first try failed (the second delivered it).",
        "The first try failed \u{2014} the second delivered it.",
        "I'm not going to try again because a relay delivered it.",
        "The first server refused it\r\n\r\nThe message has been delivered by the second",
        "Nevertheless it has been delivered.",
        "After a minor delay it got through.",
        "주소가 잘못 적혀 있었고 다른 주소로 전송되었습니다.",
        "잘못된 주소를 고쳐 전달되었습니다.",
        "처음에는 보내지 못했지만 두 번째에 전달되었습니다.",
        "第一次未成功，第二次已送达。",
        "第一次未成功但第二次已送达。",
        "最初は配信できませんでしたが、二回目に配信されました。",
        "無事に配信されました。",
        "最初は配信されましたが、二回目は配信できませんでした。",
        "一通目は送信されましたが二通目は配信できませんでした。",
        "두 번째 서버로 전송되었\r\n습니다.",
    ] {
        assert_eq!(read(&qmail(&to, words)), unread(UnreadReason::Words), "{words}");
    }
    for words in [
        "I'm sorry, it has not been delivered.",
        "It was tried twice and it was never delivered.",
        "It is undeliverable, that is not\r\ndelivered, and was undelivered before.",
        "메일이 전송되지 못했고 아무에게도 전달되지 않았습니다.",
    ] {
        let found = read(&qmail(&to, words));
        assert!(matches!(found, Ok(BounceMail::Notice(_))), "{words}: {found:?}");
    }
}

/// Nothing that a mail of the largest size can hold stops whoever reads it, or hides what it says from a person.
#[test]
fn a_mail_of_one_thing_is_read_at_every_size_like_any_other() {
    const TEXT_BYTES: usize = 64 * 1024;
    let to = ours();
    for unit in [
        "できません delivered ",
        "delivered ",
        "not delivered ",
        "delivered not, ",
        "succeeded but ",
        "un",
        "전송되었습니다 ",
        "못",
        "\u{fdfa}",
        "\u{130}",
        "a@b.cc ",
        "5.1.1 ",
        "550 ",
        ".",
        "<",
    ] {
        let body = format!("できません {}", unit.repeat(TEXT_BYTES / unit.len()));
        assert_eq!(read(&qmail(&to, &body)), unread(UnreadReason::Words), "{unit}");
        let mail = qmail(&to, "");
        let room = REPORT_BYTES_MAX - mail.len() - 64;
        let subject = format!("できません {}", unit.repeat(room / unit.len()));
        let mail = mail.replace("failure notice", &subject);
        assert_eq!(read(&mail), unread(UnreadReason::Words), "{unit} in the subject");
    }
    let lines = "received: x\r\n".repeat(TEXT_BYTES / 13);
    assert_eq!(read(&qmail(&to, &lines)), unread(UnreadReason::Words));
    // As many addresses in its head as in its words.
    let listed: String = (0..REPORT_BYTES_MAX / 14).map(|nth| format!(", a{nth:06}@b.cc")).collect();
    let named: String = (0..TEXT_BYTES / 16).map(|nth| format!("x{nth:06}@b.cc\r\n")).collect();
    let head = qmail(&to, "").len() + named.len();
    let listed = &listed[..(REPORT_BYTES_MAX - head) / 14 * 14];
    let mail = qmail(&format!("{to}{listed}"), &named);
    assert!(mail.len() <= REPORT_BYTES_MAX);
    assert_eq!(read(&mail), unread(UnreadReason::Words));
}

#[test]
fn what_lies_beyond_the_words_that_are_looked_at_is_left_to_a_person() {
    let to = ours();
    let long = "I am away. ".repeat(64 * 1024 / 11);
    assert_eq!(read(&away(&to, &long[..60_000])), Ok(BounceMail::NoReport));
    let failure = format!("{long}Your message was not delivered.");
    assert_eq!(read(&away(&to, &failure)), unread(UnreadReason::Words));
    let delivered = format!("{}\r\n<kim@example.net>: the second try delivered it.", "x ".repeat(32 * 1024));
    let (before, _) = delivered.split_at(20);
    assert!(matches!(read(&qmail(&to, before)), Ok(BounceMail::Notice(_))));
    let notice = qmail(&to, "").replace("--- Below this line is a copy of the message.", &delivered);
    assert_eq!(read(&notice), unread(UnreadReason::Words));
    // These letters are shorter in lower case, and the copy does not begin earlier for that.
    let shrinking = qmail(&to, &"\u{212a}".repeat(30));
    assert!(matches!(read(&shrinking), Ok(BounceMail::Notice(_))));
    let hidden = shrinking.replace("--- Below", "The second server delivered it.\r\n\r\n--- Below");
    assert_eq!(read(&hidden), unread(UnreadReason::Words));
    // The copy of our own mail may be as long as it likes.
    let copied = format!("{}{}", qmail(&to, ""), "x ".repeat(64 * 1024));
    assert!(matches!(read(&copied), Ok(BounceMail::Notice(_))));
}
