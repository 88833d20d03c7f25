//! The example programs of languages that are compiled, by Debian's compilers and with Debian's packages.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use tokio::process::Command;

use super::{
    environment::{Services, kept},
    limited::{BUILD_MAX, at_most, ends_well},
};

/// What Debian's packages put into `/usr/share/java`.
const JARS: [&str; 7] = [
    "amqp-client",
    "jackson-annotations",
    "jackson-core",
    "jackson-databind",
    "postgresql",
    "slf4j-api",
    "slf4j-nop",
];

static JAVA: OnceLock<PathBuf> = OnceLock::new();
static GO: OnceLock<PathBuf> = OnceLock::new();

/// A class of a folder of Java sources, which are compiled together once per test binary.
///
/// The oldest Java that they are for is 11, and the compiler's every warning is an error.
pub fn java(sources: &Path, class: &str) -> Command {
    let classes = JAVA.get_or_init(|| {
        let classes = folder("java");
        let files = std::fs::read_dir(sources).expect("the folder can be read").flatten();
        let mut compiler = at_most(BUILD_MAX, "javac");
        compiler.args(["--release", "11", "-encoding", "UTF-8", "-Xlint:all", "-Werror"]);
        compiler.args(["-cp", &jars(), "-d"]).arg(&classes).args(files.map(|file| file.path()));
        ends_well(&mut compiler);
        classes
    });
    let mut command = Command::new("java");
    command.args(["-XX:TieredStopAtLevel=1", "-cp", &format!("{}:{}", classes.display(), jars())]);
    command.arg(class);
    kept(command)
}

/// A program of a folder of Go programs, which are compiled once per test binary.
pub fn go(sources: &Path, program: &str) -> Command {
    let programs = GO.get_or_init(|| {
        let programs = folder("go");
        for entry in std::fs::read_dir(sources).expect("the folder can be read").flatten() {
            let mut compiler = at_most(BUILD_MAX, "go");
            // Debian's packages lie in a workspace of the kind that Go had before its modules.
            compiler.envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOFLAGS", "")]);
            compiler.env("GOCACHE", programs.join("cache")).current_dir(entry.path());
            ends_well(compiler.args(["build", "-o"]).arg(programs.join(entry.file_name())).arg("."));
        }
        programs
    });
    kept(Command::new(programs.join(program)))
}

fn jars() -> String {
    JARS.map(|name| format!("/usr/share/java/{name}.jar")).join(":")
}

/// Beside the services' own files, so that whoever removes those removes it as well.
pub(super) fn folder(name: &str) -> PathBuf {
    let services = Services::from_environment();
    let beside = services.description.parent().expect("a file lies in a folder");
    let folder = beside.join(format!("{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}
