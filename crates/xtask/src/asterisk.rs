//! A real PBX for the tests: Asterisk, which no stable release of Debian has, unpacked into a folder of its own.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::compose::engine::{Engine, Found, Prepared};
use crate::error::{Result, failed};
use crate::interrupt::Interrupt;
use crate::workspace::Workspace;

/// The releases of Debian that have it, in the order in which they are tried.
const SUITES: [&str; 2] = ["sid", "forky"];
/// The PBX, and `sipp`, which plays the agents' phones and the carrier.
const PACKAGES: &str = "asterisk,asterisk-modules,sip-tester";
/// The tests that need it, and no others: a module of `tests/tests/pbx`.
const TESTS: &str = "real_pbx::";
/// What a run types that goes without them.
const WITHOUT: [&str; 2] = ["--skip", TESTS];

/// The PBX of a run.
#[derive(Debug, PartialEq, Eq)]
pub enum Pbx {
    /// Its root file system is here.
    Unpacked(PathBuf),
    /// It cannot be had on this machine, for this reason.
    Missing(String),
}

impl Pbx {
    /// The PBX, unpacked if it is not there yet; where it cannot be had, that is said loudly.
    pub fn find(workspace: &Workspace, interrupt: &Interrupt) -> Result<Pbx> {
        let pbx = unpacked(workspace, interrupt)?;
        if let Pbx::Missing(reason) = &pbx {
            eprintln!(
                "NO REAL PBX: {reason}.\nTHE TESTS THAT NEED ASTERISK ARE LEFT OUT; the others see the simulated PBX."
            );
        }
        Ok(pbx)
    }

    /// What the tests are told of it.
    pub fn variable(&self) -> (&'static str, &OsStr) {
        match self {
            Pbx::Unpacked(root) => ("CLOSURE_TEST_ASTERISK", root.as_os_str()),
            Pbx::Missing(reason) => ("CLOSURE_TEST_NO_ASTERISK", OsStr::new(reason)),
        }
    }

    /// What the tests' own program is told, so that those are left out that need it.
    pub fn left_out(&self) -> &'static [&'static str] {
        match self {
            Pbx::Unpacked(_) => &[],
            Pbx::Missing(_) => &WITHOUT,
        }
    }
}

/// True if a test that needs it is one of these, as `--list` prints them.
pub fn is_needed(listed: &str) -> bool {
    listed.lines().any(|line| line.starts_with(TESTS))
}

/// Kept from run to run; making it takes about a minute.
fn unpacked(workspace: &Workspace, interrupt: &Interrupt) -> Result<Pbx> {
    let engine = match Engine::find(workspace, interrupt)? {
        Found::Engine(engine) => engine,
        Found::None(reason) => return Ok(Pbx::Missing(reason)),
    };
    first_of(&SUITES, |suite| {
        let root = engine.images().join(format!("asterisk-{suite}"));
        if !root.exists() {
            eprintln!("Unpacking Asterisk from Debian's {suite} …");
        }
        Ok((engine.root(&root, suite, PACKAGES, interrupt)?, root))
    })
}

/// The first release that has it; where one failed in a way that may pass, and no other has it, nobody knows.
fn first_of(suites: &[&str], mut prepare: impl FnMut(&str) -> Result<(Prepared, PathBuf)>) -> Result<Pbx> {
    let (mut problems, mut may_pass) = (Vec::new(), false);
    for suite in suites {
        match prepare(suite)? {
            (Prepared::Here, root) => return Ok(Pbx::Unpacked(root)),
            (Prepared::Impossible(problem), _) => problems.push(format!("{suite}: {problem}")),
            (Prepared::Failed(problem), _) => {
                may_pass = true;
                problems.push(format!("{suite}: {problem}"));
            }
        }
    }
    let problems = problems.join("\n");
    if may_pass {
        return failed(format!(
            "Asterisk could not be unpacked, which may pass:\n{problems}\nTry again, or leave its tests out: \
             cargo xtask test --workspace -- {}",
            WITHOUT.join(" ")
        ));
    }
    Ok(Pbx::Missing(problems))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sid: Prepared, forky: Prepared) -> Result<Pbx> {
        let mut answers = [sid, forky].into_iter();
        first_of(&SUITES, |suite| {
            Ok((answers.next().expect("each release is asked once"), PathBuf::from(suite)))
        })
    }

    #[test]
    fn a_run_goes_without_it_only_where_no_release_has_it_and_fails_where_nobody_knows() {
        let (none, away) =
            (|| Prepared::Impossible("none".to_owned()), || Prepared::Failed("away".to_owned()));
        for (sid, forky) in [(Prepared::Here, away()), (away(), Prepared::Here), (none(), Prepared::Here)] {
            assert!(matches!(found(sid, forky), Ok(Pbx::Unpacked(_))));
        }
        let missing = found(none(), none()).expect("this is settled");
        assert_eq!(missing, Pbx::Missing("sid: none\nforky: none".to_owned()));
        assert_eq!(missing.left_out(), ["--skip", "real_pbx::"]);
        for (sid, forky) in [(away(), away()), (none(), away()), (away(), none())] {
            let problem = found(sid, forky).expect_err("the run fails").to_string();
            assert!(problem.contains("away") && problem.contains("-- --skip real_pbx::"), "{problem}");
        }
    }

    #[test]
    fn it_is_unpacked_where_cargo_lists_a_test_that_needs_it() {
        let others =
            "segments::a_text: test\nfaults::real_pbx_is_only_a_word: test\n\n2 tests, 0 benchmarks\n";
        assert!(!is_needed(others));
        assert!(is_needed(&format!("{others}real_pbx::causes::each_end: test\n")));
        assert!(!is_needed(""));
    }
}
