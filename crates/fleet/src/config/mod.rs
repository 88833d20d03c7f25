//! Configuration: by environment and file, read once, all errors at once, before any socket is opened.

mod advisor;
mod bounces;
mod gateways;
pub mod keys;
mod mail_domains;
mod rates;
mod receipt_dues;
mod sections;
mod source;
mod webhooks;

use std::path::PathBuf;

pub use advisor::{AdvisorSettings, advisor, advisor_if_any};
pub use bounces::{BounceSettings, bounce_addresses, bounces, dkim, has_bounces};
pub use gateways::{IntakeSettings, intake, sms};
pub use mail_domains::{MailDomains, NameServerSettings, mail_domains, name_servers};
pub use rates::{InquirySettings, inquiries, quotas, rates};
pub use receipt_dues::receipt_dues;
pub use sections::{
    DialSettings, FallbackSettings, LogFormat, LogSettings, WorkerSettings, broker, database, dial, email,
    fallback, health, log, maybe_database, message_id_domain, patience, rulebook, sending_rulebook,
    templates_refresh, undo_ms, worker,
};
pub use source::{Lookup, Source};
pub use webhooks::{WebhooksSettings, has_webhook, webhooks};

/// Everything that is wrong with the configuration.
#[derive(Debug, thiserror::Error)]
#[error("the configuration has {} error(s):\n  {}", errors.len(), errors.join("\n  "))]
pub struct ConfigError {
    /// One line for each error, with what to do.
    pub errors: Vec<String>,
}

