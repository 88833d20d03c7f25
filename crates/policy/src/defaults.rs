//! The values of the operating guide, and of its readings where it is silent.

use closure_contract::Evidence;

use crate::{
    caps::CapRules,
    gateway::{circuit::CircuitRules, fallback_hold::FallbackHoldRules},
    quiet::QuietHours,
    rulebook::{
        ChinaRules, ClassRule, CountryEvidence, DialRules, EmailRules, NearLimit, NonChineseSms, NumberRules,
        Rulebook, SmsRules, TemplateUrls,
    },
    sms::invitation::reply_words,
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

impl Default for SmsRules {
    fn default() -> Self {
        Self {
            sender: "+82234518120".to_owned(),
            senders: Vec::new(),
            max_bytes: 1_000,
            routes: Vec::new(),
            circuit: CircuitRules::default(),
            fallback_hold: FallbackHoldRules::default(),
            near_limit_bytes: 950,
            near_limit: NearLimit::Flag,
            split_bytes: 90,
            extra_characters: String::new(),
            reply_phrases: words(reply_words::PHRASES),
            reply_negations: words(reply_words::NEGATIONS),
            reply_elsewhere: words(reply_words::ELSEWHERE),
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
