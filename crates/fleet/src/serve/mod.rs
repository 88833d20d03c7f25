//! The one way in which our processes serve HTTP: the intake, the advisor and the health probes.
//!
//! Whoever can reach a door may be a stranger, so that nothing that he does may cost the others their turn: connections
//! are bounded, each phase of one has its deadline, and where there is no seat left the one that has waited longest
//! leaves, and not the newest, which may be the gateway's.

mod body;
mod seats;

use std::{net::SocketAddr, time::Duration};

use axum::Router;
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::Instant,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

pub(crate) use body::{BodyProblem, read_body};
pub(crate) use seats::Seat;
use seats::Seats;

use crate::{lifecycle::Lifecycle, repeats::Repeats};

/// A request's head has at most this many bytes; a longer one is answered 431.
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// From the beginning of a connection, or from the last answer, to the end of a request's head; also the longest that a
/// connection may be kept without a request, and that an answer may wait for its reader.
const HEAD_MAX: Duration = Duration::from_secs(10);
/// A request's whole body, however slowly it comes.
const BODY_MAX: Duration = Duration::from_secs(5);
/// From the end of the head to the answer; longer than the broker's confirm and every limit of the advisor.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// When the process stops, a connection that has no request in hand is closed after this.
const STOP_WAIT: Duration = Duration::from_secs(1);
/// After an error of the listener, such as no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// One door, and how many may stand in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    /// Its name in the logs.
    pub(crate) name: &'static str,
    /// Connections at once; fewer than the file descriptors that a process has by default, which are 1,024.
    pub(crate) connections_max: usize,
    /// Requests in hand at once; the rest of the seats stays free for strangers, so that the newest one finds a seat.
    pub(crate) working_max: usize,
    /// Bodies at once whose sender has not proved himself, as where the proof is a signature over the body.
    pub(crate) unproven_max: usize,
}

impl Door {
    /// A door to the outside.
    pub(crate) const fn public(name: &'static str) -> Self {
        Self { name, connections_max: 512, working_max: 448, unproven_max: 64 }
    }

    /// A door that only answers for the process's health.
    pub(crate) const fn probes(name: &'static str) -> Self {
        Self { name, connections_max: 64, working_max: 32, unproven_max: 8 }
    }
}

/// Serves until `stop`, then until nothing is in hand, and at the hard stop of `lifecycle` not a moment longer.
///
/// A handler finds its `Seat` in the request's extensions.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    door: Door,
    stop: CancellationToken,
    lifecycle: &Lifecycle,
) {
    let Door { name, .. } = door;
    let full = Repeats::told(lifecycle, move |closed| {
        warn!(
            door = name,
            closed,
            limit = door.connections_max,
            "too many connections; the longest waiting ones were closed"
        );
    });
    let failed = Repeats::told(lifecycle, move |times| {
        warn!(door = name, times, "a connection could not be taken; look at the limit of open files");
    });
    let seats = Seats::new(door, full);
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            () = lifecycle.shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let Some(seat) = seats.take(peer.ip()) else { continue };
                let (app, stop, shutdown) = (app.clone(), stop.clone(), lifecycle.shutdown.clone());
                connections.spawn(connection(stream, app, seat, stop, shutdown));
            }
            Err(problem) if is_of_the_connection(&problem) => {}
            Err(_) => {
                failed.add();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Binds the address and gives it back as it is, for port 0 becomes a real one.
pub(crate) async fn bind(listen: SocketAddr) -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// One connection, from its first byte to its end.
async fn connection(
    stream: TcpStream,
    app: Router,
    seat: Seat,
    stop: CancellationToken,
    shutdown: CancellationToken,
) {
    // Without it a small answer may wait for the peer's delayed acknowledgement; a peer that is gone refuses it.
    let _gone = stream.set_nodelay(true);
    let ours = seat.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ours.clone());
        let (answer, seat) = (TowerToHyperService::new(app.clone()).call(request), ours.clone());
        async move {
            let answer = answer.await;
            seat.wait();
            answer
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut served = std::pin::pin!(served);
    let mut stopped_at: Option<Instant> = None;
    loop {
        let until = seat.deadline(stopped_at);
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = seat.told_to_leave() => return,
            // How a stranger's connection ended is of no interest, and would be a line for each.
            _ended = served.as_mut() => return,
            () = seat.changed() => {}
            () = stop.cancelled(), if stopped_at.is_none() => {
                stopped_at = Some(Instant::now());
                served.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep_until(until) => return,
        }
    }
}

/// Whether the peer took its connection back before we had it: the listener is well.
fn is_of_the_connection(problem: &std::io::Error) -> bool {
    matches!(
        problem.kind(),
        std::io::ErrorKind::ConnectionAborted
            | std::io::ErrorKind::ConnectionRefused
            | std::io::ErrorKind::ConnectionReset
    )
}
