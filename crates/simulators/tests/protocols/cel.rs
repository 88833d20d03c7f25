//! The PBX's call records in a real PostgreSQL.

use closure_simulators::{CelSwitch, PbxSimSettings, PbxSimulator};
use tokio::net::TcpListener;
use tokio_postgres::{Client, Config, NoTls};

use crate::{
    pbx::{ANSWERED, call, originate, pbx, quick, quiet, try_originate},
    support::until,
};

/// The table as Asterisk's `cel_pgsql` expects it by default.
const TABLE: &str = "CREATE TABLE cel (id serial PRIMARY KEY, eventtype varchar(30) NOT NULL, \
    eventtime timestamp NOT NULL, userdeftype varchar(255) NOT NULL, cid_name varchar(80) NOT NULL, \
    cid_num varchar(80) NOT NULL, cid_ani varchar(80) NOT NULL, cid_rdnis varchar(80) NOT NULL, \
    cid_dnid varchar(80) NOT NULL, exten varchar(80) NOT NULL, context varchar(80) NOT NULL, \
    channame varchar(80) NOT NULL, appname varchar(80) NOT NULL, appdata varchar(80) NOT NULL, \
    amaflags int NOT NULL, accountcode varchar(20) NOT NULL, uniqueid varchar(150) NOT NULL, \
    linkedid varchar(150) NOT NULL, userfield varchar(255) NOT NULL, peer varchar(80) NOT NULL, \
    extra text)";

/// A database of one test.
struct Database {
    admin: Client,
    client: Client,
    name: String,
    url: String,
}

/// One row, without what no reader needs.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    event: String,
    of_agent: bool,
    extra: String,
}

async fn connect(config: &Config) -> Client {
    let (client, connection) =
        config.connect(NoTls).await.expect("the PostgreSQL of CLOSURE_TEST_PG answers");
    tokio::spawn(connection);
    client
}

impl Database {
    async fn create() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the test's services are named by the environment")]
        let url =
            std::env::var("CLOSURE_TEST_PG").expect("CLOSURE_TEST_PG is not set; run `cargo xtask test`");
        let name = format!("simulators_{}", uuid::Uuid::new_v4().simple());
        let mut config: Config = url.parse().expect("CLOSURE_TEST_PG is the URL of a PostgreSQL");
        let admin = connect(&config).await;
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("the user may create databases");
        let client = connect(config.dbname(&name)).await;
        client.batch_execute(TABLE).await.expect("the table is new");
        let (base, _) = url.rsplit_once('/').expect("the URL names a database");
        let url = format!("{base}/{name}");
        Self { admin, client, name, url }
    }

    fn settings(&self) -> PbxSimSettings {
        PbxSimSettings { cel_database_url: Some(self.url.clone()), ..quick() }
    }

    async fn rows(&self, linked_id: &str) -> Vec<Row> {
        let statement =
            "SELECT eventtype, uniqueid = linkedid, extra FROM cel WHERE linkedid = $1 ORDER BY id";
        let rows = self.client.query(statement, &[&linked_id]).await.expect("the table can be read");
        rows.iter().map(|row| Row { event: row.get(0), of_agent: row.get(1), extra: row.get(2) }).collect()
    }

    async fn ended(&self, linked_id: &str) -> Vec<Row> {
        until("the last record of the call is there", async || {
            self.rows(linked_id).await.iter().any(|row| row.event == "LINKEDID_END")
        })
        .await;
        self.rows(linked_id).await
    }

    async fn drop(self) {
        self.admin
            .batch_execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name))
            .await
            .expect("the database is this test's own");
    }
}

fn events(rows: &[Row]) -> Vec<String> {
    let leg = |row: &Row| if row.of_agent { "agent" } else { "customer" };
    rows.iter().map(|row| format!("{} {}", leg(row), row.event)).collect()
}

/// Cause and dial status of the hang-up of a leg.
fn hangup(rows: &[Row], of_agent: bool) -> Option<(i64, String)> {
    let row = rows.iter().find(|row| row.event == "HANGUP" && row.of_agent == of_agent)?;
    let extra: serde_json::Value = serde_json::from_str(&row.extra).ok()?;
    Some((extra["hangupcause"].as_i64()?, extra["dialstatus"].as_str()?.to_owned()))
}

async fn stop(pbx: PbxSimulator, database: Database) {
    pbx.stop().await;
    database.drop().await;
}

#[tokio::test]
async fn an_answered_call_is_recorded_from_start_to_end() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    originate(&pbx, "job-1", "1001", ANSWERED).await;
    let rows = database.ended("job-1").await;
    assert_eq!(
        events(&rows),
        [
            "agent CHAN_START",
            "agent ANSWER",
            "agent APP_START",
            "customer CHAN_START",
            "customer ANSWER",
            "customer BRIDGE_ENTER",
            "agent BRIDGE_ENTER",
            "customer BRIDGE_EXIT",
            "agent BRIDGE_EXIT",
            "customer HANGUP",
            "customer CHAN_END",
            "agent HANGUP",
            "agent CHAN_END",
            "agent LINKEDID_END",
        ]
    );
    assert_eq!(hangup(&rows, true), Some((16, "ANSWER".to_owned())));
    assert_eq!(hangup(&rows, false), Some((16, String::new())));
    stop(pbx, database).await;
}

