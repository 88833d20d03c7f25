//! Which test programs may have a test of a name, read off the sources, so that no other program is compiled.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Context, Result};

/// A test program that cargo can make, and the sources that its tests stand in.
#[derive(Debug)]
struct Target {
    package: String,
    kind: String,
    name: String,
    sources: Sources,
}

#[derive(Debug)]
enum Sources {
    File(PathBuf),
    /// The folder of a `main.rs` or a `lib.rs`.
    Folder(PathBuf),
}

/// What `cargo test` is told to make every program that may have a test whose name contains this; one command each.
///
/// A source that only seems to have one costs some compiling: the programs are asked afterwards.
pub fn selections(metadata: &Value, name: &str) -> Result<Vec<Vec<String>>> {
    let words: Vec<&str> = name.split("::").filter(|part| !part.is_empty()).collect();
    let (mut integration, mut units) = (BTreeSet::new(), Vec::new());
    for target in targets(metadata) {
        if !target.may_have(&words)? {
            continue;
        }
        match target.kind.as_str() {
            "test" => {
                integration.insert(target.name);
            }
            "bin" => {
                units.push(vec!["--package".to_owned(), target.package, "--bin".to_owned(), target.name])
            }
            _ => units.push(vec!["--package".to_owned(), target.package, "--lib".to_owned()]),
        }
    }
    if !integration.is_empty() {
        // With the whole workspace's features nothing is compiled again that the whole suite has compiled.
        let names = integration.into_iter().flat_map(|name| ["--test".to_owned(), name]);
        units.push(std::iter::once("--workspace".to_owned()).chain(names).collect());
    }
    Ok(units)
}

fn targets(metadata: &Value) -> Vec<Target> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    for package in list(metadata, "packages") {
        for target in list(&package, "targets") {
            let kind = text(&target["kind"][0]);
            if target["test"] != true || !["lib", "bin", "test"].contains(&kind.as_str()) {
                continue;
            }
            found.push(Target {
                package: text(&package["name"]),
                kind,
                name: text(&target["name"]),
                sources: Sources::of(Path::new(&text(&target["src_path"]))),
            });
        }
    }
    found
}

impl Sources {
    /// A `main.rs` beside a `lib.rs` is a program whose modules are the library's.
    fn of(root: &Path) -> Sources {
        let folder = root.parent().unwrap_or(root);
        let is_alone = !folder.join("lib.rs").exists();
        match root.file_name().and_then(|name| name.to_str()) {
            Some("lib.rs") => Sources::Folder(folder.to_owned()),
            Some("main.rs") if is_alone => Sources::Folder(folder.to_owned()),
            _ => Sources::File(root.to_owned()),
        }
    }
}

impl Target {
    fn may_have(&self, words: &[&str]) -> Result<bool> {
        match &self.sources {
            Sources::File(file) => is_in(file, Path::new(""), words),
            Sources::Folder(folder) => {
                let (mut folders, mut found) = (vec![folder.clone()], false);
                while let Some(next) = folders.pop().filter(|_| !found) {
                    let what = || format!("cannot read {}", next.display());
                    for entry in std::fs::read_dir(&next).context(what)? {
                        let path = entry.context(what)?.path();
                        if path.is_dir() {
                            folders.push(path);
                        } else if path.extension().is_some_and(|extension| extension == "rs") {
                            let module = path.strip_prefix(folder).unwrap_or(&path).with_extension("");
                            found = found || is_in(&path, &module, words)?;
                        }
                    }
                }
                Ok(found)
            }
        }
    }
}

fn is_in(file: &Path, module: &Path, words: &[&str]) -> Result<bool> {
    let text = std::fs::read_to_string(file).context(|| format!("cannot read {}", file.display()))?;
    Ok(has_test(&text, module, words))
}

/// True if a source has a test that may be meant: the last word is in its name or in that of a module, and the others are
/// in those of modules.
fn has_test(text: &str, module: &Path, words: &[&str]) -> bool {
    let Some((word, before)) = words.split_last() else { return false };
    let is_module = |word: &str| {
        let inner = text.lines().filter_map(|line| line.trim_start().strip_prefix("mod "));
        module.to_string_lossy().contains(word) || inner.into_iter().any(|name| name.contains(word))
    };
    if !before.iter().all(|word| is_module(word)) {
        return false;
    }
    let (mut is_test, is_in_module) = (false, is_module(word));
    for line in text.lines().map(str::trim_start) {
        if line.starts_with("#[") && (line.contains("test]") || line.contains("test(")) {
            is_test = true;
        }
        let function = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
        let Some(name) = function.and_then(|rest| rest.split(['(', '<']).next()) else { continue };
        if is_test && (is_in_module || name.contains(word)) {
            return true;
        }
        is_test = false;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "
        fn helper_of_claims() {}
        #[tokio::test(flavor = \"multi_thread\")]
        #[expect(clippy::panic, reason = \"it is meant\")]
        async fn a_claim_is_kept() {}
        #[cfg(test)]
        mod inner {
            #[test]
            fn generic<T>() {}
        }
    ";

    #[test]
    fn a_test_is_found_by_its_name_and_its_modules_and_no_other_function_is() {
        let has =
            |name: &str| has_test(TEXT, Path::new("delivery/leases"), &name.split("::").collect::<Vec<_>>());
        for word in [
            "a_claim_is_kept",
            "claim_is",
            "leases",
            "delivery",
            "inner",
            "generic",
            "leases::a_claim",
            "inner::generic",
        ] {
            assert!(has(word), "{word}");
        }
        for word in ["helper_of_claims", "expect", "outages", "outages::a_claim"] {
            assert!(!has(word), "{word}");
        }
        assert!(
            !has_test("fn a_claim_is_kept() {}", Path::new("leases"), &["leases"]),
            "no test stands there"
        );
    }

    #[test]
    fn this_test_is_found_in_this_library_alone() {
        let metadata = crate::workspace::metadata().expect("cargo knows the workspace");
        let own = "test::find::tests::this_test_is_found_in_this_library_alone";
        let found = selections(&metadata, own).expect("the sources can be read");
        assert_eq!(found, [["--package", "xtask", "--lib"]]);
        let journey =
            selections(&metadata, "the_answer_is_that_of_the_command_line").expect("they can be read");
        assert_eq!(journey, [["--workspace", "--test", "advisor"]]);
    }

    #[test]
    fn every_test_of_the_workspace_stands_where_it_is_looked_for() {
        let metadata = crate::workspace::metadata().expect("cargo knows the workspace");
        let targets = targets(&metadata);
        let is_looked_at = |path: &Path| {
            targets.iter().any(|target| match &target.sources {
                Sources::File(file) => path == file,
                Sources::Folder(folder) => path.starts_with(folder),
            })
        };
        let root = PathBuf::from(metadata["workspace_root"].as_str().expect("it has a root"));
        let (mut folders, mut count) = (vec![root.join("crates"), root.join("tests")], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).expect("a folder of the workspace").flatten() {
                let path = entry.path();
                // The fuzzer is a workspace of its own, and what is kept as others published it is theirs.
                let is_ours = !["vendor", "fuzz", "target"].iter().any(|other| path.ends_with(other));
                if path.is_dir() && is_ours {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    let text = std::fs::read_to_string(&path).expect("a source is text");
                    if has_test(&text, Path::new(""), &[""]) {
                        assert!(is_looked_at(&path), "no test of {} would be found", path.display());
                        count += 1;
                    }
                }
            }
        }
        assert!(count > 100, "only {count} files with tests were found");
    }
}
