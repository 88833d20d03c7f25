//! The proxy before the intake, as the shipped file sets it up.

use std::path::Path;

use closure_tests::harness::{Fleet, FleetOptions, LONG, Nginx, ProcessSpec, debian_python, run};
use serde_json::{Value, json};

const SECRET: &str = "harness-webhook-secret";
const RECEIPT: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/providers/tests/recorded/nhn_delivery_receipt.json");
/// Of each kind of slow connection.
const STRANGERS: usize = 200;

#[test]
fn behind_debians_nginx_with_the_shipped_file_a_receipt_passes_while_slow_strangers_are_closed() {
    run(async {
        let fleet = Fleet::start(FleetOptions::with(
            "proxy",
            vec![ProcessSpec::intake(), ProcessSpec::work("rest", &["fallback"])],
        ))
        .await;
        let address = fleet.process("intake").await.address().expect("a ready intake has said its address");
        let nginx = Nginx::before(&address).await;
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/proxy.py");
        let mut command = debian_python(&program);
        command.args(["127.0.0.1", &nginx.port.to_string(), &Nginx::authority(), SECRET, RECEIPT]);
        command.arg(STRANGERS.to_string());
        let ended = tokio::time::timeout(LONG, command.output()).await.expect("the strangers end in time");
        let output = ended.expect("Python can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut found: Value = serde_json::from_slice(&output.stdout).expect("Python prints JSON");
        let slowest_ms = found["slowest_ms"].take().as_u64().expect("a time");
        assert!(slowest_ms < 1_000, "a receipt waited {slowest_ms} ms");
        let expected = json!({
            "receipts": vec![200; 20], "slowest_ms": null, "large": 413, "elsewhere": 404, "forged": 401,
            "closed": 3 * STRANGERS,
        });
        assert_eq!(found, expected);
        fleet.stop_process("intake").await;
        drop(nginx);
        fleet.finish().await;
    });
}
