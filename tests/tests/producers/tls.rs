//! The example programs over TLS: they believe the authority that they are given, and no other.

use closure_tests::harness::{
    Amqps, Authority, Fleet, FleetOptions, Services, go, java, jobs, node, php, python, run,
};
use tokio::process::Command;

use crate::{output_at, program, root};

/// The queue of outcomes, in which an example of the kit waits.
const QUEUE: &str = "crm.tls";

/// A program with the only authority that it is to believe besides the public ones.
type Told = fn(&str, &Authority) -> Command;

async fn believes_its_authority_alone(told: Told, publisher: &str, reader: &str) {
    let fleet = Fleet::start(FleetOptions::without_processes("producers-tls")).await;
    let amqps = Amqps::of(&Services::from_environment()).await;
    let uri = amqps.uri("localhost", &fleet.vhost.name);
    fleet.cli(&["outcomes", "--queue", QUEUE, "--count", "0"]).await.with_code(0);
    let outcome = root().join("docs/contract/examples/valid/outcome-delivered.json");
    let outcome = std::fs::read_to_string(outcome).expect("the kit has it");
    fleet.vhost.put(QUEUE, Some("closure.outcome/1"), &outcome).await;
    let body = jobs::email("tls@example.com").to_string();
    let file = fleet.file("tls.json", body.as_bytes());
    let publish = |authority| {
        let mut command = told(publisher, authority);
        command.arg(&file);
        command
    };
    let read = |authority| {
        let mut command = told(reader, authority);
        command.arg("1");
        command
    };
    let elsewhere = amqps.uri("127.0.0.1", &fleet.vhost.name);
    for (authority, uri, what) in
        [(&amqps.wrong, &uri, "another's broker"), (&amqps.right, &elsewhere, "another name")]
    {
        for command in [publish(authority), read(authority)] {
            let (code, said) = output_at(command, uri, QUEUE).await;
            assert_eq!(code, Some(1), "{what}: {said}");
            assert!(said.to_lowercase().contains("certificate"), "{what} is refused with its reason: {said}");
            assert!(!said.contains("again in"), "{what} is refused for good: {said}");
        }
    }
    let (code, said) = output_at(publish(&amqps.right), &uri, QUEUE).await;
    assert!(code == Some(0) && said.contains("confirmed"), "{said}");
    assert_eq!(fleet.vhost.take("closure.email", 2).await, [body]);
    let (code, said) = output_at(read(&amqps.right), &uri, QUEUE).await;
    assert!(code == Some(0) && said.contains("sms.delivered"), "{said}");
    fleet.finish().await;
}

fn with_variable(mut command: Command, name: &str, authority: &Authority) -> Command {
    command.env(name, authority.pem());
    command
}

#[test]
fn the_programs_in_python_believe_the_authority_that_they_are_given_and_no_other() {
    let told: Told = |name, authority| with_variable(python(&program(name)), "SSL_CERT_FILE", authority);
    run(believes_its_authority_alone(told, "python/publish.py", "python/outcomes.py"));
}

#[test]
fn the_programs_in_node_believe_the_authority_that_they_are_given_and_no_other() {
    let told: Told = |name, authority| with_variable(node(&program(name)), "NODE_EXTRA_CA_CERTS", authority);
    run(believes_its_authority_alone(told, "node/publish.js", "node/outcomes.js"));
}

#[test]
fn the_programs_in_java_believe_the_authority_that_they_are_given_and_no_other() {
    let told: Told = |name, authority| {
        let mut command = java(&program("java"), name);
        command.env("JDK_JAVA_OPTIONS", Authority::JAVA_OPTIONS).current_dir(authority.folder());
        command
    };
    run(believes_its_authority_alone(told, "Publish", "Outcomes"));
}

#[test]
fn the_guides_show_the_lines_by_which_java_is_told_of_an_authority_as_they_are_tried() {
    for guide in ["docs/integration.en.md", "docs/integration.ko.md", "docs/contract/producers/README.md"] {
        let text = std::fs::read_to_string(root().join(guide)).expect("there is a guide");
        for line in [Authority::JAVA_STORE, Authority::JAVA_OPTIONS] {
            assert!(text.contains(line), "{guide} does not show: {line}");
        }
        assert_eq!(text.matches("-Djavax.net.ssl.").count(), 2, "{guide} shows no other flag");
    }
}

#[test]
fn the_programs_in_php_believe_the_authority_that_they_are_given_and_no_other() {
    let told: Told = |name, authority| with_variable(php(&program(name)), "SSL_CERT_FILE", authority);
    run(believes_its_authority_alone(told, "php/publish.php", "php/outcomes.php"));
}

#[test]
fn the_programs_in_go_believe_the_authority_that_they_are_given_and_no_other() {
    let told: Told = |name, authority| with_variable(go(&program("go"), name), "SSL_CERT_FILE", authority);
    run(believes_its_authority_alone(told, "publish", "outcomes"));
}
