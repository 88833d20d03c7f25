//! The command line of the emails that are held back.

use clap::Subcommand;
use closure_contract::Provider;

use super::{gateways::gateway, template::By};

/// Emails in place of text messages are held back while unusually many text messages fail.
#[derive(Debug, Subcommand)]
pub enum FallbackHoldCommand {
    /// List how many text messages of each gateway and country fail, what is usual, and what is held.
    List,
    /// Let the held emails go, for whoever knows that the failures are real.
    Release {
        /// The gateway, such as nhn.
        #[arg(value_parser = gateway)]
        gateway: Provider,
        /// Only its way to this country, such as 84; without it, all of the gateway.
        #[arg(long, value_name = "CODE")]
        country_code: Option<u16>,
        /// Hold none again for so long, whatever fails.
        #[arg(long, value_name = "MINUTES", default_value_t = 60)]
        for_minutes: u32,
        /// Why.
        #[command(flatten)]
        by: By,
    },
}
