//! The configuration of a test's fleet: everything by environment, every wait short.

use std::path::Path;

use closure_simulators::{NhnSimulator, PbxSimulator, SmtpSimulator};

use super::options::FleetOptions;

/// Secrets of the stand-ins; they must not be read in a log either.
pub(super) const APP_KEY: &str = "harness-app-key";
pub(super) const SECRET_KEY: &str = "harness-secret-key";
pub(super) const WEBHOOK_SECRET: &str = "harness-webhook-secret";
pub(super) const ARI_USER: &str = "closure";
pub(super) const ARI_PASSWORD: &str = "harness-ari-password";
/// What hashes recipients in every test.
pub(super) const HASH_KEYS: &str = "1:6861726e6573732d6861736865732d6f662d726563697069656e74732d303031";
/// The sender's name that is registered in Vietnam.
pub(super) const VIETNAM_SENDER: &str = "KRIDE";

/// What the fleet talks to.
pub(super) struct Endpoints<'a> {
    pub(super) broker: &'a str,
    pub(super) database: &'a str,
    pub(super) rulebook: &'a Path,
    pub(super) sms: &'a NhnSimulator,
    pub(super) smtp: &'a SmtpSimulator,
    pub(super) pbx: &'a PbxSimulator,
}

/// The environment of every process of a fleet.
pub(super) fn environment(endpoints: &Endpoints<'_>, options: &FleetOptions) -> Vec<(String, String)> {
    let smtp = endpoints.smtp.address();
    let settings = [
        ("BROKER_URI", endpoints.broker.to_owned()),
        ("BROKER_CONFIRM_TIMEOUT_MS", "3000".to_owned()),
        ("DATABASE_URL", endpoints.database.to_owned()),
        ("RECIPIENTS_HASH_KEYS", HASH_KEYS.to_owned()),
        ("RULEBOOK", endpoints.rulebook.display().to_string()),
        ("WORKER_LEASE_MS", "5000".to_owned()),
        ("WORKER_GRACE_MS", "10000".to_owned()),
        ("SMS_LADDER", "1s,1s,1s".to_owned()),
        ("EMAIL_LADDER", "1s,1s,1s".to_owned()),
        ("DIAL_LADDER", "1s,1s,1s".to_owned()),
        // The gateways are simulators on this machine.
        ("NETWORK_GATEWAY_ADDRESSES", "any".to_owned()),
        // No test asks the world's DNS.
        ("NETWORK_DNS_SERVERS", "off".to_owned()),
        ("SMS_NHN_BASE_URL", endpoints.sms.base_url()),
        ("SMS_NHN_APP_KEY", APP_KEY.to_owned()),
        ("SMS_NHN_SECRET_KEY", SECRET_KEY.to_owned()),
        ("SMS_NHN_CONNECT_TIMEOUT_MS", "1000".to_owned()),
        ("SMS_NHN_TOTAL_TIMEOUT_MS", "2500".to_owned()),
        ("EMAIL_HOST", smtp.ip().to_string()),
        ("EMAIL_PORT", smtp.port().to_string()),
        ("EMAIL_SECURITY", "plain".to_owned()),
        ("EMAIL_CONNECT_TIMEOUT_MS", "1000".to_owned()),
        ("EMAIL_COMMAND_TIMEOUT_MS", "2000".to_owned()),
        ("EMAIL_DATA_TIMEOUT_MS", "2000".to_owned()),
        ("DIAL_ARI_BASE_URL", endpoints.pbx.base_url()),
        ("DIAL_ARI_USERNAME", ARI_USER.to_owned()),
        ("DIAL_ARI_PASSWORD", ARI_PASSWORD.to_owned()),
        ("DIAL_ARI_CONNECT_TIMEOUT_MS", "1000".to_owned()),
        ("DIAL_ARI_TOTAL_TIMEOUT_MS", "2500".to_owned()),
        ("DIAL_WATCH_MS", "200".to_owned()),
        ("DIAL_EVIDENCE_WAIT_MS", "3000".to_owned()),
        ("INTAKE_LISTEN", "127.0.0.1:0".to_owned()),
        ("INTAKE_NHN_SECRET", WEBHOOK_SECRET.to_owned()),
        ("ADVISOR_LISTEN", "127.0.0.1:0".to_owned()),
        ("HEALTH_LISTEN", "127.0.0.1:0".to_owned()),
        ("FALLBACK_SWEEP_MS", "300".to_owned()),
        // What a person gives up is told at once, unless a test wants to take it back.
        ("DEAD_UNDO_MS", "0".to_owned()),
        ("SMS_INQUIRE_MS", "300".to_owned()),
        ("LOG_FORMAT", "json".to_owned()),
        ("LOG_FILTER", "info".to_owned()),
    ];
    let settings = settings.into_iter().map(|(name, value)| (format!("FLEET_{name}"), value));
    // What a test sets itself comes last and wins.
    settings.chain(options.variables.iter().cloned()).collect()
}

/// The rules' settings: the shipped ones, a short wait for receipts, and Vietnam's sender.
pub(super) fn rulebook(options: &FleetOptions) -> String {
    format!(
        r#"receipt_due_ms = {due_ms}

[sms.circuit]
probe_after_ms = 300
probe_after_ms_max = 1000

[sms.fallback_hold]
ended_min = {ended_min}
recent_half_life_ms = 3000

[[sms.senders]]
country_code = 84
sender = "{VIETNAM_SENDER}"

{allowed}{caps}{more}"#,
        due_ms = options.receipt_due_ms,
        ended_min = options.hold_ended_min,
        allowed = allowed_countries(&options.rules),
        caps = caps(&options.rules),
        more = options.rules
    )
}

/// Every country, because a test sends where its case lies, unless it says itself which.
fn allowed_countries(rules: &str) -> String {
    if rules.contains("[numbers]") {
        return String::new();
    }
    let mut codes: Vec<u16> =
        COUNTRY_CODES.split_ascii_whitespace().filter_map(|code| code.parse().ok()).collect();
    codes.sort_unstable();
    format!("[numbers]\nallowed_country_codes = {codes:?}\n\n")
}

/// No cap but those that a test sets itself and the shipped hour of one number: the numbers of the tests are
/// neighbours, and many of their mails go to one address.
fn caps(rules: &str) -> String {
    let off = ["number_day", "prefix", "prefix_day", "address", "address_day", "country", "fleet"];
    let off = off.iter().filter(|cap| !rules.contains(&format!("[caps.{cap}]")));
    off.map(|cap| format!("[caps.{cap}]\ncount = 0\nwindow_ms = 3_600_000\n\n")).collect()
}

/// The country calling codes of the world.
const COUNTRY_CODES: &str = "\
1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 \
90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 \
239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 \
269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 \
385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 \
673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850 852 853 855 856 870 878 880 \
881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976 977 979 992 993 994 995 996 998";

/// The templates of every fleet, as a user writes them for `fleet template import`.
pub(super) const TEMPLATES: &str = r#"
[[templates]]
name = "vn-answer-by-email"
version = 1
country_code = 84
text = "[K.ride] Your inquiry {ticket:alnum:12} was answered by email."
approved = true

[[templates]]
name = "vn-not-approved"
version = 1
country_code = 84
text = "[K.ride] Your refund {ticket:alnum:12} is on its way."
approved = false
"#;
