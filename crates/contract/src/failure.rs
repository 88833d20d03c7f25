//! Every way in which a job can fail, as closed and stable codes; their words are in `words/codes`.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    language::Language,
    words::{
        CodeWords,
        codes::{calls, mail, message, rules, texts},
    },
};

/// Declares the codes once: the variant, its name on the wire, and its words.
macro_rules! failure_codes {
    ($($variant:ident = $wire:literal, $words:path;)+) => {
        /// A stable code of a failure; the text that goes with it is for people and may change.
        ///
        /// Whether a code is transient, permanent or in doubt is `policy`'s to say.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum FailureCode {
            $(#[doc = concat!("`", $wire, "`.")] #[serde(rename = $wire)] $variant,)+
        }

        impl FailureCode {
            /// Every code, in the order of this table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire,)+ }
            }

            /// What there is to say about it.
            pub fn words(self) -> &'static CodeWords {
                match self { $(Self::$variant => &$words,)+ }
            }
        }
    };
}

failure_codes! {
    // The message itself.
    UnreadableBody = "unreadable_body", message::UNREADABLE_BODY;
    BodyTooLarge = "body_too_large", message::BODY_TOO_LARGE;
    UnknownKind = "unknown_kind", message::UNKNOWN_KIND;
    UnsupportedVersion = "unsupported_version", message::UNSUPPORTED_VERSION;
    WrongShape = "wrong_shape", message::WRONG_SHAPE;
    WrongQueue = "wrong_queue", message::WRONG_QUEUE;
    JobIdConflict = "job_id_conflict", message::JOB_ID_CONFLICT;
    Unroutable = "unroutable", message::UNROUTABLE;
    CrashLoop = "crash_loop", message::CRASH_LOOP;
    MessageExpired = "message_expired", message::MESSAGE_EXPIRED;
    OutcomeNotTaken = "outcome_not_taken", message::OUTCOME_NOT_TAKEN;
    GivenUp = "given_up", message::GIVEN_UP;

    // The rules.
    ScopeMismatch = "scope_mismatch", rules::SCOPE_MISMATCH;
    AmbiguousNumber = "ambiguous_number", rules::AMBIGUOUS_NUMBER;
    InvalidNumber = "invalid_number", rules::INVALID_NUMBER;
    CountryContradiction = "country_contradiction", rules::COUNTRY_CONTRADICTION;
    NumberNotAllowed = "number_not_allowed", rules::NUMBER_NOT_ALLOWED;
    BodyTooLong = "body_too_long", rules::BODY_TOO_LONG;
    BodyEmpty = "body_empty", rules::BODY_EMPTY;
    ForbiddenCharacters = "forbidden_characters", rules::FORBIDDEN_CHARACTERS;
    AttachmentNotSupported = "attachment_not_supported", rules::ATTACHMENT_NOT_SUPPORTED;
    SenderNotAllowed = "sender_not_allowed", rules::SENDER_NOT_ALLOWED;
    TemplateMismatch = "template_mismatch", rules::TEMPLATE_MISMATCH;
    TemplateUnknown = "template_unknown", rules::TEMPLATE_UNKNOWN;
    TemplateVariables = "template_variables", rules::TEMPLATE_VARIABLES;
    SmsSkipped = "sms_skipped", rules::SMS_SKIPPED;
    SubjectNotEnglish = "subject_not_english", rules::SUBJECT_NOT_ENGLISH;
    SubjectInvalid = "subject_invalid", rules::SUBJECT_INVALID;
    NoEmailAddress = "no_email_address", rules::NO_EMAIL_ADDRESS;
    InvalidEmailAddress = "invalid_email_address", rules::INVALID_EMAIL_ADDRESS;
    CountryNotAllowed = "country_not_allowed", rules::COUNTRY_NOT_ALLOWED;
    QuietHours = "quiet_hours", rules::QUIET_HOURS;
    Suppressed = "suppressed", rules::SUPPRESSED;
    PrefixCapReached = "prefix_cap_reached", rules::PREFIX_CAP_REACHED;
    AddressCapReached = "address_cap_reached", rules::ADDRESS_CAP_REACHED;
    NumberCapReached = "number_cap_reached", rules::NUMBER_CAP_REACHED;
    CountryCapReached = "country_cap_reached", rules::COUNTRY_CAP_REACHED;
    FleetCapReached = "fleet_cap_reached", rules::FLEET_CAP_REACHED;
    NeverInTime = "never_in_time", rules::NEVER_IN_TIME;
    NotBeforeTooFar = "not_before_too_far", rules::NOT_BEFORE_TOO_FAR;
    Superseded = "superseded", rules::SUPERSEDED;
    Cancelled = "cancelled", rules::CANCELLED;
    Expired = "expired", rules::EXPIRED;

    // SMS gateways.
    RecipientRejected = "recipient_rejected", texts::RECIPIENT_REJECTED;
    ContentRejected = "content_rejected", texts::CONTENT_REJECTED;
    SenderRejected = "sender_rejected", texts::SENDER_REJECTED;
    ProviderAuth = "provider_auth", texts::PROVIDER_AUTH;
    ProviderQuota = "provider_quota", texts::PROVIDER_QUOTA;
    ProviderCountryBlocked = "provider_country_blocked", texts::PROVIDER_COUNTRY_BLOCKED;
    ProviderThrottled = "provider_throttled", texts::PROVIDER_THROTTLED;
    ProviderUnavailable = "provider_unavailable", texts::PROVIDER_UNAVAILABLE;
    ProviderFault = "provider_fault", texts::PROVIDER_FAULT;
    RequestRefused = "request_refused", texts::REQUEST_REFUSED;
    AnswerLost = "answer_lost", texts::ANSWER_LOST;
    AnswerUnreadable = "answer_unreadable", texts::ANSWER_UNREADABLE;
    NotDelivered = "not_delivered", texts::NOT_DELIVERED;
    ReceiptExpired = "receipt_expired", texts::RECEIPT_EXPIRED;
    NoReceipt = "no_receipt", texts::NO_RECEIPT;

    // Email.
    MailboxRefused = "mailbox_refused", mail::MAILBOX_REFUSED;
    MailDeferred = "mail_deferred", mail::MAIL_DEFERRED;
    MailPolicyRefused = "mail_policy_refused", mail::MAIL_POLICY_REFUSED;
    MailTooLarge = "mail_too_large", mail::MAIL_TOO_LARGE;
    MailServerUnavailable = "mail_server_unavailable", mail::MAIL_SERVER_UNAVAILABLE;
    MailServerRefused = "mail_server_refused", mail::MAIL_SERVER_REFUSED;
    MailAuth = "mail_auth", mail::MAIL_AUTH;
    MailInDoubt = "mail_in_doubt", mail::MAIL_IN_DOUBT;
    MailBounced = "mail_bounced", mail::MAIL_BOUNCED;
    BounceUnread = "bounce_unread", mail::BOUNCE_UNREAD;
    MailRefused = "mail_refused", mail::MAIL_REFUSED;

    // Calls.
    AgentOffline = "agent_offline", calls::AGENT_OFFLINE;
    AgentBusy = "agent_busy", calls::AGENT_BUSY;
    AgentCallOpen = "agent_call_open", calls::AGENT_CALL_OPEN;
    AgentNoAnswer = "agent_no_answer", calls::AGENT_NO_ANSWER;
    AgentRejected = "agent_rejected", calls::AGENT_REJECTED;
    AgentAbandoned = "agent_abandoned", calls::AGENT_ABANDONED;
    CustomerBusy = "customer_busy", calls::CUSTOMER_BUSY;
    CustomerNoAnswer = "customer_no_answer", calls::CUSTOMER_NO_ANSWER;
    CustomerRejected = "customer_rejected", calls::CUSTOMER_REJECTED;
    CustomerNumberInvalid = "customer_number_invalid", calls::CUSTOMER_NUMBER_INVALID;
    Congestion = "congestion", calls::CONGESTION;
    NetworkFailure = "network_failure", calls::NETWORK_FAILURE;
    TrunkUnreachable = "trunk_unreachable", calls::TRUNK_UNREACHABLE;
    PbxUnavailable = "pbx_unavailable", calls::PBX_UNAVAILABLE;
    PbxAuth = "pbx_auth", calls::PBX_AUTH;
    PbxRefused = "pbx_refused", calls::PBX_REFUSED;
    PbxWithoutAri = "pbx_without_ari", calls::PBX_WITHOUT_ARI;
    PbxTakesNoCalls = "pbx_takes_no_calls", calls::PBX_TAKES_NO_CALLS;
    PhoneTechnologyUnknown = "phone_technology_unknown", calls::PHONE_TECHNOLOGY_UNKNOWN;
    DialplanMissing = "dialplan_missing", calls::DIALPLAN_MISSING;
    PbxNumberRefused = "pbx_number_refused", calls::PBX_NUMBER_REFUSED;
    CallLimitReached = "call_limit_reached", calls::CALL_LIMIT_REACHED;
    CallInDoubt = "call_in_doubt", calls::CALL_IN_DOUBT;
    ClickInFuture = "click_in_future", calls::CLICK_IN_FUTURE;
    StaleClick = "stale_click", calls::STALE_CLICK;
}

