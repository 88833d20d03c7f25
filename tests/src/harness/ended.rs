//! A closure that has come to its end, and everything that witnesses tell of it.

use closure_contract::{JobId, Outcome};
use closure_simulators::{KeptMail, Ring, SentSms};
use closure_store::{DeadLetter, JobHistory};

use super::outcomes::Heard;

/// What became of one row of the scenario.
pub struct Ended {
    /// The job, where the row publishes one.
    pub job: Option<JobId>,
    /// What the CRM heard, in the order of its names.
    pub heard: Vec<Heard>,
    /// The gateway's requests for the customer.
    pub sms: Vec<SentSms>,
    /// The mails for the customer.
    pub mails: Vec<KeptMail>,
    /// The agent's phone rang.
    pub agent_rings: Vec<Ring>,
    /// The customer's phone rang.
    pub customer_rings: Vec<Ring>,
    /// What the desk holds.
    pub letters: Vec<DeadLetter>,
    /// The database's record of the job.
    pub story: Option<JobHistory>,
    /// The database's record of the email that answers.
    pub fallback: Option<JobHistory>,
}

impl Ended {
    /// The outcome with this name, such as `sms.delivered`.
    #[track_caller]
    pub fn outcome(&self, key: &str) -> &Outcome {
        let found = self.heard.iter().find(|heard| heard.routing_key == key);
        &found.unwrap_or_else(|| panic!("the CRM did not hear {key}")).outcome
    }

    /// The one text that the customer got.
    #[track_caller]
    pub fn text(&self) -> &SentSms {
        let accepted: Vec<_> = self.sms.iter().filter(|sms| sms.was_accepted()).collect();
        assert_eq!(accepted.len(), 1, "the gateway took {} messages", accepted.len());
        accepted[0]
    }

    /// The one mail that the customer got, as text.
    #[track_caller]
    pub fn mail(&self) -> String {
        assert_eq!(self.mails.len(), 1, "the mail server took {} mails", self.mails.len());
        String::from_utf8_lossy(&self.mails[0].raw).into_owned()
    }

    /// The one letter at the desk.
    #[track_caller]
    pub fn letter(&self) -> &DeadLetter {
        assert_eq!(self.letters.len(), 1, "the desk holds {} letters", self.letters.len());
        &self.letters[0]
    }

    /// The database's record of the job.
    #[track_caller]
    pub fn story(&self) -> &JobHistory {
        self.story.as_ref().expect("the database knows the job")
    }

    /// The database's record of the email that answers.
    #[track_caller]
    pub fn fallback(&self) -> &JobHistory {
        self.fallback.as_ref().expect("an email answers")
    }
}
