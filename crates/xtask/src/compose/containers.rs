//! The containers of the demo as a place where the scenario is played.

use std::path::PathBuf;
use std::process::Command;

use crate::compose::project::Project;
use crate::demo::environment::Environment;
use crate::error::Result;

/// The CRM as the demo's secrets know it.
const CRM: &str = "crm:demo-crm";

/// The demo's containers, and our own `fleet` in the place of a CRM.
pub struct Containers<'a> {
    project: &'a Project,
    fleet: PathBuf,
    rabbit_api: String,
}

impl<'a> Containers<'a> {
    /// Opens the broker's own interface to the CRM's user, whose rights stay as they are.
    pub fn open(project: &'a Project, fleet: PathBuf) -> Result<Containers<'a>> {
        let tag =
            ["exec", "--no-TTY", "rabbitmq", "rabbitmqctl", "--quiet", "set_user_tags", "crm", "management"];
        project.succeed(&tag)?;
        Ok(Containers { project, fleet, rabbit_api: format!("http://{CRM}@127.0.0.1:15672") })
    }
}

impl Environment for Containers<'_> {
    fn gateway(&self) -> &str {
        "http://127.0.0.1:8181"
    }

    fn mail_records(&self) -> &str {
        "http://127.0.0.1:8182"
    }

    fn pbx(&self) -> &str {
        "http://127.0.0.1:8183"
    }

    fn rabbit_api(&self) -> &str {
        &self.rabbit_api
    }

    fn outcomes(&self) -> Command {
        let mut command = Command::new(&self.fleet);
        // Our own reader declares the queue that it reads, which the CRM's user may not.
        command.args(["outcomes", "--queue", "crm.outcomes"]);
        command.env("FLEET_BROKER_URI", "amqp://topology:demo-topology@127.0.0.1:5672/%2f");
        command
    }

    fn desk(&self) -> Command {
        let mut command = self.project.compose(&[]);
        command.args(["run", "--rm", "--no-TTY", "operator", "--json", "dead", "list", "--limit", "1000"]);
        command
    }

    fn check(&self) -> Result<()> {
        Ok(())
    }
}
