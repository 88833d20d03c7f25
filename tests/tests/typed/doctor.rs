//! Whose configuration a doctor has looked at, and what a role that restarts again and again would say.

use closure_tests::harness::{Fleet, FleetOptions, cli, run};
use serde_json::Value;

/// The findings about configurations: what, verdict and detail.
fn configurations(findings: &Value) -> Vec<(String, String, String)> {
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let all = findings.as_array().expect("a list of findings").iter();
    all.map(|finding| (text(finding, "what"), text(finding, "verdict"), text(finding, "detail")))
        .filter(|(what, _, _)| what.starts_with("configuration of"))
        .collect()
}

#[test]
fn doctor_says_what_is_wrong_with_the_keys_of_each_process_that_it_is_asked_about() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("doctor-members")).await;
        let missing = ["FLEET_SMS_NHN_SECRET_KEY", "FLEET_EMAIL_HOST", "FLEET_DIAL_ARI_PASSWORD"];
        let mut environment = fleet.environment.clone();
        environment.retain(|(name, _)| !missing.contains(&name.as_str()));
        let asked = ["--json", "doctor", "sms", "email", "dial", "fallback", "dead", "cancel"];
        let answer = cli(&environment, &asked).await.with_code(1);
        let found = configurations(&answer.json());
        for (role, key) in
            [("sms", "sms.nhn.secret_key"), ("email", "email.host"), ("dial", "dial.ari.password")]
        {
            let (_, verdict, detail) =
                found.iter().find(|(what, ..)| what.ends_with(role)).expect("the role was looked at");
            assert_eq!(verdict, "ill", "{role}: {detail}");
            assert!(detail.contains(key), "{role}: {detail}");
            let told = cli(&environment, &["work", role]).await.with_code(64);
            assert!(told.errors.contains(key), "the role itself says the same: {}", told.errors);
        }
        let well: Vec<&str> = found
            .iter()
            .filter(|(_, verdict, _)| verdict == "well")
            .map(|(what, ..)| what.as_str())
            .collect();
        let expected = ["fallback", "dead", "cancel"].map(|role| format!("configuration of {role}"));
        assert_eq!(well, expected);
        fleet.finish().await;
    });
}

/// What is said of the countries' texts: what, and the verdict.
fn countries(findings: &Value) -> Vec<(String, String)> {
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let all = findings.as_array().expect("a list of findings").iter();
    all.map(|finding| (text(finding, "what"), text(finding, "verdict")))
        .filter(|(what, _)| what.starts_with("texts to"))
        .collect()
}

#[test]
fn doctor_says_where_a_gateway_carries_one_time_codes_alone_until_a_route_steers_texts_away() {
    run(async {
        let options =
            FleetOptions::without_processes("doctor-routes").variable("FLEET_SMS_GATEWAYS", "nhn,infobip");
        let fleet = Fleet::start(options).await;
        let answer = fleet.cli(&["--json", "doctor"]).await.with_code(0);
        let watched = ["84", "86"].map(|code| (format!("texts to +{code}"), "watch".to_owned()));
        assert_eq!(countries(&answer.json()), watched, "and all is well otherwise");
        let shown = fleet.cli(&["doctor"]).await.with_code(0).output;
        assert!(shown.contains("see  texts to +84"), "{shown}");
        let rulebook = tempfile::NamedTempFile::new().expect("a file can be made");
        let steered = "[[sms.routes]]\ncountry_codes = [84, 86]\n\
                       gateways = [{ gateway = \"infobip\", weight = 1 }, { gateway = \"nhn\", weight = 0 }]\n";
        std::fs::write(rulebook.path(), steered).expect("the file can be written");
        let mut environment = fleet.environment.clone();
        environment.retain(|(name, _)| name != "FLEET_RULEBOOK");
        environment.push(("FLEET_RULEBOOK".to_owned(), rulebook.path().display().to_string()));
        let answer = cli(&environment, &["--json", "doctor"]).await.with_code(0);
        assert_eq!(countries(&answer.json()), []);
        fleet.finish().await;
    });
}

#[test]
fn doctor_that_is_asked_about_no_process_says_that_it_looked_at_none() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("doctor-alone")).await;
        let answer = fleet.cli(&["--json", "doctor"]).await.with_code(0);
        let found = configurations(&answer.json());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].2.contains("no role's own keys were looked at"), "{found:?}");
        fleet.finish().await;
    });
}

