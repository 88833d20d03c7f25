//! The inputs that are kept: those with a name a file each, the fuzzer's own finds together in one file.

use std::{fs, io, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};

/// Every kept input of a target: the files of `corpus/<target>`, and each line of `corpus/<target>.base64`.
pub fn kept(corpus: &Path, target: &str) -> io::Result<Vec<Vec<u8>>> {
    let mut inputs = Vec::new();
    for entry in fs::read_dir(corpus.join(target))? {
        inputs.push(fs::read(entry?.path())?);
    }
    for line in fs::read_to_string(corpus.join(format!("{target}.base64")))?.lines() {
        inputs.push(STANDARD.decode(line).map_err(io::Error::other)?);
    }
    Ok(inputs)
}
