//! The rules about what a text message says, and from whom.

use closure_contract::RuleId;

use super::{Proof, Rule};

const TEXTS: &str = "crates/policy/tests/policy/texts.rs";
const LIMITS: &str = "crates/policy/tests/policy/limits.rs";
const CHARACTERS: &str = "crates/policy/tests/policy/characters.rs";
const INVITATIONS: &str = "crates/policy/tests/policy/invitations.rs";
const JOURNEYS: &str = "tests/tests/journeys/texts.rs";
const LENGTHS: &str = "tests/tests/journeys/lengths.rs";
const INFOBIP_JOURNEYS: &str = "tests/tests/journeys/infobip.rs";
const SENDERS: &str = "crates/providers/tests/adapters/senders.rs";

pub(crate) const R5: Rule = Rule {
    id: RuleId::R5,
    guide_ko: "해외 SMS 발송은 발송 제목 없음",
    guide_en: "An overseas SMS has no subject.",
    reading: "A subject that is not empty is dropped, which is recorded; it never moves into the text.",
    keys: &[],
    tests: &[
        Proof { file: TEXTS, test: "an_overseas_subject_is_dropped_recorded_and_never_put_into_the_body" },
        Proof { file: JOURNEYS, test: "a_subject_overseas_is_dropped_and_the_drop_is_told" },
    ],
};

pub(crate) const R6: Rule = Rule {
    id: RuleId::R6,
    guide_ko: "UTF-8 기준 1000 bytes까지 입력 가능",
    guide_en: "Up to 1000 bytes of UTF-8.",
    reading: "1000 pass and 1001 are refused with the count, after NFC and LF line ends; never cut. A text that no gateway of its country takes is refused as well, with the gateway, its limit and the length; where one takes it, that one carries it.",
    keys: &["sms.max_bytes", "sms.routes"],
    tests: &[
        Proof {
            file: LIMITS,
            test: "a_text_is_held_against_the_gateways_of_its_countrys_route_and_refused_where_none_takes_it",
        },
        Proof {
            file: LENGTHS,
            test: "a_text_that_no_connected_gateway_takes_is_refused_with_limit_gateway_and_length_and_the_email_answers",
        },
        Proof {
            file: LENGTHS,
            test: "a_text_that_is_too_long_for_the_preferred_gateway_goes_to_one_that_takes_it",
        },
        Proof { file: LIMITS, test: "the_limits_hold_to_the_byte_whatever_the_width_of_the_characters" },
        Proof { file: TEXTS, test: "bytes_are_counted_after_the_text_has_its_form" },
        Proof { file: JOURNEYS, test: "a_text_of_1001_bytes_is_never_cut_the_email_answers" },
    ],
};

pub(crate) const R7: Rule = Rule {
    id: RuleId::R7,
    guide_ko: "900byte - 950byte로 작성 필요",
    guide_en: "Write 900 to 950 bytes.",
    reading: "Headroom and no minimum: up to 950 pass, more are sent with a flag; a switch refuses them.",
    keys: &["sms.near_limit_bytes", "sms.near_limit"],
    tests: &[
        Proof { file: LIMITS, test: "the_limits_hold_to_the_byte_whatever_the_width_of_the_characters" },
        Proof {
            file: TEXTS,
            test: "nine_hundred_and_fifty_bytes_pass_and_more_are_flagged_or_refused_by_a_switch",
        },
    ],
};

pub(crate) const R8: Rule = Rule {
    id: RuleId::R8,
    guide_ko: "90 bytes 초과 시 일부 통신사에서 분할 전송 및 분할 과금",
    guide_en: "Over 90 bytes some carriers split the text, and bill each part.",
    reading: "Three facts and never an error: over 90 bytes, the real parts by GSM 03.38 or UCS-2, and the parts where a carrier splits every 90 bytes.",
    keys: &["sms.split_bytes"],
    tests: &[
        Proof { file: LIMITS, test: "the_limits_hold_to_the_byte_whatever_the_width_of_the_characters" },
        Proof { file: TEXTS, test: "over_ninety_bytes_a_text_is_flagged_and_its_real_parts_are_counted" },
        Proof {
            file: "tests/tests/segments.rs",
            test: "two_public_calculators_count_the_same_parts_as_we_do",
        },
    ],
};

