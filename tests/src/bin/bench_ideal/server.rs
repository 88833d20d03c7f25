//! The little that a role says and hears over HTTP.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{Problem, settings, tasks::Tasks};

pub(crate) const READY_PATH: &str = "/readyz";

/// Says that a worker is ready, where it is told to.
pub(crate) async fn say_ready(tasks: &Tasks, stop: &CancellationToken) -> Result<(), Problem> {
    let Some(address) = settings::health_listen()? else { return Ok(()) };
    let listener = TcpListener::bind(address).await?;
    let stop = stop.clone();
    tasks.spawn(async move {
        serve(listener, &stop, async |request: Request<Incoming>| match request.uri().path() {
            READY_PATH => answer(StatusCode::OK),
            _ => answer(StatusCode::NOT_FOUND),
        })
        .await
    });
    Ok(())
}

/// Answers requests until the stop, then those that are in hand.
pub(crate) async fn serve<F, A>(
    listener: TcpListener,
    stop: &CancellationToken,
    handle: F,
) -> Result<(), Problem>
where
    F: Fn(Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Response<Full<Bytes>>> + Send + 'static,
{
    let connections = TaskTracker::new();
    loop {
        let (stream, _peer) = tokio::select! {
            accepted = listener.accept() => accepted?,
            () = stop.cancelled() => break,
        };
        connections.spawn(connection(stream, handle.clone(), stop.clone()));
    }
    drop(listener);
    connections.close();
    connections.wait().await;
    Ok(())
}

async fn connection<F, A>(stream: TcpStream, handle: F, stop: CancellationToken)
where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Response<Full<Bytes>>>,
{
    // A peer that is gone refuses it.
    let _gone = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let answer = handle(request);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut served = std::pin::pin!(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // A peer that breaks off comes again.
        _ended = served.as_mut() => {}
        () = stop.cancelled() => {
            served.as_mut().graceful_shutdown();
            let _ended = served.await;
        }
    }
}

/// An answer without a body.
pub(crate) fn answer(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}
