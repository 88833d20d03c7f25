//! `cargo xtask services`: both services and the tools for a person who runs single tests, until Ctrl-C.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::packages;
use crate::services::description::write_private;
use crate::services::{Durability, Leftovers, ServiceOptions, Services, StatementCounts};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// The options of `cargo xtask services`.
#[derive(clap::Args, Debug)]
pub struct Arguments {
    /// Leave the folder with data and logs at the end; the next run removes it
    #[arg(long)]
    keep: bool,
    /// Let PostgreSQL wait for the disk at each commit, as in production
    #[arg(long)]
    synced: bool,
    /// Write the `export` lines to this file too, once the services are ready
    #[arg(long, value_name = "FILE")]
    print_env: Option<PathBuf>,
}

/// Installs the tools, starts the services, prints the environment of both and waits for a signal.
pub fn run(arguments: &Arguments, interrupt: &Interrupt) -> Result<ExitCode> {
    packages::ensure(packages::TESTS, interrupt)?;
    let options = ServiceOptions {
        durability: if arguments.synced { Durability::Synced } else { Durability::Unsynced },
        statement_counts: StatementCounts::NotKept,
        leftovers: if arguments.keep { Leftovers::Leave } else { Leftovers::Remove },
    };
    let workspace = Workspace::find()?;
    let tools = Tools::install(&workspace, interrupt)?;
    let services = Services::start(&workspace.services_folder(), options, interrupt)?;
    let lines = export_lines(&services, &tools);
    print!("{lines}");
    if let Some(file) = &arguments.print_env {
        write_private(file, &lines)?;
    }
    eprintln!("RabbitMQ and PostgreSQL are ready in {}; Ctrl-C ends them.", services.folder().display());
    interrupt.wait();
    Ok(ExitCode::SUCCESS)
}

fn export_lines(services: &Services, tools: &Tools) -> String {
    let quoted = |value: &str| value.replace('\'', "'\\''");
    let line = |name: &str, value: &str| format!("export {name}='{}'\n", quoted(value));
    let services = services.environment().iter().map(|(name, value)| line(name, value));
    let tools = tools.environment().iter().map(|(name, place)| line(name, &place.to_string_lossy()));
    services.chain(tools).collect()
}
