//! What other processes are told about a run: environment variables, and `services.json` for those that need more.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::error::{Context, Result};
use crate::services::folder::RunFolder;
use crate::services::postgres::Cluster;
use crate::services::rabbitmq::Node;

const DESCRIPTION_FILE: &str = "services.json";

/// Writes `services.json` and returns the environment that names it.
pub(super) fn write(folder: &RunFolder, node: &Node, cluster: &Cluster) -> Result<Vec<(String, String)>> {
    let path = folder.path.join(DESCRIPTION_FILE);
    let environment = [
        ("CLOSURE_TEST_AMQP", node.amqp_url.clone()),
        ("CLOSURE_TEST_RABBIT_API", node.api_url.clone()),
        ("CLOSURE_TEST_PG", cluster.url.clone()),
        ("CLOSURE_TEST_SERVICES", path.display().to_string()),
    ];
    let text = format!("{:#}\n", describe(folder, node, cluster));
    write_private(&path, &text)?;
    Ok(environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Writes a file that holds a password: at once, and readable for its owner only.
pub(super) fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&name)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&name, path))
        .context(|| format!("cannot write {}", path.display()))
}

fn describe(folder: &RunFolder, node: &Node, cluster: &Cluster) -> serde_json::Value {
    serde_json::json!({
        "run": folder.id,
        "folder": folder.path.to_string_lossy(),
        "rabbitmq": {
            "node": node.name,
            "amqp_url": node.amqp_url,
            "api_url": node.api_url,
            "pid": first_number(&node.pid_file),
            "pid_file": node.pid_file.to_string_lossy(),
            "kill_signal": "KILL",
            "start": node.launch.to_json(),
        },
        "postgres": {
            "url": cluster.url,
            "pid": first_number(&cluster.pid_file),
            "pid_file": cluster.pid_file.to_string_lossy(),
            "data_folder": cluster.data_folder.to_string_lossy(),
            "kill_signal": "QUIT",
            "start": cluster.launch.to_json(),
        },
    })
}

/// The id that a pid file names; after a restart the file names the new one.
fn first_number(pid_file: &Path) -> Option<u32> {
    std::fs::read_to_string(pid_file).ok()?.lines().next()?.trim().parse().ok()
}
