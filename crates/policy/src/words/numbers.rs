//! What the rules say of phone numbers (R1, R15, R16, R17, B4).

use closure_contract::Channel;

use super::{Sentence, Words, words};
use crate::number::phone::PhoneKind;

const fn fixed(english: &'static str, korean: &'static str) -> Sentence {
    Sentence::fixed(english, korean)
}

pub(crate) const NO_COUNTRY_CODE: Sentence = fixed("the country code is missing", "국가번호가 없습니다");
pub(crate) const AREA_CODE: Sentence = fixed(
    "the country code's field brings an area code; both are one number",
    "국가번호 항목에 지역번호가 함께 들어 있어, 나머지 번호와 합쳐 하나의 번호로 읽었습니다",
);
pub(crate) const AREA_CODE_INVALID: Sentence = fixed(
    "the country code's field brings an area code, and both are no valid number",
    "국가번호 항목에 지역번호가 함께 들어 있으며, 나머지 번호와 합쳐도 유효한 번호가 아닙니다",
);
pub(crate) const REPEATED_OR_NOT: Sentence = fixed(
    "with and without a repeated country code the rest is a valid number",
    "나머지 번호는 국가번호가 반복된 것으로 보아도, 그렇지 않은 것으로 보아도 유효합니다",
);
pub(crate) const ONE_NUMBER: Sentence =
    fixed("country code and rest are one valid number", "국가번호와 나머지 번호가 하나의 유효한 번호입니다");
pub(crate) const TRUNK_ZERO: Sentence = fixed(
    "what is dialled at home alone (a trunk zero) was dropped",
    "그 나라 안에서만 쓰는 앞자리(0 등)를 뺐습니다",
);
pub(crate) const REPEATED_ALONE: Sentence = fixed(
    "the rest repeats the country code; only that reading is valid",
    "나머지 번호에 국가번호가 반복되어 있으며, 그렇게 볼 때에만 유효합니다",
);
pub(crate) const REPEATED: Sentence =
    fixed("the rest repeats the country code", "나머지 번호에 국가번호가 반복되어 있습니다");
pub(crate) const FORMER_MEXICAN: Sentence = fixed(
    "Mexico's mobiles have had no 1 after the country code since 2019; choose the number without it",
    "멕시코 휴대전화는 2019년부터 국가번호 뒤에 1을 붙이지 않습니다. 1이 없는 번호를 선택하십시오",
);
pub(crate) const VALID_NOWHERE: Sentence =
    fixed("the number is not valid in any country", "어느 국가에서도 유효하지 않은 번호입니다");
pub(crate) const HAS_COUNTRY_CODE: Sentence =
    fixed("the number has its country code", "번호에 국가번호가 들어 있습니다");
pub(crate) const AFTER_ZEROS_HINTED: Sentence = fixed(
    "the number has its country code after 00, and the hint agrees",
    "00 뒤에 국가번호가 있고 국가 힌트와 일치합니다",
);
pub(crate) const AFTER_ZEROS: Sentence =
    fixed("the number has its country code after 00", "00 뒤에 국가번호가 있습니다");
pub(crate) const ZEROS_OR_CARRIER: Sentence = fixed(
    "the leading zeros may be 00 or a Korean carrier's access code",
    "앞의 0이 국제전화의 00인지 국내 통신사의 접속번호인지 알 수 없습니다",
);
pub(crate) const BEGINS_WITH_HINT: Sentence =
    fixed("the digits begin with the country code of the hint", "번호가 힌트로 지정한 국가번호로 시작합니다");
pub(crate) const OF_HINTED_COUNTRY: Sentence =
    fixed("the digits are a number of the hinted country", "힌트로 지정한 국가의 번호입니다");
