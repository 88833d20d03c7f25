//! One project of Docker Compose, and what its containers say of themselves.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::error::{Context, Result, failed};
use crate::interrupt::Interrupt;
use crate::process::{Foreground, Said};

/// Between two looks at the containers.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How long one command of Compose may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(300);
/// How long the services may take until all of them are well, once they are started.
const WELL_LIMIT: Duration = Duration::from_secs(180);
/// How many lines of a container's log a failure quotes.
const QUOTED_LINES: &str = "15";

/// A project: its files, its variables, and a folder for what it is configured with.
pub struct Project {
    /// The workspace.
    pub root: PathBuf,
    /// The folder for what it is configured with.
    pub folder: PathBuf,
    /// Asks every wait to end.
    pub interrupt: Interrupt,
    variables: PathBuf,
    profiles: Vec<&'static str>,
    files: Vec<&'static str>,
}

/// One container, as `docker compose ps` tells of it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Container {
    /// The container's name.
    pub name: String,
    /// The service that it belongs to.
    pub service: String,
    /// Such as `running` or `exited`.
    pub state: String,
    /// Such as `healthy`; empty where nobody asks it.
    pub health: String,
    /// What it ended with.
    pub exit_code: i32,
}

impl Container {
    /// What is not well with it: it has to be up and healthy, or to have done its one thing.
    fn ailment(&self) -> Option<String> {
        let well = match (self.state.as_str(), self.health.as_str()) {
            ("running", "healthy" | "") => true,
            ("exited", _) => self.exit_code == 0 && ONE_SHOT.contains(&self.service.as_str()),
            _ => false,
        };
        (!well).then(|| format!("{} is {} {} ({})", self.name, self.state, self.health, self.exit_code))
    }
}

/// The services that do one thing and end.
const ONE_SHOT: [&str; 7] =
    ["broker-users", "topology", "broker-ready", "database-users", "migrate", "database-ready", "templates"];

