use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use closure_store::{Claim, Store, StoreError, StoreSettings};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use crate::support::{TestDatabase, accepted, claim, claim_granted, dead, new_job, run, settle, settlement};

#[test]
fn a_server_that_takes_no_writes_is_unavailable_and_served_again_when_it_does() {
    run(async |database| {
        let store = database.store();
        assert_eq!(store.check().await, Ok(()));
        let (lease, attempt) = claim_granted(&store, claim(new_job())).await;
        database.alter("SET default_transaction_read_only = on").await;
        // The sessions that are open keep their setting; a failover would have closed them.
        database
            .execute(
                "SET default_transaction_read_only = off;
                 SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'closure-fleet' AND datname = current_database()",
            )
            .await;
        for _ in 0..8 {
            let problem = store.claim(claim(new_job())).await.expect_err("nothing can be written");
            assert!(problem.is_unavailable(), "{problem}");
        }
        assert!(store.check().await.is_err_and(|problem| problem.is_unavailable()));
        database.alter("RESET default_transaction_read_only").await;
        settle(&store, settlement(lease, attempt, accepted("ref", 1_000))).await;
    });
}

#[test]
fn a_host_that_is_away_silent_or_read_only_is_passed_by_for_the_one_that_takes_writes() {
    run(async |database| {
        let (gone, gone_at) = listener().await;
        // It takes the connection, and never says a word.
        let (_silent, silent_at) = listener().await;
        let (standby, standby_at) = listener().await;
        drop(gone);
        tokio::spawn(async move {
            while let Ok((client, _)) = standby.accept().await {
                tokio::spawn(answer_as_a_standby(client));
            }
        });
        let own = database.settings();
        let (login, place) = own.url.split_once('@').expect("the address names a user");
        let (server, name) = place.split_once('/').expect("the address names a database");
        let url = format!("{login}@{gone_at},{silent_at},{standby_at},{server}/{name}");
        let settings = StoreSettings { url, pool_size: 1, ..own };
        let store = Store::new(settings).expect("valid settings");
        claim_granted(&store, claim(new_job())).await;
    });
}

async fn listener() -> (TcpListener, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    (listener, address)
}

/// What a standby says to `SHOW transaction_read_only`, in PostgreSQL's own messages.
async fn answer_as_a_standby(mut client: TcpStream) {
    let mut asked = vec![0; 4_096];
    let ready = [b'Z', 0, 0, 0, 5, b'I'];
    let welcome = [&[b'R', 0, 0, 0, 8, 0, 0, 0, 0][..], &ready].concat();
    let column =
        [&[0, 1][..], b"read_only\0", &[0; 6], &[0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]].concat();
    let message = |kind: u8, body: &[u8]| {
        let length = u32::try_from(body.len() + 4).expect("a short message");
        [&[kind][..], &length.to_be_bytes(), body].concat()
    };
    let on = [
        message(b'T', &column),
        message(b'D', &[0, 1, 0, 0, 0, 2, b'o', b'n']),
        message(b'C', b"SHOW\0"),
        ready.to_vec(),
    ]
    .concat();
    for answer in [welcome, on] {
        // Whoever is not satisfied goes away, and that ends the conversation.
        if !matches!(client.read(&mut asked).await, Ok(1..)) || client.write_all(&answer).await.is_err() {
            return;
        }
    }
}

#[test]
fn a_session_that_has_turned_read_only_is_found_out_before_it_is_used_again() {
    run(async |database| {
        let store =
            Store::new(StoreSettings { pool_size: 1, ..database.settings() }).expect("valid settings");
        let session = "SELECT pid::bigint FROM pg_stat_activity
                       WHERE application_name = 'closure-fleet' AND datname = current_database()";
        // What a demotion does to a session from outside, a trigger does to it from within.
        database
            .execute(
                "CREATE FUNCTION demote() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                     PERFORM set_config('default_transaction_read_only', 'on', false);
                     RETURN NEW;
                 END $$;
                 CREATE TRIGGER demote BEFORE INSERT ON attempt FOR EACH ROW EXECUTE FUNCTION demote()",
            )
            .await;
        claim_granted(&store, claim(new_job())).await;
        let demoted = database.count(session).await;
        database.execute("DROP TRIGGER demote ON attempt").await;
        // Nothing repeats this one: it must get a session that takes writes at once.
        store.owed(0, 1).await.expect("another session takes the statement");
        assert_ne!(database.count(session).await, demoted, "the session was replaced");
    });
}

#[test]
fn sessions_that_the_server_ends_cost_no_claim() {
    run(async |database| {
        let store = database.store();
        for _ in 0..5 {
            database
                .execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE application_name = 'closure-fleet' AND datname = current_database()",
                )
                .await;
            let job = new_job();
            let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
            loop {
                match store.claim(claim(job)).await {
                    Ok(answer) => {
                        assert!(matches!(answer, Claim::Granted { .. }), "{answer:?}");
                        break;
                    }
                    Err(problem) => assert!(problem.is_unavailable(), "{problem}"),
                }
                assert!(tokio::time::Instant::now() < deadline, "the store did not recover");
            }
        }
    });
}

