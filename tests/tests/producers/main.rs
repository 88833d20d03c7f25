//! The published producers and readers, run as a CRM's programmer would run them, and shown in the guides as they are.

mod tls;

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use closure_contract::JobId;
use closure_tests::harness::{
    BUILD_MAX, Fleet, FleetOptions, LONG, at_most, ends_well, eventually, go, java, jobs, node, php, python,
    run,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};
use uuid::Uuid;

/// The guides name this limit of the broker's.
const BROKER_BYTES_MAX: usize = 1024 * 1024;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tests lie in the workspace").to_owned()
}

fn program(name: &str) -> PathBuf {
    root().join("docs/contract/producers").join(name)
}

/// Runs a program to its end, with the broker and the queue in its environment; its exit code and what it printed.
async fn output(command: Command, fleet: &Fleet, queue: &str) -> (Option<i32>, String) {
    output_at(command, &fleet.vhost.uri, queue).await
}

/// The same with the broker at this address.
async fn output_at(mut command: Command, uri: &str, queue: &str) -> (Option<i32>, String) {
    command.env("CLOSURE_AMQP", uri).env("CLOSURE_QUEUE", queue);
    let output = tokio::time::timeout(LONG, command.output())
        .await
        .expect("it ends in time")
        .expect("it can be started");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// What the broker refuses is told at once in its own words, and a reader that is cut off does not end well.
async fn is_refused_and_cut_off(publish: impl Fn() -> Command, reader: impl Fn() -> Command) {
    let fleet = Fleet::start(FleetOptions::without_processes("producers-refused")).await;
    let (_, place) = fleet.vhost.uri.rsplit_once('@').expect("the address names a user");
    let stranger = format!("amqp://nobody:wrong@{place}");
    let body = jobs::email("refused@example.com").to_string();
    let publisher = || {
        let mut command = publish();
        command.arg(fleet.file("refused.json", body.as_bytes()));
        command
    };
    let nowhere = format!("{}-nowhere", fleet.vhost.uri);
    for (command, uri, code) in [
        (publisher(), &stranger, "403"),
        (reader(), &stranger, "403"),
        (publisher(), &nowhere, "vhost"),
        (reader(), &nowhere, "vhost"),
        (reader(), &fleet.vhost.uri, "404"),
    ] {
        let (ended, said) = output_at(command, uri, "crm.nowhere").await;
        assert_eq!(ended, Some(1), "{said}");
        assert!(said.contains(code) && !said.contains("again in"), "{code} is told once:\n{said}");
    }
    for uri in ["se%cret", "se/cret", "se#cret", "se?cret", "12/cret"].map(|password| {
        // What is not percent-encoded makes no address, which the clients would show in what they say of it.
        format!("amqp://crm:{password}@{place}")
    }) {
        for command in [publisher(), reader()] {
            let (ended, said) = output_at(command, &uri, "crm.nowhere").await;
            assert_eq!(ended, Some(1), "{said}");
            assert!(said.contains("CLOSURE_AMQP is no address; percent-encode"), "{said}");
            assert!(
                !said.contains("cret") && !said.contains("again in"),
                "it is told once, and no part of it:\n{said}"
            );
        }
    }
    let (ended, said) = output_at(with_too_much(&fleet, publish()), &fleet.vhost.uri, "crm.nowhere").await;
    assert_eq!(ended, Some(1), "more than 1 MiB is not confirmed: {said}");
    assert!(said.contains("406") && !said.contains("again in"), "{said}");
    publishes_the_same_bytes_again(&fleet, publisher(), &body).await;
    fleet.cli(&["outcomes", "--queue", "crm.cut-off", "--count", "0"]).await.with_code(0);
    let mut command = reader();
    command.env("CLOSURE_AMQP", &fleet.vhost.uri).env("CLOSURE_QUEUE", "crm.cut-off");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let process = command.spawn().expect("it can be started");
    let ended = tokio::spawn(process.wait_with_output());
    eventually("the reader to end", LONG, || async {
        fleet.vhost.close_connections().await;
        if ended.is_finished() { Ok(()) } else { Err("it runs".to_owned()) }
    })
    .await;
    let output = ended.await.expect("nothing panics").expect("it has ended");
    assert_eq!(output.status.code(), Some(1), "a supervisor starts it again");
    assert!(!output.stderr.is_empty(), "and a person sees why");
    fleet.finish().await;
}

/// The program with a job of more bytes than the broker takes.
fn with_too_much(fleet: &Fleet, mut publisher: Command) -> Command {
    let mut job = jobs::email("too-much@example.com");
    job["email"]["text"] = "x".repeat(BROKER_BYTES_MAX).into();
    publisher.arg(fleet.file("too-much.json", job.to_string().as_bytes()));
    publisher
}

/// What comes back because the topology is not complete is published again, until it is.
async fn publishes_the_same_bytes_again(fleet: &Fleet, mut publisher: Command, body: &str) {
    for queue in ["closure.email", "closure.unroutable"] {
        fleet.vhost.delete_queue(queue).await;
    }
    let mut process = publisher.env("CLOSURE_AMQP", &fleet.vhost.uri).spawn().expect("it can be started");
    let mut lines = BufReader::new(process.stderr.take().expect("its words are a pipe")).lines();
    let first = tokio::time::timeout(LONG, lines.next_line()).await.expect("it speaks in time");
    let first = first.expect("it can be read").unwrap_or_default();
    assert!(first.contains("again in"), "it said {first:?} of what came back");
    fleet.cli(&["topology", "apply"]).await.with_code(0);
    let output = tokio::time::timeout(LONG, process.wait_with_output()).await.expect("it ends in time");
    let output = output.expect("it has ended");
    assert!(output.status.success() && output.stdout.starts_with(b"confirmed"), "{output:?}");
    assert_eq!(fleet.vhost.take("closure.email", 2).await, [body]);
}

/// Publishes a job of each kind and a cancellation, and reads how each job ended and whether the cancellation was in time.
async fn publish_and_hear(name: &str, publisher: impl Fn() -> Command, reader: impl Fn() -> Command) {
    let fleet = Fleet::start(FleetOptions::together("producers")).await;
    let queue = format!("crm.{name}");
    fleet.cli(&["outcomes", "--queue", &queue, "--count", "0"]).await.with_code(0);
    let mut text = jobs::sms("+819056011001", "producer-text@example.com");
    text["consultation"]["revision"] = json!(2);
    let list = [text, jobs::email("producer-mail@example.com"), jobs::dial("+819056011002", "1042")];
    let cancel = json!({
        "kind": "closure.cancel/1", "cancel_id": Uuid::new_v4(), "agent": { "id": "a-1042" },
        "consultation": { "id": list[0]["consultation"]["id"], "revision": 1 },
    });
    let unknown = json!({ "kind": "closure.weather/1" }).to_string();
    fleet.vhost.put(&queue, Some("closure.weather/1"), &unknown).await;
    let mut command = publisher();
    for (index, message) in list.iter().chain([&cancel]).enumerate() {
        command.arg(fleet.file(&format!("{name}-{index}.json"), message.to_string().as_bytes()));
    }
    let (code, said) = output(command, &fleet, &queue).await;
    assert_eq!((code, said.matches("confirmed").count()), (Some(0), 4), "{said}");
    let mut command = reader();
    command.arg("4");
    let (code, said) = output(command, &fleet, &queue).await;
    assert_eq!(code, Some(0), "{said}");
    for (job, end) in list.iter().zip(["sms.delivered", "email.accepted", "dial.answered"]) {
        let id: JobId = jobs::id(job);
        assert!(said.lines().any(|line| line.starts_with(end) && line.ends_with(&id.to_string())), "{said}");
    }
    assert!(said.contains("passed over: closure.weather/1"), "{said}");
    let answered = format!("cancel.nothing_yet {}", cancel["cancel_id"].as_str().expect("it has an id"));
    assert!(said.lines().any(|line| line == answered), "{said}");
    let lost =
        fleet.file("lost.json", json!({ "kind": "closure.fax/1", "job_id": "x" }).to_string().as_bytes());
    let mut command = publisher();
    command.arg(lost);
    let (_, said) = output(command, &fleet, &queue).await;
    assert!(said.contains("confirmed"), "what no queue takes is kept by the alternate exchange: {said}");
    fleet.drain().await;
    assert_eq!(fleet.letters().await.len(), 1, "and a person finds it");
    fleet.finish().await;
}

#[test]
fn the_producer_in_python_publishes_each_kind_and_its_reader_hears_how_each_ended() {
    run(publish_and_hear(
        "python",
        || python(&program("python/publish.py")),
        || python(&program("python/outcomes.py")),
    ));
}

#[test]
fn the_producer_in_node_publishes_each_kind_and_its_reader_hears_how_each_ended() {
    run(publish_and_hear(
        "node",
        || node(&program("node/publish.js")),
        || node(&program("node/outcomes.js")),
    ));
}

#[test]
fn the_producer_in_java_publishes_each_kind_and_its_reader_hears_how_each_ended() {
    run(publish_and_hear(
        "java",
        || java(&program("java"), "Publish"),
        || java(&program("java"), "Outcomes"),
    ));
}

#[test]
fn the_producer_in_php_publishes_each_kind_and_its_reader_hears_how_each_ended() {
    run(publish_and_hear("php", || php(&program("php/publish.php")), || php(&program("php/outcomes.php"))));
}

#[test]
fn the_producer_in_go_publishes_each_kind_and_its_reader_hears_how_each_ended() {
    run(publish_and_hear("go", || go(&program("go"), "publish"), || go(&program("go"), "outcomes")));
}

#[test]
fn the_programs_in_python_tell_at_once_what_is_refused_publish_again_what_came_back_and_fail_when_they_are_cut_off()
 {
    run(is_refused_and_cut_off(
        || python(&program("python/publish.py")),
        || python(&program("python/outcomes.py")),
    ));
}

#[test]
fn the_programs_in_node_tell_at_once_what_is_refused_publish_again_what_came_back_and_fail_when_they_are_cut_off()
 {
    run(is_refused_and_cut_off(|| node(&program("node/publish.js")), || node(&program("node/outcomes.js"))));
}

#[test]
fn the_programs_in_java_tell_at_once_what_is_refused_publish_again_what_came_back_and_fail_when_they_are_cut_off()
 {
    run(is_refused_and_cut_off(|| java(&program("java"), "Publish"), || java(&program("java"), "Outcomes")));
}

#[test]
fn the_programs_in_php_tell_at_once_what_is_refused_publish_again_what_came_back_and_fail_when_they_are_cut_off()
 {
    run(is_refused_and_cut_off(|| php(&program("php/publish.php")), || php(&program("php/outcomes.php"))));
}

#[test]
fn the_programs_in_go_tell_at_once_what_is_refused_publish_again_what_came_back_and_fail_when_they_are_cut_off()
 {
    run(is_refused_and_cut_off(|| go(&program("go"), "publish"), || go(&program("go"), "outcomes")));
}

/// Go takes no archive that has entries for folders.
const ZIP: &str = r#"
import pathlib, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    for file in pathlib.Path("github.com").rglob("*"):
        if file.is_file():
            archive.write(file)
"#;

/// Debian's package of the client as a module proxy has it, without what its own tests need.
fn module_proxy(folder: &Path) -> String {
    let (module, version) = ("github.com/rabbitmq/amqp091-go", "v1.5.0");
    let source = Path::new("/usr/share/gocode/src").join(module);
    let inside = folder.join("zip").join(format!("{module}@{version}"));
    let versions = folder.join("proxy").join(module).join("@v");
    for folder in [&inside, &versions] {
        std::fs::create_dir_all(folder).expect("a folder can be made");
    }
    for entry in std::fs::read_dir(source).expect("cargo xtask test installs the client").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".go") && !name.ends_with("_test.go") {
            std::fs::copy(entry.path(), inside.join(name)).expect("a file can be copied");
        }
    }
    let manifest = format!("module {module}\n\ngo 1.16\n");
    let of_version = |end: &str| versions.join(format!("{version}.{end}"));
    for (file, text) in [
        (inside.join("go.mod"), manifest.clone()),
        (of_version("mod"), manifest),
        (of_version("info"), json!({ "Version": version, "Time": "2022-10-01T00:00:00Z" }).to_string()),
        (versions.join("list"), format!("{version}\n")),
    ] {
        std::fs::write(file, text).expect("a file can be written");
    }
    let mut zip = at_most(BUILD_MAX, "/usr/bin/python3");
    ends_well(zip.args(["-c", ZIP]).arg(of_version("zip")).current_dir(folder.join("zip")));
    format!("file://{}", folder.join("proxy").display())
}

