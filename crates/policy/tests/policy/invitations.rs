//! How often the flag of R13 is right, over sentences whose labels were set before it was run over them.

use closure_contract::{RuleEffect, RuleId};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::json;

use crate::support::{decided, effects, sms};

const SENTENCES: &str = include_str!("invitations.tsv");
const UNSEEN: &str = include_str!("invitations_unseen.tsv");
const SECOND: &str = include_str!("invitations_second.tsv");
const THIRD: &str = include_str!("invitations_third.tsv");
const FOURTH: &str = include_str!("invitations_fourth.tsv");
/// Of the sentences that invite at most so many of a hundred may pass without a flag.
const MISSED_PERCENT_MAX: usize = 5;
/// Of the harmless ones at most so many of a hundred may have one.
const FALSE_ALARM_PERCENT_MAX: usize = 5;

/// The sentences that are missed, the false alarms, and how many there are of both.
struct Errors {
    missed: Vec<&'static str>,
    false_alarms: Vec<&'static str>,
    inviting: usize,
    harmless: usize,
}

fn errors(sentences: &'static str) -> Errors {
    let (mut missed, mut false_alarms, mut inviting, mut harmless) = (Vec::new(), Vec::new(), 0, 0);
    for line in sentences.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [label, _, text] = cells[..] else { panic!("a row has three cells: {line}") };
        let decision = decided(&sms(json!({ "sms": { "text": text } })));
        let flagged = effects(&decision, RuleId::R13) == [RuleEffect::Flag];
        match label {
            "invites" => {
                inviting += 1;
                missed.extend((!flagged).then_some(text));
            }
            "harmless" => {
                harmless += 1;
                false_alarms.extend(flagged.then_some(text));
            }
            other => panic!("{other} is no label"),
        }
    }
    Errors { missed, false_alarms, inviting, harmless }
}

impl Errors {
    /// Holds the known errors by name, so that a change that makes another one, or heals one, is seen.
    fn are(&self, missed: &[&str], false_alarms: &[&str]) {
        assert_eq!((self.missed.as_slice(), self.false_alarms.as_slice()), (missed, false_alarms));
    }

    fn within(&self, missed_percent_max: usize, false_alarm_percent_max: usize) {
        let Self { missed, false_alarms, inviting, harmless } = self;
        let rates = format!(
            "{} of {inviting} missed, {} of {harmless} false alarms\nmissed:\n{}\nfalse alarms:\n{}",
            missed.len(),
            false_alarms.len(),
            missed.join("\n"),
            false_alarms.join("\n")
        );
        assert!(missed.len() * 100 <= inviting * missed_percent_max, "{rates}");
        assert!(false_alarms.len() * 100 <= harmless * false_alarm_percent_max, "{rates}");
    }
}

#[test]
fn the_flag_is_right_for_nearly_all_sentences_that_invite_a_reply_and_that_do_not() {
    let errors = errors(SENTENCES);
    assert!(errors.inviting + errors.harmless >= 60, "a rate of fewer says little");
    errors.within(MISSED_PERCENT_MAX, FALSE_ALARM_PERCENT_MAX);
}

#[test]
fn sentences_that_no_list_was_mended_by_are_judged_rightly_as_often_as_the_notes_say() {
    let errors = errors(UNSEEN);
    assert!(errors.inviting >= 15 && errors.harmless >= 15, "a rate of fewer says little");
    errors.within(10, 10);
}

#[test]
fn conditions_and_denials_bind_as_each_language_has_them() {
    errors(SECOND).are(&[], &[]);
    errors(THIRD).are(&[], &[]);
}

#[test]
fn of_sentences_that_no_word_was_mended_by_exactly_these_are_judged_wrongly() {
    errors(FOURTH).are(&["Once you have checked, please get back to me.", "收到请回,谢谢。"], &[]);
}

#[test]
fn a_denial_in_korean_binds_the_english_words_that_it_follows_however_many_words_stand_before() {
    let text = "It is one of all of the new ways of it all by texting 금지";
    let decision = decided(&sms(json!({ "sms": { "text": text } })));
    assert_eq!(effects(&decision, RuleId::R13), []);
}

/// What clauses of the four languages are made of, and what splits them.
const FRAGMENTS: &[&str] = &[
    "회신",
    "이 번호로",
    "문자로",
    "해 주세요",
    "하지 마시고",
    "없으면 ",
    "주셔도 ",
    "앱에서",
    "확인해서 ",
    "답장",
    "请",
    "回复",
    "本短信",
    "勿",
    "的话",
    "如果",
    "司机",
    "，",
    "返信",
    "ください",
    "ないで",
    "たら",
    "ても",
    "、",
    "please ",
    "reply ",
    "call ",
    "us back ",
    "do not ",
    "if ",
    "just ",
    "by email ",
    "this number ",
    ", ",
    "YES ",
    "vui lòng ",
    "trả lời ",
    "không ",
    "é",
    "𠮷",
    "\u{200d}",
    "02-3451-8120",
    "1577-9997 ",
    "(",
    "“",
    " ",
];

proptest! {
    #[test]
    fn sentences_are_judged_one_by_one_whatever_they_are_made_of(
        first in vec(select(FRAGMENTS), 1..12),
        second in vec(select(FRAGMENTS), 1..12),
    ) {
        let invites = |text: &str| {
            effects(&decided(&sms(json!({ "sms": { "text": text } }))), RuleId::R13) == [RuleEffect::Flag]
        };
        let (first, second) = (first.concat(), second.concat());
        let both = invites(&format!("{first}\n{second}"));
        prop_assert_eq!(both, invites(&first) || invites(&second));
    }
}
