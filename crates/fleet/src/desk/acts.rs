//! What people can do, and which right each of it needs.

use closure_store::Right;

/// Declares each act once: its name, its word on record, and what it needs.
macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident = $word:literal needs $first:ident $(and $more:ident)*,)+) => {
        /// One thing that a person can do.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Act {
            $($(#[$doc])* $name,)+
        }

        impl Act {
            /// Every one, in the order of this table.
            #[cfg(test)]
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// How it stands on record.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Every right that it needs; the first is the one that gives it its name on record.
            pub const fn rights(self) -> &'static [Right] {
                match self { $(Self::$name => &[Right::$first $(, Right::$more)*],)+ }
            }
        }
    };
}

acts! {
    /// Read the lists of letters.
    ListLetters = "letter.list" needs See,
    /// Read a letter, masked.
    ShowLetter = "letter.show" needs See,
    /// Read a job's or a consultation's story.
    ShowStory = "story.show" needs See,
    /// Look a customer's jobs up, masked.
    FindJobs = "job.find" needs See,
    /// Count what was sent.
    CountHistory = "history.count" needs See,
    /// Take the counts away as a file.
    ExportHistory = "history.export" needs See,
    /// Read the suppression list, masked.
    ListSuppressed = "recipient.list" needs See,
    /// See what differs between two editions of a letter, masked.
    CompareLetter = "letter.compare" needs See,
    /// See a letter's bytes as they are.
    RevealLetter = "letter.reveal" needs Reveal and See,
    /// Send a letter again as it was.
    ReplayLetter = "letter.replay" needs Replay,
    /// Send a letter again, corrected.
    EditLetter = "letter.edit" needs Edit and Replay,
    /// Give a letter up.
    DiscardLetter = "letter.discard" needs Replay,
    /// Open a letter again that was given up.
    ReopenLetter = "letter.reopen" needs Replay,
    /// Let the email answer in place of a text message.
    AnswerByEmail = "letter.answer_by_email" needs Replay,
    /// Put a recipient on the suppression list.
    Suppress = "recipient.suppress" needs Replay,
    /// Take a recipient off the suppression list.
    Unsuppress = "recipient.unsuppress" needs Replay,
    /// Take a consultation's answer back.
    Cancel = "consultation.cancel" needs Replay,
    /// Let a consultation be answered again.
    UndoCancel = "consultation.undo_cancel" needs Replay,
    /// Let held emails go.
    ReleaseHold = "gateway.release_hold" needs Steer,
    /// Let the next job try a gateway.
    ProbeGateway = "gateway.probe" needs Steer,
    /// Add an edition of a template.
    AddTemplate = "template.add" needs Configure,
    /// Add the editions of a file.
    ImportTemplate = "template.import" needs Configure,
    /// Write down that the carrier has an edition.
    SubmitTemplate = "template.submit" needs Configure,
    /// Write down that the carrier approved it.
    ApproveTemplate = "template.approve" needs Configure,
    /// Take the approval back.
    RevokeTemplate = "template.revoke" needs Configure,
    /// Read who the users are.
    ListUsers = "user.list" needs Configure,
    /// Add a user.
    AddUser = "user.add" needs Configure,
    /// Grant rights.
    Grant = "user.grant" needs Configure,
    /// Take rights away.
    Revoke = "user.revoke" needs Configure,
    /// Take all of a user's rights away.
    DisableUser = "user.disable" needs Configure,
    /// Give them back.
    EnableUser = "user.enable" needs Configure,
    /// Change by which accounts of the operating system a user acts.
    ChangeAccount = "user.account" needs Configure,
    /// Set a password.
    SetPassword = "user.password" needs Configure,
    /// Read the record.
    ReadAudit = "audit.read" needs Configure,
    /// Read the report about it.
    ReviewAudit = "audit.review" needs Configure,
}

impl Act {
    /// The right that gives it its name on record.
    pub const fn needs(self) -> Right {
        self.rights()[0]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Act;

    #[test]
    fn each_act_has_a_word_of_its_own_in_two_parts() {
        let words: BTreeSet<&str> = Act::ALL.iter().map(|act| act.word()).collect();
        assert_eq!(words.len(), Act::ALL.len());
        assert!(words.iter().all(|word| word.split('.').count() == 2), "{words:?}");
    }
}
