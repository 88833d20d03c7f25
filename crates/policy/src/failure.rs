//! What a failure means: whether trying again can help, and whose fault it is.

use closure_contract::FailureCode;

/// What to think of a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nothing reached the customer, and another try may.
    Transient,
    /// Nothing reached the customer, and no other try will.
    Permanent,
    /// The request may have reached the customer; nobody can tell yet.
    InDoubt,
}

/// Where a failure comes from.
///
/// What comes from [`Fault::Account`], [`Fault::Provider`] or [`Fault::Sender`] hits every job alike, so that it is
/// never held against a recipient and never turns a backlog into emails (R14e).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The message that carried the job, or its age.
    Message,
    /// The recipient's number, address, phone or mailbox.
    Recipient,
    /// What the job says.
    Content,
    /// Our registered sender number or sender domain.
    Sender,
    /// Our account at the provider: credentials, credit, quota.
    Account,
    /// The provider, its network, or the way to it.
    Provider,
    /// The agent or the agent's phone.
    Agent,
}

impl Fault {
    /// Whether it hits every job alike, so that it is not the recipient's (R14e).
    pub fn hits_everyone(self) -> bool {
        match self {
            Self::Sender | Self::Account | Self::Provider => true,
            Self::Message | Self::Recipient | Self::Content | Self::Agent => false,
        }
    }
}

/// Declares class and fault of every code once; a code that is missing here does not compile.
macro_rules! meanings {
    ($($class:ident $fault:ident: $($code:ident),+;)+) => {
        /// The class of a code.
        pub fn class(code: FailureCode) -> Class {
            match code { $($(FailureCode::$code)|+ => Class::$class,)+ }
        }

        /// The fault behind a code.
        pub fn fault(code: FailureCode) -> Fault {
            match code { $($(FailureCode::$code)|+ => Fault::$fault,)+ }
        }
    };
}

meanings! {
    Permanent Message: UnreadableBody, BodyTooLarge, UnknownKind, UnsupportedVersion, WrongShape, WrongQueue,
        JobIdConflict, Unroutable, CrashLoop, MessageExpired, OutcomeNotTaken, GivenUp, Expired, NeverInTime,
        NotBeforeTooFar, Superseded, Cancelled, BounceUnread;
    Permanent Recipient: ScopeMismatch, AmbiguousNumber, InvalidNumber, CountryContradiction, NumberNotAllowed,
        NoEmailAddress, InvalidEmailAddress, RecipientRejected, NotDelivered, ReceiptExpired, NoReceipt,
        MailboxRefused, MailBounced, CountryNotAllowed, Suppressed, NumberCapReached, PrefixCapReached, AddressCapReached, CustomerBusy, CustomerNoAnswer, CustomerRejected, CustomerNumberInvalid;
    Permanent Content: BodyTooLong, BodyEmpty, ForbiddenCharacters, AttachmentNotSupported, SenderNotAllowed,
        TemplateMismatch, TemplateUnknown, TemplateVariables, SmsSkipped, SubjectNotEnglish, SubjectInvalid,
        ContentRejected, MailTooLarge, MailRefused;
    Permanent Agent: AgentOffline, AgentBusy, AgentCallOpen, AgentNoAnswer, AgentRejected, AgentAbandoned,
        StaleClick, ClickInFuture;
    // A call is never dialled again by itself, and nobody mends credentials while a click is fresh.
    Permanent Provider: Congestion, NetworkFailure, TrunkUnreachable;
    Permanent Account: PbxAuth, PbxRefused, PhoneTechnologyUnknown, DialplanMissing, CallLimitReached;
    Permanent Recipient: PbxNumberRefused;
    // Our domain is refused for good as far as this message goes; a person must look before it is sent again.
    Permanent Sender: MailPolicyRefused;

    Transient Recipient: MailDeferred, QuietHours;
    // A cap that is not one number's own is a limit of the whole channel, and lets go by itself.
    Transient Account: CountryCapReached, FleetCapReached;
    // An unregistered sender number stops the whole channel until it is registered.
    // A server that has listed us refuses every job alike, until a person has it take us off its list.
    Transient Sender: SenderRejected, MailServerRefused;
    // A request whose form is refused is refused for every job alike: it waits for a new release, loudly.
    Transient Account: ProviderAuth, ProviderQuota, ProviderCountryBlocked, MailAuth, RequestRefused;
    Transient Provider: ProviderThrottled, ProviderUnavailable, ProviderFault, MailServerUnavailable, PbxUnavailable,
        PbxTakesNoCalls, PbxWithoutAri;

    InDoubt Provider: AnswerLost, AnswerUnreadable, MailInDoubt, CallInDoubt;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_reached_the_customer_is_in_doubt_and_nothing_else_is() {
        let in_doubt: Vec<_> =
            FailureCode::ALL.iter().copied().filter(|code| class(*code) == Class::InDoubt).collect();
        assert_eq!(
            in_doubt,
            [
                FailureCode::AnswerLost,
                FailureCode::AnswerUnreadable,
                FailureCode::MailInDoubt,
                FailureCode::CallInDoubt
            ]
        );
    }

    #[test]
    fn a_transient_failure_of_text_messages_is_never_the_recipients() {
        for code in FailureCode::ALL.iter().copied().filter(|code| class(*code) == Class::Transient) {
            let recipients_own = [FailureCode::MailDeferred, FailureCode::QuietHours];
            assert!(fault(code).hits_everyone() || recipients_own.contains(&code), "{code}");
        }
    }

    #[test]
    fn credit_credentials_and_outages_are_not_the_recipients() {
        for code in [
            FailureCode::ProviderAuth,
            FailureCode::ProviderQuota,
            FailureCode::ProviderUnavailable,
            FailureCode::SenderRejected,
            FailureCode::MailAuth,
        ] {
            assert!(fault(code).hits_everyone(), "{code}");
        }
        assert!(!fault(FailureCode::RecipientRejected).hits_everyone());
    }

    #[test]
    fn a_customers_or_agents_end_of_a_call_is_never_dialled_again() {
        for code in [FailureCode::CustomerBusy, FailureCode::AgentNoAnswer, FailureCode::Congestion] {
            assert_eq!(class(code), Class::Permanent, "{code}");
        }
    }
}
