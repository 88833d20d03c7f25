//! A CRM that has a webhook in the place of a consumer: the published receiver, run as its programmer would run it.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use closure_simulators::SmsBehaviour;
use closure_tests::harness::{Fleet, FleetOptions, LONG, ProcessSpec, debian_python, eventually, jobs, run};
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    sync::mpsc,
};
use uuid::Uuid;

const SECRET: &str = "whsec_am91cm5leXMtd2ViaG9va3Mtc2VjcmV0LTAxMjM0NQ==";
/// What the worker says of a certificate that somebody else has signed.
const UNKNOWN_AUTHORITY: &str =
    "Away: the server's certificate is signed by an authority that is not trusted here; nothing was sent";
const ANOTHER: &str = "whsec_YW5vdGhlci13ZWJob29rcy1zZWNyZXQtMDEyMzQ1Njc4";

/// The receiver of `docs/contract/producers`, as long as it lives.
struct Program {
    port: u16,
    lines: mpsc::UnboundedReceiver<String>,
    child: Child,
}

impl Program {
    /// Starts it with these secrets on a port, or on a free one for 0.
    async fn start(secrets: &str, port: u16) -> Self {
        let program = root().join("docs/contract/producers/python/webhook.py");
        Self::run(debian_python(&program), secrets, port).await
    }

    /// Starts it behind TLS, with a certificate for `localhost` from this folder.
    async fn start_with_tls(secrets: &str, folder: &Path) -> Self {
        let mut command = debian_python(&root().join("tests/python/tls_webhook.py"));
        command.env("CLOSURE_TEST_TLS", folder);
        Self::run(command, secrets, 0).await
    }

    async fn run(mut command: Command, secrets: &str, port: u16) -> Self {
        command.arg(port.to_string()).env("CLOSURE_WEBHOOK_SECRET", secrets);
        let mut child = command.spawn().expect("python can be started");
        let mut said = BufReader::new(child.stderr.take().expect("its words are a pipe")).lines();
        let first = said.next_line().await.expect("it can be read").unwrap_or_default();
        let port = first.strip_prefix("listening on ").and_then(|port| port.parse().ok());
        let port = port.unwrap_or_else(|| panic!("it said {first}"));
        let mut printed = BufReader::new(child.stdout.take().expect("what it prints is a pipe")).lines();
        let (line, lines) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(printed)) = printed.next_line().await {
                drop(line.send(printed));
            }
            drop(said);
        });
        Self { port, lines, child }
    }

    /// Waits for so many lines and answers all that it has printed.
    async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut printed = Vec::new();
        eventually(&format!("{count} lines"), LONG, || {
            printed.extend(self.printed());
            let seen = printed.len();
            async move { if seen >= count { Ok(()) } else { Err(seen.to_string()) } }
        })
        .await;
        printed
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/closure", self.port)
    }

    /// What it has printed since the last time.
    fn printed(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.lines.try_recv().ok()).collect()
    }

    /// The status that it answers to these bytes, or nothing.
    async fn answer_to(&self, request: &[u8]) -> String {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        connection.write_all(request).await.expect("it reads");
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await.expect("it closes the connection");
        String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or_default().to_owned()
    }

    async fn end(mut self) -> u16 {
        self.child.kill().await.expect("it runs");
        self.port
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

/// A folder with an authority and a certificate of its for `localhost`.
async fn authority() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let made =
        Command::new("bash").arg(root().join("tests/compose/certificate.sh")).arg(folder.path()).output();
    assert!(made.await.expect("bash can be started").status.success());
    folder
}

fn options(name: &'static str, url: &str) -> FleetOptions {
    let roles = ["sms", "email", "dial", "fallback", "dead", "cancel"];
    let processes = vec![
        ProcessSpec::work("workers", &roles),
        ProcessSpec::intake(),
        ProcessSpec::work("webhooks", &["webhooks"]),
    ];
    FleetOptions::with(name, processes)
        .variable("FLEET_WEBHOOKS_URL", url)
        .variable("FLEET_WEBHOOKS_SECRET", SECRET)
}

