//! Which gateway carries a text message: by country and weight, and another one where the first is not well.

use closure_contract::{JobId, Provider};
use serde::{Deserialize, Serialize};

/// The gateways of some countries.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRule {
    /// The country codes that it is for; empty for every country that no other route names.
    #[serde(default)]
    pub country_codes: Vec<u16>,
    /// The gateways, in the order in which they stand in for each other.
    pub gateways: Vec<WeightedGateway>,
}

/// One gateway of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedGateway {
    /// The gateway, such as `infobip`.
    pub gateway: Provider,
    /// Its share of the jobs; with 0 it only stands in for others.
    pub weight: u32,
}

/// The gateway for a job, or nothing where none is connected.
///
/// The same job has the same answer as long as the same gateways are well: its share is decided by its id.
/// `connected` is in the order of preference, and its first carries everything that no route speaks of; `unwell` are
/// those that lately failed in a way that hits every job alike, and `too_short` those that do not take so long a text,
/// which therefore never stand in.
/// Where nobody is well the choice stands, and the job waits for it.
pub fn route(
    job: JobId,
    country_code: Option<u16>,
    routes: &[RoutingRule],
    connected: &[Provider],
    unwell: &[Provider],
    too_short: &[Provider],
) -> Option<Provider> {
    let mut candidates = candidates(country_code, routes, connected);
    candidates.retain(|one| !too_short.contains(&one.gateway));
    let chosen = by_weight(job, &candidates)?;
    let well = |index: &usize| candidates.get(*index).is_some_and(|one| !unwell.contains(&one.gateway));
    let in_turn = (chosen..candidates.len()).chain(0..chosen);
    let index = in_turn.into_iter().find(well).unwrap_or(chosen);
    candidates.get(index).map(|candidate| candidate.gateway)
}

/// The gateways that may carry a country's jobs, those that only stand in for others among them.
pub(crate) fn gateways_of(
    country_code: u16,
    routes: &[RoutingRule],
    connected: &[Provider],
) -> Vec<Provider> {
    candidates(Some(country_code), routes, connected).into_iter().map(|one| one.gateway).collect()
}

/// The gateways that have a share of a country's jobs; those that only stand in for others are not among them.
pub fn sharers(country_code: u16, routes: &[RoutingRule], connected: &[Provider]) -> Vec<Provider> {
    let candidates = candidates(Some(country_code), routes, connected);
    let has_shares = candidates.iter().any(|one| one.weight > 0);
    let mut sharers = candidates;
    if has_shares {
        sharers.retain(|one| one.weight > 0);
    } else {
        // Nobody that they stand in for is connected, and the first of them carries all.
        sharers.truncate(1);
    }
    sharers.into_iter().map(|one| one.gateway).collect()
}

/// The connected gateways of the country's route.
fn candidates(
    country_code: Option<u16>,
    routes: &[RoutingRule],
    connected: &[Provider],
) -> Vec<WeightedGateway> {
    let own =
        routes.iter().find(|route| country_code.is_some_and(|code| route.country_codes.contains(&code)));
    let route = own.or_else(|| routes.iter().find(|route| route.country_codes.is_empty()));
    let routed: Vec<WeightedGateway> = route
        .iter()
        .flat_map(|route| &route.gateways)
        .copied()
        .filter(|candidate| connected.contains(&candidate.gateway))
        .collect();
    if !routed.is_empty() {
        return routed;
    }
    let weight = |index| u32::from(index == 0);
    let preferred = connected.iter().enumerate();
    preferred.map(|(index, gateway)| WeightedGateway { gateway: *gateway, weight: weight(index) }).collect()
}

/// The index of the job's share.
fn by_weight(job: JobId, candidates: &[WeightedGateway]) -> Option<usize> {
    let total: u128 = candidates.iter().map(|candidate| u128::from(candidate.weight)).sum();
    let mut left = job.0.as_u128().checked_rem(total).unwrap_or(0);
    for (index, candidate) in candidates.iter().enumerate() {
        let weight = u128::from(candidate.weight);
        if left < weight {
            return Some(index);
        }
        left -= weight;
    }
    (!candidates.is_empty()).then_some(0)
}

#[cfg(test)]
mod tests {
    use closure_contract::Provider::{Infobip, Nhn, Twilio};

    use super::*;

    const CONNECTED: [Provider; 3] = [Nhn, Infobip, Twilio];

    fn job(number: u128) -> JobId {
        format!("00000000-0000-0000-0000-{number:012x}").parse().expect("a UUID")
    }

