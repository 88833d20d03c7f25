//! A maildir that a mail server delivers to: what has arrived is read, then moved, and never deleted.

use std::{ffi::OsString, io, path::PathBuf};

use tokio::{fs, io::AsyncReadExt};

/// One look takes at most this many mails.
const ARRIVED_MAX: usize = 10_000;
/// The folder of what no program can use, as mail programs show it beside the inbox.
const ASIDE: &str = ".aside";

#[derive(Debug)]
pub struct Maildir {
    root: PathBuf,
}

/// A mail in the maildir, by the name that the mail server gave it.
#[derive(Debug, Clone)]
pub struct Arrived(OsString);

/// What a file in the maildir turned out to be.
#[derive(Debug)]
pub enum Content {
    Mail(Vec<u8>),
    /// The beginning of a mail that has more bytes than asked for.
    Large(Vec<u8>),
    /// No file at all.
    Unfit,
    /// Another process has moved it.
    Gone,
}

impl Maildir {
    /// Opens a maildir, and makes the folder for what is put aside.
    pub async fn open(root: PathBuf) -> io::Result<Self> {
        for folder in ["new", "cur"] {
            let _readable = fs::read_dir(root.join(folder)).await?;
        }
        for folder in ["new", "cur", "tmp"] {
            fs::create_dir_all(root.join(ASIDE).join(folder)).await?;
        }
        Ok(Self { root })
    }

    /// What has arrived and was not moved yet, the oldest first where the mail server names mails by their time.
    pub async fn arrived(&self) -> io::Result<Vec<Arrived>> {
        let mut names = Vec::new();
        let mut entries = fs::read_dir(self.root.join("new")).await?;
        while let Some(entry) = entries.next_entry().await? {
            let name = entry.file_name();
            if names.len() < ARRIVED_MAX && !name.as_encoded_bytes().starts_with(b".") {
                names.push(Arrived(name));
            }
        }
        names.sort_by(|one, other| one.0.cmp(&other.0));
        Ok(names)
    }

    /// The bytes of a mail, if it has no more than so many.
    pub async fn read(&self, mail: &Arrived, bytes_max: usize) -> io::Result<Content> {
        let path = self.root.join("new").join(&mail.0);
        let is_file = match fs::symlink_metadata(&path).await {
            Ok(metadata) => metadata.is_file(),
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => return Ok(Content::Gone),
            Err(problem) => return Err(problem),
        };
        if !is_file {
            return Ok(Content::Unfit);
        }
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        fs::File::open(&path).await?.take(limit).read_to_end(&mut bytes).await?;
        Ok(if bytes.len() > bytes_max { Content::Large(bytes) } else { Content::Mail(bytes) })
    }

    /// Marks a mail as read.
    pub async fn keep_as_read(&self, mail: &Arrived) -> io::Result<()> {
        let mut name = mail.0.clone();
        name.push(":2,S");
        self.rename(mail, self.root.join("cur").join(name)).await
    }

    /// Keeps a mail for a person.
    pub async fn put_aside(&self, mail: &Arrived) -> io::Result<()> {
        self.rename(mail, self.root.join(ASIDE).join("new").join(&mail.0)).await
    }

    async fn rename(&self, mail: &Arrived, to: PathBuf) -> io::Result<()> {
        match fs::rename(self.root.join("new").join(&mail.0), to).await {
            // Another process was faster; what a report says is written once, whoever reads it.
            Err(gone) if gone.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

impl std::fmt::Display for Arrived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.display())
    }
}
