//! The rulebook as configuration.

use closure_policy::rulebook::{Rulebook, RulebookError};

use crate::support::rulebook_of;

fn keys(toml: &str) -> Vec<&'static str> {
    let rulebook: Rulebook = toml::from_str(toml).expect("the shape is right");
    rulebook
        .validate()
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|error| match error {
            RulebookError::Setting { key, .. } => key,
            RulebookError::Template { .. } => "templates",
            RulebookError::Frame { .. } => "email.frames",
        })
        .collect()
}

#[test]
fn the_defaults_are_the_operating_guides() {
    let rulebook: Rulebook = toml::from_str("").expect("nothing need be configured");
    assert_eq!(rulebook, Rulebook::default());
    assert_eq!(rulebook.validate(), Ok(()));
    assert_eq!(rulebook.dial.overseas_prefix, "9001");
    assert_eq!((rulebook.sms.max_bytes, rulebook.sms.near_limit_bytes), (1000, 950));
    assert_eq!(rulebook.sms.sender, "+82234518120");
    assert_eq!(rulebook.email.from_name, "고객지원 Support");
    assert_eq!(rulebook.receipt_due_ms, 93_600_000);
}

#[test]
fn a_key_that_does_not_exist_is_an_error() {
    assert!(toml::from_str::<Rulebook>("sms.max_byte = 1").is_err());
    assert!(toml::from_str::<Rulebook>("senders = []").is_err());
}

#[test]
fn every_error_is_found_at_once() {
    let found = keys(
        r#"
        receipt_due_ms = 0
        [numbers]
        allowed_country_codes = [999, 7777]
        access_codes = ["1"]
        short_numbers = ["119"]
        [dial]
        overseas_prefix = "9-001"
        pause = "comma"
        [sms]
        sender = "0234518120"
        max_bytes = 0
        [email]
        from_address = "nobody"
        default_subject = "답변"
        [china]
        han_percent_min = 0
        [[templates]]
        name = "t"
        country_code = 84
        text = "no brand"
        "#,
    );
    assert_eq!(
        found,
        [
            "numbers.allowed_country_codes",
            "numbers.access_codes",
            "numbers.short_numbers",
            "dial.overseas_prefix",
            "sms.sender",
            "sms.max_bytes",
            "sms.near_limit_bytes",
            "email.from_address",
            "email.default_subject",
            "china",
            "receipt_due_ms",
            "templates",
            "templates",
        ]
    );
}

#[test]
fn a_hold_that_could_never_let_go_or_never_hold_is_an_error() {
    for (setting, key) in [
        ("margin_percent = 0", "sms.fallback_hold.margin_percent"),
        ("margin_percent = 101", "sms.fallback_hold.margin_percent"),
        ("usual_percent = 101", "sms.fallback_hold.usual_percent"),
        ("recovered_min = 0", "sms.fallback_hold.recovered_min"),
        ("recent_half_life_ms = 0", "sms.fallback_hold.usual_half_life_ms"),
        ("usual_half_life_ms = 1", "sms.fallback_hold.usual_half_life_ms"),
    ] {
        assert_eq!(keys(&format!("[sms.fallback_hold]\n{setting}")), [key], "{setting}");
    }
    assert_eq!(keys("[sms.fallback_hold]\nended_min = 0"), Vec::<&str>::new(), "turned off");
}

#[test]
fn a_rulebook_that_calls_the_hold_a_brake_is_read_as_ever() {
    let rules = |table: &str| rulebook_of(&format!("[sms.{table}]\nended_min = 7")).rules().sms.fallback_hold;
    assert_eq!(rules("brake"), rules("fallback_hold"));
    assert_eq!(rules("brake").ended_min, 7);
    assert_eq!(keys("[sms.brake]\nmargin_percent = 0"), ["sms.fallback_hold.margin_percent"]);
}

#[test]
fn the_grade_of_a_gateways_word_needs_a_country_a_gateway_of_text_messages_and_one_entry() {
    let entry = |country_code: u16, rest: &str| {
        format!("[[receipt_evidence]]\ncountry_code = {country_code}\nevidence = \"carrier\"\n{rest}\n")
    };
    let (all, twilio, smtp) =
        (entry(84, ""), entry(84, "provider = \"twilio\""), entry(84, "provider = \"smtp\""));
    assert_eq!(keys(&format!("{all}{twilio}")), Vec::<&str>::new());
    for wrong in [format!("{twilio}{twilio}"), format!("{all}{all}"), smtp, entry(999, "")] {
        assert_eq!(keys(&wrong), ["receipt_evidence"], "{wrong}");
    }
}

#[test]
fn an_error_says_what_to_do() {
    let rulebook: Rulebook = toml::from_str(r#"sms.sender = "1588""#).expect("the shape is right");
    let errors = rulebook.compile().err().unwrap_or_default();
    let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["`sms.sender`: must be a number with plus and country code, such as +82234518120"]);
}

#[test]
fn every_cap_is_on_by_default_and_no_day_allows_less_than_its_hour() {
    let caps = closure_policy::caps::CapRules::default();
    for (hour, day) in
        [(caps.number, caps.number_day), (caps.prefix, caps.prefix_day), (caps.address, caps.address_day)]
    {
        assert!(
            hour.count > 0 && day.count >= hour.count && day.window_ms > hour.window_ms,
            "{hour:?} {day:?}"
        );
    }
    assert!(caps.country.count > 0 && caps.fleet.count >= caps.country.count);
}
