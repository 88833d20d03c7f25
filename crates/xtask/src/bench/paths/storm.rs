//! After an outage the gateway tells every receipt at once, while jobs go on at their pace.

use crate::bench::measured::{Measured, number};
use crate::bench::meter::Meter;
use crate::bench::paths::Site;
use crate::bench::stage::outside::Receipts;
use crate::error::Result;

/// Texts whose receipts were held back, and jobs beside them, until the CRM has the outcome of each.
pub fn measure(site: Site<'_>) -> Result<Measured> {
    let Site { stage, plan, interrupt, .. } = site;
    stage.outside.set_receipts(Receipts::Off)?;
    let roles = site.roles(&["sms", "fallback", "intake"])?;
    let (texts, _jobs) = (stage.new_block(), stage.new_block());
    let (receipts, within) = (plan.receipts.to_string(), plan.storm_s.to_string());
    let (rate, usual) = (plan.rate.to_string(), plan.seconds.to_string());
    let words = ["storm", "--receipts", &receipts, "--within-s", &within, "--rate", &rate];
    let words = words.into_iter().chain(["--usual-s", &usual, "--block", &texts]);
    let mut load = stage.load(&words.map(str::to_owned).collect::<Vec<_>>())?;
    load.expect("sent", interrupt)?;
    stage.outside.set_receipts(Receipts::On)?;
    load.go_on()?;
    load.expect("begun", interrupt)?;
    let meter = Meter::begin(site, &roles)?;
    let ended = load.expect("ended", interrupt)?;
    let jobs = number(&ended, "jobs")?;
    let mut measured = meter.end(jobs)?;
    measured.add_repeats(&ended, jobs)?;
    stage.stop(roles, interrupt)?;
    load.go_on()?;
    let checked = load.expect("checked", interrupt)?;
    load.finish(interrupt)?;
    stage.queues_are_empty(interrupt)?;
    measured.add_times(&checked, "usual_ms")?;
    measured.add_times(&checked, "storm_ms")?;
    for name in ["asked_s", "caught_up_s"] {
        measured.add(name, number(&checked, name)?);
    }
    let p99 = |name: &str| measured.numbers.get(name).copied().unwrap_or(f64::NAN);
    let worse = p99("storm_ms.p99") / p99("usual_ms.p99");
    measured.add("storm_to_usual_p99", worse);
    Ok(measured)
}
