use closure_contract::Provider;
use closure_contract::facts::quota::Usage;

use crate::support::{TestDatabase, run};

async fn attempts(database: &TestDatabase, count: u32, provider: &str, state: &str, started_at: &str) {
    let sql = format!(
        "INSERT INTO attempt (job_id, generation, number, client_ref, provider, state, started_at)
         SELECT gen_random_uuid(), 1, 1, gen_random_uuid(), '{provider}', '{state}', {started_at}
         FROM generate_series(1, {count})"
    );
    database.execute(&sql).await;
}

async fn usage(database: &TestDatabase) -> Vec<Usage> {
    database.store().usage(&[Provider::Infobip, Provider::Nhn]).await.expect("the database answers")
}

#[test]
fn what_a_gateway_took_this_month_is_counted_and_what_it_refused_is_not() {
    run(async |database| {
        attempts(database, 5, "nhn", "accepted", "now()").await;
        attempts(database, 2, "nhn", "in_doubt", "now()").await;
        attempts(database, 9, "nhn", "failed", "now()").await;
        attempts(database, 3, "smtp", "accepted", "now()").await;
        attempts(
            database,
            4,
            "nhn",
            "accepted",
            "date_trunc('month', now(), 'Asia/Seoul') - interval '1 second'",
        )
        .await;
        let usage = usage(database).await;
        assert_eq!((usage[0].provider, usage[0].used, usage[0].per_day), (Provider::Infobip, 0, 0.0));
        assert_eq!((usage[1].provider, usage[1].used), (Provider::Nhn, 7));
        let left = usage[1].month_ends_at.0 - closure_contract::Timestamp::now().0;
        assert!(left.is_positive() && left.whole_days() <= 31, "{left}");
    });
}

#[test]
fn the_pace_is_that_of_the_last_seven_days_or_since_the_first_text_and_there_is_none_of_the_first_day() {
    run(async |database| {
        attempts(database, 10, "nhn", "accepted", "now()").await;
        assert_eq!(usage(database).await[1].per_day, 0.0, "of the first hours there is none");
        attempts(database, 90, "nhn", "accepted", "now() - interval '4 days'").await;
        let fifth_day = usage(database).await[1];
        assert!((fifth_day.per_day - 25.0).abs() < 0.1, "{fifth_day:?}");
        attempts(database, 1_000, "nhn", "accepted", "now() - interval '8 days'").await;
        assert!((usage(database).await[1].per_day - 25.0).abs() < 0.1, "older ones say nothing of the pace");
    });
}
