//! The words of what `contract` does not name, the language in which the command line speaks, and the page of all words.
//!
//! The words of codes, outcomes, receipts and rules are in `closure_contract::words`, which says how they are written.

mod known;
pub mod page;

pub use known::facts_of;

use closure_contract::{Channel, FailureCode, Language, Words, words::Explained};
use closure_policy::{
    explain::{FallbackEmail, Verdict},
    failure::{Class, Fault},
};
use closure_store::{DeadLetterState, DeliveryState};

/// Says a line in the language of whoever reads it: two literals, and the values that both have in braces.
macro_rules! say {
    ($language:expr, $english:literal, $korean:literal $(, $($value:expr),+)? $(,)?) => {
        match $language {
            closure_contract::Language::English => format!($english $(, $($value),+)?),
            closure_contract::Language::Korean => format!($korean $(, $($value),+)?),
        }
    };
}
pub(crate) use say;

/// The variables that name a locale, the first of them that is set counts (POSIX).
const LOCALE_VARIABLES: [&str; 3] = ["LC_ALL", "LC_MESSAGES", "LANG"];

/// The language that was asked for, or that of the environment's locale, or else English.
pub fn spoken(asked: Option<Language>, environment: impl Fn(&str) -> Option<String>) -> Language {
    let locale =
        || LOCALE_VARIABLES.iter().filter_map(|name| environment(name)).find(|locale| !locale.is_empty());
    asked.or_else(|| locale().and_then(|locale| of_locale(&locale))).unwrap_or_default()
}

/// The language of a locale such as `ko_KR.UTF-8`; nothing for one that the fleet does not speak.
fn of_locale(locale: &str) -> Option<Language> {
    let tag = locale.split(['_', '-', '.', '@']).next().unwrap_or(locale);
    Language::ALL.into_iter().find(|language| tag.eq_ignore_ascii_case(language.tag()))
}

/// A word of the wire as a person reads it: itself in English, and with its meaning in front in Korean.
pub fn named(code: &str, words: Words, language: Language) -> String {
    match language {
        Language::English => code.to_owned(),
        Language::Korean => format!("{}({code})", words.korean),
    }
}

/// Why it happened, what is known of it and what to do, as lines below a code.
pub fn explained(said: &Explained, language: Language) -> Vec<String> {
    let Explained { why, remedy, facts, .. } = said;
    let mut lines = vec![say!(language, "  why      {why}", "  원인     {why}")];
    if !facts.is_empty() {
        let facts = facts.join(", ");
        lines.push(say!(language, "  known    {facts}", "  값       {facts}"));
    }
    lines.push(say!(language, "  to do    {remedy}", "  할 일    {remedy}"));
    lines
}

/// Whether a detail says more than the code's own words, which it often repeats.
pub fn adds(code: FailureCode, detail: &str) -> bool {
    detail != code.what() && detail != format!("{}; {}", code.what(), code.remedy())
}