#[test]
fn the_line_of_the_guide_that_makes_a_go_module_gives_programs_that_can_be_built() {
    let text = std::fs::read_to_string(program("README.md")).expect("there is a guide");
    let line = text.split('`').find(|piece| piece.starts_with("go mod init ")).expect("it shows the line");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let proxy = module_proxy(folder.path());
    let own = folder.path().join("producers");
    for name in ["publish", "outcomes"] {
        std::fs::create_dir_all(own.join("go").join(name)).expect("a folder can be made");
        let file = format!("go/{name}/main.go");
        std::fs::copy(program(&file), own.join(&file)).expect("a program can be copied");
    }
    let mut shell = at_most(BUILD_MAX, "bash");
    shell.args(["-e", "-c", &format!("{line} && go build ./go/publish && go build ./go/outcomes")]);
    shell
        .current_dir(&own)
        .env("GOPATH", folder.path().join("go"))
        .env("GOCACHE", folder.path().join("cache"));
    // A module of the proxy is kept without the right to write, which would outlast the test.
    shell.env("GOFLAGS", "-modcacherw").env("GOPROXY", proxy).env("GOSUMDB", "off").env("GO111MODULE", "");
    ends_well(&mut shell);
    assert!(own.join("publish").is_file() && own.join("outcomes").is_file(), "both are built");
}

