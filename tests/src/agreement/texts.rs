//! Texts near every limit of the rules, in the scripts of the customers.

use serde_json::{Value, json};

use super::random::Random;

/// Bytes at which a rule changes its mind (R6, R7, R8, R17), each with its neighbours.
const LIMITS: [usize; 16] = [1, 45, 89, 90, 91, 160, 161, 900, 949, 950, 951, 999, 1000, 1001, 2000, 2001];

const SENTENCES: &[&str] = &[
    "Hello, this is K.ride. Your refund was completed today.",
    "您好，您的退款已经处理完毕。",
    "【K.ride】您的订单AB-12345已退款30,000元，详情 https://kride.example/help 或 help@example.com。",
    "您的退款已經處理完畢，謝謝您。",
    "您好 your refund has been processed today",
    "返金が完了しました。ありがとうございます。",
    "返金処理完了",
    "환불이 완료되었습니다. 감사합니다.",
    "大韓民國 환불 完了",
    "Đã hoàn tiền cho quý khách. Cảm ơn quý khách.",
    "สวัสดีค่ะ ขอบคุณที่ใช้บริการ",
    "Ваш возврат выполнен.",
    "تم رد المبلغ",
    "“It’s – here…”\u{a0}thank you",
    "Price: €30 [paid] {ok} ~ ^ | \\",
    "Please reply to this message, or call 02-3451-8120.",
    "이 번호로 회신해 주세요.",
    "Thank you 🙂",
    "★ Special ★ ₩1,000 ™",
    "zero\u{200b}width and \u{202e}bidi",
    "line one\r\nline two\rline three\n",
    "e\u{301}\u{302} combining, 𠮷野家 beyond the plane",
    "[K.ride] Your inquiry AB12 was answered by email.",
    "[K.ride] Your inquiry AB-12 was answered by email.",
    "[K.ride] your inquiry AB12 was answered by email.",
    "[K.ride] Your refund AB12 is on its way.",
    "退",
    "",
    " \n ",
];

/// What fills a text up to a limit: characters of one to four bytes.
const FILLERS: [&str; 6] = ["a", "é", "汉", "한", "𠮷", "ế"];

/// The content of a text message: free, near a limit, or a template's.
pub(super) fn content(random: &mut Random, country_code: &str) -> Value {
    let mut content = match random.below(10) {
        0..=2 => json!({ "text": at_limit(random) }),
        3 | 4 if country_code == "84" => json!({ "text": SENTENCES[22 + random.below(4)] }),
        5 | 6 if country_code == "84" => template(random),
        7 if country_code == "86" => json!({ "text": SENTENCES[1 + random.below(4)] }),
        8 => template(random),
        _ => json!({ "text": *random.one(SENTENCES) }),
    };
    if random.percent(8) {
        content["subject"] =
            json!(*random.one(&["K.ride 고객센터", "Your refund", "", "x\r\ny", &"제목".repeat(30)]));
    }
    if random.percent(6) {
        let senders = ["+82234518120", "02-3451-8120", "82-2-3451-8120", "+821012345678", "KRIDE", ""];
        content["sender"] = json!(*random.one(&senders));
    }
    if random.percent(3) {
        content["attachments"] = json!([{ "name": "receipt.pdf" }]);
    }
    content
}

/// Any sentence, for mail.
pub(super) fn sentence(random: &mut Random) -> &'static str {
    SENTENCES[random.below(SENTENCES.len())]
}

fn at_limit(random: &mut Random) -> String {
    let (bytes, filler) = (*random.one(&LIMITS), *random.one(&FILLERS));
    let mut text = filler.repeat(bytes / filler.len());
    while text.len() < bytes {
        text.push('b');
    }
    text
}

fn template(random: &mut Random) -> Value {
    let names = ["vn-answer-by-email", "vn-answer-by-email", "vn-not-approved", "no-such-template"];
    let tickets = ["AB12", "A", "ABCDEFGHIJKL", "ABCDEFGHIJKLM", "AB-12", "", "ＡＢ１２"];
    match random.below(8) {
        0 => json!({ "template": *random.one(&names) }),
        1 => json!({ "template": *random.one(&names), "variables": { "ticket": "AB12", "other": "x" } }),
        _ => json!({ "template": *random.one(&names), "variables": { "ticket": *random.one(&tickets) } }),
    }
}
