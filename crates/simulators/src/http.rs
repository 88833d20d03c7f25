//! A small HTTP server whose handlers can break the connection instead of answering.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    Router,
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// How long a server that stops waits for the requests in hand.
const STOP_WAIT_MS: u64 = 2_000;

/// A running server.
pub(crate) struct HttpServer {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl HttpServer {
    /// Serves the routes on a bound listener until the token is cancelled.
    pub(crate) fn start(listener: TcpListener, routes: Router, stop: CancellationToken) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let signal = stop.clone();
        let service = routes.into_make_service_with_connect_info::<Breaker>();
        let task = tokio::spawn(async move {
            axum::serve(BreakableListener(listener), service)
                .with_graceful_shutdown(async move { signal.cancelled().await })
                .await
        });
        Ok(Self { address, stop, task })
    }

    /// The server's address without a path, such as `http://127.0.0.1:8000`.
    pub(crate) fn base_url(&self) -> String {
        base_url_of(self.address)
    }

    /// Stops taking connections and waits a bounded time for the requests in hand.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        let wait = Duration::from_millis(STOP_WAIT_MS);
        if tokio::time::timeout(wait, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

/// The URL of an address without a path.
pub(crate) fn base_url_of(address: SocketAddr) -> String {
    format!("http://{address}")
}

/// Breaks the connection that a request came through: no further byte is written to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Breaker(Arc<AtomicBool>);

impl Breaker {
    /// The answer that the handler returns afterwards never leaves.
    pub(crate) fn break_connection(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_broken(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Connected<IncomingStream<'_, BreakableListener>> for Breaker {
    fn connect_info(stream: IncomingStream<'_, BreakableListener>) -> Self {
        stream.io().breaker.clone()
    }
}

struct BreakableListener(TcpListener);

impl Listener for BreakableListener {
    type Io = BreakableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        if stream.set_nodelay(true).is_err() {
            tracing::debug!("a connection ended before its options were set");
        }
        (BreakableStream { stream, breaker: Breaker::default() }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

struct BreakableStream {
    stream: TcpStream,
    breaker: Breaker,
}

impl BreakableStream {
    fn check(&self) -> io::Result<()> {
        if self.breaker.is_broken() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl AsyncRead for BreakableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for BreakableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
