//! A DNS server on this machine that knows a few records, and that nothing else has an answer for.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use hickory_resolver::proto::{
    op::{Message, MessageType, ResponseCode},
    rr::{
        Name, RData, Record, RecordType,
        rdata::{A, MX, TXT},
    },
};
use tokio::{net::UdpSocket, task::JoinHandle};

/// One string of a TXT record has at most this many bytes.
const STRING_BYTES_MAX: usize = 255;

type Zone = BTreeMap<(String, RecordType), Vec<RData>>;

/// The server; it stops when it is dropped.
pub struct DnsServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
    serving: JoinHandle<()>,
}

impl DnsServer {
    /// A server that knows nothing yet.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let address = socket.local_addr().expect("it has an address");
        let zone = Arc::new(Mutex::new(Zone::new()));
        let known = Arc::clone(&zone);
        let serving = tokio::spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let (length, asker) = socket.recv_from(&mut buffer).await.expect("the socket is open");
                let Ok(question) = Message::from_vec(&buffer[..length]) else { continue };
                let answer = answer(&question, &known.lock().unwrap_or_else(PoisonError::into_inner));
                let bytes = answer.to_vec().expect("an answer can be written");
                socket.send_to(&bytes, asker).await.expect("an answer can be sent");
            }
        });
        Self { address, zone, serving }
    }

    /// Where it is asked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds a line of a zone file: `name. TXT "…" "…"`, `name. MX 10 host.` or `name. A 127.0.0.1`.
    pub fn publish(&self, line: &str) {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_else(|| panic!("{line} is no record"));
        let (name, kind, value) = (word(), word(), word());
        let (kind, data) = match kind {
            "TXT" => (RecordType::TXT, RData::TXT(TXT::new(strings(value)))),
            "MX" => {
                let (preference, host) = value.split_once(' ').expect("a host has a preference");
                let preference = preference.parse().expect("a preference is a number");
                (RecordType::MX, RData::MX(MX::new(preference, named(host))))
            }
            "A" => (RecordType::A, RData::A(A(value.parse().expect("an address")))),
            other => panic!("{other} is no kind of record here"),
        };
        let mut zone = self.zone.lock().unwrap_or_else(PoisonError::into_inner);
        zone.entry((named(name).to_lowercase().to_utf8(), kind)).or_default().push(data);
    }
}

impl Drop for DnsServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The quoted strings of a TXT record.
fn strings(value: &str) -> Vec<String> {
    let strings: Vec<String> = value.split('"').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(strings.iter().all(|string| string.len() <= STRING_BYTES_MAX), "a string is too long: {value}");
    strings
}

fn named(name: &str) -> Name {
    Name::from_utf8(name).expect("a name of DNS")
}

fn answer(question: &Message, zone: &Zone) -> Message {
    let mut answer = Message::new(question.metadata.id, MessageType::Response, question.metadata.op_code);
    answer.metadata.recursion_desired = question.metadata.recursion_desired;
    answer.metadata.recursion_available = true;
    let Some(query) = question.queries.first() else { return answer };
    answer.add_query(query.clone());
    let name = query.name().to_lowercase().to_utf8();
    let found = zone.get(&(name.clone(), query.query_type()));
    for data in found.into_iter().flatten() {
        answer.add_answer(Record::from_rdata(query.name().clone(), 60, data.clone()));
    }
    if !zone.keys().any(|(known, _)| *known == name) {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    answer
}
