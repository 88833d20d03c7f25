//! The rules about Vietnam, China, the email in place of a text message, and email itself.

use closure_contract::RuleId;

use super::{Proof, Rule};

const COUNTRIES: &str = "crates/policy/tests/policy/countries.rs";
const CHINESE: &str = "crates/policy/tests/policy/chinese.rs";
const FALLBACKS: &str = "crates/policy/tests/policy/fallbacks.rs";
const ORDERS: &str = "crates/policy/tests/policy/orders.rs";
const SUBJECTS: &str = "crates/policy/tests/policy/subjects.rs";
const EMAILS: &str = "crates/policy/tests/policy/emails.rs";
const TEMPLATE_JOURNEYS: &str = "tests/tests/templates.rs";
const FALLBACK_JOURNEYS: &str = "tests/tests/journeys/fallback.rs";
const EMAIL_JOURNEYS: &str = "tests/tests/journeys/emails.rs";
const ROUTES: &str = "crates/policy/src/gateway/route.rs";
const GATEWAY_JOURNEYS: &str = "tests/tests/journeys/gateway.rs";
const HOLD_FAULTS: &str = "tests/tests/faults/fallback_holds.rs";
const OUTAGE_FAULTS: &str = "tests/tests/faults/outages.rs";

pub(crate) const R14A: Rule = Rule {
    id: RuleId::R14a,
    guide_ko: "베트남(+84): 사전 승인 템플릿으로만 발송 가능, 실패할 수 있어 이메일 답변 필요",
    guide_en: "Vietnam: only approved templates; it may fail, so an email is needed.",
    reading: "Templates stand in a register of their own (`fleet template`). What is no instance of an approved one is never submitted; an email answers always, as soon as the text message was submitted or refused.",
    keys: &["sms.template_urls", "sms.template_variables_max", "sms.template_letters_min"],
    tests: &[
        Proof {
            file: COUNTRIES,
            test: "a_text_to_vietnam_that_is_no_instance_of_an_approved_template_is_never_submitted",
        },
        Proof {
            file: FALLBACKS,
            test: "vietnam_has_its_email_as_soon_as_the_text_message_was_submitted_or_refused",
        },
        Proof {
            file: TEMPLATE_JOURNEYS,
            test: "a_template_that_is_revoked_while_the_job_waits_is_not_sent_and_an_email_answers",
        },
    ],
};

pub(crate) const R14B: Rule = Rule {
    id: RuleId::R14b,
    guide_ko: "중국(+86): 중문이 아니면 차단될 수 있음, 영문 답변 시 이메일 답변 필요",
    guide_en: "China: what is not Chinese may be blocked; an English answer needs an email.",
    reading: "A text to +86 that is not Chinese, has a clause of substance in another language or nothing but courtesies in Chinese beside foreign words, or has Traditional characters, is sent and an email answers at once. A web address and more than 500 characters are flagged.",
    keys: &[
        "china.non_chinese_sms",
        "china.traditional_is_trigger",
        "china.han_min",
        "china.han_percent_min",
        "brand_words",
    ],
    tests: &[
        Proof { file: CHINESE, test: "real_sentences_have_the_verdicts_of_the_table" },
        Proof {
            file: CHINESE,
            test: "no_answer_in_another_language_passes_as_chinese_and_few_chinese_ones_have_a_needless_email",
        },
        Proof {
            file: COUNTRIES,
            test: "a_text_to_china_that_is_not_chinese_is_attempted_and_an_email_answers_in_any_case",
        },
        Proof { file: COUNTRIES, test: "what_chinas_networks_are_known_to_block_is_flagged_and_sent" },
    ],
};

pub(crate) const R14C: Rule = Rule {
    id: RuleId::R14c,
    guide_ko: "채널 발송이력에서 문자 발송 실패인 경우 이메일 답변 필요",
    guide_en: "Where the history shows a failed text message, an email is needed.",
    reading: "Refused by the gateway or by our rules, undelivered, expired, unknown, and silence past the due time: each makes the one email due.",
    keys: &["receipt_due_ms"],
    tests: &[
        Proof {
            file: FALLBACKS,
            test: "elsewhere_every_terminal_failure_makes_an_email_due_and_nothing_else_does",
        },
        Proof {
            file: ORDERS,
            test: "every_order_of_a_history_ends_in_the_same_state_with_one_email_where_one_is_due",
        },
        Proof { file: FALLBACK_JOURNEYS, test: "silence_past_the_due_time_makes_the_email_answer" },
    ],
};

pub(crate) const R14D: Rule = Rule {
    id: RuleId::R14d,
    guide_ko: "",
    guide_en: "",
    reading: "Without a usable email address the email waits for a person, who adds one and sends it again.",
    keys: &[],
    tests: &[
        Proof { file: FALLBACKS, test: "without_a_usable_address_the_email_waits_for_a_person" },
        Proof {
            file: FALLBACK_JOURNEYS,
            test: "without_an_address_the_email_waits_for_a_person_who_adds_one",
        },
    ],
};

