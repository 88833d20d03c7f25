//! What a person types: demo, test, bench.
fn main() {}
