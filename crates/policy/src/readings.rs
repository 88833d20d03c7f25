//! The valid readings of digits, by the phone metadata.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType};

use crate::phone::{E164, Number, PhoneKind};

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
    number(&parsed)
}

/// Reads digits as the countries write them at home, trunk zero included: every country where they are exactly
/// what people would write. An empty list of countries stands for all.
pub(crate) fn as_written_at_home(digits: &str, countries: &[u16]) -> Vec<Number> {
    let mut found: Vec<Number> = PHONE_NUMBER_UTIL
        .get_supported_regions()
        .filter(|region| {
            let code = PHONE_NUMBER_UTIL
                .get_country_code_for_region(*region)
                .and_then(|code| u16::try_from(code).ok());
            countries.is_empty() || code.is_some_and(|code| countries.contains(&code))
        })
        .filter_map(|region| PHONE_NUMBER_UTIL.parse(digits, Some(region)).ok())
        .filter_map(|parsed| number(&parsed))
        .filter(|number| number.national_digits == digits)
        .collect();
    sort(&mut found);
    found
}

/// Orders readings, and leaves each number once.
pub(crate) fn sort(readings: &mut Vec<Number>) {
    readings.sort_by(|a, b| (a.country_code, a.e164.digits()).cmp(&(b.country_code, b.e164.digits())));
    readings.dedup_by(|a, b| a.e164 == b.e164);
}

fn number(parsed: &PhoneNumber) -> Option<Number> {
    if !parsed.is_valid() {
        return None;
    }
    let e164 = digits_of(&parsed.format_as(PhoneNumberFormat::E164));
    if !E164_DIGITS.contains(&e164.len()) {
        return None;
    }
    Some(Number {
        e164: E164::from_digits(e164),
        country_code: u16::try_from(parsed.country_code).ok()?,
        region: parsed.get_region_code().map(|region| region.as_region_str().as_str().to_owned()),
        kind: kind(parsed.get_type()),
        national_digits: digits_of(&parsed.format_as(PhoneNumberFormat::National)),
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
