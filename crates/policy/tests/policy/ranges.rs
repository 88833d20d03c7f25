//! R15, R16: a range of lines, as Korean cards write it, is no number of either line.

use closure_contract::FailureCode;
use closure_policy::explain::Verdict;
use serde_json::json;

use crate::support::{decided, dial, sms_plan, sms_to};

#[test]
fn the_range_of_a_desk_s_lines_is_never_dialled_as_one_number() {
    for number in [
        "02-123-4567~8",
        "031-123-4567~8",
        "010-123-4567~8",
        "010-123-4567\u{ff5e}8",
        "010-123-4567\u{301c}8",
        "010-123-4567 ~ 8",
        "010-123-4567~\u{200b}8\u{200b}",
        "010-123-4567~8 (901)",
        "02-123-456~78",
        "010-1234-5678~",
    ] {
        for scope in ["domestic", "overseas"] {
            let decision = decided(&dial(json!({ "scope": scope, "to": { "phone": { "number": number } } })));
            assert_eq!(decision.verdict, Verdict::NeedsPerson, "{scope} {number}");
            assert_eq!(decision.code, Some(FailureCode::InvalidNumber), "{scope} {number}");
        }
    }
    let whole_ends = json!({ "scope": "domestic", "to": { "phone": { "number": "02-123-4567~4570" } } });
    assert_eq!(decided(&dial(whole_ends)).plan, None, "it is longer than a number of Korea");
    let apart = json!({ "country_code": "81", "national_number": "90-1234-567~8" });
    assert_eq!(decided(&sms_to(apart)).code, Some(FailureCode::InvalidNumber));
}

#[test]
fn a_tilde_between_groups_of_three_digits_and_more_separates_them() {
    for (number, expected) in [
        ("+81~90~1234~5678", None),
        ("+65~9123\u{301c}4567", Some("+6591234567")),
        ("~+65 ~ 9123 ~ 4567", Some("+6591234567")),
        ("+65~9\u{200b}1\u{200b}23~4567", Some("+6591234567")),
    ] {
        let decision = decided(&sms_to(json!({ "number": number })));
        let to = decision.plan.is_some().then(|| sms_plan(&decision).to.plus());
        assert_eq!(to.as_deref(), expected, "{number}");
    }
}