#[test]
fn a_commit_whose_answer_is_lost_is_neither_lost_nor_done_twice() {
    run(async |database| {
        let proxy = LossyProxy::start(database).await;
        let settings = StoreSettings { url: proxy.url.clone(), pool_size: 1, ..database.settings() };
        let store = Store::new(settings).expect("valid settings");
        let (lease, attempt) = claim_granted(&store, claim(new_job())).await;
        settle(&store, settlement(lease, attempt, accepted("ref", 1_000))).await;
        // A session that was asked a moment ago is not asked again, so that the next answer is the statement's own.
        proxy.lose_answer(1);
        let (lease, attempt) = claim_granted(&store, claim(new_job())).await;
        settle(&store, settlement(lease, attempt, accepted("ref", 1_000))).await;
        let (lease, attempt) = claim_granted(&store, claim(new_job())).await;
        proxy.lose_answer(1);
        settle(&store, settlement(lease, attempt, dead())).await;
        assert_eq!(proxy.lost.load(Ordering::SeqCst), 2, "both answers were lost");
        assert_eq!(database.count("SELECT count(*) FROM attempt").await, 3);
        assert_eq!(database.count("SELECT sum(deaths)::bigint FROM dead_letter").await, 1);
    });
}

/// A way to the server on which one answer can be lost, and its connection with it.
struct LossyProxy {
    url: String,
    countdown: Arc<AtomicU32>,
    lost: Arc<AtomicU32>,
}

impl LossyProxy {
    async fn start(database: &TestDatabase) -> Self {
        let url = database.url();
        let (_, address) = url.rsplit_once('@').expect("the address names a user");
        let (server, name) = address.split_once('/').expect("the address names a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let own = url.replace(&format!("@{server}/{name}"), &format!("@127.0.0.1:{port}/{name}"));
        let proxy = Self { url: own, countdown: Arc::default(), lost: Arc::default() };
        let (server, countdown, lost) = (server.to_owned(), proxy.countdown.clone(), proxy.lost.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let upstream = TcpStream::connect(&server).await.expect("the server answers");
                tokio::spawn(pass(client, upstream, countdown.clone(), lost.clone()));
            }
        });
        proxy
    }

    /// The answer of this number from now on is lost.
    fn lose_answer(&self, number: u32) {
        self.countdown.store(number, Ordering::SeqCst);
    }
}

async fn pass(client: TcpStream, upstream: TcpStream, countdown: Arc<AtomicU32>, lost: Arc<AtomicU32>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = upstream.into_split();
    let requests = tokio::spawn(async move {
        // The end of either side ends the other.
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
    });
    let mut answer = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from_server.read(&mut answer).await {
        let left = countdown.load(Ordering::SeqCst);
        countdown.store(left.saturating_sub(1), Ordering::SeqCst);
        if left == 1 {
            lost.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if to_client.write_all(&answer[..length]).await.is_err() {
            break;
        }
    }
    requests.abort();
}

#[test]
fn a_statement_that_a_migration_made_stale_is_prepared_anew() {
    run(async |database| {
        let store =
            Store::new(StoreSettings { pool_size: 1, ..database.settings() }).expect("valid settings");
        let job = new_job();
        claim_granted(&store, claim(job)).await;
        store.snapshot(job).await.expect("the database answers");
        database.execute("ALTER TABLE delivery ALTER COLUMN kind TYPE varchar(64)").await;
        let stale = store.snapshot(job).await.expect_err("the plan's result has another type");
        assert!(stale.is_unavailable(), "{stale}");
        store.snapshot(job).await.expect("the next session prepares it anew").expect("a delivery");
    });
}

#[test]
fn a_lock_that_somebody_keeps_is_an_outage_and_not_a_fault_of_the_job() {
    run(async |database| {
        let store =
            Store::new(StoreSettings { lock_timeout_ms: 50, ..database.settings() }).expect("valid settings");
        let job = new_job();
        claim_granted(&store, claim(job)).await;
        let person = database.client().await;
        person.batch_execute("BEGIN; SELECT * FROM delivery FOR UPDATE").await.expect("a lock");
        let problem = store.claim(claim(job)).await.expect_err("the row is locked");
        assert!(problem.is_unavailable(), "{problem}");
        person.batch_execute("COMMIT").await.expect("the lock is given back");
        let answer = store.claim(claim(job)).await.expect("the database answers");
        assert!(matches!(answer, Claim::Leased { .. }), "{answer:?}");
    });
}

#[test]
fn a_server_that_is_silent_is_given_up() {
    run(async |_| {
        // It takes connections and never says a word.
        let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = silent.local_addr().expect("it is bound").port();
        let settings = StoreSettings {
            url: format!("postgres://u:hunter2@127.0.0.1:{port}/d"),
            create_timeout_ms: 100,
            ..StoreSettings::default()
        };
        let store = Store::new(settings).expect("a store needs no server yet");
        let problem = store.check().await.expect_err("nobody answers");
        assert!(problem.is_unavailable(), "{problem}");
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    });
}

#[test]
fn a_server_on_another_machine_without_tls_is_refused_before_anything_is_sent() {
    let settings = StoreSettings {
        url: "postgres://u:p@db.example/d?sslmode=disable".to_owned(),
        ..StoreSettings::default()
    };
    let problem = Store::new(settings).expect_err("it would be in the clear");
    assert!(matches!(problem, StoreError::Settings(_)), "{problem}");
}
