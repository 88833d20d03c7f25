//! How fast each gateway's account may be asked, and how much it may send in a month.

use std::num::{NonZeroU32, NonZeroU64};

use closure_contract::Provider;

use super::{
    gateways::{Keys, connected},
    receipt_dues::RECEIPT_DUE_MS_MAX,
    source::Source,
};
use crate::gateways::rate_limit::Rates;

/// The rates of the connected gateways.
pub fn rates(source: &mut Source<'_>) -> Rates {
    let mut rates = Rates::default();
    for gateway in connected(source) {
        let mut keys = Keys::of(source, gateway);
        if let Some(rate) = NonZeroU32::new(keys.value("rate_per_s")) {
            rates.gateways.insert(gateway.provider(), rate);
        }
        let text = keys.value::<String>("country_rates_per_s");
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            match country_rate(entry) {
                Some((country_code, rate)) => {
                    rates.countries.insert((gateway.provider(), country_code), rate);
                }
                None => keys.refuse(
                    "country_rates_per_s",
                    &format!("`{entry}` is no country code with its requests a second, such as 84=2"),
                ),
            }
        }
    }
    rates
}

/// No receipt has more time.
const INQUIRE_BEFORE_DUE_MS_MAX: u64 = RECEIPT_DUE_MS_MAX;

/// When a gateway is asked about a text without a receipt.
#[derive(Debug, Clone, Copy)]
pub struct InquirySettings {
    /// From so long before the receipt is overdue; 0 asks nobody.
    pub before_due_ms: u64,
    /// Between two looks, in milliseconds.
    pub pause_ms: NonZeroU64,
}

/// When the gateways are asked about texts without a receipt.
pub fn inquiries(source: &mut Source<'_>) -> InquirySettings {
    let before_due_ms = source.value("sms.inquire_before_due_ms");
    if before_due_ms > INQUIRE_BEFORE_DUE_MS_MAX {
        source.refuse(format!(
            "`sms.inquire_before_due_ms`: at most {INQUIRE_BEFORE_DUE_MS_MAX}, the longest time that a receipt may take"
        ));
    }
    let pause_ms = NonZeroU64::new(source.value("sms.inquire_ms")).unwrap_or_else(|| {
        source.refuse("`sms.inquire_ms`: at least 1".to_owned());
        NonZeroU64::MIN
    });
    InquirySettings { before_due_ms, pause_ms }
}

/// Each connected gateway with its monthly quota, where it has one.
pub fn quotas(source: &mut Source<'_>) -> Vec<(Provider, Option<NonZeroU64>)> {
    let quota = |source: &mut Source<'_>, gateway| Keys::of(source, gateway).value("month_quota");
    let connected = connected(source).into_iter();
    connected.map(|gateway| (gateway.provider(), NonZeroU64::new(quota(source, gateway)))).collect()
}

fn country_rate(entry: &str) -> Option<(u16, NonZeroU32)> {
    let (country_code, rate) = entry.split_once('=')?;
    let country_code = country_code.trim().parse().ok().filter(|code| (1..=999).contains(code))?;
    Some((country_code, rate.trim().parse().ok()?))
}
