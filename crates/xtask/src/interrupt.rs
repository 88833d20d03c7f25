//! Ctrl-C and friends: the first signal asks every wait to end, the second ends the process.
//!
//! Nothing is cleaned up in a signal handler.
//! A wait returns [`Error::Interrupted`], the stack unwinds, and whoever started something ends it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::error::{Context, Error, Result};

/// Signals this close to the first are its echo: `timeout`, for one, sends each to the process and to its group.
const ECHO_LIMIT: Duration = Duration::from_millis(500);

/// Tells every wait of this process that a person, or a machine, wants it to stop.
#[derive(Clone)]
pub struct Interrupt {
    state: Arc<State>,
}

struct State {
    signal: Mutex<Option<i32>>,
    arrived: Condvar,
}

impl Interrupt {
    /// Starts to listen for SIGINT, SIGTERM and SIGHUP; call it once, first thing.
    pub fn listen() -> Result<Interrupt> {
        let state = Arc::new(State { signal: Mutex::new(None), arrived: Condvar::new() });
        let mut signals =
            Signals::new([SIGINT, SIGTERM, SIGHUP]).context(|| "cannot listen for signals".to_owned())?;
        let seen = Arc::clone(&state);
        std::thread::spawn(move || {
            let mut first = None;
            for signal in signals.forever() {
                let since = first.get_or_insert_with(Instant::now).elapsed();
                if since >= ECHO_LIMIT {
                    std::process::exit(128 + signal);
                }
                seen.signal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(signal);
                seen.arrived.notify_all();
            }
        });
        Ok(Interrupt { state })
    }

    /// Fails if a signal has arrived.
    pub fn check(&self) -> Result<()> {
        self.pause(Duration::ZERO)
    }

    /// Waits for `duration`, or fails as soon as a signal arrives.
    pub fn pause(&self, duration: Duration) -> Result<()> {
        let signal = self.state.signal.lock().unwrap_or_else(PoisonError::into_inner);
        let (signal, _) = self
            .state
            .arrived
            .wait_timeout_while(signal, duration, |signal| signal.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        match *signal {
            Some(number) => Err(Error::Interrupted(number)),
            None => Ok(()),
        }
    }

    /// Waits until a signal arrives and returns its number.
    pub fn wait(&self) -> i32 {
        let mut signal = self.state.signal.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(number) = *signal {
                return number;
            }
            signal = self.state.arrived.wait(signal).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
