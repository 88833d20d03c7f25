//! The command line.

use std::{io, net::SocketAddr};

use clap::{Args, Parser, Subcommand, ValueEnum};
use closure_simulators::{
    Credit, InfobipSimSettings, InfobipSimulator, NhnSimSettings, NhnSimulator, PbxSimSettings, PbxSimulator,
    ReceiptSwitch, SinchSimSettings, SinchSimulator, SmtpAuth, SmtpSimSettings, SmtpSimulator,
    TwilioSimSettings, TwilioSimulator,
};
use tokio::signal::unix::{SignalKind, signal};

/// Stand-ins for what lies outside the building.
///
/// Records and switches are under /_sim; `GET /_sim/health` says when one is ready.
#[derive(Debug, Parser)]
#[command(name = "simulators", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The SMS gateway, NHN Cloud SMS v3.0.
    Nhn(NhnArgs),
    /// An SMS gateway, Infobip SMS v3.
    Infobip(InfobipArgs),
    /// An SMS gateway, Twilio's Messages resource.
    Twilio(TwilioArgs),
    /// An SMS gateway, Sinch's SMS API.
    Sinch(SinchArgs),
    /// The mail server, SMTP without TLS.
    Smtp(SmtpArgs),
    /// The PBX, Asterisk's REST interface and its call records.
    Pbx(PbxArgs),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum OnOff {
    On,
    Off,
}

#[derive(Debug, Args)]
struct NhnArgs {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:8181")]
    listen: SocketAddr,
    /// The app key in every path.
    #[arg(long, default_value = "simulated-app-key")]
    app_key: String,
    /// The value expected in X-Secret-Key.
    #[arg(long, default_value = "simulated-secret-key")]
    secret_key: String,
    /// A registered sender number; may be repeated.
    #[arg(long = "sender-number", default_value = "0234518120")]
    sender_numbers: Vec<String>,
    /// Where receipts go.
    #[arg(long)]
    webhook_url: Option<String>,
    /// The value of X-Toast-Webhook-Signature.
    #[arg(long, default_value = "simulated-webhook-secret")]
    webhook_secret: String,
    /// How often a receipt is offered to a webhook that does not take it, a second apart.
    #[arg(long, default_value_t = 30)]
    webhook_tries_max: u32,
    /// Whether receipts are made at all.
    #[arg(long, value_enum, default_value_t = OnOff::On)]
    receipts: OnOff,
    /// How long a receipt takes.
    #[arg(long, default_value_t = 500)]
    receipt_delay_ms: u64,
    /// How long a late receipt takes.
    #[arg(long, default_value_t = 20_000)]
    late_ms: u64,
    /// How long a slow answer takes.
    #[arg(long, default_value_t = 8_000)]
    slow_ms: u64,
    /// How long every answer takes.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// How many requests to send may come within a second; further ones get status 429.
    #[arg(long)]
    requests_per_s_max: Option<u32>,
    /// How many messages are remembered.
    #[arg(long, default_value_t = 200_000)]
    messages_max: usize,
}

#[derive(Debug, Args)]
struct InfobipArgs {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:8184")]
    listen: SocketAddr,
    /// The key expected in `Authorization: App …`.
    #[arg(long, default_value = "simulated-api-key")]
    api_key: String,
    /// Where reports go.
    #[arg(long)]
    webhook_url: Option<String>,
    /// The user of the reports' basic authentication.
    #[arg(long, default_value = "closure")]
    webhook_user: String,
    /// The user's password.
    #[arg(long, default_value = "simulated-webhook-secret")]
    webhook_password: String,
    /// How long a report takes.
    #[arg(long, default_value_t = 500)]
    report_delay_ms: u64,
}

#[derive(Debug, Args)]
struct TwilioArgs {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:8185")]
    listen: SocketAddr,
    /// The account in every path.
    #[arg(long, default_value = "AC00000000000000000000000000000000")]
    account_sid: String,
    /// The account's auth token: the password of requests, and the key of the signatures.
    #[arg(long, default_value = "simulated-auth-token")]
    auth_token: String,
    /// Where callbacks really go; without it, where each request says.
    #[arg(long)]
    webhook_url: Option<String>,
    /// How long each callback takes.
    #[arg(long, default_value_t = 500)]
    callback_delay_ms: u64,
    /// How long a slow answer takes.
    #[arg(long, default_value_t = 8_000)]
    slow_ms: u64,
}

