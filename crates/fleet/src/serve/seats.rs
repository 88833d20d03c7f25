//! Who is connected, since when and what for, and who leaves when there is no seat left.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard},
};

use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{ANSWER_MAX, BODY_MAX, Door, HEAD_MAX, STOP_WAIT};
use crate::{lock::lock, repeats::Repeats};

/// What a connection is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// It has no request in hand: its head is still to come, or its answer still to be read.
    Waiting,
    /// It brings a body, and its sender has not proved himself.
    Unproven,
    /// Its request is carried out; nobody takes its seat.
    Working,
}

/// All seats of a door.
pub(super) struct Seats {
    door: Door,
    table: Mutex<Table>,
    full: Arc<Repeats>,
}

#[derive(Default)]
struct Table {
    next: u64,
    taken: HashMap<u64, Taken>,
}

struct Taken {
    peer: IpAddr,
    phase: Phase,
    since: Instant,
    leave: CancellationToken,
}

/// One connection's seat; it is free again when the last handle is gone.
#[derive(Clone)]
pub(crate) struct Seat(Arc<Held>);

struct Held {
    seats: Arc<Seats>,
    number: u64,
    leave: CancellationToken,
    changed: Notify,
}

/// So many requests are in hand that no further one is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Crowded;

impl Seats {
    pub(super) fn new(door: Door, full: Arc<Repeats>) -> Arc<Self> {
        Arc::new(Self { door, table: Mutex::default(), full })
    }

