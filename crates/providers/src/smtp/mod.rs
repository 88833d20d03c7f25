//! Mail through an SMTP server: connections that carry one mail after the other, and the phase of every failure is
//! known.

mod auth;
mod connect;
mod dialogue;
mod idle;
mod read;
mod reply;
mod send;
mod stream;
mod tls;

pub use connect::{Security, SmtpCredentials, SmtpSettings};
pub use send::{Envelope, Smtp};
