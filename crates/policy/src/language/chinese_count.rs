//! What a text has of Chinese, and of other languages, counted while it is read from its beginning to its end (R14b).

use unicode_script::{Script, UnicodeScript};

use super::{
    buttons,
    chinese::ChineseFacts,
    courtesies,
    foreign::{self, Clause, Run},
    han, lexicon, tag,
};
use crate::rulebook::ChinaRules;

/// A text with fewer Han characters than this beside its courtesies says nothing in Chinese, so that whatever else it has
/// is the answer: one word of English, a foreign greeting, a name.
const HAN_OF_SUBSTANCE_MIN: usize = 2;
/// So many words that hold an English sentence together are one, however they are strewn among Han characters.
const FUNCTION_WORDS_MAX: usize = 1;
/// So many ordinary words in small letters, with commas between them or alone, are no sentence.
const SMALL_WORDS_MAX: usize = 2;

/// Words without Han between them.
#[derive(Default)]
struct WordRun {
    words: Vec<String>,
    units: usize,
    /// Whether the Chinese around them names a button or a page.
    is_button: bool,
    /// Whether Han stands between them and the words before.
    follows_han: bool,
}

/// Words and units of the runs of one sort.
#[derive(Default)]
struct Tally {
    words: usize,
    units: usize,
}

impl Tally {
    fn add(&mut self, run: &WordRun) {
        self.words += run.words.len();
        self.units += run.units;
    }
}

#[derive(Default)]
pub(crate) struct Count {
    han: usize,
    japanese_or_korean: usize,
    /// Names of places in Korean.
    pub(crate) korean_places: usize,
    traditional: usize,
    simplified: usize,
    substance: Tally,
    words: Tally,
    /// What is left out where Chinese says something: greetings, names, buttons, loan words.
    left_out: Tally,
    harmless: Tally,
    /// Of the harmless ones the loan words that are a clause of their own: "No." is an answer where nothing else is one.
    lone: Tally,
    /// Ordinary words in small letters since the last Han, and the most of them anywhere.
    small_words: usize,
    small_words_most: usize,
    function_words: usize,
    text_has_han: bool,
    pub(crate) in_word: bool,
    pub(crate) in_signature: bool,
    /// The words since the last Han character or the clause's beginning.
    run: WordRun,
    /// The runs of this clause that have ended, and whether it has Han.
    clause: Vec<WordRun>,
    clause_has_han: bool,
    /// Whether a label such as 姓名：stands before this clause.
    clause_is_labelled: bool,
    /// Whether a Han character was the last thing that is neither a sign nor a space.
    after_han: bool,
    /// The Han characters since the last comma or stop, through quotes and brackets.
    han_before: String,
    /// The Han characters that were counted, with a space wherever they are interrupted.
    han_clauses: String,
}

impl Count {
    /// Nothing counted yet of this text.
    pub(crate) fn of(text: &str) -> Self {
        Self { text_has_han: text.chars().any(is_han), ..Self::default() }
    }

    /// A character that is no part of a word of other letters.
    pub(crate) fn character(&mut self, character: char, after: Option<char>) {
        self.in_word = false;
        let kind = kind(character);
        match kind {
            Kind::Han if !self.in_signature => self.han_clauses.push(character),
            _ => self.han_clauses.push(' '),
        }
        match kind {
            Kind::Han if self.in_signature => self.end_run(),
            Kind::Han => {
                self.end_run();
                (self.clause_has_han, self.after_han) = (true, true);
                self.han_before.push(character);
                let writers = han::of(character);
                self.han += 1;
                self.traditional += usize::from(writers.traditional);
                self.japanese_or_korean += usize::from(writers.japanese);
                self.simplified += usize::from(writers.simplified);
            }
            Kind::JapaneseOrKorean => {
                self.end_run();
                self.japanese_or_korean += 1;
            }
            Kind::Letter => {}
            Kind::Other if ends_clause(character, after) => {
                self.end_clause();
                self.clause_is_labelled = match character {
                    ':' => buttons::is_label(&self.han_before),
                    '"' | '(' | '\u{201c}' => self.clause_is_labelled,
                    _ => false,
                };
                if matches!(character, ',' | '.' | ';' | '!' | '?' | '\n' | '\u{3002}') {
                    self.han_before.clear();
                }
            }
            Kind::Other => {}
        }
    }

    /// An address, a brand or a Korean name, which is no evidence.
    pub(crate) fn pass_over(&mut self) {
        self.in_word = false;
        self.han_clauses.push(' ');
    }

    /// A run of other letters, digits and what joins them; `after` is what follows it.
    pub(crate) fn word(&mut self, word: &str, after: &str) {
        self.in_word = true;
        self.han_clauses.push(' ');
        if word.split_once('@').is_some_and(|(_, domain)| domain.contains('.')) {
            return;
        }
        for (number, piece) in word.split([':', '/']).enumerate() {
            if number > 0 {
                self.end_clause();
            }
            let letters = |run: &&str| run.chars().any(char::is_alphabetic);
            if piece.chars().any(char::is_numeric) {
                let glued = foreign::between_digits(piece);
                self.run.units += glued.len();
                self.run.words.extend(glued);
            } else {
                let is_unit = lexicon::UNITS.contains(piece.to_lowercase().as_str());
                self.run.units += if is_unit { 0 } else { piece.split(is_joiner).filter(letters).count() };
                let parts = piece.split(['.', '_', '+', '#']).filter(letters);
                match self.text_has_han {
                    true => self.run.words.extend(parts.flat_map(foreign::unglued)),
                    false => self.run.words.extend(parts.map(str::to_owned)),
                }
            }
        }
        self.run.follows_han |= std::mem::take(&mut self.after_han);
        self.run.is_button |= self.text_has_han && buttons::between(&self.han_before, after);
    }

