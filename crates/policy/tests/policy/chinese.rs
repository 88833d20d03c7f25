//! R14b: is a text Chinese? Real sentences with their verdicts.

use closure_policy::{
    language::chinese::{ChineseFacts, judge},
    rulebook::Rulebook,
};

/// The verdict on one sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Simplified Chinese: no email is due for its language.
    Chinese,
    /// Chinese with Traditional characters: an email answers, unless that is switched off.
    Traditional,
    /// Not Chinese: an email answers.
    Other,
}

use Verdict::{Chinese, Other, Traditional};

const SENTENCES: &[(&str, Verdict)] = &[
    // Simplified Chinese as a contact centre writes it.
    ("您好，您的退款已经处理完毕，请注意查收。", Chinese),
    ("您好！您遗失的物品已找到，请于营业时间内联系司机领取。", Chinese),
    ("非常抱歉给您带来不便，我们已取消该笔费用。", Chinese),
    ("您的行程费用有误，差额将在三至五个工作日内退回。", Chinese),
    ("已退款", Chinese),
    ("司机已到达上车地点，请尽快前往。", Chinese),
    ("感谢您的咨询，我们将予以核实并尽快答复。", Chinese),
    ("由于信用卡授权失败，无法完成付款，请更换支付方式。", Chinese),
    ("您的账户已恢复正常使用。", Chinese),
    ("很遗憾，未能找到您所描述的物品。", Chinese),
    ("叫车时请确认上车位置。\n如有疑问，请查看常见问题。", Chinese),
    // Characters that Simplified Chinese shares with a short form of Japan's.
    ("国内会员的万元学习金已经来了，请给予确认。", Chinese),
    ("芸豆、缶、弁、欠费、予以办理", Chinese),
    // Names with rare characters of the mainland.
    ("尊敬的玥女士、镕先生：您的投诉已受理。", Chinese),
    ("尊敬的喆先生，您的发票已开具。", Chinese),
    // Mixed with brand names, addresses, numbers and codes.
    ("【K.ride】您的订单AB-12345已退款30,000元。", Chinese),
    ("K.ride 与 Kakao T 的客服已确认您的行程。", Chinese),
    ("感谢您使用 Kakao Mobility 的服务。", Chinese),
    ("请访问 https://kride.example/help?id=1&lang=zh 查看详情。", Chinese),
    ("请查看www.kride.example/faq了解退款规则。", Chinese),
    ("如有疑问，请发送邮件至 help@example.com。", Chinese),
    ("您的 refund 已经处理完毕，请查收。", Chinese),
    ("订单号 2026-11-25-A7，金额 ¥128.50，已退款。", Chinese),
    ("行程从 Incheon Airport 到明洞的费用已退还给您。", Chinese),
    ("您好，Ｋ．ｒｉｄｅ客服已受理您的申请。", Chinese),
    ("１２３４５号订单已退款", Chinese),
    // The share of Han is counted in units: the border is sixty in a hundred, inclusive.
    ("您好吗 a b", Chinese),
    ("您好吗 a b c", Other),
    // Traditional Chinese in the wording of Taiwan.
    ("您好，您的退款已經處理完畢，請留意查收。", Traditional),
    ("很抱歉造成您的不便，我們已取消該筆費用。", Traditional),
    ("司機已抵達上車地點，請儘速前往。", Traditional),
    ("您遺失的手機已經找到，請與我們聯絡。", Traditional),
    ("【K.ride】您的訂單AB-12345已退費。", Traditional),
    ("信用卡授權失敗，請改用其他付款方式。", Traditional),
    // Traditional Chinese in the wording of Hong Kong, with the characters of Cantonese.
    ("你好，你嘅退款已經處理咗，請查收。", Traditional),
    ("唔好意思，我哋搵唔到你漏低嘅嘢，請聯絡司機。", Traditional),
    ("司機到咗上車點喇，麻煩你快啲嚟。", Traditional),
    ("閣下的查詢已轉交有關部門跟進。", Traditional),
    // Simplified and Traditional in one text.
    ("您的退款已经處理完毕。", Traditional),
    // English.
    ("Your refund has been processed.", Other),
    ("Dear customer, your lost item was found. Please contact the driver.", Other),
    ("Dear customer, 您好 your refund has been processed today", Other),
    ("K.ride: refund 退款 completed", Other),
    ("Ni hao, nin de tuikuan yijing chuli wanbi.", Other),
    // Korean.
    ("안녕하세요. 환불이 완료되었습니다.", Other),
    ("您的退款已经处理完毕。 감사합니다.", Other),
    ("大韓民國 환불", Other),
    // Vietnamese, Thai, Russian.
    ("Chúng tôi đã hoàn tiền cho quý khách.", Other),
    ("เราได้คืนเงินให้คุณแล้ว", Other),
    ("Ваш возврат обработан.", Other),
    // Japanese with kana, of full and of half width.
    ("返金が完了しました。", Other),
    ("ご利用ありがとうございます。領収書を発行しました。", Other),
    ("お忘れ物は運転手が保管しています。", Other),
    ("キャンセル料金", Other),
    ("ｷｬﾝｾﾙ料金返金", Other),
    ("東京タワー", Other),
    // Japanese without kana, told by a character that only Japan writes.
    ("返金処理完了", Other),
    ("利用規約変更", Other),
    ("領収書発行済", Other),
    ("車両到着、乗車場所変更", Other),
    ("運転手確認中", Other),
    // Japanese without kana and without such a character cannot be told from Chinese by its script; where Simplified
    // writes one of its characters otherwise, the email is due all the same.
    ("東京都港区", Traditional),
    ("請求金額訂正", Traditional),
    ("返金完了", Chinese),
    // Korean written in hanja alone is Traditional Chinese by its characters, and the email is due.
    ("大韓民國", Traditional),
    ("換拂處理完了", Traditional),
    ("交通費 精算", Traditional),
    ("料金完了", Chinese),
    // Another language in capitals, whose words no list has, is a clause of its own and too long for a name.
    ("您好，感谢您的来信。Rimborso Annullato Dalla Banca。感谢您的理解与支持！", Other),
    ("您好，感谢您的来信。HOAN TIEN BI TU CHOI。感谢您的理解与支持！", Other),
    ("您好，感谢您的来信。PEMBAYARAN DITOLAK BANK。感谢您的理解与支持！", Other),
    ("请到【Four Seasons Hotel】门口等候您的司机，感谢您的理解。", Chinese),
    // Two words of an answer within a Chinese clause, because a space stands where a stop belongs.
    ("您好，感谢您的来信！Refund failed 感谢您的理解与支持！", Other),
    ("您好，感谢您的来信！Driver arrived 感谢您的理解与支持！", Other),
    // Nothing that could be Chinese.
    ("", Other),
    (" \n ", Other),
    ("12345", Other),
    ("😀😀🎉", Other),
    ("🚗 2026-11-25 09:30", Other),
    ("https://kride.example", Other),
    ("K.ride", Other),
    ("ＲＥＦＵＮＤ　ＣＯＭＰＬＥＴＥＤ", Other),
    ("，。！？", Other),
    // One character is too little evidence.
    ("退", Other),
    // A signature says nothing about the text that follows, whatever its own script.
    ("【您好您好】", Other),
    ("【快乐出行】Your refund has been processed.", Other),
    ("【K.ride】您的退款已经处理完毕。", Chinese),
    ("【카카오】您的退款已经处理完毕。", Chinese),
    ("【嘟嘟出行】您好 refunded 谢谢", Other),
    // What Chinese tells the customer to press stands right before its label, and no label tells what was done.
    ("您选择的车已到达 Trip Was Cancelled", Other),
    ("我们未找到您的物品 Refund Denied", Other),
    ("请点击 Cancel Ride 按钮", Chinese),
    // Endings without a word, and doubled letters that are none of English.
    ("您的退款已完成 er 谢谢", Chinese),
    ("您的退款已完成，ly ing ééd", Other),
    // A loan word that is a clause of its own is the answer where the Chinese around it is courtesy alone.
    ("您好，No. 谢谢", Other),
    ("您好，OK。谢谢", Other),
    ("谢谢您的来信。No.", Other),
    ("关于您的投诉：No.", Other),
    ("您好，您的App已更新。谢谢", Chinese),
    ("OK，已为您修改上车地点。", Chinese),
    ("付款方式：Alipay，金额已退回。", Chinese),
    // These are of the kinds of the issue again, in other words.
    ("【Refund done】感谢", Other),
    ("您好，ขอบคุณค่ะ。谢谢", Other),
    ("敬启者：No refund possible. 此致 敬礼", Other),
    ("您好，votre remboursement est en cours，谢谢", Other),
    ("起点：Incheon International Airport；终点：Signiel Seoul。", Chinese),
    ("您遗失的Ray-Ban太阳镜已寄往Grand Hyatt Seoul。", Chinese),
    ("司机姓名：Park Jisung，车牌：34나5678。", Chinese),
];

