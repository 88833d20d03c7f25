//! A proxy in front of the broker that knows AMQP's frames and does what a broker in trouble does.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use closure_contract::topology::HEADER_ATTEMPT;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::Mutex,
};

const METHOD: u8 = 1;
const CONTENT_HEADER: u8 = 2;
const FRAME_END: u8 = 0xCE;
/// No type of a header's value.
const NO_TYPE: u8 = b'?';
const CONNECTION_BLOCKED: [u8; 4] = [0, 10, 0, 60];
const CONNECTION_UNBLOCKED: [u8; 4] = [0, 10, 0, 61];
const CHANNEL_CLOSE: [u8; 4] = [0, 20, 0, 40];
const CHANNEL_CLOSE_OK: [u8; 4] = [0, 20, 0, 41];
const BASIC_ACK: [u8; 4] = [0, 60, 0, 80];

/// A proxy on a port of its own.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

/// What the proxy's tasks share.
#[derive(Default)]
struct Shared {
    swallow_confirms: AtomicBool,
    freeze: AtomicBool,
    open_connections: AtomicUsize,
    /// The message whose headers nobody can read.
    garbled: std::sync::Mutex<Option<String>>,
    latest_client: Mutex<Option<Client>>,
}

/// The way to a client, and which of the connections it is: what an older one still says is nobody's any more.
struct Client {
    connection: usize,
    out: OwnedWriteHalf,
}

impl Proxy {
    /// Listens in front of the broker at `host:port`; one connection at a time is expected.
    pub(crate) async fn start(broker: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::new(Shared::default());
        let accepting = Arc::clone(&shared);
        tokio::spawn(async move {
            for connection in 1.. {
                let Ok((client, _)) = listener.accept().await else { break };
                let Ok(server) = TcpStream::connect(&broker).await else { continue };
                let ((client_in, client_out), (server_in, server_out)) =
                    (client.into_split(), server.into_split());
                *accepting.latest_client.lock().await = Some(Client { connection, out: client_out });
                tokio::spawn(upwards(client_in, server_out, Arc::clone(&accepting)));
                tokio::spawn(downwards(connection, server_in, Arc::clone(&accepting)));
            }
        });
        Self { port, shared }
    }

    /// From now on the broker's confirms (and nothing else) do not arrive, or do again.
    pub(crate) fn swallow_confirms(&self, swallow: bool) {
        self.shared.swallow_confirms.store(swallow, Ordering::SeqCst);
    }

    /// From now on nothing of the broker arrives, although connections stay open.
    pub(crate) fn freeze(&self) {
        self.shared.freeze.store(true, Ordering::SeqCst);
    }

    /// From now on a header of the message with this id is of a type that AMQP does not know, whenever it is delivered.
    pub(crate) fn garble(&self, message_id: &str) {
        *self.shared.garbled.lock().expect("no holder panics") = Some(message_id.to_owned());
    }

    /// Closes a channel in the broker's name.
    pub(crate) async fn close_channel(&self, channel: u16) {
        let mut payload = CHANNEL_CLOSE.to_vec();
        payload.extend(406_u16.to_be_bytes());
        payload.extend(short_text("PRECONDITION_FAILED - a test closed the channel"));
        payload.extend([0, 0, 0, 0]);
        self.inject(channel, &payload).await;
    }

    /// Says in the broker's name that it has an alarm.
    pub(crate) async fn block(&self) {
        self.inject(0, &[&CONNECTION_BLOCKED[..], &short_text("low on memory")].concat()).await;
    }

    /// Says in the broker's name that the alarm is over.
    pub(crate) async fn unblock(&self) {
        self.inject(0, &CONNECTION_UNBLOCKED).await;
    }

    /// How many connections clients hold open.
    pub(crate) fn open_connections(&self) -> usize {
        self.shared.open_connections.load(Ordering::SeqCst)
    }

    async fn inject(&self, channel: u16, payload: &[u8]) {
        let mut frame = vec![METHOD];
        frame.extend(channel.to_be_bytes());
        frame.extend(u32::try_from(payload.len()).expect("the frame is small").to_be_bytes());
        frame.extend(payload);
        frame.push(FRAME_END);
        let mut client = self.shared.latest_client.lock().await;
        let client = client.as_mut().expect("a client is connected");
        client.out.write_all(&frame).await.expect("the client reads");
    }
}

/// From the client to the broker, without the answer to a close that the broker never sent.
async fn upwards(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, shared: Arc<Shared>) {
    shared.open_connections.fetch_add(1, Ordering::SeqCst);
    let mut protocol_header = [0; 8];
    if client.read_exact(&mut protocol_header).await.is_ok()
        && server.write_all(&protocol_header).await.is_ok()
    {
        while let Some(frame) = read_frame(&mut client).await {
            if !is_method(&frame, CHANNEL_CLOSE_OK) && server.write_all(&frame).await.is_err() {
                break;
            }
        }
    }
    shared.open_connections.fetch_sub(1, Ordering::SeqCst);
}

/// From the broker to the client, a whole frame at a time.
async fn downwards(connection: usize, mut server: OwnedReadHalf, shared: Arc<Shared>) {
    while let Some(mut frame) = read_frame(&mut server).await {
        let swallow = shared.swallow_confirms.load(Ordering::SeqCst) && is_method(&frame, BASIC_ACK);
        if swallow || shared.freeze.load(Ordering::SeqCst) {
            continue;
        }
        if let Some(id) = shared.garbled.lock().expect("no holder panics").as_deref() {
            garble(&mut frame, id);
        }
        let mut client = shared.latest_client.lock().await;
        let Some(client) = client.as_mut().filter(|client| client.connection == connection) else { break };
        if client.out.write_all(&frame).await.is_err() {
            break;
        }
    }
}

/// Gives the header that our publisher always writes a type that there is none of, if this is the message.
fn garble(frame: &mut [u8], message_id: &str) {
    let at = |part: &[u8]| frame.windows(part.len()).position(|window| window == part);
    if let (CONTENT_HEADER, Some(_), Some(start)) =
        (frame[0], at(message_id.as_bytes()), at(HEADER_ATTEMPT.as_bytes()))
    {
        frame[start + HEADER_ATTEMPT.len()] = NO_TYPE;
    }
}

async fn read_frame(from: &mut OwnedReadHalf) -> Option<Vec<u8>> {
    let mut frame = vec![0; 7];
    from.read_exact(&mut frame).await.ok()?;
    let size = u32::from_be_bytes([frame[3], frame[4], frame[5], frame[6]]);
    let whole = 7 + usize::try_from(size).ok()? + 1;
    frame.resize(whole, 0);
    from.read_exact(&mut frame[7..]).await.ok()?;
    Some(frame)
}

fn is_method(frame: &[u8], method: [u8; 4]) -> bool {
    frame[0] == METHOD && frame.len() > 11 && frame[7..11] == method
}

fn short_text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).expect("the text is short");
    [&[length], text.as_bytes()].concat()
}
