//! Calls through a real Asterisk, with the files of `deploy/asterisk` as they stand.
//!
//! Every module begins with `pbx_`, so that `--skip pbx_` leaves all of it out where Asterisk cannot be had.

mod pbx_causes;
mod support;
