//! What strangers can do to a door: be many, be slow, never end, never read, and lie.

use std::time::{Duration, Instant};

use closure_tests::harness::{Fleet, FleetOptions, HttpAnswer, ProcessSpec, SHORT, eventually, request, run};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SECRET: &str = "harness-webhook-secret";
const SIGNATURE: &str = "X-Toast-Webhook-Signature";
const RECORDED: &[u8] = include_bytes!("../../../crates/providers/tests/recorded/nhn_delivery_receipt.json");
/// What could be a signature of Twilio's: 20 bytes in base64.
const PLAUSIBLE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// The door's connections, the broker's, and what every process has open.
const FILES_MAX: usize = 640;
/// So much more memory than before may the strangers cost.
const MEMORY_KIB_MAX: u64 = 48 * 1024;
/// The whole attack may write so many lines.
const LINES_MAX: usize = 12;

async fn start(name: &'static str) -> Fleet {
    let options =
        FleetOptions::with(name, vec![ProcessSpec::intake(), ProcessSpec::work("rest", &["fallback"])])
            .variable("FLEET_SMS_GATEWAYS", "nhn,twilio")
            .variable("FLEET_SMS_TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef")
            .variable("FLEET_SMS_TWILIO_RECEIPT_URL", "https://intake.example.com/receipts/twilio")
            .variable("FLEET_INTAKE_TWILIO_SECRET", "harness-twilio-token");
    Fleet::start(options).await
}

async fn address(fleet: &Fleet) -> String {
    fleet.process("intake").await.address().expect("a ready intake has said its address")
}

/// A connection over which these bytes were sent and nothing is read; one that was closed meanwhile is as good.
async fn stranger(address: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.expect("the intake listens");
    let _closed_already = stream.write_all(bytes).await;
    stream
}

async fn receipt(fleet: &Fleet) -> HttpAnswer {
    let headers = [(SIGNATURE, SECRET), ("Content-Type", "application/json")];
    request("POST", &fleet.receipts_url().await, &headers, RECORDED).await.expect("the intake answers")
}

/// Open files and resident memory in KiB, as the kernel counts them.
async fn costs(fleet: &Fleet) -> (usize, u64) {
    let pid = fleet.process("intake").await.pid().expect("the intake runs");
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("our own child").count();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("our own child");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the kernel says it");
    (files, resident.trim().trim_end_matches(" kB").parse().expect("a number"))
}

/// The warnings of the intake.
async fn warnings(fleet: &Fleet) -> Vec<Value> {
    let log = std::fs::read_to_string(&fleet.process("intake").await.log).expect("the log can be read");
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["level"] != "INFO").collect()
}

#[test]
fn two_thousand_slow_strangers_keep_no_gateway_out_and_no_process_from_stopping() {
    run(async {
        let fleet = start("strangers").await;
        assert_eq!(receipt(&fleet).await.status, 200);
        let (_, memory_before) = costs(&fleet).await;
        let address = address(&fleet).await;
        let endless = format!(
            "POST /receipts/twilio HTTP/1.1\r\nHost: i\r\nX-Twilio-Signature: {PLAUSIBLE}\r\nContent-Length: 60000\r\n\r\nMessageSid="
        );
        let unsigned = "POST /receipts/nhn HTTP/1.1\r\nHost: i\r\nContent-Length: 500000\r\n\r\n{";
        // Answers that nobody reads, one after the other.
        let probes = "GET /livez HTTP/1.1\r\nHost: i\r\n\r\n".repeat(200);
        let kinds =
            ["", "POST /receipts/nhn HTTP/1.1\r\nX-Slow: ", &endless, unsigned, &probes].map(str::as_bytes);
        let (mut held, mut waited) = (Vec::new(), Vec::new());
        for number in 0..2_000 {
            held.push(stranger(&address, kinds[number % kinds.len()]).await);
            if number % 100 == 99 {
                let begun = Instant::now();
                assert_eq!(receipt(&fleet).await.status, 200, "after {number} strangers");
                waited.push(begun.elapsed());
                for probe in ["livez", "readyz"] {
                    let answer = request("GET", &format!("http://{address}/{probe}"), &[], b"").await;
                    assert_eq!(answer.expect("it answers").status, 200, "{probe} after {number} strangers");
                }
            }
        }
        waited.sort_unstable();
        assert!(waited[waited.len() / 2] < Duration::from_secs(1), "a receipt waits: {waited:?}");
        let (files, memory) = costs(&fleet).await;
        assert!(files <= FILES_MAX, "{files} files are open");
        let more = memory.saturating_sub(memory_before);
        assert!(more <= MEMORY_KIB_MAX, "{more} KiB more than before");
        let warnings = warnings(&fleet).await;
        let full = warnings.iter().filter(|line| line.to_string().contains("too many connections")).count();
        assert!(full >= 1, "the bound is told: {warnings:?}");
        assert!(warnings.len() <= LINES_MAX, "{} lines: {warnings:?}", warnings.len());
        fleet.stop_process("intake").await;
        drop(held);
        fleet.finish().await;
    });
}

