//! `fleet gateways`: which SMS gateways are left alone and since when (R14e), and how their month stands.

use closure_contract::{Language, Words};
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
    words::say,
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
                    output::line(say!(
                        invocation.language,
                        "no gateway is left alone",
                        "발송을 멈춘 발송사가 없습니다"
                    ));
                }
                open.iter().for_each(|circuit| line(circuit, invocation.language));
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

fn line(circuit: &OpenCircuit, language: Language) {
    let OpenCircuit { opened_at, code, probes_failed, .. } = circuit;
    let gateway = circuit.name.provider.as_str();
    let country = match circuit.name.country_code {
        None => Words::of("everything", "전체").in_language(language).to_owned(),
        Some(country) => say!(language, "to +{country}", "국가번호 {country}"),
    };
    let by = match circuit.opened_by {
        OpenedBy::Request => Words::of("", ""),
        OpenedBy::Receipt => Words::of(
            " by receipt, and a receipt ends it",
            "(전송 결과로 멈췄으며 전송 결과로 다시 시작합니다)",
        ),
    };
    let (by, what) = (by.in_language(language), code.what_in(language));
    output::line(say!(
        language,
        "{gateway:<8} {country:<11} since {opened_at}  {code}{by}: {what}",
        "{gateway:<8} {country}  {opened_at}부터 발송 멈춤  {code}{by}: {what}"
    ));
    if let Some(said) = &circuit.detail {
        output::line(say!(language, "         it says: {said}", "         발송사의 응답: {said}"));
    }
    let (next_s, remedy) = (circuit.probe_in_ms.div_ceil(1_000), code.remedy_in(language));
    output::line(say!(
        language,
        "         {probes_failed} probe(s) failed; the next one in {next_s} s; {remedy}",
        "         다시 시도 {probes_failed}회 실패, 다음 시도 {next_s}초 뒤. {remedy}"
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
