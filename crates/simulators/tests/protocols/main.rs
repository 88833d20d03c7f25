//! The simulators as their callers see them: plain HTTP, plain SMTP, plain rows in PostgreSQL.

mod cel;
mod nhn;
mod nhn_checks;
mod nhn_look_ups;
mod pbx;
mod readme;
mod smtp;
mod support;
