#![doc = include_str!("../README.md")]

pub mod advice;
pub mod advisor;
pub mod announce;
pub mod cli;
pub mod commands;
pub mod config;
mod earlier;
pub mod engine;
pub mod health;
pub mod intake;
pub mod lifecycle;
pub mod maildir;
pub mod output;
pub mod poll;
pub mod quota;
mod repeats;
pub mod rules;
pub mod runtime;
mod serve;
pub mod services;
pub mod telemetry;
pub mod visible;
pub mod workers;
