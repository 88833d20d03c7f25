//! Job files: one job, a list of jobs, or one job a line.

use std::{io::Read, path::Path};

use bytes::Bytes;

use super::Failure;

/// A file may have at most this many bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// One document of a file.
pub struct Document {
    /// Where it came from, such as `jobs.jsonl:3`.
    pub origin: String,
    pub body: Bytes,
}

/// Reads every document of every file; `-` is standard input.
pub fn read(files: &[impl AsRef<Path>]) -> Result<Vec<Document>, Failure> {
    let mut documents = Vec::new();
    for file in files {
        let path = file.as_ref();
        let text =
            contents(path).map_err(|problem| Failure::Input(format!("{}: {problem}", path.display())))?;
        documents.extend(split(&path.display().to_string(), &text));
    }
    if documents.is_empty() {
        return Err(Failure::Input("the files hold no jobs".to_owned()));
    }
    Ok(documents)
}

fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    } else {
        std::fs::File::open(path)?.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// A list is its elements, several documents in a row are each one, and what is no JSON stays as it is.
fn split(name: &str, bytes: &[u8]) -> Vec<Document> {
    if let Ok(list) = serde_json::from_slice::<Vec<Box<serde_json::value::RawValue>>>(bytes) {
        return list
            .iter()
            .enumerate()
            .map(|(index, job)| Document {
                origin: format!("{name}[{index}]"),
                body: Bytes::copy_from_slice(job.get().as_bytes()),
            })
            .collect();
    }
    let whole: Result<Vec<Box<serde_json::value::RawValue>>, _> =
        serde_json::Deserializer::from_slice(bytes).into_iter().collect();
    match whole {
        Ok(jobs) if jobs.len() > 1 => jobs
            .iter()
            .enumerate()
            .map(|(index, job)| Document {
                origin: format!("{name}#{}", index + 1),
                body: Bytes::copy_from_slice(job.get().as_bytes()),
            })
            .collect(),
        Ok(_) | Err(_) => vec![Document { origin: name.to_owned(), body: Bytes::copy_from_slice(bytes) }],
    }
}
