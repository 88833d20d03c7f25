//! One fleet of a test's own.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use closure_broker::{BrokerSettings, Publisher};
use closure_contract::JobId;
use closure_simulators::{NhnSimulator, PbxSimSettings, PbxSimulator, SmtpSimulator};
use closure_store::{DeadLetter, JobHistory, Store, StoreSettings};
use tempfile::TempDir;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use super::{
    between::Between,
    broker_users,
    canaries::Canaries,
    cli::{Answer, cli},
    configuration::{self, Endpoints},
    database::Database,
    desk,
    environment::{Services, binary},
    logs,
    options::{FleetOptions, ProcessSpec, TopologyState},
    outcomes::{Heard, Outcomes},
    process::Process,
    queues,
    vhost::Vhost,
    wait::{LONG, eventually},
};

/// A whole fleet: broker, database, the world outside, and our processes.
pub struct Fleet {
    /// Its own vhost.
    pub vhost: Vhost,
    /// Its own database.
    pub database: Database,
    /// That database through our own crate.
    pub store: Store,
    /// The SMS gateway.
    pub sms: NhnSimulator,
    /// The mail server.
    pub smtp: SmtpSimulator,
    /// The PBX.
    pub pbx: PbxSimulator,
    /// What the CRM hears.
    pub outcomes: Outcomes,
    /// What stands between the processes and the database.
    pub between: Between,
    /// The configuration of every process.
    pub environment: Vec<(String, String)>,
    processes: BTreeMap<String, AsyncMutex<Process>>,
    pub(super) publisher: Publisher,
    broker: BrokerSettings,
    canaries: Mutex<Canaries>,
    folder: Mutex<Option<TempDir>>,
    pub(super) logs: Vec<PathBuf>,
    stop: CancellationToken,
}

impl Fleet {
    /// Brings up everything and waits until every process is ready.
    pub async fn start(options: FleetOptions) -> Self {
        let fleet = Self::prepare(options).await;
        // Side by side, as on a machine that boots: each waits for broker and database most of the time.
        for process in fleet.processes.values() {
            process.lock().await.spawn().await;
        }
        for name in fleet.processes.keys() {
            fleet.process_is_ready(name).await;
        }
        fleet
    }

    /// Brings up everything but the processes.
    pub async fn prepare(options: FleetOptions) -> Self {
        let services = Services::from_environment();
        let name = format!("{}-{}", options.name, Uuid::new_v4().simple());
        let vhost = Vhost::create(&services, &name).await;
        let database = Database::create(&services).await;
        let (sms, smtp, pbx) = outside(&options, &database).await;
        // Beside the services' own files, so that whoever removes those removes these as well.
        let beside = services.description.parent().expect("a file lies in a folder");
        let folder =
            tempfile::Builder::new().prefix("fleet-").tempdir_in(beside).expect("a folder can be made");
        let rulebook = folder.path().join("rulebook.toml");
        std::fs::write(&rulebook, configuration::rulebook(&options)).expect("the rulebook can be written");
        let endpoints = Endpoints {
            broker: &vhost.uri,
            database: &database.url,
            rulebook: &rulebook,
            sms: &sms,
            smtp: &smtp,
            pbx: &pbx,
        };
        let environment = configuration::environment(&endpoints, &options);
        let between = Between::open(&options, &database).await;
        broker_users::admit(&vhost, &options.processes.iter().filter_map(ProcessSpec::broker_role).collect())
            .await;
        let processes: BTreeMap<String, AsyncMutex<Process>> = options
            .processes
            .iter()
            .map(|spec| {
                // What each role's own user may not do, in the database and at the broker, shows in every test.
                let url = between.instead_of(&database.url_of(spec.database_role()));
                let uri =
                    spec.broker_role().map(|role| vhost.uri_of(&services, role, broker_users::PASSWORD));
                let own = options.environment_of(spec, &environment, url, uri);
                let process = Process::new(spec.clone(), binary("fleet"), own, folder.path());
                (spec.name.clone(), AsyncMutex::new(process))
            })
            .collect();
        let logs = processes.keys().map(|name| folder.path().join(format!("{name}.log"))).collect();
        let stop = CancellationToken::new();
        let broker = BrokerSettings::new(vhost.uri.clone(), "harness");
        let mut outcomes = Outcomes::default();
        if options.topology == TopologyState::Applied {
            cli(&environment, &["topology", "apply"]).await.with_code(0);
            outcomes = Outcomes::listen(broker.clone(), stop.clone()).await;
        }
        let publisher = Publisher::start(broker.clone(), stop.clone(), &TaskTracker::new());
        let settings = StoreSettings { url: database.url.clone(), ..StoreSettings::default() };
        let mut canaries = Canaries::default();
        for secret in [configuration::SECRET_KEY, configuration::WEBHOOK_SECRET, configuration::ARI_PASSWORD]
        {
            canaries.add(secret);
        }
        Self {
            store: Store::new(settings).expect("the database's address is sound"),
            vhost,
            database,
            sms,
            smtp,
            pbx,
            outcomes,
            between,
            environment,
            processes,
            publisher,
            broker,
            canaries: Mutex::new(canaries),
            folder: Mutex::new(Some(folder)),
            logs,
            stop,
        }
    }

