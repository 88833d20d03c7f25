//! In which language a text is, and what its sentences say (R13, R14b, R19).

pub(crate) mod buttons;
pub mod chinese;
pub(crate) mod chinese_count;
pub(crate) mod courtesies;
pub(crate) mod english;
pub(crate) mod foreign;
pub(crate) mod han;
pub(crate) mod korean_names;
pub(crate) mod lexicon;
pub(crate) mod subject_words;
pub(crate) mod tag;
