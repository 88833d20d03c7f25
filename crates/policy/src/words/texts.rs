//! What the rules say of a text message and of the email that may answer in its place (R5 to R14d, R17).

use closure_contract::{Language, facts::texts::TextMeasure};

use super::{Sentence, Words, words};
use crate::{
    gateway::texts::TextExcess,
    sms::{
        SmsFacts,
        text::{Replacement, code_point},
    },
};

const fn fixed(english: &'static str, korean: &'static str) -> Sentence {
    Sentence::fixed(english, korean)
}

pub(crate) const SUBJECT_DROPPED: Sentence = fixed(
    "the subject was dropped; an overseas SMS has none",
    "해외 문자에는 제목이 없으므로 제목을 뺐습니다",
);
pub(crate) const EMPTY: Sentence = fixed("the text is empty", "본문이 비어 있습니다");
pub(crate) const NO_SPECIAL_CHARACTERS: Sentence = fixed("no special characters", "특수 문자가 없습니다");
pub(crate) const OTHER_SENDER: Sentence = fixed(
    "the job asks for another sender than the registered one",
    "작업이 등록된 발신번호가 아닌 번호를 요청했습니다",
);
pub(crate) const REGISTERED_SENDER: Sentence =
    fixed("goes out from the registered sender", "등록된 발신번호로 발송합니다");
pub(crate) const INVITES_REPLY: Sentence = fixed(
    "the text invites a reply or a call to a number that cannot receive",
    "수신할 수 없는 번호로 회신이나 전화를 유도하는 문구가 있습니다",
);
/// An email that is due all the same waits for a person as `body_empty`.
pub(crate) const NO_TEXT: Sentence = fixed(
    "the email would be empty and wait for a person, because no edition of the template makes a text of these \
     variables; send fallback.text along",
    "이 변수 값으로 본문을 만들 수 있는 템플릿이 없어 이메일이 빈 채로 슈퍼바이저를 기다리게 됩니다. fallback.text를 함께 \
     보내십시오",
);
pub(crate) const NUMBER_IN_DOUBT: Sentence = fixed(
    "the number is in doubt, and a person decides first",
    "번호를 확신할 수 없어 슈퍼바이저가 먼저 결정합니다",
);
pub(crate) const ADDRESS_IS_NONE: Sentence = fixed(
    "the email address on file is malformed; where an email is due, a person must mend it",
    "등록된 이메일 주소의 형식이 올바르지 않습니다. 이메일이 필요해지면 슈퍼바이저가 고쳐야 합니다",
);
pub(crate) const NO_ADDRESS: Sentence = fixed(
    "there is no email address on file; where an email is due, a person must add one",
    "등록된 이메일 주소가 없습니다. 이메일이 필요해지면 슈퍼바이저가 추가해야 합니다",
);
pub(crate) const ON_FAILURE: Sentence =
    fixed("an email answers if the text message fails", "문자가 실패하면 이메일로 답변합니다");

pub(crate) fn too_long(bytes: usize, max: usize) -> impl Words {
    words!(
        "the text has {bytes} bytes, and an overseas SMS carries {max}",
        "본문은 {bytes}바이트이며 해외 문자는 {max}바이트까지 보낼 수 있습니다"
    )
}

pub(crate) fn within(bytes: usize, max: usize) -> impl Words {
    words!("{bytes} of {max} bytes", "{max}바이트 중 {bytes}바이트입니다")
}

pub(crate) fn near(bytes: usize, near: usize) -> impl Words {
    words!(
        "{bytes} bytes are over {near}; a gateway that adds to the text may cut it",
        "{bytes}바이트로 {near}바이트를 넘습니다. 발송사가 본문에 덧붙이는 글이 있으면 잘릴 수 있습니다"
    )
}

pub(crate) fn not_near(bytes: usize, near: usize) -> impl Words {
    words!("{bytes} bytes are not over {near}", "{bytes}바이트로 {near}바이트를 넘지 않습니다")
}

pub(crate) fn parts(facts: &SmsFacts, split_bytes: usize) -> impl Words {
    let (bytes, parts, worst) = (facts.bytes, facts.segments, facts.worst_case_segments);
    words!(
        "{bytes} bytes; {parts} part(s) by encoding, at most {worst} where a carrier splits every {split_bytes} bytes",
        "{bytes}바이트이며 인코딩 기준 {parts}건, 통신사가 {split_bytes}바이트마다 나누면 최대 {worst}건입니다"
    )
}

pub(crate) fn beyond_korean(count: usize, first: String) -> impl Words {
    words!(
        "a domestic message is written in EUC-KR, which has no way to write {count} of its characters, such as \
         {first}; write it in Korean or English, or let the email answer",
        "국내 문자는 EUC-KR로 작성되는데 본문의 {count}글자({first} 등)를 표현할 수 없습니다. 한국어나 영어로 작성하거나 \
         이메일로 답변하십시오"
    )
}

