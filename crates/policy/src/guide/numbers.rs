//! The rules about numbers, dialling and the choice between home and overseas.

use closure_contract::RuleId;

use super::{Proof, Rule};

const DIALLING: &str = "crates/policy/tests/policy/dialling.rs";
const NUMBER_TABLE: &str = "crates/policy/tests/policy/number_table.rs";
const NUMBERS: &str = "crates/policy/tests/policy/numbers.rs";
const TEXTS: &str = "crates/policy/tests/policy/texts.rs";
const LIMITS: &str = "crates/policy/tests/policy/limits.rs";
const CALL_JOURNEYS: &str = "tests/tests/journeys/calls.rs";

pub(crate) const R1: Rule = Rule {
    id: RuleId::R1,
    guide_ko: "전화걸기 팝업에서 “해외 발신” 선택",
    guide_en: "Choose “overseas call” in the dial popup.",
    reading: "`scope` is checked against the number's country (82 is domestic); a contradiction waits for a person and is never corrected.",
    keys: &[],
    tests: &[
        Proof {
            file: NUMBERS,
            test: "overseas_and_domestic_are_checked_against_the_country_and_never_corrected",
        },
        Proof { file: DIALLING, test: "a_wrong_scope_dials_nothing" },
    ],
};

pub(crate) const R2: Rule = Rule {
    id: RuleId::R2,
    guide_ko: "해외: 전화번호 앞에 9-001 적용",
    guide_en: "Overseas, 9-001 goes before the number.",
    reading: "The dial string is 9001, the country code and the national number, in digits alone.",
    keys: &["dial.overseas_prefix", "dial.pause"],
    tests: &[Proof {
        file: DIALLING,
        test: "overseas_the_outside_line_and_the_access_code_come_before_country_code_and_number",
    }],
};

pub(crate) const R3: Rule = Rule {
    id: RuleId::R3,
    guide_ko: "국내: 기존과 동일하게 전화번호 앞에 9 적용",
    guide_en: "At home, 9 goes before the number, as before.",
    reading: "9 and the national form with its trunk zero: what the network dials is dialled. Emergency and premium numbers are refused, each class of numbers has a setting, and short service numbers need the list.",
    keys: &[
        "dial.domestic_prefix",
        "numbers.korean_safety_numbers",
        "numbers.korean_toll_free_numbers",
        "numbers.korean_representative_numbers",
        "numbers.korean_premium_numbers",
        "numbers.short_numbers",
    ],
    tests: &[
        Proof {
            file: DIALLING,
            test: "at_home_the_outside_line_comes_before_the_national_form_with_its_trunk_zero",
        },
        Proof { file: DIALLING, test: "a_short_service_number_is_dialled_only_from_the_list" },
        Proof { file: DIALLING, test: "each_class_of_korean_numbers_has_its_setting" },
        Proof { file: DIALLING, test: "emergency_and_premium_numbers_are_refused" },
    ],
};

pub(crate) const R4: Rule = Rule {
    id: RuleId::R4,
    guide_ko: "대표번호구분 K-RIDE 고객센터, 서비스 구분 K-RIDE, 회원연락처는 국가번호 포함 숫자만",
    guide_en: "The call record has fixed classes and the whole number in digits.",
    reading: "Written once for every attempt to dial, failed ones included, and told to the CRM with the outcome.",
    keys: &[],
    tests: &[
        Proof { file: DIALLING, test: "the_record_carries_the_fixed_classes_and_the_whole_number_in_digits" },
        Proof {
            file: CALL_JOURNEYS,
            test: "with_an_agent_offline_nobodys_phone_rings_and_the_record_is_written_all_the_same",
        },
    ],
};

pub(crate) const R15: Rule = Rule {
    id: RuleId::R15,
    guide_ko: "IB/OB 상담은 국가번호가 분리되어 있지 않음",
    guide_en: "In calls' consultations the country code is not separated.",
    reading: "A plus, 00, the form `with_country_code` or an agreeing hint names the country. Bare digits are taken only as a whole number, and only if no country writes a number that the job can use so at home, with its trunk zero or without; or else a person decides among the candidates.",
    keys: &["numbers.plausible_country_codes", "numbers.with_country_code", "numbers.access_codes"],
    tests: &[
        Proof { file: NUMBERS, test: "a_leading_plus_or_double_zero_names_the_country" },
        Proof { file: NUMBERS, test: "bare_digits_without_a_hint_are_good_only_with_one_reading" },
        Proof {
            file: NUMBER_TABLE,
            test: "no_bare_digits_of_forty_countries_reach_a_stranger_and_both_guides_have_the_table",
        },
        Proof {
            file: NUMBER_TABLE,
            test: "what_stands_in_the_record_of_a_call_is_read_without_a_guess_where_the_settings_say_so",
        },
        Proof {
            file: NUMBERS,
            test: "a_home_form_without_its_zero_and_a_digit_too_many_never_reach_a_stranger",
        },
        Proof {
            file: NUMBERS,
            test: "a_chinese_mobile_that_is_also_an_american_number_is_held_with_both_readings",
        },
    ],
};

pub(crate) const R16: Rule = Rule {
    id: RuleId::R16,
    guide_ko: "게시판 상담은 국가번호가 분리되어 있음",
    guide_en: "In the board's consultations the country code is separated.",
    reading: "The rest is read in the given country; a trunk zero is dropped, a repeated country code is flagged, a contradiction waits for a person.",
    keys: &[],
    tests: &[
        Proof { file: NUMBERS, test: "country_code_and_rest_apart_are_one_number" },
        Proof { file: NUMBERS, test: "a_national_trunk_zero_is_dropped_and_that_is_recorded" },
        Proof { file: NUMBERS, test: "a_rest_that_is_a_number_of_another_country_is_a_contradiction" },
    ],
};

pub(crate) const R17: Rule = Rule {
    id: RuleId::R17,
    guide_ko: "발송 구분 “해외 문자” 선택",
    guide_en: "Choose “overseas text message” in the popup.",
    reading: "An overseas job to +82 waits for a person. A domestic text has up to 90 bytes of Korea's encoding as an SMS, and up to 2000 as a long message with a subject; one that this encoding cannot hold, or that no gateway takes, is refused, and the email answers.",
    keys: &[
        "sms.domestic_sms_bytes",
        "sms.domestic_max_bytes",
        "sms.domestic_subject",
        "sms.domestic_subject_bytes_max",
    ],
    tests: &[
        Proof {
            file: NUMBERS,
            test: "overseas_and_domestic_are_checked_against_the_country_and_never_corrected",
        },
        Proof {
            file: TEXTS,
            test: "a_domestic_text_of_ninety_bytes_is_a_plain_sms_and_a_longer_one_has_a_subject",
        },
        Proof { file: TEXTS, test: "a_domestic_text_has_at_most_two_thousand_bytes" },
        Proof {
            file: TEXTS,
            test: "a_domestic_text_that_koreas_encoding_cannot_hold_is_refused_and_the_email_answers",
        },
        Proof {
            file: LIMITS,
            test: "a_domestic_text_is_held_against_the_gateways_too_and_one_without_long_messages_has_one_limit",
        },
    ],
};
