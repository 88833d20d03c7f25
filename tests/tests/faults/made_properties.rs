//! Properties of any kind, made from a seed.

use closure_contract::JobId;
use closure_tests::{
    agreement::random::Random,
    harness::raw_amqp::{Properties, Property, field, long, table},
};

use crate::properties::EUC_KR;

/// An array of these words, as the broker's `CC` wants it.
pub(crate) fn words(words: &[&str]) -> Vec<u8> {
    let items: Vec<u8> = words.iter().flat_map(|word| field(b'S', &long(word.as_bytes()))).collect();
    field(b'A', &long(&items))
}

/// An array in an array, as deep as one frame of headers allows.
pub(crate) fn nested(depth: usize) -> Vec<u8> {
    // Written from the inside: each level has all lengths of those within it.
    let mut bytes = Vec::with_capacity(5 * depth + 1);
    for level in (0..depth).rev() {
        bytes.push(b'A');
        bytes.extend(u32::try_from(5 * level + 1).expect("a frame's length").to_be_bytes());
    }
    bytes.push(b'V');
    bytes
}

/// A value of a random type for a header, its contents random too.
pub(crate) fn value(random: &mut Random, depth: usize) -> Vec<u8> {
    let bytes = |random: &mut Random, count: usize| -> Vec<u8> {
        (0..count).map(|_| u8::try_from(random.below(256)).expect("a byte")).collect()
    };
    let kind = *random.one(b"tbBsuIilfdDSATFxV");
    let content = match kind {
        b't' | b'b' | b'B' => bytes(random, 1),
        b's' | b'u' => bytes(random, 2),
        b'I' | b'i' | b'f' => bytes(random, 4),
        b'D' => bytes(random, 5),
        b'l' | b'd' | b'T' => bytes(random, 8),
        b'A' if depth > 0 => long(&value(random, depth - 1)),
        b'F' if depth > 0 => table(&[(b"k", value(random, depth - 1))]),
        b'A' | b'F' => long(b""),
        b'V' => Vec::new(),
        _ => {
            let count = random.below(300);
            long(&bytes(random, count))
        }
    };
    field(kind, &content)
}

/// A text property: absent, empty, longest, no UTF-8, or something that means something.
pub(crate) fn text(random: &mut Random, sound: &[u8]) -> Option<Vec<u8>> {
    match random.below(6) {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some(vec![b'x'; 255]),
        3 => Some(EUC_KR.to_vec()),
        4 => Some(vec![0xff; 255]),
        _ => Some(sound.to_vec()),
    }
}

pub(crate) fn properties(random: &mut Random, id: JobId, broker: Forwarding) -> Properties {
    let own_id = id.to_string();
    let mut made = Properties::default();
    let texts: [(Property, &[u8], usize); 10] = [
        (Property::ContentType, b"application/json", 50),
        (Property::ContentEncoding, b"utf-8", 30),
        (Property::CorrelationId, b"c-1", 30),
        (Property::ReplyTo, b"amq.rabbitmq.reply-to", 20),
        (Property::Expiration, b"60000", 10),
        (Property::MessageId, own_id.as_bytes(), 80),
        (Property::Type, b"closure.email/1", 50),
        (Property::UserId, b"guest", 10),
        (Property::AppId, b"closure-fleet", 30),
        (Property::ClusterId, b"c", 10),
    ];
    for (property, sound, percent) in texts {
        if random.percent(percent)
            && let Some(bytes) = text(random, sound)
        {
            made = made.text(property, &bytes);
        }
    }
    for (property, percent) in [(Property::DeliveryMode, 60), (Property::Priority, 30)] {
        if random.percent(percent) {
            made = made.raw(property, vec![*random.one(&[0, 1, 2, 9, 255])]);
        }
    }
    if random.percent(30) {
        made = made.raw(Property::Timestamp, random.one(&[0, 1, u64::MAX, 1 << 62]).to_be_bytes().to_vec());
    }
    if random.percent(70) {
        made = made.headers(&headers(random, broker));
    }
    made
}

/// A death as the broker itself writes it, which the message never died.
pub(crate) fn sound_death(queue: &str) -> Vec<u8> {
    let death = table(&[
        (b"queue", field(b'S', &long(queue.as_bytes()))),
        (b"reason", field(b'S', &long(b"rejected"))),
        (b"exchange", field(b'S', &long(b"closure.home"))),
        (b"count", field(b'l', &i64::MAX.to_be_bytes())),
        (b"routing-keys", words(&["email"])),
        (b"time", field(b'T', &0_u64.to_be_bytes())),
    ]);
    field(b'A', &long(&field(b'F', &death)))
}

/// Whether a broker forwarding whatever it has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forwarding {
    /// RabbitMQ from 4.0 on.
    Sound,
    /// Earlier ones, which some headers stop: `tests/dead_lettering.rs` has them.
    Fragile,
}

/// Headers, some of them twice.
pub(crate) fn headers(random: &mut Random, broker: Forwarding) -> Vec<(&'static [u8], Vec<u8>)> {
    let names: [&[u8]; 16] = [
        b"CC",
        b"BCC",
        b"x-death",
        b"x-first-death-reason",
        b"x-last-death-queue",
        b"x-delivery-count",
        b"x-closure-attempt",
        b"x-closure-generation",
        b"traceparent",
        b"",
        EUC_KR,
        &[b'n'; 255],
        b"x-delay",
        b"x-opt-deaths",
        b"x-acquired-count",
        b"content_type",
    ];
    let count = random.below(6);
    let mut headers: Vec<_> = (0..count)
        .map(|_| {
            let name = *random.one(&names);
            let value = match (name, random.below(3)) {
                (b"CC" | b"BCC", 0) => words(&["sms", "zzz"]),
                (b"CC" | b"BCC", 1) => words(&["email", "email"]),
                (b"x-closure-generation" | b"x-closure-attempt", 0) => field(b'I', &7_i32.to_be_bytes()),
                (b"x-death", 0) => sound_death("closure.email"),
                (_, 1) if name == EUC_KR => field(b'A', &long(&nested(50))),
                _ => value(random, 3),
            };
            (name, value)
        })
        .collect();
    if broker == Forwarding::Fragile {
        for name in [&b"CC"[..], b"BCC"] {
            let mut known = false;
            headers.retain(|(other, _)| *other != name || !std::mem::replace(&mut known, true));
        }
        headers.retain(|(name, value)| {
            *name != b"x-death" || value[0] != b'A' || *value == sound_death("closure.email")
        });
    }
    headers
}