#[tokio::test]
async fn times_are_recorded_in_utc() {
    let database = Database::create().await;
    database
        .admin
        .batch_execute(&format!("ALTER DATABASE {} SET timezone = 'Asia/Seoul'", database.name))
        .await
        .expect("the database is this test's own");
    let pbx = pbx(database.settings()).await;
    originate(&pbx, "job-1", "1001", ANSWERED).await;
    database.ended("job-1").await;
    let statement =
        "SELECT bool_and(abs(extract(epoch FROM now() AT TIME ZONE 'UTC' - eventtime)) < 600) FROM cel";
    let row = database.client.query_one(statement, &[]).await.expect("the table can be read");
    assert!(row.get::<_, bool>(0));
    stop(pbx, database).await;
}

#[tokio::test]
async fn the_dialled_digits_choose_how_the_call_ends() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    // Dialled digits, the agent's cause and dial status, the customer's cause.
    let table = [
        ("0486", (17, "BUSY"), Some(17)),
        ("0480", (19, "NOANSWER"), Some(19)),
        ("0199", (16, "NOANSWER"), Some(0)),
        ("0198", (3, "NOANSWER"), Some(0)),
        ("0195", (102, "CANCEL"), Some(16)),
        ("0403", (21, "NOANSWER"), Some(21)),
        ("0603", (21, "NOANSWER"), Some(21)),
        ("0404", (1, "NOANSWER"), Some(1)),
        ("0484", (28, "NOANSWER"), Some(28)),
        ("0410", (22, "NOANSWER"), Some(22)),
        ("0503", (34, "CONGESTION"), Some(34)),
        ("0500", (38, "NOANSWER"), Some(38)),
        ("0488", (58, "NOANSWER"), Some(58)),
        ("0197", (3, ""), None),
        ("0196", (0, "CANCEL"), Some(16)),
        ("0002", (16, "ANSWER"), Some(16)),
    ];
    for (suffix, (agent_cause, dial_status), customer_cause) in table {
        let id = format!("job-{suffix}");
        originate(&pbx, &id, "1001", &format!("90018491234{suffix}")).await;
        let rows = database.ended(&id).await;
        assert_eq!(hangup(&rows, true), Some((agent_cause, dial_status.to_owned())), "…{suffix}");
        assert_eq!(hangup(&rows, false).map(|(cause, _)| cause), customer_cause, "…{suffix}");
        let customer_answered = events(&rows).contains(&"customer ANSWER".to_owned());
        assert_eq!(customer_answered, suffix == "0002", "…{suffix}");
    }
    stop(pbx, database).await;
}

#[tokio::test]
async fn an_agent_who_does_not_answer_leaves_one_leg_and_its_cause() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    for (agent, cause) in [("1777", 17), ("1666", 19), ("1555", 21)] {
        originate(&pbx, agent, agent, ANSWERED).await;
        let rows = database.ended(agent).await;
        assert_eq!(
            events(&rows),
            ["agent CHAN_START", "agent HANGUP", "agent CHAN_END", "agent LINKEDID_END"]
        );
        assert_eq!(hangup(&rows, true), Some((cause, String::new())));
    }
    stop(pbx, database).await;
}

#[tokio::test]
async fn a_refused_request_leaves_no_record() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    originate(&pbx, "refused", "1888", ANSWERED).await;
    originate(&pbx, "placed", "1001", ANSWERED).await;
    database.ended("placed").await;
    assert!(database.rows("refused").await.is_empty());
    stop(pbx, database).await;
}

#[tokio::test]
async fn a_call_that_is_hung_up_through_the_interface_is_recorded_as_such() {
    let database = Database::create().await;
    let settings = PbxSimSettings { customer_answer_ms: 600_000, ..database.settings() };
    let pbx = pbx(settings).await;
    originate(&pbx, "job-1", "1001", ANSWERED).await;
    until("the customer's phone rings", async || pbx.calls_to(ANSWERED).len() == 1).await;
    let defaults = PbxSimSettings::default();
    crate::support::client()
        .delete(format!("{}/ari/channels/job-1", pbx.base_url()))
        .basic_auth(defaults.username, Some(defaults.password))
        .send()
        .await
        .expect("the PBX answers");
    let rows = database.ended("job-1").await;
    assert_eq!(hangup(&rows, true), Some((16, "CANCEL".to_owned())));
    stop(pbx, database).await;
}

