//! R9: which characters a text message may carry.

use std::collections::BTreeMap;

use closure_policy::sms::text::{clean, is_allowed};
use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory as Category, UnicodeGeneralCategory};

/// Characters of letters, marks and numbers that are refused all the same: they show nothing, or they are pictographs.
const REFUSED: &[(&str, u32, u32)] = &[
    ("combining grapheme joiner", 0x34f, 0x34f),
    ("hangul fillers", 0x115f, 0x1160),
    ("khmer inherent vowels", 0x17b4, 0x17b5),
    ("mongolian variation selectors", 0x180b, 0x180f),
    ("hangul filler", 0x3164, 0x3164),
    ("variation selectors", 0xfe00, 0xfe0f),
    ("halfwidth hangul filler", 0xffa0, 0xffa0),
    ("variation selectors supplement", 0xe0100, 0xe01ef),
    ("cyrillic enclosing marks", 0x488, 0x489),
    ("enclosing marks", 0x20dd, 0x20e0),
    ("enclosing marks", 0x20e2, 0x20e4),
    ("circled and bracketed letters and digits", 0x2460, 0x24ff),
    ("dingbat circled digits", 0x2776, 0x2793),
    ("bracketed ideographic digits", 0x3220, 0x3229),
    ("circled tens", 0x3248, 0x324f),
    ("circled digits", 0x3251, 0x325f),
    ("circled ideographic digits", 0x3280, 0x3289),
    ("circled digits", 0x32b1, 0x32bf),
    ("enclosed letters and digits", 0x1f100, 0x1f10c),
    ("cyrillic enclosing marks", 0xa670, 0xa672),
];

fn is_listed_as_refused(character: char) -> bool {
    REFUSED.iter().any(|(_, first, last)| (*first..=*last).contains(&u32::from(character)))
}

/// Punctuation and symbols beyond ASCII that pass: those of Chinese, Japanese and Korean, and the full-width ones.
const PASSING: &str = "¡¿£¥§€¤«»‹›՛՜՝՞՟։֊־׳״،؛؟٪٫٬۔।॥။၊។៕៖፡።፣፤፥፦፧፨༌་།᠁᠂᠃᠄᠅·　、。〃〈〉《》「」『』【】〔〕〖〗〘〙〚〛〜〝〞〟・！＂＃＄％＆＇（）＊＋，－．／：；＜＝＞？＠［＼］＾＿｀｛｜｝～｟｠｡｢｣､･";

