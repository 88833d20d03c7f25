//! Whether a run of words that are not Han says something, or is a name, a loan word or a greeting (R14b).

use unicode_script::{Script, UnicodeScript};

/// Words that stand in Chinese answers as they are: names of things and of payment, units, currencies.
const LOAN_WORDS: &[&str] = &[
    "alipay",
    "am",
    "android",
    "apple",
    "app",
    "apps",
    "arex",
    "atm",
    "cny",
    "email",
    "e-mail",
    "esim",
    "facebook",
    "google",
    "gps",
    "id",
    "instagram",
    "ios",
    "iphone",
    "jcb",
    "kakaotalk",
    "kg",
    "km",
    "krw",
    "ktx",
    "line",
    "mastercard",
    "min",
    "no",
    "ok",
    "pay",
    "paypal",
    "pdf",
    "pin",
    "play",
    "pm",
    "pos",
    "qr",
    "rmb",
    "sim",
    "store",
    "t-money",
    "taxi",
    "uber",
    "unionpay",
    "usd",
    "vip",
    "visa",
    "wechat",
    "whatsapp",
    "wi-fi",
    "wifi",
    "won",
];

/// Words of a greeting, which says nothing about the answer.
const COURTESY: &[&str] = &[
    "best",
    "bye",
    "dear",
    "good",
    "hello",
    "hi",
    "kind",
    "morning",
    "much",
    "regards",
    "sincerely",
    "sorry",
    "thank",
    "thanks",
    "very",
    "you",
];

/// Words that hold an English sentence together; no name of a place or person has them.
const FUNCTION_WORDS: &[&str] = &[
    "a", "about", "after", "an", "are", "as", "at", "be", "because", "been", "before", "by", "can", "cannot",
    "could", "did", "do", "does", "don't", "for", "from", "had", "has", "have", "he", "her", "his", "i",
    "if", "in", "is", "it", "it's", "its", "my", "not", "on", "or", "our", "please", "she", "so", "that",
    "their", "there", "they", "this", "to", "until", "was", "we", "were", "when", "will", "with", "would",
    "you", "your",
];

/// Words of which answers consist; a clause of one such word alone is an answer.
const ANSWER_WORDS: &[&str] = &[
    "accepted",
    "account",
    "answer",
    "approved",
    "arrived",
    "available",
    "bag",
    "blocked",
    "booking",
    "cancel",
    "canceled",
    "cancellation",
    "cancelled",
    "card",
    "charge",
    "charged",
    "check",
    "checked",
    "closed",
    "complaint",
    "complete",
    "completed",
    "confirmed",
    "contact",
    "declined",
    "delayed",
    "denied",
    "done",
    "driver",
    "expired",
    "failed",
    "fee",
    "found",
    "impossible",
    "included",
    "invalid",
    "item",
    "lost",
    "paid",
    "payment",
    "pending",
    "phone",
    "possible",
    "processed",
    "received",
    "refund",
    "refunded",
    "rejected",
    "reservation",
    "resolved",
    "returned",
    "sent",
    "solved",
    "success",
    "successful",
    "suspended",
    "toll",
    "trip",
    "unavailable",
];

/// Lower-case words inside names, such as the one of Bank of China.
const CONNECTORS: &[&str] = &["and", "at", "by", "de", "of", "the"];

/// What a run of words that are not Han is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Names, loan words and single words: no evidence.
    Harmless,
    /// A greeting that is a clause of its own.
    Courtesy,
    /// It says something.
    Substance,
}

/// How a clause of one or two words is told from the same words within a Chinese clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clause {
    /// The clause has no Han beside the run.
    Alone,
    /// The run stands within a clause that has Han.
    AmongHan,
}

