//! The words of the closed sets of the contract.

use super::Words;
use crate::{
    facts::{
        bounces::{DsnAction, Feedback},
        texts::TextMeasure,
    },
    job::Channel,
    language::Language,
    outcome::{OutcomeName, RuleEffect, RuleId},
    provider::Provider,
    receipt::{Evidence, ReceiptStatus},
};

/// Declares the words of closed sets once; a value without words does not compile.
macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $set:ty { $($variant:ident = $english:literal, $korean:literal;)+ })+) => {
        $(impl $set {
            /// Every one, in the order of the table of words.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            $(#[doc = $doc])+
            pub const fn words(self) -> Words {
                match self { $(Self::$variant => Words::of($english, $korean),)+ }
            }
        })+
    };
}

kinds! {
    /// How a job ended.
    OutcomeName {
        Delivered = "Delivered", "도착";
        Undelivered = "Not delivered", "도착 실패";
        Unknown = "Unknown", "도착 여부 모름";
        Refused = "Refused", "발송 거절";
        Accepted = "Accepted by mail server", "메일 서버 접수";
        Answered = "Answered", "통화 연결";
        Unanswered = "Unanswered", "미연결";
        Expired = "Expired", "기한 지남";
        Dead = "Needs action", "조치 대기";
        Discarded = "Closed, not sent", "미발송 종결";
        Superseded = "Superseded", "새 답변으로 대체";
        Cancelled = "Cancelled", "답변 취소";
    }
    /// What a receipt says.
    ReceiptStatus {
        InTransit = "On its way", "전송 중";
        Delivered = "Delivered", "도착";
        Undelivered = "Not delivered", "도착 실패";
        Expired = "Validity ended", "유효 시간 만료";
        Unknown = "Unknown", "도착 여부 모름";
    }
    /// What a `delivered` is worth.
    Evidence {
        None = "None", "확인 없음";
        Gateway = "Gateway only", "발송사 접수까지";
        Carrier = "Carrier", "통신사 확인";
        Handset = "Handset", "단말기 확인";
    }
    /// What a rule did.
    RuleEffect {
        Pass = "Passed", "통과";
        Flag = "Passed with a remark", "통과, 주의";
        Change = "Changed", "수정 후 통과";
        Reject = "Refused", "발송 거절";
        Hold = "Needs action", "조치 대기";
        Postpone = "Put off", "발송 연기";
        Email = "Email in its place", "대체 이메일";
    }
    /// What is counted of a text.
    TextMeasure {
        GsmSeptets = "characters of GSM 03.38", "GSM 03.38 글자 수";
        Ucs2Units = "characters of UCS-2", "UCS-2 글자 수";
        Parts = "parts", "분할 건수";
        Utf8Bytes = "bytes of UTF-8", "UTF-8 바이트";
        KoreanBytes = "bytes of EUC-KR", "EUC-KR 바이트";
    }
    /// What a report says became of a mail.
    DsnAction {
        Failed = "Given up", "전달 포기";
        Delayed = "Still being tried", "전달 지연";
        Delivered = "Reached the mailbox", "메일함 도착";
        Relayed = "Went on to where no reports are made", "보고하지 않는 서버로 전달";
        Expanded = "Went on to several recipients", "여러 수신자에게 전달";
    }
    /// What a recipient said of a mail that arrived.
    Feedback {
        Abuse = "Unwanted", "스팸 신고";
        Fraud = "Taken for a fraud", "사기 의심 신고";
        OptOut = "No further mail wanted", "수신 거부";
        NotSpam = "Taken for unwanted mail, and is none", "스팸 아님";
        Other = "Something else", "기타";
    }
    /// What a rule is about, in a few words; `docs/rulebook.md` says all of it.
    RuleId {
        R1 = "Overseas or domestic", "해외/국내 구분";
        R2 = "Dialling overseas", "해외 전화 걸기";
        R3 = "Dialling at home", "국내 전화 걸기";
        R4 = "The record of a call", "통화 기록";
        R5 = "No subject overseas", "해외 문자 제목 없음";
        R6 = "At most 1,000 bytes", "본문 최대 길이";
        R7 = "900 to 950 bytes", "본문 권장 길이";
        R8 = "Parts over 90 bytes", "분할 발송";
        R9 = "Special characters", "특수 문자";
        R10 = "No attachments", "문자 첨부 불가";
        R11 = "The sender number", "발신번호";
        R12 = "Another sender abroad", "해외에서 표시되는 발신자";
        R13 = "The sender cannot receive", "회신 불가 번호";
        R14a = "Vietnam", "베트남";
        R14b = "China", "중국";
        R14c = "A failed text message", "문자 실패";
        R14d = "No email address", "이메일 주소 없음";
        R14e = "A provider's failure", "발송사 쪽 장애";
        R14f = "What a receipt is worth", "전송 결과의 신뢰도";
        R15 = "Numbers in one piece", "국가번호가 분리되지 않은 번호";
        R16 = "Numbers in two pieces", "국가번호가 분리된 번호";
        R17 = "Overseas text messages", "해외 문자 구분";
        R18 = "Closed by email", "이메일로 종결";
        R19 = "The subject is English", "영문 제목";
        R20 = "The sender of the mail", "이메일 발신자";
        B1 = "Not before, and not after", "발송 시각과 시한";
        B2 = "A newer revision", "새 revision";
        B3 = "Cancelled by the CRM", "CRM의 취소";
        B4 = "Allowed countries", "허용 국가";
        B5 = "Caps of contacts", "연락 한도";
        B6 = "The suppression list", "발송 제외 목록";
        B7 = "Quiet hours", "야간 시간";
    }
}

impl Channel {
    /// What a person calls it.
    pub const fn words(self) -> Words {
        match self {
            Self::Sms => Words::of("text message", "문자"),
            Self::Email => Words::of("email", "이메일"),
            Self::Dial => Words::of("call", "전화"),
        }
    }
}

impl Provider {
    /// Who it is, as it stands in a sentence; a gateway has the name that the settings give it.
    pub fn named(self, language: Language) -> String {
        match self {
            Self::Smtp => Words::of("the mail server", "메일 서버").in_language(language).to_owned(),
            Self::Asterisk => Words::of("the PBX", "PBX").in_language(language).to_owned(),
            gateway => format!("{} {gateway}", Words::of("gateway", "발송사").in_language(language)),
        }
    }
}
