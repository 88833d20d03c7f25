//! The large run of `cargo xtask agree`: explain and the workers over as many made jobs as one likes.

#![expect(clippy::print_stdout, reason = "a person reads the report, and a program its last line")]

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use closure_tests::{
    agreement::{Plan, Rate, Report, agree, options, rate},
    harness::{Fleet, run},
};
use serde_json::json;

/// Compares what explain says with what the workers do.
#[derive(Parser)]
#[command(name = "agree")]
struct Cli {
    /// How many jobs.
    #[arg(long, default_value_t = 100_000)]
    jobs: usize,
    /// The same seed makes the same jobs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Jobs that are under way together.
    #[arg(long, default_value_t = 1_500)]
    wave: usize,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let plan = Plan { jobs: cli.jobs, seed: cli.seed, wave_jobs: cli.wave.max(1) };
    run(async {
        let fleet = Fleet::start(options(plan)).await;
        let rate = rate(&fleet, plan).await;
        println!("{}", rate_line(rate));
        let report = agree(&fleet, plan).await;
        fleet.finish().await;
        print(plan, rate, &report);
        if report.disagreements == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    })
}

fn rate_line(rate: Rate) -> String {
    format!(
        "explain: {} jobs in {:.2} s, {:.0} a second on one core; a plain decode takes {:.2} s, so that explain is \
         {:.1} times a decode",
        rate.jobs,
        rate.explain.as_secs_f64(),
        per_second(rate.jobs, rate.explain),
        rate.decode.as_secs_f64(),
        rate.explain.as_secs_f64() / rate.decode.as_secs_f64(),
    )
}

fn print(plan: Plan, rate: Rate, report: &Report) {
    for told in &report.told {
        println!("{told}");
    }
    for (verdict, count) in &report.verdicts {
        println!("{count:>8}  {verdict}");
    }
    for (fallback, count) in &report.fallbacks {
        println!("{count:>8}  an email: {fallback}");
    }
    println!(
        "{} jobs of seed {} to {} countries: explain and the workers disagree on {}",
        report.jobs,
        plan.seed,
        report.countries.len(),
        report.disagreements
    );
    let facts = json!({
        "jobs": report.jobs,
        "seed": plan.seed,
        "disagreements": report.disagreements,
        "countries": report.countries.len(),
        "explain_jobs_per_s": per_second(rate.jobs, rate.explain).round(),
        "explain_over_decode": rate.explain.as_secs_f64() / rate.decode.as_secs_f64(),
        "workers_s": report.worked.as_secs_f64(),
    });
    println!("{facts}");
}

fn per_second(jobs: usize, took: Duration) -> f64 {
    jobs as f64 / took.as_secs_f64()
}
