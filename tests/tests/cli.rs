//! The command line: exit codes, all errors at once, no side effects, and answers that machines can read.

use std::net::TcpListener;

use closure_contract::{Channel, topology::WorkQueue};
use closure_tests::harness::{
    Answer, Database, Fleet, FleetOptions, ProcessSpec, SHORT, Services, cli, cli_with_input, eventually,
    jobs, run,
};
use serde_json::{Value, json};

fn variables(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The environment of a fleet with one variable changed.
fn with(fleet: &Fleet, name: &str, value: &str) -> Vec<(String, String)> {
    let mut environment = fleet.environment.clone();
    environment.retain(|(known, _)| known != name);
    environment.push((name.to_owned(), value.to_owned()));
    environment
}

/// Without one.
fn without(fleet: &Fleet, name: &str) -> Vec<(String, String)> {
    fleet.environment.iter().filter(|(known, _)| known != name).cloned().collect()
}

async fn idle_fleet(name: &'static str) -> Fleet {
    Fleet::start(FleetOptions::without_processes(name)).await
}

fn documents(list: &[Value]) -> Vec<u8> {
    list.iter().map(|job| format!("{job}\n")).collect::<String>().into_bytes()
}

#[test]
fn a_wrong_configuration_is_told_whole_and_before_any_socket_is_opened() {
    run(async {
        let broker = TcpListener::bind("127.0.0.1:0").expect("a free port");
        broker.set_nonblocking(true).expect("a listener can be asked without waiting");
        let port = broker.local_addr().expect("a listener has an address").port();
        let environment = variables(&[
            ("FLEET_BROKER_URI", &format!("amqp://guest:guest@127.0.0.1:{port}/")),
            ("FLEET_BROKER_HEARTBEAT_S", "ten"),
            ("FLEET_SMS_LADDER", "1s,soon"),
            ("FLEET_WORKER_GRACE_MS", "-1"),
            ("FLEET_WORKER_CONCURRENCY", "0"),
            ("FLEET_EMAIL_SECURITY", "none"),
        ]);
        let answer = cli(&environment, &["work", "sms", "email", "dial"]).await.with_code(64);
        for wrong in [
            "broker.heartbeat_s",
            "sms.ladder",
            "worker.grace_ms",
            "worker.concurrency",
            "email.security",
            "database.url",
            "sms.nhn.base_url",
            "sms.nhn.secret_key",
            "email.host",
            "dial.ari.password",
        ] {
            assert!(answer.errors.contains(wrong), "{wrong} is not told:\n{}", answer.errors);
        }
        assert!(answer.errors.contains("FLEET_EMAIL_HOST"), "it says what to set:\n{}", answer.errors);
        assert!(broker.accept().is_err(), "a connection was opened with a wrong configuration");
    });
}

#[test]
fn no_role_that_sends_starts_by_a_rulebook_with_a_misspelt_key_or_without_a_list_of_countries() {
    run(async {
        let fleet = idle_fleet("cli-countries").await;
        let rulebook = fleet.file("no-countries.toml", b"receipt_due_ms = 600000\n");
        let misspelt = fleet.file("misspelt.toml", b"[sms]\nmax_bites = 500\n");
        let answer = cli(&with(&fleet, "FLEET_RULEBOOK", &misspelt), &["work", "sms"]).await.with_code(64);
        assert!(["max_bites", "max_bytes"].iter().all(|name| answer.errors.contains(name)));
        for role in ["sms", "dial"] {
            let answer = cli(&with(&fleet, "FLEET_RULEBOOK", &rulebook), &["work", role]).await.with_code(64);
            assert!(answer.errors.contains("numbers.allowed_country_codes"), "{}", answer.errors);
        }
        fleet.finish().await;
    });
}

#[test]
fn an_unknown_key_in_the_file_is_an_error_and_a_value_of_the_environment_wins_over_the_file() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("fleet.toml");
        let path = file.display().to_string();
        std::fs::write(&file, "[broker]\nurl = \"amqp://x\"\n").expect("a file can be written");
        let answer = cli(&[], &["--config", &path, "topology", "check"]).await.with_code(64);
        assert!(answer.errors.contains("broker.url"), "{}", answer.errors);
        std::fs::write(&file, "[log]\nformat = \"loud\"\n").expect("a file can be written");
        let job = folder.path().join("job.json");
        let text = jobs::sms("+819012345678", "a@example.com").to_string();
        std::fs::write(&job, text).expect("a file can be written");
        let explain = ["--config", path.as_str(), "explain", &job.display().to_string()].map(str::to_owned);
        let explain: Vec<&str> = explain.iter().map(String::as_str).collect();
        cli(&[], &explain).await.with_code(64);
        cli(&variables(&[("FLEET_LOG_FORMAT", "json")]), &explain).await.with_code(0);
        let loud = variables(&[("FLEET_LOG_FILTER", "verbose,fleet=loud")]);
        let errors = cli(&loud, &explain).await.with_code(64).errors;
        assert!(errors.contains("log.filter"), "{errors}");
    });
}

