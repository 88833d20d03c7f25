//! What doctor finds in the DNS about our mail, and whether the records that it names are the right ones.

use closure_tests::harness::{DnsServer, Fleet, FleetOptions, cli, run};
use serde_json::Value;

const RSA: &str = include_str!("../../../crates/providers/tests/adapters/keys/dkim_rsa.pem");
const ED25519: &str = include_str!("../../../crates/providers/tests/adapters/keys/dkim_ed25519.pem");

/// The findings about records: what, verdict and detail.
fn records(findings: &Value) -> Vec<(String, String, String)> {
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or_default().to_owned();
    let all = findings.as_array().expect("a list of findings").iter();
    let is_record = |what: &str| ["SPF", "DKIM", "DMARC", "MX"].iter().any(|kind| what.starts_with(kind));
    all.map(|finding| (text(finding, "what"), text(finding, "verdict"), text(finding, "detail")))
        .filter(|(what, ..)| is_record(what))
        .collect()
}

/// A fleet whose mail is signed with two keys and comes back, and whose DNS is this one.
async fn fleet_over(name: &'static str, servers: &str) -> (Fleet, Vec<(String, String)>) {
    let fleet = Fleet::start(FleetOptions::without_processes(name)).await;
    let mut environment = fleet.environment.clone();
    environment
        .retain(|(name, _)| !["FLEET_NETWORK_DNS_SERVERS", "FLEET_EMAIL_HOST"].contains(&name.as_str()));
    for (name, value) in [
        ("FLEET_NETWORK_DNS_SERVERS", servers),
        ("FLEET_EMAIL_HOST", "localhost"),
        ("FLEET_EMAIL_DKIM_DOMAIN", "kakaomobility.com"),
        ("FLEET_EMAIL_DKIM_SELECTOR", "fleet1"),
        ("FLEET_EMAIL_DKIM_KEY", RSA),
        ("FLEET_EMAIL_DKIM_SECOND_SELECTOR", "fleet2"),
        ("FLEET_EMAIL_DKIM_SECOND_KEY", ED25519),
        ("FLEET_BOUNCES_DOMAIN", "bounce.kakaomobility.com"),
        ("FLEET_BOUNCES_SECRET", "a-secret-of-the-tests-0123456789-0123456789"),
        ("FLEET_BOUNCES_MAILDIR", "/var/mail/bounces"),
    ] {
        environment.push((name.to_owned(), value.to_owned()));
    }
    (fleet, environment)
}

#[test]
fn doctor_names_each_missing_record_exactly_and_finds_it_once_it_is_published_as_it_stands() {
    run(async {
        let dns = DnsServer::start().await;
        let (fleet, environment) = fleet_over("doctor-dns", &dns.address().to_string()).await;
        let asked = ["--json", "doctor", "email", "bounces"];
        let missing = records(&cli(&environment, &asked).await.with_code(1).json());
        let verdicts: Vec<(&str, &str)> =
            missing.iter().map(|(what, verdict, _)| (what.as_str(), verdict.as_str())).collect();
        assert_eq!(
            verdicts,
            [
                ("SPF of bounce.kakaomobility.com", "ill"),
                ("DKIM fleet1._domainkey.kakaomobility.com", "ill"),
                ("DKIM fleet2._domainkey.kakaomobility.com", "ill"),
                ("DMARC of kakaomobility.com", "watch"),
                ("MX of bounce.kakaomobility.com", "ill"),
            ]
        );
        for (what, _, detail) in &missing {
            let (_, line) = detail.split_once("publish: ").unwrap_or_else(|| panic!("{what}: {detail}"));
            dns.publish(line.split(" (or ").next().expect("a record comes first"));
        }
        dns.publish("localhost. A 127.0.0.1");
        let found = records(&cli(&environment, &asked).await.with_code(0).json());
        assert!(found.iter().all(|(_, verdict, _)| verdict == "well"), "{found:#?}");
        assert!(found[3].2.contains("by DKIM and by SPF"), "{found:#?}");
        dns.publish("bounce.kakaomobility.com. TXT \"v=spf1 -all\"");
        let twice = records(&cli(&environment, &asked).await.with_code(1).json());
        assert!(twice[0].2.contains("there are 2 SPF records"), "{twice:#?}");
        let others = cli(&environment, &["--json", "doctor", "sms", "dial"]).await.with_code(0).json();
        assert_eq!(records(&others), [], "a process that sends no mail asks for no record");
        fleet.finish().await;
    });
}

#[test]
fn a_dns_that_does_not_answer_makes_nothing_ill() {
    run(async {
        let (fleet, environment) = fleet_over("doctor-no-dns", "127.0.0.1:9").await;
        let found = records(&cli(&environment, &["--json", "doctor", "email"]).await.with_code(0).json());
        assert_eq!(found.len(), 5, "{found:#?}");
        for (what, verdict, detail) in found {
            assert_eq!(verdict, "watch", "{what}: {detail}");
            assert!(
                detail.contains("could not be asked") && detail.contains("network.dns_servers"),
                "{detail}"
            );
        }
        fleet.finish().await;
    });
}
