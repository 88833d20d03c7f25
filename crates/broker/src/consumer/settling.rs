//! The one writer of a channel's acks.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use futures::future::join_all;
use lapin::{
    Acker, Channel,
    options::{BasicAckOptions, BasicRejectOptions},
    types::DeliveryTag,
};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Counts,
    ledger::{Answer, Frame, FrameKind, Ledger},
    session::ConnectionState,
};
use crate::{error::BrokerError, link::OPERATION_TIMEOUT_MS};

/// So many answers are booked before the next frames are written.
const ANSWERS_PER_ROUND: usize = 1_000;

/// The broker's handle on one delivery; counts itself as lost if it was answered and never written.
pub(super) struct PendingAck {
    tag: DeliveryTag,
    acker: Acker,
    counts: Arc<Counts>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    InHand,
    Answered,
    Written,
}

impl PendingAck {
    pub(super) fn new(tag: DeliveryTag, acker: Acker, counts: Arc<Counts>) -> Self {
        Self { tag, acker, counts, state: State::InHand }
    }

    pub(super) fn is_usable(&self) -> bool {
        self.acker.usable()
    }

    pub(super) fn answered(mut self) -> Self {
        self.state = State::Answered;
        self
    }
}

impl Drop for PendingAck {
    fn drop(&mut self) {
        if self.state == State::Answered {
            self.counts.settlements_lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes answers until every settler of the connection is gone, or until what is already answered is written after a shutdown.
pub(super) async fn settle(
    mut answers: mpsc::Receiver<(PendingAck, Answer)>,
    channel: &Channel,
    life: &ConnectionState,
    shutdown: &CancellationToken,
) -> Result<(), BrokerError> {
    let started = Instant::now();
    let now_ms = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut ledger = Ledger::new();
    let mut round = Vec::new();
    let mut open = true;
    while open {
        let straggler = ledger.next_due_ms();
        tokio::select! {
            count = answers.recv_many(&mut round, ANSWERS_PER_ROUND) => open = count > 0,
            () = sleep_until_ms(started, straggler), if straggler.is_some() => {}
            () = shutdown.cancelled(), if !answers.is_closed() => answers.close(),
        }
        for (settlement, answer) in round.drain(..) {
            ledger.note(settlement.tag, answer, settlement, now_ms());
        }
        life.answered_through(ledger.answered_through());
        // At the end nothing waits for company any more.
        let due_by = if open { now_ms() } else { u64::MAX };
        write(ledger.due(due_by), channel, life).await?;
    }
    Ok(())
}

/// Writes frames and waits until all of them are on the wire.
async fn write(
    frames: Vec<Frame<PendingAck>>,
    channel: &Channel,
    life: &ConnectionState,
) -> Result<(), BrokerError> {
    if frames.is_empty() {
        return Ok(());
    }
    let (through, singles): (Vec<_>, Vec<_>) =
        frames.into_iter().partition(|frame| frame.kind == FrameKind::AckThrough);
    // An ack of everything up to a tag makes earlier tags unknown to the broker, so it must not overtake them.
    for together in [singles, through] {
        let limit = Duration::from_millis(OPERATION_TIMEOUT_MS);
        let writing = join_all(together.into_iter().map(|frame| write_one(channel, frame)));
        let Ok(written) = tokio::time::timeout(limit, writing).await else {
            return Err(BrokerError::TimedOut { what: "basic.ack", waited_ms: OPERATION_TIMEOUT_MS });
        };
        for outcome in written {
            match outcome {
                Written::Answers(count) => life.settled(count),
                Written::Nothing => return Err(life.lost("an answer could not be written")),
            }
        }
    }
    Ok(())
}

/// What became of a frame.
enum Written {
    /// It is on the wire and answers so many deliveries.
    Answers(u64),
    /// The channel is gone.
    Nothing,
}

/// Writes one frame through the channel itself.
///
/// The delivery's own acker would hand it to a task of the library, and several of those overtake each other.
async fn write_one(channel: &Channel, mut frame: Frame<PendingAck>) -> Written {
    let Some(last) = frame.handles.last() else {
        return Written::Answers(0);
    };
    let written = match frame.kind {
        FrameKind::AckThrough => channel.basic_ack(last.tag, BasicAckOptions { multiple: true }).await,
        FrameKind::AckOne => channel.basic_ack(last.tag, BasicAckOptions { multiple: false }).await,
        // From RabbitMQ 4.3 on a nack counts nothing towards the delivery limit, so that a message over which every worker
        // panics would come back for ever.
        FrameKind::Release => channel.basic_reject(last.tag, BasicRejectOptions { requeue: true }).await,
        FrameKind::Reject => channel.basic_reject(last.tag, BasicRejectOptions { requeue: false }).await,
    };
    if written.is_err() {
        return Written::Nothing;
    }
    for settlement in &mut frame.handles {
        settlement.state = State::Written;
    }
    Written::Answers(u64::try_from(frame.handles.len()).unwrap_or(u64::MAX))
}

async fn sleep_until_ms(started: Instant, due_ms: Option<u64>) {
    match due_ms {
        Some(due_ms) => tokio::time::sleep_until(started + Duration::from_millis(due_ms)).await,
        None => std::future::pending().await,
    }
}
