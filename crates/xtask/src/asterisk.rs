//! A real PBX for the tests: Asterisk, which no stable release of Debian has, unpacked into a folder of its own.

use std::path::PathBuf;

use crate::compose::engine::{Engine, Found};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::services::release::Root;
use crate::workspace::Workspace;

/// The releases of Debian that have it, in the order in which they are tried.
const SUITES: [&str; 2] = ["sid", "forky"];
/// The PBX, and `sipp`, which plays the agents' phones and the carrier.
const PACKAGES: &str = "asterisk,asterisk-modules,sip-tester";
/// The tests that need it, and no others: a module of `tests/tests/pbx`.
const TESTS: &str = "real_pbx::";

/// Why there is none.
const MISSING: &str = "CLOSURE_TEST_NO_ASTERISK";

/// What leaves the tests that need it out, where there is none.
pub fn without((name, _): &(&'static str, PathBuf)) -> Option<[&'static str; 2]> {
    (*name == MISSING).then_some(["--skip", TESTS])
}

/// What the tests are told of it: where it is, or why it is not here.
pub fn environment(workspace: &Workspace, interrupt: &Interrupt) -> Result<(&'static str, PathBuf)> {
    Ok(match root(workspace, interrupt)? {
        Root::Made(root) => ("CLOSURE_TEST_ASTERISK", root),
        Root::Missing(reason) => {
            eprintln!(
                "NO REAL PBX: {reason}.\nTHE TESTS THAT NEED ASTERISK ARE LEFT OUT; the others see the simulated PBX."
            );
            (MISSING, PathBuf::from(reason))
        }
    })
}

/// True if these arguments for `cargo test` may choose a test that needs it.
pub fn is_needed(arguments: &[String]) -> bool {
    let (mut packages, mut tests, mut skipped) = (Vec::new(), Vec::new(), false);
    let mut words = arguments.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-p" | "--package" => packages.extend(words.next()),
            "--test" => tests.extend(words.next()),
            "--skip" => skipped |= words.next() == Some(TESTS),
            _ => {}
        }
    }
    let names = |chosen: &[&str], name: &str| chosen.is_empty() || chosen.contains(&name);
    !skipped && names(&packages, "closure-tests") && names(&tests, "pbx")
}

/// Kept from run to run; making it takes about a minute.
fn root(workspace: &Workspace, interrupt: &Interrupt) -> Result<Root> {
    let engine = match Engine::find(workspace, interrupt)? {
        Found::Engine(engine) => engine,
        Found::None(reason) => return Ok(Root::Missing(reason)),
    };
    let mut problems = Vec::new();
    for suite in SUITES {
        let root = engine.images().join(format!("asterisk-{suite}"));
        if !root.exists() {
            eprintln!("Unpacking Asterisk from Debian's {suite} …");
        }
        match engine.root(&root, suite, PACKAGES, interrupt)? {
            None => return Ok(Root::Made(root)),
            Some(problem) => problems.push(format!("{suite}: {problem}")),
        }
    }
    Ok(Root::Missing(problems.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::is_needed;

    #[test]
    fn it_is_unpacked_for_runs_that_may_need_it_alone() {
        let needed =
            |words: &str| is_needed(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
        for words in
            ["", "--no-fail-fast", "-p closure-tests", "-p closure-tests --test faults --test pbx -- causes"]
        {
            assert!(needed(words), "{words}");
        }
        for words in
            ["-p closure-store", "-p closure-tests --test faults", "--workspace -- --skip real_pbx::"]
        {
            assert!(!needed(words), "{words}");
        }
    }
}
