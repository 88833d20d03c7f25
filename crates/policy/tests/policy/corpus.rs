//! Every input that is worth keeping, replayed through the functions that the fuzzer calls.

use std::path::Path;

#[path = "../../../../tests/fuzz/src/decisions.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets call these functions from another crate")]
mod decisions;
#[path = "../../../../tests/fuzz/src/corpus.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets' crate has this module as well")]
mod inputs;

fn replay(target: &str, function: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus");
    let inputs = inputs::kept(&corpus, target).expect("the target has a corpus");
    assert!(!inputs.is_empty(), "the corpus of {target} is empty");
    for input in inputs {
        function(&input);
    }
}

#[test]
fn every_message_of_the_corpus_gets_an_answer() {
    replay("message", decisions::message);
}

#[test]
fn every_phone_of_the_corpus_gets_an_answer() {
    replay("phone", decisions::phone);
}

#[test]
fn every_template_of_the_corpus_gets_an_answer() {
    replay("template", decisions::template);
}
