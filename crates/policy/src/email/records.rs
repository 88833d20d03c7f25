//! What the DNS says of our mail, and the exact record to publish where it says too little.
//!
//! Receivers look here before they believe a mail: SPF (RFC 7208) of the envelope sender's domain, DKIM (RFC 6376) of
//! each key, DMARC (RFC 7489) of the domain in `From`, and the MX record (RFC 5321) by which mails come back.

use closure_contract::facts::mail::{DkimKeyKind, DkimRecord, MailHost};

/// More look-ups than this end an SPF check without a result (RFC 7208, 4.6.4).
const SPF_LOOK_UPS_MAX: usize = 10;
/// One string of a TXT record has at most this many bytes.
const TXT_STRING_BYTES_MAX: usize = 255;

/// The mail server that we give our mail to, as it is configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relay<'a> {
    /// By its name.
    Host(&'a str),
    /// By an address of IPv4.
    Ip4(&'a str),
    /// By an address of IPv6.
    Ip6(&'a str),
}

/// What a record is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordHealth {
    /// Receivers find what they ask for.
    Well,
    /// Mail passes, and somebody should know of it.
    Watch,
    /// Receivers doubt our mail, or nothing comes back.
    Ill,
}

/// What is found of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordFinding {
    /// How it is.
    pub health: RecordHealth,
    /// Why, and what to publish.
    pub detail: String,
}

fn found(health: RecordHealth, detail: impl Into<String>) -> RecordFinding {
    RecordFinding { health, detail: detail.into() }
}

/// A TXT record as a zone file has it, a long text in several strings.
fn txt(name: &str, text: &str) -> String {
    let strings: Vec<String> = text
        .as_bytes()
        .chunks(TXT_STRING_BYTES_MAX)
        .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
        .collect();
    format!("{name}. TXT {}", strings.join(" "))
}

/// SPF of the envelope sender's domain.
pub fn spf(domain: &str, relay: Relay<'_>, texts: &[String]) -> RecordFinding {
    use RecordHealth::{Ill, Watch, Well};
    let is_spf = |text: &&String| {
        let text = text.to_ascii_lowercase();
        text == "v=spf1" || text.starts_with("v=spf1 ")
    };
    let records: Vec<&String> = texts.iter().filter(is_spf).collect();
    let publish = format!("publish: {}", txt(domain, &format!("v=spf1 {} -all", mechanism(relay))));
    let [record] = records[..] else {
        let count = records.len();
        return found(
            Ill,
            match count {
                0 => format!("there is no SPF record; {publish}"),
                _ => format!(
                    "there are {count} SPF records, which receivers take for none; keep one of them: {publish}"
                ),
            },
        );
    };
    let terms: Vec<String> = record.split_ascii_whitespace().skip(1).map(str::to_ascii_lowercase).collect();
    let look_ups = terms.iter().filter(|term| asks_the_dns(term)).count();
    if look_ups > SPF_LOOK_UPS_MAX {
        return found(
            Ill,
            format!(
                "its SPF record asks for {look_ups} look-ups, and receivers stop after {SPF_LOOK_UPS_MAX}: {record}"
            ),
        );
    }
    let all = terms.iter().find_map(|term| term.strip_suffix("all").filter(|sign| sign.len() <= 1));
    let redirects = terms.iter().any(|term| term.starts_with("redirect="));
    match (all, redirects) {
        (Some("" | "+"), _) => {
            found(Ill, format!("its SPF record lets everybody send in its name: {record}; end it with -all"))
        }
        (Some("-" | "~"), _) | (None, true) => found(Well, record.clone()),
        (_, _) => found(Watch, format!("its SPF record denies nobody: {record}; end it with -all")),
    }
}

/// How a mail server is named in an SPF record.
fn mechanism(relay: Relay<'_>) -> String {
    match relay {
        Relay::Host(name) => format!("a:{name}"),
        Relay::Ip4(address) => format!("ip4:{address}"),
        Relay::Ip6(address) => format!("ip6:{address}"),
    }
}

