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
