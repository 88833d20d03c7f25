//! The valid readings of digits, by the phone metadata.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};

use super::{
    home_forms::{self, Sifted, Written},
    phone::{E164, Number, PhoneKind},
};

/// E.164 allows 15 digits; the smallest islands, Tokelau and Niue, have 7 with their country code.
const E164_DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// Whether a country calling code is in use.
pub(crate) fn is_country_code(country_code: u16) -> bool {
    PHONE_NUMBER_UTIL.get_regions_for_country_calling_code(i32::from(country_code)).is_some()
}

/// Reads digits that begin with their country code.
pub(crate) fn international(digits: &str) -> Option<Number> {
    // More digits than a country code, a needless trunk zero and a number have are no number.
    if digits.len() > *E164_DIGITS.end() + 4 {
        return None;
    }
    let parsed = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None).ok()?;
    number(&parsed, national_digits(&parsed))
}

/// Reads digits as the countries write them at home, trunk zero included or left out: every country where they are
/// exactly what people would write, those of `countries` alone.
pub(crate) fn at_home(
    digits: &str,
    written: Written,
    countries: impl Fn(u16) -> bool,
) -> impl Iterator<Item = Number> {
    home_forms::of(digits, written, countries).filter_map(move |(form, sifted)| {
        form.regions.iter().find_map(|region| as_written_in(*region, digits, form.country_code, sifted))
    })
}

/// The number that digits are in a region, if they are how it is written there.
fn as_written_in(region: Region, digits: &str, country_code: u16, sifted: Sifted<'_>) -> Option<Number> {
    let parsed = PHONE_NUMBER_UTIL.parse(digits, Some(region)).ok()?;
    match sifted {
        // To write a number out is dearer than everything else about it.
        Sifted::Number(expected) => number(&parsed, digits.to_owned())
            .filter(|number| number.e164.digits().strip_prefix(&country_code.to_string()) == Some(expected)),
        Sifted::Perhaps => {
            let national_digits = national_digits(&parsed);
            if national_digits == digits { number(&parsed, national_digits) } else { None }
        }
    }
}

/// Orders readings, and leaves each number once.
pub(crate) fn sort(readings: &mut Vec<Number>) {
    readings.sort_by(|a, b| (a.country_code, a.e164.digits()).cmp(&(b.country_code, b.e164.digits())));
    readings.dedup_by(|a, b| a.e164 == b.e164);
}

fn national_digits(parsed: &PhoneNumber) -> String {
    digits_of(&parsed.format_as(PhoneNumberFormat::National))
}

fn number(parsed: &PhoneNumber, national_digits: String) -> Option<Number> {
    // A valid number is of one kind at least.
    let kind = match parsed.get_type() {
        PhoneNumberType::Unknown => return None,
        known => kind(known),
    };
    let e164 = digits_of(&parsed.format_as(PhoneNumberFormat::E164));
    if !E164_DIGITS.contains(&e164.len()) {
        return None;
    }
    Some(Number {
        e164: E164::from_digits(e164),
        country_code: u16::try_from(parsed.country_code).ok()?,
        region: parsed.get_region_code().map(|region| region.as_region_str().as_str().to_owned()),
        kind,
        national_digits,
    })
}

fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn kind(kind: PhoneNumberType) -> PhoneKind {
    match kind {
        PhoneNumberType::FixedLine => PhoneKind::FixedLine,
        PhoneNumberType::Mobile => PhoneKind::Mobile,
        PhoneNumberType::FixedLineOrMobile => PhoneKind::FixedLineOrMobile,
        PhoneNumberType::TollFree => PhoneKind::TollFree,
        PhoneNumberType::PremiumRate => PhoneKind::PremiumRate,
        PhoneNumberType::SharedCost => PhoneKind::SharedCost,
        PhoneNumberType::VoIP => PhoneKind::Voip,
        PhoneNumberType::PersonalNumber => PhoneKind::PersonalNumber,
        PhoneNumberType::Pager => PhoneKind::Pager,
        PhoneNumberType::UAN => PhoneKind::Uan,
        PhoneNumberType::VoiceMail => PhoneKind::Voicemail,
        PhoneNumberType::Unknown => PhoneKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every country asked, as it was done before there was a sieve.
    fn asked_of_all(digits: &str) -> Vec<Number> {
        let mut found: Vec<Number> = PHONE_NUMBER_UTIL
            .get_supported_regions()
            .filter_map(|region| PHONE_NUMBER_UTIL.parse(digits, Some(region)).ok())
            .filter_map(|parsed| number(&parsed, national_digits(&parsed)))
            .filter(|number| number.national_digits == digits)
            .collect();
        sort(&mut found);
        found
    }

    fn sifted(digits: &str) -> Vec<Number> {
        let mut found: Vec<Number> = at_home(digits, Written::AtHome, |_| true).collect();
        sort(&mut found);
        found
    }

    /// Digits without any order, the same in each run.
    fn made(count: usize) -> impl Iterator<Item = String> {
        let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
        std::iter::repeat_with(move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let length = 7 + usize::try_from(seed >> 61).unwrap_or(0);
            let digits = format!("{:020}", seed >> 8);
            let zero = if seed & (1 << 40) == 0 { "0" } else { "" };
            format!("{zero}{}", &digits[digits.len() - length..])
        })
        .take(count)
    }

    /// Every country asked for its number that digits are after the country code, but for those that write it so.
    fn asked_of_all_without_its_zero(digits: &str) -> Vec<Number> {
        let mut found: Vec<Number> = PHONE_NUMBER_UTIL
            .get_supported_regions()
            .filter_map(|region| PHONE_NUMBER_UTIL.parse(digits, Some(region)).ok())
            .filter(|parsed| parsed.get_national_significant_number() == digits)
            .filter_map(|parsed| number(&parsed, national_digits(&parsed)))
            .filter(|number| number.national_digits != digits)
            .collect();
        sort(&mut found);
        found
    }

    #[test]
    fn the_sieve_loses_no_number_whose_trunk_zero_was_left_out() {
        let (mut asked, mut found) = (0, 0);
        for digits in made(300).filter(|digits| !digits.starts_with('0')) {
            let sifted: Vec<E164> =
                at_home(&digits, Written::WithoutItsZero, |_| true).map(|number| number.e164).collect();
            for number in asked_of_all_without_its_zero(&digits) {
                assert!(sifted.contains(&number.e164), "{digits} {:?}", number.region);
                found += 1;
            }
            asked += 1;
        }
        assert!(asked > 100 && found > 100, "{found} readings of {asked} digits");
    }

    #[test]
    fn the_sieve_loses_no_reading_and_makes_none_up() {
        const RECORD: &str = include_str!("../../tests/policy/phone_oracle.tsv");
        let cells = RECORD
            .lines()
            .filter(|line| !line.starts_with('#'))
            .flat_map(|line| line.split('\t').skip(1).take(2));
        let recorded = cells.step_by(9).map(str::to_owned);
        let (mut asked, mut found) = (0, 0);
        for digits in recorded.chain(made(300)) {
            let all = asked_of_all(&digits);
            assert_eq!(sifted(&digits), all, "{digits}");
            (asked, found) = (asked + 1, found + all.len());
        }
        assert!(asked > 500 && found > 500, "{found} readings of {asked} digits");
    }

    /// A later release of the metadata needs a table of its own.
    #[test]
    fn the_table_is_of_the_metadata_that_is_in_use() {
        let lock = include_str!("../../../../Cargo.lock");
        let table = include_str!("phone_leads.tsv");
        let in_use = "name = \"rlibphonenumber\"\nversion = \"2.2.15\"";
        assert!(lock.contains(in_use), "make phone_leads.tsv again, by tests/python/phone_leads.py");
        assert!(
            table.starts_with(
                "# Made by tests/python/phone_leads.py from the metadata of phonenumbers 9.0.42."
            )
        );
    }
}
