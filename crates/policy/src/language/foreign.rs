//! Whether a run of words that are not Han says something, or is a name, a loan word or a greeting (R14b).

use unicode_script::{Script, UnicodeScript};

use super::lexicon::{self, CONNECTORS, LOAN_WORDS, PHRASES};

/// A clause of its own with so many words is no name, and of words in capitals alone with [`SHOUTED_NAME_WORDS_MAX`].
const NAME_WORDS_MAX: usize = 3;
const SHOUTED_NAME_WORDS_MAX: usize = 2;
/// The label of a button or a page has at most so many words.
const LABEL_WORDS_MAX: usize = 4;
/// A word of another language counts by itself from so many letters; shorter ones are names as well.
const OTHER_LETTERS_MIN: usize = 6;
/// Glued words have so many letters at least: what is shorter is a name or a code.
const GLUED_LETTERS_MIN: usize = 8;
/// Of the parts of glued words each has so many letters at least, but for those that hold a sentence together.
const GLUED_PART_LETTERS_MIN: usize = 3;
/// Verbs by which something is told, beside those in -ed.
const TELLING: [&str; 6] = ["was", "were", "is", "are", "has", "been"];
/// No word of the lists is longer, so that no longer part is looked for.
const GLUED_PART_LETTERS_MAX: usize = 20;

/// What a run of words that are not Han is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Loan words, units and single letters: no evidence at all.
    Harmless,
    /// The name of a place, or what stands on a button.
    Label,
    /// A name of several words that is no place's.
    Name,
    /// A single word, or two that are no sentence; an answer only where nothing else in the text is one.
    Word,
    /// A greeting.
    Courtesy,
    /// It says something.
    Substance,
}

/// How a clause of a few words is told from the same words within a Chinese clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clause {
    /// The clause has no Han beside the run.
    Alone,
    /// The run stands within a clause that has Han.
    AmongHan,
    /// The run stands behind a label such as 姓名：.
    Labelled,
    /// The run stands where Chinese names a button or a page.
    Button,
}

/// Says what a run is; brand words, addresses, numbers and codes are left out of it before.
pub(crate) fn run(words: &[String], clause: Clause) -> Run {
    if words.iter().any(|word| is_of_another_script(word)) {
        return Run::Substance;
    }
    let rest = without_phrases(words);
    if rest.is_empty() {
        return Run::Label;
    }
    greeting_or_label(words, clause)
        .or_else(|| greeting_or_label(&rest, clause))
        .unwrap_or_else(|| besides_phrases(&rest, clause))
}

/// What needs no look at its single words.
fn greeting_or_label(words: &[String], clause: Clause) -> Option<Run> {
    let all: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    if lexicon::is_greeting(&all) {
        let counted = all.iter().filter(|word| is_counted(word)).count();
        return Some(if counted > 1 { Run::Courtesy } else { Run::Harmless });
    }
    (clause == Clause::Button && is_label(words)).then_some(Run::Label)
}

fn besides_phrases(words: &[String], clause: Clause) -> Run {
    let all: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let counted: Vec<&str> = all.iter().map(String::as_str).filter(|word| is_counted(word)).collect();
    if counted.is_empty() {
        return Run::Harmless;
    }
    let alone = clause == Clause::Alone;
    match (name(words, &counted), counted.len()) {
        (_, 1) if alone && lexicon::is_answer(counted[0]) => Run::Substance,
        (Some(Name::OfPlace), _) => Run::Label,
        (_, 1) => Run::Word,
        (Some(Name::OfSomebody), count) if alone && is_too_long(words, count) => Run::Substance,
        (Some(Name::OfSomebody), _) => Run::Name,
        (None, 2) if !alone && !counted.iter().any(|word| holds_together(word)) => Run::Word,
        (None, _) => Run::Substance,
    }
}

/// The words that belong to no expression of several; where two expressions begin with one word, the longer one counts.
fn without_phrases(words: &[String]) -> Vec<String> {
    let all: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let mut rest = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let begins = |phrase: &&str| {
            let mut following = all[at..].iter().map(String::as_str);
            phrase.split(' ').all(|word| following.next() == Some(word))
        };
        let length = PHRASES.iter().copied().filter(begins).map(|phrase| phrase.split(' ').count()).max();
        if length.is_none() {
            rest.push(words[at].clone());
        }
        at += length.unwrap_or(1);
    }
    rest
}

