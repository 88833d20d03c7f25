//! Which of the languages that we have is the best for a customer's language tag (RFC 5646, RFC 4647 section 3.4).

use crate::words::Sentence;

/// A language tag has at most this many characters, as the contract says.
pub(crate) const TAG_CHARS_MAX: usize = 35;

/// The canonical form of a tag, in lower case, or nothing if it is no tag.
///
/// Chinese always has its script in it, because a reader of one script may not read the other: `zh-TW` is
/// `zh-hant-tw` and `zh` is `zh-hans`.
pub(crate) fn canonical(tag: &str) -> Option<String> {
    let tag = tag.trim().replace('_', "-").to_ascii_lowercase();
    let mut subtags: Vec<&str> = tag.split('-').collect();
    let well_formed = tag.len() <= TAG_CHARS_MAX
        && subtags.iter().all(|subtag| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        && subtags[0].len() >= 2
        && subtags[0].bytes().all(|byte| byte.is_ascii_alphabetic());
    if !well_formed {
        return None;
    }
    let spoken = chinese(&mut subtags);
    if subtags[0] == "zh" && !subtags.get(1).is_some_and(|subtag| matches!(*subtag, "hans" | "hant")) {
        let traditional =
            spoken == Some("yue") || subtags.iter().any(|subtag| matches!(*subtag, "tw" | "hk" | "mo"));
        subtags.insert(1, if traditional { "hant" } else { "hans" });
    }
    Some(subtags.join("-"))
}

/// What is wrong with a tag by BCP 47, though much of it can be read all the same; nothing if it is well formed.
pub(crate) fn ill_formed(tag: &str) -> Option<Sentence> {
    if canonical(tag).is_none() {
        return Some(Sentence::fixed(
            "to.language is no BCP 47 tag such as ko or zh-Hant",
            "to.language이 ko나 zh-Hant 같은 BCP 47 태그가 아닙니다",
        ));
    }
    if tag.contains('_') || tag.trim() != tag {
        return Some(Sentence::fixed(
            "to.language is read as a BCP 47 tag, though it is not written as one, such as ko-KR",
            "to.language을 BCP 47 태그로 읽었으나 ko-KR 같은 표기가 아닙니다",
        ));
    }
    // No language has a code of more letters, so that it is a language's name.
    let primary = tag.split('-').next().unwrap_or(tag);
    (primary.len() > 3).then_some(Sentence::fixed(
        "to.language begins with no code of a language, such as ko or zh-Hant",
        "to.language이 ko나 zh-Hant 같은 언어 코드로 시작하지 않습니다",
    ))
}

/// Makes `cmn`, `yue`, `zh-cmn` and `zh-yue` plain `zh`, and tells which of the languages was named.
fn chinese<'a>(subtags: &mut Vec<&'a str>) -> Option<&'a str> {
    let spoken = |subtag: &&str| matches!(*subtag, "cmn" | "yue");
    let first = subtags[0];
    if spoken(&first) {
        subtags[0] = "zh";
        return Some(first);
    }
    let second = subtags.get(1).copied().filter(spoken)?;
    if first == "zh" {
        subtags.remove(1);
        return Some(second);
    }
    None
}

/// The best of the `available` tags, all canonical, for the tag that a customer has; nothing if none fits.
pub(crate) fn negotiate<'a>(
    asked: &str,
    available: impl Iterator<Item = &'a str> + Clone,
) -> Option<&'a str> {
    let mut range = canonical(asked)?;
    loop {
        if let Some(found) = available.clone().find(|tag| *tag == range) {
            return Some(found);
        }
        range.truncate(range.rfind('-')?);
        // A single character only introduces what came after it.
        if range.len() >= 2 && range.as_bytes()[range.len() - 2] == b'-' {
            range.truncate(range.len() - 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HAVE: [&str; 6] = ["en", "ko", "zh-hans", "zh-hant", "ja", "vi"];

    #[test]
    fn a_customers_language_finds_the_nearest_one_that_we_have() {
        for (asked, expected) in [
            ("vi", "vi"),
            ("vi-VN", "vi"),
            ("VI_vn", "vi"),
            (" ko-KR ", "ko"),
            ("en-US", "en"),
            ("en-Latn-GB-oxendict", "en"),
            ("ja-JP-u-ca-japanese", "ja"),
            ("zh", "zh-hans"),
            ("zh-CN", "zh-hans"),
            ("zh-SG", "zh-hans"),
            ("zh-Hans", "zh-hans"),
            ("zh-Hans-HK", "zh-hans"),
            ("zh-TW", "zh-hant"),
            ("zh_HK", "zh-hant"),
            ("zh-MO", "zh-hant"),
            ("zh-Hant", "zh-hant"),
            ("zh-Hant-CN", "zh-hant"),
            ("cmn", "zh-hans"),
            ("zh-cmn-Hant", "zh-hant"),
            ("yue", "zh-hant"),
            ("zh-yue-HK", "zh-hant"),
        ] {
            assert_eq!(negotiate(asked, HAVE.into_iter()), Some(expected), "{asked}");
        }
    }

    #[test]
    fn what_is_unknown_or_no_language_finds_none() {
        for asked in ["", " ", "fr", "th-TH", "x", "-", "ko-", "ko--KR", "한국어", "english language", "a1"]
        {
            assert_eq!(negotiate(asked, HAVE.into_iter()), None, "{asked}");
        }
        assert_eq!(negotiate(&"en-".repeat(20), HAVE.into_iter()), None);
    }

    #[test]
    fn a_language_that_is_not_written_as_a_tag_is_told() {
        for tag in ["vi", "zh-Hant-TW", "en-US", "yue", "ja-JP-u-ca-japanese"] {
            assert_eq!(ill_formed(tag), None, "{tag}");
        }
        for tag in ["Korean", "한국어", "english language", "ko_KR", " vi", "e", "", "k0"] {
            assert!(ill_formed(tag).is_some(), "{tag}");
        }
    }

    #[test]
    fn a_reader_of_one_chinese_script_is_never_given_the_other() {
        assert_eq!(negotiate("zh-TW", ["zh-hans"].into_iter()), None);
        assert_eq!(negotiate("zh-CN", ["zh-hant"].into_iter()), None);
    }
}
