//! The counts and the countries' names that both guides and the decision state beside the table of bare digits (R15).

use std::collections::BTreeSet;

use closure_policy::explain::Verdict;
use serde_json::json;

use crate::{
    number_table::{GUIDES, MOBILES_EACH, Row, rows},
    numbers::MOBILES,
    support::{decided, sms_to},
};

const DECISION: &str = include_str!("../../../../docs/decisions/phone-library.md");

/// A country whose whole numbers are held: its code and its names in both guides, and the country that writes the same
/// digits at home: its code, and how the guides name it.
struct Held {
    code: &'static str,
    names: [&'static str; 2],
    other: u16,
    others: [&'static str; 2],
}

const fn held(code: &'static str, names: [&'static str; 2], other: u16, others: [&'static str; 2]) -> Held {
    Held { code, names, other, others }
}

const BRAZIL: [&str; 2] = ["Brazilian", "브라질"];
const MEXICO: [&str; 2] = ["Mexican", "멕시코"];
const AMERICA: [&str; 2] = ["American", "미국"];
const INDONESIA: [&str; 2] = ["Indonesian", "인도네시아"];
const AUSTRIA: [&str; 2] = ["Austrian", "오스트리아"];

const HELD: &[Held] = &[
    held("84", ["Vietnam's", "베트남"], 55, BRAZIL),
    held("65", ["Singapore's", "싱가포르"], 52, MEXICO),
    held("47", ["Norway's", "노르웨이"], 52, MEXICO),
    held("45", ["Denmark's", "덴마크"], 52, MEXICO),
    held("95", ["Myanmar's", "미얀마"], 1, AMERICA),
    held("81", ["Japan's", "일본"], 62, INDONESIA),
    held("886", ["Taiwan's", "대만"], 62, INDONESIA),
    held("852", ["Hong Kong's", "홍콩"], 62, INDONESIA),
    held("853", ["Macau's", "마카오"], 62, INDONESIA),
    held("66", ["Thailand's", "태국"], 43, AUSTRIA),
];

/// The sentences of the guides that state how many countries are held, with the count.
fn sentences(count: usize) -> [String; 2] {
    [
        format!(
            "The whole numbers of {count} of these countries are home numbers of another one digit by digit:"
        ),
        format!("{count}개 국가의 전체 번호는 다른 나라의 자국 내 번호와 숫자가 모두 같습니다."),
    ]
}

#[test]
fn both_guides_state_how_many_countries_are_tried_and_how_many_mobiles_of_each() {
    let [(_, english), (_, korean)] = GUIDES;
    let (countries, each) = (MOBILES.len(), MOBILES_EACH);
    assert!(english.contains(&format!("Mobiles of {countries} countries, {each} each:")), "{countries}");
    let korean_words = format!("{countries}개 국가의 휴대전화 번호를 국가마다 {each}개씩 확인한 결과입니다.");
    assert!(korean.contains(&korean_words), "{korean_words}");
}

#[test]
fn both_guides_name_exactly_the_countries_whose_whole_numbers_are_held_and_whose_number_each_is_at_home() {
    let rows = rows();
    let is_held = |row: &&Row| row.whole.taken < row.whole.all;
    let found: BTreeSet<&str> = rows.iter().filter(is_held).map(|row| row.code).collect();
    assert_eq!(found, HELD.iter().map(|country| country.code).collect(), "the countries that are held");
    for (index, ((language, guide), sentence)) in GUIDES.into_iter().zip(sentences(found.len())).enumerate() {
        let stated = guide.lines().find(|line| line.contains(&sentence));
        let stated = stated.unwrap_or_else(|| panic!("the guide in {language} does not state: {sentence}"));
        for country in HELD {
            let name = country.names[index];
            let after = stated.split_once(name).map(|(_, after)| after);
            let after =
                after.unwrap_or_else(|| panic!("the guide in {language} does not name {name}: {stated}"));
            assert!(
                after.contains(country.others[index]),
                "{language}: {name} is not said whose it is: {stated}"
            );
        }
    }
}

#[test]
fn a_held_whole_number_offers_the_country_that_the_guides_name() {
    for country in HELD {
        let (_, whole, _) = MOBILES
            .iter()
            .find(|(code, _, _)| *code == country.code)
            .expect("the country is one of the forty");
        let decision = decided(&sms_to(json!({ "number": whole })));
        let offered: Vec<u16> = decision.phone.map_or_else(Vec::new, |phone| {
            phone.candidates.iter().map(|candidate| candidate.country_code).collect()
        });
        let all_are_there = [country.code.parse().ok(), Some(country.other)]
            .into_iter()
            .all(|code| code.is_some_and(|code| offered.contains(&code)));
        assert!(decision.verdict == Verdict::NeedsPerson && all_are_there, "+{}: {offered:?}", country.code);
    }
}

#[test]
fn the_decision_states_how_many_of_the_countries_are_taken_and_which_are_held() {
    let taken = MOBILES.len() - HELD.len();
    let row = format!("| and those without it, of all countries | {taken} of {} |", MOBILES.len());
    assert!(DECISION.contains(&row), "{row}");
    let stated =
        DECISION.lines().find(|line| line.contains("that are held have digit by digit")).unwrap_or("");
    for country in HELD {
        let code = format!("+{}", country.code);
        let is_stated =
            stated.split(|one: char| one != '+' && !one.is_ascii_digit()).any(|word| word == code);
        assert!(is_stated, "{code}: {stated}");
    }
}