#[test]
fn secrets_come_from_files_and_a_missing_file_is_told() {
    run(async {
        let fleet = idle_fleet("cli-secrets").await;
        let file = fleet.file("database-url", format!("{}\n", fleet.database.url).as_bytes());
        let mut environment = without(&fleet, "FLEET_DATABASE_URL");
        environment.push(("FLEET_DATABASE_URL_FILE".to_owned(), file));
        cli(&environment, &["doctor"]).await.with_code(0);
        environment.pop();
        environment.push(("FLEET_DATABASE_URL_FILE".to_owned(), "/nowhere/at-all".to_owned()));
        let answer = cli(&environment, &["doctor"]).await.with_code(64);
        assert!(answer.errors.contains("/nowhere/at-all"), "{}", answer.errors);
        fleet.finish().await;
    });
}

#[test]
fn a_file_with_one_bad_job_publishes_nothing() {
    run(async {
        let fleet = idle_fleet("cli-enqueue").await;
        let good = jobs::sms("+819056001000", "good@example.com");
        let mut bad = jobs::sms("+819056001001", "bad@example.com");
        bad["scope"] = json!("abroad");
        let file = fleet.file("jobs.jsonl", &documents(&[good.clone(), bad]));
        let answer = fleet.cli(&["enqueue", &file]).await.with_code(65);
        assert!(
            answer.errors.contains("jobs.jsonl#2") && answer.errors.contains("scope"),
            "{}",
            answer.errors
        );
        let file = fleet.file("nothing.json", b"no job at all");
        fleet.cli(&["enqueue", &file]).await.with_code(65);
        fleet.cli(&["enqueue", "/nowhere/at-all.json"]).await.with_code(65);
        let file = fleet.file("twice.jsonl", &documents(&[good.clone(), good.clone()]));
        fleet.cli(&["enqueue", &file]).await.with_code(65);
        let mut refused = good.clone();
        refused["sms"]["text"] = json!("Thank you 🙂");
        let file = fleet.file("refused.json", refused.to_string().as_bytes());
        let answer = fleet.cli(&["enqueue", &file]).await;
        assert_ne!(answer.code, 0, "a job that would be refused is not published: {}", answer.output);
        assert_eq!(fleet.depth(WorkQueue::Jobs(Channel::Sms).name()).await, 0);
        let answer = fleet.cli(&["--json", "enqueue", "--anyway", &file]).await.with_code(0);
        assert_eq!(answer.json()["published"], 1);
        assert_eq!(fleet.depth(WorkQueue::Jobs(Channel::Sms).name()).await, 1);
    });
}

