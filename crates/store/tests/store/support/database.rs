//! One database for each test, copied from one that was migrated once.

use std::{panic::AssertUnwindSafe, str::FromStr};

use closure_store::{Store, StoreSettings};
use futures::FutureExt as _;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Config, NoTls};
use uuid::Uuid;

/// The migrated database of this process.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// A database that is dropped when its test ends, however it ends.
pub(crate) struct TestDatabase {
    name: String,
}

/// Runs a test on several threads with a database of its own.
pub(crate) fn run(test: impl AsyncFnOnce(&TestDatabase)) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime needs only threads");
    runtime.block_on(async {
        let database = TestDatabase::create().await;
        let result = AssertUnwindSafe(test(&database)).catch_unwind().await;
        execute(&format!("DROP DATABASE {} WITH (FORCE)", database.name)).await;
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
    });
}

impl TestDatabase {
    async fn create() -> Self {
        let template = TEMPLATE.get_or_init(template).await;
        let name = format!("closure_store_{}", Uuid::new_v4().simple());
        execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        Self { name }
    }

    /// A database without any table.
    pub(crate) async fn empty(&self) {
        execute(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
        execute(&format!("CREATE DATABASE {}", self.name)).await;
    }

    /// The address that a worker would be given.
    pub(crate) fn url(&self) -> String {
        url_of(&self.name)
    }

    /// The settings that a worker would be given, with short waits for the tests' impatience.
    pub(crate) fn settings(&self) -> StoreSettings {
        StoreSettings { url: self.url(), ..StoreSettings::default() }
    }

    /// A store as one process has it.
    pub(crate) fn store(&self) -> Store {
        Store::new(self.settings()).expect("the test's settings are valid")
    }

    /// A session beside the store, as the PBX or a curious person has it.
    pub(crate) async fn client(&self) -> Client {
        connect(&self.name).await
    }

    /// One statement beside the store.
    pub(crate) async fn execute(&self, sql: &str) {
        self.client().await.batch_execute(sql).await.expect("the test's own statement");
    }

    /// A statement about this database that must be made from another one.
    pub(crate) async fn alter(&self, change: &str) {
        execute(&format!("ALTER DATABASE {} {change}", self.name)).await;
    }

    /// One number read beside the store.
    pub(crate) async fn count(&self, sql: &str) -> i64 {
        self.client().await.query_one(sql, &[]).await.expect("the test's own statement").get(0)
    }
}

async fn template() -> String {
    let name = format!("closure_store_template_{}", Uuid::new_v4().simple());
    execute(&format!("CREATE DATABASE {name}")).await;
    let settings = StoreSettings { url: url_of(&name), ..StoreSettings::default() };
    Store::migrate(settings).await.expect("the migrations run on an empty database");
    name
}

async fn execute(sql: &str) {
    connect("postgres")
        .await
        .batch_execute(sql)
        .await
        .expect("the superuser of the test's server may do this");
}

async fn connect(name: &str) -> Client {
    let mut config = Config::from_str(&server()).expect("CLOSURE_TEST_PG is an address");
    let (client, connection) =
        config.dbname(name).connect(NoTls).await.expect("the server of CLOSURE_TEST_PG answers");
    tokio::spawn(connection);
    client
}

fn url_of(name: &str) -> String {
    let server = server();
    let (address, _) = server.rsplit_once('/').expect("CLOSURE_TEST_PG names a database, such as …/postgres");
    format!("{address}/{name}")
}

#[expect(clippy::disallowed_methods, reason = "a test has no configuration but its environment")]
fn server() -> String {
    std::env::var("CLOSURE_TEST_PG").expect(
        "CLOSURE_TEST_PG is not set: run `cargo xtask test`, which starts a PostgreSQL and names it there",
    )
}