#[test]
fn four_hundred_unsigned_bodies_cost_neither_memory_nor_a_line_each() {
    run(async {
        let fleet = start("unsigned").await;
        assert_eq!(receipt(&fleet).await.status, 200);
        let (_, memory_before) = costs(&fleet).await;
        let address = address(&fleet).await;
        // All but the last byte, so that each body stays in hand for as long as it may.
        let body = vec![b' '; 512 * 1024];
        let mut held = Vec::new();
        for number in 0..400 {
            let (path, key, bytes) = match number % 2 {
                0 => ("nhn", format!("{SIGNATURE}: wrong"), body.len()),
                _ => ("twilio", format!("X-Twilio-Signature: {PLAUSIBLE}"), 64 * 1024),
            };
            let head = format!(
                "POST /receipts/{path} HTTP/1.1\r\nHost: i\r\n{key}\r\nContent-Length: {bytes}\r\n\r\n"
            );
            let mut stream = stranger(&address, head.as_bytes()).await;
            let sent = &body[..bytes - 1];
            // What the intake does not read, the kernel holds back.
            let _refused = tokio::time::timeout(Duration::from_millis(20), stream.write_all(sent)).await;
            held.push(stream);
        }
        let (_, memory) = costs(&fleet).await;
        let more = memory.saturating_sub(memory_before);
        assert!(more <= MEMORY_KIB_MAX, "{more} KiB more than before");
        assert_eq!(receipt(&fleet).await.status, 200);
        fleet.stop_process("intake").await;
        drop(held);
        let warnings = warnings(&fleet).await;
        assert!(warnings.len() <= LINES_MAX, "{} lines: {warnings:?}", warnings.len());
        let refused: u64 = warnings
            .iter()
            .filter(|line| line.to_string().contains("a receipt with a wrong signature was refused"))
            .filter_map(|line| line["refused"].as_u64())
            .sum();
        assert!(refused >= 200, "each one is counted: {refused}");
        fleet.finish().await;
    });
}

#[test]
fn twilio_has_its_answer_while_it_still_waits_for_one_however_slow_things_are() {
    /// After this Twilio gives up a try, as the address for receipts tells it to.
    const WAITS: Duration = Duration::from_secs(3);
    run(async {
        let fleet = start("impatient").await;
        let address = address(&fleet).await;
        let head = format!(
            "POST /receipts/twilio?ref=1 HTTP/1.1\r\nHost: i\r\nX-Twilio-Signature: {PLAUSIBLE}\r\nContent-Length: 100\r\n\r\nMessageSid="
        );
        let mut slow = stranger(&address, head.as_bytes()).await;
        let mut answer = [0_u8; 64];
        let read = tokio::time::timeout(WAITS, slow.read(&mut answer)).await.expect("it answers in time");
        let line = String::from_utf8_lossy(&answer[..read.expect("it answers")]).into_owned();
        assert!(line.starts_with("HTTP/1.1 503 "), "{line}");
        fleet.finish().await;
    });
}

#[test]
fn a_body_that_never_ends_is_cut_off_and_a_second_signal_waits_for_none() {
    run(async {
        let fleet = start("endless").await;
        let address = address(&fleet).await;
        let head = format!(
            "POST /receipts/nhn HTTP/1.1\r\nHost: i\r\n{SIGNATURE}: {SECRET}\r\nContent-Length: 500000\r\n\r\n"
        );
        let mut slow = stranger(&address, head.as_bytes()).await;
        let mut answer = [0_u8; 64];
        // A byte now and then: what is limited is the whole body, and not the pause between two bytes.
        let cut_off = async {
            loop {
                tokio::select! {
                    read = slow.read(&mut answer) => break read.expect("the intake answers"),
                    () = tokio::time::sleep(Duration::from_millis(300)) => {
                        slow.write_all(b" ").await.expect("the intake reads");
                    }
                }
            }
        };
        let read = tokio::time::timeout(SHORT, cut_off).await.expect("the body is cut off in time");
        let line = String::from_utf8_lossy(&answer[..read]).into_owned();
        assert!(line.starts_with("HTTP/1.1 408 "), "{line}");
        // A body and a head that are both in hand when the process is told to stop, and told again.
        let body = stranger(&address, head.as_bytes()).await;
        let partial = stranger(&address, b"POST /receipts/nhn HTTP/1.1\r\nX-Slow: ").await;
        assert_eq!(receipt(&fleet).await.status, 200);
        let mut process = fleet.process("intake").await;
        process.ask_to_stop();
        eventually("the first signal to be heard", SHORT, || async {
            if fleet.has_logged("stopping: taking nothing new") { Ok(()) } else { Err("not yet".to_owned()) }
        })
        .await;
        let begun = Instant::now();
        process.ask_to_stop();
        let ended = process.ended().await;
        assert!(ended.success(), "{ended}");
        assert!(begun.elapsed() < Duration::from_secs(2), "the second signal waits for nobody's body");
        drop((process, body, partial));
        fleet.start_process("intake").await;
        fleet.finish().await;
    });
}