impl Project {
    /// A project with these lines in its `.env` and these profiles.
    pub fn new(
        root: &Path,
        folder: PathBuf,
        variables: &str,
        profiles: &[&'static str],
        interrupt: &Interrupt,
    ) -> Result<Project> {
        std::fs::create_dir_all(&folder).context(|| format!("cannot create {}", folder.display()))?;
        let project = Project {
            root: root.to_owned(),
            variables: folder.join("variables.env"),
            folder,
            interrupt: interrupt.clone(),
            profiles: profiles.to_vec(),
            files: vec!["docker-compose.yml", "tests/compose/watched.yml"],
        };
        project.configure(variables)?;
        Ok(project)
    }

    /// Puts these lines into its `.env`, for the next `up`.
    pub fn configure(&self, variables: &str) -> Result<()> {
        let file = &self.variables;
        std::fs::write(file, variables).context(|| format!("cannot write {}", file.display()))
    }

    /// With one more of the repository's files.
    pub fn with_file(mut self, file: &'static str) -> Project {
        self.files.push(file);
        self
    }

    /// `docker compose` with the project's files, and the one that shows the broker's own interface.
    pub fn compose(&self, profiles: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(["compose", "--project-name", "closure", "--project-directory"]).arg(&self.root);
        command.arg("--env-file").arg(&self.variables);
        for file in &self.files {
            command.arg("--file").arg(self.root.join(file));
        }
        for profile in profiles {
            command.args(["--profile", profile]);
        }
        command
    }

    /// Runs a command of the project, whatever it ends with.
    pub fn ask(&self, arguments: &[&str]) -> Result<Said> {
        self.ask_with(&self.profiles, arguments)
    }

    /// The same with other profiles.
    pub fn ask_with(&self, profiles: &[&str], arguments: &[&str]) -> Result<Said> {
        Foreground::read(self.compose(profiles).args(arguments), COMMAND_LIMIT, &self.interrupt)
    }

    /// Runs one that must end well, and answers its output.
    pub fn succeed(&self, arguments: &[&str]) -> Result<Said> {
        let said = self.ask(arguments)?;
        if said.code == Some(0) {
            return Ok(said);
        }
        failed(format!("`docker compose {}` {}", arguments.join(" "), said.complaint()))
    }

    /// Every container of the project.
    pub fn containers(&self) -> Result<Vec<Container>> {
        let said = self.succeed(&["ps", "--all", "--format", "json"])?;
        let read = |line: &str| serde_json::from_str(line);
        let containers: std::result::Result<Vec<Container>, _> = said.output.lines().map(read).collect();
        containers.context(|| "`docker compose ps` said something else than one container a line".to_owned())
    }

    /// What is not well now.
    pub fn ailments(&self) -> Result<Vec<String>> {
        Ok(self.containers()?.iter().filter_map(Container::ailment).collect())
    }

    /// Waits until every container is well, and answers how long that took.
    pub fn wait_until_well(&self) -> Result<Duration> {
        let start = Instant::now();
        loop {
            let ailments = self.ailments()?;
            if ailments.is_empty() {
                return Ok(start.elapsed());
            }
            if start.elapsed() >= WELL_LIMIT {
                return failed(format!("{}\n{}", ailments.join("\n"), self.logs_of_the_unwell()?));
            }
            self.interrupt.pause(LOOK_INTERVAL)?;
        }
    }

    /// Starts everything and waits until it is well; answers how long that took in all.
    pub fn up(&self, more: &[&str]) -> Result<Duration> {
        let start = Instant::now();
        let said = self.ask(&[&["up", "--detach"], more].concat())?;
        if said.code != Some(0) {
            return failed(format!(
                "`docker compose up` {}\n{}",
                said.complaint(),
                self.logs_of_the_unwell()?
            ));
        }
        self.wait_until_well()?;
        Ok(start.elapsed())
    }

    /// A fact about a service's first container, in the words of `docker inspect`.
    pub fn fact(&self, service: &str, format: &str) -> Result<String> {
        let containers = self.containers()?;
        let Some(container) = containers.iter().find(|container| container.service == service) else {
            return failed(format!("there is no container of {service}"));
        };
        docker(&["inspect", "--format", format, &container.name], &self.interrupt)
    }

    fn logs_of_the_unwell(&self) -> Result<String> {
        let mut logs = String::new();
        for container in self.containers()?.iter().filter(|container| container.ailment().is_some()) {
            let mut command = Command::new("docker");
            command.args(["logs", "--tail", QUOTED_LINES, &container.name]);
            let said = Foreground::read(&mut command, COMMAND_LIMIT, &self.interrupt)?;
            logs.push_str(&format!("--- {}\n{}{}", container.name, said.output, said.errors));
        }
        Ok(logs)
    }
}

/// Runs a command of the engine that must end well, and answers its output.
pub fn docker(arguments: &[&str], interrupt: &Interrupt) -> Result<String> {
    let said = Foreground::read(Command::new("docker").args(arguments), COMMAND_LIMIT, interrupt)?;
    if said.code == Some(0) {
        return Ok(said.output.trim().to_owned());
    }
    failed(format!("`docker {}` {}", arguments.join(" "), said.complaint()))
}

#[cfg(test)]
mod tests {
    use super::Container;

    fn ailment(service: &str, state: &str, health: &str, exit_code: i32) -> Option<String> {
        let (name, service) = (format!("closure-{service}-1"), service.to_owned());
        Container { name, service, state: state.to_owned(), health: health.to_owned(), exit_code }.ailment()
    }

    #[test]
    fn a_container_is_well_that_is_up_and_healthy_or_has_done_its_one_thing() {
        assert_eq!(ailment("sms", "running", "healthy", 0), None);
        assert_eq!(ailment("nhn", "running", "", 0), None, "nobody asks the stand-ins");
        assert_eq!(ailment("migrate", "exited", "", 0), None);
    }

    #[test]
    fn a_container_is_not_well_that_starts_restarts_has_failed_or_has_ended_although_it_should_stay_up() {
        for (service, state, health, exit_code) in [
            ("sms", "running", "starting", 0),
            ("sms", "running", "unhealthy", 0),
            ("sms", "restarting", "", 64),
            ("sms", "exited", "", 0),
            ("migrate", "exited", "", 64),
            ("migrate", "created", "", 0),
        ] {
            let said = ailment(service, state, health, exit_code);
            assert!(
                said.is_some_and(|said| said.contains(service)),
                "{service} {state} {health} {exit_code}"
            );
        }
    }
}
