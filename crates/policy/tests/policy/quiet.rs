//! B7: no text message and no call at night, by the clock where the customer is.

use closure_contract::{FailureCode, RuleEffect, RuleId, Timestamp};
use closure_policy::{explain::Verdict, rulebook::CompiledRulebook};
use proptest::prelude::*;
use serde_json::json;
use time::{Duration, OffsetDateTime, macros::datetime};

use crate::support::{decide, dial, effects, email, rulebook_of, sms};

fn quiet() -> CompiledRulebook {
    rulebook_of("quiet_hours.channels = [\"sms\", \"dial\"]")
}

fn text_to(number: &str) -> closure_contract::Job {
    sms(json!({ "to": { "phone": { "number": number } }, "sms": { "text": "您好，您的退款已经处理完毕。" } }))
}

fn until(number: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let decision = decide(&text_to(number), &quiet(), Timestamp(now));
    decision.postpone_until.map(|until| until.0)
}

#[test]
fn a_text_waits_for_the_morning_where_the_customer_is() {
    for (number, now, morning) in [
        // Hong Kong is at UTC+8: 21:00 is 13:00 UTC, 8:00 is midnight UTC.
        ("+85251234567", datetime!(2026-11-22 12:59:59 UTC), None),
        ("+85251234567", datetime!(2026-11-22 13:00 UTC), Some(datetime!(2026-11-23 0:00 UTC))),
        ("+85251234567", datetime!(2026-11-22 23:59:59 UTC), Some(datetime!(2026-11-23 0:00 UTC))),
        ("+85251234567", datetime!(2026-11-23 0:00 UTC), None),
        // China's clocks show one time, but Urumqi lives two hours later: its morning counts.
        ("+8613812345678", datetime!(2026-11-22 13:00 UTC), Some(datetime!(2026-11-23 2:00 UTC))),
        // Tokyo is an hour ahead of it.
        ("+819012345678", datetime!(2026-11-22 12:30 UTC), Some(datetime!(2026-11-22 23:00 UTC))),
        // Paris in summer is at UTC+2, in winter at UTC+1; the night of the change has an hour more.
        ("+33612345678", datetime!(2026-07-01 19:00 UTC), Some(datetime!(2026-07-02 6:00 UTC))),
        ("+33612345678", datetime!(2026-12-01 20:00 UTC), Some(datetime!(2026-12-02 7:00 UTC))),
        ("+33612345678", datetime!(2026-10-24 19:00 UTC), Some(datetime!(2026-10-25 7:00 UTC))),
    ] {
        assert_eq!(until(number, now), morning, "{number} at {now}");
    }
    let night = Timestamp(datetime!(2026-11-22 15:00 UTC));
    let decision = decide(&text_to("+85251234567"), &quiet(), night);
    assert_eq!((decision.verdict, decision.code), (Verdict::Postpone, Some(FailureCode::QuietHours)));
    assert_eq!(effects(&decision, RuleId::B7), [RuleEffect::Postpone]);
    assert!(decision.plan.is_none());
}

#[test]
fn a_country_of_several_zones_is_quiet_while_any_of_them_is() {
    // It is 16:00 in New York, 13:00 in Los Angeles and 11:00 in Honolulu.
    assert_eq!(until("+12125550123", datetime!(2026-11-22 21:00 UTC)), None);
    // It is 21:00 in New York, while Honolulu has 16:00; in the morning Honolulu is the last.
    assert_eq!(
        until("+12125550123", datetime!(2026-11-23 2:00 UTC)),
        Some(datetime!(2026-11-23 18:00 UTC)),
        "8:00 in Honolulu is 13:00 in New York"
    );
}

#[test]
fn a_call_at_night_is_refused_because_its_agent_will_not_wait() {
    let night = Timestamp(datetime!(2026-11-22 15:00 UTC));
    let decision = decide(&dial(json!({})), &quiet(), night);
    assert_eq!((decision.verdict, decision.code), (Verdict::Reject, Some(FailureCode::QuietHours)));
    assert_eq!(effects(&decision, RuleId::B7), [RuleEffect::Reject]);
}

#[test]
fn quiet_hours_are_off_unless_a_channel_keeps_them_and_an_email_wakes_nobody() {
    let night = Timestamp(datetime!(2026-11-22 15:00 UTC));
    let off = rulebook_of("");
    assert_eq!(decide(&text_to("+85251234567"), &off, night).verdict, Verdict::Send);
    assert!(effects(&decide(&text_to("+85251234567"), &off, night), RuleId::B7).is_empty());
    assert_eq!(decide(&email(json!({})), &quiet(), night).verdict, Verdict::Send);
    let calls_alone = rulebook_of("quiet_hours.channels = [\"dial\"]");
    assert_eq!(decide(&text_to("+85251234567"), &calls_alone, night).verdict, Verdict::Send);
}

#[test]
fn hours_within_one_day_are_quiet_too_and_a_whole_day_leaves_none() {
    let noon = rulebook_of("[quiet_hours]\nchannels = [\"sms\"]\nfrom = \"12:00\"\nuntil = \"13:00\"");
    let at = |hour| Timestamp(datetime!(2026-11-22 0:00 UTC) + Duration::hours(hour));
    // Noon in Hong Kong is 4:00 UTC.
    let decision = decide(&text_to("+85251234567"), &noon, at(4));
    assert_eq!(decision.postpone_until, Some(at(5)));
    assert_eq!(decide(&text_to("+85251234567"), &noon, at(5)).verdict, Verdict::Send);
    let wide = rulebook_of("[quiet_hours]\nchannels = [\"sms\"]\nfrom = \"10:00\"\nuntil = \"09:00\"");
    let decision = decide(&text_to("+12125550123"), &wide, at(4));
    assert_eq!(decision.verdict, Verdict::Send, "a text that no hour would suit is sent and flagged");
    assert_eq!(effects(&decision, RuleId::B7), [RuleEffect::Flag]);
}

proptest! {
    #[test]
    fn what_is_put_off_is_sent_when_its_time_has_come(
        minutes in 0_i64..(2 * 366 * 24 * 60),
        number in prop::sample::select(&["+85251234567", "+12125550123", "+79161234567", "+61412345678", "+33612345678"][..]),
    ) {
        let now = datetime!(2026-01-01 0:00 UTC) + Duration::minutes(minutes);
        if let Some(morning) = until(number, now) {
            prop_assert!(morning > now && morning - now < Duration::hours(30), "{morning}");
            prop_assert_eq!(until(number, morning), None);
        }
    }
}