#[test]
fn every_character_of_unicode_has_the_verdict_of_its_category() {
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for character in ('\0'..=char::MAX).filter(|character| !character.is_ascii()) {
        let category = character.general_category();
        let expected = match category {
            Category::UppercaseLetter
            | Category::LowercaseLetter
            | Category::TitlecaseLetter
            | Category::ModifierLetter
            | Category::OtherLetter
            | Category::DecimalNumber
            | Category::LetterNumber
            | Category::OtherNumber => {
                // A letter or number that the standard library does not know as one is younger than its Unicode.
                character.is_alphanumeric() && !is_listed_as_refused(character)
            }
            Category::NonspacingMark | Category::SpacingMark | Category::EnclosingMark => {
                !is_listed_as_refused(character)
            }
            Category::SpaceSeparator
            | Category::ConnectorPunctuation
            | Category::DashPunctuation
            | Category::OpenPunctuation
            | Category::ClosePunctuation
            | Category::InitialPunctuation
            | Category::FinalPunctuation
            | Category::OtherPunctuation
            | Category::MathSymbol
            | Category::CurrencySymbol
            | Category::ModifierSymbol
            | Category::OtherSymbol => PASSING.contains(character),
            Category::LineSeparator
            | Category::ParagraphSeparator
            | Category::Control
            | Category::Format
            | Category::Surrogate
            | Category::PrivateUse
            | Category::Unassigned => false,
        };
        if is_allowed(character) != expected {
            wrong.entry(format!("{category:?}")).or_default().push(format!("U+{:04X}", u32::from(character)));
        }
    }
    let shown: Vec<String> = wrong
        .iter()
        .map(|(category, characters)| {
            format!("{category}: {} of them, {:?}", characters.len(), characters.iter().take(5))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn of_ascii_what_can_be_seen_passes_and_so_do_space_and_line_feed() {
    for character in '\0'..='\u{7f}' {
        let expected = character.is_ascii_graphic() || matches!(character, ' ' | '\n');
        assert_eq!(is_allowed(character), expected, "{character:?}");
    }
}

#[test]
fn every_class_of_special_characters_is_refused_whole() {
    for (class, text, refused) in [
        ("emoji", "a😀b", "😀"),
        ("a family joined by zero-width joiners", "👨\u{200d}👩\u{200d}👧", "👨👩👧"),
        ("a flag", "🇰🇷", "🇰🇷"),
        ("a skin tone", "👍🏽", "👍🏽"),
        ("a keycap", "1\u{fe0f}\u{20e3}", "\u{20e3}"),
        ("a heart with its variation selector", "❤\u{fe0f}", "❤"),
        ("controls", "\0\t\u{7f}\u{85}", "\0\u{7f}\u{85}"),
        ("direction", "\u{202e}\u{202d}\u{2066}\u{2069}\u{200f}\u{61c}", "\u{202e}\u{202d}"),
        ("zero width", "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}", ""),
        ("line and paragraph separators", "\u{2028}\u{2029}", ""),
        ("joiners that Persian and Nepali need", "می\u{200c}خواهم क्\u{200d}ष", ""),
        ("a joiner after a Latin letter", "a\u{200c}b", ""),
        ("private use", "\u{e000}\u{f8ff}\u{f0000}", "\u{e000}\u{f8ff}\u{f0000}"),
        ("unassigned", "\u{378}\u{fffe}\u{e0fff}", "\u{378}\u{fffe}\u{e0fff}"),
        ("tags", "\u{e0041}\u{e007f}", "\u{e0041}\u{e007f}"),
        ("other symbols", "★※→♥☎©®™℃㎏", "★※→♥☎©®™℃㎏"),
        ("currencies", "₩€¥£", "₩"),
        ("enclosed", "①Ⓐ㈠㊿", "①Ⓐ㈠㊿"),
        ("punctuation of the scripts in use", "¿¡«»،؟।§", ""),
        ("marks on letters, as languages write them", "ế ệ สวัสดีค่ะ धन्यवाद", ""),
        ("punctuation of Chinese, Japanese and Korean", "，。、！？：；（）「」『』【】《》・～", ""),
        ("full-width letters and digits", "Ｋ．ｒｉｄｅ　１２３", ""),
        ("Han beyond the basic plane", "𠮷𠀀", ""),
        ("numbers of other kinds", "Ⅳ½²१२", ""),
    ] {
        let found: String = clean(text, "").rejected.iter().map(|one| one.character).collect();
        assert_eq!(found, refused, "{class}");
    }
}

#[test]
fn only_the_lossless_set_is_replaced_and_every_kind_is_recorded_once() {
    let set = [
        ("‘’‚‛", "''''", 4),
        ("“”„‟", "\"\"\"\"", 4),
        ("‐‑‒–—―", "------", 6),
        ("…", "...", 1),
        ("\u{a0}\u{202f}\t", "   ", 3),
        ("a\u{200b}\u{feff}\u{ad}\u{2060}b", "ab", 4),
        ("a\u{2028}b\u{2029}", "a\nb\n", 2),
    ];
    for (text, becomes, kinds) in set {
        let cleaned = clean(text, "");
        assert_eq!((cleaned.text.as_str(), cleaned.replacements.len()), (becomes, kinds), "{text}");
    }
    let kept = clean("–…", "–");
    assert_eq!(kept.text, "–...", "what the configuration lets pass is left alone");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,60}",
        prop::collection::vec(any::<char>(), 0..60).prop_map(|characters| characters.into_iter().collect()),
        prop::collection::vec(
            prop::sample::select(vec![
                "\r\n",
                "\r",
                "\n",
                "e\u{301}",
                "…",
                "–",
                "“",
                "\u{200d}",
                "😀",
                "a",
                "한",
                "\u{1112}\u{1161}",
                "="
            ]),
            0..30
        )
        .prop_map(|parts| parts.concat()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn an_offset_finds_the_refused_character_in_the_text_as_it_is_counted(text in any_text()) {
        let counted: Vec<char> = text.replace("\r\n", "\n").replace('\r', "\n").nfc().collect();
        let cleaned = clean(&text, "");
        for rejected in &cleaned.rejected {
            prop_assert_eq!(counted.get(rejected.offset), Some(&rejected.character));
            prop_assert!(!is_allowed(rejected.character));
        }
        let refused = counted.iter().filter(|one| !is_allowed(**one) && clean(&one.to_string(), "").rejected_count > 0);
        prop_assert_eq!(cleaned.rejected_count, refused.count());
    }

    #[test]
    fn a_clean_text_is_clean(text in any_text()) {
        let once = clean(&text, "");
        let twice = clean(&once.text, "");
        prop_assert_eq!(&twice.text, &once.text);
        prop_assert!(twice.replacements.is_empty());
        prop_assert_eq!(twice.rejected_count, once.rejected_count);
        prop_assert!(!once.text.contains('\r') || once.rejected_count > 0);
    }
}
