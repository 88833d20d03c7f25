//! A request to send, read and checked as the documents say.

use serde::Deserialize;

use super::codes::ResultCode;

/// The country that counts as domestic.
pub(super) const KOREA: &str = "82";

const RECIPIENTS_MAX: usize = 1_000;
const SMS_CHARS_MAX: usize = 255;
const LMS_CHARS_MAX: usize = 4_000;
const TITLE_CHARS_MAX: usize = 120;
const GROUPING_KEY_CHARS_MAX: usize = 100;
/// What GSM 03.38 has besides ASCII and its extension.
const GSM_BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
const SENDER_CHARS_MAX: usize = 13;
const RECIPIENT_DIGITS: std::ops::RangeInclusive<usize> = 7..=20;

/// The kind of message, which is part of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SmsKind {
    /// `sender/sms`: short, or concatenated overseas.
    Short,
    /// `sender/mms`: long, domestic only, with a subject.
    Long,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SendBody {
    template_id: Option<String>,
    title: Option<String>,
    body: Option<String>,
    send_no: Option<String>,
    sender_grouping_key: Option<String>,
    recipient_list: Option<Vec<RecipientBody>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecipientBody {
    recipient_no: Option<String>,
    country_code: Option<String>,
    international_recipient_no: Option<String>,
    recipient_grouping_key: Option<String>,
}

/// What the checks need to know of the gateway.
pub(super) struct Limits<'a> {
    pub(super) sender_numbers: &'a [String],
    pub(super) overseas_gsm_septets_max: usize,
    pub(super) overseas_ucs2_units_max: usize,
}

/// A request that can be read; whether it may be sent is in `verdict` and in each recipient.
pub(super) struct SendRequest {
    pub(super) text: String,
    pub(super) title: Option<String>,
    pub(super) send_no: String,
    pub(super) sender_grouping_key: Option<String>,
    pub(super) recipients: Vec<Recipient>,
    /// The code of the whole request.
    pub(super) verdict: ResultCode,
}

/// One recipient of a request.
pub(super) struct Recipient {
    /// Digits with country code.
    pub(super) digits: String,
    pub(super) country_code: String,
    /// As the caller wrote it.
    pub(super) recipient_no: String,
    pub(super) grouping_key: Option<String>,
    /// The code of this recipient alone.
    pub(super) verdict: ResultCode,
}

impl SendRequest {
    /// Reads the body of a request.
    pub(super) fn read(body: &[u8], kind: SmsKind, limits: &Limits<'_>) -> Result<Self, ResultCode> {
        let body: SendBody = serde_json::from_slice(body).map_err(|_| ResultCode::INVALID_JSON)?;
        let listed = body.recipient_list.as_deref().unwrap_or_default();
        if listed.is_empty() {
            return Err(ResultCode::NO_RECIPIENTS);
        }
        if listed.len() > RECIPIENTS_MAX {
            return Err(ResultCode::RECIPIENTS_TOO_MANY);
        }
        let recipients: Vec<Recipient> = listed.iter().map(Recipient::read).collect();
        let verdict = judge(&body, &recipients, kind, limits);
        Ok(Self {
            text: body.body.unwrap_or_default(),
            title: body.title,
            send_no: body.send_no.unwrap_or_default(),
            sender_grouping_key: body.sender_grouping_key,
            recipients,
            verdict,
        })
    }
}

fn judge(body: &SendBody, recipients: &[Recipient], kind: SmsKind, limits: &Limits<'_>) -> ResultCode {
    if body.template_id.as_deref().is_some_and(|id| !id.is_empty()) {
        return ResultCode::TEMPLATE_UNKNOWN;
    }
    if too_long(body.sender_grouping_key.as_deref()) {
        return ResultCode::PARAMETER;
    }
    let Some(text) = body.body.as_deref().filter(|text| !text.is_empty()) else {
        return ResultCode::TEXT_MISSING;
    };
    if kind == SmsKind::Long && body.title.as_deref().is_none_or(str::is_empty) {
        return ResultCode::TEXT_MISSING;
    }
    let send_no = body.send_no.as_deref().unwrap_or_default();
    if send_no.len() > SENDER_CHARS_MAX || !limits.sender_numbers.iter().any(|known| known == send_no) {
        return ResultCode::SENDER_UNREGISTERED;
    }
    let overseas = recipients.iter().any(|recipient| recipient.country_code != KOREA);
    let title = body.title.as_deref().unwrap_or_default();
    judge_text(text, title, kind, overseas, limits)
}

