//! Programs that are run to their end, and given up where they do not come to it.

use std::{
    process::{Command, Output},
    time::Duration,
};

/// How long a compiler may take, on a busy machine and with nothing in its cache.
pub const BUILD_MAX: Duration = Duration::from_secs(600);
/// What `timeout` ends with where it has given a program up.
const GIVEN_UP: i32 = 124;
/// How long a program may take to end by itself once it is told to.
const KILL_AFTER: &str = "--kill-after=10";

/// A program that is ended after this time, with everything that it began.
pub fn at_most(limit: Duration, program: &str) -> Command {
    // `timeout` makes a process group of its own, which whoever ends the tests does not end with theirs.
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "TERM", "--", "timeout", KILL_AFTER, &limit.as_secs().to_string(), program]);
    command
}

/// Runs such a program, and fails with what it printed where it was given up or did not end well.
pub fn ends_well(command: &mut Command) -> Output {
    let shown = format!("{command:?}");
    let output = command.output().unwrap_or_else(|problem| panic!("{shown}: {problem}"));
    let said = String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned();
    assert_ne!(output.status.code(), Some(GIVEN_UP), "{shown} did not come to its end: {said}");
    assert!(output.status.success(), "{shown}: {said}");
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "did not come to its end: so far")]
    fn a_program_that_does_not_end_is_given_up_with_what_it_began_and_what_it_said() {
        ends_well(at_most(Duration::from_secs(1), "bash").args(["-c", "echo so far; sleep 3600 & wait"]));
    }

    #[test]
    fn a_program_that_ends_is_not_given_up() {
        let output = ends_well(at_most(BUILD_MAX, "echo").arg("done"));
        assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n");
    }
}
