//! One connection to the broker: every wait has a deadline, and its end always ends its thread.

use std::{
    future::Future,
    io,
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, stream::BoxStream};
use lapin::{
    AsyncTcpStream, Channel, Connection, ConnectionProperties, Event,
    options::ConfirmSelectOptions,
    tcp::{AMQPUriTcpExt, OwnedTLSConfig},
    uri::{AMQPScheme, AMQPUri},
};

use crate::{
    addresses::{self, Turn},
    error::BrokerError,
    settings::BrokerSettings,
};

/// How long an operation on a channel may take.
pub(crate) const OPERATION_TIMEOUT_MS: u64 = 5_000;
/// How long a graceful end may take before the socket is cut.
const CLOSE_TIMEOUT_MS: u64 = 2_000;

/// What a connection says about itself.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// The broker takes no more publishes for now.
    Blocked,
    /// The broker takes publishes again.
    Unblocked,
    /// The connection or one of its channels is gone.
    Lost(BrokerError),
}

/// One open connection.
pub(crate) struct Link {
    endpoint: String,
    connection: Connection,
    // A handle on every channel, because the library answers the loss of a channel's last handle with a close of its own.
    // If that meets the close of the connection, the connection is torn down, and the broker forgets acks that it has already received.
    channels: Mutex<Vec<Channel>>,
    // Dropped last: it ends the connection's thread even where the library cannot write any more.
    _socket: CutOnDrop,
}

/// The one listener of a connection; the library gives each event to only one.
pub(crate) struct LinkEvents {
    endpoint: String,
    events: BoxStream<'static, Event>,
    turn: Turn,
    position: usize,
}

impl Link {
    /// Connects to the first node that answers; `role` completes the connection's name in the broker's console.
    pub(crate) async fn open(
        settings: &BrokerSettings,
        role: &str,
    ) -> Result<(Self, LinkEvents), BrokerError> {
        let nodes = settings.parse()?;
        let mut failures = Vec::new();
        for position in settings.turn.order(nodes.len()) {
            let Some(uri) = nodes.get(position) else { continue };
            match Self::open_at(uri, position, settings, role).await {
                Ok(opened) => {
                    settings.turn.stay(position);
                    return Ok(opened);
                }
                Err(problem) => failures.push(problem),
            }
        }
        Err(BrokerError::of_every_node(&settings.endpoint(), failures))
    }

    async fn open_at(
        uri: &AMQPUri,
        position: usize,
        settings: &BrokerSettings,
        role: &str,
    ) -> Result<(Self, LinkEvents), BrokerError> {
        let endpoint = addresses::endpoint(uri);
        let name = format!("{} {role}", settings.name);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connecting = connect(uri.clone(), properties, settings);
        let (connection, socket) = deadline("connect", settings.connect_timeout(), connecting)
            .await?
            .map_err(|error| BrokerError::of(&endpoint, &error))?;
        let events = LinkEvents {
            endpoint: endpoint.clone(),
            events: connection.events_listener().boxed(),
            turn: settings.turn.clone(),
            position,
        };
        Ok((Self { endpoint, connection, channels: Mutex::default(), _socket: socket }, events))
    }

    /// Opens a channel.
    pub(crate) async fn channel(&self) -> Result<Channel, BrokerError> {
        let channel = self.ask("channel.open", self.connection.create_channel()).await?;
        self.channels.lock().unwrap_or_else(PoisonError::into_inner).push(channel.clone());
        Ok(channel)
    }

    /// Opens a channel on which the broker confirms every publish.
    pub(crate) async fn confirming_channel(&self) -> Result<Channel, BrokerError> {
        let channel = self.channel().await?;
        self.ask("confirm.select", channel.confirm_select(ConfirmSelectOptions::default())).await?;
        Ok(channel)
    }

