//! What every role is told; all but the caps and the guards against many failures is as it is shipped.

use std::path::Path;

use crate::bench::stage::outside::{APP_KEY, ARI_USER};
use crate::bench::stage::{Ports, at, local};
use crate::deployment::Deployment;

/// Settings of the rules by section and key, each written where the revision's own shipped file has the key.
///
/// Many texts go to few numbers here and some paths fail all of them, which caps and holds exist to stop: an operator
/// who measures turns them off too.
const RULES: &[(&str, &str, &str)] = &[
    ("numbers", "allowed_country_codes", "[81]"),
    ("sms", "fallback_hold", HELD_NEVER),
    // The same under its name of older revisions.
    ("sms", "brake", HELD_NEVER),
    ("caps", "number", "{ count = 0, window_ms = 3600000 }"),
    ("caps", "number_day", "{ count = 0, window_ms = 86400000 }"),
    ("caps", "prefix", "{ count = 0, window_ms = 3600000 }"),
    ("caps", "prefix_day", "{ count = 0, window_ms = 86400000 }"),
    ("caps", "address", "{ count = 0, window_ms = 3600000 }"),
    ("caps", "address_day", "{ count = 0, window_ms = 86400000 }"),
    ("caps", "country", "{ count = 0, window_ms = 3600000 }"),
    ("caps", "fleet", "{ count = 0, window_ms = 3600000 }"),
];
const HELD_NEVER: &str = "{ ended_min = 0, recovered_min = 10, margin_percent = 30, usual_percent = 10, \
    recent_half_life_ms = 300000, usual_half_life_ms = 172800000 }";

/// The rules' settings for a revision that ships this file.
pub fn rulebook(shipped: &str) -> String {
    let mut text = String::new();
    let mut section = "";
    for (name, key, value) in RULES.iter().filter(|(name, key, _)| has(shipped, name, key)) {
        if *name != section {
            text.push_str(&format!("[{name}]\n"));
            section = name;
        }
        text.push_str(&format!("{key} = {value}\n"));
    }
    text
}

/// Whether a file of settings has this key in this section.
fn has(shipped: &str, section: &str, key: &str) -> bool {
    let mut within = "";
    shipped.lines().any(|line| {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            within = name;
        }
        within == section && line.split_once(" = ").is_some_and(|(name, _)| name == key)
    })
}

/// The variables of every role.
pub fn environment(deployment: &Deployment, rulebook: &Path, ports: &Ports) -> Vec<(String, String)> {
    let file = |name: &str| deployment.file(name).display().to_string();
    let settings = [
        ("RULEBOOK", rulebook.display().to_string()),
        ("NETWORK_GATEWAY_ADDRESSES", "any".to_owned()),
        ("SMS_NHN_BASE_URL", at(ports.gateway)),
        ("SMS_NHN_APP_KEY", APP_KEY.to_owned()),
        ("SMS_NHN_SECRET_KEY_FILE", file("nhn_secret_key")),
        ("EMAIL_HOST", "127.0.0.1".to_owned()),
        ("EMAIL_PORT", ports.smtp.to_string()),
        ("EMAIL_SECURITY", "plain".to_owned()),
        ("DIAL_ARI_BASE_URL", at(ports.pbx)),
        ("DIAL_ARI_USERNAME", ARI_USER.to_owned()),
        ("DIAL_ARI_PASSWORD_FILE", file("ari_password")),
        ("INTAKE_LISTEN", local(ports.intake)),
        ("INTAKE_NHN_SECRET_FILE", file("nhn_webhook_secret")),
        ("ADVISOR_LISTEN", local(ports.advisor)),
        ("ADVISOR_TOKEN_FILE", file("advisor_token")),
        ("ADVISOR_REQUESTS_PER_S", "1000000".to_owned()),
        ("ADVISOR_REQUESTS_PER_S_PER_TOKEN", "1000000".to_owned()),
        // A machine that builds at the same time is slow, and an answer that was late is measured as late.
        ("ADVISOR_TIMEOUT_MS", "30000".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
    ];
    settings.into_iter().map(|(name, value)| (format!("FLEET_{name}"), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::rulebook;

    #[test]
    fn a_revision_is_told_only_what_its_own_file_knows() {
        let old = "[numbers]\nallowed_country_codes = []\n[sms]\nbrake = { ended_min = 30 }\n[caps]\n# number = 1\n";
        let told = rulebook(old);
        assert!(told.starts_with("[numbers]\nallowed_country_codes = [81]\n[sms]\nbrake = { ended_min = 0"));
        assert!(!told.contains("caps") && !told.contains("fallback_hold"), "{told}");
    }
}
