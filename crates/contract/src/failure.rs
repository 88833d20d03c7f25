//! Every way in which a job can fail, as closed and stable codes.

mod korean;

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::language::Language;

/// Declares the codes once: the variant, its name on the wire, what is wrong, and what to do.
macro_rules! failure_codes {
    ($($variant:ident = $wire:literal, $what:literal, $remedy:literal;)+) => {
        /// A stable code of a failure; the text that goes with it is for people and may change.
        ///
        /// Whether a code is transient, permanent or in doubt is `policy`'s to say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum FailureCode {
            $(#[doc = $what] #[serde(rename = $wire)] $variant,)+
        }

        impl FailureCode {
            /// Every code, in the order of this table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// What is wrong, as one sentence without its full stop.
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)+ }
            }

            /// What a person can do about it, as one sentence without its full stop.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)+ }
            }
        }
    };
}

failure_codes! {
    // The message itself.
    UnreadableBody = "unreadable_body", "The body is not JSON", "publish UTF-8 JSON with content_type application/json; the original bytes are kept";
    BodyTooLarge = "body_too_large", "The body is larger than a message may be", "shorten its texts and publish it again";
    UnknownKind = "unknown_kind", "The kind is missing or unknown", "publish closure.sms/1, closure.email/1, closure.dial/1 or closure.cancel/1";
    UnsupportedVersion = "unsupported_version", "The kind is in a newer major version than this release knows", "upgrade the workers, then replay";
    WrongShape = "wrong_shape", "A field is missing or has the wrong type", "correct the named field against the JSON Schema and publish again";
    WrongQueue = "wrong_queue", "The message came through the routing key of another kind", "publish it with the routing key of its kind";
    JobIdConflict = "job_id_conflict", "The job_id was used before with other content", "give the new content a new job_id; the first content stands";
    Unroutable = "unroutable", "The routing key belongs to no queue", "publish with the key sms, email, dial or cancel";
    CrashLoop = "crash_loop", "Workers failed repeatedly while they held this message", "read the workers' logs for the job, then replay";
    MessageExpired = "message_expired", "The message ran out by its own expiration before a worker took it", "publish jobs without AMQP's expiration and give expires_at in the job instead; replay this one if it is still wanted";
    OutcomeNotTaken = "outcome_not_taken", "The CRM's webhook did not take this outcome", "read why in the letter's detail, mend the receiver, then replay the letter; the outcome keeps its id";
    GivenUp = "given_up", "A worker gave the message up, though this release can read it", "read the workers' logs for the job, then replay";

    // The rules.
    ScopeMismatch = "scope_mismatch", "The choice of overseas or domestic contradicts the number's country", "choose the scope that the number has, then replay";
    AmbiguousNumber = "ambiguous_number", "The number has no country code and more than one reading is valid", "add the country code of the right reading, then replay";
    InvalidNumber = "invalid_number", "The number is not valid in any country", "correct the number, then replay";
    CountryContradiction = "country_contradiction", "The country code and the number name different countries", "correct one of them, then replay";
    NumberNotAllowed = "number_not_allowed", "The number is of a kind that may not be contacted", "use a mobile or ordinary number";
    BodyTooLong = "body_too_long", "The text is longer than the channel carries", "shorten the text and publish a new job";
    BodyEmpty = "body_empty", "The text is empty", "write a text and publish a new job";
    ForbiddenCharacters = "forbidden_characters", "The text has characters that an SMS may not carry", "take out the listed characters and publish a new job";
    AttachmentNotSupported = "attachment_not_supported", "An SMS carries no attachments", "send the attachment by email";
    SenderNotAllowed = "sender_not_allowed", "The job asks for another sender than the registered one", "leave the sender out";
    TemplateMismatch = "template_mismatch", "The text is not an instance of an approved template", "use an approved template for Vietnam";
    TemplateUnknown = "template_unknown", "The template does not exist or is not approved", "name an approved template";
    TemplateVariables = "template_variables", "The template's variables do not fit", "correct the named variable and publish a new job";
    SmsSkipped = "sms_skipped", "The configuration answers this customer by email alone", "nothing: the email answers";
    SubjectNotEnglish = "subject_not_english", "The subject for an overseas customer is not English", "write the subject in printable ASCII and replay";
    SubjectInvalid = "subject_invalid", "The subject is empty, too long, or has a line break", "correct the subject and replay";
    NoEmailAddress = "no_email_address", "There is no email address on file", "add the customer's address and replay";
    InvalidEmailAddress = "invalid_email_address", "The email address is not one", "correct the address and replay";
    CountryNotAllowed = "country_not_allowed", "The number's country is not on the list of allowed ones", "allow the country in the rulebook, then replay";
    QuietHours = "quiet_hours", "It is night where the customer is", "a text: nothing, it is sent when the quiet hours end; a call: click again by day";
    Suppressed = "suppressed", "The number or address is on the suppression list", "use another address, or take it off the list if the customer asked for that";
    PrefixCapReached = "prefix_cap_reached", "This number's neighbours were contacted as often as they may be together", "check whether somebody tries numbers in a row, then replay or discard";
    AddressCapReached = "address_cap_reached", "This address was written to as often as it may be", "check why it is written to so often, then replay";
    NumberCapReached = "number_cap_reached", "This number was contacted as often as it may be", "check why it is contacted so often, then replay";
    CountryCapReached = "country_cap_reached", "This country was contacted as often as it may be for now", "nothing: it is sent when the window ends; raise the cap if the traffic is right";
    FleetCapReached = "fleet_cap_reached", "The whole fleet has sent as much as it may for now", "nothing: it is sent when the window ends; raise the cap if the traffic is right";
    NeverInTime = "never_in_time", "It may not be sent before a time at which it is too late already", "give a not_before that is earlier than expires_at, then replay";
    NotBeforeTooFar = "not_before_too_far", "Its time is further away than any job waits", "give a not_before within 366 days, or publish it when its time is near";
    Superseded = "superseded", "A newer revision of the consultation's answer took its place", "nothing: the newer one answers";
    Cancelled = "cancelled", "The CRM cancelled the consultation's answer", "nothing: publish a newer revision if the customer is to be answered after all";
    Expired = "expired", "It was too late to send", "decide with the customer's agent whether a new reply is due";

    // SMS gateways.
    RecipientRejected = "recipient_rejected", "The gateway refuses this recipient", "check the number";
    ContentRejected = "content_rejected", "The gateway refuses this text", "change the text";
    SenderRejected = "sender_rejected", "The gateway refuses our sender number", "register the sender number at the gateway";
    ProviderAuth = "provider_auth", "The provider refuses our credentials or account", "correct the provider's account and credentials";
    ProviderQuota = "provider_quota", "The account has no credit or quota left", "raise the quota at the provider";
    ProviderCountryBlocked = "provider_country_blocked", "The provider's account may not send to this country now", "open the country at the provider, or raise its limit there";
    ProviderThrottled = "provider_throttled", "The provider asks us to slow down", "nothing: it is tried again later";
    ProviderUnavailable = "provider_unavailable", "The provider cannot be reached; nothing was sent", "nothing: it is tried again later";
    ProviderFault = "provider_fault", "The provider failed and says that nothing was sent", "nothing: it is tried again later";
    RequestRefused = "request_refused", "The provider does not accept the form of our request", "report it to the developers with the attempt's detail";
    AnswerLost = "answer_lost", "The request may have been carried out; the answer never came", "nothing: the provider is asked what became of it";
    AnswerUnreadable = "answer_unreadable", "The provider's answer makes no sense; the request may have been carried out", "nothing: the provider is asked what became of it";
    NotDelivered = "not_delivered", "A receipt says that it will not be delivered", "the email answers";
    ReceiptExpired = "receipt_expired", "The message's validity ended before it was delivered", "the email answers";
    NoReceipt = "no_receipt", "No receipt came by its due time", "the email answers";

    // Email.
    MailboxRefused = "mailbox_refused", "The mail server refuses the recipient's address", "read the server's words in the detail; where they name no block, check the address with the customer";
    MailDeferred = "mail_deferred", "The mail server asks us to come back later", "nothing: it is tried again later";
    MailPolicyRefused = "mail_policy_refused", "The mail server refuses the message by policy", "check SPF, DKIM and block lists";
    MailTooLarge = "mail_too_large", "The mail server finds the message too large", "shorten the message";
    MailServerUnavailable = "mail_server_unavailable", "The mail server cannot be reached; nothing was sent", "nothing: it is tried again later";
    MailServerRefused = "mail_server_refused", "The mail server is there and refuses our connection; nothing was sent", "read its words in the detail; have our address taken off the block list that they name, or correct the SMTP settings";
    MailAuth = "mail_auth", "The mail server refuses our credentials", "correct the SMTP credentials";
    MailInDoubt = "mail_in_doubt", "The mail was handed over, and no reply that can be understood says whether it was taken", "nothing: the same bytes are sent again under the same Message-ID";
    MailBounced = "mail_bounced", "The mail was accepted and came back undelivered", "read the server's reason in the detail; where it names no block, check the address with the customer and send a newer revision";
    BounceUnread = "bounce_unread", "A mail came to a bounce address, and no program could read what it says about the mail of a job", "read it (fleet dead show), tell the CRM if the mail did not arrive, then discard the letter";
    MailRefused = "mail_refused", "The mail server refuses the message for good", "read the reply in the attempt's detail";

    // Calls.
    AgentOffline = "agent_offline", "The agent's phone is not registered", "register the phone and call again";
    AgentBusy = "agent_busy", "The agent is on another call", "call again afterwards";
    AgentCallOpen = "agent_call_open", "The agent has another call that is being placed or is up", "end that call, or wait 2 minutes where there is none, and click again";
    AgentNoAnswer = "agent_no_answer", "The agent did not pick up", "call again";
    AgentRejected = "agent_rejected", "The agent declined the call", "call again";
    AgentAbandoned = "agent_abandoned", "The agent hung up before the customer answered", "call again";
    CustomerBusy = "customer_busy", "The customer's line is busy", "call again later";
    CustomerNoAnswer = "customer_no_answer", "The customer did not answer", "call again later";
    CustomerRejected = "customer_rejected", "The call was declined", "call again later, or write";
    CustomerNumberInvalid = "customer_number_invalid", "The network says that the number does not exist", "check the number";
    Congestion = "congestion", "The carrier is congested", "call again later";
    NetworkFailure = "network_failure", "The call failed in the network", "call again later";
    TrunkUnreachable = "trunk_unreachable", "The PBX's line to the carrier is down, or nobody answers at its other end", "restore the trunk";
    PbxUnavailable = "pbx_unavailable", "The PBX cannot be reached; nobody's phone rang", "nothing: it is tried again while the click is fresh";
    PbxAuth = "pbx_auth", "The PBX refuses our credentials", "correct the ARI user and its rights";
    PbxRefused = "pbx_refused", "The PBX does not accept the form of our request", "check the ARI endpoint and context in the configuration";
    PbxWithoutAri = "pbx_without_ari", "A web server answers at the PBX's address, and it has no ARI there; nobody's phone rang", "turn ARI on (ari.conf, res_ari.so), or correct the path in dial.ari.base_url";
    PbxTakesNoCalls = "pbx_takes_no_calls", "The PBX makes no new call, because it is shutting down or full; nobody's phone rang", "nothing: it is tried again while the click is fresh; if it stays, look at the PBX's limits (maxcalls, maxload)";
    PhoneTechnologyUnknown = "phone_technology_unknown", "The PBX has no driver of the agents' phones", "correct dial.ari.technology, or load the driver on the PBX";
    DialplanMissing = "dialplan_missing", "The agent picked up, and the PBX has no dialplan there that calls the customer", "load extensions.conf of deploy/asterisk on the PBX, and name its context in dial.ari.context";
    PbxNumberRefused = "pbx_number_refused", "The agent picked up, and the PBX's dialplan refuses this number", "check the number; a short service number needs a line of its own in the PBX's dialplan";
    CallLimitReached = "call_limit_reached", "The PBX's limit of a whole call was over before the customer answered", "raise CLOSURE_CALL_S in the PBX's dialplan above CLOSURE_RING_S";
    CallInDoubt = "call_in_doubt", "The call may have been placed; there is no record of its end", "ask the agent whether the call went through";
    ClickInFuture = "click_in_future", "The agent's click lies in the future, so that nobody can tell whether it is fresh", "write clicked_at with the zone that its clock has, and click again";
    StaleClick = "stale_click", "The agent's click is too old to ring a phone now", "click again";
}

