//! What each database user of `deploy/postgres` may do, on a database that those scripts made.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use closure_contract::{
    ConsultationId, Generation, ReceiptStatus, Timestamp,
    facts::{PersonalData, recipients::Recipient},
};
use closure_store::{
    BounceEffect, Bounced, Missing, NewBounce, NewSuppression, RIGHTS, Store, StoreSettings,
    SuppressionSource, UnreadMail,
};
use closure_tests::harness::{Database, Services, cli, jobs, run};

/// Columns that hold what a customer reads, or what a job is, and who may read or change each.
const SENSITIVE: &[(&str, &str, &str)] = &[
    ("delivery.body", "SELECT", "dial email fallback fleet operator sms"),
    ("delivery.body", "UPDATE", "operator"),
    ("delivery.generation", "UPDATE", "operator"),
    ("delivery.job_id", "UPDATE", ""),
    ("delivery.consultation_id", "UPDATE", ""),
    ("delivery.recipient_hash", "UPDATE", "dial email fleet operator sms"),
    ("delivery.recipient_tail", "SELECT", "dead dial email fallback fleet operator sms"),
    ("delivery.rendered", "SELECT", "dial email fallback fleet operator sms"),
    ("delivery.detail", "SELECT", "dead dial doctor email fallback fleet operator sms"),
    ("delivery.call", "SELECT", "dead dial email fallback fleet operator sms"),
    ("dead_letter.body", "SELECT", "operator"),
    ("dead_letter.body", "UPDATE", ""),
    ("dead_letter.replay_body", "SELECT", "operator"),
    ("dead_letter.replay_body", "UPDATE", "operator"),
    ("dead_letter.key", "UPDATE", ""),
    ("dead_letter.version", "UPDATE", ""),
    ("delivery_edition.body", "SELECT", "operator"),
    ("delivery_edition.body", "UPDATE", ""),
    ("letter_edition.body", "SELECT", "operator"),
    ("attempt.client_ref", "UPDATE", ""),
    ("receipt.status", "UPDATE", ""),
    ("receipt.evidence", "UPDATE", ""),
    ("template.text", "UPDATE", ""),
    ("template.state", "UPDATE", "operator"),
    ("tombstone.cancelled_through", "UPDATE", "cancel fleet"),
];

/// Asks the server itself, which knows of memberships and of rights on columns.
const PROBE: &str = "
SELECT place || ' ' || string_agg(role || '=' || letters, ' ' ORDER BY role) FROM (
    SELECT c.relname AS place, u.role, (
        SELECT string_agg(CASE
            WHEN has_table_privilege('closure_' || u.role, c.oid, p.name) THEN p.letter
            WHEN p.by_column AND has_any_column_privilege('closure_' || u.role, c.oid, CASE WHEN p.by_column THEN p.name ELSE 'SELECT' END)
                THEN lower(p.letter)
        END, '' ORDER BY p.number)
        FROM (VALUES
            (1, 'SELECT', 'S', true), (2, 'INSERT', 'I', true), (3, 'UPDATE', 'U', true),
            (4, 'DELETE', 'D', false), (5, 'TRUNCATE', 'T', false), (6, 'TRIGGER', 'G', false)
        ) AS p (number, name, letter, by_column)
    ) AS letters
    FROM pg_class AS c, (SELECT substr(rolname, 9) AS role FROM pg_roles
        WHERE rolname LIKE 'closure\\_%' AND rolcanlogin AND rolname <> 'closure_owner') AS u
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT p.oid::regprocedure::text, u.role,
        CASE WHEN has_function_privilege('closure_' || u.role, p.oid, 'EXECUTE') THEN 'X' END
    FROM pg_proc AS p, (SELECT substr(rolname, 9) AS role FROM pg_roles
        WHERE rolname LIKE 'closure\\_%' AND rolcanlogin AND rolname <> 'closure_owner') AS u
    WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace
) AS probed WHERE letters IS NOT NULL GROUP BY place ORDER BY place COLLATE \"C\"";

async fn each_user_has_the_rights_of_the_table(database: &Database) {
    let wanted: Vec<String> = RIGHTS.iter().map(|(table, users)| format!("{table} {users}")).collect();
    assert_eq!(database.query(PROBE).await, wanted, "who may do what with which table");
    for (column, privilege, users) in SENSITIVE {
        let (table, name) = column.split_once('.').expect("a column of a table");
        let sql = format!(
            "SELECT coalesce(string_agg(substr(rolname, 9), ' ' ORDER BY rolname), '') FROM pg_roles
             WHERE rolname LIKE 'closure\\_%' AND rolcanlogin AND rolname <> 'closure_owner'
                 AND has_column_privilege(rolname, '{table}', '{name}', '{privilege}')"
        );
        assert_eq!(database.query(&sql).await.join(""), *users, "{privilege} of {column}");
    }
}