/// Reads the sections that a command needs: `read` asks for values, and every error comes back at once.
pub fn load<T>(file: Option<&PathBuf>, read: impl FnOnce(&mut Source<'_>) -> T) -> Result<T, ConfigError> {
    load_from(&environment, file, read)
}

/// The same with a look-up of the caller's.
pub fn load_from<T>(
    lookup: Lookup<'_>,
    file: Option<&PathBuf>,
    read: impl FnOnce(&mut Source<'_>) -> T,
) -> Result<T, ConfigError> {
    let mut source = Source::new(lookup, file.map(PathBuf::as_path));
    let value = read(&mut source);
    let errors = source.into_errors();
    if errors.is_empty() { Ok(value) } else { Err(ConfigError { errors }) }
}

/// A variable of the process's environment; nothing where it is not set.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process environment")]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use closure_contract::SmsProvider;

    use super::{broker, dial, email, intake, load_from, sms, worker};

    /// A look-up over these pairs alone.
    fn only(pairs: &'static [(&'static str, &'static str)]) -> impl Fn(&str) -> Option<String> {
        move |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    }

    fn file(text: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("closure-fleet-config-{}.toml", uuid::Uuid::new_v4()));
        std::fs::write(&path, text).expect("the folder for temporary files can be written");
        path
    }

    #[test]
    fn every_error_is_reported_at_once_with_the_variable_to_set() {
        let lookup = only(&[
            ("FLEET_EMAIL_PORT", "many"),
            ("FLEET_SMS_LADDER", "5s,7s"),
            ("FLEET_EMAIL_SECURITY", "none"),
        ]);
        let errors = load_from(&lookup, None, |source| {
            broker(source, "test");
            sms(source);
            email(source);
            dial(source);
            intake(source);
            worker(source, None);
        })
        .expect_err("most of it is missing")
        .errors
        .join("\n");
        for named in [
            "FLEET_BROKER_URI",
            "FLEET_SMS_NHN_SECRET_KEY",
            "FLEET_EMAIL_HOST",
            "FLEET_EMAIL_PORT",
            "email.security",
            "FLEET_DIAL_ARI_PASSWORD",
            "FLEET_INTAKE_NHN_SECRET",
            "`7s` is not a delay step",
        ] {
            assert!(errors.contains(named), "{named} is not named in:\n{errors}");
        }
    }

    #[test]
    fn only_the_connected_gateways_keys_are_asked_for_and_an_unknown_gateway_is_named() {
        let errors_of = |names: &'static str| {
            let lookup = move |name: &str| (name == "FLEET_SMS_GATEWAYS").then(|| names.to_owned());
            let read = |source: &mut super::Source<'_>| (sms(source), intake(source));
            load_from(&lookup, None, read).map(|_| ()).expect_err("keys are missing").errors.join("\n")
        };
        let both = errors_of("infobip, nhn");
        for named in ["SMS_NHN_APP_KEY", "SMS_INFOBIP_API_KEY", "INTAKE_NHN_SECRET", "INTAKE_INFOBIP_SECRET"]
        {
            assert!(both.contains(named), "{named} is not named in:\n{both}");
        }
        assert!(!errors_of("infobip").contains("NHN"), "NHN is not connected");
        for (names, problem) in
            [("pigeon", "`pigeon` is no SMS gateway"), ("nhn,nhn", "named twice"), (",", "names no gateway")]
        {
            let errors = errors_of(names);
            assert!(errors.contains(problem), "{errors}");
        }
    }

    #[test]
    fn a_connected_gateway_asks_for_its_own_keys_and_for_those_of_no_other() {
        for gateway in SmsProvider::ALL {
            let name = gateway.as_str();
            let lookup = |variable: &str| match variable {
                "FLEET_SMS_GATEWAYS" => Some(name.to_owned()),
                "FLEET_INTAKE_POLL_MS" => Some("1000".to_owned()),
                _ => None,
            };
            let read = |source: &mut super::Source<'_>| {
                drop((sms(source), intake(source), super::rates(source), super::quotas(source)));
            };
            let errors = load_from(&lookup, None, read).expect_err("keys are missing").errors.join("\n");
            let upper = name.to_uppercase();
            for own in [format!("FLEET_SMS_{upper}_"), format!("FLEET_INTAKE_{upper}_SECRET")] {
                assert!(errors.contains(&own), "{own} is not named in:\n{errors}");
            }
            for other in SmsProvider::ALL.iter().filter(|other| *other != gateway) {
                assert!(!errors.contains(&format!("_{}_", other.as_str().to_uppercase())), "{errors}");
            }
        }
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
        let path = file("[broker]\nuri = \"amqps://file/\"\nheartbeat_s = 7\n");
        let settings = load_from(&only(&[("FLEET_BROKER_HEARTBEAT_S", "9")]), Some(&path), |source| {
            broker(source, "test")
        })
        .expect("the configuration is whole");
        assert_eq!(settings.uri, "amqps://file/");
        assert_eq!(settings.heartbeat_s, 9);
        assert_eq!(settings.confirm_timeout_ms, 8_000);
    }

    #[test]
    fn a_secret_comes_from_the_file_that_its_twin_names_without_its_last_line_break() {
        let secret = file("amqps://from-a-file/\n");
        let path = secret.display().to_string();
        let lookup = move |name: &str| (name == "FLEET_BROKER_URI_FILE").then(|| path.clone());
        let settings = load_from(&lookup, None, |source| broker(source, "test")).expect("the secret is read");
        assert_eq!(settings.uri, "amqps://from-a-file/");
    }

    #[test]
    fn an_unknown_key_of_the_file_is_an_error_and_a_secret_is_never_repeated() {
        let path = file("[broker]\nuri = \"hunter2\"\nhartbeat_s = 7\n");
        let error = load_from(&only(&[]), Some(&path), |source| broker(source, "test"))
            .expect_err("the key is misspelt and the address is none");
        let text = error.to_string();
        assert!(text.contains("unknown key `broker.hartbeat_s`"), "{text}");
        assert!(text.contains("broker.uri") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn a_text_that_is_no_toml_is_refused_by_its_place_and_no_part_of_the_line_is_shown() {
        for (text, place) in [
            ("[broker]\nuri = \"amqp://u:hunter2@h\n", "line 2"),
            ("[broker]\nuri = amqp://u:hunter2@h\n", "line 2"),
            ("[broker]\nuri = \"amqp://u:hunter2@h\" hunter2\n", "line 2"),
            ("[broker]\nuri = \"hunter2\"\nuri = \"hunter2\"\n", "line 3"),
            ("[broker]\nhunter2 = 1\nhunter2 = 2\n", "line 3"),
            ("[broker]\nuri = \"\\hunter2\"\n", "line 2"),
            ("[broker]\nuri = hunter2\n", "line 2"),
        ] {
            let path = file(text);
            let shown = load_from(&only(&[]), Some(&path), |source| broker(source, "test"))
                .expect_err("it is no TOML")
                .to_string();
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains(place), "{shown}");
        }
    }

    #[test]
    fn a_broker_on_another_machine_is_spoken_to_over_tls_unless_the_network_is_trusted() {
        let answer = |uri: &'static str, network: &'static str| {
            let lookup = move |name: &str| match name {
                "FLEET_BROKER_URI" => Some(uri.to_owned()),
                "FLEET_NETWORK_PLAIN_TEXT" => Some(network.to_owned()),
                _ => None,
            };
            load_from(&lookup, None, |source| broker(source, "test")).map(drop).map_err(|all| all.to_string())
        };
        for uri in ["amqp://u:hunter2@broker.internal/", "amqp://u:hunter2@127.0.0.1,broker.internal/v"] {
            let shown = answer(uri, "loopback").expect_err("the password would pass in the clear");
            assert!(shown.contains("amqps://") && !shown.contains("hunter2"), "{shown}");
            assert_eq!(answer(uri, "trusted"), Ok(()));
        }
        for uri in ["amqp://u:hunter2@127.0.0.1/", "amqps://u:hunter2@broker.internal/", "amqp://localhost/"]
        {
            assert_eq!(answer(uri, "loopback"), Ok(()), "{uri}");
        }
    }
}