#[derive(Debug, Args)]
struct SinchArgs {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:8186")]
    listen: SocketAddr,
    /// The service plan in every path.
    #[arg(long, default_value = "simulated-service-plan")]
    service_plan_id: String,
    /// The token expected in `Authorization: Bearer …`.
    #[arg(long, default_value = "simulated-api-token")]
    api_token: String,
    /// What its callbacks are signed with.
    #[arg(long, default_value = "simulated-webhook-secret")]
    webhook_secret: String,
    /// Where callbacks really go; without it, where each request says.
    #[arg(long)]
    webhook_url: Option<String>,
    /// How long each callback takes.
    #[arg(long, default_value_t = 500)]
    callback_delay_ms: u64,
    /// How long a slow answer takes.
    #[arg(long, default_value_t = 8_000)]
    slow_ms: u64,
}

#[derive(Debug, Args)]
struct SmtpArgs {
    /// Where it takes mail.
    #[arg(long, default_value = "127.0.0.1:2525")]
    listen: SocketAddr,
    /// Where its records can be read over HTTP.
    #[arg(long, default_value = "127.0.0.1:8182")]
    http_listen: SocketAddr,
    /// The user who may send; without it everybody may.
    #[arg(long, requires = "password")]
    username: Option<String>,
    /// The user's password.
    #[arg(long, requires = "username")]
    password: Option<String>,
    /// How long a slow answer after the final dot takes.
    #[arg(long, default_value_t = 8_000)]
    slow_ms: u64,
    /// The largest message, in bytes.
    #[arg(long, default_value_t = 1024 * 1024)]
    mail_bytes_max: usize,
    /// How many messages are remembered.
    #[arg(long, default_value_t = 20_000)]
    mails_max: usize,
    /// How many messages one connection may carry; without it there is no limit.
    #[arg(long)]
    mails_per_connection_max: Option<u32>,
}

#[derive(Debug, Args)]
struct PbxArgs {
    /// Where it listens.
    #[arg(long, default_value = "127.0.0.1:8183")]
    listen: SocketAddr,
    /// The user of the REST interface.
    #[arg(long, default_value = "closure")]
    username: String,
    /// The user's password.
    #[arg(long, default_value = "simulated-ari-password")]
    password: String,
    /// The PostgreSQL that gets the call records.
    #[arg(long, env = "SIMULATORS_CEL_DATABASE_URL", hide_env_values = true)]
    cel_database_url: Option<String>,
    /// How long an agent's phone rings before it is answered.
    #[arg(long, default_value_t = 1_000)]
    agent_answer_ms: u64,
    /// How long an agent's phone rings at most.
    #[arg(long, default_value_t = 5_000)]
    agent_timeout_max_ms: u64,
    /// How long a customer's phone rings before it is answered.
    #[arg(long, default_value_t = 1_500)]
    customer_answer_ms: u64,
    /// How long the network takes to refuse a call.
    #[arg(long, default_value_t = 500)]
    customer_refusal_ms: u64,
    /// How long a customer's phone rings when nobody answers.
    #[arg(long, default_value_t = 5_000)]
    customer_timeout_ms: u64,
    /// How long the two talk.
    #[arg(long, default_value_t = 3_000)]
    talk_ms: u64,
    /// How long a stalled POST waits before the call is placed.
    #[arg(long, default_value_t = 8_000)]
    stall_ms: u64,
}

