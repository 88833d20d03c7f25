//! What the CRM hears, line by line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::demo::environment::Environment;
use crate::error::{Context, Result};

/// A reader of the CRM's queue that ends with the value.
pub struct OutcomeFeed<'a> {
    environment: &'a dyn Environment,
    reader: Child,
    heard: Receiver<String>,
}

impl<'a> OutcomeFeed<'a> {
    /// Starts to read.
    pub fn open(environment: &'a dyn Environment) -> Result<OutcomeFeed<'a>> {
        let (reader, heard) = start(environment)?;
        Ok(OutcomeFeed { environment, reader, heard })
    }

    /// What was heard since the last call; a reader that has lost its broker is started again.
    pub fn news(&mut self) -> Result<Vec<String>> {
        let ended = self.reader.try_wait().context(|| "cannot watch the CRM's reader".to_owned())?.is_some();
        let news: Vec<String> = self.heard.try_iter().collect();
        // Its last lines may still be on their way through the thread that reads them.
        if ended && news.is_empty() {
            (self.reader, self.heard) = start(self.environment)?;
        }
        Ok(news)
    }
}

fn start(environment: &dyn Environment) -> Result<(Child, Receiver<String>)> {
    let mut reader = environment
        .outcomes()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context(|| "cannot start the CRM's reader".to_owned())?;
    let (tell, heard) = channel();
    if let Some(output) = reader.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(std::result::Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
    }
    Ok((reader, heard))
}

impl Drop for OutcomeFeed<'_> {
    fn drop(&mut self) {
        // The reader may have ended with the broker already.
        let _ = self.reader.kill();
        let _ = self.reader.wait();
    }
}