#[test]
fn jobs_from_standard_input_are_published_and_confirmed() {
    run(async {
        let fleet = idle_fleet("cli-stdin").await;
        let list = [
            jobs::sms("+819056001000", "a@example.com"),
            jobs::email("b@example.com"),
            jobs::dial("+819056001000", "1001"),
        ];
        let input = Value::from(list.to_vec()).to_string();
        let answer = cli_with_input(&fleet.environment, &["--json", "enqueue", "-"], input.as_bytes()).await;
        assert_eq!(answer.with_code(0).json()["published"], 3);
        for channel in [Channel::Sms, Channel::Email, Channel::Dial] {
            assert_eq!(fleet.depth(WorkQueue::Jobs(channel).name()).await, 1);
        }
    });
}

#[test]
fn explain_needs_no_service_and_says_what_would_happen() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("jobs.jsonl");
        let mut held = jobs::sms("13102345678", "a@example.com");
        held["to"]["phone"] = json!({ "number": "13102345678" });
        let mut refused = jobs::sms("+819056001001", "b@example.com");
        refused["sms"]["text"] = json!("Thank you 🙂");
        let list = [
            jobs::sms("+81 90-5600-1000", "c@example.com"),
            held,
            refused,
            jobs::dial("+84912345678", "1001"),
        ];
        std::fs::write(&file, documents(&list)).expect("a file can be written");
        let path = file.display().to_string();
        let answer = cli(&[], &["--json", "explain", &path]).await;
        assert!([0, 1].contains(&answer.code), "{}", answer.errors);
        let answers = answer.json();
        let of = |index: usize, field: &str| answers[index][field].clone();
        assert_eq!(of(0, "verdict"), "send");
        assert_eq!(answers[0]["phone"]["country_code"], 81);
        assert_eq!((of(1, "verdict"), of(1, "code")), (json!("hold"), json!("ambiguous_number")));
        assert_eq!((of(2, "verdict"), of(2, "code")), (json!("reject"), json!("forbidden_characters")));
        assert_eq!(of(3, "dial_string"), "900184912345678");
        let text = cli(&[], &["explain", &path]).await.output;
        assert!(text.contains("R15") && text.contains("900184912345678"), "{text}");
        std::fs::write(&file, "{}").expect("a file can be written");
        let answer = cli(&[], &["--json", "explain", &path]).await.with_code(65);
        assert_eq!(answer.json()["error"]["code"], "unknown_kind", "one document has one answer");
    });
}

#[test]
fn explain_answers_a_stream_line_by_line_and_stops_at_no_bad_line() {
    run(async {
        let job = jobs::sms("+819056001001", "streamed@example.com").to_string();
        let input = format!("{job}\n{{}}\n\n{job}\n");
        let answer = cli_with_input(&[], &["explain", "--jsonl"], input.as_bytes()).await.with_code(65);
        let answers: Vec<Value> = answer
            .output
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is an answer"))
            .collect();
        let numbers: Vec<&Value> = answers.iter().map(|answer| &answer["line"]).collect();
        assert_eq!(numbers, [1, 2, 4]);
        assert_eq!(answers[1]["error"]["code"], "unknown_kind");
        assert_eq!((&answers[0]["verdict"], &answers[2]["verdict"]), (&json!("send"), &json!("send")));
        cli_with_input(&[], &["explain", "--jsonl"], format!("{job}\n").as_bytes()).await.with_code(0);
        cli_with_input(&[], &["explain", "--jsonl", "file"], b"").await.with_code(2);
    });
}

#[test]
fn explain_ends_with_one_when_a_job_would_not_be_sent() {
    run(async {
        let mut refused = jobs::sms("+819056001001", "b@example.com");
        refused["sms"]["text"] = json!("Thank you 🙂");
        let answer = cli_with_input(&[], &["explain", "-"], refused.to_string().as_bytes()).await;
        answer.with_code(1);
        let sent = jobs::sms("+819056001001", "b@example.com");
        cli_with_input(&[], &["explain", "-"], sent.to_string().as_bytes()).await.with_code(0);
    });
}

