//! Closed sets of words that stand in columns.

use closure_contract::{Channel, Evidence, Provider, ReceiptStatus};

use crate::error::StoreError;

/// Declares a closed set of words once: the type, what an error calls one of them, and each value with its word.
macro_rules! words {
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident: $what:literal {
            $($(#[$doc:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$meta])*
        $vis enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every one, in the order of this table.
            $vis const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word in its column.
            $vis const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }

            pub(crate) fn read(text: &str) -> Result<Self, $crate::error::StoreError> {
                $crate::database::word::named(&Self::ALL, Self::as_str, $what, text)
            }
        }
    };
}

pub(crate) use words;

/// Finds a word of a closed set; one that is not in it was written by a newer release.
pub(crate) fn named<T: Copy>(
    all: &[T],
    name: impl Fn(T) -> &'static str,
    what: &str,
    text: &str,
) -> Result<T, StoreError> {
    all.iter()
        .copied()
        .find(|value| name(*value) == text)
        .ok_or_else(|| StoreError::NewerRow(format!("the {what} `{text}`")))
}

/// The channel that a column names.
pub(crate) fn channel(text: &str) -> Result<Channel, StoreError> {
    named(&Channel::ALL, Channel::as_str, "channel", text)
}

/// The provider that a column names.
pub(crate) fn provider(text: &str) -> Result<Provider, StoreError> {
    named(&Provider::ALL, Provider::as_str, "provider", text)
}

/// The grade of evidence that a column names.
pub(crate) fn evidence(text: &str) -> Result<Evidence, StoreError> {
    let all = [Evidence::None, Evidence::Gateway, Evidence::Carrier, Evidence::Handset];
    named(&all, Evidence::as_str, "evidence", text)
}

/// The receipt's status that a column names.
pub(crate) fn receipt_status(text: &str) -> Result<ReceiptStatus, StoreError> {
    let all = [
        ReceiptStatus::InTransit,
        ReceiptStatus::Delivered,
        ReceiptStatus::Undelivered,
        ReceiptStatus::Expired,
        ReceiptStatus::Unknown,
    ];
    named(&all, ReceiptStatus::as_str, "receipt status", text)
}