    /// A seat for a new connection; nothing only while every other one is at work.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Seat> {
        let mut table = self.lock();
        if table.taken.len() >= self.door.connections_max {
            self.full.add();
            table.send_away(|phase| phase != Phase::Working)?;
        }
        let number = table.next;
        table.next += 1;
        let leave = CancellationToken::new();
        let taken =
            Taken { peer: network(peer), phase: Phase::Waiting, since: Instant::now(), leave: leave.clone() };
        table.taken.insert(number, taken);
        Some(Seat(Arc::new(Held { seats: Arc::clone(self), number, leave, changed: Notify::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        lock(&self.table)
    }
}

impl Table {
    fn count(&self, phase: Phase) -> usize {
        self.taken.values().filter(|taken| taken.phase == phase).count()
    }

    /// Frees a seat: of the peer that holds most of those that may be freed, the one that has been so for longest.
    ///
    /// Behind a proxy all have one address, and then the oldest leaves.
    fn send_away(&mut self, may_leave: impl Fn(Phase) -> bool) -> Option<()> {
        let mut held: HashMap<IpAddr, usize> = HashMap::new();
        for taken in self.taken.values().filter(|taken| may_leave(taken.phase)) {
            *held.entry(taken.peer).or_default() += 1;
        }
        let number = self
            .taken
            .iter()
            .filter(|(_, taken)| may_leave(taken.phase))
            .max_by_key(|(_, taken)| (held.get(&taken.peer), std::cmp::Reverse(taken.since)))
            .map(|(number, _)| *number)?;
        let gone = self.taken.remove(&number)?;
        gone.leave.cancel();
        Some(())
    }
}

impl Seat {
    /// The request is carried out from now on.
    pub(crate) fn work(&self) -> Result<(), Crowded> {
        let mut table = self.0.seats.lock();
        if table.count(Phase::Working) >= self.0.seats.door.working_max {
            return Err(Crowded);
        }
        self.enter(&mut table, Phase::Working);
        Ok(())
    }

    /// Its body is read from now on, and its sender has not proved himself; where too many are, one of them leaves.
    pub(crate) fn read_unproven(&self) {
        let mut table = self.0.seats.lock();
        if table.count(Phase::Unproven) >= self.0.seats.door.unproven_max {
            self.0.seats.full.add();
            table.send_away(|phase| phase == Phase::Unproven);
        }
        self.enter(&mut table, Phase::Unproven);
    }

    /// It has no request in hand any more.
    pub(super) fn wait(&self) {
        self.enter(&mut self.0.seats.lock(), Phase::Waiting);
    }

    fn enter(&self, table: &mut Table, phase: Phase) {
        if let Some(taken) = table.taken.get_mut(&self.0.number) {
            (taken.phase, taken.since) = (phase, Instant::now());
            self.0.changed.notify_one();
        }
    }

    /// When the connection is closed unless it comes further; `stopped_at` is when the process was told to stop.
    pub(super) fn deadline(&self, stopped_at: Option<Instant>) -> Instant {
        let table = self.0.seats.lock();
        let Some(taken) = table.taken.get(&self.0.number) else { return Instant::now() };
        match (taken.phase, stopped_at) {
            (Phase::Waiting, None) => taken.since + HEAD_MAX,
            (Phase::Waiting, Some(stopped_at)) => taken.since.max(stopped_at) + STOP_WAIT,
            (Phase::Unproven, _) => taken.since + BODY_MAX,
            (Phase::Working, _) => taken.since + ANSWER_MAX,
        }
    }

    /// Comes back when another one needs the seat more.
    pub(super) async fn told_to_leave(&self) {
        self.0.leave.cancelled().await;
    }

    /// Comes back when the deadline is another one.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.seats.lock().taken.remove(&self.number);
    }
}

/// Whose an address is: in IPv6 one person has a whole network of 64 bits.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats() -> Arc<Seats> {
        let door = Door { name: "test", connections_max: 8, working_max: 6, unproven_max: 2 };
        Seats::new(door, Arc::new(Repeats::default()))
    }

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    fn has_left(seat: &Seat) -> bool {
        seat.0.leave.is_cancelled()
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_waited_longest_leaves_and_who_is_at_work_stays() {
        let seats = seats();
        let mut taken = Vec::new();
        for _ in 0..8 {
            taken.push(seats.take(peer(1)).expect("there are seats"));
            tokio::time::advance(std::time::Duration::from_millis(1)).await;
        }
        assert_eq!(taken[0].work(), Ok(()));
        let newest = seats.take(peer(1)).expect("the newest has a seat");
        let left: Vec<bool> = taken.iter().map(has_left).collect();
        assert_eq!(left, [false, true, false, false, false, false, false, false]);
        assert!(!has_left(&newest));
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_from_one_address_sends_nobody_elses_connection_away() {
        let seats = seats();
        let gateway = seats.take(peer(1)).expect("there are seats");
        tokio::time::advance(std::time::Duration::from_secs(1)).await;
        let crowd: Vec<Seat> = (0..100).filter_map(|_| seats.take(peer(2))).collect();
        assert!(!has_left(&gateway), "it is the oldest, and alone");
        assert_eq!(crowd.iter().filter(|seat| !has_left(seat)).count(), 7);
    }

    #[test]
    fn there_is_always_a_seat_for_a_newcomer_because_work_is_bounded() {
        let seats = seats();
        let taken: Vec<Seat> = (0..8).filter_map(|_| seats.take(peer(1))).collect();
        let at_work = taken.iter().filter(|seat| seat.work().is_ok()).count();
        assert_eq!(at_work, 6);
        for _ in 0..1_000 {
            assert!(seats.take(peer(1)).is_some());
        }
    }

    #[test]
    fn so_many_bodies_at_once_come_from_who_has_not_proved_himself() {
        let seats = seats();
        let taken: Vec<Seat> = (0..8).filter_map(|_| seats.take(peer(1))).collect();
        taken.iter().for_each(Seat::read_unproven);
        assert_eq!(seats.lock().count(Phase::Unproven), 2);
        assert_eq!(taken.iter().filter(|seat| has_left(seat)).count(), 6);
        drop(taken);
        assert!(seats.lock().taken.is_empty(), "a seat is free again when its connection is gone");
    }
}