#[test]
fn the_guides_show_the_producers_as_they_are() {
    for guide in ["docs/integration.en.md", "docs/integration.ko.md"] {
        let text = std::fs::read_to_string(root().join(guide)).expect("there is a guide");
        for name in ["python/publish.py", "python/outcomes.py", "node/publish.js", "node/outcomes.js"] {
            let source = std::fs::read_to_string(program(name)).expect("there is a program");
            assert!(text.contains(&source), "{guide} does not show {name} as it is");
        }
        let receiver = std::fs::read_to_string(program("python/webhook.py")).expect("there is a program");
        let (_, rest) = receiver.split_once("def is_ours").expect("it verifies signatures");
        let recipe = rest.split("\n\n\n").next().unwrap_or_default();
        assert!(text.contains(recipe), "{guide} does not show how webhook.py verifies a signature");
    }
}

/// The headings of a guide by their level, and the code in it.
fn shape(guide: &str) -> (Vec<usize>, Vec<String>) {
    let text = std::fs::read_to_string(root().join(guide)).expect("there is a guide");
    let (mut headings, mut blocks, mut inside) = (Vec::new(), Vec::new(), None::<String>);
    for line in text.lines() {
        match (&mut inside, line.strip_prefix("```")) {
            (None, Some(_)) => inside = Some(String::new()),
            (Some(_), Some(_)) => blocks.extend(inside.take()),
            (Some(block), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) if line.starts_with('#') => {
                headings.push(line.chars().take_while(|one| *one == '#').count());
            }
            (None, None) => {}
        }
    }
    (headings, blocks)
}

#[test]
fn both_guides_have_the_same_chapters_and_every_message_in_both_is_the_same() {
    let (english, korean) = (shape("docs/integration.en.md"), shape("docs/integration.ko.md"));
    assert_eq!(english.0, korean.0, "the chapters");
    let messages = |blocks: &[String]| -> Vec<Value> {
        blocks.iter().filter_map(|block| serde_json::from_str(block).ok()).collect()
    };
    for message in messages(&korean.1) {
        assert!(messages(&english.1).contains(&message), "{message} stands in the Korean guide alone");
    }
}