#[test]
fn doctor_finds_nothing_ill_and_says_so_in_json() {
    run(async {
        let fleet = idle_fleet("cli-doctor").await;
        let answer = fleet.cli(&["--json", "doctor"]).await.with_code(0);
        let findings = answer.json();
        let ill = findings.as_array().expect("a list").iter().any(|finding| finding["verdict"] == "ill");
        assert!(!ill, "{findings}");
        fleet.cli(&["topology", "check"]).await.with_code(0);
        fleet.cli(&["topology", "apply"]).await.with_code(0);
        assert_eq!(fleet.cli(&["--json", "migrate"]).await.with_code(0).json()["applied"], json!([]));
        fleet.finish().await;
    });
}

#[test]
fn doctor_says_what_to_do_where_the_topology_or_the_schema_is_missing() {
    run(async {
        let fleet = Fleet::start(FleetOptions::without_processes("cli-missing").without_topology()).await;
        let answer = fleet.cli(&["doctor"]).await.with_code(1);
        assert!(answer.output.contains("fleet topology apply"), "{}", answer.output);
        let empty = Database::empty(&Services::from_environment()).await;
        let answer = cli(&with(&fleet, "FLEET_DATABASE_URL", &empty.url), &["doctor"]).await.with_code(1);
        assert!(answer.output.contains("fleet migrate"), "{}", answer.output);
        let answer = fleet.cli(&["work", "sms"]).await.with_code(1);
        assert!(answer.errors.contains("fleet topology apply"), "{}", answer.errors);
        empty.drop().await;
        fleet.vhost.delete().await;
    });
}

#[test]
fn doctor_names_a_queue_with_other_arguments_and_the_remedy() {
    run(async {
        let fleet = idle_fleet("cli-differs").await;
        let queue = WorkQueue::Jobs(Channel::Email).name();
        fleet.vhost.delete_queue(queue).await;
        fleet.vhost.declare_queue(queue, &json!({ "x-queue-type": "quorum", "x-delivery-limit": 3 })).await;
        for command in [vec!["doctor"], vec!["topology", "check"], vec!["topology", "apply"]] {
            let Answer { code, output, errors } = fleet.cli(&command).await;
            let said = format!("{output}{errors}");
            assert_eq!(code, 1, "{command:?}: {said}");
            assert!(said.contains(queue), "{command:?} does not name the queue: {said}");
            assert!(said.contains("delete"), "{command:?} does not say what to do: {said}");
        }
        fleet.vhost.delete().await;
    });
}

#[test]
fn a_service_that_is_away_is_exit_code_69_and_names_no_password() {
    run(async {
        let fleet = idle_fleet("cli-away").await;
        let away = "amqp://guest:very-secret@127.0.0.1:1/";
        let file = fleet.file("job.json", jobs::sms("+819056001000", "a@example.com").to_string().as_bytes());
        for command in [vec!["enqueue", file.as_str()], vec!["topology", "check"]] {
            let answer = cli(&with(&fleet, "FLEET_BROKER_URI", away), &command).await.with_code(69);
            assert!(!answer.errors.contains("very-secret"), "{}", answer.errors);
        }
        let away = "postgres://postgres:very-secret@127.0.0.1:1/postgres";
        for command in [vec!["show", "C-1"], vec!["dead", "list"]] {
            let answer = cli(&with(&fleet, "FLEET_DATABASE_URL", away), &command).await.with_code(69);
            assert!(!answer.errors.contains("very-secret"), "{}", answer.errors);
        }
        fleet.finish().await;
    });
}

#[test]
fn a_wrong_command_line_is_exit_code_2_and_an_unknown_id_or_no_address_65() {
    run(async {
        cli(&[], &["work"]).await.with_code(2);
        cli(&[], &["no-such-command"]).await.with_code(2);
        for no_address in ["x", "x:0/readyz", ":8081", "x:99999/readyz"] {
            cli(&[], &["probe", no_address]).await.with_code(65);
        }
        let fleet = idle_fleet("cli-ids").await;
        fleet.cli(&["show", "00000000-0000-4000-8000-00000000ffff"]).await.with_code(65);
        fleet.cli(&["dead", "show", "4711"]).await.with_code(65);
        let discard = ["dead", "discard", "4711", "--actor", "supervisor", "--reason", "a test"];
        fleet.cli(&discard).await.with_code(65);
        fleet.cli(&["dead", "list", "--state", "sleeping"]).await.with_code(65);
        fleet.finish().await;
    });
}

