//! The jobs, settlements and receipts that the tests speak of.

use bytes::Bytes;
use closure_contract::{
    AttemptNumber, Channel, ConsultationId, Evidence, FailureCode, Generation, JobId, Provider, Receipt,
    ReceiptStatus, Timestamp, facts::jobs::JobFacts, receipt::ReceiptKind,
};
use closure_store::{
    AttemptUse, Claim, EarlyReceipts, Ending, FinalState, Grant, Lease, NewClaim, Settled, Settlement,
    Snapshot, Store,
};
use serde_json::json;
use time::macros::datetime;
use uuid::Uuid;

/// A job that no other test knows.
pub(crate) fn new_job() -> JobId {
    JobId(Uuid::new_v4())
}

/// The first claim of a text message.
pub(crate) fn claim(job_id: JobId) -> NewClaim {
    NewClaim {
        token: Uuid::new_v4(),
        job_id,
        channel: Channel::Sms,
        kind: "closure.sms/1".to_owned(),
        consultation_id: ConsultationId::try_from(format!("consultation-{job_id}")).expect("a short id"),
        revision: 1,
        generation: Generation::FIRST,
        attempt: AttemptNumber::FIRST,
        body: Bytes::from(format!("{{\"job_id\":\"{job_id}\"}}")),
        source_job_id: None,
        provider: Provider::Nhn,
        lease_ms: 60_000,
        rendered: None,
        rules: json!([{ "id": "R6", "effect": "pass", "detail": "" }]).into(),
        sender_asked: Some("+82234518120".to_owned()),
        traceparent: None,
        found_by: JobFacts::default(),
    }
}

/// Claims, and expects the right to try.
pub(crate) async fn claim_granted(store: &Store, claim: NewClaim) -> (Lease, AttemptNumber) {
    match store.claim(claim).await.expect("the database answers") {
        Claim::Granted(Grant { lease, attempt, .. }) => (lease, attempt),
        other => panic!("the claim was not granted: {other:?}"),
    }
}

/// A settlement of a first-generation attempt.
pub(crate) fn settlement(lease: Lease, attempt: AttemptNumber, ending: Ending) -> Settlement {
    Settlement { lease, generation: Generation::FIRST, attempt, ending, rules: None, call: None }
}

/// Settles, and expects it to be written.
pub(crate) async fn settle(store: &Store, settlement: Settlement) -> (Snapshot, EarlyReceipts) {
    match store.settle(settlement).await.expect("the database answers") {
        Settled::Done { snapshot, early_receipts } => (*snapshot, early_receipts),
        Settled::LeaseLost => panic!("the lease was lost"),
    }
}

/// Claims and settles a new text message.
pub(crate) async fn settled(store: &Store, ending: Ending) -> Snapshot {
    let (lease, attempt) = claim_granted(store, claim(new_job())).await;
    settle(store, settlement(lease, attempt, ending)).await.0
}

/// The gateway took it, and its receipt is due so many milliseconds later.
pub(crate) fn accepted(provider_ref: &str, receipt_due_in_ms: u64) -> Ending {
    Ending::Accepted {
        provider_ref: Some(provider_ref.to_owned()),
        receipt_due_in_ms: Some(receipt_due_in_ms),
        reported_sender: None,
    }
}

/// The request may have reached the customer.
pub(crate) fn in_doubt(lookups: u32) -> Ending {
    Ending::InDoubt { code: FailureCode::AnswerLost, detail: "no answer".to_owned(), lookups }
}

/// It waits for a person.
pub(crate) fn dead() -> Ending {
    Ending::Dead {
        code: FailureCode::ProviderAuth,
        detail: "the account is closed".to_owned(),
        queue: "closure.sms",
        routing_key: "sms",
        attempt_use: AttemptUse::Spent,
    }
}

/// It has come to an end without any more words.
pub(crate) fn final_state(state: FinalState, code: Option<FailureCode>, attempt_use: AttemptUse) -> Ending {
    Ending::Final { state, code, detail: None, evidence: Evidence::None, provider_ref: None, attempt_use }
}

/// A receipt of the gateway that names nothing yet.
pub(crate) fn receipt(receipt_id: &str, status: ReceiptStatus) -> Receipt {
    Receipt {
        kind: ReceiptKind::V1,
        receipt_id: receipt_id.to_owned(),
        provider: Provider::Nhn,
        provider_ref: None,
        client_ref: None,
        status,
        evidence: Evidence::Carrier,
        provider_code: Some("1000".to_owned()),
        failure_code: None,
        reported_sender: None,
        occurred_at: None,
        received_at: Timestamp(datetime!(2026-11-01 09:00 UTC)),
    }
}
