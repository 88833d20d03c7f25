//! Every input that the fuzzer found worth keeping, replayed through the functions that it calls.

use std::{fs, path::Path};

#[path = "../../../../tests/fuzz/src/decisions.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets call these functions from another crate")]
mod decisions;

fn replay(target: &str, function: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(folder).expect("the target has a corpus").flatten() {
        function(&fs::read(entry.path()).expect("an input can be read"));
        count += 1;
    }
    assert!(count > 0, "the corpus of {target} is empty");
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