/// The doctor's own user, which may read little, sees what every other one lacks.
async fn a_right_that_is_taken_away_is_missed(database: &Database) {
    let settings = StoreSettings { url: database.url_of("doctor"), ..StoreSettings::default() };
    let store = Store::new(settings).expect("a sound address");
    assert_eq!(store.missing().await, Ok(vec![]));
    database.query("REVOKE DELETE, UPDATE ON circuit FROM closure_sms").await;
    let lacks = Missing::Right {
        user: "closure_sms".to_owned(),
        object: "circuit".to_owned(),
        privileges: "DELETE, UPDATE".to_owned(),
    };
    assert_eq!(store.missing().await, Ok(vec![lacks]));
    Database::grant(&database.url_of("owner")).await;
    assert_eq!(store.missing().await, Ok(vec![]));
}

/// A login that the server refuses is for a person, who is told what to correct.
async fn a_refused_login_says_what_to_correct(url: &str) {
    let (rest, database) = url.rsplit_once('/').expect("an address names a database");
    for wrong in [url.replace("closure_sms", "closure_nobody"), format!("{rest}/no-{database}")] {
        let store =
            Store::new(StoreSettings { url: wrong, ..StoreSettings::default() }).expect("a sound address");
        let said = store.check().await.expect_err("nobody is let in").to_string();
        assert!(said.contains("correct user, password and database of database.url"), "{said}");
    }
}

/// A right that is missing fails a statement even where no row is found.
async fn the_advisor_sees_how_jobs_stand(url: String) {
    let store = Store::new(StoreSettings { url, ..StoreSettings::default() }).expect("a sound address");
    let job = jobs::email("rights@example.com");
    assert_eq!(store.job_summary(jobs::id(&job)).await, Ok(None));
    let consultation = job["consultation"]["id"].as_str().map(str::to_owned).expect("it has a name");
    let consultation = ConsultationId::try_from(consultation).expect("it is one");
    let summary = store.consultation_summary(&consultation).await.expect("it may look");
    assert!(summary.jobs.is_empty() && !summary.has_more);
}

/// Its own statements, asked as its own user; a right that is missing fails them even where no row is found.
async fn the_bounce_reader_may_do_its_work(url: String) {
    let store = Store::new(StoreSettings { url, ..StoreSettings::default() }).expect("a sound address");
    let id = jobs::id(&jobs::email("rights@example.com"));
    store.check().await.expect("the tables are those of this release");
    store.template_register().await.expect("the rules can be opened");
    assert_eq!(store.reported_mail(id).await, Ok(None), "it may ask whom a mail went to");
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
        recipient: Recipient::Email(PersonalData("rights@example.com".to_owned())),
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
}

/// Two locks: whoever has the desk's password alone changes no people, whatever the rights of the user who acts.
async fn people_are_the_owners_and_what_they_do_is_on_record(
    owner: &[(String, String)],
    operator: &[(String, String)],
) {
    let first = ["users", "add", "kim", "--first"];
    let refused = cli(operator, &first).await.with_code(1);
    assert!(refused.errors.contains("closure_owner"), "{}", refused.errors);
    cli(owner, &first).await.with_code(0);
    cli(owner, &["audit", "verify"]).await.with_code(0);
    cli(operator, &["audit", "verify"]).await.with_code(0);
    // The account of this process is no user's, so that nothing more is allowed, and that too is on record.
    let release = ["suppress", "remove", "+819045011001", "--reason", "a test"];
    let refused = cli(operator, &release).await.with_code(1);
    assert!(refused.errors.contains("--as"), "{}", refused.errors);
}