    fn routes() -> Vec<RoutingRule> {
        let weighted = |gateway, weight| WeightedGateway { gateway, weight };
        vec![
            RoutingRule {
                country_codes: vec![84, 86],
                gateways: vec![weighted(Infobip, 3), weighted(Nhn, 1), weighted(Twilio, 0)],
            },
            RoutingRule { country_codes: Vec::new(), gateways: vec![weighted(Nhn, 1), weighted(Infobip, 0)] },
        ]
    }

    fn of(number: u128, country: u16, unwell: &[Provider]) -> Option<Provider> {
        route(job(number), Some(country), &routes(), &CONNECTED, unwell, &[])
    }

    #[test]
    fn jobs_are_shared_by_weight_and_the_same_job_has_the_same_gateway() {
        let chosen: Vec<_> = (0..400).filter_map(|number| of(number, 84, &[])).collect();
        let share = |gateway| chosen.iter().filter(|chosen| **chosen == gateway).count();
        assert_eq!((share(Infobip), share(Nhn), share(Twilio)), (300, 100, 0));
        assert_eq!(of(7, 84, &[]), of(7, 84, &[]));
        assert_eq!(of(7, 1, &[]), Some(Nhn), "the route without countries is for all others");
    }

    #[test]
    fn another_gateway_of_the_route_stands_in_for_one_that_is_unwell_and_for_no_other_job() {
        for number in 0..40 {
            let without = of(number, 84, &[Infobip]);
            assert_eq!(without, Some(Nhn), "both shares are Nhn's now");
            if of(number, 84, &[]) == Some(Nhn) {
                assert_eq!(of(number, 84, &[Infobip]), Some(Nhn), "who was well keeps its jobs");
            }
        }
        assert_eq!(of(0, 84, &[Infobip, Nhn]), Some(Twilio), "a weight of 0 stands in");
        assert_eq!(of(0, 84, &[Infobip, Nhn, Twilio]), Some(Infobip), "nobody is well: the choice stands");
        assert_eq!(of(0, 1, &[Nhn, Infobip]), Some(Nhn), "Twilio is not of this route");
    }

    #[test]
    fn a_text_that_is_too_long_for_a_gateway_goes_to_another_of_the_route_however_that_one_is() {
        let long = |number, country, unwell: &[Provider], too_short: &[Provider]| {
            route(job(number), Some(country), &routes(), &CONNECTED, unwell, too_short)
        };
        for number in 0..40 {
            assert_eq!(long(number, 84, &[], &[Infobip]), Some(Nhn), "both shares are Nhn's");
            assert_eq!(
                long(number, 84, &[Nhn], &[Infobip]),
                Some(Twilio),
                "one that cannot does not stand in"
            );
            assert_eq!(long(number, 84, &[Nhn, Twilio], &[Infobip]), Some(Nhn), "it waits for one that can");
        }
        assert_eq!(long(0, 1, &[], &[Nhn]), Some(Infobip), "a weight of 0 carries what the others cannot");
        assert_eq!(long(0, 1, &[], &[Nhn, Infobip]), None, "Twilio is not of this route");
    }

    #[test]
    fn without_routes_the_first_connected_gateway_carries_all_and_the_others_stand_in() {
        let next = |unwell: &[Provider]| route(job(3), Some(84), &[], &[Infobip, Nhn], unwell, &[]);
        assert_eq!([next(&[]), next(&[Infobip])], [Some(Infobip), Some(Nhn)]);
        assert_eq!(route(job(3), None, &[], &[], &[], &[]), None);
        let only = route(job(0), Some(84), &routes(), &[Twilio], &[], &[]);
        assert_eq!(only, Some(Twilio), "a gateway of a route that is not connected is passed over");
    }

    #[test]
    fn a_route_keeps_a_country_away_from_a_gateway_that_others_stay_with() {
        assert_eq!(sharers(84, &routes()[..0], &CONNECTED), [Nhn], "without a route the preferred one");
        let steered = [RoutingRule {
            country_codes: vec![84, 86],
            gateways: vec![
                WeightedGateway { gateway: Infobip, weight: 1 },
                WeightedGateway { gateway: Nhn, weight: 0 },
            ],
        }];
        for country_code in [84, 86] {
            assert_eq!(sharers(country_code, &steered, &CONNECTED), [Infobip]);
            for number in 0..100 {
                let chosen = route(job(number), Some(country_code), &steered, &CONNECTED, &[], &[]);
                assert_eq!(chosen, Some(Infobip));
            }
        }
        assert_eq!(sharers(81, &steered, &CONNECTED), [Nhn]);
        assert_eq!(sharers(84, &steered, &[Nhn]), [Nhn], "the one that it stands in for is not connected");
    }
}
