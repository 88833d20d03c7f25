//! What a person may do.

use serde::Serialize;

use crate::database::column_word::column_words;

column_words! {
    /// One thing that a person may do; what each command needs stands beside the commands.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
    #[serde(rename_all = "snake_case")]
    pub enum Right: "right" {
        /// Read lists and stories, masked.
        See = "see",
        /// See a number, an address or a text in full, for a purpose.
        Reveal = "reveal",
        /// Take a letter on: owner, note, due time.
        Handle = "handle",
        /// Decide what a customer is sent: replay, discard, cancel, suppress.
        Replay = "replay",
        /// Change what a customer is sent, or to whom.
        Edit = "edit",
        /// Do any of this to many letters at once.
        Bulk = "bulk",
        /// Let another person's bulk run go.
        Approve = "approve",
        /// Overrule what protects the gateways: brakes and circuits.
        Steer = "steer",
        /// Change users and templates, and read the record.
        Configure = "configure",
    }
}
