//! When the silence of each gateway counts as an answer, by country and kind.

use std::{collections::HashMap, time::Duration};

use closure_contract::{Provider, SmsProvider, facts::texts::TextKind};
use closure_policy::gateway::receipt_due::ReceiptDue;
use closure_providers::{Capabilities, Descriptor};

use super::{
    gateways::{Keys, connected},
    source::Source,
};

/// No receipt has more time than 31 days.
pub const RECEIPT_DUE_MS_MAX: u64 = 31 * 24 * 3_600_000;
const KEY: &str = "receipt_due_ms";

/// The times of the connected gateways that differ from the rulebook's.
pub fn receipt_dues(source: &mut Source<'_>) -> HashMap<Provider, ReceiptDue> {
    let mut dues = HashMap::new();
    for gateway in connected(source) {
        let capabilities = Descriptor::of(gateway).capabilities;
        let mut due = of_gateway(&capabilities);
        let mut keys = Keys::of(source, gateway);
        let text = keys.value::<String>(KEY);
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            if let Err(problem) = read(entry, gateway, &capabilities, &mut due) {
                keys.refuse(KEY, &problem);
            }
        }
        dues.insert(gateway.provider(), due);
    }
    dues
}

/// What is known of a gateway without any configuration.
fn of_gateway(capabilities: &Capabilities) -> ReceiptDue {
    let own = capabilities.receipt_due.iter();
    let ms = |after: Duration| u64::try_from(after.as_millis()).unwrap_or(RECEIPT_DUE_MS_MAX);
    ReceiptDue { kinds: own.map(|(kind, after)| (*kind, ms(*after))).collect(), ..ReceiptDue::default() }
}

/// One entry, such as `lms=291600000` or `84=7200000`.
fn read(
    entry: &str,
    gateway: SmsProvider,
    capabilities: &Capabilities,
    due: &mut ReceiptDue,
) -> Result<(), String> {
    let unread = || {
        format!(
            "`{entry}` is no overseas, sms, lms or country code with its milliseconds, such as 84=7200000"
        )
    };
    let (what, ms) = entry.split_once('=').ok_or_else(unread)?;
    let ms = ms.trim().parse::<u64>().map_err(|_| unread())?;
    if !(1..=RECEIPT_DUE_MS_MAX).contains(&ms) {
        return Err(format!("`{entry}`: say 1 to {RECEIPT_DUE_MS_MAX} milliseconds, which are 31 days"));
    }
    let kind = match what.trim() {
        "overseas" => TextKind::Overseas,
        "sms" => TextKind::DomesticSms,
        "lms" if capabilities.text_limits.domestic_lms.is_none() => {
            return Err(format!("`{entry}`: {gateway} has no long messages; it sends every text as SMS"));
        }
        "lms" => TextKind::DomesticLms,
        "82" => return Err(format!("`{entry}`: say sms or lms of texts inside Korea")),
        code => {
            let code = code.parse().ok().filter(|code| (1..=999).contains(code)).ok_or_else(unread)?;
            due.countries.insert(code, ms);
            return Ok(());
        }
    };
    due.kinds.insert(kind, ms);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load_from;

    /// What is read of this value, with NHN Cloud and Infobip connected.
    fn read(gateway: &'static str, value: &'static str) -> Result<HashMap<Provider, ReceiptDue>, String> {
        let lookup = move |name: &str| match name {
            "FLEET_SMS_GATEWAYS" => Some("nhn,infobip".to_owned()),
            name if name == format!("FLEET_SMS_{gateway}_RECEIPT_DUE_MS") => Some(value.to_owned()),
            _ => None,
        };
        load_from(&lookup, None, receipt_dues).map_err(|problem| problem.to_string())
    }

    #[test]
    fn what_is_not_named_keeps_the_gateways_own_time_and_what_is_named_has_its_own() {
        let ms = |value, kind, country_code| {
            read("NHN", value).expect("it is sound")[&Provider::Nhn].ms(kind, country_code, 26)
        };
        for (value, kind, country_code, expected) in [
            ("", TextKind::DomesticLms, Some(82), 291_600_000),
            ("", TextKind::DomesticSms, Some(82), 26),
            ("", TextKind::Overseas, Some(84), 26),
            ("84=5", TextKind::DomesticLms, Some(82), 291_600_000),
            ("84=5", TextKind::Overseas, Some(84), 5),
            ("84=5, lms=7,overseas=9", TextKind::DomesticLms, Some(82), 7),
            ("84=5, lms=7,overseas=9", TextKind::Overseas, Some(81), 9),
        ] {
            assert_eq!(ms(value, kind, country_code), expected, "{value}: {kind:?}");
        }
    }

    #[test]
    fn what_is_no_time_of_a_kind_or_a_country_is_refused_with_the_key() {
        for (gateway, value, problem) in [
            ("NHN", "84", "such as 84=7200000"),
            ("NHN", "84=", "such as 84=7200000"),
            ("NHN", "mms=5", "such as 84=7200000"),
            ("NHN", "1000=5", "such as 84=7200000"),
            ("NHN", "84=0", "1 to 2678400000 milliseconds"),
            ("NHN", "lms=2678400001", "1 to 2678400000 milliseconds"),
            ("NHN", "82=5", "say sms or lms"),
            ("INFOBIP", "lms=5", "infobip has no long messages"),
        ] {
            let told = read(gateway, value).expect_err(value);
            let key = format!("sms.{}.receipt_due_ms", gateway.to_lowercase());
            assert!(told.contains(problem) && told.contains(&key), "{told}");
        }
    }
}
