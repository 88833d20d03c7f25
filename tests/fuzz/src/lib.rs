#![doc = include_str!("../README.md")]

pub mod decisions;
pub mod receipts;
