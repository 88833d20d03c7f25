//! One try at one outside service, one answer in our codes.
#![warn(missing_docs, unreachable_pub)]
#![doc = include_str!("../README.md")]

mod addresses;
pub mod bounce;
pub mod config;
pub mod dial;
mod distrust;
mod dns;
pub mod email;
pub mod handover;
mod http;
mod mask;
mod refusal;
pub mod sender;
pub mod sms;
pub mod smtp;
pub mod webhook;

pub use addresses::Addresses;
pub use bounce::{
    BounceAddresses, BounceError, BounceMail, BounceNotice, BounceReport, MailComplaint, REPORT_BYTES_MAX,
    UnreadBounce, UnreadReason, read_bounce, read_large_bounce,
};
pub use config::{ConfigError, PlainHttp};
pub use dial::{AgentPhone, AriDial, AriSettings, Call, PbxFault};
pub use dns::{Dns, DnsError, NameServers};
pub use email::dkim::DkimSigner;
pub use email::{Mail, RenderError, render};
pub use handover::{Handover, Reached, TooLate};
pub use http::HttpSettings;
pub use sender::{About, Accepted, SendFailure, Sender};
pub use sms::*;
pub use smtp::{Envelope, Security, Smtp, SmtpCredentials, SmtpSettings};
pub use webhook::{Webhook, WebhookReply, WebhookSettings};
