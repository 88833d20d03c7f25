//! The email worker: mail over SMTP, the agents' own and the fallback's.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{
    AttemptNumber, Channel, Evidence, FailureCode, Job, Provider,
    topology::{DelayStep, WorkQueue},
};
use closure_policy::{
    explain::{AutoSubmitted, Decision, Plan, Verdict},
    failure::{Class, class},
    retry::{self, Ladder, Next},
};
use closure_providers::{
    Accepted, AutoSubmitted as MailHeader, BounceAddresses, DkimSigner, Envelope, Mail, Reached, RenderError,
    SendFailure, Sender, Smtp, render,
};
use closure_store::{AttemptUse, DeliveryState, EarlyReceipts, Ending, FinalState, Snapshot};
use serde_json::Value;
use tokio::sync::watch;

use super::{
    channel::{Attempt, ChannelDriver, Doubt, Finding, Passage, Rendering, Way, dead},
    pipeline::DeliveryPipeline,
};
use crate::gateways::health::{GatewayHealth, hits_everyone};
use crate::{
    announce,
    lifecycle::{Lifecycle, Rest},
    runtime::{Disposition, Flow, InHand, Interrupted, Worker},
};

/// The same bytes are sent again at most this often after a handover whose reply was lost.
const RESENDS_MAX: u32 = 2;
/// Between two looks for connections that no mail uses any more.
const IDLE_LOOK: Duration = Duration::from_secs(5);

pub struct EmailDriver {
    pub smtp: Arc<Smtp>,
    /// The domain of the Message-ID.
    pub message_id_domain: String,
    /// The envelope senders, where mails that come back are read; without them they go to the From address.
    pub bounces: Option<BounceAddresses>,
    /// Who signs our mail, if anybody does.
    pub signer: Option<DkimSigner>,
    /// Whether the mail server is left alone.
    pub health: Arc<GatewayHealth>,
    /// The delays between tries.
    pub ladder: Ladder,
}

impl ChannelDriver for EmailDriver {
    fn channel(&self) -> Channel {
        Channel::Email
    }

    /// What the rules do not send needs no mail server, however that is.
    async fn way(&self, _job: &Job, decision: &Decision) -> Way {
        let passage = Passage::to(Provider::Smtp);
        if decision.verdict != Verdict::Send {
            return Way::To(passage);
        }
        match self.health.admit(Provider::Smtp, None) {
            Ok(probe) => Way::To(Passage { probe, ..passage }),
            Err(step) => Way::Later(Provider::Smtp, step),
        }
    }

    /// A mail need not come back before the mail server may be asked.
    fn next_way(
        &self,
        _job: &Job,
        _decision: &Decision,
        failed: Provider,
        code: FailureCode,
    ) -> Option<DelayStep> {
        if !hits_everyone(code) {
            return None;
        }
        self.health.admit(failed, None).err()
    }

    fn next(&self, code: FailureCode, attempt: AttemptNumber, retry_after_ms: Option<u64>) -> Next {
        retry::next_behind_a_circuit(code, attempt, &self.ladder, retry_after_ms)
    }

    fn render(&self, rendering: Rendering<'_>) -> Result<Option<Bytes>, SendFailure> {
        let Plan::Email(plan) = rendering.plan else {
            return Err(wrong_plan());
        };
        let mail = Mail {
            job_id: rendering.job,
            generation: rendering.generation,
            message_id_domain: self.message_id_domain.clone(),
            from_name: plan.from_name.clone(),
            from_address: plan.from_address.clone(),
            to: plan.to.clone(),
            subject: plan.subject.clone(),
            text: plan.text.clone(),
            html: plan.html.clone(),
            auto_submitted: auto_submitted(plan.auto_submitted),
        };
        let bytes = render(&mail, rendering.now).map_err(unrenderable)?;
        let signed = match &self.signer {
            None => Some(bytes),
            Some(signer) => signer.sign(&bytes, rendering.now),
        };
        let unsigned = || SendFailure::new(FailureCode::MailRefused, "the mail cannot be signed");
        signed.map(|bytes| Some(Bytes::from(bytes))).ok_or_else(unsigned)
    }

    async fn try_once(&self, attempt: &Attempt<'_>) -> Result<Accepted, SendFailure> {
        let (Plan::Email(plan), Some(bytes)) = (attempt.plan, attempt.rendered.clone()) else {
            return Err(wrong_plan());
        };
        // Others may have found out while this mail was made ready.
        let probe = attempt.passage.probe.as_ref();
        if probe.is_none() && self.health.is_open(Provider::Smtp, None) {
            let detail = "the mail server was found to be unwell a moment ago; nothing was sent";
            return Err(SendFailure::new(FailureCode::MailServerUnavailable, detail));
        }
        let from = match &self.bounces {
            Some(addresses) => addresses.sender(attempt.job, attempt.generation),
            None => plan.from_address.clone(),
        };
        let handover = Arc::clone(attempt.handover);
        let envelope = Envelope { from, to: plan.to.clone(), bytes: bytes.to_vec(), handover };
        let sent = self.smtp.send(&envelope).await;
        if attempt.handover.reached() != Reached::Refused && is_of_the_server(sent.as_ref().err()) {
            self.health.report(Provider::Smtp, None, attempt.job, probe, sent.as_ref().err()).await;
        }
        sent
    }

