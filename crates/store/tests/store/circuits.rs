use closure_contract::{FailureCode, Provider, Timestamp};
use closure_store::{GatewayScope, Opened, OpenedBy, Store};
use uuid::Uuid;

use crate::support::run;

const NHN: GatewayScope = GatewayScope { provider: Provider::Nhn, country_code: None };
const NHN_TO_VIETNAM: GatewayScope = GatewayScope { provider: Provider::Nhn, country_code: Some(84) };
const LEASE_MS: u64 = 60_000;

async fn open(store: &Store, name: GatewayScope, probe_after_ms: u64) -> Opened {
    let (code, by) = (FailureCode::ProviderQuota, OpenedBy::Request);
    store
        .open_circuit(name, (code, Some("at AUTH: 535 no")), by, probe_after_ms)
        .await
        .expect("the database answers")
}

async fn take(store: &Store, prober: Uuid) -> Vec<GatewayScope> {
    store.take_probes(prober, &[Provider::Nhn], LEASE_MS).await.expect("the database answers")
}

#[test]
fn of_many_processes_that_find_a_gateway_failing_one_opens_its_circuit_and_all_see_it() {
    run(async |database| {
        let (store, other) = (database.store(), database.store());
        assert_eq!(open(&store, NHN, 5_000).await, Opened::Now);
        assert_eq!(open(&other, NHN, 1).await, Opened::Before, "the first one's wait stands");
        let seen = other.open_circuits().await.expect("the database answers");
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].name, seen[0].code), (NHN, FailureCode::ProviderQuota));
        assert!((1..=5_000).contains(&seen[0].probe_in_ms), "{}", seen[0].probe_in_ms);
        assert_eq!(open(&other, NHN_TO_VIETNAM, 1).await, Opened::Now, "a country is another circuit");
    });
}

#[test]
fn a_circuit_whose_time_has_come_gives_its_probe_to_one_process() {
    run(async |database| {
        let store = database.store();
        let (me, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        open(&store, NHN, 3_600_000).await;
        assert_eq!(take(&store, me).await, [], "its time has not come");
        store.probe_now(Provider::Nhn).await.expect("the database answers");
        let of_mail = store.take_probes(me, &[Provider::Smtp], LEASE_MS).await.expect("the database answers");
        assert_eq!(of_mail, [], "whoever carries no texts probes no gateway");
        assert_eq!(take(&store, me).await, [NHN]);
        assert_eq!(take(&store, other).await, [], "one probe at a time");
        database.execute("UPDATE circuit SET probing_until = now()").await;
        assert_eq!(take(&store, other).await, [NHN], "the right of a process that died passes on");
        store
            .probe_failed(NHN, me, (FailureCode::ProviderAuth, None), 1)
            .await
            .expect("the database answers");
        let seen = store.open_circuits().await.expect("the database answers");
        assert_eq!(seen[0].probes_failed, 0, "who lost the right says nothing about the gateway any more");
        store
            .probe_failed(NHN, other, (FailureCode::ProviderAuth, Some("still 535")), 60_000)
            .await
            .expect("the database answers");
        let seen = store.open_circuits().await.expect("the database answers");
        assert_eq!((seen[0].probes_failed, seen[0].code), (1, FailureCode::ProviderAuth));
        assert_eq!(take(&store, me).await, [], "the next probe waits its time");
    });
}

#[test]
fn a_closed_circuit_leaves_nothing_behind() {
    run(async |database| {
        let store = database.store();
        open(&store, NHN, 0).await;
        open(&store, NHN_TO_VIETNAM, 0).await;
        assert_eq!(store.close_circuit(NHN).await, Ok(true));
        assert_eq!(store.close_circuit(NHN).await, Ok(false));
        let seen = store.open_circuits().await.expect("the database answers");
        assert_eq!(seen.iter().map(|circuit| circuit.name).collect::<Vec<_>>(), [NHN_TO_VIETNAM]);
    });
}

#[test]
fn what_receipts_opened_is_closed_by_the_receipt_of_a_later_text_and_by_no_earlier_one() {
    run(async |database| {
        let store = database.store();
        let before = Timestamp::now();
        let (code, me) = (FailureCode::ProviderQuota, Uuid::from_u128(1));
        store.open_circuit(NHN, (code, None), OpenedBy::Receipt, 0).await.expect("the database answers");
        open(&store, NHN_TO_VIETNAM, 0).await;
        assert_eq!(take(&store, me).await.len(), 2);
        store.probe_taken(NHN, me, 60_000).await.expect("the database answers");
        let seen = store.open_circuits().await.expect("the database answers");
        assert_eq!((seen[0].opened_by, seen[0].probes_failed), (OpenedBy::Receipt, 0), "it is open still");
        assert_eq!(take(&store, me).await, [], "the next probe waits its time");
        assert_eq!(store.close_by_receipt(NHN, before).await, Ok(false), "it was sent before the trouble");
        let later = Timestamp(Timestamp::now().0 + std::time::Duration::from_secs(60));
        assert_eq!(store.close_by_receipt(NHN_TO_VIETNAM, later).await, Ok(false), "requests opened that");
        assert_eq!(store.close_by_receipt(NHN, later).await, Ok(true));
    });
}
