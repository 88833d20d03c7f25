//! Mail through an SMTP server: one fresh connection for each mail, and the phase of every failure is known.

mod connect;
mod reply;
mod send;
mod stream;
mod tls;

pub use connect::{Security, SmtpCredentials, SmtpSettings};
pub use send::{Envelope, Smtp};
