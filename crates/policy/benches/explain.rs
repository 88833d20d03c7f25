//! What one look at a job costs, by the form of its number and the language of its text.
//!
//! Neither may be a way to slow the advisor down: each is to stay within three times of the common case, a Latin text to
//! a number with a plus. `crates/policy/README.md` has the ratios.

use std::hint::black_box;

use closure_contract::{Job, Timestamp, facts::preconditions::Preconditions};
use closure_policy::{
    explain,
    number::meaning::JobNumber,
    rulebook::{CompiledRulebook, Rulebook},
};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use time::macros::datetime;

const NOW: Timestamp = Timestamp(datetime!(2026-11-22 12:00 UTC));

const LATIN: &str = "Hello, this is the K.ride customer centre. Your lost item was found in the car, and the driver has \
    brought it to our office at Incheon Airport, terminal 1, gate 7. Please collect it until Friday, 18:00.";
const CHINESE: &str = "您好，这里是K.ride客服中心。您遗失的物品已在车内找到，司机已将其送到仁川机场1号航站楼7号门的办公室，\
    请您在星期五18:00之前前来领取。给您带来不便，敬请谅解。感谢您的理解与支持，祝您旅途愉快！如有任何疑问请发送电子邮件。";

/// Every clause has words of R13: one invites, and the others deny or name another way.
const REPLIES: &str = "If you text us, nobody reads it, so please do not reply to this message. If the driver did not call you \
    back, please call us at this number. You can reach us by email as well, but do not hesitate to text us once you have it.";

/// The forms of numbers and texts, the common one first.
fn cases() -> Vec<(&'static str, Value, &'static str)> {
    let plus = |number: &str| json!({ "number": number });
    vec![
        ("plus number, Latin text", plus("+819012345678"), LATIN),
        (
            "country code apart, Latin text",
            json!({ "country_code": "81", "national_number": "090-1234-5678" }),
            LATIN,
        ),
        ("bare digits, one reading", plus("447400123456"), LATIN),
        ("bare digits without a zero", plus("819012345678"), LATIN),
        ("bare digits, many readings", plus("2125550123"), LATIN),
        ("bare digits, no reading", plus("99999999999"), LATIN),
        ("bare digits, home form", plus("0912345678"), LATIN),
        ("plus number, words of replies", plus("+819012345678"), REPLIES),
        ("plus number, Latin text, China", plus("+8613812345678"), LATIN),
        ("plus number, Chinese text, China", plus("+8613812345678"), CHINESE),
        ("plus number, Chinese text, Japan", plus("+819012345678"), CHINESE),
    ]
}

fn job(phone: &Value, text: &str) -> Job {
    let job = json!({
        "kind": "closure.sms/1",
        "job_id": "0191e1a0-0000-7000-8000-000000000001",
        "consultation": { "id": "C-1", "channel": "board" },
        "agent": { "id": "agent-7" },
        "scope": "overseas",
        "to": { "phone": phone, "email": "customer@example.com" },
        "sms": { "text": text },
    });
    Job::decode(job.to_string().as_bytes()).expect("the bench's job has the right shape")
}

fn rulebook() -> CompiledRulebook {
    Rulebook::default().compile().expect("the defaults are sound")
}

fn explain(criterion: &mut Criterion) {
    let rulebook = rulebook();
    let standing = Preconditions::default();
    let mut group = criterion.benchmark_group("explain");
    for (name, phone, text) in cases() {
        let job = job(&phone, text);
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let number = JobNumber::of(black_box(&job), rulebook.rules());
                explain::decide(&job, &number, &rulebook, &standing, NOW)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, explain);
criterion_main!(benches);
