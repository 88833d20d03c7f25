//! Why a message is not a job, in Korean; the English is the error's own text.

use super::{DecodeError, form::Form, shape_korean};
use crate::{language::Language, topology::JOB_BYTES_MAX};

impl DecodeError {
    /// What is wrong, in this language; what to do is the code's own remedy.
    pub fn problem_in(&self, language: Language) -> String {
        match language {
            Language::English => self.to_string(),
            Language::Korean => self.in_korean(),
        }
    }

    fn in_korean(&self) -> String {
        match self {
            Self::TooLarge { bytes } => {
                format!("본문은 {bytes}바이트이며 메시지는 {JOB_BYTES_MAX}바이트까지입니다")
            }
            Self::NotJson { form, line, column } => {
                format!("{}({line}번째 줄, {column}번째 열)", form.in_korean())
            }
            Self::NoObject { what } => {
                let found = shape_korean::found(what).unwrap_or(what);
                format!("본문이 {found}입니다. 메시지마다 중괄호로 묶은 객체 하나여야 합니다")
            }
            Self::UnknownKind => {
                "kind가 없거나 알 수 없는 값입니다. closure.sms/1, closure.email/1, closure.dial/1, closure.cancel/1 중 \
                 하나여야 합니다"
                    .to_owned()
            }
            Self::UnsupportedVersion { kind } => {
                format!("{kind}의 버전이 현재 릴리스가 아는 버전 1보다 높습니다")
            }
            Self::OfAnotherQueue { kind, key } => {
                format!("{kind}은(는) 여기에서 읽지 않는 kind이며 라우팅 키는 {key}입니다")
            }
            Self::WrongShape { path, problem } => {
                format!("`{path}` 필드: {}", shape_korean::problem(problem))
            }
        }
    }
}

impl Form {
    fn in_korean(self) -> &'static str {
        match self {
            Self::Empty => "본문이 비어 있습니다. JSON 객체 하나여야 합니다",
            Self::Utf16 => "본문이 UTF-16입니다. UTF-8이어야 합니다",
            Self::Gzip => "본문이 압축되어 있습니다(gzip). 압축하지 않은 UTF-8 JSON이어야 합니다",
            Self::Cp949 => "본문이 UTF-8이 아니며 CP949(EUC-KR)일 수 있습니다. UTF-8이어야 합니다",
            Self::NotUtf8 => "본문이 UTF-8이 아닙니다. UTF-8 JSON이어야 합니다",
            Self::SecondMark => "문서 앞에 BOM이 둘 있습니다. 없어야 합니다",
            Self::CutOff => "본문이 문서 중간에서 끊겼습니다",
            Self::More => "문서 뒤에 다른 내용이 있습니다. 메시지마다 JSON 객체 하나여야 합니다",
            Self::TooDeep => "객체와 배열이 너무 깊이 중첩되어 있습니다",
            Self::HugeNumber => "숫자가 너무 큽니다",
            Self::RawControl => "글에 줄바꿈 같은 제어 문자가 그대로 있습니다. \\n처럼 이스케이프해야 합니다",
            Self::LoneSurrogate => "\\ud83d 같은 이스케이프의 짝이 없습니다",
            Self::Other => "본문이 JSON이 아닙니다",
        }
    }
}
