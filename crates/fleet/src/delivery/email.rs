//! The email worker: mail over SMTP, the agents' own and the fallback's.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use closure_broker::OutMessage;
use closure_contract::{Channel, FailureCode, Provider};
use closure_policy::{
    explain::{Decision, Plan, Verdict},
    failure::{Class, class},
    retry::Circuit,
};
use closure_providers::{
    Accepted, BounceAddresses, DkimSigner, Envelope, Handover, Mail, Reached, RenderError, SendFailure,
    Sender, Smtp, render,
};
use closure_store::{DeliveryState, Doubt, EarlyReceipts, Snapshot};

use super::channel::{
    ChannelDriver, Claimed, Decided, FailedTry, Finding, Route, Routing, circuit_of, wrong_plan,
};
use crate::{
    announce,
    gateways::health::{GatewayHealth, hits_everyone},
    lifecycle::{Lifecycle, Rest},
    runtime::Interrupted,
};

/// The same bytes are sent again at most this often after a handover whose reply was lost.
pub(super) const RESENDS_MAX: u32 = 2;
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
}

impl EmailDriver {
    /// The mail of a job, signed where somebody signs it; nothing of a job that has no plan.
    fn render(&self, decided: Decided<'_>) -> Result<Option<Bytes>, SendFailure> {
        let plan = match &decided.decision.plan {
            Some(Plan::Email(plan)) => plan,
            Some(Plan::Sms(_) | Plan::Dial(_)) => return Err(wrong_plan()),
            None => return Ok(None),
        };
        let mail = Mail {
            job_id: decided.job.id(),
            generation: decided.generation,
            message_id_domain: self.message_id_domain.clone(),
            from_name: plan.from_name.clone(),
            from_address: plan.from_address.clone(),
            to: plan.to.clone(),
            subject: plan.subject.clone(),
            text: plan.text.clone(),
            html: plan.html.clone(),
            auto_submitted: plan.auto_submitted,
        };
        let bytes = render(&mail, decided.at).map_err(unrenderable)?;
        let signed = match &self.signer {
            None => Some(bytes),
            Some(signer) => signer.sign(&bytes, decided.at),
        };
        let unsigned = || SendFailure::new(FailureCode::MailRefused, "the mail cannot be signed");
        signed.map(|bytes| Some(Bytes::from(bytes))).ok_or_else(unsigned)
    }

    /// How the mail server stands that failed a mail: it need not come back before the server may be asked.
    fn circuit(&self, code: FailureCode) -> Circuit {
        if hits_everyone(code) {
            circuit_of(self.health.admit(Provider::Smtp, None))
        } else {
            Circuit::Closed
        }
    }

    async fn try_once(
        &self,
        claimed: &Claimed<'_>,
        handover: &Arc<Handover>,
    ) -> Result<Accepted, SendFailure> {
        let (Some(Plan::Email(plan)), Some(bytes)) = (&claimed.decision.plan, &claimed.grant.rendered) else {
            return Err(wrong_plan());
        };
        // Others may have found out while this mail was made ready.
        let probe = claimed.route.probe.as_ref();
        if probe.is_none() && self.health.is_open(Provider::Smtp, None) {
            let detail = "the mail server was found to be unwell a moment ago; nothing was sent";
            return Err(SendFailure::new(FailureCode::MailServerUnavailable, detail));
        }
        let job = claimed.job.id();
        let from = match &self.bounces {
            Some(addresses) => addresses.sender(job, claimed.hand.message.generation),
            None => plan.from_address.clone(),
        };
        let (to, bytes) = (plan.to.clone(), bytes.to_vec());
        let envelope = Envelope { from, to, bytes, handover: Arc::clone(handover) };
        let sent = self.smtp.send(&envelope).await;
        let failure = sent.as_ref().err();
        if handover.reached() != Reached::Refused && is_of_the_server(failure) {
            self.health.report(Provider::Smtp, None, job, probe, failure).await;
        }
        sent
    }
}

impl ChannelDriver for EmailDriver {
    const CHANNEL: Channel = Channel::Email;

    /// What the rules do not send needs no mail server, however that is.
    async fn route(&self, decided: Decided<'_>) -> Routing {
        let route = Route { rendered: self.render(decided), ..Route::to(Provider::Smtp) };
        if decided.decision.verdict != Verdict::Send {
            return Routing::Now(route);
        }
        self.health.fresh().await;
        match self.health.admit(Provider::Smtp, None) {
            Ok(probe) => Routing::Now(Route { probe, ..route }),
            Err(step) => Routing::Later(route, step),
        }
    }

    async fn send(&self, claimed: &Claimed<'_>, handover: &Arc<Handover>) -> Result<Accepted, FailedTry> {
        self.try_once(claimed, handover)
            .await
            .map_err(|failure| FailedTry { circuit: self.circuit(failure.code), failure })
    }

    /// Nobody can ask a mail server about a message; the same bytes under the same Message-ID are sent again.
    async fn look_up(
        &self,
        _claimed: &Claimed<'_>,
        doubt: Doubt,
        _waited_ms: u64,
    ) -> Result<Finding, Interrupted> {
        Ok(if doubt.resends < RESENDS_MAX { Finding::Resend } else { Finding::Lost })
    }

    fn announce(&self, snapshot: &Snapshot, _decision: &Decision, _early: EarlyReceipts) -> Vec<OutMessage> {
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