/// The lines that the CRM's own queue comes to, by what they speak of, in the order in which they came.
fn heard(fleet: &Fleet) -> BTreeMap<Uuid, Vec<String>> {
    let mut lines: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for heard in fleet.outcomes.all() {
        let (outcome, job) = (&heard.outcome, heard.outcome.job_id.0);
        let code = outcome.code.map_or_else(|| "None".to_owned(), |code| code.to_string());
        let corrects = outcome.corrects.map(|before| format!(" corrects {before}")).unwrap_or_default();
        let line = format!("{} {code} {job}{corrects}", heard.routing_key);
        lines.entry(job).or_default().push(line);
    }
    lines
}

#[test]
fn every_word_of_a_fleet_comes_signed_to_the_published_receiver_in_order_a_job() {
    run(async {
        let mut program = Program::start(&format!("{ANOTHER} {SECRET}"), 0).await;
        let fleet = Fleet::start(options("webhook", &program.url())).await;
        fleet.sms.behave("819057011001", SmsBehaviour::Failed);
        let text = jobs::sms("+819057011001", "webhook-text@example.com");
        let list = [
            text.clone(),
            jobs::sms("+84912057102", "webhook-vietnam@example.com"),
            jobs::email("webhook-mail@example.com"),
            jobs::dial("+819057011003", "1042"),
        ];
        fleet.publish_all(&list).await;
        let cancel_id = Uuid::new_v4();
        let cancel = json!({
            "kind": "closure.cancel/1", "cancel_id": cancel_id, "agent": { "id": "a-1042" },
            "consultation": { "id": text["consultation"]["id"], "revision": 1 },
        });
        for job in &list {
            fleet.outcomes.first(jobs::id(job)).await;
        }
        fleet.publish_raw(cancel.to_string().as_bytes(), "cancel").await;
        eventually("the answer to the cancellation", LONG, || async {
            if fleet.outcomes.answers_to(cancel_id).is_empty() { Err("none".to_owned()) } else { Ok(()) }
        })
        .await;
        // Behind it nothing is on its way to the webhook either.
        fleet.drain().await;
        let expected = heard(&fleet);
        let count: usize = expected.values().map(Vec::len).sum::<usize>() + 1;
        let printed = program.lines(count).await;
        assert_eq!(printed.len(), count, "{printed:#?}");
        for (job, lines) in expected {
            let of_job: Vec<&String> =
                printed.iter().filter(|line| line.split(' ').nth(2) == Some(&job.to_string())).collect();
            assert_eq!(of_job, lines.iter().collect::<Vec<_>>(), "of {job}");
        }
        let answered = printed
            .iter()
            .filter(|line| line.starts_with("cancel.") && line.ends_with(&cancel_id.to_string()));
        assert_eq!(answered.count(), 1, "{printed:#?}");
        fleet.finish().await;
        program.end().await;
    });
}

#[test]
fn a_receiver_with_another_secret_refuses_every_word_and_gets_all_of_them_once_it_has_the_right_one() {
    run(async {
        let mut stranger = Program::start(ANOTHER, 0).await;
        let fleet = Fleet::start(options("webhook-secret", &stranger.url())).await;
        let list: Vec<_> = (0..5).map(|index| jobs::email(&format!("secret-{index}@example.com"))).collect();
        fleet.publish_all(&list).await;
        eventually("the refusal to be told", LONG, || async {
            let (status, parts) = fleet.process("webhooks").await.readiness().await?;
            let is_told = parts.to_string().contains("Away: it answered 401");
            if status == 200 && is_told { Ok(()) } else { Err(format!("{status} {parts}")) }
        })
        .await;
        assert_eq!(stranger.printed(), Vec::<String>::new(), "it believes nothing");
        let port = stranger.end().await;
        let mut right = Program::start(SECRET, port).await;
        let printed = right.lines(5).await;
        for job in &list {
            let line = format!("email.accepted None {}", jobs::id(job));
            assert!(printed.contains(&line), "{line} is not in {printed:?}");
        }
        fleet.drain().await;
        assert!(fleet.letters().await.is_empty(), "a wrong secret makes no letters");
        fleet.finish().await;
        right.end().await;
    });
}