impl FailureCode {
    /// What is wrong, as one sentence without its full stop.
    pub fn what(self) -> &'static str {
        self.what_in(Language::English)
    }

    /// What a person can do about it, as one sentence without its full stop.
    pub fn remedy(self) -> &'static str {
        self.remedy_in(Language::English)
    }

    /// What a person can do about a job that is not published yet: whoever asks beforehand has nothing to replay.
    pub fn remedy_of_draft(self) -> &'static str {
        self.remedy_of_draft_in(Language::English)
    }

    /// The same for whoever asks beforehand, in this language.
    pub fn remedy_of_draft_in(self, language: Language) -> &'static str {
        let CodeWords { remedy, remedy_of_draft, .. } = self.words();
        remedy_of_draft.unwrap_or(*remedy).in_language(language)
    }

    /// What is wrong, in this language.
    pub fn what_in(self, language: Language) -> &'static str {
        self.words().what.in_language(language)
    }

    /// What a person can do about it, in this language.
    pub fn remedy_in(self, language: Language) -> &'static str {
        self.words().remedy.in_language(language)
    }
}

/// The codes with what each means, which stands in the one table of words and is no comment of this file.
impl JsonSchema for FailureCode {
    fn schema_name() -> Cow<'static, str> {
        "FailureCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<Value> = Self::ALL
            .iter()
            .map(|code| json!({ "description": code.what(), "type": "string", "const": code.as_str() }))
            .collect();
        json_schema!({
            "description": "A stable code of a failure; the text that goes with it is for people and may change.\n\nWhether a code is transient, permanent or in doubt is `policy`'s to say.",
            "oneOf": codes,
        })
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
