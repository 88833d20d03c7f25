#![doc = include_str!("../README.md")]

pub mod agreement;
pub mod harness;
pub mod wrong;