    /// Waits for one answer of the broker, at most [`OPERATION_TIMEOUT_MS`].
    pub(crate) async fn ask<T>(
        &self,
        what: &'static str,
        answer: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, BrokerError> {
        deadline(what, Duration::from_millis(OPERATION_TIMEOUT_MS), answer)
            .await?
            .map_err(|error| self.error(&error))
    }

    pub(crate) fn error(&self, error: &lapin::Error) -> BrokerError {
        BrokerError::of(&self.endpoint, error)
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Ends the connection, gracefully if the broker answers in time.
    ///
    /// A stream of deliveries must outlive this call or be cancelled before, for the same reason as channels.
    pub(crate) async fn close(self) {
        let closing = self.connection.close(200, "OK".into());
        let limit = Duration::from_millis(CLOSE_TIMEOUT_MS);
        if !matches!(tokio::time::timeout(limit, closing).await, Ok(Ok(()))) {
            tracing::debug!(
                endpoint = self.endpoint,
                "the connection was cut because it could not be closed"
            );
        }
    }
}

impl LinkEvents {
    /// The next thing that the connection says; can be dropped without losing one.
    pub(crate) async fn next(&mut self) -> LinkEvent {
        while let Some(event) = self.events.next().await {
            match event {
                Event::ConnectionBlocked(_) => return LinkEvent::Blocked,
                Event::ConnectionUnblocked => return LinkEvent::Unblocked,
                Event::Error(error) => {
                    self.turn.leave(self.position);
                    return LinkEvent::Lost(BrokerError::of(&self.endpoint, &error));
                }
                // `Event` is not ours and may grow; flow and connection notices need no answer.
                _ => {}
            }
        }
        self.turn.leave(self.position);
        LinkEvent::Lost(BrokerError::Unreachable {
            endpoint: self.endpoint.clone(),
            detail: "the connection ended".to_owned(),
        })
    }
}

/// A second handle on a connection's socket, which shuts it down when dropped.
///
/// The client library waits for ever for a broker that accepts and says nothing, and writes nothing while it is blocked, not even a close.
struct CutOnDrop(Arc<Mutex<Socket>>);

enum Socket {
    Awaited,
    Open(TcpStream),
    Cut,
}

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        let mut socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Socket::Open(stream) = std::mem::replace(&mut *socket, Socket::Cut) {
            // A socket that is closed already is as good as one that is cut.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

/// Keeps a handle on a socket, unless nobody waits for it any more.
fn hold(socket: &Mutex<Socket>, stream: &impl AsFd) -> io::Result<()> {
    let handle = TcpStream::from(stream.as_fd().try_clone_to_owned()?);
    if handle.local_addr()? == handle.peer_addr()? {
        // While a broker on this machine is down, its port can be our own side's, and TCP connects it to itself.
        // That connection would keep the broker from starting again.
        return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
    }
    let mut socket = socket.lock().unwrap_or_else(PoisonError::into_inner);
    match *socket {
        Socket::Awaited | Socket::Open(_) => *socket = Socket::Open(handle),
        Socket::Cut => return Err(io::Error::from(io::ErrorKind::TimedOut)),
    }
    Ok(())
}

async fn connect(
    uri: AMQPUri,
    properties: ConnectionProperties,
    settings: &BrokerSettings,
) -> lapin::Result<(Connection, CutOnDrop)> {
    let limit = settings.connect_timeout();
    let tls = OwnedTLSConfig { identity: None, cert_chain: settings.tls_ca_pem.clone() };
    let guard = CutOnDrop(Arc::new(Mutex::new(Socket::Awaited)));
    let socket = Arc::clone(&guard.0);
    let connection = Connection::connector(
        uri,
        lapin::runtime::default_runtime()?,
        async move |uri: AMQPUri, runtime| {
            // The library does not apply the address's `connection_timeout` on this path.
            let stream = tokio::time::timeout(limit, uri.connect_with_config_async(tls.as_ref(), &runtime))
                .await
                .map_err(io::Error::from)??;
            match (&uri.scheme, &stream) {
                (AMQPScheme::AMQP, AsyncTcpStream::Plain(plain)) => hold(&socket, plain.get_ref())?,
                (AMQPScheme::AMQPS, AsyncTcpStream::Rustls(tls)) => {
                    hold(&socket, tls.get_ref().0.get_ref())?;
                }
                // Built without its TLS features, the library answers `amqps://` with plain text.
                _ => {
                    return Err(
                        io::Error::other("the connection is not of the kind that was asked for").into()
                    );
                }
            }
            Ok(stream)
        },
        properties,
    )
    .await?;
    Ok((connection, guard))
}

async fn deadline<T>(
    what: &'static str,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, BrokerError> {
    tokio::time::timeout(limit, work).await.map_err(|_| BrokerError::TimedOut {
        what,
        waited_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
    })
}