/// Runs one simulator until the process is asked to end.
pub(crate) async fn run(cli: Cli) -> io::Result<()> {
    match cli.command {
        Command::Nhn(args) => {
            let simulator = NhnSimulator::start(args.into()).await?;
            tracing::info!(url = simulator.base_url(), "the SMS gateway is ready");
            asked_to_end().await?;
            simulator.stop().await;
        }
        Command::Infobip(args) => {
            let simulator = InfobipSimulator::start(args.into()).await?;
            tracing::info!(url = simulator.base_url(), "the SMS gateway is ready");
            asked_to_end().await?;
            simulator.stop().await;
        }
        Command::Twilio(args) => {
            let simulator = TwilioSimulator::start(args.into()).await?;
            tracing::info!(url = simulator.base_url(), "the SMS gateway is ready");
            asked_to_end().await?;
            simulator.stop().await;
        }
        Command::Sinch(args) => {
            let simulator = SinchSimulator::start(args.into()).await?;
            tracing::info!(url = simulator.base_url(), "the SMS gateway is ready");
            asked_to_end().await?;
            simulator.stop().await;
        }
        Command::Smtp(args) => {
            let simulator = SmtpSimulator::start(args.into()).await?;
            let (address, http_url) = (simulator.address(), simulator.http_url());
            tracing::info!(%address, http_url, "the mail server is ready");
            asked_to_end().await?;
            simulator.stop().await;
        }
        Command::Pbx(args) => {
            let simulator = PbxSimulator::start(args.into()).await?;
            tracing::info!(url = simulator.base_url(), "the PBX is ready");
            asked_to_end().await?;
            simulator.stop().await;
        }
    }
    Ok(())
}

async fn asked_to_end() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => pressed,
    }
}

impl From<NhnArgs> for NhnSimSettings {
    fn from(args: NhnArgs) -> Self {
        Self {
            listen: args.listen,
            app_key: args.app_key,
            secret_key: args.secret_key,
            sender_numbers: args.sender_numbers,
            webhook_url: args.webhook_url,
            webhook_secret: args.webhook_secret,
            webhook_tries_max: args.webhook_tries_max,
            receipts: match args.receipts {
                OnOff::On => ReceiptSwitch::On,
                OnOff::Off => ReceiptSwitch::Off,
            },
            credit: Credit::UsedUp,
            receipt_delay_ms: args.receipt_delay_ms,
            late_ms: args.late_ms,
            slow_ms: args.slow_ms,
            latency_ms: args.latency_ms,
            requests_per_s_max: args.requests_per_s_max,
            messages_max: args.messages_max,
            ..Self::default()
        }
    }
}

impl From<InfobipArgs> for InfobipSimSettings {
    fn from(args: InfobipArgs) -> Self {
        Self {
            listen: args.listen,
            api_key: args.api_key,
            webhook_url: args.webhook_url,
            webhook_user: args.webhook_user,
            webhook_password: args.webhook_password,
            report_delay_ms: args.report_delay_ms,
            ..Self::default()
        }
    }
}

impl From<TwilioArgs> for TwilioSimSettings {
    fn from(args: TwilioArgs) -> Self {
        Self {
            listen: args.listen,
            account_sid: args.account_sid,
            auth_token: args.auth_token,
            webhook_url: args.webhook_url,
            callback_delay_ms: args.callback_delay_ms,
            slow_ms: args.slow_ms,
        }
    }
}

impl From<SinchArgs> for SinchSimSettings {
    fn from(args: SinchArgs) -> Self {
        Self {
            listen: args.listen,
            service_plan_id: args.service_plan_id,
            api_token: args.api_token,
            webhook_secret: args.webhook_secret,
            webhook_url: args.webhook_url,
            callback_delay_ms: args.callback_delay_ms,
            slow_ms: args.slow_ms,
        }
    }
}

impl From<SmtpArgs> for SmtpSimSettings {
    fn from(args: SmtpArgs) -> Self {
        Self {
            listen: args.listen,
            http_listen: Some(args.http_listen),
            auth: match args.username.zip(args.password) {
                Some((username, password)) => SmtpAuth::Required { username, password },
                None => SmtpAuth::NotOffered,
            },
            slow_ms: args.slow_ms,
            mail_bytes_max: args.mail_bytes_max,
            mails_max: args.mails_max,
            mails_per_connection_max: args.mails_per_connection_max,
            ..Self::default()
        }
    }
}

impl From<PbxArgs> for PbxSimSettings {
    fn from(args: PbxArgs) -> Self {
        Self {
            listen: args.listen,
            username: args.username,
            password: args.password,
            cel_database_url: args.cel_database_url,
            agent_answer_ms: args.agent_answer_ms,
            agent_timeout_max_ms: args.agent_timeout_max_ms,
            customer_answer_ms: args.customer_answer_ms,
            customer_refusal_ms: args.customer_refusal_ms,
            customer_timeout_ms: args.customer_timeout_ms,
            talk_ms: args.talk_ms,
            stall_ms: args.stall_ms,
            ..Self::default()
        }
    }
}
