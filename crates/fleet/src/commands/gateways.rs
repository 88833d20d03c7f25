//! `fleet gateways`: which SMS gateways are left alone and since when (R14e), and how their month stands.

use closure_policy::gateway::quota::QuotaLevel;
use closure_store::{OpenCircuit, OpenedBy, Store};
use serde_json::json;

use super::{Failure, Invocation, show_as};
use crate::{
    cli::Gateways,
    config,
    desk::{self, Act, Desk},
    gateways::quota::{self, Month},
    output,
};

/// Runs one command about the gateways.
pub async fn run(invocation: &Invocation, what: Gateways) -> Result<(), Failure> {
    let (database, quotas) = config::load(invocation.config.as_ref(), |source| {
        (config::database(source), config::quotas(source))
    })?;
    let desk = Desk::open(Store::new(database)?, &invocation.who).await?;
    match what {
        Gateways::Quota => {
            let months = quota::months(desk.store(), &quotas).await?;
            show_as(invocation.style, &months, |months| {
                months
                    .iter()
                    .for_each(|month| output::line(format!("{:<8} {}", month.usage.provider, used(month))));
            });
        }
        Gateways::List => {
            let open = desk.store().open_circuits().await?;
            show_as(invocation.style, &open, |open| {
                if open.is_empty() {
                    output::line("no gateway is left alone".to_owned());
                }
                open.iter().for_each(line);
            });
        }
        Gateways::Probe { gateway } => {
            let store = desk.begin(Act::ProbeGateway, desk::subject("gateway", gateway), None).await?;
            let count = store.probe_now(gateway).await?;
            if count == 0 {
                return Err(Failure::Refused(format!(
                    "{gateway} is not left alone; see fleet gateways list"
                )));
            }
            show_as(invocation.style, &json!({ "gateway": gateway, "circuits": count }), |_| {
                output::line(format!("{gateway}: the next job tries it"));
            });
        }
    }
    Ok(())
}

fn line(circuit: &OpenCircuit) {
    let whole = || "everything".to_owned();
    output::line(format!(
        "{:<8} {:<11} since {}  {}{}: {}",
        circuit.name.provider.as_str(),
        circuit.name.country_code.map_or_else(whole, |code| format!("to +{code}")),
        circuit.opened_at,
        circuit.code,
        match circuit.opened_by {
            OpenedBy::Request => "",
            OpenedBy::Receipt => " by receipt, and a receipt ends it",
        },
        circuit.code.what(),
    ));
    if let Some(said) = &circuit.detail {
        output::line(format!("         it says: {said}"));
    }
    output::line(format!(
        "         {} probe(s) failed; the next one in {} s; {}",
        circuit.probes_failed,
        circuit.probe_in_ms.div_ceil(1_000),
        circuit.code.remedy(),
    ));
}

/// How a gateway's month stands, for people.
pub(super) fn used(month: &Month) -> String {
    let Month { usage, quota, forecast } = month;
    let pace = format!("{:.0} a day of late", usage.per_day);
    let Some((quota, forecast)) = quota.zip(*forecast) else {
        return format!("{} texts this month, {pace}; no quota is set", usage.used);
    };
    let outlook = match (forecast.level, forecast.runs_out_at) {
        (QuotaLevel::UsedUp, _) => "nothing is left; raise it at the gateway".to_owned(),
        (_, Some(at)) => format!("at this pace nothing is left from {at} on; raise it at the gateway"),
        (QuotaLevel::Ample | QuotaLevel::Watch | QuotaLevel::Low, None) => {
            format!("it lasts until the month ends at {}", usage.month_ends_at)
        }
    };
    format!("{} of {quota} texts this month ({:.0}%), {pace}; {outlook}", usage.used, forecast.used_percent)
}
