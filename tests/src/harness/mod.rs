//! The harness: a whole fleet for a test, and the questions that tests ask it.

mod between;
mod broker_users;
mod canaries;
mod cli;
mod commit_faults;
mod compiled;
mod configuration;
mod database;
mod desk;
mod documented;
mod ended;
mod environment;
mod fleet;
mod http;
pub mod jobs;
pub mod kride;
mod logs;
mod messages;
mod nginx;
mod node;
mod options;
mod outcomes;
mod pgbouncer;
mod postfix;
mod process;
mod queues;
pub mod raw_amqp;
mod runtime;
mod unwatched;
mod vhost;
mod wait;

pub use between::Between;
pub use broker_users::broker_rights;
pub use cli::{Answer, cli, cli_with_input};
pub use commit_faults::{CommitFaults, Fault};
pub use compiled::{go, java};
pub use database::{Connections, Database};
pub use documented::{documented_command, documented_example, typed};
pub use ended::Ended;
pub use environment::{
    Services, binary, content, count_from_environment, debian_python, faketime, node, php, python,
};
pub use fleet::{Fleet, Watch};
pub use http::{HttpAnswer, request};
pub use logs::tail;
pub use nginx::Nginx;
pub use node::{rabbitmqctl, restart_the_broker};
pub use options::{FleetOptions, ProcessSpec, TopologyState};
pub use outcomes::{Answered, Heard, Outcomes};
pub use pgbouncer::{PgBouncer, Pooling};
pub use postfix::Postfix;
pub use process::Process;
pub use runtime::run;
pub use vhost::Vhost;
pub use wait::{LONG, SHORT, eventually};
