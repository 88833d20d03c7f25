//! Whether a text invites its reader to answer the number that it came from (R13).
//!
//! A sentence is cut into clauses where a condition, a request or a further statement begins, since a denial binds
//! within one: "if the driver did not come, text us" invites, and "if you text us, nobody reads it" does not.

pub(crate) mod clause;
pub(crate) mod reply_words;
pub(crate) mod wording;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::rulebook::SmsRules;
use clause::{
    CONCESSION_ENDINGS, CONDITION_ENDINGS, FURTHER_ENDINGS, Kind, Said, begins_clause, ends_clause, kind_of,
};
use wording::{Wording, WordingList};

/// So many characters of a text are read; none that is sent has more.
const READ_CHARS_MAX: usize = 4_000;

/// What denies nothing although it has the words of a denial.
const ENCOURAGEMENTS: &[&str] = &[
    "don't hesitate to",
    "do not hesitate to",
    "never hesitate to",
    "don't be afraid to",
    "do not be afraid to",
    "don't forget to",
    "do not forget to",
    "never forget to",
    "주저하지 마시고",
    "주저하지 마세요",
    "망설이지 마시고",
    "잊지 마시고",
    "ご遠慮なく",
    "不要客气",
    "别客气",
    "不用客气",
    "不要犹豫",
    "别忘了",
    "不要忘记",
    "请勿忘记",
    "構いません",
    "かまいません",
    "差し支えありません",
];

static ENCOURAGING: LazyLock<AhoCorasick> =
    LazyLock::new(|| AhoCorasick::new(ENCOURAGEMENTS).expect("the idioms are few"));

/// The wordings of a rulebook, ready for use.
#[derive(Debug)]
pub(crate) struct Invitations {
    invitations: WordingList,
    denials: WordingList,
    elsewhere: WordingList,
    /// Our own number without country code and trunk zero.
    subscriber: String,
}

impl Invitations {
    pub(crate) fn of(rules: &SmsRules) -> Self {
        Self {
            invitations: WordingList::of(&rules.reply_phrases),
            denials: WordingList::of(&rules.reply_negations),
            elsewhere: WordingList::of(&rules.reply_elsewhere),
            subscriber: rules.sender.strip_prefix("+82").unwrap_or(&rules.sender).to_owned(),
        }
    }

    /// Whether a text invites an answer to the number that it came from.
    pub(crate) fn has(&self, text: &str) -> bool {
        let end = text.char_indices().nth(READ_CHARS_MAX).map_or(text.len(), |(at, _)| at);
        // A short mail is a text message, and no mail.
        let lower = text[..end].to_lowercase().replace("ショートメール", "sms");
        let mut spaced = String::with_capacity(lower.len());
        ENCOURAGING.replace_all_with(&lower, &mut spaced, |_, _, kept| {
            kept.push(' ');
            true
        });
        let compact: String = spaced.chars().filter(|one| !one.is_whitespace()).collect();
        let invitations = self.invitations.present(&spaced, &compact);
        if invitations.is_empty() && !digits(&compact).contains(&self.subscriber) {
            return false;
        }
        let wordings = Wordings {
            invitations,
            denials: self.denials.present(&spaced, &compact),
            elsewhere: self.elsewhere.present(&spaced, &compact),
            subscriber: &self.subscriber,
        };
        // A full stop within a number ends no sentence.
        spaced
            .replace(". ", "\n")
            .split(['!', '?', '。', '！', '？', '\n'])
            .any(|sentence| wordings.invite(sentence))
    }
}

/// The wordings that a text may have.
struct Wordings<'a> {
    invitations: Vec<&'a Wording>,
    denials: Vec<&'a Wording>,
    elsewhere: Vec<&'a Wording>,
    subscriber: &'a str,
}

impl Wordings<'_> {
    /// Whether a sentence invites; read from its end, it is looked at once, however many clauses it has.
    fn invite(&self, sentence: &str) -> bool {
        let mut taken_back = false;
        self.clauses(sentence).iter().rev().any(|clause| {
            let named = self.named(clause);
            let denied = self.denies(clause, named.unwrap_or(0));
            let invited = named.is_some()
                && !denied
                && clause.kind != Kind::Concession
                && !self.is_elsewhere(clause)
                && (!taken_back || clause.asks());
            taken_back |= denied && clause.kind == Kind::Main;
            invited
        })
    }

    /// Where the clause names an answer to us.
    fn named(&self, clause: &Said) -> Option<usize> {
        if self.has_our_number(clause) {
            return Some(0);
        }
        self.invitations.iter().filter_map(|wording| clause.find(wording)).min()
    }

    fn denies(&self, clause: &Said, from: usize) -> bool {
        self.denials.iter().any(|denial| clause.has_from(denial, from))
    }

    fn is_elsewhere(&self, clause: &Said) -> bool {
        !self.has_our_number(clause)
            && (has_phone_number(&clause.spaced)
                || self.elsewhere.iter().any(|way| clause.find(way).is_some()))
    }

    fn has_our_number(&self, clause: &Said) -> bool {
        digits(&clause.compact).contains(self.subscriber)
    }

    fn clauses(&self, sentence: &str) -> Vec<Said> {
        let mut clauses = Vec::new();
        for piece in sentence.split([',', ';', '，', '；', '、']) {
            let mut rest = piece.trim();
            while let Some((at, kind)) = self.border(rest) {
                clauses.push(Said::of(rest[..at].trim(), kind));
                rest = rest[at..].trim_start();
            }
            if !rest.is_empty() {
                clauses.push(Said::of(rest, kind_of(rest)));
            }
        }
        clauses
    }

    /// Where the first clause of a text ends before the text does, and what it is.
    fn border(&self, text: &str) -> Option<(usize, Kind)> {
        let mut further_from = 0;
        text.char_indices().skip(1).find_map(|(at, _)| {
            let (before, after) = (&text[..at], &text[at..]);
            if begins_clause(before, after) {
                return Some((at, kind_of(before)));
            }
            if before.ends_with(|last: char| last.is_ascii()) {
                return None;
            }
            let ends = |endings: &[&str]| ends_clause(before, after, endings);
            if ends(CONDITION_ENDINGS) {
                Some((at, Kind::Condition))
            } else if ends(CONCESSION_ENDINGS) {
                Some((at, Kind::Concession))
            } else if ends(FURTHER_ENDINGS) {
                // A clause that only goes on says how the answer is given: 성함을 적어서 보내 주세요.
                let clause = Said::of(&text[further_from..at], Kind::Main);
                further_from = at;
                (self.denies(&clause, 0) || self.is_elsewhere(&clause)).then_some((at, Kind::Main))
            } else {
                None
            }
        })
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(|one| !" +-.()".contains(*one)).collect()
}

/// A number of a telephone has at least so many digits.
const PHONE_DIGITS_MIN: usize = 7;

/// Whether a telephone's number stands in a text: one that begins as national, service and international numbers do,
/// which order codes and dates do not.
fn has_phone_number(text: &str) -> bool {
    text.split(|one: char| !one.is_ascii_digit() && !"+-.() ".contains(one)).any(|run| {
        let digits: String = run.chars().filter(char::is_ascii_digit).collect();
        let begins = ["0", "15", "16", "18", "400", "800"].iter().any(|begin| digits.starts_with(begin));
        digits.len() >= PHONE_DIGITS_MIN && (begins || run.trim_start().starts_with('+'))
    })
}
