//! The broker itself, killed and started again as `services.json` describes.

use std::{
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use super::{
    environment::Services,
    http::request,
    runtime::on_a_lasting_thread,
    wait::{LONG, eventually},
};

/// Kills the broker without a warning and starts it again on the same ports with the same data.
///
/// Every vhost of the node is gone meanwhile, so that a test that does this must run alone.
pub async fn restart_the_broker(services: &Services) {
    let description = described(services);
    let broker = &description["rabbitmq"];
    let pid_file = Path::new(text_of(&broker["pid_file"])).to_owned();
    let pid = first_number(&pid_file).expect("the broker's pid file names a process");
    kill(Pid::from_raw(pid), Signal::SIGKILL).expect("the broker can be killed");
    eventually("the broker to be gone", LONG, || async {
        match kill(Pid::from_raw(pid), None) {
            Ok(()) if !is_a_zombie(pid) => Err("it is there".to_owned()),
            Ok(()) | Err(_) => Ok(()),
        }
    })
    .await;
    let mut command = launch(&broker["start"]);
    let mut child = on_a_lasting_thread(move || command.spawn()).await.expect("the broker can be started");
    // Its end belongs to whoever ends the services; here it is only kept from staying a zombie.
    std::thread::spawn(move || child.wait());
    let url = format!("{}/api/overview", services.rabbit_api.trim_end_matches('/'));
    eventually("the broker to answer again", LONG, || async {
        match request("GET", &url, &[], b"").await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(format!("status {}", answer.status)),
            Err(problem) => Err(problem),
        }
    })
    .await;
}

/// Asks the broker something as its operator does, and expects that it is done.
pub async fn rabbitmqctl(services: &Services, arguments: &[&str]) {
    let start = &described(services)["rabbitmq"]["start"];
    let mut command = Command::new(Path::new(text_of(&start["program"])).with_file_name("rabbitmqctl"));
    command.args(arguments).stdin(Stdio::null());
    own_environment(&mut command, start);
    let output = on_a_lasting_thread(move || command.output()).await.expect("rabbitmqctl can be started");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn described(services: &Services) -> Value {
    let text = std::fs::read(&services.description).expect("services.json can be read");
    serde_json::from_slice(&text).expect("services.json is JSON")
}

fn own_environment(command: &mut Command, start: &Value) {
    command.env_clear();
    for (name, value) in start["environment"].as_object().expect("the description lists the environment") {
        command.env(name, text_of(value));
    }
}

fn launch(start: &Value) -> Command {
    let mut command = Command::new(text_of(&start["program"]));
    for argument in start["arguments"].as_array().expect("the description lists arguments") {
        command.arg(text_of(argument));
    }
    own_environment(&mut command, start);
    let log = std::fs::OpenOptions::new().append(true).create(true).open(text_of(&start["log_file"]));
    let log = log.expect("the broker's log can be written");
    command.current_dir(text_of(&start["working_folder"])).stdin(Stdio::null());
    command.stdout(log.try_clone().expect("a file can be opened twice")).stderr(log);
    command.process_group(0);
    command
}

/// A killed process stays visible until its parent has noticed.
fn is_a_zombie(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'))
}

fn first_number(pid_file: &Path) -> Option<i32> {
    std::fs::read_to_string(pid_file).ok()?.lines().next()?.trim().parse().ok()
}

fn text_of(value: &Value) -> &str {
    value.as_str().expect("the description has this text")
}
