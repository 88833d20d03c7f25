//! What becomes of bare digits of forty countries' mobiles (R15), as the table in both guides has it.

use closure_policy::{explain::Verdict, rulebook::CompiledRulebook};
use serde_json::{Value, json};

use crate::{
    numbers::MOBILES,
    support::{NOW, decide, rulebook, rulebook_of, sms, sms_to},
};

pub(crate) const GUIDES: [(&str, &str); 2] = [
    ("en", include_str!("../../../../docs/integration.en.md")),
    ("ko", include_str!("../../../../docs/integration.ko.md")),
];
/// So many mobiles of each country, by other last digits.
pub(crate) const MOBILES_EACH: usize = 5;
/// Of the whole forms of all countries together at least so many of a hundred are taken without a hint or a form.
///
/// No more can be: the others have the very digits of another of these countries' mobiles as it is written at home, with
/// its zero (Vietnam's and Singapore's) or without (Japan's, Taiwan's, Hong Kong's).
const TAKEN_PERCENT_MIN: usize = 75;

/// What became of some digits.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) all: usize,
    pub(crate) taken: usize,
    strangers: Vec<String>,
}

impl Tally {
    /// A number is a stranger's if it is not one that the customer can have meant.
    fn look(&mut self, phone: Value, rulebook: &CompiledRulebook, is_meant: impl Fn(&str) -> bool) {
        self.all += 1;
        let decision = decide(&sms_to(phone.clone()), rulebook, NOW);
        let Some(e164) = decision.phone.and_then(|phone| phone.e164) else { return };
        self.taken += 1;
        if !is_meant(e164.digits()) {
            self.strangers.push(format!("{phone}: {}", e164.digits()));
        }
    }
}

/// One country's row.
pub(crate) struct Row {
    pub(crate) code: &'static str,
    said: Tally,
    pub(crate) whole: Tally,
    home: Tally,
    without_its_zero: Tally,
    typos: Tally,
}

impl Row {
    fn text(&self) -> String {
        let of = |tally: &Tally| format!("{} / {}", tally.taken, tally.all);
        let strangers: usize = self.tallies().map(|tally| tally.strangers.len()).iter().sum();
        let cells = self.tallies().map(of).join(" | ");
        format!("| +{} | {cells} | {strangers} |", self.code)
    }

    fn tallies(&self) -> [&Tally; 5] {
        [&self.said, &self.whole, &self.home, &self.without_its_zero, &self.typos]
    }
}

/// The same mobile with other last digits, whole and as it is written at home.
fn mobiles(whole: &str, home: &str) -> Vec<(String, String)> {
    let last = |number: &str, end: &str| format!("{}{end}", &number[..number.len() - end.len()]);
    (0..MOBILES_EACH)
        .map(|number| format!("{:04}", (1_234 + number * 1_847) % 10_000))
        .map(|end| (last(whole, &end), last(home, &end)))
        .collect()
}

/// Every digit after the country code missing, doubled, and in the place of its neighbour.
fn typos(code: &str, whole: &str) -> Vec<String> {
    let mut made = Vec::new();
    for at in code.len()..whole.len() {
        made.push(format!("{}{}", &whole[..at], &whole[at + 1..]));
        made.push(format!("{}{}", &whole[..=at], &whole[at..]));
        if at + 1 < whole.len() {
            made.push(format!(
                "{}{}{}{}",
                &whole[..at],
                &whole[at + 1..at + 2],
                &whole[at..=at],
                &whole[at + 2..]
            ));
        }
    }
    made.retain(|typo| typo != whole);
    made.sort();
    made.dedup();
    made
}

pub(crate) fn rows() -> Vec<Row> {
    let rulebook = rulebook();
    let row = |(code, whole, home): &(&'static str, &str, &str)| {
        let [said, taken, at_home, without_its_zero, mistyped] = std::array::from_fn(|_| Tally::default());
        let mut row = Row { code, said, whole: taken, home: at_home, without_its_zero, typos: mistyped };
        for (whole, home) in mobiles(whole, home) {
            let said = json!({ "number": whole, "form": "with_country_code" });
            row.said.look(said, &rulebook, |e164| e164 == whole);
            row.whole.look(json!({ "number": whole }), &rulebook, |e164| e164 == whole);
            row.home.look(json!({ "number": home }), &rulebook, |e164| e164 == whole);
            let without_its_zero = json!({ "number": &whole[code.len()..] });
            row.without_its_zero.look(without_its_zero, &rulebook, |e164| e164 == whole);
            for typo in typos(code, &whole) {
                // Within one country no reading can find a mistake that gives another valid number.
                row.typos.look(json!({ "number": typo }), &rulebook, |e164| e164.starts_with(code));
            }
        }
        row
    };
    MOBILES.iter().map(row).collect()
}

#[test]
fn no_bare_digits_of_forty_countries_reach_a_stranger_and_both_guides_have_the_table() {
    let rows = rows();
    let strangers: Vec<&String> =
        rows.iter().flat_map(Row::tallies).flat_map(|tally| &tally.strangers).collect();
    assert!(strangers.is_empty(), "{strangers:#?}");
    let sum = |count: fn(&Row) -> usize| rows.iter().map(count).sum::<usize>();
    let (taken, all) = (sum(|row| row.whole.taken), sum(|row| row.whole.all));
    let table = rows.iter().map(Row::text).collect::<Vec<_>>().join("\n");
    assert!(taken * 100 >= all * TAKEN_PERCENT_MIN, "{taken} of {all} whole forms are taken:\n{table}");
    for (language, guide) in GUIDES {
        assert!(guide.contains(&table), "the guide in {language} has another table than this:\n{table}");
    }
}

#[test]
fn what_stands_in_the_record_of_a_call_is_read_without_a_guess_where_the_settings_say_so() {
    let rulebook = rulebook_of("numbers.with_country_code = ['outbound_call', 'inbound_call']");
    for (_, whole, home) in MOBILES {
        let to = |channel: &str, phone: Value| {
            let consultation = json!({ "consultation": { "channel": channel }, "to": { "phone": phone } });
            decide(&sms(consultation), &rulebook, NOW)
        };
        for channel in ["outbound_call", "inbound_call"] {
            let decision = to(channel, json!({ "number": whole }));
            let e164 = decision.phone.and_then(|phone| phone.e164).map(|e164| e164.digits().to_owned());
            assert_eq!(e164.as_deref(), Some(*whole), "{channel}");
        }
        let at_home = to("outbound_call", json!({ "number": home }));
        assert!(
            !home.starts_with('0') || at_home.verdict == Verdict::NeedsPerson,
            "{home} has no country code"
        );
    }
    let board =
        json!({ "consultation": { "channel": "board" }, "to": { "phone": { "number": "13812345678" } } });
    assert_eq!(decide(&sms(board), &rulebook, NOW).verdict, Verdict::NeedsPerson, "no record of a call");
    let hinted = json!({ "number": "13812345678", "country_hint": "86" });
    let hinted = json!({ "consultation": { "channel": "outbound_call" }, "to": { "phone": hinted } });
    let phone = decide(&sms(hinted), &rulebook, NOW).phone.and_then(|phone| phone.e164);
    assert_eq!(phone.map(|e164| e164.plus()).as_deref(), Some("+8613812345678"), "a hint says more");
}
