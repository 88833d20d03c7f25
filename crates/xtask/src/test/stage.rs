//! What the tests of a run stand on, started only where one of them needs it.

use std::path::PathBuf;
use std::process::Command;

use crate::asterisk::Pbx;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::packages;
use crate::parts::Parts;
use crate::services::release::Release;
use crate::services::{Leftovers, ServiceOptions, Services};
use crate::test::program::Needs;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Names the folder with the built binaries for tests that run them as processes.
pub const BINARIES_VARIABLE: &str = "CLOSURE_TEST_BINARIES";

/// The services and tools of a run; dropping the value ends them.
pub struct Stage {
    binaries: PathBuf,
    tools: Option<Tools>,
    pbx: Option<Pbx>,
    services: Option<Services>,
}

impl Stage {
    /// Installs and starts what is needed, and nothing else.
    pub fn set_up(
        workspace: &Workspace,
        release: Release,
        needs: Needs,
        parts: &mut Parts,
        interrupt: &Interrupt,
    ) -> Result<Stage> {
        let binaries = workspace.binaries_folder();
        let mut stage = Stage { binaries, tools: None, pbx: None, services: None };
        if needs.tools {
            parts.measure("packages", || packages::ensure(packages::TESTS, interrupt))?;
            stage.tools = Some(parts.measure("tools", || Tools::install(workspace, interrupt))?);
        }
        if needs.pbx {
            stage.pbx = Some(parts.measure("Asterisk", || Pbx::find(workspace, interrupt))?);
        }
        if needs.services {
            let programs = parts.measure("RabbitMQ", || release.programs(workspace, interrupt))?;
            let options = ServiceOptions::quick(Leftovers::Remove);
            let start = || Services::start_with(&workspace.services_folder(), options, &programs, interrupt);
            let services = parts.measure("services", start)?;
            eprintln!("The tests run on RabbitMQ {}.", services.rabbit_version()?);
            stage.services = Some(services);
        } else {
            eprintln!("The tests need no services.");
        }
        Ok(stage)
    }

    /// Tells a command where everything is; what it starts ends with the services.
    pub fn tell(&self, command: &mut Command) {
        if let Some(services) = &self.services {
            services.adopt(command);
        }
        if let Some(tools) = &self.tools {
            command.envs(tools.environment().iter().map(|(name, place)| (name, place)));
        }
        command.envs(self.pbx.as_ref().map(Pbx::variable));
        command.env(BINARIES_VARIABLE, &self.binaries);
    }

    /// What the test programs are told, so that those tests are left out that cannot run on this machine.
    pub fn left_out(&self) -> &'static [&'static str] {
        self.pbx.as_ref().map_or(&[], Pbx::left_out)
    }

    /// Ends the services; where a test failed, their logs stay.
    pub fn strike(mut self, is_success: bool, parts: &mut Parts) {
        if let Some(services) = self.services.as_mut().filter(|_| !is_success) {
            services.leave_folder();
            eprintln!("The services' logs stay in {} until the next run.", services.folder().display());
        }
        parts.measure("stop", || drop(self));
    }
}
