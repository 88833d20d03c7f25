//! The dead-letter desk, as tests ask it.

use closure_contract::JobId;
use closure_store::{DeadLetter, DeadLetterFilter, Store};

/// No test makes more letters.
const LETTERS_MAX: i64 = 1_000;

/// Every letter in whatever state, with its bytes.
pub(super) async fn letters(store: &Store) -> Vec<DeadLetter> {
    let filter = DeadLetterFilter { limit: LETTERS_MAX, ..DeadLetterFilter::default() };
    let mut letters = Vec::new();
    for summary in store.dead_letters(filter).await.expect("the desk can be read") {
        let letter = store.dead_letter(summary.id).await.expect("the desk can be read");
        letters.push(letter.expect("a letter never goes away"));
    }
    letters
}

/// The letters of one job.
pub(super) async fn letters_of(store: &Store, job: JobId) -> Vec<DeadLetter> {
    letters(store).await.into_iter().filter(|letter| letter.summary.job_id == Some(job)).collect()
}

/// The letters that hold exactly these bytes.
pub(super) async fn letters_with(store: &Store, body: &[u8]) -> Vec<DeadLetter> {
    letters(store).await.into_iter().filter(|letter| letter.body == body).collect()
}
