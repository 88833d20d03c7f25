//! A stream that cannot be flooded, that hands out one line at a time, and that tells whether anything waits unread.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A server may say at most this much about one mail, and as much before the first one.
const READ_BYTES_MAX: usize = 256 * 1024;
/// One read from the socket.
const CHUNK_BYTES: usize = 4 * 1024;

/// What lies below the limits: TCP or TLS.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Unpin + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + fmt::Debug> Transport for T {}

/// A stream with the guards that the SMTP library lacks; the library holds one end of it, and we another.
///
/// It ends with an error after [`READ_BYTES_MAX`], because the library reads a line of any length.
/// It never hands out bytes beyond a line end, because the library would keep them to itself: plain text that came
/// along with the reply to STARTTLS would later pass for replies of the encrypted session, and one reply too many for
/// the reply to the next mail.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<Mutex<Guarded>>);

#[derive(Debug)]
struct Guarded {
    inner: Box<dyn Transport>,
    pending: Vec<u8>,
    read_bytes: usize,
}

impl Wire {
    pub(crate) fn new(inner: impl Transport + 'static) -> Self {
        Self::that_begins_with(b"", inner)
    }

    /// A stream that hands these bytes out before its own.
    pub(crate) fn that_begins_with(bytes: &[u8], inner: impl Transport + 'static) -> Self {
        let guarded = Guarded { inner: Box::new(inner), pending: bytes.to_vec(), read_bytes: 0 };
        Self(Arc::new(Mutex::new(guarded)))
    }

    /// Whether nothing waits to be read, the end of the connection included.
    ///
    /// It looks at what has arrived, so that a word on its way escapes it.
    pub(crate) fn is_quiet(&self) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        self.lock().poll_line(&mut cx, &mut ReadBuf::new(&mut [])).is_pending()
    }

    /// Begins to count anew what the server says.
    pub(crate) fn allow_for_one_mail(&self) {
        self.lock().read_bytes = 0;
    }

    /// What lies below, once the library has let its end go; nothing if something was said that nobody has read.
    pub(crate) fn into_inner(self) -> Option<Box<dyn Transport>> {
        let guarded = Arc::into_inner(self.0)?.into_inner().unwrap_or_else(PoisonError::into_inner);
        guarded.pending.is_empty().then_some(guarded.inner)
    }

    fn lock(&self) -> MutexGuard<'_, Guarded> {
        // Nothing is half done when a holder panics: it reads or writes whole pieces.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        // The library hands it on to whoever asks, and nobody does.
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Guarded {
    fn poll_line(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.pending.is_empty() {
            let mut chunk = [0; CHUNK_BYTES];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut chunk))?;
            self.read_bytes = self.read_bytes.saturating_add(chunk.filled().len());
            if self.read_bytes > READ_BYTES_MAX {
                return Poll::Ready(Err(io::Error::other("the mail server says more than the limit")));
            }
            self.pending.extend_from_slice(chunk.filled());
        }
        let line_end =
            self.pending.iter().position(|byte| *byte == b'\n').map_or(self.pending.len(), |at| at + 1);
        let taken = line_end.min(out.remaining());
        out.put_slice(&self.pending[..taken]);
        self.pending.drain(..taken);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_line(cx, out)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.lock().inner).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.lock().inner).poll_shutdown(cx)
    }
}