/// Says what a run is; brand words, addresses, numbers and codes are left out of it before.
pub(crate) fn run(words: &[&str], clause: Clause) -> Run {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let all_in = |list: &[&str]| lower.iter().all(|word| list.contains(&word.as_str()));
    if words.iter().any(|word| is_of_another_script(word)) {
        return Run::Substance;
    }
    // A single letter is the number of a gate or of a hall.
    let counted: Vec<&str> = lower
        .iter()
        .map(String::as_str)
        .filter(|word| word.chars().count() > 1 && !LOAN_WORDS.contains(word))
        .collect();
    let any_in = |list: &[&str]| counted.iter().any(|word| list.contains(word));
    match (counted.len(), clause) {
        (0, _) => Run::Harmless,
        (2.., Clause::Alone) if all_in(COURTESY) => Run::Courtesy,
        (1, Clause::Alone) if any_in(ANSWER_WORDS) => Run::Substance,
        (1, _) => Run::Harmless,
        (count, clause) if is_name(words, &lower) && !is_too_long_for_a_name(words, count, clause) => {
            Run::Harmless
        }
        (2, Clause::AmongHan) if !any_in(FUNCTION_WORDS) && !any_in(ANSWER_WORDS) => Run::Harmless,
        (_, _) => Run::Substance,
    }
}

/// How many words of a run hold an English sentence together; a Chinese answer has none of them.
pub(crate) fn function_words(words: &[&str]) -> usize {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    if is_name(words, &lower) {
        return 0;
    }
    lower.iter().filter(|word| word.chars().count() > 1 && FUNCTION_WORDS.contains(&word.as_str())).count()
}

/// Whether a run may be the name of a place, a company or a person: written with capitals, and without the words of a
/// sentence or of an answer.
fn is_name(words: &[&str], lower: &[String]) -> bool {
    let capital = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    let last = words.len().saturating_sub(1);
    words.iter().zip(lower).enumerate().all(|(at, (word, lower))| {
        let word_lower = lower.as_str();
        let inside = at > 0 && at < last && CONNECTORS.contains(&word_lower);
        let says_something = FUNCTION_WORDS.contains(&word_lower) && word.chars().count() > 1
            || ANSWER_WORDS.contains(&word_lower)
            || COURTESY.contains(&word_lower);
        inside || (!says_something && (capital(word) || LOAN_WORDS.contains(&word_lower)))
    })
}

/// Whether capitals are no excuse: so many words that are a clause of their own are a sentence in another language, whose
/// words no list here has, and of words in capitals alone three are.
fn is_too_long_for_a_name(words: &[&str], count: usize, clause: Clause) -> bool {
    let shouted = words.iter().all(|word| !word.chars().any(char::is_lowercase));
    clause == Clause::Alone && count >= if shouted { 3 } else { 4 }
}

/// A word of Thai, Cyrillic, Arabic or any other script than Latin; a single letter is a sign.
fn is_of_another_script(word: &str) -> bool {
    let foreign = |one: &char| !matches!(one.script(), Script::Latin | Script::Common | Script::Inherited);
    word.chars().filter(foreign).count() > 1
}

/// Regions that stand before the number of a Korean plate.
const PLATE_REGIONS: &[&str] = &[
    "서울", "부산", "대구", "인천", "광주", "대전", "울산", "세종", "경기", "강원", "충북", "충남", "전북",
    "전남", "경북", "경남", "제주",
];

/// Endings of the names of Korean places.
const PLACES: &[&str] = &[
    "역",
    "동",
    "구",
    "대로",
    "번길",
    "호텔",
    "공항",
    "터미널",
    "출구",
    "타워",
    "빌딩",
    "병원",
    "대학교",
    "시장",
];

/// The length of the hangul at `at` that is a part of a Korean plate or the name of a place.
pub(crate) fn plate_or_place(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    let hangul = |one: char| one.script() == Script::Hangul;
    let length = rest.find(|one| !hangul(one)).unwrap_or(rest.len());
    let run = &rest[..length];
    let after = rest[length..].trim_start_matches(' ');
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let on_plate = run.chars().count() == 1
        && text[..at].ends_with(|one: char| one.is_ascii_digit())
        && digits(after) == 4;
    let before_plate = PLATE_REGIONS.contains(&run)
        && matches!(digits(after), 2 | 3)
        && after[digits(after)..].starts_with(hangul);
    let place = PLACES.iter().any(|place| run.len() > place.len() && run.ends_with(place));
    (on_plate || before_plate || place).then_some(length)
}