pub(crate) const R14E: Rule = Rule {
    id: RuleId::R14e,
    guide_ko: "",
    guide_en: "",
    reading: "What hits every job alike (credit, credentials, an outage, our sender) holds, and never turns a backlog into emails, not even to Vietnam. Another gateway of the route stands in; where none does, jobs stay in their queue until a probe has come through; so do emails while the mail server is away. A text that the gateway took, and then did not carry because of our account, waits for a person, who sends it again. While unusually many texts of a gateway, or of its way to a country, fail by its word or its silence, the emails of R14c are held, until texts arrive again or a person lets them go.",
    keys: &["sms.circuit", "sms.routes", "sms.fallback_hold", "email.circuit"],
    tests: &[
        Proof {
            file: FALLBACKS,
            test: "what_hits_every_job_alike_never_makes_an_email_due_not_even_in_vietnam",
        },
        Proof {
            file: FALLBACKS,
            test: "a_receipt_that_blames_our_account_makes_no_email_and_waits_for_a_person",
        },
        Proof {
            file: ROUTES,
            test: "another_gateway_of_the_route_stands_in_for_one_that_is_unwell_and_for_no_other_job",
        },
        Proof {
            file: GATEWAY_JOURNEYS,
            test: "an_account_without_credit_makes_no_email_and_the_text_goes_out_once_it_is_topped_up",
        },
        Proof {
            file: OUTAGE_FAULTS,
            test: "without_credit_a_thousand_jobs_stay_in_their_queue_and_all_go_out_once_it_is_topped_up",
        },
        Proof {
            file: OUTAGE_FAULTS,
            test: "a_gateway_that_takes_every_text_and_turns_it_back_by_receipt_is_left_alone_until_it_carries_one",
        },
        Proof {
            file: ORDERS,
            test: "an_email_that_was_held_goes_out_once_after_the_release_if_it_is_still_due_and_never_else",
        },
        Proof {
            file: HOLD_FAULTS,
            test: "when_every_text_fails_the_emails_wait_and_the_gateways_recovery_lets_them_go",
        },
    ],
};

pub(crate) const R14F: Rule = Rule {
    id: RuleId::R14f,
    guide_ko: "",
    guide_en: "",
    reading: "A “delivered” has a grade by country and gateway. In Vietnam and China it is a carrier's word at most. One below the least grade that counts is silence, and an email answers once it is overdue.",
    keys: &["receipt_evidence", "receipt_evidence_min"],
    tests: &[
        Proof { file: FALLBACKS, test: "delivered_is_worth_a_carriers_word_at_most_in_vietnam_and_china" },
        Proof { file: FALLBACKS, test: "the_most_specific_entry_grades_a_gateways_word" },
        Proof { file: FALLBACKS, test: "a_delivered_that_is_worth_too_little_is_silence" },
    ],
};

pub(crate) const R18: Rule = Rule {
    id: RuleId::R18,
    guide_ko: "게시판: 답변수단 이메일 > 종결",
    guide_en: "The board's consultations are closed by email.",
    reading: "Any kind of consultation may be closed by email; the fallback needs that.",
    keys: &[],
    tests: &[
        Proof { file: EMAILS, test: "any_consultation_may_be_closed_by_email" },
        Proof {
            file: EMAIL_JOURNEYS,
            test: "a_board_reply_goes_out_from_the_fixed_sender_as_an_agents_own_mail",
        },
    ],
};

pub(crate) const R19: Rule = Rule {
    id: RuleId::R19,
    guide_ko: "해외 고객 답변일 경우 제목은 영문으로 수정하여 발송",
    guide_en: "To overseas customers the subject is English.",
    reading: "Overseas a subject is printable ASCII with a letter, on one line. An agent's other subject waits for a person; a fallback takes the configured one. One that reads as another language without its marks goes out and is flagged.",
    keys: &["email.default_subject", "email.default_subject_domestic", "email.subject_chars_max"],
    tests: &[
        Proof { file: EMAILS, test: "a_subject_overseas_that_is_not_english_waits_for_a_person" },
        Proof {
            file: EMAILS,
            test: "a_subject_in_ascii_that_reads_as_another_language_goes_out_and_is_flagged",
        },
        Proof {
            file: SUBJECTS,
            test: "of_subjects_that_no_word_was_mended_by_exactly_these_are_judged_wrongly",
        },
        Proof {
            file: FALLBACKS,
            test: "a_subject_that_is_missing_or_not_english_gives_way_to_the_configured_one_and_that_is_recorded",
        },
    ],
};

pub(crate) const R20: Rule = Rule {
    id: RuleId::R20,
    guide_ko: "발신자명 고객지원 Support (noreply@kakaomobility.com)",
    guide_en: "The sender is 고객지원 Support, noreply@kakaomobility.com.",
    reading: "The sender is fixed; a job cannot choose another.",
    keys: &[
        "email.from_name",
        "email.from_address",
        "email.default_language",
        "email.default_language_domestic",
        "email.frames",
    ],
    tests: &[Proof { file: EMAILS, test: "an_email_goes_out_from_the_fixed_sender_whatever_its_language" }],
};
