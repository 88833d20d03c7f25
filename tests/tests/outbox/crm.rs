//! A CRM with an outbox and an inbox: its database, its programs and their ends.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use closure_tests::harness::{Database, Fleet, LONG, Services, debian_python, eventually, java};
use serde_json::Value;
use tokio::process::{Child, Command};

/// The CRM's own queue of outcomes.
pub(crate) const QUEUE: &str = "crm.inbox";
/// Jobs wait for the relay, so that a kill finds it at work.
const IN_FLIGHT: &str = "2";

fn producers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/contract/producers")
}

/// The programs of a language: how it writes the address of a database, and how often the kills kill each.
pub(crate) struct Programs {
    address: fn(&str) -> String,
    pub(crate) kills: usize,
    pub(crate) relay: fn() -> Command,
    inbox: fn() -> Command,
}

pub(crate) const PYTHON: Programs = Programs {
    address: str::to_owned,
    kills: 8,
    relay: || debian_python(&producers().join("python/relay.py")),
    inbox: || debian_python(&producers().join("python/inbox.py")),
};

pub(crate) const JAVA: Programs = Programs {
    address: jdbc,
    kills: 3, // a start takes a second
    relay: || java(&producers().join("java"), "Relay"),
    inbox: || java(&producers().join("java"), "Inbox"),
};

fn jdbc(url: &str) -> String {
    let (_, rest) = url.split_once("://").expect("an address has a scheme");
    let (login, place) = rest.rsplit_once('@').expect("the address names a user");
    let (user, password) = login.split_once(':').expect("the user has a password");
    format!("jdbc:postgresql://{place}?user={user}&password={password}")
}

/// A CRM with a database of its own, a table of its own in it, and a queue of outcomes.
pub(crate) struct Crm {
    pub(crate) database: Database,
    pub(crate) broker: String,
    pub(crate) programs: Programs,
}

impl Crm {
    pub(crate) async fn open(fleet: &Fleet, programs: Programs) -> Self {
        let database = Database::empty(&Services::from_environment()).await;
        Database::run_file(&database.url, &producers().join("outbox/tables.sql")).await;
        database.query("CREATE TABLE closed (consultation text PRIMARY KEY)").await;
        fleet.cli(&["outcomes", "--queue", QUEUE, "--count", "0"]).await.with_code(0);
        Self { database, broker: fleet.vhost.uri.clone(), programs }
    }

    /// Closes consultations and writes their messages, all in one transaction that ends with this word.
    pub(crate) async fn write(&self, messages: &[Value], end: &str) {
        let mut sql = "BEGIN;".to_owned();
        for message in messages {
            let id = message.get("job_id").unwrap_or(&message["cancel_id"]).as_str().expect("it has an id");
            let (kind, body) = (message["kind"].as_str().expect("it has a kind"), message.to_string());
            sql += &format!(
                "INSERT INTO closed VALUES ('{id}');
                 INSERT INTO outbox (message_id, kind, body)
                 VALUES ('{id}', '{kind}', convert_to('{}', 'UTF8'));",
                body.replace('\'', "''")
            );
        }
        self.database.query(&format!("{sql}{end};")).await;
    }

    pub(crate) async fn count(&self, what: &str) -> usize {
        let rows = self.database.query(&format!("SELECT count(*) FROM {what}")).await;
        rows[0].parse().expect("a count is a number")
    }

    pub(crate) async fn until(&self, what: &str, wanted: usize) {
        eventually(&format!("{wanted} rows of {what}"), LONG, || async {
            let count = self.count(what).await;
            if count >= wanted { Ok(()) } else { Err(format!("there are {count}")) }
        })
        .await;
    }

    pub(crate) fn prepared(&self, mut command: Command) -> Command {
        let database = (self.programs.address)(&self.database.url);
        command.env("CLOSURE_AMQP", &self.broker).env("CRM_DATABASE", database);
        command.env("CLOSURE_QUEUE", QUEUE).env("CLOSURE_IN_FLIGHT", IN_FLIGHT);
        command
    }

    /// Relay and reader, each with an address of a broker and with one of a database whose password is not
    /// percent-encoded.
    pub(crate) fn with_addresses_that_are_none(&self) -> Vec<Command> {
        let broker = "amqp://crm:se%cret@127.0.0.1:1/".to_owned();
        let database = (self.programs.address)("postgres://crm:se%cret@127.0.0.1:1/crm");
        let mut commands = Vec::new();
        for program in [self.programs.relay, self.programs.inbox] {
            for (name, address) in [("CLOSURE_AMQP", &broker), ("CRM_DATABASE", &database)] {
                let mut command = self.prepared(program());
                command.env(name, address);
                commands.push(command);
            }
        }
        commands
    }

    fn start(&self, command: Command) -> Child {
        let mut command = self.prepared(command);
        command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().expect("it can be started")
    }

    pub(crate) fn relay(&self) -> Child {
        self.start((self.programs.relay)())
    }

    pub(crate) fn inbox(&self) -> Child {
        self.start((self.programs.inbox)())
    }

    /// What the inbox holds: a line for each job.
    pub(crate) async fn held(&self) -> Vec<String> {
        let sql = "SELECT concat_ws(' ', job_id, generation, word, outcome_id) FROM inbox ORDER BY job_id";
        self.database.query(sql).await
    }

    pub(crate) async fn close(self, fleet: Fleet) {
        fleet.finish().await;
        self.database.drop().await;
    }
}

/// Kills a program that runs.
pub(crate) async fn kill(child: &mut Child) {
    let ended = child.try_wait().expect("a child can be asked");
    assert_eq!(ended, None, "it had ended by itself; its words are above");
    child.kill().await.expect("it can be killed");
}
