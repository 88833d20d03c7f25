//! The adapters against servers that speak, misbehave and die as the real ones do.

mod ari;
mod bounces;
mod cuts;
mod dkim;
mod headers;
mod infobip;
mod infobip_words;
mod limits;
mod mail;
mod nhn_look_up;
mod nhn_receipts;
mod nhn_send;
mod notices;
mod pulls;
mod recorded_codes;
mod senders;
mod smtp;
mod smtp_odd;
mod smtp_reuse;
mod smtp_tls;
mod support;
mod twilio;
mod twilio_look_up;
mod twilio_receipts;
mod twilio_shared_keys;
