//! The people who work with the fleet: who they are, what each may do, and the record of what they did.

pub(crate) mod audit;
pub(crate) mod chain;
pub(crate) mod grants;
pub(crate) mod users;

pub use self::{
    audit::{ActorProof, AuditFilter, AuditRow, AuditSummary, AuditVerdict, NewAudit, Subject},
    chain::{ChainBreak, ChainCheck},
    grants::Right,
    users::{NewUser, User, UserChange, UserError, UserId, UserState},
};
