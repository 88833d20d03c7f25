//! A stream that cannot be flooded, that is read line by line, and that tells whether anything waits unread.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

/// A server may say at most this much about one mail, and as much before the first one.
const READ_BYTES_MAX: usize = 256 * 1024;
/// Of one line at most this many bytes are kept; what is longer is read to its end and forgotten.
const LINE_BYTES_KEPT: usize = 1_024;
/// One read from the socket.
const CHUNK_BYTES: usize = 4 * 1024;

/// What lies below the limits: TCP or TLS.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + fmt::Debug> Transport for T {}

/// A connection's bytes.
///
/// What arrives is kept here until somebody asks for it: plain text that came along with the reply to STARTTLS is found
/// before the encrypted session begins, and one reply too many before the next mail.
#[derive(Debug)]
pub(crate) struct Wire {
    inner: Box<dyn Transport>,
    pending: Vec<u8>,
    read_bytes: usize,
    is_flooded: bool,
}

/// A line without its end.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its first bytes.
    pub(crate) bytes: Vec<u8>,
    /// Whether its end came.
    pub(crate) end: LineEnd,
}

/// How a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineEnd {
    /// With a line end.
    Whole,
    /// With all that a server may say: nothing more is read from this connection.
    AtTheLimit,
    /// With the connection.
    Cut,
}

impl Wire {
    pub(crate) fn new(inner: impl Transport + 'static) -> Self {
        Self { inner: Box::new(inner), pending: Vec::new(), read_bytes: 0, is_flooded: false }
    }

    /// Whether nothing waits to be read, the end of the connection included.
    ///
    /// It looks at what has arrived, so that a word on its way escapes it.
    pub(crate) fn is_quiet(&mut self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        !self.is_flooded && self.pending.is_empty() && self.poll_fill(&mut cx).is_pending()
    }

    /// Begins to count anew what the server says.
    pub(crate) fn allow_for_one_mail(&mut self) {
        self.read_bytes = 0;
    }

    /// What lies below; nothing if something was said that nobody has read.
    pub(crate) fn into_inner(self) -> Option<Box<dyn Transport>> {
        (self.pending.is_empty() && !self.is_flooded).then_some(self.inner)
    }

    /// The next line; an error where the connection ends before anything of it came.
    pub(crate) async fn line(&mut self) -> io::Result<Line> {
        let mut bytes = Vec::new();
        loop {
            if let Some(at) = self.pending.iter().position(|byte| *byte == b'\n') {
                let rest = self.pending.split_off(at + 1);
                let line = std::mem::replace(&mut self.pending, rest);
                keep(&mut bytes, line.strip_suffix(b"\n").unwrap_or(&line));
                while bytes.last() == Some(&b'\r') {
                    bytes.pop();
                }
                return Ok(Line { bytes, end: LineEnd::Whole });
            }
            keep(&mut bytes, &self.pending);
            self.pending.clear();
            if self.read_bytes > READ_BYTES_MAX {
                self.is_flooded = true;
                return Ok(Line { bytes, end: LineEnd::AtTheLimit });
            }
            match std::future::poll_fn(|cx| self.poll_fill(cx)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) if !bytes.is_empty() => return Ok(Line { bytes, end: LineEnd::Cut }),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Err(problem) => return Err(problem),
            }
        }
    }

    /// Writes all of it.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.inner.write_all(bytes).await?;
        self.inner.flush().await
    }

    /// Reads what has come, and tells how many bytes that were.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut chunk = [0; CHUNK_BYTES];
        let mut chunk = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut chunk))?;
        let filled = chunk.filled();
        self.read_bytes = self.read_bytes.saturating_add(filled.len());
        self.pending.extend_from_slice(filled);
        Poll::Ready(Ok(filled.len()))
    }
}

fn keep(line: &mut Vec<u8>, more: &[u8]) {
    let room = LINE_BYTES_KEPT.saturating_sub(line.len());
    line.extend_from_slice(&more[..more.len().min(room)]);
}
