//! Why a mail came back, by its enhanced status code (RFC 3463 and what was registered since).

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Words, told::Said};
use crate::{facts::bounces::DsnStatus, language::Language};

impl DsnStatus {
    /// What the code means, whether it is final or not.
    pub const fn words(self) -> Words {
        match (self.subject, self.detail) {
            (1, 1) => Words::of("no such mailbox", "없는 메일함"),
            (1, 2) => Words::of("no such domain", "없는 도메인"),
            (1, 3) => Words::of("a misspelt address", "주소 형식 오류"),
            (1, 4) => Words::of("an address of several mailboxes", "여러 메일함에 해당하는 주소"),
            (1, 6) => Words::of("a mailbox that has moved away", "이전된 메일함"),
            (1, 7 | 8) => Words::of("our own address is refused", "발신 주소 거절"),
            (1, 10) => Words::of("a domain that takes no mail", "메일을 받지 않는 도메인"),
            (1, _) => Words::of("something about an address", "주소 문제"),
            (2, 1) => Words::of("a closed mailbox", "닫힌 메일함"),
            (2, 2) => Words::of("a full mailbox", "가득 찬 메일함"),
            (2, 3) => Words::of("too large for the mailbox", "메일함의 크기 한도 초과"),
            (2, _) => Words::of("something about the mailbox", "메일함 문제"),
            (3, 4) => Words::of("too large for the mail server", "메일 서버의 크기 한도 초과"),
            (3, _) => Words::of("a fault of the recipient's mail server", "수신 메일 서버 문제"),
            (4, 7) => {
                Words::of("given up after the server's days of trying", "정해진 기간 동안 시도한 뒤 포기")
            }
            (4, _) => Words::of("no way to the mail server", "메일 서버까지의 경로 없음"),
            (5, _) => {
                Words::of("the servers do not understand each other", "메일 서버 사이의 통신 규약 문제")
            }
            (6, _) => Words::of("content that cannot be carried on", "전달할 수 없는 내용 형식"),
            (7, 20..=26) => {
                Words::of("the mail is not believed to be ours", "발신 도메인 인증 실패(SPF, DKIM)")
            }
            (7, _) => Words::of("the mail server's policy", "수신 메일 서버의 정책"),
            (_, _) => Words::of("no reason given", "사유 없음"),
        }
    }
}

/// The code with its meaning, for a place within a sentence.
impl Said for DsnStatus {
    fn said(&self, language: Language) -> String {
        let meaning = self.words().in_language(language);
        match language {
            Language::English => format!("{self} ({meaning})"),
            Language::Korean => format!("{self}({meaning})"),
        }
    }
}

/// A text that is no enhanced status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an enhanced status code has three numbers, such as 5.1.1")]
pub struct NoDsnStatus;

impl FromStr for DsnStatus {
    type Err = NoDsnStatus;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split('.').map(|number| number.parse().map_err(|_| NoDsnStatus));
        let mut next = || numbers.next().unwrap_or(Err(NoDsnStatus));
        let status = Self { class: next()?, subject: next()?, detail: next()? };
        numbers.next().map_or(Ok(status), |_| Err(NoDsnStatus))
    }
}

impl Serialize for DsnStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DsnStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for DsnStatus {
    fn schema_name() -> Cow<'static, str> {
        "DsnStatus".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An enhanced status code (RFC 3463), such as `5.1.1`.",
            "type": "string",
            "pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$",
        })
    }
}
