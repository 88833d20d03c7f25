//! `fleet explain` says what the workers do: the same engine, held against each other on a made set of jobs.

use closure_tests::{
    agreement::{Plan, agree, options},
    harness::{Fleet, run},
};

/// `cargo xtask agree` compares a hundred times as many, of any seed.
const PLAN: Plan = Plan { jobs: 1_000, seed: 20_261_122, wave_jobs: 1_000 };

#[test]
fn explain_and_the_workers_agree_on_every_job_of_a_made_set() {
    run(async {
        let fleet = Fleet::start(options(PLAN)).await;
        let watch = fleet.watch();
        let report = agree(&fleet, PLAN).await;
        assert_eq!(report.disagreements, 0, "{}", report.told.join("\n"));
        assert_eq!(report.jobs, PLAN.jobs);
        // A set in which a rule has nothing to say would agree for nothing.
        for verdict in [
            "send",
            "postpone",
            "reject expired",
            "reject body_too_long",
            "reject forbidden_characters",
            "reject attachment_not_supported",
            "reject template_mismatch",
            "hold ambiguous_number",
            "hold scope_mismatch",
            "hold subject_not_english",
            "hold no_email_address",
            "error wrong_shape",
        ] {
            assert!(report.verdicts.contains_key(verdict), "no {verdict} in {:?}", report.verdicts);
        }
        for fallback in ["always", "on_failure", "none"] {
            assert!(report.fallbacks.contains_key(fallback), "no {fallback} in {:?}", report.fallbacks);
        }
        assert!(report.countries.len() > 100, "{} countries", report.countries.len());
        drop(watch);
        fleet.finish().await;
    });
}
