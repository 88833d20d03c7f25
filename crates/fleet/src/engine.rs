//! The one place where a decision about a job comes from: the rules, and what the database knows beside the job.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use closure_contract::{
    ConsultationId, Job, JobId, Language, Timestamp,
    facts::{
        jobs::JobFacts,
        preconditions::{PreconditionQuery, Preconditions},
    },
};
use closure_policy::{
    explain::{Decision, Verdict, decide, decide_in},
    finding,
    number::meaning::JobNumber,
    preconditions,
    template::TemplateFacts,
};
use closure_store::{CapGrant, Contact, Store, StoreError};
use uuid::Uuid;

use crate::{
    advice::Database,
    live_rulebook::{Rules, rests_on_templates},
};

/// Decides jobs; a clone shares everything.
#[derive(Clone)]
pub struct Engine {
    rules: Rules,
    store: Option<Store>,
    clock: Arc<Clock>,
}

/// How far the database's clock is ahead of this machine's, in milliseconds, as the last answer showed.
///
/// What is due when is decided by one clock for all workers, whatever their machines' clocks say.
#[derive(Debug, Default)]
struct Clock(AtomicI64);

impl Clock {
    fn learn(&self, at: Timestamp) {
        let ahead = at.0 - Timestamp::now().0;
        let ahead_ms = i64::try_from(ahead.whole_milliseconds()).unwrap_or(0);
        self.0.store(ahead_ms, Ordering::Relaxed);
    }

    fn now(&self) -> Timestamp {
        let ahead_ms = self.0.load(Ordering::Relaxed);
        let ahead = Duration::from_millis(ahead_ms.unsigned_abs());
        let ours = Timestamp::now().0;
        Timestamp(if ahead_ms < 0 { ours - ahead } else { ours + ahead })
    }
}

/// Whether a send is a contact that is still to be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactUse {
    /// It is.
    New,
    /// It was counted with the try that is in doubt, and is the same contact.
    Counted,
}

/// The last word before a provider is called.
#[derive(Debug)]
pub struct Admission {
    /// What the rules say now.
    pub decision: Decision,
    /// The contact that was counted for it, if it is to be sent and anything counts it.
    pub contact: Option<Contact>,
}

impl Engine {
    /// An engine; without a store it knows nothing beside the job itself.
    pub fn new(rules: Rules, store: Option<Store>) -> Self {
        Self { rules, store, clock: Arc::default() }
    }

    /// The database, where there is one.
    pub fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    /// Whether it knows what stands beside a job.
    pub fn database(&self) -> Database {
        if self.store.is_some() { Database::Read } else { Database::NotConfigured }
    }

    /// What would happen to a job, and why; writes nothing.
    ///
    /// What templates refuse by the rules as they are known is decided again by the rules as they are.
    pub async fn decide(&self, job: &Job, now: Timestamp) -> Result<Decision, StoreError> {
        self.decide_in(Language::English, job, now).await
    }

    /// The same, with every word for people in this language.
    pub async fn decide_in(
        &self,
        language: Language,
        job: &Job,
        now: Timestamp,
    ) -> Result<Decision, StoreError> {
        let number = self.number(job);
        self.decide_by(language, job, &number, Some(now)).await
    }

    async fn decide_by(
        &self,
        language: Language,
        job: &Job,
        number: &JobNumber,
        now: Option<Timestamp>,
    ) -> Result<Decision, StoreError> {
        let known = self.rules.current().await;
        let standing = self.standing(preconditions::query(job, number, known.rules())).await?;
        // The answer has told what time it is.
        let now = now.unwrap_or_else(|| self.now());
        let decision = decide_in(language, job, number, &known, &standing, now);
        if !decision.code.is_some_and(rests_on_templates) {
            return Ok(decision);
        }
        Ok(decide_in(language, job, number, &*self.rules.fresh().await?, &standing, now))
    }

    /// What would happen to a job at this moment of the database's clock, and that moment.
    pub async fn decide_now(
        &self,
        job: &Job,
        number: &JobNumber,
    ) -> Result<(Decision, Timestamp), StoreError> {
        let decision = self.decide_by(Language::English, job, number, None).await?;
        Ok((decision, self.now()))
    }

    /// A job's number as the settings read it, which no template changes: read once for every decision about the job.
    pub fn number(&self, job: &Job) -> JobNumber {
        JobNumber::of(job, self.rules.settings())
    }

    /// What a job is found by, where nothing else is to be decided of it; which template its text is of is not looked for.
    pub fn found_by(&self, job: &Job) -> JobFacts {
        finding::facts_of(job, &self.number(job), None)
    }

    /// This moment by the database's clock, as far as it is known.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Decides once more right before the send, by an approval as it is at this moment where the text needs one, and
    /// counts the contact towards its caps where it is to be sent.
    ///
    /// The caps that were free when they were read may be used up when they are counted; the count is what holds.
    pub async fn admit(
        &self,
        job: &Job,
        number: &JobNumber,
        contact: ContactUse,
    ) -> Result<Admission, StoreError> {
        let mut rulebook = self.rules.current().await;
        let query = preconditions::query(job, number, rulebook.rules());
        let limits = query.limits.clone();
        let mut standing = self.standing(query).await?;
        let now = self.now();
        let mut decision = decide(job, number, &rulebook, &standing, now);
        if decision.template.as_ref().and_then(TemplateFacts::used).is_some() {
            rulebook = self.rules.fresh().await?;
            decision = decide(job, number, &rulebook, &standing, now);
        }
        let (Verdict::Send, Some(store), false) = (decision.verdict, &self.store, limits.is_empty()) else {
            return Ok(Admission { decision, contact: None });
        };
        if contact == ContactUse::Counted {
            return Ok(Admission { decision, contact: None });
        }
        match store.count_contact(job.id(), limits).await? {
            CapGrant::Granted(contact) => Ok(Admission { decision, contact: Some(contact) }),
            CapGrant::Reached(used) => {
                standing.used = used;
                Ok(Admission { decision: decide(job, number, &rulebook, &standing, now), contact: None })
            }
        }
    }

    /// Asks the database what every question asks, about nobody: whether questions can be answered.
    pub async fn look(&self) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        self.rules.fresh().await?;
        let nobody = JobId(Uuid::nil());
        let consultation_id = ConsultationId::try_from(nobody.to_string()).expect("a UUID is such an id");
        let (phone, email, limits) = (None, None, Vec::new());
        store.standing(PreconditionQuery { job_id: nobody, consultation_id, phone, email, limits }).await?;
        store.job_summary(nobody).await?;
        Ok(())
    }

    async fn standing(&self, query: PreconditionQuery) -> Result<Preconditions, StoreError> {
        let Some(store) = &self.store else { return Ok(Preconditions::default()) };
        let (standing, at) = store.standing(query).await?;
        self.clock.learn(at);
        Ok(standing)
    }
}
