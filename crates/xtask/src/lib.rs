#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program speaks to the person at the terminal, not to a log"
)]

pub mod agree;
pub mod asterisk;
pub mod bench;
pub mod ci;
pub mod cli;
pub mod compose;
pub mod demo;
pub mod deployment;
pub mod error;
pub mod fuzz;
pub mod http;
pub mod interrupt;
pub mod packages;
pub mod parts;
pub mod process;
pub mod services;
pub mod test;
pub mod tools;
pub mod workspace;
