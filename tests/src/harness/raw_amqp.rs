//! A publisher of AMQP 0-9-1 that writes any bytes: properties that no sound client library would write.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// How long the broker may take for one answer.
const ANSWER_WAIT: Duration = Duration::from_secs(20);
const FRAME_METHOD: u8 = 1;
const FRAME_HEADER: u8 = 2;
const FRAME_BODY: u8 = 3;
const FRAME_END: u8 = 0xce;
/// What we say that a frame holds at most; header frames of the tests are smaller.
const FRAME_BYTES_MAX: u32 = 131_072;
/// We open one; the broker refuses a client that wants as many as it likes.
const CHANNELS_MAX: u16 = 8;
const CLASS_BASIC: u16 = 60;

/// The properties of a message, in the order of their flags; each as it goes onto the wire.
#[derive(Debug, Clone, Default)]
pub struct Properties(Vec<(Property, Vec<u8>)>);

/// A property, by the number of its flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the protocol's own")]
pub enum Property {
    ContentType = 15,
    ContentEncoding = 14,
    Headers = 13,
    DeliveryMode = 12,
    Priority = 11,
    CorrelationId = 10,
    ReplyTo = 9,
    Expiration = 8,
    MessageId = 7,
    Timestamp = 6,
    Type = 5,
    UserId = 4,
    AppId = 3,
    ClusterId = 2,
}

/// What the broker said to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It has it.
    Confirmed,
    /// It refused it, and the connection or the channel with it.
    Refused(String),
}

/// One confirming channel on a connection of its own.
pub struct RawPublisher {
    stream: BufReader<TcpStream>,
}

impl Properties {
    /// With a short string of any bytes, at most 255 of them.
    #[must_use]
    pub fn text(self, property: Property, bytes: &[u8]) -> Self {
        self.raw(property, short(bytes))
    }

    /// With these bytes as they are.
    #[must_use]
    pub fn raw(mut self, property: Property, bytes: Vec<u8>) -> Self {
        self.0.retain(|(known, _)| *known != property);
        self.0.push((property, bytes));
        self
    }

    /// With a table of headers.
    #[must_use]
    pub fn headers(self, entries: &[(&[u8], Vec<u8>)]) -> Self {
        self.raw(Property::Headers, table(entries))
    }

    fn written(&self) -> Vec<u8> {
        let mut sorted = self.0.clone();
        sorted.sort_by_key(|(property, _)| std::cmp::Reverse(*property));
        let flags = sorted.iter().fold(0_u16, |flags, (property, _)| flags | 1 << (*property as u16));
        let mut bytes = flags.to_be_bytes().to_vec();
        bytes.extend(sorted.into_iter().flat_map(|(_, value)| value));
        bytes
    }
}

/// The text after a reply's code; a connection that is gone has neither.
fn reply_text(arguments: &[u8]) -> String {
    let length = arguments.get(2).copied().map_or(0, usize::from);
    String::from_utf8_lossy(arguments.get(3..3 + length).unwrap_or_default()).into_owned()
}

/// A short string: a byte for its length, then its bytes.
pub fn short(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("a short string has at most 255 bytes");
    [&[length], bytes].concat()
}

/// A long string, array or table: four bytes for its length, then its bytes.
pub fn long(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a test writes no 4 GiB");
    [&length.to_be_bytes(), bytes].concat()
}

/// A table: each name a short string, each value a field with its type.
pub fn table(entries: &[(&[u8], Vec<u8>)]) -> Vec<u8> {
    let entries: Vec<u8> =
        entries.iter().flat_map(|(name, value)| [short(name), value.clone()].concat()).collect();
    long(&entries)
}

/// A field of a table: its type's letter, then its value.
pub fn field(kind: u8, value: &[u8]) -> Vec<u8> {
    [&[kind], value].concat()
}

