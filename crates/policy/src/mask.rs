//! Masked forms of personal data, for people who read logs.

/// A phone number with its middle hidden: `+84******678`.
pub fn phone(number: &str) -> String {
    let count = number.chars().count();
    let (head, tail) = if number.starts_with('+') { (3, 3) } else { (2, 3) };
    if count < head + tail + 3 {
        return "***".to_owned();
    }
    let mut masked: String = number.chars().take(head).collect();
    masked.extend(std::iter::repeat_n('*', (count - head - tail).min(6)));
    masked.extend(number.chars().skip(count - tail));
    masked
}

/// A number of which only its country and its last digits are known: `+84 ******5678`.
pub fn tail(country_code: Option<u32>, last_digits: &str) -> String {
    let country = country_code.map_or_else(String::new, |code| format!("+{code} "));
    format!("{country}******{last_digits}")
}

/// An address with its local part hidden: `m***@example.com`.
pub fn email(address: &str) -> String {
    match address.rsplit_once('@') {
        Some((local, domain)) => match local.trim_start_matches('"').chars().next() {
            Some(first) => format!("{first}***@{domain}"),
            None => "***".to_owned(),
        },
        None => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_keeps_its_country_and_its_last_three_digits() {
        assert_eq!(phone("+84912345678"), "+84******678");
        assert_eq!(phone("84912345678"), "84******678");
    }

    #[test]
    fn a_short_number_is_hidden_whole() {
        assert_eq!(phone("12345"), "***");
        assert_eq!(phone(""), "***");
    }

    #[test]
    fn an_address_keeps_its_first_character_and_its_domain() {
        assert_eq!(email("minsu@example.com"), "m***@example.com");
        assert_eq!(email("no address"), "***");
        assert_eq!(email("@example.com"), "***");
    }
}
