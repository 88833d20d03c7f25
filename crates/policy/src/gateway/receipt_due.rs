//! When a gateway's silence about a text counts as an answer.

use std::collections::BTreeMap;

use closure_contract::facts::texts::TextKind;

/// The times of one gateway that differ from the rulebook's, in milliseconds after it took a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReceiptDue {
    /// Of a kind of text.
    pub kinds: BTreeMap<TextKind, u64>,
    /// Of texts to a country other than Korea.
    pub countries: BTreeMap<u16, u64>,
}

impl ReceiptDue {
    /// The milliseconds after which silence counts: those of the country, of the kind, or the rulebook's.
    pub fn ms(&self, kind: TextKind, country_code: Option<u16>, rulebook_ms: u64) -> u64 {
        let of_country = match kind {
            TextKind::Overseas => country_code.and_then(|code| self.countries.get(&code)),
            TextKind::DomesticSms | TextKind::DomesticLms => None,
        };
        *of_country.or_else(|| self.kinds.get(&kind)).unwrap_or(&rulebook_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countrys_time_comes_before_its_kinds_and_the_rulebooks_is_for_whatever_has_none() {
        use TextKind::{DomesticLms, DomesticSms, Overseas};
        let due = ReceiptDue {
            kinds: BTreeMap::from([(Overseas, 5), (DomesticLms, 80)]),
            countries: BTreeMap::from([(84, 2), (82, 9)]),
        };
        for (kind, country_code, ms) in [
            (Overseas, Some(84), 2),
            (Overseas, Some(81), 5),
            (Overseas, None, 5),
            (DomesticLms, Some(82), 80),
            (DomesticSms, Some(82), 26),
        ] {
            assert_eq!(due.ms(kind, country_code, 26), ms, "{kind:?} {country_code:?}");
        }
        assert_eq!(ReceiptDue::default().ms(Overseas, Some(84), 26), 26);
    }
}
