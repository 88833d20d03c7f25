//! `fleet gateways`: which SMS gateways are left alone, and since when (R14e).

use closure_store::{OpenCircuit, Store};
use serde_json::json;

use super::{Call, Failure, show_as};
use crate::{cli::Gateways, config, output};

/// Runs one command about the gateways.
pub async fn run(call: &Call, what: Gateways) -> Result<(), Failure> {
    let store = Store::new(config::load(call.config.as_ref(), config::database)?)?;
    match what {
        Gateways::List => {
            let open = store.open_circuits().await?;
            show_as(call.style, &open, |open| {
                if open.is_empty() {
                    output::line("no gateway is left alone".to_owned());
                }
                open.iter().for_each(line);
            });
        }
        Gateways::Probe { gateway } => {
            let count = store.probe_now(gateway).await?;
            if count == 0 {
                return Err(Failure::Refused(format!(
                    "{gateway} is not left alone; see fleet gateways list"
                )));
            }
            show_as(call.style, &json!({ "gateway": gateway, "circuits": count }), |_| {
                output::line(format!("{gateway}: the next job tries it"));
            });
        }
    }
    Ok(())
}

fn line(circuit: &OpenCircuit) {
    let whole = || "everything".to_owned();
    output::line(format!(
        "{:<8} {:<11} since {}  {}: {}",
        circuit.name.provider.as_str(),
        circuit.name.country_code.map_or_else(whole, |code| format!("to +{code}")),
        circuit.opened_at,
        circuit.code,
        circuit.code.what(),
    ));
    output::line(format!(
        "         {} probe(s) failed; the next one in {} s; {}",
        circuit.probes_failed,
        circuit.probe_in_ms.div_ceil(1_000),
        circuit.code.remedy(),
    ));
}
