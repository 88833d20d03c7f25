//! Letters: emails that nobody takes, and the replay of all of them once the mail server takes them.

use std::time::Instant;

use crate::bench::measured::Measured;
use crate::bench::meter::Meter;
use crate::bench::paths::{Site, backlog};
use crate::error::Result;

/// A replay is a command of its own, which takes a hundred times as long as a death.
const DEATHS_SHARE: u32 = 10;
/// The letters that wait for a person.
const OPEN: &str = "SELECT id FROM dead_letter WHERE state = 'open' ORDER BY id";

/// Letters until all lie on the desk, then until all their jobs have ended well.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    let mut measured = backlog::measure(site, "death", site.plan.jobs / DEATHS_SHARE, &["email", "dead"])?;
    let Site { stage, interrupt, .. } = site;
    stage.outside.mail_behaves(Some("accept"))?;
    let roles = site.roles(&["email", "dead"])?;
    let letters = stage.database.query(OPEN)?;
    let count = letters.len() as f64;
    let words = ["hear", "--key", "email.accepted", "--count", &letters.len().to_string()];
    let mut load = stage.load(&words.map(str::to_owned))?;
    load.expect("begun", interrupt)?;
    let (meter, begin) = (Meter::begin(site, &roles)?, Instant::now());
    for letter in letters.iter().flatten() {
        interrupt.check()?;
        let words = ["dead", "replay", letter, "--actor", "bench", "--reason", "the mailbox exists now"];
        stage.run("operator", &words)?;
    }
    load.expect("ended", interrupt)?;
    measured.add("replay.letters_per_s", count / begin.elapsed().as_secs_f64());
    for (key, value) in meter.end(count)?.numbers {
        measured.add(format!("replay.{key}"), value);
    }
    stage.stop(roles, interrupt)?;
    load.go_on()?;
    load.expect("checked", interrupt)?;
    load.finish(interrupt)?;
    stage.queues_are_empty(interrupt)?;
    stage.outside.mail_behaves(None)?;
    Ok(measured)
}
