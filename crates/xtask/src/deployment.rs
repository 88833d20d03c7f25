//! A deployment on the private services: secrets, users and rights, made by the scripts of `deploy`.
//!
//! What is shown and measured so has the users that are shipped, each with its own rights and no others.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::error::{Context, Result, failed};
use crate::http;
use crate::process::run_quietly;
use crate::services::{Services, postgres};
use crate::workspace::Workspace;

/// The CRM's own queue of outcomes.
pub const CRM_QUEUE: &str = "crm.outcomes";
/// The database of the fleet.
const DATABASE: &str = "closure";
/// Secrets that only a gateway and a PBX could give, with what our stand-ins for them know.
const FILLED_IN: [(&str, &str); 2] =
    [("nhn_secret_key", "stand-in-secret-key"), ("ari_password", "stand-in-ari-password")];
/// Stands in for `rabbitmqctl`: it writes down what it was asked, and last what came through its input.
///
/// The real one starts an Erlang machine for each of thirty questions, which takes longer than the whole rest.
const NOTED: &str =
    "#!/bin/bash\nprintf '%s\\t' \"$@\" \"$(cat)\" >>\"$CLOSURE_NOTES\"\necho >>\"$CLOSURE_NOTES\"\n";

/// The folder of secrets, and the scripts that made the users named there.
pub struct Deployment {
    deploy: PathBuf,
    secrets: PathBuf,
    rabbit_api: String,
}

impl Deployment {
    /// Makes secrets, broker users, an empty database and its users.
    pub fn prepare(workspace: &Workspace, services: &Services) -> Result<Deployment> {
        let deployment = Deployment {
            deploy: workspace.root.join("deploy"),
            secrets: services.folder().join("secrets"),
            rabbit_api: services.rabbit_api_url().to_owned(),
        };
        let server = Server::of(services.postgres_url())?;
        deployment.make_secrets(services.amqp_url(), &server)?;
        deployment.make_broker_users()?;
        deployment.make_database(&server)?;
        Ok(deployment)
    }

    /// Makes the tables with everybody's rights to them, the topology, and the queue from which the CRM reads.
    pub fn open(&self, fleet: &Path) -> Result<()> {
        run_quietly(self.command(fleet, "owner").arg("migrate"))?;
        run_quietly(&mut self.script("postgres/grants.sh"))?;
        run_quietly(self.command(fleet, "topology").args(["topology", "apply"]))?;
        self.declare(fleet, CRM_QUEUE)
    }

    /// Makes the tables of another revision and its topology; its own users are not ours, and the owner needs no grants.
    pub fn open_to_owner(&self, fleet: &Path) -> Result<()> {
        run_quietly(self.command(fleet, "owner").arg("migrate"))?;
        run_quietly(self.command(fleet, "topology").args(["topology", "apply"]))?;
        self.declare(fleet, CRM_QUEUE)
    }

    /// The fleet's database as the superuser sees it.
    pub fn superuser_url(&self, services: &Services) -> Result<String> {
        match services.postgres_url().rsplit_once('/') {
            Some((server, _)) => Ok(format!("{server}/{DATABASE}")),
            None => failed("the database's address names no database"),
        }
    }

    /// Declares a queue that gets every outcome.
    pub fn declare(&self, fleet: &Path, queue: &str) -> Result<()> {
        run_quietly(self.command(fleet, "topology").args(["outcomes", "--queue", queue, "--count", "0"]))
    }