pub(crate) const R9: Rule = Rule {
    id: RuleId::R9,
    guide_ko: "특수문자 사용 제한",
    guide_en: "Special characters are restricted.",
    reading: "Letters, marks and numbers of any script, space, LF, and the punctuation of the scripts in use and of GSM 03.38 pass. Curly quotes, dashes, the ellipsis and no-break spaces become ASCII, and what carries no meaning goes, which is recorded. Joiners stay in scripts that need them. Everything else is refused with its offset.",
    keys: &["sms.extra_characters"],
    tests: &[
        Proof { file: CHARACTERS, test: "every_character_of_unicode_has_the_verdict_of_its_category" },
        Proof {
            file: CHARACTERS,
            test: "an_offset_finds_the_refused_character_in_the_text_as_it_is_counted",
        },
        Proof {
            file: TEXTS,
            test: "special_characters_are_refused_and_listed_and_the_detail_holds_code_points_alone",
        },
    ],
};

pub(crate) const R10: Rule = Rule {
    id: RuleId::R10,
    guide_ko: "파일첨부 기능 미제공",
    guide_en: "No attachments.",
    reading: "A job with attachments is refused; nothing is dropped in silence.",
    keys: &[],
    tests: &[
        Proof { file: TEXTS, test: "attachments_refuse_the_job" },
        Proof { file: JOURNEYS, test: "an_attachment_is_never_dropped_silently_the_email_answers" },
    ],
};

pub(crate) const R11: Rule = Rule {
    id: RuleId::R11,
    guide_ko: "문자 전용 발신번호 82-2-3451-8120",
    guide_en: "The sender is 82-2-3451-8120.",
    reading: "Kept as +82234518120, however a job writes it; another sender is refused.",
    keys: &["sms.sender"],
    tests: &[Proof {
        file: TEXTS,
        test: "the_registered_sender_is_used_however_a_job_writes_it_and_any_other_is_refused",
    }],
};

pub(crate) const R12: Rule = Rule {
    id: RuleId::R12,
    guide_ko: "해외 발신의 경우 국가에 따라 발신번호가 다르게 적용됨",
    guide_en: "Abroad the sender differs by country.",
    reading: "A table of senders by country; a gateway that shows another one never fails a message. The sender that its receipt or look-up names is told beside the one asked for.",
    keys: &["sms.senders"],
    tests: &[
        Proof { file: TEXTS, test: "a_country_may_have_its_own_sender" },
        Proof {
            file: INFOBIP_JOURNEYS,
            test: "the_sender_that_the_network_shows_reaches_the_outcome_beside_the_one_that_was_asked_for",
        },
        Proof {
            file: SENDERS,
            test: "a_receipts_sender_is_kept_if_it_could_be_one_and_costs_the_receipt_nothing",
        },
    ],
};

pub(crate) const R13: Rule = Rule {
    id: RuleId::R13,
    guide_ko: "수신불가 번호",
    guide_en: "The sender cannot receive.",
    reading: "A clause that invites a reply or a call to the sender is flagged and sent; one that denies it, or names another way or person, is not, and what a condition denies is its own circumstance.",
    keys: &["sms.reply_phrases", "sms.reply_negations", "sms.reply_elsewhere"],
    tests: &[
        Proof { file: TEXTS, test: "wording_that_invites_a_reply_or_a_call_is_flagged_and_sent" },
        Proof { file: TEXTS, test: "the_wording_is_known_in_korean_english_chinese_and_vietnamese" },
        Proof {
            file: INVITATIONS,
            test: "the_flag_is_right_for_nearly_all_sentences_that_invite_a_reply_and_that_do_not",
        },
        Proof {
            file: INVITATIONS,
            test: "sentences_that_no_list_was_mended_by_are_judged_rightly_as_often_as_the_notes_say",
        },
        Proof { file: INVITATIONS, test: "conditions_and_denials_bind_as_each_language_has_them" },
        Proof {
            file: INVITATIONS,
            test: "of_sentences_that_no_word_was_mended_by_exactly_these_are_judged_wrongly",
        },
    ],
};