/// How many words of a run begin small and are ordinary English.
pub(crate) fn small_words(words: &[String]) -> usize {
    let small = |word: &&String| word.chars().count() > 1 && word.chars().all(char::is_lowercase);
    words.iter().filter(small).filter(|word| lexicon::is_ordinary(word)).count()
}

/// How many words of a run hold an English sentence together; a Chinese answer has none of them.
pub(crate) fn function_words(words: &[String]) -> usize {
    let all: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let counted: Vec<&str> = all.iter().map(String::as_str).filter(|word| is_counted(word)).collect();
    if lexicon::is_greeting(&all) || name(words, &counted).is_some() {
        return 0;
    }
    counted.iter().filter(|word| lexicon::is_function_word(word)).count()
}

/// The words that hyphens, capitals or nothing glue together; a word that is one is left as it is.
pub(crate) fn unglued(word: &str) -> Vec<String> {
    let lower = word.to_lowercase();
    if LOAN_WORDS.contains(lower.as_str()) {
        return vec![word.to_owned()];
    }
    let by_hyphen: Vec<&str> = word.split('-').filter(|part| !part.is_empty()).collect();
    let ordinary = |parts: &[&str]| {
        parts.iter().filter(|part| part.len() > 1 && lexicon::is_ordinary(&part.to_lowercase())).count()
    };
    let in_small_letters = !word.chars().any(char::is_uppercase);
    if by_hyphen.len() > 1 && (ordinary(&by_hyphen) > 1 || by_hyphen.len() > 2 && in_small_letters) {
        return by_hyphen.into_iter().map(str::to_owned).collect();
    }
    let by_capitals = at_capitals(word);
    if by_capitals.len() > 1 && ordinary(&by_capitals) > 1 {
        return by_capitals.into_iter().map(str::to_owned).collect();
    }
    match parts(&lower) {
        Some(parts) => parts.into_iter().map(str::to_owned).collect(),
        None => vec![word.to_owned()],
    }
}

/// The ordinary words between the digits of a piece; a code has fewer than two of them.
pub(crate) fn between_digits(piece: &str) -> Vec<String> {
    let letters = piece.split(|one: char| !one.is_alphabetic()).filter(|run| !run.is_empty());
    let words: Vec<String> = letters.flat_map(unglued).collect();
    let long = |word: &&String| word.chars().count() >= GLUED_PART_LETTERS_MIN;
    let ordinary =
        words.iter().filter(long).filter(|word| lexicon::is_ordinary(&word.to_lowercase())).count();
    if ordinary > 1 { words } else { Vec::new() }
}

fn is_counted(word: &str) -> bool {
    word.chars().count() > 1 && !LOAN_WORDS.contains(word) && !lexicon::UNITS.contains(word)
}

/// Whether one of the words is a loan word.
pub(crate) fn has_loan_word(words: &[String]) -> bool {
    words.iter().any(|word| LOAN_WORDS.contains(word.to_lowercase().as_str()))
}

/// A word without which two words are no sentence.
fn holds_together(word: &str) -> bool {
    lexicon::is_function_word(word) || lexicon::is_predicate(word) || lexicon::is_other(word)
}

/// Whose name a run may be.
enum Name {
    /// A place's, a shop's or an organisation's: one of the words says so.
    OfPlace,
    /// Anybody's or anything's.
    OfSomebody,
}

/// What a run names, if it does: it is written with capitals, and has no words of a sentence.
fn name(words: &[String], counted: &[&str]) -> Option<Name> {
    let last = words.len().saturating_sub(1);
    let fits = words.iter().enumerate().all(|(at, word)| {
        let lower = word.to_lowercase();
        let inside = at > 0 && at < last && CONNECTORS.contains(&lower.as_str());
        let capital = word.chars().next().is_some_and(char::is_uppercase) || !is_counted(&lower);
        inside || capital && !(lower.chars().count() > 1 && says_something(&lower))
    });
    let of_place = words.iter().any(|word| lexicon::is_place(&word.to_lowercase()));
    let ordinary =
        counted.iter().filter(|word| !CONNECTORS.contains(word) && lexicon::is_ordinary(word)).count();
    let besides_places = counted
        .iter()
        .filter(|word| !CONNECTORS.contains(word) && !lexicon::is_place(word) && lexicon::is_ordinary(word))
        .count();
    let other = counted.iter().filter(|word| lexicon::is_other(word)).count();
    let is_other =
        other > 1 || counted.iter().any(|word| word.len() >= OTHER_LETTERS_MIN && lexicon::is_other(word));
    match (fits && !is_other, of_place) {
        (false, _) => None,
        (true, true) if besides_places * 2 <= counted.len() => Some(Name::OfPlace),
        (true, true) => None,
        (true, false) if ordinary > 1 && ordinary * 2 >= counted.len() => None,
        (true, false) => Some(Name::OfSomebody),
    }
}

