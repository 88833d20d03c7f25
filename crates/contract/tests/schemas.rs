//! The published schemas are the ones that the types give.

use std::path::Path;

use closure_contract::schema;

#[test]
fn the_schemas_in_the_documentation_are_made_from_the_types() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/contract");
    for (name, schema) in schema::all() {
        let path = folder.join(format!("{name}.schema.json"));
        let published = std::fs::read_to_string(&path).unwrap_or_else(|problem| {
            panic!("{}: {problem}; run: fleet schema docs/contract", path.display())
        });
        let made = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
        assert!(
            published == made,
            "{} is not what the types give; run: fleet schema docs/contract",
            path.display()
        );
    }
}
