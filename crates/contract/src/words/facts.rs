//! The named values of a failure, with what they are called.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Words, told::Said};
use crate::{
    facts::{bounces::DsnStatus, texts::TextMeasure},
    ids::Timestamp,
    language::Language,
    provider::Provider,
};

/// Declares the named values once: the name, the type, and how a value is said; `{}` is where it stands.
macro_rules! named_values {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $english:literal, $korean:literal;)+) => {
        /// Values that say more about a failure than its code does; none of them is a number, an address or a text of a
        /// customer.
        ///
        /// They are for programs to group and count by, and for people in sentences. What is not known is left out, and
        /// what a newer release names is passed over.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(default)]
        pub struct Facts {
            $($(#[doc = $doc])+ #[serde(skip_serializing_if = "Option::is_none")] pub $name: Option<$type>,)+
        }

        impl Facts {
            /// The names of all, in the order of this table.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),+];

            /// Every value that is known, in words of this language.
            pub fn listed(&self, language: Language) -> Vec<String> {
                let values = [$(self.$name.as_ref().map(|value| {
                    Words::of($english, $korean).in_language(language).replace("{}", &value.said(language))
                })),+];
                values.into_iter().flatten().collect()
            }

            /// The same with what another look knows beside; its own values stand.
            #[must_use]
            pub fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name)),+ }
            }
        }
    };
}

named_values! {
    /// Who refused it, or did not carry it.
    provider: Provider = "{}", "{}";
    /// The provider's own code.
    provider_code: String = "its code {}", "응답 코드 {}";
    /// The country calling code of the customer's number.
    country_code: u16 = "country code {}", "국가번호 {}";
    /// How long the text is.
    length: u64 = "length {}", "길이 {}";
    /// How long it may be.
    length_max: u64 = "at most {}", "길이 한도 {}";
    /// What is counted of its length.
    measure: TextMeasure = "counted in {}", "길이 단위 {}";
    /// Characters that may not be sent, as code points.
    characters: String = "characters {}", "보낼 수 없는 글자 {}";
    /// How many files are attached.
    attachments: u64 = "{} attachment(s)", "첨부 파일 {}개";
    /// A template and its version.
    template: String = "template {}", "템플릿 {}";
    /// A variable of the template.
    variable: String = "variable {}", "변수 {}";
    /// A field of the message.
    field: String = "field {}", "필드 {}";
    /// How many contacts a cap allows.
    contacts_max: u64 = "at most {} contact(s)", "연락 한도 {}건";
    /// When it lets go by itself.
    until: Timestamp = "until {}", "{}까지";
    /// The time before which the job is not sent.
    not_before: Timestamp = "not before {}", "발송 예정 {}";
    /// The time after which the job is not sent.
    expires_at: Timestamp = "expires at {}", "시한 {}";
    /// The revision of the answer that took its place.
    revision: u32 = "revision {}", "revision {}";
    /// How old the agent's click is, in seconds.
    click_age_s: u64 = "click {} s ago", "클릭 후 {}초";
    /// For how long a click is fresh, in seconds.
    click_fresh_s: u64 = "a click is fresh for {} s", "클릭 유효 시간 {}초";
    /// How far the agent's click lies in the future, in seconds.
    click_ahead_s: u64 = "click {} s ahead", "클릭 시각 {}초 뒤";
    /// The mail server's enhanced status code (RFC 3463).
    mail_status: DsnStatus = "status {}", "상태 코드 {}";
}

impl Facts {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