impl RawPublisher {
    /// Connects to `amqp://user:password@host:port/vhost`.
    pub async fn open(uri: &str) -> Self {
        let (_, rest) = uri.split_once("://").expect("an address has a scheme");
        let (login, place) = rest.rsplit_once('@').expect("an address names a user");
        let (user, password) = login.split_once(':').expect("an address has a password");
        let (server, vhost) = place.split_once('/').expect("an address names a vhost");
        let vhost = if vhost.is_empty() || vhost == "%2f" { "/" } else { vhost };
        let stream = TcpStream::connect(server).await.expect("the broker can be reached");
        stream.set_nodelay(true).expect("the connection is open");
        let mut publisher = Self { stream: BufReader::new(stream) };
        publisher.write(b"AMQP\x00\x00\x09\x01").await;
        publisher.expect(10, 10).await;
        let response = [b"\0", user.as_bytes(), b"\0", password.as_bytes()].concat();
        let start_ok = [table(&[]), short(b"PLAIN"), long(&response), short(b"en_US")].concat();
        publisher.method(0, 10, 11, &start_ok).await;
        publisher.expect(10, 30).await;
        let tune_ok = [&CHANNELS_MAX.to_be_bytes()[..], &FRAME_BYTES_MAX.to_be_bytes(), &0_u16.to_be_bytes()];
        publisher.method(0, 10, 31, &tune_ok.concat()).await;
        publisher.method(0, 10, 40, &[short(vhost.as_bytes()), short(b""), vec![0]].concat()).await;
        publisher.expect(10, 41).await;
        publisher.method(1, 20, 10, &short(b"")).await;
        publisher.expect(20, 11).await;
        publisher.method(1, 85, 10, &[0]).await;
        publisher.expect(85, 11).await;
        publisher
    }

    /// Publishes a message and waits for the broker's word; after a refusal another publisher must be opened.
    pub async fn publish(
        &mut self,
        exchange: &str,
        routing_key: &[u8],
        properties: &Properties,
        body: &[u8],
    ) -> Said {
        let publish = [vec![0, 0], short(exchange.as_bytes()), short(routing_key), vec![0]].concat();
        self.method(1, CLASS_BASIC, 40, &publish).await;
        let size = u64::try_from(body.len()).expect("a length fits");
        let header =
            [&CLASS_BASIC.to_be_bytes()[..], &[0, 0], &size.to_be_bytes(), &properties.written()].concat();
        self.frame(FRAME_HEADER, 1, &header).await;
        for part in body.chunks(100_000) {
            self.frame(FRAME_BODY, 1, part).await;
        }
        let (class, method, arguments) = self.read_method().await;
        match (class, method) {
            (CLASS_BASIC, 80) => Said::Confirmed,
            (CLASS_BASIC, 120) => Said::Refused("basic.nack".to_owned()),
            _ => Said::Refused(reply_text(&arguments)),
        }
    }

    async fn method(&mut self, channel: u16, class: u16, method: u16, arguments: &[u8]) {
        let payload = [&class.to_be_bytes()[..], &method.to_be_bytes(), arguments].concat();
        self.frame(FRAME_METHOD, channel, &payload).await;
    }

    async fn frame(&mut self, kind: u8, channel: u16, payload: &[u8]) {
        let frame = [&[kind], &channel.to_be_bytes()[..], &long(payload), &[FRAME_END]].concat();
        self.write(&frame).await;
    }

    /// A broker that has ended the connection tells so when it is read from.
    async fn write(&mut self, bytes: &[u8]) {
        let written = timeout(ANSWER_WAIT, self.stream.get_mut().write_all(bytes)).await;
        let _ended = written.expect("the broker reads");
    }

    async fn expect(&mut self, class: u16, method: u16) {
        let (is_class, is_method, _) = self.read_method().await;
        assert_eq!((is_class, is_method), (class, method), "the broker's answer");
    }

    /// The next method frame; class 0 where the connection has ended.
    async fn read_method(&mut self) -> (u16, u16, Vec<u8>) {
        loop {
            let read = timeout(ANSWER_WAIT, self.read_frame()).await.expect("the broker answers");
            let Ok((kind, payload)) = read else { return (0, 0, Vec::new()) };
            if kind == FRAME_METHOD && payload.len() >= 4 {
                let number = |at: usize| u16::from_be_bytes([payload[at], payload[at + 1]]);
                return (number(0), number(2), payload[4..].to_vec());
            }
        }
    }

    async fn read_frame(&mut self) -> std::io::Result<(u8, Vec<u8>)> {
        let kind = self.stream.read_u8().await?;
        let _channel = self.stream.read_u16().await?;
        let length = self.stream.read_u32().await?;
        let mut payload = vec![0; usize::try_from(length).expect("a length fits")];
        self.stream.read_exact(&mut payload).await?;
        let _end = self.stream.read_u8().await?;
        Ok((kind, payload))
    }
}
