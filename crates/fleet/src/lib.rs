#![doc = include_str!("../README.md")]

pub mod advice;
pub mod advisor;
pub mod announce;
pub mod cli;
pub mod commands;
pub mod config;
pub mod delivery;
pub mod engine;
pub mod gateways;
pub mod health;
pub mod lifecycle;
pub mod live_rulebook;
pub mod maildir;
pub mod output;
pub mod receipts;
mod repeats;
pub mod runtime;
mod serve;
pub mod services;
pub mod telemetry;
pub mod visible;
pub mod workers;
