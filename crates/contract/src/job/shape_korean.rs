//! What is wrong with a field, in Korean; the English is what the reader of shapes says.

/// What is wrong with a field, and what belongs there; a part that has no Korean stays as it is.
pub(super) fn problem(english: &str) -> String {
    let (what, rest) = english.split_once("; ").unwrap_or((english, ""));
    let (what, rest) = match what.strip_prefix("expected ") {
        Some(wanted) => (None, Some(wanted)),
        None => (Some(what), Some(rest).filter(|rest| !rest.is_empty())),
    };
    let what = what.map(|what| wrong(what).unwrap_or_else(|| what.to_owned()));
    let rest = rest.map(|rest| match rest.strip_prefix("expected ").unwrap_or(rest) {
        "keep one of them" => "하나만 남기십시오".to_owned(),
        wanted => format!("{} 합니다", wanted_in_korean(wanted)),
    });
    what.into_iter().chain(rest).collect::<Vec<_>>().join(". ")
}

/// What a value is, as the document's reader names it.
pub(super) fn found(english: &str) -> Option<&'static str> {
    Some(match english {
        "null" => "null",
        "true or false" => "true 또는 false",
        "a number" => "숫자",
        "a number that is too large" => "너무 큰 숫자",
        "a number with a point or an exponent" => "소수점이나 지수가 있는 숫자",
        "a text" => "문자열",
        "a text, as of a job that was encoded twice" => "문자열(JSON으로 두 번 변환한 것 같습니다)",
        "a list" => "목록",
        "an object" => "객체",
        _ => return None,
    })
}

fn wrong(english: &str) -> Option<String> {
    let fixed = match english {
        "it is missing" => "없습니다",
        "it is negative" => "음수입니다",
        "it is empty" => "비어 있습니다",
        "it stands here twice" => "두 번 있습니다",
        "its letters or spaces differ" => "대소문자나 공백이 다릅니다",
        "this word is not known here" => "알 수 없는 값입니다",
        "it is no UUID" => "UUID가 아닙니다",
        "it is no time" => "시각이 아닙니다",
        "there is no such time" => "없는 시각입니다",
        "there is no such zone" => "없는 시간대입니다",
        "the time of day is missing" => "날짜만 있고 시각이 없습니다",
        "the seconds are missing" => "초가 없습니다",
        "the zone is missing" => "시간대가 없습니다",
        "the zone lacks its colon and minutes" => "시간대에 콜론이나 분이 없습니다",
        "the zone is neither Z nor of the form +09:00" => "시간대가 Z도 +09:00 형식도 아닙니다",
        "a T belongs between day and time" => "날짜와 시각 사이에 T가 없습니다",
        "a minute has the seconds 0 to 59" => "초는 0부터 59까지입니다",
        "digits are missing after the point" => "소수점 뒤에 숫자가 없습니다",
        "variables belong to a template" => "`variables`는 `template`과 함께 씁니다",
        "text and template stand here both" => "`text`와 `template`이 둘 다 있습니다",
        "text is missing, and so is template" => "`text`도 `template`도 없습니다",
        "number stands beside country_code or national_number" => {
            "`number`가 `country_code`나 `national_number`와 함께 있습니다"
        }
        "form and country_hint belong to number" => "`form`과 `country_hint`는 `number`와 함께 씁니다",
        "national_number is missing beside country_code" => {
            "`country_code`는 있고 `national_number`가 없습니다"
        }
        "country_code is missing beside national_number" => {
            "`national_number`는 있고 `country_code`가 없습니다"
        }
        "number is missing" => "`number`가 없습니다",
        "an agent's id has 1 to 128 characters" => "상담사 식별자는 1~128자입니다",
        "a language tag has 2 to 35 characters" => "언어 태그는 2~35자입니다",
        "a consultation id has 1 to 128 characters and no control characters" => {
            "상담 번호는 1~128자이며 제어 문자는 쓸 수 없습니다"
        }
        _ => {
            if let Some(most) = english.strip_prefix("a revision counts from 1 and is at most ") {
                return Some(format!("revision은 1부터 {most}까지입니다"));
            }
            return found(english.strip_prefix("it is ")?).map(|found| format!("값이 {found}입니다"));
        }
    };
    Some(fixed.to_owned())
}

