//! The wordings that R13 looks for: parts in their order, each of them one of several alternatives.

use aho_corasick::AhoCorasick;

/// A wording of the rulebook: `^` stands for a clause's begin, `…` for anything within the clause, `|` parts alternatives.
#[derive(Debug)]
pub(crate) struct Wording {
    anchored: bool,
    spaceless: bool,
    parts: Vec<Part>,
}

/// The alternatives of one part, in lower case, as what they are compared with.
type Part = Vec<String>;

impl Wording {
    fn of(written: &str) -> Self {
        let bare = written.strip_prefix('^').unwrap_or(written);
        let alternatives =
            |part: &str| part.split('|').filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        Self {
            anchored: bare.len() < written.len(),
            spaceless: written.chars().any(is_spaceless),
            parts: bare.split('…').map(alternatives).filter(|part: &Part| !part.is_empty()).collect(),
        }
    }

    /// Whether the wording is of a script that has no spaces, or is written with and without: it is compared without them.
    pub(crate) fn is_spaceless(&self) -> bool {
        self.spaceless
    }

    /// Where the wording stands in a clause; an anchored one stands at `begin`.
    pub(crate) fn find(&self, clause: &str, begin: usize) -> Option<usize> {
        let (first, further) = self.parts.split_first()?;
        if self.anchored {
            let end = first
                .iter()
                .find(|word| clause[begin..].starts_with(word.as_str()) && is_whole(clause, begin, word));
            return further_stand(clause, begin + end?.len(), further).then_some(begin);
        }
        let (start, end) = earliest(clause, 0, first)?;
        further_stand(clause, end, further).then_some(start)
    }

    /// Where the wording stands in a text, which need not begin where a clause does.
    pub(crate) fn find_anywhere(&self, text: &str) -> Option<usize> {
        let (first, further) = self.parts.split_first()?;
        let (start, end) = earliest(text, 0, first)?;
        further_stand(text, end, further).then_some(start)
    }
}

/// Wordings that are looked for together: a text is read once for all their first words, since most texts have few.
#[derive(Debug)]
pub(crate) struct WordingList {
    wordings: Vec<Wording>,
    first_words: AhoCorasick,
    /// The wording of each first word.
    of_word: Vec<usize>,
}

impl WordingList {
    pub(crate) fn of(written: &[String]) -> Self {
        let wordings: Vec<Wording> = written.iter().map(|wording| Wording::of(wording)).collect();
        let firsts = wordings.iter().enumerate().flat_map(|(index, wording)| {
            wording.parts.first().into_iter().flatten().map(move |word| (index, word))
        });
        let (of_word, words): (Vec<usize>, Vec<&String>) = firsts.unzip();
        let first_words =
            AhoCorasick::new(words).expect("a rulebook has fewer wordings than an automaton can hold");
        Self { wordings, first_words, of_word }
    }

    /// The wordings whose first word a text has, with its spaces or without, in their order.
    pub(crate) fn present(&self, spaced: &str, compact: &str) -> Vec<&Wording> {
        let mut found = vec![false; self.wordings.len()];
        for text in [spaced, compact] {
            for hit in self.first_words.find_overlapping_iter(text) {
                found[self.of_word[hit.pattern().as_usize()]] = true;
            }
        }
        self.wordings.iter().zip(found).filter(|(_, found)| *found).map(|(wording, _)| wording).collect()
    }
}

fn further_stand(text: &str, from: usize, parts: &[Part]) -> bool {
    parts.iter().try_fold(from, |from, part| earliest(text, from, part).map(|(_, end)| end)).is_some()
}

/// Where the first of several words stands, and where it ends.
fn earliest(text: &str, from: usize, words: &[String]) -> Option<(usize, usize)> {
    let of = |word: &str| {
        let found =
            text[from..].match_indices(word).map(|(at, _)| from + at).find(|at| is_whole(text, *at, word))?;
        Some((found, found + word.len()))
    };
    words.iter().filter_map(|word| of(word.as_str())).min_by_key(|(_, end)| *end)
}

/// Whether a word of Latin letters begins and ends there: "your email" has no "our email", and "text used" no "text us".
fn is_whole(text: &str, at: usize, word: &str) -> bool {
    let (before, after) = (&text[..at], &text[at + word.len()..]);
    !(word.starts_with(is_latin) && before.ends_with(is_of_word)
        || word.ends_with(is_latin) && after.starts_with(is_of_word))
}

fn is_latin(letter: char) -> bool {
    letter.is_ascii_alphabetic()
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphabetic() && !is_spaceless(letter)
}

/// Whether a character is of Chinese, Japanese or Korean.
fn is_spaceless(letter: char) -> bool {
    matches!(letter, '\u{3005}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}
