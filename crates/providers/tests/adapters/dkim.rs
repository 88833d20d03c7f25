//! Signed mail, verified by a program that is not ours: Debian's `python3-dkim`.

use std::process::Command;

use closure_contract::facts::mail::DkimKeyKind;
use closure_providers::{DkimSigner, Mail, render};

use crate::mail::{mail, now};

const RSA: (&str, &str) = (include_str!("keys/dkim_rsa.pem"), include_str!("keys/dkim_rsa.public"));
const ED25519: (&str, &str) =
    (include_str!("keys/dkim_ed25519.pem"), include_str!("keys/dkim_ed25519.public"));
/// Prints whether the mail on standard input verifies against the record in its argument.
const VERIFIER: &str = "
import dkim, sys
record = sys.argv[1].encode()
asked = []
def dns(name, timeout=5):
    asked.append(name.decode() if isinstance(name, bytes) else name)
    return record
print(dkim.verify(sys.stdin.buffer.read(), dnsfunc=dns), asked[0].rstrip('.'))
";

fn signed(mail: &Mail, key: &str) -> Vec<u8> {
    let signer = DkimSigner::new("kakaomobility.com", "fleet1", key).expect("a good key");
    signer.sign(&render(mail, now()).expect("rendered"), now()).expect("signed")
}

fn verified(bytes: &[u8], record: &str) -> String {
    let mut input = tempfile::tempfile().expect("a temporary file");
    std::io::Write::write_all(&mut input, bytes).expect("written");
    std::io::Seek::rewind(&mut input).expect("rewound");
    let output = Command::new("/usr/bin/python3")
        .args(["-c", VERIFIER, record])
        .stdin(input)
        .output()
        .expect("python3 can be started; cargo xtask test installs it and python3-dkim");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn record(kind: &str, public: &str) -> String {
    format!("v=DKIM1; k={kind}; p={}", public.trim())
}

#[test]
fn a_signed_mail_verifies_and_one_that_was_changed_does_not() {
    let texts = ["Dear customer,\n\n  two  spaces \n\n\n".to_owned(), "긴 글 ".repeat(500)];
    let keys = [("rsa", RSA), ("ed25519", ED25519)];
    for (text, (kind, (key, public))) in texts.iter().flat_map(|text| keys.map(|key| (text, key))) {
        let bytes = signed(&Mail { text: text.clone(), ..mail() }, key);
        let record = record(kind, public);
        assert_eq!(verified(&bytes, &record), "True fleet1._domainkey.kakaomobility.com");
        let said = String::from_utf8(bytes).expect("ASCII");
        for (from, to) in [
            ("Subject: Your inquiry", "Subject: Your invoice"),
            ("noreply@kakaomobility.com>", "noreply@example.com>"),
            ("Auto-Submitted: auto-generated", "Auto-Submitted: no"),
            ("PHA+", "PHB+"),
            ("\r\nSubject:", "\r\nSubject: Another\r\nSubject:"),
        ] {
            let changed = said.replacen(from, to, 1);
            assert_ne!(changed, said, "{from}");
            assert!(verified(changed.as_bytes(), &record).starts_with("False"), "{from}");
        }
    }
}

#[test]
fn the_same_mail_and_time_give_the_same_signature_with_either_kind_of_key() {
    for (key, _) in [RSA, ED25519] {
        assert_eq!(signed(&mail(), key), signed(&mail(), key));
    }
    let said = String::from_utf8(signed(&mail(), ED25519.0)).expect("ASCII");
    assert!(said.starts_with("DKIM-Signature: v=1; a=ed25519-sha256;"), "{said}");
    assert!(said.split("\r\n").all(|line| line.len() <= 998));
}

#[test]
fn what_is_no_key_or_no_name_is_refused_and_no_key_is_printed() {
    for (domain, selector, key) in [
        ("kakaomobility.com", "fleet1", "no key"),
        ("kakaomobility.com", "", RSA.0),
        ("two words", "fleet1", RSA.0),
    ] {
        assert!(DkimSigner::new(domain, selector, key).is_err(), "{domain} {selector}");
    }
    let signer = DkimSigner::new("kakaomobility.com", "fleet1", RSA.0).expect("a good key");
    assert_eq!(format!("{signer:?}"), "DkimSigner(fleet1._domainkey.kakaomobility.com, key masked)");
}

#[test]
fn two_keys_make_two_signatures_of_which_each_verifies_by_the_record_that_is_to_be_published() {
    let signer = DkimSigner::new("kakaomobility.com", "fleet1", RSA.0).expect("a good key");
    let signer = signer.and("fleet2", ED25519.0).expect("a second good key");
    let bytes = signer.sign(&render(&mail(), now()).expect("rendered"), now()).expect("signed");
    let said = String::from_utf8(bytes.clone()).expect("ASCII");
    let algorithms: Vec<&str> = said
        .match_indices("DKIM-Signature: v=1; a=")
        .map(|(at, name)| said[at + name.len()..].split(';').next().expect("there is text"))
        .collect();
    assert_eq!(algorithms, ["rsa-sha256", "ed25519-sha256"], "what every receiver knows comes first");
    let records = signer.records();
    for (record, (public, kind, name)) in records.iter().zip([
        (RSA.1, DkimKeyKind::Rsa, "fleet1._domainkey.kakaomobility.com"),
        (ED25519.1, DkimKeyKind::Ed25519, "fleet2._domainkey.kakaomobility.com"),
    ]) {
        assert_eq!((record.name.as_str(), record.kind), (name, kind));
        assert_eq!(record.public_key, public.trim(), "as openssl and dkimpy write it");
    }
    // The second signature alone, as a receiver finds it below the first.
    let second = said.find("DKIM-Signature: v=1; a=ed25519").expect("there are two");
    for (mail, kind, public) in [(&bytes[..], "rsa", RSA.1), (&bytes[second..], "ed25519", ED25519.1)] {
        assert!(verified(mail, &record(kind, public)).starts_with("True"), "{kind}");
    }
}

#[test]
fn a_second_key_has_a_selector_of_its_own() {
    let signer = || DkimSigner::new("kakaomobility.com", "fleet1", RSA.0).expect("a good key");
    for (selector, key) in [("FLEET1", ED25519.0), ("", ED25519.0), ("fleet2", "no key")] {
        assert!(signer().and(selector, key).is_err(), "{selector}");
    }
}
