//! The published description of the advisor is the one that its types give.

use std::path::Path;

use closure_fleet::advisor::openapi;

#[test]
fn the_advisors_document_is_made_from_its_questions_answers_and_refusals() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract").join(openapi::FILE);
    let published = std::fs::read_to_string(&path)
        .unwrap_or_else(|problem| panic!("{}: {problem}; run: fleet schema docs/contract", path.display()));
    assert!(
        published == openapi::text(),
        "{} is not what the types give; run: fleet schema docs/contract",
        path.display()
    );
}
