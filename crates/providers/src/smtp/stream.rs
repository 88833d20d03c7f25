//! A stream that cannot be flooded and that hands out one line at a time.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::client::TlsStream;

/// A server may say at most this much in one connection, TLS records included.
const CONNECTION_READ_BYTES_MAX: usize = 256 * 1024;
/// One read from the socket.
const CHUNK_BYTES: usize = 4 * 1024;

/// What lies below the limits.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug {
    fn peer(&self) -> io::Result<SocketAddr>;
}

impl Transport for TcpStream {
    fn peer(&self) -> io::Result<SocketAddr> {
        self.peer_addr()
    }
}

impl Transport for TlsStream<TcpStream> {
    fn peer(&self) -> io::Result<SocketAddr> {
        self.get_ref().0.peer_addr()
    }
}

/// A stream with two guards that the SMTP library lacks.
///
/// It ends with an error after [`CONNECTION_READ_BYTES_MAX`], because the library reads a line of any length.
/// It never hands out bytes beyond a line end, because the library would keep plain text that came along with the
/// reply to STARTTLS and later take it for replies of the encrypted session; so those bytes stay here,
/// and the TLS handshake fails over them.
#[derive(Debug)]
pub(crate) struct Guarded<S> {
    inner: S,
    pending: Vec<u8>,
    read_bytes: usize,
}

impl<S> Guarded<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, pending: Vec::new(), read_bytes: 0 }
    }
}

impl<S: Transport> AsyncTokioStream for Guarded<S> {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer()
    }
}

impl<S: Transport> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.pending.is_empty() {
            let mut chunk = [0; CHUNK_BYTES];
            let mut chunk = ReadBuf::new(&mut chunk);
            ready!(Pin::new(&mut self.inner).poll_read(cx, &mut chunk))?;
            self.read_bytes = self.read_bytes.saturating_add(chunk.filled().len());
            if self.read_bytes > CONNECTION_READ_BYTES_MAX {
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

impl<S: Transport> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}
