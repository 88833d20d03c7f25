//! What a job is found by among millions (M1): facts that are set once, and none that can be read back.

use super::recipients::Recipient;

/// What a delivery or a letter is found by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFacts {
    /// The recipient in the one form in which recipients are compared; nothing where none can be read for certain.
    ///
    /// It is never written down but as a keyed hash.
    pub recipient: Option<Recipient>,
    /// The last four digits of a number, also of one that cannot be read for certain.
    pub tail: Option<String>,
    /// The country code of a number that was read.
    pub country_code: Option<u16>,
    /// The agent who wrote the reply, as the CRM names him.
    pub agent_id: Option<String>,
    /// The approved template of which the text is an instance.
    pub template: Option<String>,
}
