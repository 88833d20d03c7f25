//! The services as other processes meet them: `cargo xtask services`, its file of variables, and `services.json`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use xtask::packages;
use xtask::process::{Running, holds_within};

/// How long anything here may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(150);

/// `cargo xtask services` as a process, with what it wrote for others.
struct Owner {
    process: Running,
    variables: PathBuf,
}

impl Owner {
    fn start(name: &str) -> Owner {
        let variables =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}.env", std::process::id()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg("services").arg("--print-env").arg(&variables).stdin(Stdio::null()).stdout(Stdio::null());
        Owner { process: Running::spawn(&mut command).expect("xtask can be started"), variables }
    }

    fn description(&self) -> Value {
        assert!(holds_within(LIMIT, || self.variables.exists()), "the services are not ready in time");
        let variables = std::fs::read_to_string(&self.variables).expect("the variables can be read");
        let _ = std::fs::remove_file(&self.variables);
        let line = variables.lines().find_map(|line| line.strip_prefix("export CLOSURE_TEST_SERVICES='"));
        let path = line.and_then(|line| line.strip_suffix('\'')).expect("the variables name services.json");
        let text = std::fs::read(path).expect("services.json can be read");
        serde_json::from_slice(&text).expect("services.json is JSON")
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.process.signal(Signal::KILL);
    }
}

fn text<'a>(description: &'a Value, pointer: &str) -> &'a str {
    description.pointer(pointer).and_then(Value::as_str).expect("services.json has all that README names")
}

/// The processes that carry the mark of the run in `folder`.
fn processes(folder: &str) -> Vec<Pid> {
    let mark = format!("CLOSURE_SERVICES_RUN={folder}");
    let ids = std::fs::read_dir("/proc").expect("Linux has /proc").flatten();
    let ids = ids.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?));
    ids.filter(|pid| {
        let file = format!("/proc/{}/environ", pid.as_raw_nonzero());
        let environment = std::fs::read(file).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
    })
    .collect()
}

/// True if the broker answers the AMQP protocol header with its first method.
fn speaks_amqp(description: &Value) -> bool {
    let url = text(description, "/rabbitmq/amqp_url");
    let address = url.trim_start_matches("amqp://guest:guest@").trim_end_matches('/');
    let mut answer = [0_u8];
    let asked = TcpStream::connect(address).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        stream.read_exact(&mut answer)
    });
    asked.is_ok() && answer == [1]
}

/// What a fault test does: kill the broker by its id, wait until it is gone, start it by the recorded command.
fn restart_broker(description: &Value) -> Running {
    let pid_file = text(description, "/rabbitmq/pid_file");
    let id = std::fs::read_to_string(pid_file).expect("the node has written its id");
    let pid = id.trim().parse().ok().and_then(Pid::from_raw).expect("the file holds an id");
    kill_process(pid, Signal::KILL).expect("the node can be killed");
    assert!(holds_within(LIMIT, || !speaks_amqp(description)), "a killed broker does not answer");

    let start = description.pointer("/rabbitmq/start").expect("services.json says how the node is started");
    let environment =
        start.get("environment").and_then(Value::as_object).expect("the environment is an object");
    let arguments = start.get("arguments").and_then(Value::as_array).expect("the arguments are a list");
    let mut command = Command::new(text(start, "/program"));
    command
        .args(arguments.iter().filter_map(Value::as_str))
        .env_clear()
        .envs(environment.iter().filter_map(|(name, value)| Some((name, value.as_str()?))))
        .current_dir(text(start, "/working_folder"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let process = Running::spawn(&mut command).expect("the node can be started again");
    assert!(holds_within(LIMIT, || speaks_amqp(description)), "a restarted broker answers on its old port");
    process
}

#[test]
fn two_runs_live_side_by_side_and_nothing_of_them_outlives_an_owner_that_is_told_to_stop_or_killed() {
    assert!(
        packages::missing(packages::SERVERS).is_empty(),
        "run `cargo xtask test`, which installs the servers"
    );
    let told = Owner::start("told");
    let killed = Owner::start("killed");
    let of_told = told.description();
    let of_killed = killed.description();
    assert!(speaks_amqp(&of_told) && speaks_amqp(&of_killed));
    assert_ne!(text(&of_told, "/rabbitmq/amqp_url"), text(&of_killed, "/rabbitmq/amqp_url"));
    let folder_of_told = text(&of_told, "/folder");
    let folder_of_killed = text(&of_killed, "/folder");
    assert!(processes(folder_of_told).len() >= 3, "broker, port mapper and database carry the mark");

    let restarted = restart_broker(&of_killed);
    told.process.signal(Signal::TERM);
    killed.process.signal(Signal::KILL);

    assert!(told.process.ended_within(LIMIT), "an owner that is told to stop ends");
    assert_eq!(processes(folder_of_told), [], "it ends only after its services");
    assert!(!Path::new(folder_of_told).exists(), "and after their files are gone");
    assert!(
        holds_within(LIMIT, || processes(folder_of_killed).is_empty()),
        "the guard ends what a killed owner left"
    );
    assert!(restarted.ended_within(LIMIT), "also a broker that somebody else has started again");
    assert!(holds_within(LIMIT, || !Path::new(folder_of_killed).exists()), "and removes the files");
}
