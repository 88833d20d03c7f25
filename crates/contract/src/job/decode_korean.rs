//! Why a message is not a job, in Korean; the English is the error's own text.

use super::DecodeError;
use crate::topology::JOB_BYTES_MAX;

impl DecodeError {
    /// What is wrong and what to do, in Korean.
    ///
    /// What a field should have been is said as the JSON reader says it, in English: it speaks to a programmer.
    pub fn in_korean(&self) -> String {
        match self {
            Self::TooLarge { bytes } => format!(
                "본문은 {bytes}바이트이며 작업은 {JOB_BYTES_MAX}바이트까지입니다. 글을 줄여 같은 job_id로 다시 발행하십시오"
            ),
            Self::NotJson { line, column } => format!(
                "본문이 JSON이 아닙니다({line}번째 줄, {column}번째 열). content_type을 application/json으로 지정하고 UTF-8 \
                 JSON으로 발행하십시오"
            ),
            Self::UnknownKind => {
                "kind가 없거나 알 수 없는 값입니다. closure.sms/1, closure.email/1, closure.dial/1 중 하나로 발행하십시오"
                    .to_owned()
            }
            Self::UnsupportedVersion { kind } => format!(
                "{kind}의 버전이 현재 릴리스보다 높습니다. 워커를 업그레이드한 뒤 재처리하거나 버전 1로 발행하십시오"
            ),
            Self::WrongShape { path, problem } => format!(
                "`{path}` 필드가 없거나 형식이 올바르지 않습니다({problem}). 해당 kind의 JSON Schema에 맞게 고쳐 다시 \
                 발행하십시오"
            ),
        }
    }
}