pub(crate) fn too_long_at_home(bytes: usize, max: usize) -> impl Words {
    words!(
        "the text has {bytes} bytes, and a domestic message carries {max}",
        "본문은 {bytes}바이트이며 국내 문자는 {max}바이트까지 보낼 수 있습니다"
    )
}

/// No gateway of the country carries the text.
pub(crate) fn too_long_for_all(over: &[TextExcess]) -> impl Words {
    |language| {
        let over = excesses(over, language);
        match language {
            Language::English => format!("the text is too long for every gateway of its country: {over}"),
            Language::Korean => format!("이 국가를 맡은 발송사 모두에 본문이 너무 깁니다: {over}"),
        }
    }
}

/// Another gateway of the country carries it.
pub(crate) fn too_long_for_some(over: &[TextExcess]) -> impl Words {
    |language| {
        let over = excesses(over, language);
        match language {
            Language::English => format!("another gateway carries it: {over}"),
            Language::Korean => format!("다른 발송사가 보냅니다: {over}"),
        }
    }
}

/// What the text has, and what each of these gateways takes.
fn excesses(over: &[TextExcess], language: Language) -> String {
    let one = |TextExcess { gateway, measure, length, max }: &TextExcess| {
        let (english, korean) = match measure {
            TextMeasure::GsmSeptets => ("characters in GSM 03.38", "GSM 03.38 글자"),
            TextMeasure::Ucs2Units => ("characters in UCS-2", "UCS-2 글자"),
            TextMeasure::Parts => ("parts", "분할 건수"),
            TextMeasure::Utf8Bytes => ("bytes in UTF-8", "UTF-8 바이트"),
            TextMeasure::KoreanBytes => ("bytes in EUC-KR", "EUC-KR 바이트"),
        };
        match language {
            Language::English => format!("it has {length} {english}, and {gateway} takes {max}"),
            Language::Korean => format!("{korean} 기준 {length}이며 {gateway}는 {max}까지 보냅니다"),
        }
    };
    over.iter().map(one).collect::<Vec<_>>().join("; ")
}

pub(crate) fn bad_title(max: usize) -> impl Words {
    words!(
        "the subject is longer than {max} bytes, has a line break or a character that EUC-KR has not",
        "제목이 {max}바이트를 넘거나, 줄바꿈 또는 EUC-KR로 표현할 수 없는 글자가 있습니다"
    )
}

pub(crate) fn long_message(bytes: usize) -> impl Words {
    words!(
        "{bytes} bytes; a domestic long message with a subject",
        "{bytes}바이트이며 제목이 있는 국내 장문 문자입니다"
    )
}

pub(crate) fn short_message(bytes: usize, drops_subject: bool) -> impl Words {
    let (more, korean_more) = if drops_subject {
        ("; the subject was dropped, only a long message has one", ". 제목은 장문 문자에만 있으므로 뺐습니다")
    } else {
        ("", "")
    };
    words!("{bytes} bytes; a domestic SMS{more}", "{bytes}바이트이며 국내 단문 문자입니다{korean_more}")
}

/// Characters by their code points, with the offset of each.
pub(crate) fn special_characters(named: Vec<(String, usize)>, more: usize) -> impl Words {
    move |language| {
        let list =
            |place: fn(&(String, usize)) -> String| named.iter().map(place).collect::<Vec<_>>().join(", ");
        match language {
            Language::English => {
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                let list = list(|(one, at)| format!("{one} at {at}"));
                format!("characters that an SMS may not carry: {list}{more}")
            }
            Language::Korean => {
                let more = if more > 0 { format!(" 외 {more}개") } else { String::new() };
                let list = list(|(one, at)| format!("{one}(위치 {at})"));
                format!("문자로 보낼 수 없는 글자가 있습니다: {list}{more}")
            }
        }
    }
}

/// Characters by their code points, with how often each was replaced.
pub(crate) fn replaced(replacements: &[Replacement]) -> impl Words {
    move |language| {
        let list =
            |one: fn(&Replacement) -> String| replacements.iter().map(one).collect::<Vec<_>>().join(", ");
        match language {
            Language::English => {
                let list = list(|one| format!("{} ({} times)", code_point(one.character), one.count));
                format!("written in ASCII without loss: {list}")
            }
            Language::Korean => {
                let list = list(|one| format!("{}({}회)", code_point(one.character), one.count));
                format!("뜻이 달라지지 않게 ASCII로 바꾸었습니다: {list}")
            }
        }
    }
}

pub(crate) fn attachments(count: usize) -> impl Words {
    words!("the job has {count} attachment(s)", "작업에 첨부 파일이 {count}개 있습니다")
}

pub(crate) fn sender_of_country(sender: &str) -> impl Words {
    words!("in this country the sender is {sender}", "이 국가에 표시되는 발신자는 {sender}입니다")
}