#[tokio::test]
async fn a_crash_leaves_the_start_and_never_a_hang_up() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    assert!(try_originate(&pbx, &call("job-1", "1001", "900184912340904")).await.is_err());
    originate(&pbx, "job-2", "1001", ANSWERED).await;
    database.ended("job-2").await;
    assert_eq!(events(&database.rows("job-1").await), ["agent CHAN_START"]);
    stop(pbx, database).await;
}

#[tokio::test]
async fn records_can_be_silenced() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    pbx.set_cel(CelSwitch::Off);
    originate(&pbx, "silent", "1001", ANSWERED).await;
    quiet(&pbx).await;
    pbx.set_cel(CelSwitch::On);
    originate(&pbx, "heard", "1001", ANSWERED).await;
    database.ended("heard").await;
    assert!(database.rows("silent").await.is_empty());
    stop(pbx, database).await;
}

#[tokio::test]
async fn no_record_is_lost_while_the_database_is_away() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    originate(&pbx, "before", "1001", ANSWERED).await;
    database.ended("before").await;

    let shut = format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", database.name);
    database.admin.batch_execute(&shut).await.expect("the database is this test's own");
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> $2";
    let own_pid = backend(&database.client).await;
    database.admin.query(others, &[&database.name, &own_pid]).await.expect("the user may end its sessions");
    for id in ["during-1", "during-2", "during-3"] {
        originate(&pbx, id, "1001", ANSWERED).await;
    }
    quiet(&pbx).await;
    assert!(pbx.cel_pending() > 0, "the records wait");
    let back = format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", database.name);
    database.admin.batch_execute(&back).await.expect("the database is this test's own");
    for id in ["during-1", "during-2", "during-3"] {
        assert_eq!(database.ended(id).await.len(), 14, "{id}");
    }
    until("nothing waits any more", async || pbx.cel_pending() == 0).await;
    stop(pbx, database).await;
}

async fn backend(client: &Client) -> i32 {
    let row = client.query_one("SELECT pg_backend_pid()", &[]).await.expect("the server answers");
    row.get(0)
}

#[tokio::test]
async fn what_was_recorded_is_written_before_the_pbx_stops() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    for index in 0..20 {
        originate(&pbx, &format!("job-{index}"), "1555", ANSWERED).await;
    }
    quiet(&pbx).await;
    pbx.stop().await;
    let row =
        database.client.query_one("SELECT count(*) FROM cel", &[]).await.expect("the table can be read");
    assert_eq!(row.get::<_, i64>(0), 80);
    database.drop().await;
}

#[tokio::test]
async fn a_pbx_starts_before_its_database_does_and_refuses_an_unreadable_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let port = listener.local_addr().expect("a bound listener has an address").port();
    drop(listener);
    let url = Some(format!("postgres://nobody:secret@127.0.0.1:{port}/nothing"));
    let early = pbx(PbxSimSettings { cel_database_url: url, ..quick() }).await;
    originate(&early, "job-1", "1001", ANSWERED).await;
    quiet(&early).await;
    assert_eq!(early.cel_pending(), 14);
    drop(early);

    let url = Some("nonsense://secret".to_owned());
    let refused = PbxSimulator::start(PbxSimSettings { cel_database_url: url, ..quick() }).await;
    let Err(error) = refused else { panic!("nonsense is no database") };
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_dialplan_that_dials_nobody_ends_the_agents_leg_with_a_cause_of_its_own() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    let mut elsewhere = call("elsewhere", "1001", ANSWERED);
    elsewhere["context"] = "nowhere".into();
    let mut stale = call("stale", "1001", ANSWERED);
    stale["variables"]["C2C_FRESH_UNTIL"] = "1796010000".into();
    let refused = call("refused", "1001", "9114");
    for (body, cause) in [(elsewhere, 0), (stale, 102), (refused, 28)] {
        try_originate(&pbx, &body).await.expect("the PBX answers");
        let rows = database.ended(body["channelId"].as_str().expect("a name")).await;
        assert_eq!(hangup(&rows, true), Some((cause, String::new())), "{body}");
        assert_eq!(
            events(&rows),
            ["agent CHAN_START", "agent ANSWER", "agent HANGUP", "agent CHAN_END", "agent LINKEDID_END"]
        );
    }
    stop(pbx, database).await;
}

#[tokio::test]
async fn the_dialplans_own_check_leaves_a_record_and_rings_nobody() {
    let database = Database::create().await;
    let pbx = pbx(database.settings()).await;
    for (context, cause) in [("closure-dial", 16), ("nowhere", 0)] {
        let mut body = call(context, "1001", "closure-check");
        body["endpoint"] = format!("Local/closure-check@{context}").into();
        try_originate(&pbx, &body).await.expect("the PBX answers");
        let rows = database.ended(context).await;
        assert_eq!(hangup(&rows, false), Some((cause, String::new())), "{context}");
    }
    assert!(pbx.rings().is_empty() && pbx.requests() == 0 && pbx.channels_alive() == 0);
    stop(pbx, database).await;
}
