//! The parts of a text message (R8), counted by two calculators that are not ours.
//!
//! Where the two disagree with each other the standard decides: GSM 03.38 packs septets with a header of seven, UCS-2
//! packs 16-bit units, and neither an escaped character nor a surrogate pair straddles a border.

use std::{collections::BTreeSet, path::Path};

use closure_tests::harness::{LONG, cli_with_input, jobs, node, run};
use serde_json::{Value, json};

/// Characters that a text message may carry as they are, by what they cost.
const POOLS: [&str; 6] = [
    // One septet each.
    "abcdefgHIJKLMN 0123456789.,:;!?'()@£$¥èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà",
    // Two septets each: an escape goes before them.
    "{}[]~\\|^",
    // One 16-bit unit each.
    "환불이완료되었습니다您的退款已经处理完毕返金処理が完了しましたế",
    // One unit each in the Latin of Vietnam and Turkey, which only looks like GSM 03.38.
    "çğışăđơưẢỄỊ",
    // Two units each: a surrogate pair.
    "𠮷𠀋𪚥",
    "\n ",
];

/// Repeatable numbers; the constants are those of Knuth's MMIX generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(limit).unwrap_or(1)).unwrap_or(0)
    }
}

/// Texts of every length around every border, from one pool and from several.
fn texts() -> Vec<String> {
    let mut numbers = Numbers(20_261_125);
    let mut texts = BTreeSet::new();
    for length in [1, 69, 70, 71, 133, 134, 135, 159, 160, 161, 200, 201, 202, 305, 306, 307] {
        for pool in &POOLS[..5] {
            let characters: Vec<char> = pool.chars().collect();
            texts.insert((0..length).map(|_| characters[numbers.below(characters.len())]).collect());
        }
    }
    // One character of two units, moved over every place around each border.
    for (filler, wide, borders) in [('a', '{', [152, 153, 159, 160]), ('가', '𠮷', [66, 67, 69, 70])] {
        for border in borders {
            for place in border - 2..=border + 1 {
                for after in [0, 1, border] {
                    let mut text: String = std::iter::repeat_n(filler, place).collect();
                    text.push(wide);
                    text.extend(std::iter::repeat_n(filler, after));
                    texts.insert(text);
                }
            }
        }
    }
    for _ in 0..1_500 {
        let pools: Vec<Vec<char>> =
            (0..1 + numbers.below(3)).map(|_| POOLS[numbers.below(POOLS.len())].chars().collect()).collect();
        let length = 1 + numbers.below(330);
        let text: String = (0..length)
            .map(|_| {
                let pool = &pools[numbers.below(pools.len())];
                pool[numbers.below(pool.len())]
            })
            .collect();
        texts.insert(text);
    }
    texts.into_iter().filter(|text| text.len() <= 1_000 && !text.trim().is_empty()).collect()
}

/// What we count, by the way of everybody who asks: `fleet explain --jsonl`.
async fn ours(texts: &[String]) -> Vec<Value> {
    let lines: Vec<String> = texts
        .iter()
        .map(|text| {
            let mut job = jobs::sms("+819012341001", "segments@example.com");
            job["sms"] = json!({ "text": text });
            job.to_string()
        })
        .collect();
    let answer = cli_with_input(&[], &["explain", "--jsonl"], lines.join("\n").as_bytes()).await;
    answer
        .output
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).expect("an answer is JSON");
            assert_eq!(answer["sms"]["replacements"], json!([]), "the text is counted as it is");
            json!({ "encoding": answer["sms"]["encoding"], "segments": answer["sms"]["segments"] })
        })
        .collect()
}

#[test]
fn two_public_calculators_count_the_same_parts_as_we_do() {
    run(async {
        let texts = texts();
        assert!(texts.len() > 1_000, "{} texts", texts.len());
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("texts.json");
        std::fs::write(&file, serde_json::to_vec(&texts).expect("texts are JSON"))
            .expect("it can be written");
        let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("node/segments.js");
        let mut calculators = node(&program);
        calculators.arg(&file);
        let output = tokio::time::timeout(LONG, calculators.output())
            .await
            .expect("the calculators end in time")
            .expect("Node can be started");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let theirs: Vec<Value> = serde_json::from_slice(&output.stdout).expect("the answer is a list");
        let ours = ours(&texts).await;
        assert_eq!((theirs.len(), ours.len()), (texts.len(), texts.len()));
        let mut different = Vec::new();
        for ((text, theirs), ours) in texts.iter().zip(&theirs).zip(&ours) {
            for calculator in ["twilio", "split"] {
                if theirs[calculator] != *ours {
                    different.push(format!("{calculator} {} and we {ours}: {text:?}", theirs[calculator]));
                }
            }
        }
        assert!(
            different.is_empty(),
            "{} differ: {}",
            different.len(),
            different[..different.len().min(5)].join("\n")
        );
        let encodings: BTreeSet<String> = ours.iter().map(|one| one["encoding"].to_string()).collect();
        assert_eq!(encodings.len(), 2, "both encodings are compared");
    });
}
