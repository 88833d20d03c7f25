//! Lines of a connection, with a bound on each.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// A command line has at most this many bytes; RFC 5321 asks for 512 and extensions for more.
pub(super) const COMMAND_BYTES_MAX: usize = 4_096;

/// Reads lines.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
}

/// One line as it came.
pub(super) enum Line {
    /// A line, or the beginning of one that is longer than the bound; with its ending, if that was in it.
    Bytes(Vec<u8>),
    /// The other side is gone.
    End,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { reader: BufReader::new(stream) }
    }

    /// The next line of at most so many bytes; the rest of a longer one comes as further lines.
    pub(super) async fn next(&mut self, bytes_max: usize) -> io::Result<Line> {
        let mut line = Vec::new();
        let bytes_max = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        let read = (&mut self.reader).take(bytes_max).read_until(b'\n', &mut line).await?;
        Ok(if read == 0 { Line::End } else { Line::Bytes(line) })
    }
}