impl FailureCode {
    /// What a person can do about a job that is not published yet: whoever asks beforehand has nothing to replay.
    pub fn remedy_of_draft(self) -> &'static str {
        match self {
            Self::UnreadableBody => "send one UTF-8 JSON object, and ask again",
            Self::BodyTooLarge | Self::BodyTooLong => "shorten its texts, and ask again",
            Self::UnknownKind | Self::WrongQueue => "name the kind of the message, and ask again",
            Self::UnsupportedVersion => "send version 1, and ask again",
            Self::WrongShape => "correct the named field against the JSON Schema, and ask again",
            Self::ScopeMismatch => "choose the scope that the number has, and ask again",
            Self::AmbiguousNumber => "add the country code of the right reading, and ask again",
            Self::InvalidNumber => "correct the number, and ask again",
            Self::CountryContradiction => "correct one of them, and ask again",
            Self::BodyEmpty => "write a text, and ask again",
            Self::ForbiddenCharacters => "take out the listed characters, and ask again",
            Self::TemplateVariables => "correct the named variable, and ask again",
            Self::SubjectNotEnglish => "write the subject in printable ASCII, and ask again",
            Self::SubjectInvalid => "correct the subject, and ask again",
            Self::NoEmailAddress => "add the customer's address, and ask again",
            Self::InvalidEmailAddress => "correct the address, and ask again",
            Self::CountryNotAllowed => "ask an operator whether the country may be allowed",
            Self::PrefixCapReached => "ask an operator whether somebody tries numbers in a row",
            Self::AddressCapReached => "find out why the address is written to so often",
            Self::NumberCapReached => "find out why the number is contacted so often",
            Self::Expired => "give a later expires_at, if an answer is still wanted",
            Self::Cancelled => "raise consultation.revision, if the customer is to be answered after all",
            Self::NeverInTime => "give a not_before that is earlier than expires_at, and ask again",
            Self::NotBeforeTooFar => "give a not_before within 366 days, and ask again",
            // What no rule says of a draft, and what fits wherever it stands.
            _ => self.remedy(),
        }
    }

    /// The same for whoever asks beforehand, in this language.
    pub fn remedy_of_draft_in(self, language: Language) -> &'static str {
        match language {
            Language::English => self.remedy_of_draft(),
            Language::Korean => self.remedy_of_draft_in_korean(),
        }
    }

    /// What is wrong, in this language.
    pub fn what_in(self, language: Language) -> &'static str {
        match language {
            Language::English => self.what(),
            Language::Korean => self.what_in_korean(),
        }
    }

    /// What a person can do about it, in this language.
    pub fn remedy_in(self, language: Language) -> &'static str {
        match language {
            Language::English => self.remedy(),
            Language::Korean => self.remedy_in_korean(),
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is not a failure code of this release.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a failure code of this release; see docs/failure-codes.md")]
pub struct UnknownFailureCode(pub String);

impl FromStr for FailureCode {
    type Err = UnknownFailureCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str() == text)
            .ok_or_else(|| UnknownFailureCode(text.to_owned()))
    }
}
