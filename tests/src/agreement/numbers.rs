//! Phone numbers of every country, in every form in which people type them, and some that are none.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::random::Random;

/// Every region's example numbers, from the metadata that the field shares (`tests/README.md` says how it is made).
const TABLE: &str = include_str!("../../agreement/numbers.tsv");
/// Endings at which a stand-in loses requests or answers: what comes of those is not a question for the rules.
const MISCHIEF: [&str; 17] = [
    "0003", "0004", "0020", "0021", "0022", "0023", "0024", "0025", "0026", "0027", "0028", "0901", "0902",
    "0903", "0904", "0905", "0906",
];
/// Endings whose receipts say each of what a receipt can say.
const RECEIPTS: [&str; 8] = ["0001", "0002", "0005", "0007", "0008", "0009", "0010", "0012"];

struct Example {
    country_code: &'static str,
    national: &'static str,
    at_home: &'static str,
    mobile: bool,
}

static EXAMPLES: LazyLock<Vec<Example>> = LazyLock::new(|| {
    let rows = TABLE.lines().skip(1);
    rows.map(|row| {
        let fields: Vec<&str> = row.split('\t').collect();
        let [_, country_code, national, at_home, kind] = fields[..] else { panic!("five fields in {row}") };
        Example { country_code, national, at_home, mobile: kind == "mobile" }
    })
    .collect()
});

/// A number of a job, and the country that it is meant to be of.
pub(super) struct Typed {
    pub(super) phone: Value,
    pub(super) country_code: &'static str,
}

/// Any number: often Vietnam, China and Korea, for which the rules differ, and else of any country.
pub(super) fn typed(random: &mut Random) -> Typed {
    let example = example(random);
    let ending = ending(random, example.national);
    let (national, at_home) = (ended(example.national, &ending), ended(example.at_home, &ending));
    let code = example.country_code;
    let separator = *random.one(&["", "-", " ", ".", " - "]);
    let spaced = spaced(&national, separator);
    let phone = match random.below(14) {
        0..=2 => json!({ "number": format!("+{code}{separator}{spaced}") }),
        3 => json!({ "number": format!("+{code} ({}) {}", &national[..2], &national[2..]) }),
        4 => json!({ "country_code": code, "national_number": spaced }),
        5 => json!({ "country_code": format!("+{code}"), "national_number": at_home }),
        6 => json!({ "country_code": code, "national_number": format!("{code}{national}") }),
        7 => json!({ "number": format!("00{code}{national}") }),
        8 => json!({ "number": format!("{code}{national}"), "country_hint": code }),
        9 => json!({ "number": at_home, "country_hint": code }),
        10 => json!({ "number": *random.one(&[national.as_str(), at_home.as_str()]) }),
        11 => json!({ "country_code": full_width(code), "national_number": full_width(&at_home) }),
        12 => broken(random, code, &national),
        _ => json!({ "number": format!("{code}{national}") }),
    };
    Typed { phone, country_code: code }
}

fn example(random: &mut Random) -> &'static Example {
    let wanted = random.below(100);
    let country = match wanted {
        0..=17 => Some("84"),
        18..=35 => Some("86"),
        36..=45 => Some("82"),
        _ => None,
    };
    let mobile = random.percent(80);
    let fits = |example: &&Example| {
        country.is_none_or(|country| example.country_code == country) && (!mobile || example.mobile)
    };
    let fitting: Vec<&Example> = EXAMPLES.iter().filter(fits).collect();
    fitting[random.below(fitting.len())]
}

/// The last four digits: the example's own, or some that the stand-ins understand.
fn ending(random: &mut Random, national: &str) -> String {
    let own = &national[national.len().saturating_sub(4)..];
    let wanted = match random.below(4) {
        0 => (*random.one(&RECEIPTS)).to_owned(),
        1 => own.to_owned(),
        _ => format!("{:04}", 1_000 + random.below(9_000)),
    };
    if MISCHIEF.contains(&wanted.as_str()) { "5678".to_owned() } else { wanted }
}

fn ended(number: &str, ending: &str) -> String {
    format!("{}{ending}", &number[..number.len().saturating_sub(ending.len())])
}

fn spaced(digits: &str, separator: &str) -> String {
    let (head, tail) = digits.split_at(digits.len() / 2);
    format!("{head}{separator}{tail}")
}

fn full_width(digits: &str) -> String {
    let wide =
        |digit: char| digit.to_digit(10).and_then(|digit| char::from_u32(0xff10 + digit)).unwrap_or(digit);
    digits.chars().map(wide).collect()
}

/// What is no number, or contradicts itself; the last digits stay as they are.
fn broken(random: &mut Random, code: &str, national: &str) -> Value {
    match random.below(9) {
        0 => json!({ "number": format!("+{code}{}", &national[1..]) }),
        1 => json!({ "number": format!("+{code}9{national}") }),
        2 => json!({ "country_code": "999", "national_number": national }),
        3 => json!({ "country_code": code, "national_number": "+819012345678" }),
        4 => json!({ "number": format!("+{code}{national}"), "country_hint": "81" }),
        5 => json!({ "number": *random.one(&["", "+", "112", "110", "119", "15881234", "0"]) }),
        6 => json!({ "number": format!("+{code}{national} ext. 5678") }),
        7 => json!({ "country_code": code, "national_number": "not a number" }),
        _ => json!({ "number": format!("+{code}{national}{national}5678") }),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::EXAMPLES;

    #[test]
    fn the_table_has_every_country() {
        let codes: BTreeSet<&str> = EXAMPLES.iter().map(|example| example.country_code).collect();
        assert!(codes.len() > 200, "{} country codes", codes.len());
        for code in ["1", "39", "7", "81", "82", "84", "86", "852", "853", "886", "870"] {
            assert!(codes.contains(code), "{code}");
        }
    }
}
