//! The command line of the gateways' circuits.

use clap::Subcommand;
use closure_contract::Provider;

/// Gateways that fail every job alike are left alone, and one job tries them again from time to time.
#[derive(Debug, Subcommand)]
pub enum Gateways {
    /// List those that are left alone: since when, why, and when the next job tries them.
    List,
    /// Tell how many text messages each connected gateway took this month, and whether its quota lasts.
    Quota,
    /// Let the next job try a gateway at once, for whoever has just mended its account.
    Probe {
        /// The gateway, such as nhn, or smtp for the mail server.
        #[arg(value_parser = gateway)]
        gateway: Provider,
    },
}

pub(super) fn gateway(text: &str) -> Result<Provider, String> {
    Provider::ALL
        .iter()
        .copied()
        .find(|provider| provider.as_str() == text)
        .ok_or_else(|| format!("`{text}` is no gateway; say one of those that `fleet gateways list` names"))
}
