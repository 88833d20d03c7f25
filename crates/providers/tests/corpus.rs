//! Every input that is worth keeping, replayed at every gateway's door.

use std::path::Path;

#[path = "../../../tests/fuzz/src/corpus.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets' crate has this module as well")]
mod corpus;
#[path = "../../../tests/fuzz/src/receipts.rs"]
#[expect(unreachable_pub, reason = "the fuzz target calls this function from another crate")]
mod receipts;

#[test]
fn every_receipt_of_the_corpus_gets_an_answer() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let inputs = corpus::kept(&corpus, "receipt").expect("the target has a corpus");
    assert!(!inputs.is_empty(), "the corpus is empty");
    for input in inputs {
        receipts::receipt(&input);
    }
}