fn asks_the_dns(term: &str) -> bool {
    let term = term.trim_start_matches(['+', '-', '~', '?']);
    let name = term.split([':', '/', '=']).next().unwrap_or_default();
    matches!(name, "a" | "mx" | "ptr" | "include" | "exists" | "redirect")
}

/// The public key of one of our DKIM keys.
pub fn dkim(ours: &DkimRecord, texts: &[String]) -> RecordFinding {
    use RecordHealth::{Ill, Watch, Well};
    let publish = || {
        let text = format!("v=DKIM1; k={}; p={}", word(ours.kind), ours.public_key);
        format!("publish: {}", txt(&ours.name, &text))
    };
    let record = match texts {
        [] => return found(Ill, format!("there is no record of our key; {}", publish())),
        [record] => record,
        _ => {
            return found(
                Ill,
                format!("there are {} records, and receivers take any of them; {}", texts.len(), publish()),
            );
        }
    };
    let tags = tags(record);
    let tag = |wanted: &str| tags.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let key: String = tag("p").unwrap_or_default().split_ascii_whitespace().collect();
    let kind = tag("k").unwrap_or("rsa");
    if key.is_empty() {
        return found(Ill, format!("the key was withdrawn (p is empty); {}", publish()));
    }
    if key != ours.public_key || !kind.eq_ignore_ascii_case(word(ours.kind)) {
        return found(Ill, format!("it holds another key than email.dkim_key; {}", publish()));
    }
    if tag("t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y")) {
        return found(
            Watch,
            "it says t=y, so that receivers treat our mail as if it were not signed; take that out",
        );
    }
    found(Well, format!("holds the {} key that signs our mail", word(ours.kind)))
}

/// The word of the tag `k`.
fn word(kind: DkimKeyKind) -> &'static str {
    match kind {
        DkimKeyKind::Rsa => "rsa",
        DkimKeyKind::Ed25519 => "ed25519",
    }
}

/// The tags of a record, names in lower case.
fn tags(record: &str) -> Vec<(String, String)> {
    let pairs = record.split(';').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned())).collect()
}

/// Whose names a mail bears besides the one in `From`.
#[derive(Debug, Clone, Copy)]
pub struct MailNames<'a> {
    /// The domain in `From`.
    pub from: &'a str,
    /// The domain of the envelope sender.
    pub envelope: &'a str,
    /// The domains that sign.
    pub signers: &'a [&'a str],
}

/// DMARC of the domain in `From`: `place` is where a record was looked for last, and `texts` what is there.
pub fn dmarc(names: MailNames<'_>, place: &str, texts: &[String]) -> RecordFinding {
    use RecordHealth::{Ill, Watch, Well};
    let is_dmarc = |text: &&String| text.to_ascii_lowercase().replace(' ', "").starts_with("v=dmarc1;");
    let records: Vec<&String> = texts.iter().filter(is_dmarc).collect();
    let publish = format!("publish: {}", txt(&format!("_dmarc.{}", names.from), "v=DMARC1; p=none"));
    let [record] = records[..] else {
        return match records.len() {
            0 => found(Watch, format!("there is no DMARC record, which Gmail asks for; {publish}")),
            count => found(
                Ill,
                format!("there are {count} DMARC records at {place}, which receivers take for none"),
            ),
        };
    };
    let tags = tags(record);
    let tag = |wanted: &str| {
        tags.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.to_ascii_lowercase())
    };
    let policy = match tag("p").as_deref() {
        Some(policy @ ("none" | "quarantine" | "reject")) => policy.to_owned(),
        Some(_) | None => return found(Ill, format!("its p is not none, quarantine or reject: {record}")),
    };
    let organisation = place.strip_prefix("_dmarc.").unwrap_or(place);
    let aligned = |domain: &str, mode: &str| match tag(mode).as_deref() {
        Some("s") => domain.eq_ignore_ascii_case(names.from),
        Some(_) | None => {
            is_below(domain, organisation) && is_below(names.from, organisation)
                || is_below(domain, names.from)
        }
    };
    let signs = names.signers.iter().any(|domain| aligned(domain, "adkim"));
    let sends = aligned(names.envelope, "aspf");
    match (signs, sends, policy.as_str()) {
        (true, _, _) | (_, true, _) => {
            let by = match (signs, sends) {
                (true, true) => "by DKIM and by SPF",
                (true, false) => "by DKIM",
                (false, _) => "by SPF",
            };
            found(Well, format!("{record}; our mail agrees with it {by}"))
        }
        (false, false, "none") => found(
            Watch,
            format!(
                "{record}; neither the envelope sender's domain {} nor a signature agrees with {}, so that our mail fails it",
                names.envelope, names.from
            ),
        ),
        (false, false, _) => found(
            Ill,
            format!(
                "{record}; neither the envelope sender's domain {} nor a signature agrees with {}, so that receivers refuse \
             our mail: sign it in the name of {} (email.dkim_domain), or put bounces.domain below it",
                names.envelope, names.from, names.from
            ),
        ),
    }
}

