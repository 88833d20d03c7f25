//! Whether a mail server's words tell anywhere of a mail that arrived.

/// Words of a mail that arrived, unless their clause denies it.
const ARRIVED: &[&str] = &[
    "delivered",
    "delivery succeeded",
    "delivery was successful",
    "successful delivery",
    "succeeded",
    "got through",
    "went through",
    "was accepted",
    "were accepted",
    "has arrived",
    "전송되었습니다",
    "전달되었습니다",
    "배달되었습니다",
    "已送达",
    "已投递",
    "送达成功",
    "配信されました",
    "配信しました",
    "送信されました",
];

/// What ends a clause; lines are broken anywhere.
const CLAUSE_ENDS: &[char] = &[
    '.', '!', '?', ';', ':', ',', '(', ')', '\u{2013}', '\u{2014}', '。', '！', '？', '；', '：', '，', '、',
    '（', '）',
];

/// Words between two clauses, of which only one may be denied.
const BETWEEN_CLAUSES: &[&str] = &[
    " but ",
    " then ",
    " and ",
    " yet ",
    " so ",
    " as ",
    " while ",
    " whereas ",
    " although ",
    " though ",
    " however ",
    " because ",
    " since ",
    " until ",
    " before ",
    " after ",
    " when ",
    " once ",
    " which ",
    " later ",
    "지만 ",
    "으나 ",
    "는데 ",
    "다가 ",
    "고 ",
    "但",
    "不过",
    "然而",
    "之后",
    "ですが",
    "ましたが",
    "でしたが",
    "けれど",
];

/// What denies a clause.
const NEGATIONS: &[&str] = &[
    "not ",
    "n't",
    "cannot",
    "unable",
    "never",
    "fail",
    "undeliver",
    "no longer",
    "neither",
    "nor ",
    "without",
    "refus",
    "reject",
    "않",
    "못",
    "未",
    "無",
    "无",
    "できません",
];

/// Words that have one of these within them, and deny nothing.
const DENIES_NOTHING: &[&str] = &[
    "not only ",
    "nevertheless",
    "failover",
    "minor ",
    "without any",
    "without delay",
    "without error",
    "without problem",
    "잘못",
    "無事",
    "无误",
];

/// Whether words say anywhere that something was delivered, without saying no to it before in the same clause.
///
/// A notice that tells of two tries, or of two recipients, has both in it, and only a person can tell which holds. What
/// denies the first such word of a clause denies the ones behind it too, so that one look at each clause is enough,
/// however long it is. A paragraph ends a clause like a full stop.
pub(super) fn tells_of_a_delivery<'a>(paragraphs: impl IntoIterator<Item = &'a str>) -> bool {
    paragraphs.into_iter().flat_map(clauses).any(|clause| {
        ARRIVED.iter().any(|word| clause.find(word).is_some_and(|at| !is_denied(&clause[..at])))
    })
}

fn clauses(paragraph: &str) -> Vec<&str> {
    let clauses = paragraph.split(CLAUSE_ENDS).collect();
    BETWEEN_CLAUSES.iter().fold(clauses, |clauses: Vec<&str>, word| {
        // The word stays with the clause before it, whose own last word may end with it.
        clauses.into_iter().flat_map(|clause| clause.split_inclusive(*word)).collect()
    })
}

fn is_denied(before: &str) -> bool {
    let before = DENIES_NOTHING.iter().fold(before.to_owned(), |before, word| before.replace(word, " "));
    before.ends_with("un") || NEGATIONS.iter().any(|negation| before.contains(negation))
}
