//! The harness: a whole fleet for a test, and the questions that tests ask it.

mod canaries;
mod cli;
mod configuration;
mod database;
mod desk;
mod ended;
mod environment;
mod fleet;
mod http;
pub mod jobs;
pub mod kride;
mod logs;
mod node;
mod options;
mod outcomes;
mod process;
mod queues;
mod runtime;
mod unwatched;
mod vhost;
mod wait;

pub use cli::{Answer, cli, cli_with_input};
pub use database::{Connections, Database};
pub use ended::Ended;
pub use environment::{Services, binary, node, python};
pub use fleet::{Fleet, Watch};
pub use http::{HttpAnswer, request};
pub use logs::tail;
pub use node::restart_the_broker;
pub use options::{FleetOptions, ProcessSpec, TopologyState};
pub use outcomes::{Heard, Outcomes};
pub use process::Process;
pub use runtime::run;
pub use vhost::Vhost;
pub use wait::{LONG, SHORT, eventually};