fn facts(text: &str) -> ChineseFacts {
    let rulebook = Rulebook::default();
    judge(text, None, &rulebook.china, &rulebook.brand_words)
}

/// Sentences with labels that were set before the rule was run over them.
const LABELLED: &str = include_str!("chinese_sentences.tsv");
/// Of the Chinese answers at most so many of a hundred may have a needless email.
const NEEDLESS_PERCENT_MAX: usize = 2;

#[test]
fn no_answer_in_another_language_passes_as_chinese_and_few_chinese_ones_have_a_needless_email() {
    let rulebook = Rulebook::default();
    let (mut missed, mut needless, mut chinese, mut all) = (Vec::new(), Vec::new(), 0, 0);
    for line in LABELLED.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [label, kind, text, ref tag @ ..] = cells[..] else { panic!("a row has three cells: {line}") };
        let text = text.replace("\\n", "\n");
        let facts = judge(&text, tag.first().copied(), &rulebook.china, &rulebook.brand_words);
        let email = !facts.is_chinese || facts.traditional > 0;
        all += 1;
        match (label, email) {
            ("chinese", true) => needless.push(format!("{kind}: {text} {facts:?}")),
            ("email", false) => missed.push(format!("{kind}: {text} {facts:?}")),
            ("chinese" | "email", _) => {}
            (label, _) => panic!("no label is called {label}"),
        }
        chinese += usize::from(label == "chinese");
    }
    assert!(all >= 772, "{all} sentences");
    assert!(missed.is_empty(), "customers without an answer:\n{}", missed.join("\n"));
    assert!(
        needless.len() * 100 <= chinese * NEEDLESS_PERCENT_MAX,
        "{} of {chinese} Chinese answers with a needless email:\n{}",
        needless.len(),
        needless.join("\n")
    );
}

