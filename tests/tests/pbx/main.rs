//! Calls through a real Asterisk, with the files of `deploy/asterisk` as they stand.
//!
//! `--skip real_pbx::` leaves all of it out where Asterisk cannot be had, and nothing else.

mod real_pbx {
    mod adopted;
    mod alike;
    mod causes;
    mod checked;
    mod faults;
    mod guard;
    mod kills;
    mod restarts;
    mod shown;
}
mod support;
