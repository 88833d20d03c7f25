//! How often the flag for a subject that is ASCII and not English is right (R19), over subjects labelled before the run.

use closure_contract::{RuleEffect, RuleId};
use serde_json::json;

use crate::support::{decided, effects, email};

const SUBJECTS: &str = include_str!("subjects.tsv");
const UNSEEN: &str = include_str!("subjects_unseen.tsv");

/// The subjects with a label whose flag is not as given.
fn judged(subjects: &'static str, label: &str, flagged: bool) -> (Vec<&'static str>, usize) {
    let rows = subjects.lines().filter(|line| !line.starts_with('#'));
    let of_label: Vec<&str> = rows
        .map(|line| line.split('\t').collect::<Vec<&str>>())
        .filter(|cells| cells[0] == label)
        .map(|cells| cells[2])
        .collect();
    let wrong = of_label.iter().copied().filter(|subject| {
        let decision = decided(&email(json!({ "email": { "subject": subject } })));
        (effects(&decision, RuleId::R19) == [RuleEffect::Flag]) != flagged
    });
    (wrong.collect(), of_label.len())
}

/// The subjects that are missed, and the false alarms.
fn errors(subjects: &'static str) -> (Vec<&'static str>, Vec<&'static str>) {
    let (missed, others) = judged(subjects, "other", true);
    let (false_alarms, english) = judged(subjects, "english", false);
    assert!(others >= 30 && english >= 30, "a rate of fewer says little");
    (missed, false_alarms)
}

#[test]
fn of_the_subjects_by_which_the_words_were_mended_exactly_these_are_judged_wrongly() {
    let missed = vec!["Reclamation close", "Double prelevement", "Chauffeur en route"];
    assert_eq!(errors(SUBJECTS), (missed, Vec::new()));
}

#[test]
fn of_subjects_that_no_word_was_mended_by_exactly_these_are_judged_wrongly() {
    assert_eq!(errors(UNSEEN), (vec!["Stornogebuehr"], Vec::new()));
}
