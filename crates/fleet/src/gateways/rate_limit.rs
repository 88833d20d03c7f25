//! How fast the gateways are asked: the slots of an account are shared by every worker of the fleet.
//!
//! A worker takes slots in blocks from the database, as many as it has jobs waiting, and lets them go one by one, each
//! when its time has come. So the rate holds whatever the number of workers is, and nobody sends in bursts.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use closure_contract::{FailureCode, Provider};
use closure_providers::SendFailure;
use closure_store::{Slots, Store};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

/// One worker takes at most this much of an account's time at once.
const BLOCK: Duration = Duration::from_millis(200);
/// So much of an account's time may be waited for by the claimed jobs of one worker; the others wait unclaimed.
const ROOM: Duration = Duration::from_secs(1);
/// A claimed job waits for its slot at most this long, and is given back then.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// A slot that was not used in time is lost: used later it would make a burst.
const SLOT_LIFE: Duration = Duration::from_millis(250);

/// How fast the accounts may be asked; an account without a rate may be asked at any.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    /// Requests a second of a whole account.
    pub gateways: HashMap<Provider, NonZeroU32>,
    /// Requests a second of an account to one country.
    pub countries: HashMap<(Provider, u16), NonZeroU32>,
}

/// The pace of every account that has one.
pub struct RateLimiter {
    store: Store,
    gateways: HashMap<Provider, Arc<Bucket>>,
    countries: HashMap<(Provider, u16), Arc<Bucket>>,
}

/// A place among the few claimed jobs that wait for a slot.
pub type SlotPermits = Vec<OwnedSemaphorePermit>;

struct Bucket {
    name: String,
    interval: Duration,
    block_max: u32,
    waiting: AtomicU32,
    block: Mutex<Block>,
    room: Arc<Semaphore>,
}

/// What is left of the slots that were taken last.
struct Block {
    next: Instant,
    left: u32,
}

impl RateLimiter {
    /// The paces of these rates.
    pub fn new(store: Store, rates: &Rates) -> Self {
        let gateways = rates.gateways.iter();
        let countries = rates.countries.iter();
        Self {
            store,
            gateways: gateways
                .map(|(provider, rate)| (*provider, Bucket::new(provider.as_str().to_owned(), *rate)))
                .collect(),
            countries: countries
                .map(|(way @ (provider, country_code), rate)| {
                    (*way, Bucket::new(format!("{provider}:{country_code}"), *rate))
                })
                .collect(),
        }
    }

    /// Waits until a job may be claimed: few are, so that a claim does not run out while its job waits.
    pub async fn room(&self, provider: Provider, country_code: Option<u16>) -> SlotPermits {
        let mut room = SlotPermits::new();
        for bucket in self.buckets(provider, country_code) {
            let permit = Arc::clone(&bucket.room).acquire_owned().await;
            room.push(permit.expect("the semaphore is never closed"));
        }
        room
    }

    /// Waits for the slots of one request, which then has to begin at once; none can be had for too long at times, and
    /// nothing was sent then.
    pub async fn slot(&self, provider: Provider, country_code: Option<u16>) -> Result<(), SendFailure> {
        let deadline = Instant::now() + WAIT_MAX;
        for bucket in self.buckets(provider, country_code) {
            bucket.slot(&self.store, deadline).await?;
        }
        Ok(())
    }

    /// The narrow one first: a slot of the whole account is not wasted on a job that waits for its country's.
    fn buckets(&self, provider: Provider, country_code: Option<u16>) -> impl Iterator<Item = &Arc<Bucket>> {
        let country = country_code.and_then(|code| self.countries.get(&(provider, code)));
        country.into_iter().chain(self.gateways.get(&provider))
    }
}

impl Bucket {
    fn new(name: String, rate_per_s: NonZeroU32) -> Arc<Self> {
        let interval = Duration::from_secs(1) / rate_per_s.get();
        let slots_in = |time: Duration| (time.as_secs_f64() * f64::from(rate_per_s.get())) as u32;
        Arc::new(Self {
            name,
            interval,
            block_max: slots_in(BLOCK).max(1),
            waiting: AtomicU32::new(0),
            block: Mutex::new(Block { next: Instant::now(), left: 0 }),
            room: Arc::new(Semaphore::new(slots_in(ROOM).max(1) as usize)),
        })
    }

    async fn slot(&self, store: &Store, deadline: Instant) -> Result<(), SendFailure> {
        loop {
            self.waiting.fetch_add(1, Ordering::Relaxed);
            let begin = self.next(store, deadline).await;
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            let begin = begin?;
            tokio::time::sleep_until(begin.into()).await;
            // A process that stood still wakes up with all of its slots at once.
            if begin.elapsed() < SLOT_LIFE {
                return Ok(());
            }
        }
    }

    /// When the next slot begins; callers are served in the order in which they came.
    async fn next(&self, store: &Store, deadline: Instant) -> Result<Instant, SendFailure> {
        let mut block = self.block.lock().await;
        while block.left > 0 && block.next + SLOT_LIFE < Instant::now() {
            block.left -= 1;
            block.next += self.interval;
        }
        if block.left == 0 {
            let count = self.waiting.load(Ordering::Relaxed).clamp(1, self.block_max);
            let wait_max = deadline.saturating_duration_since(Instant::now());
            match store.take_slots(&self.name, count, self.interval, wait_max).await {
                Ok(Slots::Given { begin_in }) => {
                    *block = Block { next: Instant::now() + begin_in, left: count };
                }
                Ok(Slots::TooLate { free_in }) => return Err(too_late(free_in)),
                Err(problem) => {
                    return Err(SendFailure::new(
                        FailureCode::ProviderUnavailable,
                        &format!("no slot: {problem}"),
                    ));
                }
            }
        }
        let begin = block.next;
        if begin > deadline {
            return Err(too_late(begin.saturating_duration_since(Instant::now())));
        }
        block.left -= 1;
        block.next += self.interval;
        Ok(begin)
    }
}

fn too_late(free_in: Duration) -> SendFailure {
    let mut failure =
        SendFailure::new(FailureCode::ProviderThrottled, "our own rate for this account is used up for now");
    failure.retry_after_ms = Some(u64::try_from(free_in.as_millis()).unwrap_or(u64::MAX));
    failure
}
