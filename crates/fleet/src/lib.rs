#![doc = include_str!("../README.md")]

mod advice;
pub mod advisor;
mod announce;
pub mod cli;
pub mod commands;
mod config;
mod delivery;
mod earlier;
mod engine;
mod gateways;
mod health;
mod lifecycle;
mod live_rulebook;
mod lock;
mod maildir;
pub mod output;
mod receipts;
mod repeats;
mod runtime;
mod serve;
mod services;
mod telemetry;
mod visible;
mod why;
mod words;
mod workers;