/// Where a delivery stands; a call has words of its own.
pub const fn state(state: DeliveryState, channel: Channel) -> Words {
    match (state, channel) {
        (DeliveryState::Pending, _) => Words::of("Waiting to start", "대기"),
        (DeliveryState::Sending, Channel::Dial) => Words::of("Placing the call", "전화 거는 중"),
        (DeliveryState::Sending, _) => Words::of("Sending", "발송 중"),
        (DeliveryState::InDoubt, Channel::Dial) => {
            Words::of("Checking whether it was placed", "통화 여부 확인 중")
        }
        (DeliveryState::InDoubt, _) => Words::of("Checking whether it went out", "발송 여부 확인 중"),
        (DeliveryState::Waiting, _) => Words::of("Waiting to retry", "재시도 대기"),
        (DeliveryState::Accepted, Channel::Sms) => Words::of("Accepted", "발송사 접수"),
        (DeliveryState::Accepted, Channel::Email) => Words::of("Accepted by mail server", "메일 서버 접수"),
        (DeliveryState::Accepted, Channel::Dial) => Words::of("Call in progress", "통화 진행 중"),
        (DeliveryState::Delivered, Channel::Dial) => Words::of("Answered", "통화 연결"),
        (DeliveryState::Delivered, _) => Words::of("Delivered", "도착"),
        (DeliveryState::Undelivered, Channel::Dial) => Words::of("Unanswered", "미연결"),
        (DeliveryState::Undelivered, _) => Words::of("Not delivered", "도착 실패"),
        (DeliveryState::Unknown, Channel::Dial) => Words::of("Unknown", "통화 여부 모름"),
        (DeliveryState::Unknown, _) => Words::of("Unknown", "도착 여부 모름"),
        (DeliveryState::Refused, Channel::Dial) => Words::of("Not called", "걸지 않음"),
        (DeliveryState::Refused, _) => Words::of("Refused", "발송 거절"),
        (DeliveryState::Expired, _) => Words::of("Expired", "기한 지남"),
        (DeliveryState::Dead, _) => Words::of("Needs action", "조치 대기"),
        (DeliveryState::Discarded, _) => Words::of("Closed, not sent", "미발송 종결"),
        (DeliveryState::Superseded, _) => Words::of("Superseded", "새 답변으로 대체"),
        (DeliveryState::Cancelled, _) => Words::of("Cancelled", "답변 취소"),
    }
}

/// Where a letter stands.
pub const fn letter(state: DeadLetterState) -> Words {
    match state {
        DeadLetterState::Open => Words::of("Needs action", "조치 대기"),
        DeadLetterState::Replaying => Words::of("In progress", "처리 중"),
        DeadLetterState::Resolved => Words::of("Resolved", "처리 완료"),
        DeadLetterState::Discarded => Words::of("Closed, not sent", "미발송 종결"),
    }
}

/// What the rules say of a job.
pub const fn verdict(verdict: Verdict) -> Words {
    match verdict {
        Verdict::Send => Words::of("Goes out", "발송"),
        Verdict::Reject => Words::of("Refused", "발송 거절"),
        Verdict::NeedsPerson => Words::of("Needs action", "조치 대기"),
        Verdict::Postpone => Words::of("Put off", "발송 연기"),
    }
}

/// When an email answers a text message.
pub const fn fallback_email(email: FallbackEmail) -> Words {
    match email {
        FallbackEmail::Always => Words::of("Always", "항상 보냄"),
        FallbackEmail::OnFailure => Words::of("If the text fails", "문자 실패 시 보냄"),
        FallbackEmail::None => Words::of("Never", "보내지 않음"),
    }
}

/// Whether trying again can help.
pub const fn class(class: Class) -> Words {
    match class {
        Class::Transient => Words::of("transient", "일시"),
        Class::Permanent => Words::of("permanent", "영구"),
        Class::InDoubt => Words::of("in doubt", "불확실"),
    }
}

/// Whose fault a failure is.
pub const fn fault(fault: Fault) -> Words {
    match fault {
        Fault::Message => Words::of("message", "메시지"),
        Fault::Recipient => Words::of("recipient", "수신자"),
        Fault::Content => Words::of("content", "내용"),
        Fault::Sender => Words::of("sender", "발신번호·발신 도메인"),
        Fault::Account => Words::of("account", "계정"),
        Fault::Provider => Words::of("provider", "발송사"),
        Fault::Agent => Words::of("agent", "상담사"),
    }
}

/// How a try ended, by its word in the table; one of a newer release has none.
pub fn attempt(word: &str) -> Option<Words> {
    Some(match word {
        "sending" => Words::of("Sending", "발송 중"),
        "accepted" => Words::of("Accepted", "접수"),
        "failed" => Words::of("Failed", "실패"),
        "in_doubt" => Words::of("Checking whether it went out", "발송 여부 확인 중"),
        _ => return None,
    })
}