/// Whether a domain is this one or lies below it.
fn is_below(domain: &str, above: &str) -> bool {
    let (domain, above) = (domain.to_ascii_lowercase(), above.to_ascii_lowercase());
    domain == above || domain.ends_with(&format!(".{above}"))
}

/// The MX record of the domain that mails come back to; a host without an address takes nothing.
pub fn mx(domain: &str, relay: Relay<'_>, hosts: &[MailHost]) -> RecordFinding {
    use RecordHealth::{Ill, Well};
    let host = match relay {
        Relay::Host(name) => name.to_owned(),
        Relay::Ip4(_) | Relay::Ip6(_) => format!("mx.{domain}"),
    };
    let publish =
        format!("publish: {domain}. MX 10 {host}. (or another host that delivers into bounces.maildir)");
    if hosts.is_empty() {
        return found(Ill, format!("there is no MX record, so that no mail comes back; {publish}"));
    }
    if hosts.iter().any(|host| host.name.is_empty()) {
        return found(Ill, format!("its MX record says that it takes no mail (RFC 7505); {publish}"));
    }
    let lost: Vec<&str> =
        hosts.iter().filter(|host| !host.has_address).map(|host| host.name.as_str()).collect();
    if !lost.is_empty() {
        return found(
            Ill,
            format!("these hosts of its MX record have no address: {}; {publish}", lost.join(", ")),
        );
    }
    found(
        Well,
        hosts.iter().map(|host| format!("{} {}", host.preference, host.name)).collect::<Vec<_>>().join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use RecordHealth::{Ill, Watch, Well};

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    /// The finding has this health, and its detail these words.
    fn says(finding: &RecordFinding, health: RecordHealth, words: &str) {
        assert_eq!(finding.health, health, "{}", finding.detail);
        assert!(finding.detail.contains(words), "{words} is not in: {}", finding.detail);
    }

    #[test]
    fn an_spf_record_is_one_asks_for_few_look_ups_and_denies_all_others() {
        let of = |all: &[&str]| spf("example.com", Relay::Host("mx.example.com"), &texts(all));
        says(&of(&["v=spf1 a:mx.example.com -all", "another text"]), Well, "v=spf1 a:mx.example.com -all");
        says(&of(&["V=SPF1 include:_spf.example.net ~all"]), Well, "include");
        says(&of(&["v=spf1 redirect=_spf.example.net"]), Well, "redirect");
        says(&of(&[]), Ill, "publish: example.com. TXT \"v=spf1 a:mx.example.com -all\"");
        says(&of(&["v=spf10 -all"]), Ill, "there is no SPF record");
        says(&of(&["v=spf1 -all", "v=spf1 mx -all"]), Ill, "there are 2 SPF records");
        says(&of(&["v=spf1 mx +all"]), Ill, "everybody");
        says(&of(&["v=spf1 mx all"]), Ill, "everybody");
        says(&of(&["v=spf1 mx ?all"]), Watch, "denies nobody");
        says(&of(&["v=spf1 mx"]), Watch, "denies nobody");
        let eleven = format!("v=spf1 {} -all", "include:a.example ".repeat(11));
        says(&of(&[&eleven]), Ill, "11 look-ups");
        says(&spf("example.com", Relay::Ip4("192.0.2.7"), &[]), Ill, "\"v=spf1 ip4:192.0.2.7 -all\"");
        says(&spf("example.com", Relay::Ip6("2001:db8::7"), &[]), Ill, "\"v=spf1 ip6:2001:db8::7 -all\"");
    }

    #[test]
    fn a_dkim_record_holds_the_very_key_that_signs() {
        let key = "A".repeat(392);
        let ours = DkimRecord {
            name: "fleet1._domainkey.example.com".to_owned(),
            domain: "example.com".to_owned(),
            kind: DkimKeyKind::Rsa,
            public_key: key.clone(),
        };
        let of = |all: &[&str]| dkim(&ours, &texts(all));
        says(&of(&[&format!("v=DKIM1; k=rsa; p={key}")]), Well, "the rsa key");
        says(&of(&[&format!("p={} {}", &key[..200], &key[200..])]), Well, "the rsa key");
        let published = of(&[]);
        says(&published, Ill, "publish: fleet1._domainkey.example.com. TXT \"v=DKIM1; k=rsa; p=AAAA");
        let strings: Vec<&str> = published.detail.split('"').skip(1).step_by(2).collect();
        assert_eq!(strings.concat(), format!("v=DKIM1; k=rsa; p={key}"), "it can be pasted as it stands");
        assert!(strings.iter().all(|string| string.len() <= 255));
        says(&of(&["v=DKIM1; p="]), Ill, "withdrawn");
        says(&of(&["v=DKIM1; k=rsa; p=BBBB"]), Ill, "another key");
        says(&of(&[&format!("v=DKIM1; k=ed25519; p={key}")]), Ill, "another key");
        says(&of(&[&format!("v=DKIM1; t=y; p={key}")]), Watch, "t=y");
        says(&of(&["p=A", "p=B"]), Ill, "2 records");
    }

    #[test]
    fn dmarc_passes_by_the_envelope_sender_or_by_a_signature_of_the_same_organisation() {
        let names = MailNames { from: "kride.example.com", envelope: "bounce.example.com", signers: &[] };
        let of = |names, all: &[&str]| dmarc(names, "_dmarc.example.com", &texts(all));
        says(&of(names, &["v=DMARC1; p=reject"]), Well, "by SPF");
        says(&of(names, &["v=DMARC1; p=reject; aspf=s"]), Ill, "sign it in the name of kride.example.com");
        says(&of(names, &["v=DMARC1; p=none; aspf=s"]), Watch, "fails it");
        let signed = MailNames { signers: &["kride.example.com"], envelope: "other.example.net", ..names };
        says(&of(signed, &["v=DMARC1; p=quarantine; adkim=s"]), Well, "by DKIM");
        let elsewhere = MailNames { signers: &["other.example.net"], ..signed };
        says(&of(elsewhere, &["v=DMARC1; p=reject"]), Ill, "other.example.net");
        says(&of(names, &[]), Watch, "publish: _dmarc.kride.example.com. TXT \"v=DMARC1; p=none\"");
        says(&of(names, &["v=DMARC1; p=maybe"]), Ill, "not none, quarantine or reject");
        says(&of(names, &["v=DMARC1; p=none", "v=DMARC1; p=reject"]), Ill, "2 DMARC records");
    }

    #[test]
    fn mails_come_back_to_a_host_with_an_address() {
        let host = |name: &str, has_address| MailHost { preference: 10, name: name.to_owned(), has_address };
        let of = |hosts: &[MailHost]| mx("bounce.example.com", Relay::Host("mx.example.com"), hosts);
        says(&of(&[host("mx.example.com", true)]), Well, "10 mx.example.com");
        says(&of(&[]), Ill, "publish: bounce.example.com. MX 10 mx.example.com.");
        says(&of(&[host("", false)]), Ill, "takes no mail");
        says(&of(&[host("mx.example.com", true), host("gone.example.com", false)]), Ill, "gone.example.com");
        says(&mx("bounce.example.com", Relay::Ip4("192.0.2.7"), &[]), Ill, "MX 10 mx.bounce.example.com.");
    }
}
