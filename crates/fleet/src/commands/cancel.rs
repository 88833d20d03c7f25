//! `fleet cancel`: takes a consultation's answer back, over the same queue as the CRM does (B3).

use std::time::Duration;

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher};
use closure_contract::{
    AttemptNumber, Cancel, ConsultationId, Generation,
    job::{Agent, CancelKind, CancelledConsultation},
    topology::WorkQueue,
};
use closure_policy::mask;
use closure_store::{Store, Subject};
use serde_json::json;
use uuid::Uuid;

use super::{Failure, Invocation, show_as};
use crate::{
    cli, config,
    desk::{self, Act, Desk},
    lifecycle::Lifecycle,
    output,
};

/// What is left of the connection has this long to close.
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// Takes an answer back, or lets the consultation be answered again.
pub async fn run(invocation: &Invocation, asked: &cli::Cancel) -> Result<(), Failure> {
    let id = ConsultationId::try_from(asked.consultation.clone())
        .map_err(|problem| Failure::Input(format!("the consultation's id: {problem}")))?;
    match asked.revision {
        Some(revision) => take_back(invocation, asked, id, revision).await,
        None => undo(invocation, asked, &id).await,
    }
}

/// Takes the tombstone of a consultation away.
async fn undo(invocation: &Invocation, asked: &cli::Cancel, id: &ConsultationId) -> Result<(), Failure> {
    let desk = invocation.desk().await?;
    let store = desk.begin(Act::UndoCancel, subject(asked), Some(&asked.reason)).await?;
    let Some(undone) = store.undo_cancel(id, desk.signature(), &asked.reason).await? else {
        return Err(Failure::Refused(format!(
            "nothing of {} is cancelled or superseded; see fleet show",
            asked.consultation
        )));
    };
    show_as(invocation.style, &undone, |undone| {
        if let Some(revision) = undone.cancelled_through {
            output::line(format!("revision {revision} and every older one is no longer taken back"));
        }
        if let Some(revision) = undone.newest_revision {
            output::line(format!("revision {revision} no longer supersedes the older ones"));
        }
        output::line("what has ended stays ended; let the CRM publish the answer under a new job_id");
    });
    Ok(())
}

/// Publishes a cancellation and waits for the broker's confirm.
async fn take_back(
    invocation: &Invocation,
    asked: &cli::Cancel,
    id: ConsultationId,
    revision: u32,
) -> Result<(), Failure> {
    let (broker, database) = config::load(invocation.config.as_ref(), |source| {
        (config::broker(source, "cancel"), config::database(source))
    })?;
    let desk = Desk::open(Store::new(database)?, &invocation.who).await?;
    let cancel = Cancel {
        kind: CancelKind::V1,
        cancel_id: Uuid::now_v7(),
        consultation: CancelledConsultation { id, revision },
        agent: Agent { id: desk.signature().to_owned(), extension: None },
        reason: Some(asked.reason.clone()),
    };
    // What the worker could not read back would die in a queue instead of here.
    Cancel::decode(&cancel.encode()).map_err(|problem| Failure::Input(problem.to_string()))?;
    desk.note(Act::Cancel, subject(asked), Some(&asked.reason)).await?;
    let lifecycle = Lifecycle::default();
    let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
    publisher.publish(vec![message(&cancel)]).await?;
    lifecycle.finish(CLOSING_MAX).await;
    let answer = json!({ "cancel_id": cancel.cancel_id, "published": true });
    show_as(invocation.style, &answer, |_| {
        output::line(format!(
            "revision {revision} of {} and every older one is taken back; what was not sent ends as cancelled",
            asked.consultation
        ));
    });
    Ok(())
}

fn subject(asked: &cli::Cancel) -> Subject {
    consultation(&asked.consultation)
}

/// A number that somebody took for a consultation's id would stay on record for ever.
fn consultation(id: &str) -> Subject {
    desk::subject("consultation", if mask::names_somebody(id) { "(no id)" } else { id })
}

fn message(cancel: &Cancel) -> OutMessage {
    OutMessage {
        exchange: WorkQueue::Cancels.exchange(),
        routing_key: WorkQueue::Cancels.routing_key().to_owned(),
        message_id: cancel.cancel_id.to_string(),
        kind: cancel.kind().to_owned(),
        attempt: AttemptNumber::FIRST,
        generation: Generation::FIRST,
        traceparent: None,
        body: Bytes::from(cancel.encode()),
    }
}

#[cfg(test)]
mod tests {
    use super::consultation;

    #[test]
    fn a_number_that_was_taken_for_a_consultations_id_does_not_stay_on_record() {
        for (id, recorded) in [
            ("C-20261122-000042", "C-20261122-000042"),
            ("+84912345678", "(no id)"),
            ("01012345678", "(no id)"),
            ("kim@example.com", "(no id)"),
        ] {
            assert_eq!(consultation(id).id, recorded);
        }
    }
}