/// What a person did about a letter, by its word in the table; one of a newer release has none.
pub fn act(word: &str) -> Option<Words> {
    Some(match word {
        "replay" => Words::of("Sent again", "재발송"),
        "discard" => Words::of("Closed without sending", "미발송 종결"),
        "reopen" => Words::of("Opened again", "다시 열기"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken_in(asked: Option<Language>, variables: &[(&str, &str)]) -> Language {
        spoken(asked, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_is_asked_for_counts_before_the_locale_and_english_is_spoken_where_nothing_is_known() {
        let (english, korean) = (Language::English, Language::Korean);
        assert_eq!(spoken_in(None, &[]), english);
        assert_eq!(spoken_in(Some(korean), &[("LC_ALL", "en_US.UTF-8")]), korean);
        assert_eq!(spoken_in(Some(english), &[("LANG", "ko_KR.UTF-8")]), english);
        for locale in ["ko", "ko_KR", "ko_KR.UTF-8", "KO_kr.eucKR", "ko-KR", "ko@x"] {
            assert_eq!(spoken_in(None, &[("LANG", locale)]), korean, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "POSIX", "en_GB.UTF-8", "kok_IN", "korean", "fr_FR.UTF-8"] {
            assert_eq!(spoken_in(None, &[("LANG", locale)]), english, "{locale}");
        }
    }

    #[test]
    fn of_the_locale_variables_the_first_that_is_set_counts() {
        let all = [("LC_ALL", "ko_KR.UTF-8"), ("LC_MESSAGES", "en_US.UTF-8"), ("LANG", "en_US.UTF-8")];
        assert_eq!(spoken_in(None, &all), Language::Korean);
        assert_eq!(spoken_in(None, &all[1..]), Language::English);
        let empty = [("LC_ALL", ""), ("LC_MESSAGES", "ko_KR.UTF-8"), ("LANG", "en_US.UTF-8")];
        assert_eq!(spoken_in(None, &empty), Language::Korean, "an empty variable is not set");
        let other = [("LC_ALL", "fr_FR.UTF-8"), ("LANG", "ko_KR.UTF-8")];
        assert_eq!(spoken_in(None, &other), Language::English, "whoever reads French gets English");
    }

    #[test]
    fn two_states_of_one_channel_never_have_the_same_words() {
        for (channel, language) in
            Channel::ALL.into_iter().flat_map(|channel| Language::ALL.map(|language| (channel, language)))
        {
            let mut said = DeliveryState::ALL.map(|one| state(one, channel).in_language(language));
            said.sort_unstable();
            assert!(said.windows(2).all(|pair| pair[0] != pair[1]), "{channel}: {said:?}");
        }
    }

    /// The CRM hears an outcome, and a supervisor sees a state: one thing has one word.
    #[test]
    fn a_state_that_the_crm_hears_of_has_the_words_of_its_outcome() {
        use closure_contract::OutcomeName;
        for (one, channel, outcome) in [
            (DeliveryState::Delivered, Channel::Sms, OutcomeName::Delivered),
            (DeliveryState::Undelivered, Channel::Sms, OutcomeName::Undelivered),
            (DeliveryState::Undelivered, Channel::Email, OutcomeName::Undelivered),
            (DeliveryState::Unknown, Channel::Sms, OutcomeName::Unknown),
            (DeliveryState::Refused, Channel::Sms, OutcomeName::Refused),
            (DeliveryState::Accepted, Channel::Email, OutcomeName::Accepted),
            (DeliveryState::Delivered, Channel::Dial, OutcomeName::Answered),
            (DeliveryState::Undelivered, Channel::Dial, OutcomeName::Unanswered),
            (DeliveryState::Expired, Channel::Sms, OutcomeName::Expired),
            (DeliveryState::Dead, Channel::Email, OutcomeName::Dead),
            (DeliveryState::Discarded, Channel::Email, OutcomeName::Discarded),
            (DeliveryState::Superseded, Channel::Sms, OutcomeName::Superseded),
            (DeliveryState::Cancelled, Channel::Sms, OutcomeName::Cancelled),
        ] {
            assert_eq!(state(one, channel), outcome.words(), "{one} of {channel}");
        }
    }
}
