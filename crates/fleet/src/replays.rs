//! A person's replay as a message, whoever publishes it.

use closure_broker::{OutMessage, message::TEXT_BYTES_MAX};
use closure_contract::{
    AttemptNumber, Generation, Job,
    topology::{DelayStep, JOBS, WorkQueue},
};
use closure_store::Replay;

use crate::announce;

/// The message of a replay, as a person's own command publishes it.
pub fn message(replay: &Replay) -> OutMessage {
    let queue = WorkQueue::ALL.into_iter().find(|queue| queue.name() == replay.queue);
    let job = match queue {
        // Whatever it reads like, nobody but the CRM's webhook is to have it.
        Some(WorkQueue::Webhooks) => None,
        Some(WorkQueue::Jobs(_) | WorkQueue::Receipts | WorkQueue::Cancels) | None => {
            Job::decode(&replay.body).ok()
        }
    };
    if let Some(job) = job {
        return announce::job_message(&job, replay.body.clone(), replay.generation, None);
    }
    // What could not be read goes back as it came, so that a newer release can read it: through the queue that it was
    // in, under an id of ours where its own cannot be written.
    let (exchange, routing_key) = match queue {
        Some(queue) => (queue.exchange(), queue.routing_key().to_owned()),
        None => (JOBS, replay.routing_key.clone()),
    };
    let own = replay.message_id.clone().filter(|id| (1..=TEXT_BYTES_MAX).contains(&id.len()));
    OutMessage {
        exchange,
        routing_key,
        message_id: own.unwrap_or_else(|| format!("letter:{}", replay.id)),
        kind: replay.kind.clone().unwrap_or_default(),
        attempt: AttemptNumber::FIRST,
        generation: Generation::FIRST,
        traceparent: None,
        body: replay.body.clone(),
    }
}

/// The same through the delay of its own channel, because a channel's worker may publish to no other place; nothing for
/// a job of another channel, which a person's own command alone can send there.
pub fn message_by_worker(replay: &Replay) -> Option<OutMessage> {
    let message = message(replay);
    let queue = WorkQueue::ALL.into_iter().find(|queue| queue.name() == replay.queue);
    match queue {
        Some(queue @ WorkQueue::Jobs(channel)) => {
            let is_its_own = Job::decode(&replay.body).map_or(true, |job| job.channel() == channel);
            is_its_own.then(|| OutMessage {
                exchange: DelayStep::Seconds1.exchange(channel),
                routing_key: queue.routing_key().to_owned(),
                ..message
            })
        }
        Some(WorkQueue::Receipts | WorkQueue::Cancels | WorkQueue::Webhooks) | None => Some(message),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use closure_contract::Generation;
    use closure_store::{DeadLetterId, Replay};

    use super::message_by_worker;

    const TEXT: &[u8] = include_bytes!("../../contract/fixtures/closure.sms.1-international.json");

    fn replay(queue: &str, body: &[u8]) -> Replay {
        Replay {
            id: DeadLetterId(7),
            job_id: None,
            queue: queue.to_owned(),
            routing_key: "sms".to_owned(),
            message_id: None,
            kind: None,
            body: Bytes::copy_from_slice(body),
            generation: Generation(2),
            again: true,
        }
    }

    #[test]
    fn a_worker_publishes_what_is_its_own_channels_or_no_job_and_no_other_channels_job() {
        for (queue, body, is_published) in [
            ("closure.sms", TEXT, true),
            ("closure.sms", &b"{"[..], true),
            ("closure.email", TEXT, false),
            ("closure.dial", TEXT, false),
            ("closure.receipts", &b"{"[..], true),
        ] {
            let message = message_by_worker(&replay(queue, body));
            assert_eq!(message.is_some(), is_published, "{queue}");
        }
    }
}
