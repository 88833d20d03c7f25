//! The values of the operating guide, and of its readings where it is silent.

use closure_contract::Evidence;

use crate::{
    brake::BrakeRules,
    caps::CapRules,
    circuit::CircuitRules,
    quiet::QuietHours,
    rulebook::{
        ChinaRules, ClassRule, CountryEvidence, DialRules, EmailRules, NearLimit, NonChineseSms, NumberRules,
        Rulebook, SmsRules, TemplateUrls,
    },
};

impl Default for Rulebook {
    fn default() -> Self {
        Self {
            numbers: NumberRules::default(),
            dial: DialRules::default(),
            sms: SmsRules::default(),
            china: ChinaRules::default(),
            email: EmailRules::default(),
            caps: CapRules::default(),
            quiet_hours: QuietHours::default(),
            brand_words: words(&[
                "K.ride",
                "K-ride",
                "Kakao T",
                "KakaoT",
                "Kakao Mobility",
                "KakaoMobility",
                "Kakao",
                "카카오모빌리티",
                "카카오 T",
                "카카오T",
                "카카오",
            ]),
            receipt_due_ms: 26 * 60 * 60 * 1_000,
            receipt_evidence: vec![
                CountryEvidence { country_code: 84, provider: None, evidence: Evidence::Carrier },
                CountryEvidence { country_code: 86, provider: None, evidence: Evidence::Carrier },
            ],
            receipt_evidence_min: Evidence::Gateway,
            templates: Vec::new(),
        }
    }
}

impl Default for NumberRules {
    fn default() -> Self {
        Self {
            allowed_country_codes: Vec::new(),
            denied_country_codes: vec![870, 878, 881, 882, 883, 888, 979],
            plausible_country_codes: Vec::new(),
            with_country_code: Vec::new(),
            access_codes: words(&["001", "002", "005", "00700"]),
            short_numbers: Vec::new(),
            korean_safety_numbers: ClassRule::Allow,
            korean_toll_free_numbers: ClassRule::Allow,
            korean_representative_numbers: ClassRule::Allow,
            korean_premium_numbers: ClassRule::Refuse,
        }
    }
}

impl Default for DialRules {
    fn default() -> Self {
        Self {
            overseas_prefix: "9001".to_owned(),
            domestic_prefix: "9".to_owned(),
            pause: None,
            click_fresh_s: 30,
        }
    }
}

/// Wording that invites a reply or a call; `docs/rulebook.md` says how often it is right (R13).
const REPLY_PHRASES: &[&str] = &[
    "reply to this",
    "replying to this",
    "respond to this",
    "responding to this",
    "answer this text",
    "answer this message",
    "reply by text",
    "text us back",
    "text back",
    "call this number",
    "call us back",
    "call back",
    "give us a call",
    "ring us",
    "reply yes",
    "reply stop",
    "reply with",
    "reply to us",
    "reply if",
    "返信",
    "ご返答",
    "この番号に",
    "この番号へ",
    "この番号まで",
    "こちらの番号",
    "折り返し",
    "회신",
    "답장",
    "이 번호로",
    "받으신 번호",
    "请回复",
    "请直接回复",
    "回复本",
    "回复此",
    "回复短信",
    "请回覆",
    "回覆此",
    "拨打此",
    "回拨",
    "给我们回",
    "trả lời tin nhắn",
    "gọi lại số này",
];

/// Wording after which a sentence invites nobody: a denial, our own answer, or an answer by email (R13).
const REPLY_NEGATIONS: &[&str] = &[
    "do not",
    "don't",
    "cannot",
    "can't",
    "could not",
    "not able",
    "unable",
    "no need",
    "not monitored",
    "by email",
    "our email",
    "불가",
    "마세요",
    "마십시오",
    "말아",
    "없습니다",
    "않",
    "되지 ",
    "전용",
    "이메일로",
    "이메일에",
    "회신드리",
    "회신하였",
    "请勿",
    "勿",
    "不要",
    "无法",
    "不能",
    "不可",
    "无需",
    "邮件",
    "không",
    "しないで",
    "できません",
    "いただけません",
    "ご遠慮",
    "不可能",
    "専用",
    "メールにて",
    "ありがとう",
    "いたします",
    "差し上げます",
];

impl Default for SmsRules {
    fn default() -> Self {
        Self {
            sender: "+82234518120".to_owned(),
            senders: Vec::new(),
            max_bytes: 1_000,
            routes: Vec::new(),
            circuit: CircuitRules::default(),
            brake: BrakeRules::default(),
            near_limit_bytes: 950,
            near_limit: NearLimit::Flag,
            split_bytes: 90,
            extra_characters: String::new(),
            reply_phrases: words(REPLY_PHRASES),
            reply_negations: words(REPLY_NEGATIONS),
            template_urls: TemplateUrls::Off,
            template_variables_max: 3,
            template_letters_min: 10,
            domestic_sms_bytes: 90,
            domestic_max_bytes: 2_000,
            domestic_subject: "K.ride 고객센터 안내".to_owned(),
            domestic_subject_bytes_max: 40,
        }
    }
}

impl Default for ChinaRules {
    fn default() -> Self {
        Self {
            non_chinese_sms: NonChineseSms::Attempt,
            traditional_is_trigger: true,
            han_min: 2,
            han_percent_min: 60,
        }
    }
}

impl Default for EmailRules {
    fn default() -> Self {
        Self {
            from_name: "고객지원 Support".to_owned(),
            from_address: "noreply@kakaomobility.com".to_owned(),
            circuit: CircuitRules::default(),
            default_subject: "Reply to your K.ride inquiry".to_owned(),
            default_subject_domestic: "K.ride 문의에 대한 답변입니다".to_owned(),
            subject_chars_max: 150,
            default_language: "en".to_owned(),
            default_language_domestic: "ko".to_owned(),
            frames: Vec::new(),
        }
    }
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}