fn judge_text(text: &str, title: &str, kind: SmsKind, overseas: bool, limits: &Limits<'_>) -> ResultCode {
    if text.chars().chain(title.chars()).any(is_unacceptable) {
        return ResultCode::CHARACTERS;
    }
    let chars = text.chars().count();
    match (kind, overseas) {
        (SmsKind::Long, true) => ResultCode::LMS_OVERSEAS,
        (SmsKind::Long, false) if chars > LMS_CHARS_MAX || title.chars().count() > TITLE_CHARS_MAX => {
            ResultCode::TEXT_TOO_LONG
        }
        (SmsKind::Short, true) if is_too_long_overseas(text, limits) => ResultCode::OVERSEAS_TEXT_TOO_LONG,
        (SmsKind::Short, false) if chars > SMS_CHARS_MAX => ResultCode::TEXT_TOO_LONG,
        (SmsKind::Long | SmsKind::Short, false) | (SmsKind::Short, true) => ResultCode::SUCCESS,
    }
}

/// One character outside GSM 03.38 makes the whole text UCS-2.
fn is_too_long_overseas(text: &str, limits: &Limits<'_>) -> bool {
    let septets = |one: char| match one {
        '^' | '{' | '}' | '\\' | '[' | '~' | ']' | '|' | '€' => Some(2_usize),
        '`' | '\t' => None,
        '\n' | '\r' | ' '..='~' => Some(1),
        one if GSM_BEYOND_ASCII.contains(one) => Some(1),
        _ => None,
    };
    match text.chars().map(septets).sum::<Option<usize>>() {
        Some(septets) => septets > limits.overseas_gsm_septets_max,
        None => text.encode_utf16().count() > limits.overseas_ucs2_units_max,
    }
}

impl Recipient {
    fn read(body: &RecipientBody) -> Self {
        let national = body.recipient_no.as_deref().filter(|number| !number.is_empty());
        let whole = body.international_recipient_no.as_deref().filter(|number| !number.is_empty());
        let (digits, country_code, recipient_no) = match (national, whole) {
            // The documents: the number with its country code is ignored where the other one is given.
            (Some(number), _) => {
                let country = body.country_code.as_deref().unwrap_or(KOREA);
                let rest = if country == KOREA { number.strip_prefix('0').unwrap_or(number) } else { number };
                (format!("{country}{rest}"), country.to_owned(), number.to_owned())
            }
            (None, Some(number)) => (number.to_owned(), country_of(number).to_owned(), number.to_owned()),
            (None, None) => (String::new(), String::new(), String::new()),
        };
        let grouping_key = body.recipient_grouping_key.clone();
        let verdict = judge_recipient(&digits, &country_code, grouping_key.as_deref());
        Self { digits, country_code, recipient_no, grouping_key, verdict }
    }
}

fn judge_recipient(digits: &str, country_code: &str, grouping_key: Option<&str>) -> ResultCode {
    if digits.is_empty() {
        return ResultCode::RECIPIENT_MISSING;
    }
    if too_long(grouping_key) {
        return ResultCode::PARAMETER;
    }
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits || !RECIPIENT_DIGITS.contains(&digits.len()) {
        return ResultCode::RECIPIENT_INVALID;
    }
    if country_code.is_empty() || country_code.starts_with('0') || country_code.len() > 4 {
        return ResultCode::COUNTRY_INVALID;
    }
    ResultCode::SUCCESS
}

fn too_long(grouping_key: Option<&str>) -> bool {
    grouping_key.is_some_and(|key| key.chars().count() > GROUPING_KEY_CHARS_MAX)
}

/// Characters outside the basic plane (emoji among them) and controls other than line breaks.
fn is_unacceptable(character: char) -> bool {
    let line_break = character == '\n' || character == '\r';
    u32::from(character) > 0xFFFF || (character.is_control() && !line_break)
}

/// The country code that a whole number begins with, by the lengths of the ITU's list.
fn country_of(digits: &str) -> &str {
    let length = match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [b'2', b'0' | b'7', ..]
        | [b'3', b'0'..=b'4' | b'6' | b'9', ..]
        | [b'4', b'0' | b'1' | b'3'..=b'9', ..]
        | [b'5', b'1'..=b'8', ..]
        | [b'6', b'0'..=b'6', ..]
        | [b'8', b'1' | b'2' | b'4' | b'6', ..]
        | [b'9', b'0'..=b'5' | b'8', ..] => 2,
        _ => 3,
    };
    digits.get(..length).unwrap_or_default()
}
