//! The one task that answers the messages of a channel.
//!
//! Two tasks that each ack up to what is done would overtake each other, and the broker closes a channel that acks twice.

use std::{collections::BTreeMap, time::Duration};

use lapin::{
    Channel,
    options::{BasicAckOptions, BasicNackOptions},
};
use tokio::sync::{mpsc, watch};

use crate::{Problem, tasks::Tasks};

/// Before a message that another has in hand goes back to its queue.
const RETURN_PAUSE: Duration = Duration::from_secs(1);

/// How a message is answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It is done.
    Ack,
    /// Back to its queue.
    Return,
    /// To the dead queue.
    Reject,
}

/// Where answers go; the task ends with the last of them.
#[derive(Clone)]
pub(crate) struct Acks {
    to: mpsc::UnboundedSender<(Vec<u64>, Answer)>,
    ended: watch::Receiver<()>,
}

impl Acks {
    pub(crate) fn start(channel: Channel, tasks: &Tasks) -> Self {
        let (to, mut answers) = mpsc::unbounded_channel::<(Vec<u64>, Answer)>();
        let (end, ended) = watch::channel(());
        tasks.spawn(async move {
            let mut book = Book::default();
            let mut some = Vec::new();
            while answers.recv_many(&mut some, usize::MAX).await > 0 {
                for (tags, answer) in some.drain(..) {
                    for tag in tags {
                        book.note(tag, answer);
                        let requeue = answer == Answer::Return;
                        if answer != Answer::Ack {
                            channel.basic_nack(tag, BasicNackOptions { requeue, multiple: false }).await?;
                        }
                    }
                }
                if let Some(tag) = book.ack_through() {
                    channel.basic_ack(tag, BasicAckOptions { multiple: true }).await?;
                }
            }
            drop(end);
            Ok(())
        });
        Self { to, ended }
    }

    pub(crate) fn answer(&self, tags: Vec<u64>, answer: Answer) -> Result<(), Problem> {
        self.to.send((tags, answer)).map_err(|_gone| "nobody writes answers".into())
    }

    /// Gives messages back after a while.
    pub(crate) fn return_later(&self, tags: Vec<u64>, tasks: &Tasks) {
        let acks = self.clone();
        tasks.spawn(async move {
            tokio::time::sleep(RETURN_PAUSE).await;
            acks.answer(tags, Answer::Return)
        });
    }

    /// Waits until every answer is written, with nobody left who may give one.
    pub(crate) async fn written(self) {
        let Self { to, mut ended } = self;
        drop(to);
        // The only change is that the sender goes.
        while ended.changed().await.is_ok() {}
    }
}

/// Which messages are answered, by their tags, which count from 1 without a gap.
#[derive(Default)]
struct Book {
    /// Every tag up to here is answered.
    through: u64,
    /// Answers beyond the first gap.
    beyond: BTreeMap<u64, Answer>,
    /// The last ack below the first gap that is not written.
    ack: Option<u64>,
}

impl Book {
    fn note(&mut self, tag: u64, answer: Answer) {
        self.beyond.insert(tag, answer);
        while let Some(answer) = self.beyond.remove(&(self.through + 1)) {
            self.through += 1;
            if answer == Answer::Ack {
                self.ack = Some(self.through);
            }
        }
    }

    /// The tag of an ack for it and all before it, which must itself be of a message that is not answered yet.
    fn ack_through(&mut self) -> Option<u64> {
        self.ack.take()
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Book};

    #[test]
    fn an_ack_covers_no_message_that_is_in_hand_and_ends_at_one_that_the_broker_holds() {
        let mut book = Book::default();
        book.note(2, Answer::Ack);
        assert_eq!(book.ack_through(), None);
        book.note(1, Answer::Ack);
        book.note(3, Answer::Return);
        book.note(5, Answer::Ack);
        assert_eq!(book.ack_through(), Some(2));
        assert_eq!(book.ack_through(), None);
        book.note(4, Answer::Reject);
        assert_eq!(book.ack_through(), Some(5));
    }
}