    fn end_run(&mut self) {
        let run = std::mem::take(&mut self.run);
        if !run.words.is_empty() {
            self.clause.push(run);
        }
    }

    pub(crate) fn end_clause(&mut self) {
        self.end_run();
        for run in std::mem::take(&mut self.clause) {
            // A text without any Han is not Chinese, whatever its words are.
            if !self.text_has_han {
                self.substance.add(&run);
                continue;
            }
            let clause = match (run.is_button, self.clause_has_han, self.clause_is_labelled) {
                (true, _, _) => Clause::Button,
                (false, true, _) => Clause::AmongHan,
                (false, false, true) => Clause::Labelled,
                (false, false, false) => Clause::Alone,
            };
            let sort = foreign::run(&run.words, clause);
            if matches!(sort, Run::Word | Run::Name | Run::Substance) {
                self.function_words += foreign::function_words(&run.words);
            }
            if run.follows_han {
                self.small_words = 0;
            }
            if sort == Run::Word {
                self.small_words += foreign::small_words(&run.words);
                self.small_words_most = self.small_words_most.max(self.small_words);
            }
            let tally = match sort {
                Run::Harmless => &mut self.harmless,
                Run::Label | Run::Courtesy | Run::Name => &mut self.left_out,
                Run::Word => &mut self.words,
                Run::Substance => &mut self.substance,
            };
            tally.add(&run);
            if sort == Run::Harmless && clause == Clause::Alone && foreign::has_loan_word(&run.words) {
                self.lone.add(&run);
            }
        }
        self.clause_has_han = false;
    }

    pub(crate) fn facts(&self, tag: Option<&str>, rules: &ChinaRules) -> ChineseFacts {
        let strewn = if self.function_words > FUNCTION_WORDS_MAX { self.function_words } else { 0 };
        let small = if self.small_words_most > SMALL_WORDS_MAX { self.small_words_most } else { 0 };
        let mut foreign_words = self.substance.words.max(strewn).max(small);
        let mut japanese_or_korean = self.japanese_or_korean;
        let mut units = self.words.units + self.substance.units;
        let others = self.words.words + self.left_out.words + self.harmless.words + self.korean_places;
        if others > 0 && courtesies::han_beside_them(&self.han_clauses) < HAN_OF_SUBSTANCE_MIN {
            foreign_words += self.words.words + self.left_out.words + self.lone.words;
            japanese_or_korean += self.korean_places;
            units += self.left_out.units + self.harmless.units;
        }
        units += self.han + japanese_or_korean;
        let enough = self.han >= rules.han_min as usize
            && self.han * 100 >= units * usize::from(rules.han_percent_min);
        let anothers = self.simplified == 0 && tag.is_some_and(writes_han_otherwise);
        ChineseFacts {
            is_chinese: japanese_or_korean == 0 && foreign_words == 0 && enough && !anothers,
            han: self.han,
            units,
            traditional: self.traditional,
            japanese_or_korean,
            foreign_words,
        }
    }
}

/// Whether a customer of this language reads Han characters in another language than Chinese.
fn writes_han_otherwise(tag: &str) -> bool {
    tag::canonical(tag).is_some_and(|tag| matches!(tag.split('-').next(), Some("ja" | "ko")))
}

/// Whether a clause ends here; a full stop and a hyphen do so before a space or another script alone.
fn ends_clause(character: char, after: Option<char>) -> bool {
    match character {
        '-' => after.is_none_or(|after| after == ' '),
        // A menu's way is one name: Settings > Payment.
        '\'' | '&' | ' ' | '%' | '$' | '>' | '\u{a0}' => false,
        _ => true,
    }
}

#[derive(PartialEq, Eq)]
pub(crate) enum Kind {
    Han,
    JapaneseOrKorean,
    Letter,
    Other,
}

pub(crate) fn kind(character: char) -> Kind {
    if !character.is_alphanumeric() && !unicode_normalization::char::is_combining_mark(character) {
        return Kind::Other;
    }
    match character.script() {
        Script::Han => Kind::Han,
        Script::Hiragana | Script::Katakana | Script::Hangul => Kind::JapaneseOrKorean,
        // The prolonged sound mark belongs to both kana, so that Unicode gives it to neither.
        _ if matches!(character, '\u{30fc}' | '\u{ff70}') => Kind::JapaneseOrKorean,
        _ => Kind::Letter,
    }
}

pub(crate) fn is_joiner(character: char) -> bool {
    matches!(character, '@' | '.' | '_' | '-' | '+' | '/' | '#' | ':')
}

fn is_han(character: char) -> bool {
    kind(character) == Kind::Han
}