#[test]
fn the_published_receiver_does_not_start_without_a_secret_that_can_be_believed() {
    run(async {
        for secret in ["", "whsec_", &SECRET["whsec_".len()..], &format!("{SECRET} whsec_")] {
            let program = root().join("docs/contract/producers/python/webhook.py");
            let mut command = debian_python(&program);
            command.arg("0").env("CLOSURE_WEBHOOK_SECRET", secret);
            let ended =
                tokio::time::timeout(LONG, command.output()).await.expect("it ends").expect("it starts");
            let said = String::from_utf8_lossy(&ended.stderr);
            assert_eq!(ended.status.code(), Some(1), "{said}");
            assert!(said.starts_with("CLOSURE_WEBHOOK_SECRET must be the secret"), "{said}");
        }
    });
}

#[test]
fn the_published_receiver_answers_what_it_cannot_read_with_a_status_that_says_so() {
    run(async {
        let mut program = Program::start(SECRET, 0).await;
        for (headers, status) in [
            (&b""[..], "411"),
            // A digit to Python's isdigit(), and no number.
            (b"content-length: \xb2\r\n", "411"),
            (b"content-length: 99999999\r\n", "413"),
            (b"connection: close\r\ncontent-length: 0\r\nwebhook-timestamp: \xb2\r\n", "401"),
        ] {
            let request = [b"POST /closure HTTP/1.1\r\n", headers, b"\r\n"].concat();
            let answered = program.answer_to(&request).await;
            assert_eq!(answered, status, "to {}", String::from_utf8_lossy(headers));
        }
        let worker = ProcessSpec::work("webhooks", &["webhooks"]);
        let fleet = Fleet::start(
            FleetOptions::with("webhook-unread", vec![ProcessSpec::work("dead", &["dead"]), worker])
                .variable("FLEET_WEBHOOKS_URL", &program.url())
                .variable("FLEET_WEBHOOKS_SECRET", SECRET),
        )
        .await;
        let without_a_code =
            json!({ "kind": "closure.outcome/1", "outcome_id": Uuid::new_v4(), "job_id": Uuid::new_v4() });
        fleet.vhost.put("closure.webhooks", None, &without_a_code.to_string()).await;
        let letter = eventually("a letter", LONG, || async {
            let later =
                json!({ "kind": "closure.later/1", "outcome_id": Uuid::new_v4(), "job_id": Uuid::new_v4() });
            fleet.vhost.put("closure.webhooks", None, &later.to_string()).await;
            fleet.letters().await.pop().ok_or_else(|| "none".to_owned())
        })
        .await;
        assert!(letter.summary.detail.starts_with("the webhook answered 422"), "{}", letter.summary.detail);
        assert_eq!(program.printed(), Vec::<String>::new());
        fleet.finish().await;
        program.end().await;
    });
}

#[test]
fn a_configuration_that_forgot_the_webhook_does_not_end_the_outcomes_of_a_crm_that_has_one() {
    run(async {
        let mut program = Program::start(SECRET, 0).await;
        let workers =
            vec![ProcessSpec::work("email", &["email"]), ProcessSpec::work("webhooks", &["webhooks"])];
        let fleet = Fleet::start(
            FleetOptions::with("webhook-forgotten", workers)
                .variable("FLEET_WEBHOOKS_URL", &program.url())
                .variable("FLEET_WEBHOOKS_SECRET", SECRET),
        )
        .await;
        let environment = fleet.environment.iter().filter(|(name, _)| name != "FLEET_WEBHOOKS_URL");
        let forgetful: Vec<_> = environment.cloned().collect();
        let apply = async || closure_tests::harness::cli(&forgetful, &["topology", "apply"]).await;
        let refused = apply().await.with_code(64);
        assert!(refused.errors.contains("a webhooks worker reads closure.webhooks"), "{}", refused.errors);
        fleet.publish(&jobs::email("forgotten@example.com")).await;
        assert!(program.lines(1).await[0].starts_with("email.accepted"));
        fleet.stop_process("webhooks").await;
        let left = apply().await.with_code(0);
        assert!(left.output.contains("outcomes are led to no webhook"), "{}", left.output);
        fleet.drain().await;
        fleet.finish().await;
        program.end().await;
    });
}

