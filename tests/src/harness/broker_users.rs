//! The broker's users, with the rights that `deploy/rabbitmq/users.sh` gives them.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use tokio::{process::Command, sync::OnceCell};

use super::vhost::Vhost;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/rabbitmq/users.sh");
/// The password of every user of the broker but its own.
pub(super) const PASSWORD: &str = "broker-0123456789";
/// Whom the script makes.
const USERS: [&str; 12] = [
    "topology", "crm", "sms", "email", "dial", "fallback", "dead", "cancel", "intake", "webhooks",
    "operator", "doctor",
];
/// In the place of `rabbitmqctl`: a password comes through a pipe, and whoever writes into one that nobody reads is
/// ended. From RabbitMQ 4 on it is read only where two words are all that rabbitmqctl is given.
const STAND_IN: &str = r#"#!/bin/bash
printf '%s\t' "$@" >>"$ASKED"
echo >>"$ASKED"
if [[ "$*" =~ (add_user|change_password) && $# -ne 2 ]]; then echo 'no password is read' >&2; exit 70; fi
if [[ -p /dev/stdin ]]; then cat >/dev/null; fi
"#;

static RIGHTS: OnceCell<BTreeMap<String, [String; 3]>> = OnceCell::const_new();

/// What the script would tell the broker: user, then what it may configure, write and read.
pub async fn broker_rights(former_workers: &str) -> BTreeMap<String, [String; 3]> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let (stand_in, asked) = (folder.path().join("rabbitmqctl"), folder.path().join("asked"));
    std::fs::write(&stand_in, STAND_IN).expect("a program can be written");
    std::fs::set_permissions(&stand_in, std::fs::Permissions::from_mode(0o700)).expect("it is our own file");
    for user in USERS {
        let uri = format!("amqp://{user}:{PASSWORD}@localhost/%2f");
        std::fs::write(folder.path().join(format!("broker_uri_{user}")), uri)
            .expect("a secret can be written");
    }
    let output = Command::new("bash")
        .arg(SCRIPT)
        .arg(folder.path())
        .envs([("RABBITMQCTL", &stand_in), ("ASKED", &asked)])
        .env("CLOSURE_FORMER_WORKERS", former_workers)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("bash can be started");
    assert!(output.status.success(), "users.sh: {}", String::from_utf8_lossy(&output.stderr));
    let asked = std::fs::read_to_string(asked).expect("the file can be read");
    asked
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .filter(|words| words.contains(&"set_permissions"))
        .map(|words| {
            let word = |index: usize| words[index].to_owned();
            (word(4), [word(5), word(6), word(7)])
        })
        .collect()
}

/// Lets the users of these roles into a vhost, each with its own rights; they are the same users in every vhost.
pub(super) async fn admit(vhost: &Vhost, roles: &BTreeSet<&str>) {
    let rights = RIGHTS.get_or_init(|| made(vhost)).await;
    for role in roles {
        vhost.admit(role, &rights[*role]).await;
    }
}

/// Makes every user, and answers what each may do.
async fn made(vhost: &Vhost) -> BTreeMap<String, [String; 3]> {
    let rights = broker_rights("no").await;
    for user in rights.keys() {
        vhost.make_user(user, PASSWORD).await;
    }
    rights
}
