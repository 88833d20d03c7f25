//! What a gateway can do about a message whose answer was lost.

/// What a gateway can do about a doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Recovery {
    /// How it can be asked.
    pub look_up: LookUpBy,
    /// What it does with a duplicate.
    pub duplicates: Duplicates,
}

/// How a gateway can be asked about a message whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LookUpBy {
    /// By the reference that we gave it with the request.
    ClientReference,
    /// By recipient, time and exact text: what is found is ours, but finding nothing proves nothing.
    RecipientAndTime,
    /// Not at all: only a receipt can tell.
    Nothing,
}

/// What a gateway does with a second message of one reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duplicates {
    /// It refuses it, so that repeating the request is idempotent.
    Refused,
    /// It carries it, so that the customer would get it twice.
    Carried,
}
