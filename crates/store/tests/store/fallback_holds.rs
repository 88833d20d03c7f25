use closure_contract::{
    ConsultationId, Evidence, FailureCode, JobId, Provider,
    facts::{
        jobs::JobFacts,
        share::{FailureShare, HalfLives},
    },
};
use closure_store::{
    DeliveryFacts, DeliveryState, DeliveryUpdate, Evaluated, FallbackHoldRow, GatewayScope, Moved,
    NewFallback, Store,
};
use serde_json::json;

use crate::support::{accepted, run, settled};

const NHN: GatewayScope = GatewayScope { provider: Provider::Nhn, country_code: None };
const NHN_TO_JAPAN: GatewayScope = GatewayScope { provider: Provider::Nhn, country_code: Some(81) };
/// So long that nothing fades while a test runs.
const LASTING: HalfLives = HalfLives { recent_ms: 86_400_000_000, usual_ms: 86_400_000_000 };

fn counts(ended: f64, failed: f64) -> FailureShare {
    FailureShare { ended, failed }
}

async fn count(store: &Store, scope: GatewayScope, ended: f64, failed: f64) {
    store.count_endings(vec![(scope, counts(ended, failed))], LASTING).await.expect("the database answers");
}

async fn row(store: &Store, scope: GatewayScope) -> FallbackHoldRow {
    let rows = store.fallback_holds(LASTING).await.expect("the database answers");
    rows.into_iter().find(|row| row.scope == scope).expect("the scope was counted")
}

async fn hold(store: &Store, scope: GatewayScope) -> Moved {
    store.hold_emails(scope, LASTING).await.expect("the database answers")
}

async fn overrule(store: &Store, scope: GatewayScope, overrule_ms: u64) -> Vec<GatewayScope> {
    store
        .overrule_fallback_hold(scope, overrule_ms, "kim", "the numbers are wrong")
        .await
        .expect("the database answers")
}

async fn judge(store: &Store, job: JobId, fallback: NewFallback) -> Evaluated {
    let verdict = move |_: &DeliveryFacts| {
        Some((
            DeliveryUpdate {
                state: DeliveryState::Undelivered,
                code: Some(FailureCode::NotDelivered),
                detail: None,
                evidence: Evidence::None,
                rules: json!([]).into(),
                fallback: fallback.clone(),
            },
            (),
        ))
    };
    store.evaluate(job, verdict).await.expect("the database answers").expect("a verdict")
}

fn email_of(sms: JobId) -> NewFallback {
    NewFallback::Email {
        job_id: sms.fallback_email(),
        body: "email".into(),
        consultation_id: ConsultationId::try_from("c-1".to_owned()).expect("a short id"),
        revision: 1,
        kind: "closure.email/1".to_owned(),
        found_by: JobFacts::default(),
    }
}

#[test]
fn every_process_counts_into_the_same_lanes() {
    run(async |database| {
        let counting = (0..20_u32).map(|number| {
            let store = database.store();
            tokio::spawn(async move {
                let failed = f64::from(number % 2);
                let both = vec![(NHN_TO_JAPAN, counts(1.0, failed)), (NHN, counts(1.0, failed))];
                store.count_endings(both, LASTING).await
            })
        });
        for counted in futures::future::join_all(counting).await {
            assert_eq!(counted.expect("counting does not panic"), Ok(()));
        }
        let store = database.store();
        for scope in [NHN, NHN_TO_JAPAN] {
            let row = row(&store, scope).await;
            assert_eq!((row.recent.ended.round(), row.recent.failed.round()), (20.0, 10.0));
            assert_eq!((row.usual.ended.round(), row.usual.failed.round()), (20.0, 10.0));
        }
    });
}

#[test]
fn what_ended_long_ago_weighs_nothing_and_is_no_error() {
    run(async |database| {
        let store = database.store();
        let fleeting = HalfLives { recent_ms: 1, usual_ms: 1 };
        for _ in 0..40 {
            count(&store, NHN, 1e6, 1e6).await;
            database.execute("UPDATE brake SET counted_at = now() - interval '100 years'").await;
            store.count_endings(vec![(NHN, counts(1.0, 0.0))], fleeting).await.expect("nothing underflows");
        }
        database.execute("UPDATE brake SET counted_at = now() + interval '1 hour'").await;
        let row = row(&store, NHN).await;
        assert_eq!((row.recent, row.usual), (counts(1.0, 0.0), counts(1.0, 0.0)));
    });
}

