//! Which countries may write digits so at home: a sieve by how their numbers begin, before the phone metadata is asked.
//!
//! To ask all of them made bare digits twenty-five times as dear as a number with a plus, so that whoever sends nothing
//! else could have slowed the advisor down.

use std::sync::LazyLock;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// Made by tests/python/phone_leads.py; it may name too many beginnings and never too few.
const TABLE: &str = include_str!("phone_leads.tsv");
/// So many digits at the beginning of a number are in the table.
const LEAD_DIGITS: usize = 3;
/// As many words of 64 bits as a thousand beginnings need.
const LEAD_WORDS: usize = 16;

/// The beginnings of numbers, by the numbers' length.
type Leads = Vec<(usize, [u64; LEAD_WORDS])>;

static FORMS: LazyLock<Vec<HomeForm>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#'));
    let forms: Vec<HomeForm> =
        rows.map(|row| HomeForm::read(row).expect("the table is made by a program and tested")).collect();
    let shared = |form: &HomeForm, other: &HomeForm| {
        form.country_code == other.country_code && form.before != other.before
    };
    let shared: Vec<Leads> = forms
        .iter()
        .map(|form| {
            forms.iter().filter(|other| shared(form, other)).flat_map(|other| other.leads.clone()).collect()
        })
        .collect();
    forms.into_iter().zip(shared).map(|(form, shared)| HomeForm { shared, ..form }).collect()
});

/// One way in which the numbers of a country code are written at home.
pub(crate) struct HomeForm {
    pub(crate) country_code: u16,
    /// Its regions, the main one first.
    pub(crate) regions: Vec<Region>,
    /// What stands before the number; nothing is known where the form changes the number itself.
    before: Option<&'static str>,
    /// The beginnings of the numbers that are written so.
    leads: Leads,
    /// The beginnings of those that may be written in another way.
    shared: Leads,
}

/// What the table knows of digits as one country's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sifted<'a> {
    /// The digits may be its number, written so.
    Perhaps,
    /// If this is its number at all, the digits are how it is written.
    Number(&'a str),
}

/// How digits may have been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// As they are at home.
    AtHome,
    /// Without what stands before them at home, such as a trunk zero.
    WithoutItsZero,
}

/// The forms of these countries of which digits may be one.
pub(crate) fn of(
    digits: &str,
    written: Written,
    countries: impl Fn(u16) -> bool,
) -> impl Iterator<Item = (&'static HomeForm, Sifted<'_>)> {
    let named = FORMS.iter().filter(move |form| countries(form.country_code));
    named.filter_map(move |form| {
        let sifted = match written {
            Written::AtHome => form.sift(digits),
            Written::WithoutItsZero => form.sift_without_its_zero(digits),
        };
        sifted.map(|sifted| (form, sifted))
    })
}

impl HomeForm {
    fn sift_without_its_zero<'a>(&self, digits: &'a str) -> Option<Sifted<'a>> {
        let place = place(digits.get(..LEAD_DIGITS)?)?;
        let begins = self.before != Some("") && has(&self.leads, digits.len(), place);
        begins.then_some(Sifted::Number(digits))
    }

    fn sift<'a>(&self, digits: &'a str) -> Option<Sifted<'a>> {
        let Some(before) = self.before else { return Some(Sifted::Perhaps) };
        let number = digits.strip_prefix(before)?;
        let place = place(number.get(..LEAD_DIGITS)?)?;
        match (has(&self.leads, number.len(), place), has(&self.shared, number.len(), place)) {
            (true, false) => Some(Sifted::Number(number)),
            (true, true) => Some(Sifted::Perhaps),
            (false, _) => None,
        }
    }

    fn read(row: &'static str) -> Option<Self> {
        let mut cells = row.split('\t');
        let country_code: u16 = cells.next()?.parse().ok()?;
        let before = match cells.next()? {
            "*" => None,
            "-" => Some(""),
            before => Some(before),
        };
        let regions = PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(i32::from(country_code))?;
        let leads = cells.map(beginnings).collect::<Option<_>>()?;
        Some(Self { country_code, regions: regions.collect(), before, leads, shared: Leads::new() })
    }
}

fn has(leads: &Leads, length: usize, (word, bit): (usize, u64)) -> bool {
    leads.iter().any(|(of, leads)| *of == length && leads[word] & bit != 0)
}

/// The beginnings of numbers of one length: `9:100-261,263`.
fn beginnings(cell: &str) -> Option<(usize, [u64; LEAD_WORDS])> {
    let (length, ranges) = cell.split_once(':')?;
    let mut leads = [0; LEAD_WORDS];
    for range in ranges.split(',') {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        for lead in first.parse::<u16>().ok()?..=last.parse().ok()? {
            let (word, bit) = place(&format!("{lead:03}"))?;
            leads[word] |= bit;
        }
    }
    Some((length.parse().ok()?, leads))
}

/// Where three digits stand among the bits.
fn place(lead: &str) -> Option<(usize, u64)> {
    let lead: usize = lead.parse().ok()?;
    Some((lead / 64, 1 << (lead % 64)))
}
