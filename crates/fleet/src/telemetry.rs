//! Logs: JSON lines for machines, plain lines on a terminal.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

use crate::{
    config::{LogFormat, LogSettings},
    visible::{Events, VisibleLog},
};

/// Starts logging to standard error; what a command prints as its result goes to standard output.
pub fn start(settings: &LogSettings) {
    let mut filter = EnvFilter::new(&settings.filter);
    // The client libraries would write message bodies and credentials into the log, and many lines for one outage.
    for directive in closure_broker::LOG_DIRECTIVES.iter().chain(closure_store::LOG_DIRECTIVES) {
        filter = filter.add_directive(directive.parse().expect("the libraries' directives are well formed"));
    }
    let builder = fmt::Subscriber::builder()
        .with_env_filter(filter)
        // A line that nobody reads is lost; told on the same closed pipe, it would end the task that wrote it.
        .log_internal_errors(false)
        // No colours: a colour is a control sequence, and none of those passes.
        .with_ansi(false);
    let pretty = match settings.format {
        LogFormat::Pretty => true,
        LogFormat::Json => false,
        LogFormat::Auto => std::io::stderr().is_terminal(),
    };
    let started = if pretty {
        tracing::subscriber::set_global_default(
            builder.compact().with_writer(VisibleLog(Events::Lines)).finish(),
        )
    } else {
        tracing::subscriber::set_global_default(
            builder.json().flatten_event(true).with_writer(VisibleLog(Events::Json)).finish(),
        )
    };
    started.expect("logging is started once, by main");
}
