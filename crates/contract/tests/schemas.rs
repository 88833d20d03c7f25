//! The published contract is the one that the types and the topology give.

use std::path::Path;

use closure_contract::schema;

#[test]
fn the_contract_in_the_documentation_is_made_from_the_types_and_the_topology() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract");
    for (name, made) in schema::files() {
        let path = folder.join(name);
        let published = std::fs::read_to_string(&path).unwrap_or_else(|problem| {
            panic!("{}: {problem}; run: fleet schema docs/contract", path.display())
        });
        assert!(
            published == made,
            "{} is not what the types give; run: fleet schema docs/contract",
            path.display()
        );
    }
}
