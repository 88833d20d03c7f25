//! Our reading of numbers against Google's Python port, an independent one, over every country's example numbers.

use closure_contract::FailureCode;
use closure_policy::{
    explain::Decision,
    number::phone::{KOREA, PhoneKind},
};
use serde_json::{Value, json};

use crate::support::{NOW, decide, dial, rulebook};

/// Made by tests/python/phone_oracle.py.
const RECORD: &str = include_str!("phone_oracle.tsv");
/// A decision lists at most this many countries in which digits are a number as it is written at home.
const AT_HOME_MAX: usize = 5;
/// The shortest digits that are looked up at all; shorter ones are emergency and service numbers.
const DIGITS_MIN: usize = 5;

/// Readings that our metadata, 9.0.42, still has and the oracle's, 9.0.43, has not: Benin's on 81, Romania's on 06.
const DRIFT: [(u16, &str); 2] = [(229, "81"), (40, "06")];

/// What the oracle says about one number.
struct Row {
    country_code: u16,
    e164: &'static str,
    at_home: &'static str,
    region: Option<&'static str>,
    kind: &'static str,
    /// The country codes of the readings of `e164` and of `at_home` where no country is known.
    readings: [Vec<u16>; 2],
}

fn rows() -> Vec<Row> {
    let codes = |cell: &str| {
        let listed = cell.split(',').filter(|code| !code.is_empty());
        listed.map(|code| code.parse().expect("a country code")).collect()
    };
    let row = |line: &'static str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let [country_code, e164, at_home, region, kind, whole, home] = cells[..] else {
            panic!("a row has seven cells: {line}")
        };
        Row {
            country_code: country_code.parse().expect("a country code"),
            e164,
            at_home,
            region: (region != "-").then_some(region),
            kind,
            readings: [codes(whole), codes(home)],
        }
    };
    RECORD.lines().filter(|line| !line.starts_with('#')).map(row).collect()
}

fn decided(mut phone: Value) -> Decision {
    if phone.get("number").is_none() {
        phone["number"] = Value::Null;
    }
    decide(&dial(json!({ "to": { "phone": phone } })), &rulebook(), NOW)
}

/// The rows for which a form gives anything else than the oracle's number.
fn differences(form: impl Fn(&Row) -> Option<Value>) -> Vec<String> {
    let mut found = Vec::new();
    for row in rows() {
        let Some(phone) = form(&row) else { continue };
        let facts = decided(phone).phone.expect("a call has a phone");
        let kind = facts.kind.map(|kind| serde_json::to_value(kind).expect("a kind has a name"));
        let same = facts.e164.as_ref().map(|e164| e164.digits()) == Some(row.e164)
            && facts.country_code == Some(row.country_code)
            && facts.region.as_deref() == row.region
            && kind.as_ref().and_then(Value::as_str) == Some(row.kind);
        if !same {
            found.push(format!("{} {:?} {:?} {kind:?}", row.e164, facts.e164, facts.region));
        }
    }
    found
}

fn national(row: &Row) -> &'static str {
    row.e164.strip_prefix(&row.country_code.to_string()).expect("a number begins with its country code")
}

/// Whether digits are read as they stand: `00` begins an international number, and a short number is none.
fn is_plain(digits: &str) -> bool {
    digits.len() >= DIGITS_MIN && !digits.starts_with("00")
}

#[test]
fn after_a_plus_every_number_of_every_country_is_the_oracle_s() {
    assert_eq!(differences(|row| Some(json!({ "number": format!("+{}", row.e164) }))), [""; 0]);
}

#[test]
fn after_double_zero_with_a_hint_every_number_is_the_oracle_s() {
    let form = |row: &Row| json!({ "number": format!("00{}", row.e164), "country_hint": row.country_code.to_string() });
    assert_eq!(differences(|row| Some(form(row))), [""; 0]);
}

#[test]
fn full_width_digits_and_separators_change_nothing() {
    let wide = |sign: char| char::from_u32(u32::from(sign) - 0x30 + 0xff10).expect("a full-width digit");
    let separators = [' ', '-', '.', '(', ')', '\u{a0}', '\u{2013}', '\u{3000}'];
    let form = |row: &Row| {
        let spread: String = row
            .e164
            .chars()
            .zip(separators.iter().cycle())
            .flat_map(|(digit, separator)| [wide(digit), *separator])
            .collect();
        json!({ "number": format!("\u{ff0b}{spread}") })
    };
    assert_eq!(differences(|row| Some(form(row))), [""; 0]);
}