    /// A command of ours as this user, with nothing of the caller's own settings.
    pub fn command(&self, program: &Path, user: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FLEET_") {
                command.env_remove(&name);
            }
        }
        command.envs(self.addresses(user));
        command
    }

    /// The variables that name the files of a user's addresses: the broker's, the database's, or both.
    pub fn addresses(&self, user: &str) -> Vec<(&'static str, PathBuf)> {
        let kinds = [("FLEET_BROKER_URI_FILE", "broker_uri"), ("FLEET_DATABASE_URL_FILE", "database_url")];
        let files = kinds.map(|(variable, kind)| (variable, self.secrets.join(format!("{kind}_{user}"))));
        // Another revision has no such file, and no such key.
        let hash_keys = ("FLEET_RECIPIENTS_HASH_KEYS_FILE", self.secrets.join("recipient_hash_keys"));
        files.into_iter().chain([hash_keys]).filter(|(_, file)| file.exists()).collect()
    }

    /// The file of a secret.
    pub fn file(&self, name: &str) -> PathBuf {
        self.secrets.join(name)
    }

    /// A secret.
    pub fn secret(&self, name: &str) -> Result<String> {
        let file = self.file(name);
        std::fs::read_to_string(&file).context(|| format!("cannot read {}", file.display()))
    }

    /// Opens the broker's own HTTP interface to a user, whose rights stay as they are, and answers the address.
    pub fn open_api(&self, user: &str) -> Result<String> {
        let uri = self.secret(&format!("broker_uri_{user}"))?;
        let password = password(&uri)?;
        self.tell_broker(&format!("users/{user}"), &json!({ "password": password, "tags": "management" }))?;
        let (_, place) = self.rabbit_api.rsplit_once('@').unwrap_or_default();
        Ok(format!("http://{user}:{password}@{place}"))
    }

    fn make_secrets(&self, amqp_url: &str, server: &Server<'_>) -> Result<()> {
        let made = DirBuilder::new().mode(0o700).create(&self.secrets);
        made.context(|| format!("cannot create {}", self.secrets.display()))?;
        for (name, text) in FILLED_IN {
            write(&self.file(name), text)?;
        }
        let (_, broker) = amqp_url.rsplit_once('@').unwrap_or_default();
        let mut script = self.script("make-secrets.sh");
        script.arg(&self.secrets).env("CLOSURE_BROKER_HOST", broker.trim_end_matches('/'));
        run_quietly(script.env("CLOSURE_DATABASE_HOST", format!("{}:{}", server.host, server.port)))
    }

    /// Lets `users.sh` say which users there are and what each may do, and tells the broker.
    fn make_broker_users(&self) -> Result<()> {
        let (stand_in, notes) = (self.file("rabbitmqctl"), self.file("rabbitmqctl.notes"));
        write(&stand_in, NOTED)?;
        std::fs::set_permissions(&stand_in, Permissions::from_mode(0o700))
            .context(|| format!("cannot change the permissions of {}", stand_in.display()))?;
        let mut script = self.script("rabbitmq/users.sh");
        script.arg(&self.secrets).env("RABBITMQCTL", &stand_in).env("CLOSURE_NOTES", &notes);
        run_quietly(&mut script)?;
        for line in self.secret("rabbitmqctl.notes")?.lines() {
            let words: Vec<&str> = line.split('\t').collect();
            match words.as_slice() {
                ["add_user", name, password, ..] => {
                    let body = json!({ "password": password, "tags": "" });
                    self.tell_broker(&format!("users/{name}"), &body)?;
                }
                ["--quiet", "set_permissions", "--vhost", "/", name, configure, write, read, ..] => {
                    let body = json!({ "configure": configure, "write": write, "read": read });
                    self.tell_broker(&format!("permissions/%2F/{name}"), &body)?;
                }
                ["--quiet", "list_users", ..] => {}
                _ => return failed(format!("users.sh asks what the stand-in does not know: {}", words[0])),
            }
        }
        Ok(())
    }

    fn tell_broker(&self, path: &str, body: &serde_json::Value) -> Result<()> {
        let answer =
            http::request("PUT", &self.rabbit_api, &format!("/api/{path}"), Some(&body.to_string()))?;
        match answer.status {
            200..=299 => Ok(()),
            status => failed(format!("the broker answered {status} to {path}: {}", answer.body)),
        }
    }

    fn make_database(&self, server: &Server<'_>) -> Result<()> {
        let mut psql = Command::new("psql");
        psql.args(["--no-psqlrc", "--quiet", "--command", &format!("CREATE DATABASE {DATABASE}")]);
        run_quietly(psql.env("PATH", search_path()).envs(server.superuser()))?;
        run_quietly(self.script("postgres/roles.sh").envs(server.superuser()))
    }

    /// One of the scripts of `deploy`, with this deployment's secrets.
    fn script(&self, name: &str) -> Command {
        let mut command = Command::new("bash");
        command.arg(self.deploy.join(name)).env_clear().env("PATH", search_path());
        command.env("CLOSURE_SECRETS_FOLDER", &self.secrets);
        command
    }
}

/// The database server, as its superuser reaches it.
struct Server<'a> {
    user: &'a str,
    password: &'a str,
    host: &'a str,
    port: &'a str,
}

impl<'a> Server<'a> {
    fn of(url: &'a str) -> Result<Server<'a>> {
        let parts = || {
            let (login, place) = url.split_once("://")?.1.rsplit_once('@')?;
            let (user, password) = login.split_once(':')?;
            let (host, port) = place.split_once('/')?.0.rsplit_once(':')?;
            Some(Server { user, password, host, port })
        };
        parts().map_or_else(|| failed("the database's address names no user, password, host and port"), Ok)
    }

    /// What psql and `roles.sh` read; the password goes through the environment, which no other user can see.
    fn superuser(&self) -> [(&'static str, &'a str); 7] {
        [
            ("PGHOST", self.host),
            ("PGPORT", self.port),
            ("PGUSER", self.user),
            ("PGPASSWORD", self.password),
            ("PGDATABASE", "postgres"),
            ("POSTGRES_USER", self.user),
            ("POSTGRES_DB", DATABASE),
        ]
    }
}

/// Where Debian keeps the programs that the scripts call: PostgreSQL's own client first, not the wrapper on the path.
fn search_path() -> String {
    let folder = postgres::programs().map(|folder| format!("{}:", folder.display()));
    format!("{}/usr/bin:/bin", folder.unwrap_or_default())
}

/// The password of an address.
fn password(address: &str) -> Result<&str> {
    let login = address.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    match login.and_then(|(login, _)| login.split_once(':')) {
        Some((_, password)) => Ok(password),
        None => failed("an address names no user with a password"),
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).context(|| format!("cannot write {}", path.display()))
}
