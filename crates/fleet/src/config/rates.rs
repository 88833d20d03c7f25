//! How fast each gateway's account may be asked.

use std::num::NonZeroU32;

use closure_contract::Provider;

use super::{gateways::connected, source::Source};
use crate::workers::pace::Rates;

/// The rates of the connected gateways.
pub fn rates(source: &mut Source<'_>) -> Rates {
    let mut rates = Rates::default();
    for provider in connected(source) {
        let Some((of_account, of_countries)) = keys(provider) else { continue };
        if let Some(rate) = NonZeroU32::new(source.value(of_account)) {
            rates.gateways.insert(provider, rate);
        }
        let text = source.value::<String>(of_countries);
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match country_rate(entry) {
                Some((country_code, rate)) => {
                    rates.countries.insert((provider, country_code), rate);
                }
                None => source.refuse(format!(
                    "`{of_countries}`: `{entry}` is no country code with its requests a second, such as 84=2"
                )),
            }
        }
    }
    rates
}

/// The keys of a gateway's rates; nothing for a provider that carries no text messages.
fn keys(provider: Provider) -> Option<(&'static str, &'static str)> {
    match provider {
        Provider::Nhn => Some(("sms.nhn.rate_per_s", "sms.nhn.country_rates_per_s")),
        Provider::Infobip => Some(("sms.infobip.rate_per_s", "sms.infobip.country_rates_per_s")),
        Provider::Twilio => Some(("sms.twilio.rate_per_s", "sms.twilio.country_rates_per_s")),
        Provider::Smtp | Provider::Asterisk => None,
    }
}

fn country_rate(entry: &str) -> Option<(u16, NonZeroU32)> {
    let (country_code, rate) = entry.split_once('=')?;
    let country_code = country_code.trim().parse().ok().filter(|code| (1..=999).contains(code))?;
    Some((country_code, rate.trim().parse().ok()?))
}