/// Nothing that a message of the largest size can hold stops or delays whoever judges it.
#[test]
fn a_text_of_64_kib_of_one_thing_is_judged_like_any_other() {
    for (unit, begins) in [
        ("a", "您好"),
        ("aB", "您好"),
        ("add on ", "您好 "),
        ("中a", ""),
        ("中 a ", ""),
        ("a-", "您好"),
        ("1a", "您好"),
        ("refund", "您好"),
        ("환불 ", "您好"),
        ("\u{fdfa}", "您好"),
        ("\u{301}", "您好"),
        ("【", "您好"),
    ] {
        let text = format!("{begins}{}", unit.repeat(64 * 1024 / unit.len()));
        assert!(facts(&text).units > 0, "{unit}");
    }
}

#[test]
fn the_customers_language_tells_japanese_without_kana_from_chinese() {
    let rulebook = Rulebook::default();
    for (text, tag, expected) in [
        ("返金完了", None, true),
        ("返金完了", Some("zh-CN"), true),
        ("返金完了", Some("en"), true),
        ("返金完了", Some("ja-JP"), false),
        ("料金完了", Some("ko"), false),
        ("您的退款已经处理完毕。", Some("ja"), true),
    ] {
        let facts = judge(text, tag, &rulebook.china, &rulebook.brand_words);
        assert_eq!(facts.is_chinese, expected, "{text} {tag:?}");
    }
}

#[test]
fn real_sentences_have_the_verdicts_of_the_table() {
    assert!(SENTENCES.len() >= 60, "the table has {} sentences", SENTENCES.len());
    let wrong: Vec<String> = SENTENCES
        .iter()
        .filter_map(|(text, expected)| {
            let facts = facts(text);
            let verdict = match (facts.is_chinese, facts.traditional) {
                (false, _) => Other,
                (true, 0) => Chinese,
                (true, _) => Traditional,
            };
            (verdict != *expected).then(|| format!("{text}: {verdict:?}, not {expected:?}, by {facts:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_counts_are_those_of_the_rule() {
    let counted = facts("您好 refund it's done AB12 30,000");
    assert_eq!((counted.han, counted.units), (2, 5));
    assert_eq!(facts("e-mail").units, 2);
    assert_eq!(facts("Kakaotalk 您好").units, 3, "a brand word is not taken out of a longer word");
    let traditional = facts("您的退款已經處理完畢");
    assert_eq!((traditional.han, traditional.units, traditional.traditional), (10, 10, 3));
    assert_eq!(facts("著名").traditional, 0, "the character is used in both");
    assert_eq!(facts("返金が完了しました").japanese_or_korean, 5);
    assert_eq!(facts("返金処理完了").japanese_or_korean, 1);
    assert_eq!(facts("환불 완료").japanese_or_korean, 4);
}

#[test]
fn more_letters_of_another_script_never_turn_a_text_into_chinese() {
    for (text, _) in SENTENCES.iter().filter(|(text, _)| !facts(text).is_chinese) {
        for more in ["refund", "환불", "こちら", "ขอบคุณ"] {
            assert!(!facts(&format!("{text} {more}")).is_chinese, "{text} {more}");
        }
    }
}

#[test]
fn the_verdict_does_not_depend_on_line_ends_or_on_what_has_no_script() {
    for (text, _) in SENTENCES {
        let decorated = format!("{text}\n 1,000 ★ 2026-11-25");
        assert_eq!(facts(text), facts(&decorated), "{text}");
    }
}