#[test]
fn no_form_with_a_country_ever_means_another_number() {
    let mut held = 0;
    for row in rows() {
        let code = row.country_code.to_string();
        let rests = [national(&row), row.at_home, row.e164].into_iter().filter(|digits| is_plain(digits));
        let forms = rests.flat_map(|digits| {
            [
                json!({ "country_code": code, "national_number": digits }),
                json!({ "number": digits, "country_hint": code }),
            ]
        });
        for phone in forms {
            let decision = decided(phone.clone());
            let facts = decision.phone.expect("a call has a phone");
            match facts.e164 {
                Some(e164) => assert_eq!(e164.digits(), row.e164, "{phone}"),
                None => {
                    assert_eq!(decision.code, Some(FailureCode::AmbiguousNumber), "{phone}");
                    let offered = facts.candidates.iter().any(|one| one.e164.digits() == row.e164);
                    assert_eq!(offered, row.country_code != KOREA, "{phone} overseas");
                    held += 1;
                }
            }
        }
    }
    assert!(held > 0, "a repeated country code may be a part of the number, and some of these forms show it");
}

#[test]
fn without_a_country_a_number_is_accepted_exactly_where_the_oracle_finds_one_reading() {
    let mut differences = Vec::new();
    for row in rows() {
        for (digits, codes) in [row.e164, row.at_home].into_iter().zip(&row.readings) {
            if !is_plain(digits) {
                continue;
            }
            let facts = decided(json!({ "number": digits })).phone.expect("a call has a phone");
            let mut ours: Vec<u16> = facts.candidates.iter().map(|one| one.country_code).collect();
            ours.extend(facts.country_code);
            // The digits as a whole number stand among those that are listed, wherever it stands among all.
            let whole =
                decided(json!({ "number": format!("+{digits}") })).phone.and_then(|phone| phone.country_code);
            let at_home = ours.iter().filter(|code| Some(**code) != whole).count();
            // With nothing else to choose from, mobiles whose trunk zero was left out count too.
            let alone = codes.iter().all(|code| Some(*code) == whole);
            ours.retain(|code| codes.contains(code) || !alone || !is_mobile(&format!("+{code}{digits}")));
            // An overseas call does not go to Korea, so that its reading counts and is not offered.
            let at_home_max = AT_HOME_MAX - usize::from(codes.contains(&KOREA));
            let codes: Vec<u16> = codes.iter().copied().filter(|code| *code != KOREA).collect();
            ours.retain(|code| !DRIFT.iter().any(|(gone, start)| gone == code && digits.starts_with(start)));
            let without =
                |list: &[u16]| list.iter().copied().filter(|code| Some(*code) != whole).collect::<Vec<_>>();
            let all = at_home >= at_home_max || ours.len() == codes.len();
            if !all
                || !without(&codes).starts_with(&without(&ours))
                || !ours.iter().all(|code| codes.contains(code))
            {
                differences.push(format!("{digits}: {ours:?}, and the oracle has {codes:?}"));
            }
        }
    }
    assert_eq!(differences, [""; 0]);
}

/// Whether a whole number is one that gets text messages.
fn is_mobile(number: &str) -> bool {
    let kind = decided(json!({ "number": number })).phone.and_then(|phone| phone.kind);
    matches!(kind, Some(PhoneKind::Mobile | PhoneKind::FixedLineOrMobile | PhoneKind::Unknown))
}

/// Whether a dial string is one that the PBX's own guard lets pass: an outside line, and either a Korean number with
/// its trunk zero or the international access code with a number of E.164's length.
fn is_dialable(dial_string: &str) -> bool {
    let Some(outside) = dial_string.strip_prefix('9') else { return false };
    let all_digits = outside.bytes().all(|byte| byte.is_ascii_digit());
    let begins_with_one_to_nine = |digits: &str| digits.starts_with(|digit| ('1'..='9').contains(&digit));
    let overseas = outside
        .strip_prefix("001")
        .is_some_and(|number| begins_with_one_to_nine(number) && (7..=15).contains(&number.len()));
    let at_home = outside
        .strip_prefix('0')
        .is_some_and(|number| begins_with_one_to_nine(number) && (8..=11).contains(&number.len()));
    // A representative number such as 1588-1234 has no trunk zero.
    let representative = outside.starts_with('1') && outside.len() == 8;
    all_digits && (overseas || at_home || representative)
}

#[test]
fn whatever_is_dialled_is_digits_of_the_right_form_and_leads_back_to_its_number() {
    let mut dialled = 0;
    for row in rows() {
        for scope in ["overseas", "domestic"] {
            let phone = json!({ "number": format!("+{}", row.e164) });
            let job = dial(json!({ "scope": scope, "to": { "phone": phone } }));
            let decision = decide(&job, &rulebook(), NOW);
            let Some(dial_string) = decision.dial_string else { continue };
            assert!(is_dialable(&dial_string), "{}: {dial_string}", row.e164);
            let rest = dial_string.strip_prefix("90").or_else(|| dial_string.strip_prefix('9'));
            let national = rest.map(|rest| format!("82{rest}"));
            let back = match scope {
                "overseas" => dial_string.strip_prefix("9001").map(str::to_owned),
                _ => national,
            };
            assert_eq!(back.as_deref(), Some(row.e164), "{dial_string}");
            dialled += 1;
        }
    }
    assert!(dialled > 500, "{dialled} numbers were dialled");
}