/// What a database user may do, and what not.
const STATEMENTS: &[(&str, &str, bool)] = &[
    ("advisor", "SELECT max(state) FROM delivery WHERE consultation_id = 'C-1'", true),
    ("advisor", "SELECT count(rules) FROM delivery", false),
    ("advisor", "SELECT count(provider_ref) FROM delivery", false),
    ("advisor", "UPDATE delivery SET state = 'dead'", false),
    ("advisor", "SELECT count(*) FROM attempt", false),
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
    ("fleet", "DELETE FROM delivery", false),
    ("fleet", "UPDATE delivery SET body = ''", false),
    ("fleet", "UPDATE dead_letter SET body = ''", false),
    ("sms", "UPDATE delivery SET detail = 'a test'", true),
    ("sms", "DELETE FROM delivery", false),
    ("dead", "SELECT count(body) FROM delivery", false),
    ("cancel", "SELECT count(*), min(state), min(channel), max(revision) FROM delivery", true),
    ("cancel", "SELECT count(body) FROM delivery", false),
    ("cancel", "SELECT count(detail) FROM delivery", false),
    ("cancel", "UPDATE delivery SET state = 'cancelled'", false),
    ("operator", "UPDATE suppression_action SET actor = 'nobody'", false),
    ("operator", "UPDATE dead_letter SET body = ''", false),
    ("operator", "UPDATE dead_letter SET version = 1", false),
    ("operator", "UPDATE letter_death SET detail = ''", false),
    ("operator", "DELETE FROM delivery_edition", false),
    ("fleet", "INSERT INTO letter_edition (letter_id, number, generation, body) VALUES (1, 1, 1, '')", false),
    ("doctor", "SELECT count(body) FROM delivery", false),
    ("doctor", "SELECT count(*) FROM delivery", true),
    ("doctor", "UPDATE brake SET held_since = NULL", false),
    ("bounces", "UPDATE delivery SET body = ''", false),
    ("bounces", "SELECT count(body) FROM delivery", false),
    ("bounces", "SELECT mail_recipient(job_id) FROM delivery", true),
    ("fleet", "SELECT mail_recipient(gen_random_uuid())", true),
    ("bounces", "UPDATE owed SET looked_at = '-infinity'", true),
    ("sms", "SELECT mail_recipient(job_id) FROM delivery", false),
    ("advisor", "SELECT mail_recipient(gen_random_uuid())", false),
    ("bounces", "DELETE FROM suppression", false),
    ("bounces", "SELECT count(*) FROM dead_letter", false),
    ("bounces", "SELECT count(*) FROM receipt", false),
    ("bounces", "UPDATE delivery SET generation = 2", false),
    ("pbx", "SELECT count(*) FROM cel", false),
    ("pbx", "INSERT INTO cel (eventtype) VALUES ('CHAN_START')", true),
    ("pbx", "SELECT count(*) FROM delivery", false),
    ("pbx", "SELECT owe(gen_random_uuid(), 1, 1)", false),
    ("operator", "SELECT count(*) FROM audit", true),
    ("operator", "INSERT INTO audit SELECT * FROM audit", false),
    ("operator", "UPDATE audit SET account = 'nobody'", false),
    ("operator", "DELETE FROM audit", false),
    ("operator", "TRUNCATE audit", false),
    ("operator", "UPDATE app_user SET state = 'disabled'", false),
    ("operator", "INSERT INTO user_right (user_id, name, granted_by) VALUES (1, 'see', 'x')", false),
    ("fleet", "SELECT put_on_record('{}')", false),
    ("fleet", "SELECT count(*) FROM audit", false),
    ("doctor", "SELECT count(password_hash) FROM app_user", false),
    ("doctor", "SELECT put_on_record('{}')", false),
];

#[test]
fn each_database_user_may_do_its_own_work_and_nothing_else() {
    run(async {
        let services = Services::from_environment();
        let database = Database::empty(&services).await;
        let secrets = tempfile::tempdir().expect("a folder can be made");
        let url = |user: &str| database.url_of(user);
        // The second time is the upgrade.
        for _time in 0..2 {
            database.make_users().await;
        }
        let environment = |user: &str| vec![("FLEET_DATABASE_URL".to_owned(), url(user))];
        cli(&environment("owner"), &["migrate"]).await.with_code(0);
        for _time in 0..2 {
            Database::grant(&url("owner")).await;
        }
        each_user_has_the_rights_of_the_table(&database).await;
        a_right_that_is_taken_away_is_missed(&database).await;
        let by = ["--actor", "kim", "--reason", "a test"];
        let suppress = [&["suppress", "add", "+819045011001"][..], &by].concat();
        let approve = |words: &[&'static str]| [words, &by].concat();
        cli(&environment("operator"), &suppress).await.with_code(0);
        let text = "[K.ride] Your lost item {item:alnum:10} was found.";
        cli(&environment("operator"), &approve(&["template", "add", "vn-found", "--text", text]))
            .await
            .with_code(0);
        cli(&environment("operator"), &approve(&["template", "approve", "vn-found", "1"])).await.with_code(0);
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
        the_advisor_sees_how_jobs_stand(url("advisor")).await;
        the_bounce_reader_may_do_its_work(url("bounces")).await;
        a_refused_login_says_what_to_correct(&url("sms")).await;
        people_are_the_owners_and_what_they_do_is_on_record(&environment("owner"), &environment("operator"))
            .await;
        for (user, sql, allowed) in STATEMENTS {
            assert_eq!(Database::allows(&url(user), sql).await, *allowed, "{user}: {sql}");
        }
        database.drop().await;
    });
}

fn deploy(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy").join(name)
}

#[test]
fn the_owners_password_is_in_no_argument_of_psql() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file can be written");
        path
    };
    file("database_url_owner", "postgres://closure_owner:hunter2@%2Frun%2Fpostgresql/closure");
    let psql = file("psql", "#!/bin/sh\necho \"$* and $PGPASSWORD\"\n");
    std::fs::set_permissions(&psql, std::fs::Permissions::from_mode(0o755)).expect("our own file");
    let output = Command::new("bash")
        .arg(deploy("postgres/grants.sh"))
        .env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()))
        .env("CLOSURE_SECRETS_FOLDER", folder.path())
        .output()
        .expect("bash can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    let (arguments, environment) = said.split_once(" and ").expect("psql says both");
    assert!(arguments.contains("closure_owner@%2Frun%2Fpostgresql/closure"), "{said}");
    assert!(!arguments.contains("hunter2") && environment.contains("hunter2"), "{said}");
}

