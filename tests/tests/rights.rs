//! What each database user of `deploy/postgres` may do, on a database that those scripts made.

use std::{path::Path, process::Stdio};

use closure_contract::{Generation, ReceiptStatus, Timestamp};
use closure_store::{
    BounceEffect, Bounced, NewBounce, NewSuppression, Recipient, Store, StoreSettings, SuppressionSource,
    UnreadMail,
};
use closure_tests::harness::{Database, Services, cli, jobs, run};
use tokio::process::Command;

const USERS: [&str; 5] = ["owner", "fleet", "pbx", "advisor", "bounces"];
const PASSWORD: &str = "rights-0123456789";

fn deploy(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/postgres").join(name)
}

/// Runs `roles.sh` as the image of PostgreSQL does: as the superuser, with the secrets in a folder.
async fn make_roles(database: &Database, secrets: &Path) {
    let (_, rest) = database.url.split_once("://").expect("an address has a scheme");
    let (login, place) = rest.rsplit_once('@').expect("an address names a user");
    let (superuser, password) = login.split_once(':').expect("the superuser has a password");
    let (server, name) = place.split_once('/').expect("an address names a database");
    let (host, port) = server.rsplit_once(':').expect("an address names a port");
    let psql = Database::client();
    let folders = psql.parent().into_iter().chain([Path::new("/usr/bin"), Path::new("/bin")]);
    let path = std::env::join_paths(folders).expect("a path can be joined");
    let output = Command::new("bash")
        .arg(deploy("roles.sh"))
        .env("PATH", path)
        .env("CLOSURE_SECRETS_FOLDER", secrets)
        .envs([("POSTGRES_DB", name), ("POSTGRES_USER", superuser)])
        .envs([("PGHOST", host), ("PGPORT", port), ("PGPASSWORD", password)])
        .stdin(Stdio::null())
        .output()
        .await
        .expect("bash can be started");
    assert!(output.status.success(), "roles.sh: {}", String::from_utf8_lossy(&output.stderr));
}

/// Its own statements, asked as its own user; a right that is missing fails them even where no row is found.
async fn the_bounce_reader_may_do_its_work(url: String) {
    let store = Store::new(StoreSettings { url, ..StoreSettings::default() }).expect("a sound address");
    let id = jobs::id(&jobs::email("rights@example.com"));
    store.check().await.expect("the tables are those of this release");
    store.template_register().await.expect("the rules can be opened");
    assert_eq!(store.snapshot(id).await.expect("deliveries can be read"), None);
    let unread = UnreadMail {
        job_id: id,
        generation: Generation::FIRST,
        detail: "a mail that nobody can read".to_owned(),
        body: bytes::Bytes::from_static(b"Subject: x\r\n\r\ny"),
        file: "1.unread".to_owned(),
    };
    for _ in 0..2 {
        store.keep_unread_bounce(unread.clone()).await.expect("a letter can be written, and again");
    }
    let suppress = NewSuppression {
        recipient: Recipient::Email("rights@example.com".to_owned()),
        masked: "r***@example.com".to_owned(),
        source: SuppressionSource::HardBounce,
        actor: "a test".to_owned(),
        reason: "5.1.1".to_owned(),
    };
    let bounce = NewBounce {
        job_id: id,
        generation: Generation::FIRST,
        report_id: "r1".to_owned(),
        status: ReceiptStatus::Undelivered,
        provider_code: None,
        occurred_at: None,
        received_at: Timestamp::now(),
        effect: BounceEffect::Undelivered { detail: "it came back".to_owned(), suppress: Some(suppress) },
    };
    assert_eq!(store.record_bounce(bounce).await, Ok(Bounced::Unknown));
    store.announced(&[id]).await.expect("what was told can be written down");
}

#[test]
fn each_database_user_may_do_its_own_work_and_nothing_else() {
    run(async {
        let services = Services::from_environment();
        let database = Database::empty(&services).await;
        let secrets = tempfile::tempdir().expect("a folder can be made");
        let url = |user: &str| database.url_as(&format!("closure_{user}"), PASSWORD);
        for user in USERS {
            let file = secrets.path().join(format!("database_url_{user}"));
            std::fs::write(file, url(user)).expect("a secret can be written");
        }
        make_roles(&database, secrets.path()).await;
        let environment = |user: &str| vec![("FLEET_DATABASE_URL".to_owned(), url(user))];
        cli(&environment("owner"), &["migrate"]).await.with_code(0);
        Database::run_file(&url("owner"), &deploy("grants.sql")).await;
        let by = ["--actor", "kim", "--reason", "a test"];
        let suppress = [&["suppress", "add", "+819045011001"][..], &by].concat();
        let approve = |words: &[&'static str]| [words, &by].concat();
        cli(&environment("fleet"), &suppress).await.with_code(0);
        let text = "[K.ride] Your lost item {item:alnum:10} was found.";
        cli(&environment("fleet"), &approve(&["template", "add", "vn-found", "--text", text]))
            .await
            .with_code(0);
        cli(&environment("fleet"), &approve(&["template", "approve", "vn-found", "1"])).await.with_code(0);
        let job = secrets.path().join("job.json");
        let write = |job_json: &serde_json::Value| {
            std::fs::write(&job, job_json.to_string()).expect("a job can be written")
        };
        let explain = async || {
            let file = job.display().to_string();
            cli(&environment("advisor"), &["--json", "explain", &file]).await.json()
        };
        write(&jobs::sms("+819045011001", "rights@example.com"));
        let answer = explain().await;
        assert_eq!(
            (&answer["code"], &answer["database"]),
            (&"suppressed".into(), &"read".into()),
            "{answer}"
        );
        let mut vietnam = jobs::sms("+84912149901", "rights@example.com");
        vietnam["sms"] = serde_json::json!({ "template": "vn-found", "variables": { "item": "A1" } });
        write(&vietnam);
        assert_eq!(explain().await["verdict"], "send", "the advisor knows the approved template");
        the_bounce_reader_may_do_its_work(url("bounces")).await;
        for (user, sql, allowed) in [
            ("advisor", "SELECT count(*) FROM delivery", false),
            ("advisor", "SELECT count(*) FROM dead_letter", false),
            ("advisor", "DELETE FROM suppression", false),
            ("advisor", "UPDATE template SET state = 'revoked'", false),
            ("fleet", "SELECT count(*) FROM delivery", true),
            ("fleet", "UPDATE suppression_action SET actor = 'nobody'", false),
            ("fleet", "DELETE FROM dead_letter_action", false),
            ("fleet", "UPDATE brake_action SET actor = 'nobody'", false),
            ("fleet", "DELETE FROM brake_action", false),
            ("fleet", "UPDATE brake SET held_since = NULL", true),
            ("fleet", "UPDATE template SET text = 'another'", false),
            ("fleet", "DELETE FROM cel", false),
            ("bounces", "UPDATE delivery SET body = ''", false),
            ("bounces", "DELETE FROM suppression", false),
            ("bounces", "SELECT count(*) FROM dead_letter", false),
            ("bounces", "SELECT count(*) FROM receipt", false),
            ("bounces", "UPDATE delivery SET generation = 2", false),
            ("pbx", "SELECT count(*) FROM cel", false),
            ("pbx", "INSERT INTO cel (eventtype) VALUES ('CHAN_START')", true),
            ("pbx", "SELECT count(*) FROM delivery", false),
        ] {
            assert_eq!(Database::allows(&url(user), sql).await, allowed, "{user}: {sql}");
        }
        database.drop().await;
    });
}