#[test]
fn of_many_processes_one_begins_the_hold_and_counts_begin_anew_while_the_usual_share_stands_still() {
    run(async |database| {
        let store = database.store();
        count(&store, NHN, 100.0, 60.0).await;
        assert_eq!(hold(&store, NHN).await, Moved::Now);
        assert_eq!(hold(&database.store(), NHN).await, Moved::Before);
        let held = row(&store, NHN).await;
        assert!(held.held_since.is_some());
        assert_eq!(held.recent, FailureShare::default());
        count(&store, NHN, 50.0, 50.0).await;
        let held = row(&store, NHN).await;
        assert_eq!((held.recent.failed.round(), held.usual.failed.round()), (50.0, 60.0));
        assert_eq!(store.release_emails(NHN).await, Ok(Moved::Now));
        assert_eq!(store.release_emails(NHN).await, Ok(Moved::Before));
        assert_eq!(row(&store, NHN).await.held_since, None);
    });
}

#[test]
fn a_person_who_lets_emails_go_is_on_record_and_keeps_the_hold_off_for_a_while() {
    run(async |database| {
        let store = database.store();
        count(&store, NHN, 50.0, 50.0).await;
        count(&store, NHN_TO_JAPAN, 50.0, 50.0).await;
        assert_eq!(overrule(&store, NHN, 60_000).await, [], "nothing is held");
        assert_eq!(row(&store, NHN).await.overruled_until, None);
        hold(&store, NHN_TO_JAPAN).await;
        assert_eq!(overrule(&store, NHN, 60_000).await, [NHN_TO_JAPAN], "all of the gateway");
        for scope in [NHN, NHN_TO_JAPAN] {
            assert_eq!(hold(&store, scope).await, Moved::Before, "the person's word stands");
            assert!(row(&store, scope).await.overruled_until.is_some());
        }
        let sql = "SELECT count(*) FROM brake_action WHERE actor = 'kim' AND country_code = 81";
        assert_eq!(database.count(sql).await, 1);
        database.execute("UPDATE brake SET overruled_until = now()").await;
        assert_eq!(hold(&store, NHN_TO_JAPAN).await, Moved::Now, "it is over");
        assert_eq!(overrule(&store, GatewayScope { country_code: Some(84), ..NHN }, 60_000).await, []);
        assert_eq!(overrule(&store, NHN_TO_JAPAN, 60_000).await, [NHN_TO_JAPAN]);
    });
}

#[test]
fn a_held_email_is_looked_at_again_after_the_release_and_made_once() {
    run(async |database| {
        let store = database.store();
        let sms = settled(&store, accepted("ref", 600_000)).await.job_id;
        let held = judge(&store, sms, NewFallback::OnHold).await;
        assert_eq!(held.fallback, None);
        let since = held.after.held_since;
        assert!(since.is_some());
        let again = judge(&store, sms, NewFallback::OnHold).await;
        assert_eq!(
            (again.held_before, again.after.held_since),
            (since, since),
            "it is held since the first look"
        );
        assert_eq!(store.overdue(10).await, Ok(vec![]), "nobody looks while it is held");
        assert_eq!(store.held_emails().await.map(|held| held[0].count), Ok(1));

        count(&store, NHN, 50.0, 50.0).await;
        hold(&store, NHN).await;
        store.release_emails(NHN).await.expect("the database answers");
        database.execute("UPDATE delivery SET look_at = look_at - interval '3 seconds'").await;
        assert_eq!(store.overdue(10).await, Ok(vec![sms]), "the release wakes it");
        let released = judge(&store, sms, email_of(sms)).await;
        assert_eq!((released.held_before, released.after.held_since), (since, None));
        assert!(released.fallback.expect("an email answers").created);
        let late = judge(&store, sms, NewFallback::OnHold).await;
        assert_eq!(late.after.held_since, None, "an email that was made is not held");
        assert_eq!(store.held_emails().await, Ok(vec![]));
    });
}
