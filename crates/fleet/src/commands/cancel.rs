//! `fleet cancel`: takes a consultation's answer back, over the same queue as the CRM does (B3).

use std::time::Duration;

use bytes::Bytes;
use closure_broker::{OutMessage, Publisher};
use closure_contract::{
    AttemptNumber, Cancel, ConsultationId, Generation,
    job::{Agent, CancelKind, CancelledConsultation},
    topology::WorkQueue,
};
use serde_json::json;
use uuid::Uuid;

use super::{Call, Failure, show_as};
use crate::{cli, config, lifecycle::Lifecycle, output};

/// What is left of the connection has this long to close.
const CLOSING_MAX: Duration = Duration::from_secs(5);

/// Publishes a cancellation and waits for the broker's confirm.
pub async fn run(call: &Call, asked: &cli::Cancel) -> Result<(), Failure> {
    let broker = config::load(call.config.as_ref(), |source| config::broker(source, "cancel"))?;
    let id: ConsultationId = serde_json::from_value(json!(asked.consultation))
        .map_err(|problem| Failure::Input(format!("the consultation's id: {problem}")))?;
    let cancel = Cancel {
        kind: CancelKind::V1,
        cancel_id: Uuid::now_v7(),
        consultation: CancelledConsultation { id, revision: asked.revision },
        agent: Agent { id: asked.actor.clone(), extension: None },
        reason: Some(asked.reason.clone()),
    };
    // What the worker could not read back would die in a queue instead of here.
    Cancel::decode(&cancel.encode()).map_err(|problem| Failure::Input(problem.to_string()))?;
    let lifecycle = Lifecycle::default();
    let publisher = Publisher::start(broker, lifecycle.shutdown.clone(), &lifecycle.tracker);
    publisher.publish(vec![message(&cancel)]).await?;
    lifecycle.finish(CLOSING_MAX).await;
    let answer = json!({ "cancel_id": cancel.cancel_id, "published": true });
    show_as(call.style, &answer, |_| {
        output::line(format!(
            "revision {} of {} and every older one is taken back; what was not sent ends as cancelled",
            asked.revision, asked.consultation
        ));
    });
    Ok(())
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