/// The processes that stay up, by the name that doctor has for each, and how each is started.
const MEMBERS: [(&str, &[&str]); 10] = [
    ("sms", &["work", "sms"]),
    ("email", &["work", "email"]),
    ("dial", &["work", "dial"]),
    ("fallback", &["work", "fallback"]),
    ("dead", &["work", "dead"]),
    ("cancel", &["work", "cancel"]),
    ("bounces", &["work", "bounces"]),
    ("webhooks", &["work", "webhooks"]),
    ("intake", &["intake"]),
    ("advisor", &["advisor"]),
];

/// The environment with this in place of what it has.
fn with(environment: &[(String, String)], name: &str, value: &str) -> Vec<(String, String)> {
    let mut environment = environment.to_vec();
    environment.retain(|(known, _)| known != name);
    environment.push((name.to_owned(), value.to_owned()));
    environment
}

/// What is wrong with a configuration, one line each.
fn told(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| line.starts_with('`')).collect()
}

#[test]
fn doctor_tells_of_every_value_that_a_process_refuses() {
    run(async {
        let keys = cli(&[], &["--json", "keys"]).await.with_code(0).json();
        let variables = keys.as_array().expect("a list of keys").iter().map(|key| key["variable"].as_str());
        let variables: Vec<&str> = variables.map(|name| name.expect("a key has a variable")).collect();
        for value in ["?", "0"] {
            let all = variables.iter().filter(|name| **name != "FLEET_SMS_GATEWAYS");
            let mut environment: Vec<(String, String)> =
                all.map(|name| ((*name).to_owned(), value.to_owned())).collect();
            environment.push(("FLEET_SMS_GATEWAYS".to_owned(), "nhn,infobip,twilio".to_owned()));
            // A process whose log is not sound says nothing else.
            for (name, sound) in [("FLEET_LOG_FORMAT", "json"), ("FLEET_LOG_FILTER", "info")] {
                environment = with(&environment, name, sound);
            }
            for (member, command) in MEMBERS {
                let refused = cli(&environment, command).await.with_code(64).errors;
                let doctor = cli(&environment, &["doctor", member]).await.with_code(64).errors;
                let (refused, doctor) = (told(&refused), told(&doctor));
                assert!(refused.len() > 3, "{member} says little of {value}: {refused:?}");
                let missing: Vec<&&str> = refused.iter().filter(|line| !doctor.contains(line)).collect();
                assert!(missing.is_empty(), "doctor does not tell what {member} refuses: {missing:#?}");
            }
        }
    });
}

#[test]
fn doctor_finds_one_wrong_value_in_each_process_that_refuses_it() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("doctor-refuses")).await;
        let mut sound = fleet.environment.clone();
        for (name, value) in [
            ("FLEET_BOUNCES_DOMAIN", "bounce.example.com"),
            ("FLEET_BOUNCES_SECRET", "a-secret-of-the-tests-0123456789-0123456789"),
            ("FLEET_BOUNCES_MAILDIR", "/nowhere"),
            ("FLEET_WEBHOOKS_URL", "http://127.0.0.1:9/outcomes"),
            ("FLEET_WEBHOOKS_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            ("FLEET_ADVISOR_TOKEN", "a-token-of-the-tests-0123456789-0123456789"),
        ] {
            sound = with(&sound, name, value);
        }
        for (name, value, members) in [
            ("FLEET_WORKER_CONCURRENCY", "0", &["sms", "email", "dial", "fallback", "webhooks"][..]),
            ("FLEET_WORKER_LEASE_MS", "1", &["sms", "dead", "cancel", "bounces", "intake", "advisor"][..]),
            ("FLEET_SMS_LADDER", "7s", &["sms", "intake"][..]),
            ("FLEET_HEALTH_LISTEN", "here", &["sms", "bounces", "webhooks"][..]),
            ("FLEET_WORKER_GRACE_MS", "soon", &["intake", "advisor", "bounces"][..]),
            ("FLEET_SMS_NHN_RECEIPT_DUE_MS", "lms=0", &["sms"][..]),
            ("FLEET_TEMPLATES_REFRESH_MS", "often", &["email", "advisor"][..]),
        ] {
            let environment = with(&sound, name, value);
            for member in members {
                let (_, command) = MEMBERS.iter().find(|(known, _)| known == member).expect("a process");
                let refused = cli(&environment, command).await.with_code(64).errors;
                let answer = cli(&environment, &["--json", "doctor", member]).await.with_code(1);
                let found = configurations(&answer.json());
                let (_, verdict, detail) = &found[0];
                assert_eq!(verdict, "ill", "{member} refuses {name}: {found:?}");
                for line in told(&refused) {
                    assert!(detail.contains(line), "{member}: {line} is not in {detail}");
                }
            }
        }
        fleet.finish().await;
    });
}
