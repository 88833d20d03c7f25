//! What a connection for many mails saves: mails over fresh connections against mails over one, with TLS and a login.
//!
//! Client and server share this machine and nothing lies between them, so that a round trip costs next to nothing and
//! only the ratio says something; over a network each of them costs its distance as well.

#![expect(clippy::print_stdout, reason = "a person reads the numbers")]

#[expect(dead_code, reason = "the tests use more of the server")]
#[path = "../tests/adapters/support/smtp.rs"]
mod server;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use closure_providers::{Envelope, Handover, Security, Sender, Smtp, SmtpCredentials, SmtpSettings};
use server::{Script, SmtpServer, TlsMode, authority_pem};

/// Mails of one measurement: more than one connection carries.
const MAILS: u32 = 300;
/// Both kinds are measured so often, in turn.
const ROUNDS: usize = 7;
/// Mails over one connection, as the fleet's configuration has it.
const MAILS_PER_CONNECTION: u32 = 100;
/// Longer than any measurement.
const RIGHT: Duration = Duration::from_secs(3_600);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // As a test it only shows that it runs.
    let (mails, rounds) =
        if std::env::args().any(|argument| argument == "--bench") { (MAILS, ROUNDS) } else { (3, 1) };
    println!("{mails} mails one after the other, {rounds} rounds, median (min to max)");
    for (name, tls, security) in [
        ("STARTTLS", TlsMode::AfterStartTls, Security::StartTls),
        ("TLS from the first byte", TlsMode::FromTheFirstByte, Security::ImplicitTls),
    ] {
        let (mut fresh, mut reused, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let once = us_a_mail(tls, security, mails, 1).await;
            let many = us_a_mail(tls, security, mails, MAILS_PER_CONNECTION).await;
            fresh.push(once);
            reused.push(many);
            ratios.push(once / many);
        }
        println!(
            "{name}: fresh {} us a mail, reused {} us a mail, ratio {}",
            spread(fresh),
            spread(reused),
            spread(ratios)
        );
    }
}

async fn us_a_mail(tls: TlsMode, security: Security, mails: u32, mails_per_connection_max: u32) -> f64 {
    let server = SmtpServer::start(vec![Script { tls, ..Script::default() }]).await;
    let smtp = Smtp::new(&settings(server.port, security, mails_per_connection_max)).expect("good settings");
    let mail = Envelope {
        from: "bounce@kakaomobility.com".to_owned(),
        to: "kim@example.com".to_owned(),
        bytes: format!("Subject: Answer\r\n\r\n{}", "A line of an answer.\r\n".repeat(100)).into_bytes(),
        handover: Arc::new(Handover::by(Instant::now() + RIGHT)),
    };
    let begin = Instant::now();
    for _ in 0..mails {
        smtp.send(&mail).await.expect("accepted");
    }
    let took = begin.elapsed();
    let connections = u32::try_from(server.heard().len()).expect("few connections");
    assert_eq!(connections, mails.div_ceil(mails_per_connection_max), "what is measured is what was meant");
    took.as_secs_f64() * 1e6 / f64::from(mails)
}

fn settings(port: u16, security: Security, mails_per_connection_max: u32) -> SmtpSettings {
    SmtpSettings {
        host: "localhost".to_owned(),
        port,
        security,
        extra_roots_pem: Some(authority_pem()),
        credentials: Some(SmtpCredentials { username: "fleet".to_owned(), password: "secret".to_owned() }),
        hello_name: "mcrm.test".to_owned(),
        connect_timeout_ms: 10_000,
        command_timeout_ms: 10_000,
        data_timeout_ms: 10_000,
        concurrency_max: 1,
        mails_per_connection_max,
        idle_ms: 60_000,
    }
}

fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let (first, last) = (values[0], values[values.len() - 1]);
    format!("{:.1} ({first:.1} to {last:.1})", values[values.len() / 2])
}