fn wanted_in_korean(english: &str) -> String {
    let fixed = match english {
        "a text in double quotes" => "큰따옴표로 묶은 문자열이어야",
        "a whole number without quotes, such as 1" => "1처럼 따옴표 없는 정수여야",
        "a whole number from 0 on" => "0 이상의 정수여야",
        "a smaller one" => "더 작은 수여야",
        "true or false, without quotes" => "따옴표 없는 true 또는 false여야",
        "a list in brackets" => "대괄호로 묶은 목록이어야",
        "an object in braces" => "중괄호로 묶은 객체여야",
        "text alone" => "`text`만 있어야",
        "one of them" => "둘 중 하나만 있어야",
        "both, or number alone" => "둘 다 있거나 `number`만 있어야",
        "number alone, or the other two" => "`number`만 있거나 나머지 둘이 있어야",
        "country_code and national_number alone" => "`country_code`와 `national_number`만 있어야",
        "country_code and national_number, or number with a plus sign such as +84912345678" => {
            "`country_code`와 `national_number`가 있거나, +84912345678처럼 더하기 기호가 있는 `number`가 있어야"
        }
        _ => {
            let such_as = |beginning| english.strip_prefix(beginning);
            return if let Some(uuid) = such_as("a UUID such as ") {
                format!("{uuid} 같은 UUID여야")
            } else if let Some(time) = such_as("a time by RFC 3339 with a zone, such as ") {
                format!("{time}처럼 초와 시간대가 있는 RFC 3339 시각이어야")
            } else if english.starts_with('`') {
                format!("{} 중 하나여야", english.replace(" or ", ", "))
            } else {
                format!("{english}여야")
            };
        }
    };
    fixed.to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use crate::{Cancel, Job, Language, job::DecodeError};

    fn refusal(body: &[u8]) -> Option<DecodeError> {
        let is_cancel = String::from_utf8_lossy(body).contains("closure.cancel/1");
        if is_cancel { Cancel::decode(body).err() } else { Job::decode(body).err() }
    }

    /// Two English words in a row outside of backticks.
    fn is_english(korean: &str) -> bool {
        let outside: String = korean.split('`').step_by(2).collect::<Vec<_>>().join("");
        let words: Vec<&str> = outside.split(' ').collect();
        let is_word = |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        words.windows(2).any(|pair| pair.iter().all(|word| is_word(word)))
    }

    fn is_told(body: &[u8]) -> usize {
        let Some(refused) = refusal(body) else { return 0 };
        let korean = refused.problem_in(Language::Korean);
        assert!(!is_english(&korean), "{korean} for: {refused}");
        1
    }

    #[test]
    fn every_wrong_message_of_the_kit_is_told_in_korean_and_in_no_other_language() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract/examples/invalid");
        let files = std::fs::read_dir(folder).expect("the kit is there").flatten();
        let told: usize =
            files.map(|file| is_told(&std::fs::read(file.path()).expect("it can be read"))).sum();
        assert!(told > 40, "{told} are no message for a worker");
    }

    #[test]
    fn each_field_that_is_wrong_in_some_way_is_told_in_korean() {
        let job = json!({
            "kind": "closure.sms/1", "job_id": "8f0c6a1e-27b4-4d63-9a51-0b1f6c0e7a01",
            "consultation": { "id": "C-1", "channel": "board", "revision": 1 },
            "agent": { "id": "a-1042" }, "scope": "overseas",
            "to": { "phone": { "country_code": "81", "national_number": "9012345678" } },
            "sms": { "text": "Hello" },
        });
        let times = [
            "",
            "soon",
            "2026-11-22",
            "2026-11-22T09:00Z",
            "2026-11-22T09:00:00",
            "2026-11-22T09:00:00+0900",
            "2026-11-22T09:00:00KST",
            "2026-11-22 09:00:00Z",
            "2026-11-22T09:00:60Z",
            "2026-11-22T09:00:00.Z",
            "2026-02-30T09:00:00Z",
            "2026-11-22T09:00:00+24:00",
        ];
        let cases = times.map(|time| ("/expires_at", json!(time))).into_iter().chain([
            ("/job_id", json!("x")),
            ("/job_id", json!(7)),
            ("/consultation/channel", json!("IB")),
            ("/consultation/channel", json!("Board")),
            ("/consultation/id", json!("")),
            ("/consultation/revision", json!(0)),
            ("/consultation/revision", json!(-1)),
            ("/consultation/revision", json!(1.5)),
            ("/consultation/revision", json!("1")),
            ("/consultation/revision", json!(5_000_000_000_u64)),
            ("/agent", json!([])),
            ("/agent/id", Value::Null),
            ("/agent/id", json!("")),
            ("/scope", json!(true)),
            ("/to/language", json!("x")),
            ("/to/phone", json!({})),
            ("/to/phone", json!({ "number": "+81", "country_code": "81" })),
            ("/to/phone", json!({ "country_code": "81" })),
            ("/to/phone", json!({ "national_number": "90" })),
            ("/to/phone", json!({ "country_code": "81", "national_number": "90", "country_hint": "81" })),
            ("/sms", json!({})),
            ("/sms", json!({ "text": "x", "template": "x" })),
            ("/sms", json!({ "text": "x", "variables": { "a": "b" } })),
            ("/sms", json!({ "text": {} })),
            ("/sms", json!({ "text": "x", "attachments": 1 })),
        ]);
        for (place, value) in cases {
            let mut wrong = job.clone();
            match wrong.pointer_mut(place) {
                Some(field) => *field = value.clone(),
                None => {
                    let (parent, name) = place.rsplit_once('/').expect("a place has a slash");
                    wrong.pointer_mut(parent).expect("its object is there")[name] = value.clone();
                }
            }
            assert_eq!(is_told(wrong.to_string().as_bytes()), 1, "{place}: {value}");
        }
        for body in ["[]", "7", "null", "\"x\"", "{}"] {
            assert_eq!(is_told(body.as_bytes()), 1, "{body}");
        }
        let twice = job.to_string().replacen('{', r#"{"scope":"overseas","#, 1);
        assert_eq!(is_told(twice.as_bytes()), 1, "{twice}");
    }
}