pub(crate) const DOMESTIC_DIGITS: Sentence = fixed(
    "the agent chose domestic, and the digits are a Korean number",
    "상담사가 국내를 선택했고 국내 번호가 맞습니다",
);
pub(crate) const DOMESTIC_CLASS: Sentence = fixed(
    "the agent chose domestic, and the digits begin as a class of Korean numbers does; no list has this number itself",
    "상담사가 국내를 선택했고 국내 특수번호의 앞자리와 맞지만, 번호 자체는 확인되지 않습니다",
);
pub(crate) const NOTHING_ELSE: Sentence = fixed(
    "without a country the digits are a whole number and nothing else",
    "국가 정보가 없지만 국가번호를 포함한 전체 번호로만 해석됩니다",
);
pub(crate) const DIGIT_TOO_MANY: Sentence = fixed(
    "the digits are a whole number with one too many, such as a trunk zero behind the country code; choose the number, \
     or write it anew",
    "전체 번호로 보면 국가번호 뒤의 0처럼 숫자가 하나 더 있습니다. 번호를 선택하거나 다시 입력하십시오",
);
pub(crate) const SHORT_NUMBER: Sentence =
    fixed("a short number is an emergency or service number", "짧은 번호는 긴급 번호나 특수 번호입니다");
pub(crate) const LISTED_SHORT_NUMBER: Sentence =
    fixed("the short service number is on the configured list", "설정된 목록에 있는 특수 번호입니다");
pub(crate) const OVERSEAS_SMS: Sentence = fixed("goes out as an overseas SMS", "해외 문자로 발송합니다");
pub(crate) const DOMESTIC_AND_82: Sentence =
    fixed("domestic, and the country is 82", "국내이며 번호의 국가번호는 82입니다");
pub(crate) const OVERSEAS_AND_82: Sentence = fixed(
    "the agent chose overseas, and the country is 82",
    "상담사가 해외를 선택했으나 번호의 국가번호는 82입니다",
);
pub(crate) const NO_OVERSEAS_SMS_TO_82: Sentence =
    fixed("an overseas SMS does not go to 82", "해외 문자는 국가번호 82로 보내지 않습니다");

/// Which of a number's two fields brings a country.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stated {
    Code,
    Hint,
}

impl Stated {
    fn english(self) -> &'static str {
        match self {
            Self::Code => "country code",
            Self::Hint => "country hint",
        }
    }

    fn korean(self) -> &'static str {
        match self {
            Self::Code => "국가번호",
            Self::Hint => "국가 힌트",
        }
    }
}

pub(crate) fn no_calling_code(stated: Stated) -> Sentence {
    let (english, korean) = (stated.english(), stated.korean());
    Sentence::of(words!(
        "the {english} is not a country calling code",
        "{korean} 항목의 값은 국가번호가 아닙니다"
    ))
}

pub(crate) fn unused_code(stated: Stated, code: u16) -> Sentence {
    let (english, korean) = (stated.english(), stated.korean());
    Sentence::of(words!(
        "no country has the {english} {code}",
        "{korean} 항목의 값({code})은 사용되지 않는 국가번호입니다"
    ))
}

pub(crate) fn not_valid_in(country: u16) -> Sentence {
    Sentence::of(words!(
        "the number is not valid in country {country}",
        "국가번호 {country}에서 유효한 번호가 아닙니다"
    ))
}

pub(crate) fn hint_disagrees(hint: u16) -> Sentence {
    Sentence::of(words!(
        "the country hint {hint} is not the country of the number after 00",
        "국가 힌트({hint})가 00 뒤에 있는 번호의 국가와 다릅니다"
    ))
}

pub(crate) fn with_code_or_without(hint: u16) -> Sentence {
    Sentence::of(words!(
        "with and without country code {hint} the digits are a valid number",
        "국가번호({hint})가 들어 있는 것으로 보아도, 빠진 것으로 보아도 유효한 번호입니다"
    ))
}

pub(crate) fn several_readings(count: usize, is_all: bool) -> Sentence {
    let (more, korean_more) = if is_all { ("", "개") } else { (" or more", "개 이상") };
    let readings = if count == 1 && is_all { "reading" } else { "readings" };
    Sentence::of(words!(
        "without a country the digits have {count}{more} valid {readings}, one of them or more as written at home; \
         name the country (`country_hint`), or say that its code is in them (`\"form\": \"with_country_code\"`)",
        "국가 정보가 없어 자국 내 표기를 포함해 {count}{korean_more}의 유효한 번호로 해석됩니다. 국가를 \
         지정하거나(`country_hint`) 국가번호가 포함된 번호임을 표시하십시오(`\"form\": \"with_country_code\"`)"
    ))
}

