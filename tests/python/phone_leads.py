"""Makes the table of how the numbers of each country may begin, by which bare digits are sifted before they are read.

    python3 -m venv target/oracle && target/oracle/bin/pip install phonenumbers==9.0.42 regex
    target/oracle/bin/python tests/python/phone_leads.py > crates/policy/src/phone_leads.tsv

The version is that of the metadata in rlibphonenumber. One line for each country code and what
stands before its numbers at home (`-` for nothing, `*` where more than that changes), with the first three digits of
such valid numbers for each length of theirs. It may name too many and never too few.
"""

import re

import phonenumbers
import regex
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

VERSION = "9.0.42"
KINDS = [
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "personal_number", "voip", "pager", "uan",
    "voicemail",
]
LEADS = [f"{lead:03}" for lead in range(1000)]


def prefix(form):
    """What a form of writing puts before the number; nothing where it does anything else as well."""
    text = form.format
    rule = form.national_prefix_formatting_rule
    if rule:
        # The rule stands in the place of the first group.
        text = re.sub(r"\$1|\\1", lambda _: rule, text, count=1)
    text = text.replace("$", "\\")
    groups = re.findall(r"\\(\d)", text)
    before, _, after = text.partition("\\1")
    in_order = groups == [str(number + 1) for number in range(len(groups))]
    rest = re.sub(r"\\\d", "", after)
    if not in_order or re.search(r"\d", rest):
        return "*"
    return re.sub(r"\D", "", before) or "-"


def prefixes(forms, lead, length):
    """What may stand before a number of this beginning and length: the first form that fits it says so."""
    found = set()
    for form in forms:
        leading = [regex.compile(pattern) for pattern in form.leading_digits_pattern[-1:]]
        pattern = regex.compile(form.pattern)
        if not all(one.match(lead, partial=True) for one in leading):
            continue
        fits = pattern.fullmatch(lead + "0" * (length - len(lead)))
        # A pattern that names digits may fit another number of the same beginning.
        any_digits = not re.search(r"\d", re.sub(r"\\d(\{[\d,]+\})?", "", form.pattern))
        if any_digits and not fits:
            continue
        found.add(prefix(form))
        if any_digits and all(one.match(lead) for one in leading):
            return found
    return found | {"-"}


def of(code):
    """The beginnings of each length, by what stands before the number."""
    main, found = COUNTRY_CODE_TO_REGION_CODE[code][0], {}
    forms = PhoneMetadata.metadata_for_region_or_calling_code(code, main).number_format
    for region in COUNTRY_CODE_TO_REGION_CODE[code]:
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
        for kind in KINDS:
            desc = getattr(metadata, kind)
            if desc is None or desc.national_number_pattern is None:
                continue
            pattern = regex.compile(desc.national_number_pattern)
            leads = [lead for lead in LEADS if pattern.fullmatch(lead, partial=True)]
            possible = desc.possible_length or metadata.general_desc.possible_length
            for length in (length for length in possible if length >= len(LEADS[0])):
                for lead in leads:
                    for before in prefixes(forms, lead, length):
                        found.setdefault(before, {}).setdefault(length, set()).add(lead)
    return found


def ranges(leads):
    """000-099,123: what is next to each other in one."""
    found = []
    for lead in sorted(leads):
        if found and int(lead) == int(found[-1][1]) + 1:
            found[-1][1] = lead
        else:
            found.append([lead, lead])
    return ",".join(first if first == last else f"{first}-{last}" for first, last in found)


def main():
    if phonenumbers.__version__ != VERSION:
        raise SystemExit(f"this is phonenumbers {phonenumbers.__version__}; install {VERSION}")
    print(f"# Made by tests/python/phone_leads.py from the metadata of phonenumbers {VERSION}.")
    for code in sorted(COUNTRY_CODE_TO_REGION_CODE):
        if COUNTRY_CODE_TO_REGION_CODE[code] == ("001",):
            continue
        for before, lengths in sorted(of(code).items()):
            print(code, before, *(f"{length}:{ranges(leads)}" for length, leads in sorted(lengths.items())), sep="\t")


if __name__ == "__main__":
    main()
