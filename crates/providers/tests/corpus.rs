//! Every input that the fuzzer found worth keeping, replayed at every gateway's door.

use std::{fs, path::Path};

#[path = "../../../tests/fuzz/src/receipts.rs"]
#[expect(unreachable_pub, reason = "the fuzz target calls this function from another crate")]
mod receipts;

#[test]
fn every_receipt_of_the_corpus_gets_an_answer() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/receipt");
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the target has a corpus").flatten() {
        receipts::receipt(&fs::read(entry.path()).expect("an input can be read"));
        count += 1;
    }
    assert!(count > 0, "the corpus is empty");
}
