//! One confirming channel with one batch in flight, and the verdict on that batch.
//!
//! The client library hands a returned message to whichever confirm of its channel is resolved next.
//! With a single batch in flight on a channel, every return has been seen when the last confirm of the batch has, so the batch can be judged exactly.

use std::{collections::HashSet, time::Duration};

use closure_contract::Timestamp;
use futures::future::join_all;
use lapin::{Channel, Confirmation, options::BasicPublishOptions};
use tokio::time::timeout;

use super::Call;
use crate::{error::PublishError, message::OutMessage};

/// A channel that is idle.
pub(super) struct Lane {
    channel: Channel,
}

/// What became of a lane after its batch.
pub(super) enum Spent {
    /// It can carry another batch.
    Idle(Lane),
    /// Its confirms are unknown; the connection has to be built anew.
    Broken,
}

/// The broker's answer to one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Ack,
    Nack,
    Unknown,
}

/// What came back on the channel while a batch was in flight.
#[derive(Debug, Default)]
struct Returns {
    message_ids: HashSet<String>,
    nameless: usize,
}

impl Lane {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel }
    }

    /// Publishes the messages of several calls and answers each call.
    pub(super) async fn carry(self, calls: Vec<Call>, limit: Duration) -> Spent {
        let messages: Vec<&OutMessage> = calls.iter().flat_map(|call| &call.messages).collect();
        let Ok((answers, returns)) = timeout(limit, publish(&self.channel, &messages)).await else {
            // Dropping the calls tells their callers that the outcome is unknown.
            return Spent::Broken;
        };
        let unmatched = returns.nameless > 0 || {
            let sent: HashSet<&str> = messages.iter().map(|message| message.message_id.as_str()).collect();
            returns.message_ids.iter().any(|id| !sent.contains(id.as_str()))
        };
        let broken = answers.contains(&Answer::Unknown);
        let mut answers = answers.as_slice();
        for call in calls {
            let (own, rest) = answers.split_at(call.messages.len());
            answers = rest;
            let verdict =
                if unmatched { Err(PublishError::Lost) } else { judge(&call.messages, own, &returns) };
            // A caller that no longer waits has been told that the outcome is unknown.
            let _ = call.answer.send(verdict);
        }
        if broken { Spent::Broken } else { Spent::Idle(self) }
    }
}

/// Sends all messages, then awaits all confirms.
///
/// The first poll of a publish takes its sequence number and queues its frames in one go, and one task polls them all; this is what keeps confirms from being swapped.
async fn publish(channel: &Channel, messages: &[&OutMessage]) -> (Vec<Answer>, Returns) {
    let now = Timestamp::now();
    let sent = join_all(messages.iter().map(|message| {
        channel.basic_publish(
            message.exchange.into(),
            message.routing_key.as_str().into(),
            BasicPublishOptions { mandatory: message.is_mandatory(), immediate: false },
            &message.body,
            message.properties(now),
        )
    }))
    .await;
    let confirmed = join_all(sent.into_iter().map(async |sent| match sent {
        Ok(confirm) => confirm.await,
        Err(error) => Err(error),
    }))
    .await;
    let mut returns = Returns::default();
    let answers = confirmed
        .into_iter()
        .map(|confirmation| match confirmation {
            Ok(confirmation) => returns.note(confirmation),
            Err(_) => Answer::Unknown,
        })
        .collect();
    (answers, returns)
}

impl Returns {
    fn note(&mut self, confirmation: Confirmation) -> Answer {
        let (answer, returned) = match confirmation {
            Confirmation::Ack(returned) => (Answer::Ack, returned),
            Confirmation::Nack(returned) => (Answer::Nack, returned),
            Confirmation::NotRequested => (Answer::Unknown, None),
        };
        if let Some(returned) = returned {
            match returned.delivery.properties.message_id() {
                Some(id) => drop(self.message_ids.insert(id.to_string())),
                None => self.nameless += 1,
            }
        }
        answer
    }
}

/// The verdict on one call: an ack for every message, and none of them returned.
fn judge(messages: &[OutMessage], answers: &[Answer], returns: &Returns) -> Result<(), PublishError> {
    let ids = |wanted: &dyn Fn(usize, &OutMessage) -> bool| -> Vec<String> {
        let wanted = messages.iter().enumerate().filter(|(index, message)| wanted(*index, message));
        wanted.map(|(_, message)| message.message_id.clone()).collect()
    };
    let returned = ids(&|_, message| returns.message_ids.contains(&message.message_id));
    if !returned.is_empty() {
        return Err(PublishError::Returned { message_ids: returned });
    }
    let refused = ids(&|index, _| answers.get(index) == Some(&Answer::Nack));
    if !refused.is_empty() {
        return Err(PublishError::Refused { message_ids: refused });
    }
    if answers.len() == messages.len() && answers.iter().all(|answer| *answer == Answer::Ack) {
        return Ok(());
    }
    Err(PublishError::Lost)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use closure_contract::{AttemptNumber, Generation, topology::JOBS};

    use super::*;

    fn messages(ids: &[&str]) -> Vec<OutMessage> {
        let message = |id: &&str| OutMessage {
            exchange: JOBS,
            routing_key: "sms".to_owned(),
            message_id: (*id).to_owned(),
            kind: "closure.sms/1".to_owned(),
            attempt: AttemptNumber::FIRST,
            generation: Generation::FIRST,
            traceparent: None,
            body: Bytes::new(),
        };
        ids.iter().map(message).collect()
    }

    fn returned(ids: &[&str]) -> Returns {
        Returns { message_ids: ids.iter().map(|id| (*id).to_owned()).collect(), nameless: 0 }
    }

    #[test]
    fn a_call_succeeded_only_if_every_answer_is_an_ack_and_nothing_of_it_was_returned() {
        use Answer::{Ack, Nack, Unknown};
        let two = messages(&["a", "b"]);
        let lost = Err(PublishError::Lost);
        let refused = Err(PublishError::Refused { message_ids: vec!["b".to_owned()] });
        let came_back = Err(PublishError::Returned { message_ids: vec!["a".to_owned()] });
        for (answers, returns, verdict) in [
            (vec![Ack, Ack], returned(&[]), Ok(())),
            (vec![Ack, Ack], returned(&["other"]), Ok(())),
            (vec![Ack, Nack], returned(&[]), refused),
            (vec![Ack, Unknown], returned(&[]), lost.clone()),
            (vec![Ack], returned(&[]), lost),
            (vec![Ack, Ack], returned(&["a"]), came_back.clone()),
            (vec![Unknown, Nack], returned(&["a"]), came_back),
        ] {
            assert_eq!(judge(&two, &answers, &returns), verdict, "{answers:?} {returns:?}");
        }
    }
}