    /// A process by its name.
    pub async fn process(&self, name: &str) -> AsyncMutexGuard<'_, Process> {
        self.processes.get(name).unwrap_or_else(|| panic!("there is no process {name}")).lock().await
    }

    /// Starts a process and waits until it is ready.
    pub async fn start_process(&self, name: &str) {
        self.process(name).await.spawn().await;
        self.process_is_ready(name).await;
    }

    async fn process_is_ready(&self, name: &str) {
        let mut process = self.process(name).await;
        process.ready().await;
        if name == "intake" {
            let address = process.address().expect("a ready intake has said its address");
            self.sms.set_webhook(format!("http://{address}/receipts/nhn"));
        }
    }

    /// Kills a process without a warning.
    pub async fn kill(&self, name: &str) {
        self.process(name).await.kill();
    }

    /// Asks a process to stop and makes sure that it ends in order.
    pub async fn stop_process(&self, name: &str) {
        let mut process = self.process(name).await;
        let status = process.stop().await;
        assert!(status.success(), "{name} ended with {status}:\n{}", logs::tail(&process.log));
    }

    /// The intake's address for receipts.
    pub async fn receipts_url(&self) -> String {
        let address = self.process("intake").await.address().expect("the intake has said its address");
        format!("http://{address}/receipts/nhn")
    }

    /// Adds what must not be read in a log.
    pub fn add_canary(&self, text: &str) {
        self.canaries_mut(|canaries| canaries.add(text));
    }

    /// Runs a command of `fleet` with this fleet's configuration.
    pub async fn cli(&self, arguments: &[&str]) -> Answer {
        cli(&self.environment, arguments).await
    }

    /// A file of this fleet's own folder, with this content.
    pub fn file(&self, name: &str, content: &[u8]) -> String {
        let folder = self.folder.lock().unwrap_or_else(PoisonError::into_inner);
        let path = folder.as_ref().expect("the folder lasts as long as the fleet").path().join(name);
        std::fs::write(&path, content).expect("the file can be written");
        path.display().to_string()
    }

    /// Everything that the database knows about a job.
    pub async fn story(&self, job: JobId) -> Option<JobHistory> {
        self.store.job_history(job).await.expect("the database can be read")
    }

    /// Waits until the database says that a job is in this state.
    pub async fn reaches(&self, job: JobId, state: closure_store::DeliveryState) -> JobHistory {
        eventually(&format!("job {job} to be {state}"), LONG, || async {
            match self.story(job).await {
                Some(story) if story.state == state => Ok(story),
                Some(story) => Err(format!("it is {}", story.state)),
                None => Err("nothing is known of it".to_owned()),
            }
        })
        .await
    }

    /// Waits for so many outcomes of a job, then until nothing moves, and answers all that were heard.
    pub async fn outcomes_of(&self, job: JobId, expected: usize) -> Vec<Heard> {
        eventually(&format!("{expected} outcome(s) of {job}"), LONG, || async {
            let heard = self.outcomes.of(job);
            if heard.len() >= expected { Ok(()) } else { Err(format!("{} heard", heard.len())) }
        })
        .await;
        self.queues_are_empty().await;
        self.outcomes.of(job)
    }

    /// The letters of a job at the dead-letter desk.
    pub async fn letters_of(&self, job: JobId) -> Vec<DeadLetter> {
        desk::letters_of(&self.store, job).await
    }

    /// The letters with exactly these bytes.
    pub async fn letters_with(&self, body: &[u8]) -> Vec<DeadLetter> {
        desk::letters_with(&self.store, body).await
    }

    /// Every letter.
    pub async fn letters(&self) -> Vec<DeadLetter> {
        desk::letters(&self.store).await
    }

    /// How many messages are ready in a queue, by the broker's own count.
    pub async fn depth(&self, queue: &str) -> u32 {
        closure_broker::topology::depth(&self.broker, queue).await.expect("the queue exists")
    }

    /// Waits until every queue is empty, unacked messages included, and stays so.
    pub async fn queues_are_empty(&self) {
        queues::are_empty(&self.broker, &self.vhost).await;
    }

    /// Waits until nothing is on its way any more: no delivery unsettled, no message in a queue.
    pub async fn drain(&self) {
        // What is in a worker's hand may have no row yet, so that the rows are looked at again behind empty queues.
        for _look in 0..2 {
            self.deliveries_have_ended().await;
            self.queues_are_empty().await;
        }
    }

    async fn deliveries_have_ended(&self) {
        eventually("every delivery to come to its end", LONG, || async {
            let sql = "SELECT state || ' ' || count(*) FROM delivery WHERE state IN \
                       ('pending','sending','in_doubt','waiting') \
                       OR (state = 'accepted' AND channel <> 'email') GROUP BY state";
            let left = self.database.query(sql).await;
            if left.is_empty() { Ok(()) } else { Err(left.join(", ")) }
        })
        .await;
    }

    /// Fails if a log holds personal data or a secret of this fleet.
    pub fn nothing_personal_is_logged(&self) {
        for log in &self.logs {
            let found = self.canaries_mut(|canaries| canaries.find(&logs::read(log)));
            assert!(found.is_none(), "{} holds personal data: {}", log.display(), found.unwrap_or_default());
        }
    }

    /// Ends the fleet in order: every process stops by itself with code 0, no queue holds anything, no log tells.
    pub async fn finish(self) {
        for name in self.processes.keys() {
            if self.process(name).await.pid().is_some() {
                self.stop_process(name).await;
            }
        }
        queues::hold_nothing(&self.broker).await;
        self.nothing_personal_is_logged();
        self.stop.cancel();
        self.vhost.delete().await;
        self.database.drop().await;
    }

    /// Says where the logs are should the test fail while this lives.
    pub fn watch(&self) -> Watch<'_> {
        Watch(self)
    }

    pub(super) fn canaries_mut<T>(&self, change: impl FnOnce(&mut Canaries) -> T) -> T {
        let mut canaries: MutexGuard<'_, Canaries> =
            self.canaries.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut canaries)
    }

    #[expect(clippy::print_stderr, reason = "this is a failing test's message")]
    fn tell_where_the_logs_are(&self) {
        for log in &self.logs {
            eprintln!("--- the end of {}\n{}", log.display(), logs::tail(log));
        }
        if let Some(folder) = self.folder.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            folder.disable_cleanup(true);
        }
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.stop.cancel();
        if std::thread::panicking() {
            self.tell_where_the_logs_are();
        }
    }
}

/// Tells where the logs are if its test fails.
pub struct Watch<'a>(&'a Fleet);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.tell_where_the_logs_are();
        }
    }
}

async fn outside(options: &FleetOptions, database: &Database) -> (NhnSimulator, SmtpSimulator, PbxSimulator) {
    let mut sms = options.sms.clone();
    sms.app_key = configuration::APP_KEY.to_owned();
    sms.secret_key = configuration::SECRET_KEY.to_owned();
    sms.webhook_secret = configuration::WEBHOOK_SECRET.to_owned();
    sms.webhook_retry_ms = 300;
    sms.webhook_tries_max = 200;
    sms.sender_numbers.push(configuration::VIETNAM_SENDER.to_owned());
    let pbx = PbxSimSettings {
        username: configuration::ARI_USER.to_owned(),
        password: configuration::ARI_PASSWORD.to_owned(),
        cel_database_url: Some(database.url.clone()),
        ..options.pbx.clone()
    };
    (
        NhnSimulator::start(sms).await.expect("the gateway can be started"),
        SmtpSimulator::start(options.smtp.clone()).await.expect("the mail server can be started"),
        PbxSimulator::start(pbx).await.expect("the PBX can be started"),
    )
}