    /// Nobody can ask a mail server about a message; the same bytes under the same Message-ID are sent again.
    async fn look(&self, doubt: &Doubt<'_>) -> Result<Finding, Interrupted> {
        if doubt.resends < RESENDS_MAX {
            Ok(Finding::Resend)
        } else {
            Ok(Finding::Lost(FailureCode::MailInDoubt))
        }
    }

    fn taken(&self, accepted: Accepted) -> Ending {
        Ending::Final {
            state: FinalState::Accepted,
            code: None,
            detail: None,
            evidence: Evidence::Gateway,
            provider_ref: accepted.provider_ref,
            attempt_use: AttemptUse::Spent,
        }
    }

    fn given_up(&self, code: FailureCode, detail: String) -> Ending {
        dead(Channel::Email, code, detail, AttemptUse::Spent)
    }

    fn lost(&self, code: FailureCode) -> Ending {
        let detail = format!("{}, {RESENDS_MAX} resends included", code.what());
        dead(Channel::Email, code, detail, AttemptUse::Spent)
    }

    fn call_record(&self, _plan: Option<&Plan>) -> Option<Value> {
        None
    }

    fn tell(&self, snapshot: &Snapshot, _decision: &Decision, _early: EarlyReceipts) -> Vec<OutMessage> {
        match snapshot.state {
            DeliveryState::Discarded => Vec::new(),
            DeliveryState::Pending
            | DeliveryState::Sending
            | DeliveryState::InDoubt
            | DeliveryState::Waiting
            | DeliveryState::Accepted
            | DeliveryState::Delivered
            | DeliveryState::Undelivered
            | DeliveryState::Unknown
            | DeliveryState::Refused
            | DeliveryState::Expired
            | DeliveryState::Superseded
            | DeliveryState::Cancelled
            | DeliveryState::Dead => announce::outcome(snapshot).into_iter().collect(),
        }
    }
}

impl Worker for DeliveryPipeline<EmailDriver> {
    fn queue(&self) -> &'static str {
        WorkQueue::Jobs(Channel::Email).name()
    }

    fn flow(&self) -> Option<watch::Receiver<Flow>> {
        self.carrier.health.flow(Provider::Smtp)
    }

    async fn handle(&self, hand: &InHand<'_>) -> Result<Disposition, Interrupted> {
        self.carry(hand).await
    }
}

/// Says goodbye to the mail server on connections that no mail uses any more.
pub struct IdleWatch {
    pub smtp: Arc<Smtp>,
    pub lifecycle: Lifecycle,
}

impl IdleWatch {
    /// Looks at each interval, until the process stops.
    pub async fn run(self) {
        while self.lifecycle.rest(IDLE_LOOK).await == Rest::Over {
            self.smtp.close_idle().await;
        }
    }
}

/// Whether the end of a try says anything about the mail server: what we refuse ourselves never came to it, and would
/// pass for a mail server that answers.
fn is_of_the_server(failure: Option<&SendFailure>) -> bool {
    failure.is_none_or(|failure| failure.provider_code.is_some() || class(failure.code) != Class::Permanent)
}

fn wrong_plan() -> SendFailure {
    SendFailure::new(FailureCode::WrongQueue, "the plan is not of this channel")
}

/// What a mail that cannot be built means for its job.
fn unrenderable(problem: RenderError) -> SendFailure {
    let code = match problem {
        RenderError::Recipient => FailureCode::InvalidEmailAddress,
        RenderError::Control(_) | RenderError::EncodedWord(_) | RenderError::SubjectEmpty => {
            FailureCode::SubjectInvalid
        }
        RenderError::BodyEmpty => FailureCode::BodyEmpty,
        RenderError::TooLarge => FailureCode::MailTooLarge,
        RenderError::Sender | RenderError::MessageIdDomain | RenderError::Build(_) => {
            FailureCode::MailRefused
        }
    };
    SendFailure::new(code, &problem.to_string())
}

fn auto_submitted(origin: AutoSubmitted) -> MailHeader {
    match origin {
        AutoSubmitted::AgentReply => MailHeader::No,
        AutoSubmitted::FallbackReply => MailHeader::AutoGenerated,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_that_never_came_to_the_mail_server_says_nothing_of_it() {
        let ours = SendFailure::new(FailureCode::InvalidEmailAddress, "the recipient is no ASCII address");
        assert!(!is_of_the_server(Some(&ours)));
        let theirs = SendFailure { provider_code: Some("550".to_owned()), ..ours };
        assert!(is_of_the_server(Some(&theirs)), "it answers");
        let away = SendFailure::new(FailureCode::MailServerUnavailable, "at the connection: refused");
        assert!(is_of_the_server(Some(&away)));
        assert!(is_of_the_server(None));
    }
}
