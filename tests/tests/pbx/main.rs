//! Calls through a real Asterisk, with the files of `deploy/asterisk` as they stand.
//!
//! Every module begins with `pbx_`, so that `--skip pbx_` leaves all of it out where Asterisk cannot be had.

mod pbx_adopted;
mod pbx_causes;
mod pbx_checked;
mod pbx_faults;
mod pbx_kills;
mod pbx_shown;
mod support;