#[test]
fn the_crms_way_to_the_broker_is_checked_is_written_once_and_a_later_one_is_told_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let secrets = folder.path().join("secrets");
    let make = |crm_broker: &str| {
        let mut command = Command::new("bash");
        command.arg(deploy("make-secrets.sh")).arg(&secrets).env("CLOSURE_CRM_BROKER", crm_broker);
        let output = command.output().expect("bash can be started");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    for wrong in
        ["broker.example.com", "amqps://crm@b:5671", "amqps://b:5671?heartbeat=10", "amqps://b c:5671"]
    {
        assert_eq!(make(wrong).0, Some(64), "{wrong}");
        assert!(!secrets.exists(), "nothing is written for {wrong}");
    }
    assert_eq!(make("amqps://b.example.com:5671").0, Some(0));
    let read = || std::fs::read_to_string(secrets.join("broker_uri_crm")).expect("it is written");
    let written = read();
    assert!(written.starts_with("amqps://crm:") && written.ends_with("@b.example.com:5671/%2f"), "{written}");
    for (again, is_told) in [("", false), ("amqps://b.example.com:5671", false), ("amqps://other:5671", true)]
    {
        let (code, said) = make(again);
        assert_eq!((code, said.contains("change   broker_uri_crm")), (Some(0), is_told), "{again}: {said}");
        assert_eq!(read(), written, "the password is the broker's already");
    }
}

#[test]
fn each_systemd_unit_of_a_role_is_sound_and_has_its_own_secrets_alone() {
    let secrets_of = [
        ("sms", vec!["nhn_secret_key", "infobip_api_key", "twilio_secret", "sinch_api_token"]),
        ("email", vec!["smtp_password", "dkim_key", "dkim_second_key", "bounce_secret"]),
        ("dial", vec!["ari_password"]),
        ("fallback", Vec::new()),
        ("dead", Vec::new()),
        ("cancel", Vec::new()),
        ("webhooks", vec!["webhooks_secret", "webhooks_secret_next"]),
    ];
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (role, own) in secrets_of {
        let unit = std::fs::read_to_string(deploy(&format!("systemd/fleet-{role}@.service")))
            .expect("each role has its unit");
        let mut named: Vec<&str> = unit
            .lines()
            .filter_map(|line| line.strip_prefix("LoadCredential="))
            .filter_map(|line| line.split_once(':').map(|(name, _)| name))
            .collect();
        let mut wanted = own;
        // Whoever writes deliveries or letters hashes their recipients.
        wanted.extend((!matches!(role, "cancel" | "webhooks")).then_some("recipient_hash_keys"));
        let (broker, database) = (format!("broker_uri_{role}"), format!("database_url_{role}"));
        wanted.push(broker.as_str());
        // Whoever speaks with the CRM's servers has no database.
        wanted.extend((role != "webhooks").then_some(database.as_str()));
        named.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(named, wanted, "the secrets of {role}");
        // The program is not installed where the tests run.
        let sound = unit.replace("/usr/local/bin/fleet", "/bin/true");
        std::fs::write(folder.path().join(format!("fleet-{role}@1.service")), sound).expect("a unit");
        let verified = Command::new("systemd-analyze")
            .args(["verify", &format!("fleet-{role}@1.service")])
            .env("SYSTEMD_UNIT_PATH", format!("{}:", folder.path().display()))
            .output();
        // Where there is no systemd, the text alone was read.
        let Ok(output) = verified else { continue };
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.is_empty(), "{role}: {said}");
    }
}
