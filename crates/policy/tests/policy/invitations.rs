//! How often the flag of R13 is right, over sentences whose labels were set before it was run over them.

use closure_contract::{RuleEffect, RuleId};
use serde_json::json;

use crate::support::{decided, effects, sms};

const SENTENCES: &str = include_str!("invitations.tsv");
/// Of the sentences that invite at most so many of a hundred may pass without a flag.
const MISSED_PERCENT_MAX: usize = 5;
/// Of the harmless ones at most so many of a hundred may have one.
const FALSE_ALARM_PERCENT_MAX: usize = 5;

#[test]
fn the_flag_is_right_for_nearly_all_sentences_that_invite_a_reply_and_that_do_not() {
    let (mut missed, mut false_alarms, mut inviting, mut harmless) = (Vec::new(), Vec::new(), 0, 0);
    for line in SENTENCES.lines().filter(|line| !line.starts_with('#')) {
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
    let rates = format!(
        "{} of {inviting} missed, {} of {harmless} false alarms\nmissed:\n{}\nfalse alarms:\n{}",
        missed.len(),
        false_alarms.len(),
        missed.join("\n"),
        false_alarms.join("\n")
    );
    assert!(inviting + harmless >= 60, "{rates}");
    assert!(missed.len() * 100 <= inviting * MISSED_PERCENT_MAX, "{rates}");
    assert!(false_alarms.len() * 100 <= harmless * FALSE_ALARM_PERCENT_MAX, "{rates}");
}