#[test]
fn without_a_webhook_nothing_gathers_in_its_queue_and_once_it_has_none_any_more_nothing_does_either() {
    run(async {
        let options = FleetOptions::with("webhook-none", vec![ProcessSpec::work("email", &["email"])]);
        let fleet = Fleet::start(options).await;
        let mail = async |address: &str| {
            let id = fleet.publish(&jobs::email(address)).await;
            fleet.outcomes.first(id).await;
            fleet.depth("closure.webhooks").await
        };
        assert_eq!(mail("none@example.com").await, 0);
        let with = [("FLEET_WEBHOOKS_URL".to_owned(), "http://127.0.0.1:9/closure".to_owned())];
        let environment: Vec<_> = fleet.environment.iter().cloned().chain(with).collect();
        let applied =
            closure_tests::harness::cli(&environment, &["--json", "topology", "apply"]).await.json();
        assert_eq!(applied["webhook"], true, "{applied}");
        assert_eq!(mail("some@example.com").await, 1);
        fleet.cli(&["topology", "apply"]).await.with_code(0);
        assert_eq!(mail("none-again@example.com").await, 1, "what waited still waits");
        let said = fleet.cli(&["doctor"]).await;
        assert!(
            said.output.contains("1 ready, and webhooks.url is not set"),
            "{} {}",
            said.code,
            said.output
        );
        fleet.vhost.delete_queue("closure.webhooks").await;
        fleet.cli(&["topology", "apply"]).await.with_code(0);
        fleet.finish().await;
    });
}

#[test]
fn a_receiver_with_a_certificate_is_spoken_to_once_its_authority_is_named_and_not_before() {
    run(async {
        let (ours, strangers) = (authority().await, authority().await);
        let folder = ours.path();
        let trusted = folder.join("trusted.pem");
        std::fs::copy(strangers.path().join("ca.pem"), &trusted).expect("a file can be copied");
        let mut program = Program::start_with_tls(SECRET, folder).await;
        let url = format!("https://localhost:{}/closure", program.port);
        let worker = ProcessSpec::work("webhooks", &["webhooks"]);
        let fleet = Fleet::start(
            FleetOptions::with("webhook-tls", vec![ProcessSpec::work("email", &["email"]), worker])
                .variable("FLEET_WEBHOOKS_URL", &url)
                .variable("FLEET_WEBHOOKS_TLS_CA", &trusted.display().to_string())
                .variable("FLEET_WEBHOOKS_SECRET", SECRET),
        )
        .await;
        fleet.publish(&jobs::email("tls@example.com")).await;
        eventually("the refusal to be told", LONG, || async {
            let (_, parts) = fleet.process("webhooks").await.readiness().await?;
            let is_told = parts.to_string().contains(UNKNOWN_AUTHORITY);
            if is_told { Ok(()) } else { Err(parts.to_string()) }
        })
        .await;
        assert_eq!(program.printed(), Vec::<String>::new());
        fleet.stop_process("webhooks").await;
        std::fs::copy(folder.join("ca.pem"), &trusted).expect("a file can be copied");
        fleet.start_process("webhooks").await;
        let printed = program.lines(1).await;
        assert!(printed[0].starts_with("email.accepted"), "{printed:?}");
        fleet.drain().await;
        fleet.finish().await;
        program.end().await;
    });
}
