//! The adapters against servers that speak, misbehave and die as the real ones do.

mod ari;
mod bounces;
mod cuts;
mod dkim;
mod headers;
mod infobip;
mod mail;
mod nhn_look_up;
mod nhn_receipts;
mod nhn_send;
mod smtp;
mod smtp_tls;
mod support;
