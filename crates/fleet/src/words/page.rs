//! Every word of the fleet on one page: what `fleet words` prints, and `docs/words.md` holds.

use closure_contract::{
    Channel, Evidence, FailureCode, OutcomeName, ReceiptStatus, RuleEffect, RuleId, Words,
    facts::{
        bounces::{DsnAction, DsnStatus, Feedback},
        texts::TextMeasure,
    },
};
use closure_policy::{
    explain::Verdict,
    failure::{class, fault},
};
use closure_store::{DeadLetterState, DeliveryState};

use super::{letter, state, verdict};
use crate::output;

const INTRODUCTION: &str = "\
<!-- Written by `fleet words docs/words.md` from crates/contract/src/words and crates/fleet/src/words; change it there. -->

# The words of the fleet · 용어와 설명

Every word that people read, in English and Korean: the command line, the advisor and the documents take it from one table.
A program reads the code alone, which stays; the words may change.
모든 용어와 설명은 표 하나에서 나옵니다. 프로그램은 코드만 읽어야 하며, 설명은 바뀔 수 있습니다.

";

/// The page as Markdown.
pub fn markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    codes(&mut page);
    states(&mut page);
    let states = DeadLetterState::ALL.into_iter().map(|one| (one.as_str().to_owned(), letter(one)));
    set(&mut page, "Letters · 조치 대기 건", states);
    let of_words = |words: &[&str], said: fn(&str) -> Option<Words>| -> Vec<(String, Words)> {
        words.iter().filter_map(|word| Some(((*word).to_owned(), said(word)?))).collect()
    };
    let decisions = of_words(&["replay", "discard", "reopen"], super::act);
    set(&mut page, "What a person did about a letter · 처리 내용", decisions.into_iter());
    let attempts = of_words(&["sending", "accepted", "failed", "in_doubt"], super::attempt);
    set(&mut page, "Attempts · 발송 시도", attempts.into_iter());
    let outcomes = OutcomeName::ALL.iter().map(|one| (one.as_str().to_owned(), one.words()));
    set(&mut page, "Outcomes · 결과", outcomes);
    let receipts = ReceiptStatus::ALL.iter().map(|one| (one.as_str().to_owned(), one.words()));
    set(&mut page, "Receipts · 전송 결과", receipts);
    let evidence = Evidence::ALL.iter().map(|one| (one.as_str().to_owned(), one.words()));
    set(&mut page, "Evidence of an arrival · 도착 근거", evidence);
    let verdicts = [Verdict::Send, Verdict::Reject, Verdict::NeedsPerson, Verdict::Postpone];
    set(&mut page, "Verdicts · 판정", verdicts.into_iter().map(|one| (output::word(&one), verdict(one))));
    set(&mut page, "Rules · 규칙", RuleId::ALL.iter().map(|one| (one.to_string(), one.words())));
    let effects = RuleEffect::ALL.iter().map(|one| (output::word(one), one.words()));
    set(&mut page, "What a rule did · 규칙의 적용", effects);
    let measures = TextMeasure::ALL.iter().map(|one| (output::word(one), one.words()));
    set(&mut page, "How a text is measured · 길이 단위", measures);
    bounces(&mut page);
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}

fn codes(page: &mut String) {
    page.push_str("## Failure codes · 실패 코드\n\n");
    for code in FailureCode::ALL {
        let words = code.words();
        page.push_str(&format!("### `{code}`\n\n"));
        let (class, fault) = (super::class(class(*code)), super::fault(fault(*code)));
        row(page, ["", "English", "한국어"]);
        row(page, ["---"; 3]);
        let mut line = |what: &str, words: Words| row(page, [what, words.english, words.korean]);
        line("what happened · 무슨 일", words.what);
        line("why · 왜", words.why);
        line("what to do · 할 일", words.remedy);
        if let Some(draft) = words.remedy_of_draft {
            line("before it is published · 발행 전", draft);
        }
        line("class · 성격", class);
        line("whose fault · 원인", fault);
        page.push('\n');
    }
}

fn states(page: &mut String) {
    page.push_str("## States · 상태\n\n");
    row(page, ["state", "English", "한국어"]);
    row(page, ["---"; 3]);
    for one in DeliveryState::ALL {
        let by_channel = Channel::ALL.map(|channel| (channel, state(one, channel)));
        let differ = by_channel.iter().any(|(_, words)| *words != by_channel[0].1);
        for (channel, words) in by_channel {
            if differ {
                row(page, [&format!("`{one}`, {channel}"), words.english, words.korean]);
            }
        }
        if !differ {
            row(page, [&format!("`{one}`"), by_channel[0].1.english, by_channel[0].1.korean]);
        }
    }
    page.push('\n');
}

fn bounces(page: &mut String) {
    let actions = DsnAction::ALL.iter().map(|one| (format!("{one:?}").to_lowercase(), one.words()));
    set(page, "What a report says of a mail · 반송 보고서", actions);
    let feedback = Feedback::ALL.iter().map(|one| (format!("{one:?}").to_lowercase(), one.words()));
    set(page, "Complaints about a mail · 메일에 대한 신고", feedback);
    let mut reasons: Vec<(String, Words)> = Vec::new();
    for (subject, detail) in (0..=9).flat_map(|subject| (0..=30).map(move |detail| (subject, detail))) {
        let words = DsnStatus { class: 5, subject, detail }.words();
        let named = format!("x.{subject}.{detail}");
        match reasons.iter_mut().find(|(_, known)| *known == words) {
            // What a subject says of every other detail is told once, by the subject.
            Some((statuses, _)) if detail > 0 && statuses.starts_with(&format!("x.{subject}.0")) => {}
            Some((statuses, _)) => *statuses = format!("{statuses}, {named}"),
            None => reasons.push((named, words)),
        }
    }
    set(page, "Why a mail came back · 반송 사유", reasons.into_iter());
}

fn set(page: &mut String, heading: &str, words: impl Iterator<Item = (String, Words)>) {
    page.push_str(&format!("## {heading}\n\n"));
    row(page, ["word", "English", "한국어"]);
    row(page, ["---"; 3]);
    for (word, Words { english, korean }) in words {
        row(page, [&format!("`{word}`"), english, korean]);
    }
    page.push('\n');
}

fn row(page: &mut String, cells: [&str; 3]) {
    page.push_str(&format!("| {} |\n", cells.join(" | ")));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn document(name: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
    }

    #[test]
    fn the_page_of_words_is_the_one_table_written_out() {
        assert!(document("words.md") == markdown(), "run: fleet words docs/words.md");
    }
}
