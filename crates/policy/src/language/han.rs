//! What is known about one Han character: which country writes it so.

use std::sync::LazyLock;

use encoding_rs::{BIG5, Encoding, GBK, SHIFT_JIS};

/// The Han characters that the standards of the four countries have, but for rare ones.
const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9fff;

/// Who writes a Han character so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Han {
    /// Simplified Chinese writes it otherwise.
    pub(crate) traditional: bool,
    /// Japan's standard has it, and neither the mainland's nor Taiwan's does: its own short forms, such as the first
    /// character of 処理, and its own creations, such as the first of 働き.
    pub(crate) japanese: bool,
    /// The mainland's standard has it, and neither Japan's nor Taiwan's does.
    pub(crate) simplified: bool,
}

/// Asking the encoders for each character made a Chinese text several times as dear as a Latin one.
static TABLE: LazyLock<Vec<Han>> =
    LazyLock::new(|| (FIRST..=LAST).filter_map(char::from_u32).map(looked_up).collect());

/// Looks a Han character up.
pub(crate) fn of(character: char) -> Han {
    let at = u32::from(character).checked_sub(FIRST).and_then(|at| usize::try_from(at).ok());
    at.and_then(|at| TABLE.get(at).copied()).unwrap_or_else(|| looked_up(character))
}

fn looked_up(character: char) -> Han {
    let mut buffer = [0; 4];
    let alone: &str = character.encode_utf8(&mut buffer);
    let mainland = is_gb_2312(character);
    let japan = legacy(SHIFT_JIS, character).is_some();
    let taiwan = legacy(BIG5, character).is_some();
    Han {
        traditional: hanconv::t2s(alone) != alone,
        japanese: japan && !mainland && !taiwan,
        simplified: mainland && !japan && !taiwan,
    }
}

/// GB 2312 is that part of GBK in which both bytes are high, and its Han characters begin at row 16.
fn is_gb_2312(character: char) -> bool {
    legacy(GBK, character).is_some_and(|[lead, trail]| (0xb0..=0xf7).contains(&lead) && trail >= 0xa1)
}

/// A character's two bytes in an older national standard.
fn legacy(encoding: &'static Encoding, character: char) -> Option<[u8; 2]> {
    let mut buffer = [0; 4];
    let (bytes, _, had_errors) = encoding.encode(character.encode_utf8(&mut buffer));
    let bytes = (!had_errors).then_some(bytes)?;
    bytes.as_ref().try_into().ok()
}
