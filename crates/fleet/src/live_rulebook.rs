//! The live rulebook: the settings of the file and the templates of the register.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use closure_contract::FailureCode;
use closure_policy::rulebook::{CompiledRulebook, Rulebook, TemplateSource};
use closure_store::{Store, StoreError, StoredTemplate, TemplateRegister, TemplateState};
use tracing::{error, info};

use crate::{
    lock::lock,
    services::{Asking, Service, Services},
};

/// The rules as they are now; a clone shares what is known.
#[derive(Clone)]
pub struct Rules {
    shared: Arc<Shared>,
}

struct Shared {
    settings: CompiledRulebook,
    register: Option<Store>,
    refresh: Duration,
    known: Mutex<Known>,
    asking: Mutex<Asking>,
    /// How many looks at the register began.
    begun: AtomicU64,
    /// The look that ended last; held while one is under way.
    ended: tokio::sync::Mutex<Look>,
}

/// A look at the register, and what came of it.
struct Look {
    number: u64,
    outcome: Result<(), StoreError>,
}

/// What was read last.
struct Known {
    version: Option<i64>,
    checked: Instant,
    rulebook: Arc<CompiledRulebook>,
}

impl Rules {
    /// The settings with the register's templates; the register is read once before anything is decided.
    pub async fn open(
        settings: CompiledRulebook,
        register: Store,
        refresh: Duration,
        services: &Services,
    ) -> Result<Self, StoreError> {
        let rules = Self::new(settings, Some(register), refresh, services);
        rules.fresh().await?;
        Ok(rules)
    }

    /// The settings alone, where there is no database: no template is known.
    pub fn without_templates(settings: CompiledRulebook) -> Self {
        Self::new(settings, None, Duration::MAX, &Services::default())
    }

    fn new(
        settings: CompiledRulebook,
        register: Option<Store>,
        refresh: Duration,
        services: &Services,
    ) -> Self {
        let known = Known { version: None, checked: Instant::now(), rulebook: Arc::new(settings.clone()) };
        let (known, asking) = (Mutex::new(known), Mutex::new(services.ask(Service::Templates)));
        let (begun, ended) =
            (AtomicU64::new(0), tokio::sync::Mutex::new(Look { number: 0, outcome: Ok(()) }));
        Self { shared: Arc::new(Shared { settings, register, refresh, known, asking, begun, ended }) }
    }

    /// The settings of the file, which are the same for as long as the process runs.
    pub fn settings(&self) -> &Rulebook {
        self.shared.settings.rules()
    }

    /// The rules as they were at most one refresh ago.
    ///
    /// While the database is away they stay what they were: an outage neither invents an approval nor takes one back,
    /// and nothing is sent on them without a fresh look.
    pub async fn current(&self) -> Arc<CompiledRulebook> {
        let (checked, rulebook) = {
            let known = self.known();
            (known.checked, known.rulebook.clone())
        };
        if self.shared.register.is_none() || checked.elapsed() < self.shared.refresh {
            return rulebook;
        }
        // One look a refresh is enough for all who ask meanwhile, whether it succeeds or not.
        self.known().checked = Instant::now();
        let fresh = self.fresh().await;
        let mut asking = lock(&self.shared.asking);
        match fresh {
            Ok(fresh) => {
                asking.answered();
                fresh
            }
            Err(problem) => {
                asking.failed(&problem);
                rulebook
            }
        }
    }

    /// The rules as they are known, where they are no older than this version of the register.
    pub fn since(&self, version: i64) -> Option<Arc<CompiledRulebook>> {
        let known = self.known();
        (known.version >= Some(version)).then(|| known.rulebook.clone())
    }

    /// The rules as they are at this moment; an error where the database cannot say.
    ///
    /// All who ask while a look is under way share the next one, which begins after each of them asked.
    pub async fn fresh(&self) -> Result<Arc<CompiledRulebook>, StoreError> {
        let shared = &self.shared;
        let Some(register) = &shared.register else { return Ok(self.known().rulebook.clone()) };
        let begun = shared.begun.load(Ordering::SeqCst);
        let mut ended = shared.ended.lock().await;
        if ended.number <= begun {
            let number = shared.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let outcome = self.look(register).await;
            *ended = Look { number, outcome };
        }
        ended.outcome.clone()?;
        Ok(self.known().rulebook.clone())
    }

    async fn look(&self, register: &Store) -> Result<(), StoreError> {
        let version = register.template_register_version().await?;
        {
            let mut known = self.known();
            if known.version == Some(version) {
                known.checked = Instant::now();
                return Ok(());
            }
        }
        self.learn(&register.template_register().await?);
        Ok(())
    }

    /// Takes over what was read, unless something newer is known by now.
    fn learn(&self, register: &TemplateRegister) {
        let sources: Vec<TemplateSource> = register.templates.iter().map(source).collect();
        let (rulebook, errors) = self.shared.settings.with_templates(&sources);
        for problem in errors {
            error!(%problem, "a stored template is not sound under the rulebook's settings and is never sent");
        }
        let mut known = self.known();
        if known.version.is_none_or(|version| version < register.version) {
            info!(
                version = register.version,
                templates = sources.len(),
                "the register of templates was read"
            );
            known.version = Some(register.version);
            known.checked = Instant::now();
            known.rulebook = Arc::new(rulebook);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.shared.known)
    }
}

/// A stored edition as the rules read it.
pub fn source(stored: &StoredTemplate) -> TemplateSource {
    TemplateSource {
        name: stored.name.clone(),
        version: stored.version,
        country_code: stored.country_code,
        text: stored.text.clone(),
        approved: stored.state == TemplateState::Approved,
        valid_from: stored.valid_from,
        valid_until: stored.valid_until,
    }
}

/// Whether a refusal rests on what is known of the templates.
pub fn rests_on_templates(code: FailureCode) -> bool {
    matches!(
        code,
        FailureCode::TemplateMismatch | FailureCode::TemplateUnknown | FailureCode::TemplateVariables
    )
}