pub(crate) fn contradiction(stated: u16, other: u16) -> Sentence {
    Sentence::of(words!(
        "country {stated} is stated, and the number is one of country {other}",
        "지정한 국가번호는 {stated}이지만 번호는 국가번호 {other}의 번호입니다"
    ))
}

pub(crate) fn no_such_kind(kind: PhoneKind, channel: Channel) -> impl Words {
    let ((english_kind, korean_kind), korean_channel) = (kind_in_words(kind), channel_in_korean(channel));
    words!(
        "a number of this kind ({english_kind}) gets no {channel}",
        "이 종류의 번호({korean_kind})는 {korean_channel} 채널에 사용할 수 없습니다"
    )
}

pub(crate) fn overseas(country: u16) -> impl Words {
    words!("overseas, and the country is {country}", "해외이며 번호의 국가번호는 {country}입니다")
}

pub(crate) fn domestic_and(country: u16) -> impl Words {
    words!(
        "the agent chose domestic, and the country is {country}",
        "상담사가 국내를 선택했으나 번호의 국가번호는 {country}입니다"
    )
}

pub(crate) fn denied(country: u16) -> impl Words {
    words!("country code {country} is denied", "금지된 국가번호({country})입니다")
}

pub(crate) fn allowed(country: u16) -> impl Words {
    words!(
        "country code {country} is on the list of allowed ones",
        "허용 국가 목록에 있는 국가번호({country})입니다"
    )
}

pub(crate) fn not_allowed(country: u16) -> impl Words {
    words!(
        "country code {country} is not on the list of allowed ones",
        "허용 국가 목록에 없는 국가번호({country})입니다"
    )
}

fn channel_in_korean(channel: Channel) -> &'static str {
    match channel {
        Channel::Sms => "문자",
        Channel::Email => "이메일",
        Channel::Dial => "전화",
    }
}

fn kind_in_words(kind: PhoneKind) -> (&'static str, &'static str) {
    match kind {
        PhoneKind::FixedLine => ("a fixed line", "유선 번호"),
        PhoneKind::Mobile => ("a mobile", "휴대전화 번호"),
        PhoneKind::FixedLineOrMobile => ("a fixed line or a mobile", "유선 또는 휴대전화 번호"),
        PhoneKind::TollFree => ("a toll-free number", "수신자 부담 번호"),
        PhoneKind::PremiumRate => ("a premium-rate number", "유료 정보 서비스 번호"),
        PhoneKind::SharedCost => ("a shared-cost number", "요금 분담 번호"),
        PhoneKind::Voip => ("a VoIP number", "인터넷전화 번호"),
        PhoneKind::PersonalNumber => ("a personal number", "개인 번호"),
        PhoneKind::Pager => ("a pager", "무선호출 번호"),
        PhoneKind::Uan => ("a universal access number", "기업 대표번호"),
        PhoneKind::Voicemail => ("a voice mailbox", "음성사서함 번호"),
        PhoneKind::ShortNumber => ("a short number", "특수 번호"),
        PhoneKind::Unknown => ("a kind that the plan does not tell", "종류를 알 수 없는 번호"),
    }
}

#[cfg(test)]
mod tests {
    use closure_contract::Language;

    use super::*;

    #[test]
    fn digits_that_may_be_several_numbers_name_the_fields_that_settle_it_and_count_in_grammar() {
        for (count, is_all, counted) in [
            (1, true, "1 valid reading,"),
            (2, true, "2 valid readings,"),
            (1, false, "1 or more valid readings,"),
        ] {
            let english = several_readings(count, is_all).said(Language::English);
            assert!(english.contains(counted), "{english}");
            let korean = several_readings(count, is_all).said(Language::Korean);
            for field in ["`country_hint`", "`\"form\": \"with_country_code\"`"] {
                assert!(english.contains(field) && korean.contains(field), "{english} {korean}");
            }
        }
    }
}
