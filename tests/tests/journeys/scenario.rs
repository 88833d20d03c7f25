//! Every row of the scenario is walked by a test.

use closure_tests::harness::kride;

const SOURCES: [&str; 9] = [
    include_str!("calls.rs"),
    include_str!("countries.rs"),
    include_str!("emails.rs"),
    include_str!("fallback.rs"),
    include_str!("gateway.rs"),
    include_str!("messages.rs"),
    include_str!("numbers.rs"),
    include_str!("texts.rs"),
    include_str!("times.rs"),
];

#[test]
fn every_row_of_the_scenario_is_a_journey_here() {
    let missing: Vec<String> = kride::names()
        .into_iter()
        .filter(|name| !SOURCES.iter().any(|source| source.contains(&format!("\"{name}\""))))
        .collect();
    assert!(missing.is_empty(), "no journey walks {missing:?}");
}
