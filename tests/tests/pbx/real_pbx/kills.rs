//! Calls while the worker and the PBX are killed and held at random: nobody is rung twice, and every job ends once.

use std::{collections::BTreeMap, time::Duration};

use closure_contract::JobId;
use closure_tests::harness::{
    Asterisk, Fleet, FleetOptions, LONG, Party, ProcessSpec, count_from_environment, eventually, jobs, run,
};

use crate::support::{dial_worker, started};

/// How many calls; the variable `CLOSURE_PBX_CALLS` asks for more.
const CALLS: u64 = 8;
/// One call takes its agent's phone, and the harness has so many.
const PHONES: u64 = 99;

/// Numbers that a seed determines (xorshift64).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn pause(&mut self, least_ms: u64, most_ms: u64) -> Duration {
        Duration::from_millis(least_ms + self.below(most_ms - least_ms))
    }
}

/// One fault, from its beginning to its end.
async fn strike(chance: &mut Chance, fleet: &Fleet, pbx: &mut Asterisk) -> &'static str {
    match chance.below(8) {
        0..=3 => {
            fleet.kill("dial").await;
            fleet.process("dial").await.spawn().await;
            "worker killed"
        }
        4 | 5 => {
            fleet.process("dial").await.freeze();
            tokio::time::sleep(chance.pause(500, 5_000)).await;
            fleet.process("dial").await.thaw();
            "worker held"
        }
        6 => {
            pbx.freeze();
            tokio::time::sleep(chance.pause(500, 4_000)).await;
            pbx.thaw();
            "PBX held"
        }
        _ => {
            pbx.kill(Party::Pbx);
            pbx.start_party(Party::Pbx).await;
            "PBX killed"
        }
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "whoever asks for more calls wants to see how they ended")]
fn under_kills_and_freezes_of_worker_and_pbx_nobody_is_rung_twice_and_every_job_ends_once() {
    let calls = count_from_environment("CLOSURE_PBX_CALLS", CALLS).min(PHONES);
    let seed = count_from_environment("CLOSURE_PBX_SEED", u64::from(std::process::id()));
    run(async {
        let mut chance = Chance(seed.max(1));
        let mut pbx = Asterisk::prepare().await;
        let mut processes = dial_worker(4);
        // It tells what a worker that was killed could not tell any more.
        processes.push(ProcessSpec::work("fallback", &["fallback"]));
        let options = FleetOptions::with("pbx-kills", processes)
            .variable("FLEET_WORKER_LEASE_MS", "3000")
            .variable("FLEET_DIAL_ARI_TOTAL_TIMEOUT_MS", "1500");
        let fleet = started(&mut pbx, options).await;
        fleet.start_process("fallback").await;
        let list: Vec<_> = (0..calls)
            .map(|index| jobs::dial(&format!("+819045{index:02}0001"), &(1_001 + index).to_string()))
            .collect();
        let ids: Vec<JobId> = list.iter().map(jobs::id).collect();
        let mut struck = BTreeMap::new();
        for job in &list {
            fleet.publish(job).await;
            tokio::time::sleep(chance.pause(50, 900)).await;
            *struck.entry(strike(&mut chance, &fleet, &mut pbx).await).or_insert(0) += 1;
        }
        fleet.process("dial").await.ready().await;
        eventually("every job to be told of", LONG, || async {
            let open = ids.iter().filter(|id| fleet.outcomes.of(**id).is_empty()).count();
            if open == 0 { Ok(()) } else { Err(format!("{open} are not")) }
        })
        .await;
        fleet.drain().await;
        let mut ends = BTreeMap::new();
        for (index, id) in ids.iter().enumerate() {
            let heard = fleet.outcomes.of(*id);
            let mut different: Vec<_> = heard.iter().map(|one| one.outcome.outcome_id).collect();
            different.dedup();
            assert_eq!(different.len(), 1, "seed {seed}: a job ends once: {heard:?}");
            *ends.entry(heard[0].summary()).or_insert(0) += 1;
            let agent = pbx.rings_of(&(1_001 + index).to_string());
            let customer = pbx.calls_to(&format!("819045{index:02}0001"));
            assert!(agent <= 1 && customer <= 1, "seed {seed}: agent {agent}, customer {customer} times");
        }
        let (agents, customers) = (pbx.agent_rings().len(), pbx.customer_rings().len());
        eprintln!(
            "seed {seed}: {calls} calls, {struck:?}: {agents} agents and {customers} customers rung, {ends:?}"
        );
        assert!(customers > 0, "seed {seed}: no call came through at all");
        // Whatever the fleet tells of a call that came through nowhere is the PBX's, or a doubt.
        let allowed = ["dial.answered", "dial.unknown call_in_doubt", "dial.unanswered pbx_"];
        let strange = ends.keys().find(|end| allowed.iter().all(|one| !end.starts_with(one)));
        assert_eq!(strange, None, "seed {seed}");
        fleet.finish().await;
    });
}
