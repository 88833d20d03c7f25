//! Closed sets of words that stand in columns.

use closure_contract::{Channel, Evidence, Provider, ReceiptStatus};

use crate::error::StoreError;

/// A value of a closed set, which stands in a column as a word.
pub(crate) trait ColumnWord: Copy + 'static {
    /// What an error calls one of them.
    const WHAT: &'static str;
    /// Every one.
    const ALL: &'static [Self];

    fn word(self) -> &'static str;

    /// Reads a word; one that is not in the set was written by a newer release.
    fn read(text: &str) -> Result<Self, StoreError> {
        Self::ALL
            .iter()
            .copied()
            .find(|value| value.word() == text)
            .ok_or_else(|| StoreError::NewerRow(format!("the {} `{text}`", Self::WHAT)))
    }
}

/// Declares a closed set of words once: the type, what an error calls one of them, and each value with its word.
macro_rules! column_words {
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
        }

        impl $crate::database::column_word::ColumnWord for $name {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &Self::ALL;

            fn word(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

pub(crate) use column_words;

/// The same of a set that the contract declares.
macro_rules! column_words_of_the_contract {
    ($name:ident: $what:literal, $all:expr) => {
        impl ColumnWord for $name {
            const WHAT: &'static str = $what;
            const ALL: &'static [Self] = &$all;

            fn word(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

column_words_of_the_contract!(Channel: "channel", Self::ALL);
column_words_of_the_contract!(Provider: "provider", Self::ALL);
column_words_of_the_contract!(Evidence: "evidence", [Self::None, Self::Gateway, Self::Carrier, Self::Handset]);
column_words_of_the_contract!(
    ReceiptStatus: "receipt status",
    [Self::InTransit, Self::Delivered, Self::Undelivered, Self::Expired, Self::Unknown]
);