#[test]
fn a_process_whose_services_are_away_is_alive_and_not_ready_and_stops_when_told() {
    run(async {
        let options = FleetOptions::with("cli-not-ready", vec![ProcessSpec::work("sms", &["sms"])]);
        let options = options.variable("FLEET_DATABASE_URL", "postgres://postgres:x@127.0.0.1:1/postgres");
        let fleet = Fleet::prepare(options).await;
        let mut process = fleet.process("sms").await;
        process.spawn().await;
        let address = eventually("the process to listen", SHORT, || {
            let address = process.address();
            async move { address.ok_or_else(|| "not yet".to_owned()) }
        })
        .await;
        cli(&[], &["probe", &format!("{address}/livez")]).await.with_code(0);
        cli(&[], &["probe", &format!("{address}/readyz")]).await.with_code(1);
        process.ask_to_stop();
        let status = process.ended().await;
        assert!(status.code().is_some(), "it ended by itself: {status}");
        cli(&[], &["probe", &format!("{address}/livez")]).await.with_code(69);
        drop(process);
        fleet.vhost.delete().await;
    });
}

#[test]
fn show_tells_a_jobs_and_a_consultations_story_without_personal_data() {
    run(async {
        let fleet = Fleet::start(FleetOptions::together("cli-show")).await;
        let job = jobs::sms("+81 90-5601-1000", "story@example.com");
        let id = fleet.publish(&job).await;
        fleet.outcomes_of(id, 1).await;
        let consultation = job["consultation"]["id"].as_str().expect("a consultation has an id");
        for name in [id.to_string().as_str(), consultation] {
            let text = fleet.cli(&["show", name]).await.with_code(0).output;
            assert!(text.contains("delivered") && text.contains("R15"), "{text}");
            let story = fleet.cli(&["--json", "show", name]).await.with_code(0);
            assert_eq!(story.json()[0]["job_id"], json!(id));
            for personal in ["819056011000", "story@example.com", "refund"] {
                assert!(!text.contains(personal) && !story.output.contains(personal), "{personal}");
            }
        }
        fleet.finish().await;
    });
}

#[test]
fn every_variable_that_the_harness_sets_is_one_that_the_fleet_knows() {
    run(async {
        let fleet = idle_fleet("cli-keys").await;
        let keys = cli(&[], &["--json", "keys"]).await.with_code(0).json();
        let known: Vec<&str> =
            keys.as_array().expect("a list").iter().filter_map(|key| key["variable"].as_str()).collect();
        for (name, _) in &fleet.environment {
            assert!(known.contains(&name.as_str()), "{name} is not a variable of the fleet");
        }
        fleet.finish().await;
    });
}

#[test]
fn keys_and_schemas_are_answers_that_machines_can_read() {
    run(async {
        let keys = cli(&[], &["--json", "keys"]).await.with_code(0).json();
        for key in keys.as_array().expect("a list") {
            assert!(key["variable"].as_str().is_some_and(|name| name.starts_with("FLEET_")), "{key}");
            assert!(key["meaning"].as_str().is_some_and(|meaning| !meaning.is_empty()), "{key}");
        }
        let schemas = cli(&[], &["schema"]).await.with_code(0).json();
        let names: Vec<&String> = schemas.as_object().expect("an object").keys().collect();
        assert_eq!(names.len(), 8, "{names:?}");
        assert_eq!(schemas["closure.sms.1"]["type"], "object");
        assert!(cli(&[], &["completions", "bash"]).await.with_code(0).output.contains("fleet"));
    });
}
