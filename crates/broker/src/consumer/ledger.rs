//! Which answers to write to the broker next: pure book-keeping of one channel's delivery tags.
//!
//! Tags count from 1 without gaps, so acks up to the first tag that is not answered yet go out as one `multiple` ack.
//! Those behind a slow message go out singly, once they have waited for a while.

use std::collections::BTreeMap;

/// An ack behind an unanswered message is written singly after this time.
pub(super) const STRAGGLER_WAIT_MS: u64 = 100;

/// How a message is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is done.
    Ack,
    /// Back to the queue.
    Release,
    /// To the dead queue.
    Reject,
}

/// One frame to write, with the messages that it answers in the order of their tags.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<H> {
    pub(super) kind: FrameKind,
    pub(super) handles: Vec<H>,
}

/// What a frame says about its last message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// It and everything before it is done.
    AckThrough,
    /// It is done.
    AckOne,
    /// It goes back to the queue.
    Release,
    /// It goes to the dead queue.
    Reject,
}

/// The answers of one channel that are not written yet.
#[derive(Debug)]
pub(super) struct Ledger<H> {
    /// Every tag up to here is answered.
    answered_through: u64,
    /// Runs of answered tags beyond it: first tag to last tag.
    answered_beyond: BTreeMap<u64, u64>,
    /// Acks that are not written yet, by tag, with the time of their answer.
    acks: BTreeMap<u64, (H, u64)>,
    /// Other answers that are not written yet.
    others: Vec<Frame<H>>,
}

impl<H> Frame<H> {
    fn one(kind: FrameKind, handle: H) -> Self {
        Self { kind, handles: vec![handle] }
    }
}

impl<H> Ledger<H> {
    pub(super) fn new() -> Self {
        Self {
            answered_through: 0,
            answered_beyond: BTreeMap::new(),
            acks: BTreeMap::new(),
            others: Vec::new(),
        }
    }

    /// Notes the answer to a message.
    pub(super) fn note(&mut self, tag: u64, answer: Answer, handle: H, now_ms: u64) {
        self.mark_answered(tag);
        match answer {
            Answer::Ack => drop(self.acks.insert(tag, (handle, now_ms))),
            Answer::Release => self.others.push(Frame::one(FrameKind::Release, handle)),
            Answer::Reject => self.others.push(Frame::one(FrameKind::Reject, handle)),
        }
    }

    /// Every message up to this tag is answered; the one behind it is the oldest that is not.
    pub(super) fn answered_through(&self) -> u64 {
        self.answered_through
    }

    /// The frames that are due now, in the order in which to write them.
    pub(super) fn due(&mut self, now_ms: u64) -> Vec<Frame<H>> {
        let overdue = |since: u64| now_ms.saturating_sub(since) >= STRAGGLER_WAIT_MS;
        let mut frames = std::mem::take(&mut self.others);
        let behind = self.acks.split_off(&self.answered_through.saturating_add(1));
        let in_order = std::mem::replace(&mut self.acks, behind);
        let late = self.acks.extract_if(.., |_, (_, since)| overdue(*since));
        frames.extend(late.map(|(_, (handle, _))| Frame::one(FrameKind::AckOne, handle)));
        if !in_order.is_empty() {
            // It covers the other answers before it, so it is written after them.
            // Its last message is itself not acked yet, as the broker demands.
            let handles = in_order.into_values().map(|(handle, _)| handle).collect();
            frames.push(Frame { kind: FrameKind::AckThrough, handles });
        }
        frames
    }

    /// When the next straggler is due, if one waits.
    pub(super) fn next_due_ms(&self) -> Option<u64> {
        let oldest = self.acks.values().map(|(_, since)| *since).min()?;
        Some(oldest.saturating_add(STRAGGLER_WAIT_MS))
    }

    fn mark_answered(&mut self, tag: u64) {
        let joins_before =
            self.answered_beyond.range(..tag).next_back().filter(|(_, last)| **last + 1 == tag);
        let first = joins_before.map_or(tag, |(first, _)| *first);
        let last = self.answered_beyond.remove(&(tag + 1)).unwrap_or(tag);
        self.answered_beyond.insert(first, last);
        if let Some(last) = self.answered_beyond.remove(&(self.answered_through + 1)) {
            self.answered_through = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer::*, *};

    fn through(tags: &[u64]) -> Frame<u64> {
        Frame { kind: FrameKind::AckThrough, handles: tags.to_vec() }
    }

    fn noted(answers: &[(u64, Answer)]) -> Ledger<u64> {
        let mut ledger = Ledger::new();
        for (tag, answer) in answers {
            ledger.note(*tag, *answer, *tag, 0);
        }
        ledger
    }

    #[test]
    fn acks_in_any_order_become_one_multiple_ack_when_no_gap_is_left() {
        let mut ledger = noted(&[(3, Ack), (1, Ack), (2, Ack)]);
        assert_eq!(ledger.due(0), vec![through(&[1, 2, 3])]);
        assert_eq!(ledger.due(10_000), vec![]);
    }

    #[test]
    fn a_multiple_ack_never_covers_a_message_that_is_not_answered() {
        let mut ledger = noted(&[(1, Ack), (3, Ack), (4, Ack)]);
        assert_eq!(ledger.due(0), vec![through(&[1])]);
        assert_eq!(ledger.due(STRAGGLER_WAIT_MS - 1), vec![]);
        assert_eq!(
            ledger.due(STRAGGLER_WAIT_MS),
            vec![Frame::one(FrameKind::AckOne, 3), Frame::one(FrameKind::AckOne, 4)]
        );
        ledger.note(2, Ack, 2, 500);
        assert_eq!(ledger.due(500), vec![through(&[2])]);
        ledger.note(5, Ack, 5, 501);
        assert_eq!(ledger.due(501), vec![through(&[5])]);
    }

    #[test]
    fn a_multiple_ack_ends_at_a_message_that_the_broker_still_holds() {
        let mut ledger = noted(&[(1, Ack), (2, Reject), (3, Release)]);
        assert_eq!(
            ledger.due(0),
            vec![Frame::one(FrameKind::Reject, 2), Frame::one(FrameKind::Release, 3), through(&[1])]
        );
        ledger.note(5, Reject, 5, 0);
        ledger.note(4, Release, 4, 0);
        assert_eq!(ledger.due(0), vec![Frame::one(FrameKind::Reject, 5), Frame::one(FrameKind::Release, 4)]);
        ledger.note(6, Ack, 6, 0);
        assert_eq!(ledger.due(0), vec![through(&[6])]);
    }

    #[test]
    fn the_next_straggler_is_due_a_while_after_its_answer() {
        let mut ledger = Ledger::new();
        assert_eq!(ledger.next_due_ms(), None);
        ledger.note(2, Ack, 2, 40);
        assert_eq!(ledger.next_due_ms(), Some(40 + STRAGGLER_WAIT_MS));
    }

    #[test]
    fn a_message_that_is_never_answered_does_not_make_the_book_grow() {
        let mut ledger = Ledger::new();
        for tag in 2..100_000 {
            ledger.note(tag, Ack, tag, tag);
            ledger.due(tag + STRAGGLER_WAIT_MS);
        }
        assert_eq!(ledger.answered_beyond.len(), 1);
        assert!(ledger.acks.is_empty());
    }
}
