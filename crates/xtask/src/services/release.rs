//! Which RabbitMQ a run has: the machine's own, or a newer one from a root file system of a newer Debian.

use std::path::PathBuf;

use crate::compose::engine::{Engine, Found};
use crate::error::{Result, failed};
use crate::interrupt::Interrupt;
use crate::workspace::Workspace;

/// A release line of RabbitMQ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Release {
    /// What the machine's own package brings.
    #[default]
    Installed,
    /// The oldest line of RabbitMQ 4, which Debian 13 has.
    #[value(name = "4.0")]
    V4_0,
    /// The line that docker-compose.yml names, which the Debian after it has.
    #[value(name = "4.3")]
    V4_3,
}

/// Where a node's programs are.
#[derive(Clone, Debug)]
pub enum Programs {
    /// Below `/usr`.
    Machine,
    /// Below `usr` of this root file system.
    Root(PathBuf),
}

/// A root file system that was asked for.
pub enum Root {
    /// It is here.
    Made(PathBuf),
    /// It could not be made, for this reason.
    Missing(String),
}

impl Release {
    /// The programs of this release, unpacked if they are not there yet.
    pub fn programs(self, workspace: &Workspace, interrupt: &Interrupt) -> Result<Programs> {
        if self == Release::Installed {
            return Ok(Programs::Machine);
        }
        let engine = match Engine::find(workspace, interrupt)? {
            Found::Engine(engine) => engine,
            Found::None(reason) => {
                return failed(format!(
                    "another RabbitMQ than the machine's own cannot be run here: {reason}"
                ));
            }
        };
        match self.root(&engine, interrupt)? {
            Root::Made(root) => Ok(Programs::Root(root)),
            Root::Missing(problem) => failed(format!("that RabbitMQ cannot be unpacked: {problem}")),
        }
    }

    /// The root file system with this release, made if it is not there yet.
    pub fn root(self, engine: &Engine, interrupt: &Interrupt) -> Result<Root> {
        let (suite, packages, name) = match self {
            Release::Installed => return Ok(Root::Missing("the machine's own has none".to_owned())),
            // The images of `cargo xtask compose` are made of the same one.
            Release::V4_0 => ("trixie", "rabbitmq-server,postgresql", "servers-trixie"),
            Release::V4_3 => ("forky", "rabbitmq-server", "rabbitmq-forky"),
        };
        let root = engine.images().join(name);
        let prepared = engine.root(&root, suite, packages, interrupt)?;
        Ok(prepared.settled("RabbitMQ")?.map_or_else(Root::Missing, |()| Root::Made(root)))
    }
}

impl Programs {
    /// How a program below `/usr` is started with its arguments.
    ///
    /// In a mount namespace of its own the other `/usr` lies over the machine's: files, ports and process ids stay those
    /// of the machine, so that everything else of a run is as ever.
    pub(super) fn launch(&self, program: &str, arguments: Vec<String>) -> (PathBuf, Vec<String>) {
        match self {
            Programs::Machine => (PathBuf::from(program), arguments),
            Programs::Root(root) => {
                let usr = root.join("usr").display().to_string();
                let script = r#"mount --rbind "$0" /usr && exec "$@""#;
                let before = ["--mount", "--", "/bin/sh", "-c", script, usr.as_str(), program];
                let whole = before.into_iter().map(str::to_owned).chain(arguments).collect();
                (PathBuf::from("/usr/bin/unshare"), whole)
            }
        }
    }
}
