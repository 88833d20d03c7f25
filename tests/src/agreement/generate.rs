//! The jobs: all channels, scopes and times, good ones and bad ones.

use closure_contract::Timestamp;
use serde_json::{Value, json};
use time::Duration;

use super::{numbers, random::Random, texts};

/// The marks of one wave: by them its jobs are found again.
pub(super) struct Wave {
    /// The seed of the whole run.
    pub(super) seed: u64,
    /// The number of the wave.
    pub(super) number: usize,
    /// The moment at which it is made.
    pub(super) made_at: Timestamp,
    /// So long after that the jobs with `not_before` may go.
    pub(super) not_before: Duration,
}

impl Wave {
    /// How every consultation of the wave begins.
    pub(super) fn consultations(&self) -> String {
        format!("agree-{}-{}-", self.seed, self.number)
    }
}

/// One job of a wave; the same seed and index make the same job, times apart.
pub(super) fn job(wave: &Wave, index: usize) -> Value {
    let mut random = Random::of(wave.seed, ((wave.number as u64) << 32) | index as u64);
    let mut job = match random.below(10) {
        0..=6 => sms(&mut random),
        7 | 8 => email(&mut random),
        _ => dial(&mut random),
    };
    job["job_id"] = json!(random.uuid());
    job["consultation"] = json!({
        "id": format!("{}{index}", wave.consultations()),
        "channel": *random.one(&["inbound_call", "outbound_call", "board"]),
    });
    if random.percent(50) {
        job["consultation"]["revision"] = json!(1 + random.below(9));
    }
    times(&mut random, wave, &mut job);
    if random.percent(2) {
        misshape(&mut random, &mut job);
    }
    job
}

fn sms(random: &mut Random) -> Value {
    let number = numbers::typed(random);
    let mut to = json!({ "phone": number.phone });
    address(random, &mut to);
    let mut job = json!({
        "kind": "closure.sms/1",
        "agent": { "id": "a-1042", "extension": "1001" },
        "scope": scope(random, number.country_code),
        "to": to,
        "sms": texts::content(random, number.country_code),
    });
    match random.below(4) {
        0 => {}
        1 => job["fallback"] = json!({ "subject": subject(random), "text": texts::sentence(random) }),
        2 => job["fallback"] = json!({ "text": texts::sentence(random), "html": "<p>Hello</p>" }),
        _ => job["fallback"] = json!({ "subject": subject(random) }),
    }
    job
}

fn email(random: &mut Random) -> Value {
    let mut to = json!({});
    address(random, &mut to);
    let mut job = json!({
        "kind": "closure.email/1",
        "agent": { "id": "a-1042" },
        "scope": *random.one(&["overseas", "overseas", "domestic"]),
        "to": to,
        "email": { "subject": subject(random), "text": texts::sentence(random) },
    });
    if random.percent(20) {
        job["email"]["html"] = json!(*random.one(&["<p>Hello <b>you</b></p>", "", "plain"]));
    }
    job
}

fn dial(random: &mut Random) -> Value {
    let number = numbers::typed(random);
    let extension = match random.below(12) {
        0 => "1888".to_owned(),
        1 => "1777".to_owned(),
        2 => "1555".to_owned(),
        3 => "1500".to_owned(),
        _ => format!("{}", 1_001 + random.below(99)),
    };
    json!({
        "kind": "closure.dial/1",
        "agent": { "id": "a-1042", "extension": extension },
        "scope": scope(random, number.country_code),
        "to": { "phone": number.phone },
    })
}

/// What the agent chose: nearly always what the country asks for.
fn scope(random: &mut Random, country_code: &str) -> &'static str {
    match (country_code == "82", random.percent(7)) {
        (true, false) | (false, true) => "domestic",
        (true, true) | (false, false) => "overseas",
    }
}

fn address(random: &mut Random, to: &mut Value) {
    let local = random.uuid().simple().to_string();
    to["email"] = match random.below(20) {
        0 | 1 => return,
        2 => Value::Null,
        3 => json!(*random.one(&[
            "",
            "  ",
            "no address",
            "a@b",
            "한글@example.com",
            "a@example.com\r\nBcc: x@y.zz"
        ])),
        4 => json!(format!("unknown-{local}@example.com")),
        5 => json!(format!("  {local}@example.com ")),
        _ => json!(format!("{local}@example.com")),
    };
    if random.percent(30) {
        to["language"] = json!(*random.one(&["en", "vi", "zh-Hans", "ja", "ko", "th", "ar", "xx"]));
    }
}

fn subject(random: &mut Random) -> String {
    match random.below(12) {
        0 => "고객 문의 답변".to_owned(),
        1 => String::new(),
        2 => "Your refund\r\nBcc: someone@example.com".to_owned(),
        3 => "S".repeat(150),
        4 => "S".repeat(151),
        5 => "12345 !?".to_owned(),
        6 => "Résumé of your trip".to_owned(),
        _ => "Your K.ride inquiry".to_owned(),
    }
}

fn times(random: &mut Random, wave: &Wave, job: &mut Value) {
    let at = |distance: Duration| json!(Timestamp(wave.made_at.0 + distance).to_string());
    match random.below(100) {
        0..=2 => job["expires_at"] = at(-Duration::MINUTE),
        3..=9 => job["expires_at"] = at(Duration::DAY),
        _ => {}
    }
    match random.below(100) {
        0..=1 => job["not_before"] = at(wave.not_before),
        2..=5 => job["not_before"] = at(-Duration::MINUTE),
        _ => {}
    }
}

/// Takes away what makes a document a job; its id stays, by which it is found again.
fn misshape(random: &mut Random, job: &mut Value) {
    match random.below(5) {
        0 => job["scope"] = json!("the moon"),
        1 => job["agent"] = json!("a-1042"),
        2 => job["to"] = json!({ "phone": {} }),
        3 => job["consultation"]["revision"] = json!(-1),
        _ => job["expires_at"] = json!("tomorrow"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use closure_contract::Timestamp;
    use time::{Duration, OffsetDateTime};

    use super::{Wave, job};

    fn wave(seed: u64) -> Wave {
        let made_at = Timestamp(OffsetDateTime::UNIX_EPOCH);
        Wave { seed, number: 0, made_at, not_before: Duration::SECOND }
    }

    #[test]
    fn the_same_seed_makes_the_same_jobs_and_another_makes_others() {
        let jobs = |seed| (0..200).map(|index| job(&wave(seed), index)).collect::<Vec<_>>();
        assert_eq!(jobs(7), jobs(7));
        assert_ne!(jobs(7), jobs(8));
    }

    #[test]
    fn no_two_jobs_of_a_run_have_the_same_id() {
        for seed in [0, 1, 2, 20_261_122] {
            let waves = (0..20).map(|number| Wave { number, ..wave(seed) });
            let ids: Vec<String> = waves
                .flat_map(|wave| (0..500).map(move |index| job(&wave, index)["job_id"].to_string()))
                .collect();
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "seed {seed}");
        }
    }
}
