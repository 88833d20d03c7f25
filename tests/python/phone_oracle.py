"""Records what Google's Python port of libphonenumber says, as the oracle of the differential test.

    python3 -m venv target/oracle && target/oracle/bin/pip install phonenumbers==9.0.43
    target/oracle/bin/python tests/python/phone_oracle.py > crates/policy/tests/policy/phone_oracle.tsv

One line for each distinct example number of every country and every world-wide service, of every type:
country code, E.164 digits, digits as they are written at home, region, type, and the country codes of the valid
readings of those two forms where no country is known.
"""

import sys

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

VERSION = "9.0.43"
TYPES = {
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "uan",
    PhoneNumberType.VOICEMAIL: "voicemail",
    PhoneNumberType.UNKNOWN: "unknown",
}
# E.164 allows 15 digits; a number that a customer could be reached at has 8 or more.
DIGITS = range(8, 16)


def e164(number):
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)[1:]


def at_home(number):
    text = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return "".join(character for character in text if character.isdigit())


def parsed(digits, region):
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    valid = phonenumbers.is_valid_number(number) and len(e164(number)) in DIGITS
    return number if valid else None


def readings(digits):
    """Every number that the digits are, written with their country code or as at home."""
    found = {}
    for region in phonenumbers.SUPPORTED_REGIONS:
        number = parsed(digits, region)
        if number is not None and at_home(number) == digits:
            found[e164(number)] = number.country_code
    number = parsed("+" + digits, None)
    if number is not None:
        found[e164(number)] = number.country_code
    return sorted(found.values())


def examples():
    for region in phonenumbers.SUPPORTED_REGIONS:
        for kind in TYPES:
            yield phonenumbers.example_number_for_type(region, kind)
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        yield phonenumbers.example_number_for_non_geo_entity(code)


def row(number):
    kind = TYPES[phonenumbers.number_type(number)]
    region = phonenumbers.region_code_for_number(number)
    cells = [str(number.country_code), e164(number), at_home(number), region or "-", kind]
    for digits in (e164(number), at_home(number)):
        cells.append(",".join(str(code) for code in readings(digits)))
    return "\t".join(cells)


def main():
    if phonenumbers.__version__ != VERSION:
        sys.exit(f"phonenumbers is {phonenumbers.__version__}, the record is made with {VERSION}")
    numbers = {e164(number): number for number in examples() if number is not None}
    print(f"# phonenumbers {VERSION}; made by tests/python/phone_oracle.py, not by hand")
    for _, number in sorted(numbers.items()):
        if phonenumbers.is_valid_number(number) and len(e164(number)) in DIGITS:
            print(row(number))


if __name__ == "__main__":
    main()