/// Whether a word is one of a sentence or of an answer, whatever capitals it has.
fn says_something(lower: &str) -> bool {
    lexicon::is_function_word(lower)
        || lexicon::is_answer(lower)
        || lexicon::is_predicate(lower)
        || lexicon::is_greeting(&[lower.to_owned()])
}

/// Whether capitals are no excuse: so many words that are a clause of their own are a sentence in another language, whose
/// words no list has.
fn is_too_long(words: &[String], count: usize) -> bool {
    let shouted = words.iter().all(|word| !word.chars().any(char::is_lowercase));
    count > if shouted { SHOUTED_NAME_WORDS_MAX } else { NAME_WORDS_MAX }
}

/// Whether a run is short and written as what stands on a button, which says what to do and never what was done.
fn is_label(words: &[String]) -> bool {
    let capital = |word: &String| word.chars().next().is_some_and(char::is_uppercase);
    let tells = |word: &String| {
        let lower = word.to_lowercase();
        TELLING.contains(&lower.as_str()) || lower.ends_with("ed") && lexicon::is_predicate(&lower)
    };
    words.len() <= LABEL_WORDS_MAX
        && !words.iter().any(tells)
        && words.first().is_some_and(capital)
        && words.iter().all(|word| {
            capital(word) || lexicon::is_function_word(word) || CONNECTORS.contains(&word.as_str())
        })
}

/// The parts of a word that each begin with a capital.
fn at_capitals(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut small_before = false;
    for (at, one) in word.char_indices() {
        if one.is_uppercase() && small_before {
            parts.push(&word[from..at]);
            from = at;
        }
        small_before = one.is_lowercase();
    }
    parts.push(&word[from..]);
    parts
}

/// The ordinary words that a word consists of from end to end, one of which an answer or a sentence needs; nothing for
/// names such as Starfield, and for words that are ordinary as a whole.
fn parts(word: &str) -> Option<Vec<&str>> {
    if word.len() < GLUED_LETTERS_MIN
        || !word.is_ascii()
        || lexicon::is_ordinary(word)
        || lexicon::is_place(word)
    {
        return None;
    }
    // For each end, where the last word before it begins; the longest one first.
    let mut begins: Vec<Option<usize>> = vec![None; word.len() + 1];
    begins[0] = Some(0);
    for end in 1..=word.len() {
        begins[end] = (end.saturating_sub(GLUED_PART_LETTERS_MAX)..end)
            .find(|begin| begins[*begin].is_some() && is_part(&word[*begin..end]));
    }
    let mut parts = Vec::new();
    let mut end = word.len();
    while end > 0 {
        let begin = begins[end]?;
        parts.push(&word[begin..end]);
        end = begin;
    }
    parts.reverse();
    let tells = parts.iter().any(|part| lexicon::is_answer(part) || holds_together(part));
    (parts.len() > 1 && tells).then_some(parts)
}

fn is_part(part: &str) -> bool {
    let short = part.len() == GLUED_PART_LETTERS_MIN - 1;
    short && (lexicon::is_function_word(part) || part == "no")
        || part.len() >= GLUED_PART_LETTERS_MIN && (lexicon::is_ordinary(part) || lexicon::is_place(part))
}

/// A word of Thai, Cyrillic, Arabic or any other script than Latin; a single letter is a sign.
fn is_of_another_script(word: &str) -> bool {
    let foreign = |one: &char| !matches!(one.script(), Script::Latin | Script::Common | Script::Inherited);
    word.chars().filter(foreign).count() > 1
}
