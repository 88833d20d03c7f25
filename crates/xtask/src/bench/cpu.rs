//! What processes cost, as the kernel counts it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Context, Result, failed};

/// Linux counts a process's CPU time in hundredths of a second for everybody who reads it.
const TICK_MS: f64 = 10.0;

/// The fields of `/proc/<pid>/stat` behind the name of the process.
struct Stat {
    parent: u32,
    /// Its own time.
    ticks: u64,
    /// The time of its children that have ended.
    ended_children_ticks: u64,
}

/// The CPU time of a process and everything below it, ended or not, in milliseconds.
pub fn tree_ms(root: u32) -> Result<f64> {
    let ticks: u64 = living_tree(root)?.iter().map(|(_, stat)| stat.ticks + stat.ended_children_ticks).sum();
    Ok(ticks as f64 * TICK_MS)
}

/// The ids of a process and of everything below it.
pub fn tree(root: u32) -> Result<Vec<u32>> {
    Ok(living_tree(root)?.into_iter().map(|(pid, _)| pid).collect())
}

fn living_tree(root: u32) -> Result<Vec<(u32, Stat)>> {
    let mut all = processes()?;
    let Some(top) = all.remove(&root) else {
        return failed(format!("process {root} has ended while it was measured"));
    };
    let mut found = vec![(root, top)];
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        let children = all.extract_if(.., |_, stat| stat.parent == parent);
        for (pid, stat) in children {
            parents.push(pid);
            found.push((pid, stat));
        }
    }
    Ok(found)
}

/// The CPU time of our own children that have ended, in milliseconds.
pub fn ended_children_ms() -> Result<f64> {
    match stat(std::process::id()) {
        Some(own) => Ok(own.ended_children_ticks as f64 * TICK_MS),
        None => failed("the system does not say what our children cost"),
    }
}

/// The most memory that a process has had resident, in MiB.
pub fn peak_memory_mib(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/status");
    let text = std::fs::read_to_string(&path).context(|| format!("cannot read {path}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    match kib {
        Some(kib) => Ok(kib / 1024.0),
        None => failed(format!("{path} has no VmHWM")),
    }
}

fn processes() -> Result<BTreeMap<u32, Stat>> {
    let entries = std::fs::read_dir("/proc").context(|| "cannot read /proc".to_owned())?;
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    // A process that ends between the two looks has no file any more; its parent has its time.
    Ok(pids.filter_map(|pid| Some((pid, stat(pid)?))).collect())
}

fn stat(pid: u32) -> Option<Stat> {
    let text = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    parse(&text)
}

/// The name may hold spaces and parentheses, so that the fields are counted from its last parenthesis.
fn parse(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        ticks: number(11)? + number(12)?,
        ended_children_ticks: number(13)? + number(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_fields_are_found_behind_a_name_with_spaces_and_parentheses() {
        let text = "42 (a (b) c) S 7 42 42 0 -1 4194304 1 2 3 4 100 20 30 4 20 0 1 0 5 6 7";
        let stat = parse(text).expect("it is of the kernel's form");
        assert_eq!((stat.parent, stat.ticks, stat.ended_children_ticks), (7, 120, 34));
    }
}
