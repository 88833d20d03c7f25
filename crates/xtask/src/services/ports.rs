//! Free loopback ports that stay ours while the run lives, also while a service is down between two starts.

use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

use crate::error::{Result, failed};

/// The first port we use: outside the range from which the system takes ports for outgoing connections.
const FIRST_PORT: u16 = 21_000;
/// How many ports one run holds.
const PORTS_PER_RUN: u16 = 5;
/// How many runs there can be at the same time on one machine.
const RUN_LIMIT: u16 = 400;

/// The ports of one run; the lock keeps other runs away for as long as this value lives.
pub(super) struct Ports {
    /// AMQP.
    pub amqp: u16,
    /// RabbitMQ's HTTP API.
    pub api: u16,
    /// The Erlang distribution.
    pub distribution: u16,
    /// The Erlang port mapper.
    pub epmd: u16,
    /// PostgreSQL.
    pub postgres: u16,
    _lock: UnixListener,
}

impl Ports {
    /// Takes the first block of ports that no other run holds and nobody listens on.
    pub(super) fn reserve() -> Result<Ports> {
        for run in 0..RUN_LIMIT {
            let first = FIRST_PORT + run * PORTS_PER_RUN;
            if let Some(lock) = lock_block(first)
                && (first..first + PORTS_PER_RUN).all(is_free)
            {
                return Ok(Ports {
                    amqp: first,
                    api: first + 1,
                    distribution: first + 2,
                    epmd: first + 3,
                    postgres: first + 4,
                    _lock: lock,
                });
            }
        }
        let last = FIRST_PORT + RUN_LIMIT * PORTS_PER_RUN - 1;
        failed(format!("no free block of loopback ports from {FIRST_PORT} to {last}; stop what holds them"))
    }
}

/// A name in the system's abstract socket space: shared by all users, and free again as soon as we are gone.
fn lock_block(first: u16) -> Option<UnixListener> {
    let name = SocketAddr::from_abstract_name(format!("closure-fleet-ports-{first}")).ok()?;
    UnixListener::bind_addr(&name).ok()
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::{PORTS_PER_RUN, Ports, RUN_LIMIT};

    #[test]
    fn two_runs_never_hold_the_same_port_and_a_run_that_ends_gives_its_ports_back() {
        let one = Ports::reserve().expect("there are free ports");
        let other = Ports::reserve().expect("there are free ports for a second run");
        assert!(one.amqp.abs_diff(other.amqp) >= PORTS_PER_RUN);
        drop(other);
        for run in 0..=RUN_LIMIT {
            assert!(Ports::reserve().is_ok(), "the ports of {run} earlier runs are free again");
        }
    }
}
