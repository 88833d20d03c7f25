//! The ways through the fleet, each measured by a file of its own.

mod advisor;
mod backlog;
mod death;
mod dial;
mod email;
mod explain;
mod fallback;
mod idle;
mod life_drain;
mod life_paced;
mod paced;
mod send;
mod storm;

use crate::bench::measured::Measured;
use crate::bench::plan::{Path, Plan};
use crate::bench::stage::Stage;
use crate::bench::stage::process::Process;
use crate::error::Result;
use crate::interrupt::Interrupt;

/// Where and how a path is measured.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    /// The services, the world outside, and the programs.
    pub stage: &'a Stage<'a>,
    /// Which path.
    pub path: Path,
    /// How much.
    pub plan: &'a Plan,
    /// What ends every wait.
    pub interrupt: &'a Interrupt,
}

impl Site<'_> {
    /// Starts roles, each ready before the next.
    fn roles(&self, names: &[&'static str]) -> Result<Vec<Process>> {
        names.iter().map(|name| self.stage.role(name, self.plan.concurrency, self.interrupt)).collect()
    }
}

/// Measures a path once, and makes sure that nothing was lost or done twice.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    match site.path {
        Path::Send => send::measure(site),
        Path::LifeDrain => life_drain::measure(site),
        Path::LifePaced => life_paced::measure(site),
        Path::Fallback => fallback::measure(site),
        Path::Email => email::measure(site),
        Path::Dial => dial::measure(site),
        Path::Death => death::measure(site),
        Path::Advisor => advisor::measure(site),
        Path::Explain => explain::measure(site),
        Path::Idle => idle::measure(site),
        Path::Storm => storm::measure(site),
    }
}
